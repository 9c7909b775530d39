"""Runway as its documentation has it, read on 2026-11-27 in what examples/vendors/runway.toml names.

image_to_video, tasks/{id}, HTTP errors, task failures. The emulator's price is the one that a test sets.
"""

from __future__ import annotations

import itertools
from decimal import Decimal
from typing import Any, ClassVar

from http_vendors import KEY, Asked, Refusal, Vendor, check_fields, route

PER_SECOND = Decimal("0.05")


class Runway(Vendor):
    """Runway on loopback."""

    prefix = "/v1"
    variables: ClassVar[tuple[str, str]] = ("RUNWAYML_API_SECRET", "RUNWAY_BASE_URL")
    _numbers = itertools.count(1)

    def check_headers(self, asked: Asked) -> None:
        if asked.headers.get("authorization") != f"Bearer {KEY}":
            raise Refusal(401, {"error": "The provided API key is not valid."})
        if asked.headers.get("x-runway-version") != "2024-11-06":
            raise Refusal(400, {"error": "The X-Runway-Version header is required."})

    @route("POST", "/image_to_video")
    def submit(self, asked: Asked) -> Any:
        required = {
            "model": ("gen4_turbo",),
            "promptImage": str,
            "ratio": ("1280:720", "720:1280", "1104:832", "832:1104", "960:960", "1584:672"),
            "duration": range(2, 11),
        }
        fault = check_fields(asked.body, required, {"promptText": str, "seed": range(2**32)})
        if fault is not None:
            raise Refusal(400, {"error": f"Validation of body failed: {fault}"})
        if not asked.body["promptImage"].startswith("data:image/jpeg;base64,"):
            raise Refusal(400, {"error": "Invalid asset: promptImage"})
        if len(asked.body.get("promptText", "")) > 1000:
            raise Refusal(400, {"error": "Validation of body failed: promptText"})
        if self.due("rate_limit") == "rate_limit":
            raise Refusal(429, {"error": "You have reached the daily task limit for this model."})
        number = f"17f20503-6c24-4c16-946b-{next(self._numbers):012d}"
        return {"id": self.take(number, asked.body["model"], PER_SECOND * asked.body["duration"], asked.body)}

    @route("GET", "/tasks/([^/]+)")
    def task(self, asked: Asked) -> Any:
        number = asked.parts[0]
        if number not in self.jobs:
            raise Refusal(404, {"error": "Not found"})
        job, state = self.jobs[number], self.looked_at(number)
        told: dict[str, Any] = {"id": number, "createdAt": "2026-11-27T12:00:00.000Z"}
        if state != "done":
            return {**told, "status": "PENDING" if state == "queued" else "RUNNING", "progress": 0.5}
        if job.fault is not None:
            code = "SAFETY.OUTPUT.VIDEO" if job.fault == "refuse_result" else "INTERNAL.BAD_OUTPUT.CODE01"
            return {**told, "status": "FAILED", "failure": "The task failed.", "failureCode": code}
        return {**told, "status": "SUCCEEDED", "output": [self.file_url("clip.mp4")]}
