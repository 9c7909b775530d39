"""Alibaba DashScope as its documentation has it, read on 2026-11-27.

help.aliyun.com: text-to-image (qwen-image-api), image-to-video-api-reference, error-code; in the copies
that clash/providers/http/vendors/dashscope.toml names. Clips and pictures are both jobs.
"""

from __future__ import annotations

import itertools
from decimal import Decimal
from typing import Any, ClassVar

from http_vendors import KEY, Asked, Refusal, Vendor, check_fields, route

CNY = Decimal("0.1408")
PER_SECOND = {
    ("wan2.6-i2v-flash", "720P"): Decimal("0.15") * CNY,
    ("wan2.6-i2v-flash", "1080P"): Decimal("0.25") * CNY,
    ("wan2.5-i2v-preview", "480P"): Decimal("0.3") * CNY,
    ("wan2.5-i2v-preview", "720P"): Decimal("0.6") * CNY,
    ("wan2.5-i2v-preview", "1080P"): Decimal("1") * CNY,
    ("wan2.2-i2v-flash", "480P"): Decimal("0.10") * CNY,
    ("wan2.2-i2v-flash", "720P"): Decimal("0.20") * CNY,
    ("wan2.2-i2v-flash", "1080P"): Decimal("0.48") * CNY,
}
LENGTHS = {"wan2.6-i2v-flash": (5, 10, 15), "wan2.5-i2v-preview": (5, 10)}
PER_PICTURE = Decimal("0.2") * CNY
SIZES = ("1664*928", "1472*1104", "1328*1328", "1104*1472", "928*1664")


def refusal(status: int, code: str, message: str) -> Refusal:
    """An error in DashScope's form."""
    return Refusal(status, {"code": code, "message": message, "request_id": "7574ee8f-38a3-4b1e-9280-11c33ab46e51"})


class DashScope(Vendor):
    """DashScope on loopback."""

    prefix = "/api/v1"
    variables: ClassVar[tuple[str, str]] = ("DASHSCOPE_API_KEY", "DASHSCOPE_BASE_URL")
    _numbers = itertools.count(1)

    def check_headers(self, asked: Asked) -> None:
        if asked.headers.get("authorization") != f"Bearer {KEY}":
            raise refusal(401, "InvalidApiKey", "Invalid API-key provided.")
        if asked.body and asked.headers.get("x-dashscope-async") != "enable":
            raise refusal(403, "AccessDenied", "current user api does not support synchronous calls.")

    def _refuse(self) -> None:
        match self.due("rate_limit", "refuse_content", "no_credit"):
            case "rate_limit":
                raise refusal(429, "Throttling.RateQuota", "Requests rate limit exceeded, please try again later.")
            case "refuse_content":
                raise refusal(400, "DataInspectionFailed", "Input data may contain inappropriate (sensitive) content.")
            case "no_credit":
                raise refusal(400, "Arrearage", "Access denied, please make sure your account is in good standing.")
            case _:
                return

    def _taken(self, model: str, usd: Decimal, body: dict[str, Any]) -> Any:
        task = self.take(f"0385dc79-5ff8-4d82-bcb6-{next(self._numbers):012d}", model, usd, body)
        return {"output": {"task_id": task, "task_status": "PENDING"}, "request_id": "4909100c"}

    @route("POST", "/services/aigc/video-generation/video-synthesis")
    def clip(self, asked: Asked) -> Any:
        body, models = asked.body, tuple({model for model, _ in PER_SECOND})
        fault = check_fields(body, {"model": models, "input": dict}, {"parameters": dict})
        fault = fault or check_fields(body["input"], {"img_url": str}, {"prompt": str, "negative_prompt": str})
        given, model = body.get("parameters", {}), body.get("model", "")
        with_sound = {"audio": (bool,), "duration": LENGTHS[model]} if model in LENGTHS else {}
        optional = {
            "resolution": ("480P", "720P", "1080P"),
            "seed": int,
            "prompt_extend": (bool,),
            "watermark": (bool,),
        }
        fault = fault or check_fields(given, {}, {**optional, **with_sound})
        if fault is None and not body["input"]["img_url"].startswith("data:image/jpeg;base64,"):
            fault = "img_url is no picture"
        if fault is not None or (model, given.get("resolution")) not in PER_SECOND:
            raise refusal(400, "InvalidParameter", fault or "resolution is not supported")
        self._refuse()
        twice = 2 if model == "wan2.6-i2v-flash" and given.get("audio", True) else 1
        return self._taken(model, PER_SECOND[model, given["resolution"]] * given.get("duration", 5) * twice, body)

    @route("POST", "/services/aigc/text2image/image-synthesis")
    def picture(self, asked: Asked) -> Any:
        body = asked.body
        fault = check_fields(body, {"model": ("qwen-image-plus",), "input": dict}, {"parameters": dict})
        fault = fault or check_fields(body["input"], {"prompt": str}, {"negative_prompt": str})
        optional = {"size": SIZES, "n": (1,), "prompt_extend": (bool,), "watermark": (bool,)}
        fault = fault or check_fields(body.get("parameters", {}), {}, optional)
        if fault is not None or len(body["input"]["prompt"]) > 800:
            raise refusal(400, "InvalidParameter", fault or "prompt is too long")
        self._refuse()
        return self._taken("qwen-image-plus", PER_PICTURE, body)

    @route("GET", "/tasks/([^/]+)")
    def task(self, asked: Asked) -> Any:
        task = asked.parts[0]
        if task not in self.jobs:
            return {"request_id": "a4de7c32", "output": {"task_id": task, "task_status": "UNKNOWN"}}
        job, state = self.jobs[task], self.looked_at(task)
        output = {"task_id": task, "task_status": {"queued": "PENDING", "running": "RUNNING"}.get(state, "SUCCEEDED")}
        if state != "done":
            return {"request_id": "a4de7c32", "output": output}
        if job.fault is not None:
            refused = job.fault == "refuse_result"
            code = "DataInspectionFailed" if refused else "InternalError.Algo"
            words = "Output data may contain inappropriate (sensitive) content." if refused else "inference failed"
            return {
                "request_id": "a4de7c32",
                "output": {**output, "task_status": "FAILED", "code": code, "message": words},
            }
        if job.model == "qwen-image-plus":
            results = [{"orig_prompt": job.asked["input"]["prompt"], "url": self.file_url("picture.png")}]
            return {"request_id": "a4de7c32", "output": {**output, "results": results}, "usage": {"image_count": 1}}
        return {"request_id": "a4de7c32", "output": {**output, "video_url": self.file_url("clip.mp4")}}
