"""The Gemini API as its documentation has it, read on 2026-11-27 in the copies that vendors/gemini.toml names.

generateContent with pictures, predictLongRunning, operations, the download of a file, which needs the key.
"""

from __future__ import annotations

import base64
import binascii
import itertools
from decimal import Decimal
from typing import Any, ClassVar

from http_vendors import KEY, Asked, Refusal, Vendor, check_fields, route

PER_SECOND = {
    ("veo-3.1-generate-preview", "720p"): Decimal("0.4"),
    ("veo-3.1-generate-preview", "1080p"): Decimal("0.4"),
    ("veo-3.1-generate-preview", "4k"): Decimal("0.6"),
    ("veo-3.1-fast-generate-preview", "720p"): Decimal("0.1"),
    ("veo-3.1-fast-generate-preview", "1080p"): Decimal("0.12"),
    ("veo-3.1-fast-generate-preview", "4k"): Decimal("0.3"),
    ("veo-3.1-lite-generate-preview", "720p"): Decimal("0.05"),
    ("veo-3.1-lite-generate-preview", "1080p"): Decimal("0.08"),
}
RATIOS = ("1:1", "1:4", "1:8", "2:3", "3:2", "3:4", "4:1", "4:3", "4:5", "5:4", "8:1", "9:16", "16:9", "21:9")
IMAGE_TOKENS = 1120


def refusal(code: int, status: str, message: str, reason: str = "") -> Refusal:
    """An error in Google's form."""
    details = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason, "domain": "googleapis.com"}]
    error = {"code": code, "message": message, "status": status, **({"details": details} if reason else {})}
    return Refusal(code, {"error": error})


class Gemini(Vendor):
    """Google's API on loopback."""

    prefix = "/v1beta"
    variables: ClassVar[tuple[str, str]] = ("GEMINI_API_KEY", "GEMINI_BASE_URL")
    _numbers = itertools.count(1)

    def __init__(self, files: Any) -> None:
        super().__init__(files)
        self.files_at = ""
        """Another host that files are said to be at."""
        self.downloads: list[str | None] = []
        """The key that each download was asked with."""

    def check_headers(self, asked: Asked) -> None:
        if asked.headers.get("x-goog-api-key") != KEY:
            raise refusal(400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.", "API_KEY_INVALID")

    def _refuse(self) -> None:
        match self.due("rate_limit", "no_credit"):
            case "rate_limit":
                raise refusal(429, "RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota).")
            case "no_credit":
                raise refusal(429, "RESOURCE_EXHAUSTED", "Your prepayment credits are depleted.")
            case _:
                return

    @route("POST", "/models/([^/:]+):predictLongRunning")
    def clip(self, asked: Asked) -> Any:
        model, body = asked.parts[0], asked.body
        fault = check_fields(body, {"instances": list}, {"parameters": dict})
        (instance,) = body["instances"]
        parameters = body.get("parameters", {})
        fault = fault or check_fields(instance, {"prompt": str}, {"image": dict, "lastFrame": dict})
        optional = {
            "aspectRatio": ("16:9", "9:16"),
            "durationSeconds": (4, 6, 8),
            "resolution": ("720p", "1080p", "4k"),
            "negativePrompt": str,
        }
        fault = fault or check_fields(parameters, {}, optional)
        for name in ("image", "lastFrame"):
            fault = fault or (name in instance and _picture_fault(instance[name])) or None
        resolution, seconds = parameters.get("resolution", "720p"), parameters.get("durationSeconds", 8)
        if fault is None and (resolution != "720p" or "lastFrame" in instance) and seconds != 8:
            fault = f"durationSeconds must be 8 for {resolution}"
        if fault is None and "lastFrame" in instance and "lite" in model:
            fault = "lastFrame isn't supported by this model"
        if fault is not None or (model, resolution) not in PER_SECOND:
            raise refusal(400, "INVALID_ARGUMENT", fault or f"{resolution} is not supported by {model}")
        self._refuse()
        if self.due("refuse_content"):
            raise refusal(400, "INVALID_ARGUMENT", "The prompt contains sensitive words that violate our policies.")
        name = f"models/{model}/operations/op{next(self._numbers)}"
        self.take(name, model, PER_SECOND[model, resolution] * seconds, body)
        return {"name": name}

    @route("GET", "/(models/[^/]+/operations/[^/]+)")
    def operation(self, asked: Asked) -> Any:
        name = asked.parts[0]
        if name not in self.jobs:
            raise refusal(404, "NOT_FOUND", "Operation not found.")
        job, state = self.jobs[name], self.looked_at(name)
        if state != "done":
            return {"name": name}
        if job.fault == "fail":
            return {"name": name, "done": True, "error": {"code": 14, "message": "The service is unavailable."}}
        kind = {"@type": "type.googleapis.com/google.ai.generativelanguage.v1beta.PredictLongRunningResponse"}
        if job.fault == "refuse_result":
            said = "We could not create your video because of our safety filters. You have not been charged."
            filtered = {"raiMediaFilteredCount": 1, "raiMediaFilteredReasons": [said]}
            return {"name": name, "done": True, "response": {**kind, "generateVideoResponse": filtered}}
        where = self.files_at or f"{self.url}{self.prefix}"
        made = {"generatedSamples": [{"video": {"uri": f"{where}/files/clip:download?alt=media"}}]}
        return {"name": name, "done": True, "response": {**kind, "generateVideoResponse": made}}

    def answer(self, method: str, target: str, headers: Any, body: bytes) -> tuple[int, dict[str, str], bytes]:
        if not target.endswith("/files/clip:download?alt=media"):
            return super().answer(method, target, headers, body)
        self.requests.append(f"{method} {target}")
        self.downloads.append(headers.get("x-goog-api-key"))
        if self.due("expire"):
            return 404, {}, b'{"error": {"code": 404, "status": "NOT_FOUND"}}'
        if not target.startswith("/download/"):
            return 302, {"location": f"/download{target}"}, b""
        if headers.get("x-goog-api-key") != KEY:
            return 403, {}, b'{"error": {"code": 403, "status": "PERMISSION_DENIED"}}'
        content = self.files["clip.mp4"]
        return 200, {}, content[: len(content) // 2] if self.due("cut_file") else content

    @route("POST", "/models/(gemini-nano-banana-2.1):generateContent")
    def picture(self, asked: Asked) -> Any:
        body = asked.body
        fault = check_fields(body, {"contents": list, "generationConfig": dict}, {})
        (content,) = body["contents"]
        fault = fault or check_fields(content, {"parts": list}, {"role": ("user",)})
        text, *pictures = content["parts"]
        fault = fault or check_fields(text, {"text": str}, {})
        for one in pictures:
            fault = fault or check_fields(one, {"inlineData": dict}, {})
            fault = fault or _picture_fault(one["inlineData"], data="data")
        config = body["generationConfig"]
        fault = fault or check_fields(config, {"responseModalities": list}, {"imageConfig": dict})
        sizes = {"aspectRatio": RATIOS, "imageSize": ("1K", "2K", "4K")}
        fault = fault or check_fields(config["imageConfig"], {}, sizes)
        if fault is not None or len(pictures) > 14:
            raise refusal(400, "INVALID_ARGUMENT", fault or "too many images")
        self._refuse()
        usage = {"promptTokenCount": len(text["text"]) // 4 + 1120 * len(pictures), "candidatesTokenCount": 0}
        if self.due("refuse_content"):
            self.charge("gemini-nano-banana-2.1", usage["promptTokenCount"] * Decimal("0.0000015"))
            return {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "usageMetadata": usage}
        usage["candidatesTokenCount"] = IMAGE_TOKENS
        tokens = usage["promptTokenCount"] * Decimal("0.0000015") + IMAGE_TOKENS * Decimal("0.00003")
        self.charge("gemini-nano-banana-2.1", tokens)
        data = base64.b64encode(self.files["picture.png"]).decode()
        parts = [{"text": "Here it is."}, {"inlineData": {"mimeType": "image/png", "data": data}}]
        candidate = {"content": {"role": "model", "parts": parts}, "finishReason": "STOP", "index": 0}
        return {"candidates": [candidate], "usageMetadata": usage, "modelVersion": "gemini-nano-banana-2.1"}


def _picture_fault(picture: dict[str, Any], data: str = "bytesBase64Encoded") -> str | None:
    fault = check_fields(picture, {data: str, "mimeType": ("image/jpeg", "image/png")}, {})
    try:
        return fault or (None if base64.b64decode(picture[data], validate=True) else "empty image")
    except binascii.Error:
        return "invalid base64"
