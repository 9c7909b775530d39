"""Vidu as its documentation has it, read on 2026-11-27 in the copies that vendors/vidu.toml names.

img2video, start-end2video, tasks/{id}/creations, error codes. The emulator's price is the one that a test sets.
"""

from __future__ import annotations

import itertools
from decimal import Decimal
from typing import Any, ClassVar

from http_vendors import KEY, Asked, Refusal, Vendor, check_fields, route

PER_SECOND = Decimal("0.05")


def refusal(status: int, reason: str, message: str) -> Refusal:
    """An error in Vidu's form."""
    return Refusal(status, {"code": status, "reason": reason, "message": message, "metadata": {"trace_id": "t"}})


class Vidu(Vendor):
    """Vidu on loopback."""

    prefix = "/ent/v2"
    variables: ClassVar[tuple[str, str]] = ("VIDU_API_KEY", "VIDU_BASE_URL")
    _numbers = itertools.count(895011233412001792)

    def check_headers(self, asked: Asked) -> None:
        if asked.headers.get("authorization") != f"Token {KEY}":
            raise refusal(401, "Unauthorized", "unauthorized")

    @route("POST", "/(img2video|start-end2video)")
    def submit(self, asked: Asked) -> Any:
        body, ends = asked.body, asked.parts[0] == "start-end2video"
        required = {"model": ("viduq2-pro", "viduq2-turbo"), "images": list}
        optional = {
            "prompt": str,
            "duration": range(1, 9 if ends else 11),
            "seed": int,
            "resolution": ("540p", "720p", "1080p"),
            "movement_amplitude": ("auto", "small", "medium", "large"),
            "bgm": bool,
            "payload": str,
        }
        fault = check_fields(body, required, optional)
        if fault is not None:
            raise refusal(400, "FieldInvalid", f"invalid field: {fault}")
        if len(body["images"]) != (2 if ends else 1):
            raise refusal(400, "FieldItemCountOutOfRange", "field item count out of range: images")
        if not all(image.startswith("data:image/jpeg;base64,") for image in body["images"]):
            raise refusal(400, "ImageDownloadFailure", "image download failure")
        if len(body.get("prompt", "")) > 2000:
            raise refusal(400, "FieldInvalid", "invalid field: prompt")
        match self.due("rate_limit", "refuse_content", "no_credit"):
            case "rate_limit":
                raise refusal(429, "TooManyRequests", "too many requests")
            case "refuse_content":
                raise refusal(400, "AuditSubmitIllegal", "submit is illegal")
            case "no_credit":
                raise refusal(400, "CreditInsufficient", "insufficient credits")
            case _:
                task = self.take(str(next(self._numbers)), body["model"], PER_SECOND * body["duration"], body)
        return {"task_id": task, "state": "created", **body, "created_at": "2026-11-27T12:00:00Z"}

    @route("GET", "/tasks/([^/]+)/creations")
    def creations(self, asked: Asked) -> Any:
        task = asked.parts[0]
        if task not in self.jobs:
            raise refusal(404, "TaskNotFound", "task not found")
        job, state = self.jobs[task], self.looked_at(task)
        told = {"id": task, "err_code": "", "credits": 0, "payload": "", "bgm": False, "creations": []}
        if state != "done":
            return {**told, "state": "queueing" if state == "queued" else "processing"}
        if job.fault is not None:
            code = "CreationPolicyViolation" if job.fault == "refuse_result" else "InternalServiceFailure"
            return {**told, "state": "failed", "err_code": code}
        made = {"id": "c", "url": self.file_url("clip.mp4"), "cover_url": self.file_url("picture.png")}
        return {**told, "state": "success", "credits": 4, "creations": [made]}
