"""Replicate as its documentation has it, read on 2026-11-27 in the copies that vendors/replicate.toml names.

models.predictions.create, predictions.get. The emulator's prices of clips are those that a test sets.
"""

from __future__ import annotations

import itertools
from decimal import Decimal
from typing import Any, ClassVar

from http_vendors import KEY, Asked, Refusal, Vendor, check_fields, route

INPUTS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "black-forest-labs/flux-1.1-pro": (
        {"prompt": str},
        {
            "aspect_ratio": ("custom", "1:1", "16:9", "3:2", "2:3", "4:5", "5:4", "9:16", "3:4", "4:3"),
            "output_format": ("webp", "jpg", "png"),
            "seed": int,
        },
    ),
    "bytedance/seedance-1-pro": (
        {"prompt": str},
        {
            "image": str,
            "last_frame_image": str,
            "duration": range(2, 13),
            "resolution": ("480p", "720p", "1080p"),
            "aspect_ratio": ("16:9", "4:3", "1:1", "3:4", "9:16", "21:9"),
            "fps": (24,),
            "camera_fixed": bool,
            "seed": int,
        },
    ),
    "google/veo-3-fast": (
        {"prompt": str},
        {
            "image": str,
            "duration": (4, 6, 8),
            "resolution": ("720p", "1080p"),
            "aspect_ratio": ("16:9", "9:16"),
            "generate_audio": bool,
            "negative_prompt": str,
            "seed": int,
        },
    ),
}
"""Required and optional input, by model."""
PER_PICTURE, PER_SECOND = Decimal("0.04"), Decimal("0.06")


def refusal(status: int, title: str, detail: str) -> Refusal:
    """An error in Replicate's form."""
    return Refusal(status, {"title": title, "detail": detail, "status": status})


class Replicate(Vendor):
    """Replicate on loopback."""

    prefix = "/v1"
    variables: ClassVar[tuple[str, str]] = ("REPLICATE_API_TOKEN", "REPLICATE_BASE_URL")
    _numbers = itertools.count(1)

    def check_headers(self, asked: Asked) -> None:
        if asked.headers.get("authorization") != f"Bearer {KEY}":
            raise refusal(401, "Unauthenticated", "You did not pass a valid authentication token")
        if asked.headers.get("prefer", "").startswith("wait"):
            raise refusal(400, "Bad request", "the tests want a job")

    @route("POST", "/models/([^/]+/[^/]+)/predictions")
    def predict(self, asked: Asked) -> Any:
        model, body = asked.parts[0], asked.body
        if model not in INPUTS:
            raise refusal(404, "Not found", "The requested resource could not be found.")
        fault = check_fields(body, {"input": dict}, {"webhook": str, "webhook_events_filter": list})
        required, optional = INPUTS[model]
        fault = fault or check_fields(body["input"], required, optional)
        for name in ("image", "last_frame_image"):
            if fault is None and not str(body["input"].get(name, "data:image/")).startswith("data:image/"):
                fault = f"- input.{name}: Does not match format 'uri'"
        if fault is not None:
            raise refusal(422, "Input validation failed", fault)
        match self.due("rate_limit", "refuse_content", "no_credit"):
            case "rate_limit":
                detail = "Request was throttled. Expected available in 0 seconds."
                raise Refusal(429, {"detail": detail, "status": 429, "retry_after": 0}, {"retry-after": "0"})
            case "refuse_content":
                raise refusal(422, "The input was flagged as sensitive", "The input was flagged as sensitive (E005)")
            case "no_credit":
                raise refusal(402, "Insufficient credit", "You have insufficient credit to run this model.")
            case _:
                seconds = body["input"].get("duration", 0)
                usd = PER_SECOND * seconds if seconds else PER_PICTURE
                job = self.take(f"gm3qorzdhgbfurvjtvhg6dc{next(self._numbers):03d}", model, usd, body)
        return {"id": job, "model": model, "status": "starting", "input": body["input"], "output": None, "error": None}

    @route("GET", "/predictions/([^/]+)")
    def prediction(self, asked: Asked) -> Any:
        if asked.parts[0] not in self.jobs:
            raise refusal(404, "Not found", "The requested resource could not be found.")
        job, state = self.jobs[asked.parts[0]], self.looked_at(asked.parts[0])
        told = {"id": asked.parts[0], "model": job.model, "output": None, "error": None, "logs": ""}
        if state != "done":
            return {**told, "status": "starting" if state == "queued" else "processing"}
        if job.fault is not None:
            flagged = "The output was flagged as sensitive. Please try again with different inputs. (E005)"
            return {**told, "status": "failed", "error": flagged if job.fault == "refuse_result" else "CUDA error"}
        name = "clip.mp4" if "duration" in job.asked["input"] else "picture.png"
        output = self.file_url(name)
        return {**told, "status": "succeeded", "output": output, "metrics": {"predict_time": 12.5}}
