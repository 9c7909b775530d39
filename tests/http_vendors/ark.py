"""Volcengine Ark as its documentation has it, read on 2026-11-27.

volcengine.com/docs/82379/1520757 (submit), 1521309 (query), 1541523 (pictures), 1299023 (errors), in the copies that
clash/providers/http/vendors/ark.toml names. Prices: the tokens of a clip are width x height x frames / 1024.
"""

from __future__ import annotations

import itertools
from decimal import Decimal
from typing import Any, ClassVar

from http_vendors import KEY, Asked, Refusal, Vendor, check_fields, route

CNY = Decimal("0.1408")
PER_MILLION = {
    "doubao-seedance-1-5-pro-251215": Decimal("1.2"),
    "doubao-seedance-1-0-pro-250528": 15 * CNY,
    "doubao-seedance-1-0-pro-fast-251015": Decimal("4.2") * CNY,
}
WITH_SOUND = Decimal("2.4")
PER_PICTURE = {"doubao-seedream-4-5-251128": Decimal("0.04"), "doubao-seedream-4-0-250828": Decimal("0.03")}
PIXELS = {"480p": 864 * 480, "720p": 1280 * 720, "1080p": 1920 * 1088}
LENGTHS = {"doubao-seedance-1-5-pro-251215": range(4, 13)}
_IMAGE = "data:image/jpeg;base64,"


def refusal(status: int, code: str, message: str, **headers: str) -> Refusal:
    """An error in Ark's form."""
    return Refusal(status, {"error": {"code": code, "message": message, "param": "", "type": "BadRequest"}}, headers)


class Ark(Vendor):
    """Ark on loopback."""

    prefix = "/api/v3"
    variables: ClassVar[tuple[str, str]] = ("ARK_API_KEY", "ARK_BASE_URL")
    _numbers = itertools.count(1)

    def check_headers(self, asked: Asked) -> None:
        if asked.headers.get("authorization") != f"Bearer {KEY}":
            raise refusal(401, "AuthenticationError", "the API key in the request is missing or invalid")

    def _refuse(self) -> None:
        match self.due("rate_limit", "refuse_content", "no_credit"):
            case "rate_limit":
                raise refusal(429, "ModelAccountRpmRateLimitExceeded", "RPM limit of the model is exceeded")
            case "refuse_content":
                raise refusal(
                    400, "InputTextSensitiveContentDetected", "the input text may contain sensitive information"
                )
            case "no_credit":
                raise refusal(403, "AccountOverdueError", "your account has an overdue balance")
            case _:
                return

    @route("POST", "/contents/generations/tasks")
    def submit(self, asked: Asked) -> Any:
        body = asked.body
        optional = {
            "resolution": tuple(PIXELS),
            "ratio": ("16:9", "4:3", "1:1", "3:4", "9:16", "21:9", "adaptive"),
            "duration": int,
            "seed": int,
            "watermark": bool,
            "generate_audio": bool,
        }
        fault = check_fields(body, {"model": tuple(PER_MILLION), "content": list}, optional) or _content_fault(
            body["content"]
        )
        model = body.get("model", "")
        if fault is None and body["duration"] not in LENGTHS.get(model, range(2, 13)):
            fault = "duration is out of range"
        if fault is None and "generate_audio" in body and model != "doubao-seedance-1-5-pro-251215":
            fault = "generate_audio is not supported by the model"
        if fault is not None:
            raise refusal(400, "InvalidParameter", fault)
        self._refuse()
        price = WITH_SOUND if body.get("generate_audio") else PER_MILLION[model]
        return {"id": self.take(f"cgt-20261127-{next(self._numbers):05d}", model, tokens(body) * price / 10**6, body)}

    @route("GET", "/contents/generations/tasks")
    def listed(self, asked: Asked) -> Any:
        """A page of the account's tasks (volcengine.com/docs/82379/1521675)."""
        if set(asked.query) != {"page_num", "page_size"}:
            raise refusal(400, "InvalidParameter", "page_num and page_size are wanted")
        return {"items": [], "total": len(self.jobs)}

    @route("GET", "/contents/generations/tasks/([^/]+)")
    def query(self, asked: Asked) -> Any:
        job_id = asked.parts[0]
        if job_id not in self.jobs:
            raise refusal(404, "ResourceNotFound", "the specified task is not found")
        job, state = self.jobs[job_id], self.looked_at(job_id)
        told = {"id": job_id, "model": job.model, "created_at": 1743414619, "updated_at": 1743414673}
        if state != "done":
            return {**told, "status": state}
        if job.fault is not None:
            code = "OutputVideoSensitiveContentDetected" if job.fault == "refuse_result" else "InternalServiceError"
            message = (
                "the output video may contain sensitive information" if job.fault == "refuse_result" else "internal"
            )
            return {**told, "status": "failed", "error": {"code": code, "message": message}}
        count = tokens(job.asked)
        return {
            **told,
            "status": "succeeded",
            "content": {"video_url": self.file_url("clip.mp4")},
            "seed": job.asked.get("seed", 10),
            "resolution": job.asked["resolution"],
            "ratio": "16:9",
            "duration": job.asked["duration"],
            "framespersecond": 24,
            "usage": {"completion_tokens": count, "total_tokens": count},
        }

    @route("POST", "/images/generations")
    def picture(self, asked: Asked) -> Any:
        body = asked.body
        optional = {
            "image": (str, list),
            "size": str,
            "sequential_image_generation": ("disabled", "auto"),
            "response_format": ("url", "b64_json"),
            "stream": (bool,),
            "watermark": (bool,),
        }
        fault = check_fields(body, {"model": tuple(PER_PICTURE), "prompt": str}, optional)
        images = body.get("image", [])
        if fault is None and (len(images) > 10 or not all(image.startswith(_IMAGE) for image in images)):
            fault = "image is not at most 10 pictures"
        width, _, height = str(body.get("size", "2048x2048")).partition("x")
        if fault is None and not 1280 * 720 <= int(width) * int(height) <= 4096 * 4096:
            fault = "size is out of range"
        if fault is not None:
            raise refusal(400, "InvalidParameter", fault)
        self._refuse()
        if self.due("refuse_result"):
            error = {"code": "OutputImageSensitiveContentDetected", "message": "the output image may be sensitive"}
            return {
                "model": body["model"],
                "created": 1757321139,
                "data": [{"error": error}],
                "usage": {"generated_images": 0},
            }
        self.charge(body["model"], PER_PICTURE[body["model"]])
        picture = {"url": self.file_url("picture.png"), "size": body.get("size")}
        return {
            "model": body["model"],
            "created": 1757321139,
            "data": [picture],
            "usage": {"generated_images": 1, "output_tokens": 16280, "total_tokens": 16280},
        }


def tokens(body: dict[str, Any]) -> int:
    """The tokens of a clip: one frame more than its seconds have."""
    return PIXELS[body["resolution"]] * (24 * body["duration"] + 1) // 1024


def _content_fault(content: list[dict[str, Any]]) -> str | None:
    """Text first, then a first frame, then perhaps a last one."""
    wanted = [("text", None), ("image_url", "first_frame"), ("image_url", "last_frame")]
    if not 2 <= len(content) <= 3:
        return "content has the wrong number of items"
    for item, (kind, role) in zip(content, wanted, strict=False):
        if kind == "text":
            fault = check_fields(item, {"type": ("text",), "text": str}, {})
        else:
            fault = check_fields(item, {"type": (kind,), "image_url": dict, "role": (role,)}, {})
            if fault is None and not str(item["image_url"].get("url")).startswith(_IMAGE):
                fault = "image_url has no picture"
        if fault is not None:
            return f"content: {fault}"
    return None
