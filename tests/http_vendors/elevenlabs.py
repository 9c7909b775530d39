"""ElevenLabs as its documentation has it, read on 2026-11-27 in the copies that vendors/elevenlabs.toml names.

text-to-speech/convert: the answer is the file. Errors stand in `detail`.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, ClassVar

from http_vendors import KEY, Asked, Refusal, Vendor, check_fields, route

PER_CHARACTER = {
    "eleven_multilingual_v2": Decimal("0.0001"),
    "eleven_v3": Decimal("0.0001"),
    "eleven_flash_v2_5": Decimal("0.00005"),
}
VOICES = {
    "JBFqnCBsd6RMkjVDRZzb": "George",
    "EXAVITQu4vr4xnSDxMaL": "Sarah",
    "FGY2WhTYpPnrIDTdsKH5": "Laura",
    "pFZP5JQG7iQjIQuC4Bku": "Lily",
    "IKne3meq5aSn9XLyUdCD": "Charlie",
    "nPczCjzI2devNBz1zQrb": "Brian",
    "onwK4e9ZLuTAKqWW03F9": "Daniel",
    "CwhRBWXzGAHq8TQ4Fs17": "Roger",
}


def refusal(status: int, code: str, message: str) -> Refusal:
    """An error in ElevenLabs' form."""
    return Refusal(status, {"detail": {"status": code, "message": message}})


class ElevenLabs(Vendor):
    """ElevenLabs on loopback."""

    prefix = "/v1"
    variables: ClassVar[tuple[str, str]] = ("ELEVENLABS_API_KEY", "ELEVENLABS_BASE_URL")

    def check_headers(self, asked: Asked) -> None:
        if asked.headers.get("xi-api-key") != KEY:
            raise refusal(401, "invalid_api_key", "Invalid API key")

    @route("POST", "/text-to-speech/([^/]+)")
    def speech(self, asked: Asked) -> Any:
        body, voice = asked.body, asked.parts[0]
        optional = {"model_id": tuple(PER_CHARACTER), "seed": int, "language_code": str, "voice_settings": dict}
        fault = check_fields(body, {"text": str}, optional)
        if fault is not None:
            raise Refusal(422, {"detail": [{"loc": ["body"], "msg": fault, "type": "value_error"}]})
        if voice not in VOICES:
            raise refusal(400, "voice_not_found", f"A voice with the voice_id {voice} was not found.")
        if "language_code" in body and body["model_id"] != "eleven_flash_v2_5":
            raise refusal(400, "unsupported_language", "language_code is not supported by the model")
        if asked.query.get("output_format", "mp3_44100_128") != "mp3_44100_128":
            raise refusal(403, "output_format_not_allowed", "output_format is not allowed for this plan")
        match self.due("rate_limit", "refuse_content", "no_credit"):
            case "rate_limit":
                raise refusal(429, "too_many_concurrent_requests", "Too many concurrent requests")
            case "refuse_content":
                raise refusal(400, "content_against_policy", "The text is blocked: sensitive content")
            case "no_credit":
                raise refusal(401, "quota_exceeded", "This request exceeds your quota")
            case _:
                self.charge(body["model_id"], len(body["text"]) * PER_CHARACTER[body["model_id"]])
                return self.files["sound.mp3"]
