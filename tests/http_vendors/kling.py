"""Kling as its documentation has it, read on 2026-11-27 in the copies that vendors/kling.toml names.

general (tokens, error codes, states), image-to-video, image generation, capability map, prices. A unit is $0.14.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import json
import time
from decimal import Decimal
from typing import Any, ClassVar

from http_vendors import KEY, Asked, Refusal, Vendor, check_fields, route

SECOND_KEY = "secret-of-the-tests-9876543210"
UNIT = Decimal("0.14")
PER_SECOND = {
    ("std", "off"): Decimal("0.6"),
    ("std", "on"): Decimal("0.9"),
    ("pro", "off"): Decimal("0.8"),
    ("pro", "on"): Decimal("1.2"),
    ("4k", "off"): Decimal(3),
    ("4k", "on"): Decimal(3),
}
"""Units of kling-v3, by mode and sound."""
PER_CLIP = {
    ("kling-v2-6", "std", "off"): Decimal("1.5"),
    ("kling-v2-6", "pro", "off"): Decimal("2.5"),
    ("kling-v2-6", "pro", "on"): Decimal(5),
    ("kling-v2-5-turbo", "std", "off"): Decimal("1.5"),
    ("kling-v2-5-turbo", "pro", "off"): Decimal("2.5"),
}
"""Units of 5 seconds; 10 cost twice."""
PER_PICTURE = Decimal("0.014")
RATIOS = ("16:9", "9:16", "1:1", "4:3", "3:4", "3:2", "2:3", "21:9")


def refusal(status: int, code: int, message: str) -> Refusal:
    """An error in Kling's form."""
    return Refusal(status, {"code": code, "message": message, "request_id": "c0656403-1e6e-4b7e-b8f8-2cdd2595f2b9"})


class Kling(Vendor):
    """Kling on loopback."""

    variables: ClassVar[tuple[str, str]] = ("KLING_ACCESS_KEY", "KLING_BASE_URL")
    _numbers = itertools.count(867283741759111202)

    def __init__(self, files: Any) -> None:
        super().__init__(files)
        self.tokens: list[str] = []
        self._ours: dict[str, str] = {}

    @property
    def environment(self) -> dict[str, str]:
        return {**super().environment, "KLING_SECRET_KEY": SECOND_KEY}

    def check_headers(self, asked: Asked) -> None:
        scheme, _, token = asked.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or not token:
            raise refusal(401, 1001, "Authorization is empty")
        claims = claims_of(token)
        if claims is None or claims.get("iss") != KEY:
            raise refusal(401, 1002, "Authorization is invalid")
        if not claims["nbf"] <= time.time() < claims["exp"] <= time.time() + 1800:
            raise refusal(401, 1004, "Authorization has expired")
        self.tokens.append(token)

    def _refuse(self) -> None:
        match self.due("rate_limit", "refuse_content", "no_credit"):
            case "rate_limit":
                raise refusal(429, 1303, "parallel task over resource pack limit")
            case "refuse_content":
                raise refusal(400, 1301, "the prompt may contain sensitive information")
            case "no_credit":
                raise refusal(429, 1102, "Account balance not enough")
            case _:
                return

    @route("POST", "/v1/videos/image2video")
    def clip(self, asked: Asked) -> Any:
        body = asked.body
        mode, sound, model = body.get("mode", "std"), body.get("sound", "off"), body.get("model_name", "kling-v1")
        optional = {
            "image_tail": str,
            "prompt": str,
            "negative_prompt": str,
            "sound": ("on", "off"),
            "mode": ("std", "pro", "4k"),
            "duration": tuple(str(seconds) for seconds in range(3, 16)),
            "external_task_id": str,
            "callback_url": str,
        }
        models = ("kling-v3", "kling-v2-6", "kling-v2-5-turbo")
        fault = check_fields(body, {"model_name": models, "image": str}, optional)
        seconds = int(body.get("duration", "5"))
        if fault is None and model == "kling-v3":
            units = PER_SECOND[mode, sound] * seconds
        elif fault is None and (model, mode, sound) in PER_CLIP and seconds in (5, 10):
            units = PER_CLIP[model, mode, sound] * (seconds // 5)
        else:
            fault, units = fault or f"{model} does not support {mode}, {seconds} seconds, sound {sound}", Decimal(0)
        if "image_tail" in body and (model == "kling-v2-6" or (model == "kling-v2-5-turbo" and mode != "pro")):
            fault = fault or f"image_tail is not supported by {model} in mode {mode}"
        if any(str(body.get(name, "")).startswith("data:") for name in ("image", "image_tail")):
            fault = fault or "File is not in a valid base64 format"
        if len(body.get("prompt", "")) > 2500:
            fault = fault or "prompt is too long"
        return self._taken(body, model, units * UNIT, fault)

    @route("POST", "/v1/images/generations")
    def picture(self, asked: Asked) -> Any:
        body = asked.body
        optional = {"aspect_ratio": RATIOS, "n": range(1, 10), "external_task_id": str, "resolution": ("1k", "2k")}
        fault = check_fields(body, {"model_name": ("kling-v2-1",), "prompt": str}, optional)
        return self._taken(body, "kling-v2-1", PER_PICTURE * body.get("n", 1), fault)

    def _taken(self, body: dict[str, Any], model: str, usd: Decimal, fault: str | None) -> Any:
        ours = body.get("external_task_id", "")
        if ours in self._ours:
            fault = fault or "external_task_id is not unique"
        if fault is not None:
            raise refusal(400, 1201, fault)
        self._refuse()
        task = str(next(self._numbers))
        self._ours[ours] = task
        self.take(task, model, usd, body)
        return self._answer({"task_id": task, "task_status": "submitted", "task_info": {"external_task_id": ours}})

    @route("GET", "/v1/(videos/image2video|images/generations)/([^/]+)")
    def query(self, asked: Asked) -> Any:
        task = self._ours.get(asked.parts[1], asked.parts[1])
        if task not in self.jobs:
            raise refusal(404, 1203, "The requested resource does not exist")
        job, state = self.jobs[task], self.looked_at(task)
        told: dict[str, Any] = {"task_id": task, "created_at": 1774805076166, "updated_at": 1774805076166}
        if state != "done":
            return self._answer({**told, "task_status": "submitted" if state == "queued" else "processing"})
        if job.fault is not None:
            refused = job.fault == "refuse_result"
            words = "Failure to pass the risk control system" if refused else "Task failed, please try again"
            return self._answer({**told, "task_status": "failed", "task_status_msg": words})
        made = {"images": [{"index": 0, "url": self.file_url("picture.png")}]}
        if asked.parts[0].startswith("videos"):
            made = {"videos": [{"id": "v", "url": self.file_url("clip.mp4"), "duration": job.asked["duration"]}]}
            told["final_unit_deduction"] = str(job.usd / UNIT)
        return self._answer({**told, "task_status": "succeed", "task_status_msg": "", "task_result": made})

    @staticmethod
    def _answer(data: dict[str, Any]) -> dict[str, Any]:
        return {"code": 0, "message": "SUCCEED", "request_id": "c0656403-1e6e-4b7e", "data": data}


def claims_of(token: str) -> dict[str, Any] | None:
    """What a token says; None for one that is not signed with the secret by HS256."""
    try:
        head, body, signature = token.split(".")
        header, claims = json.loads(_bytes(head)), json.loads(_bytes(body))
    except ValueError:
        return None
    right = hmac.digest(SECOND_KEY.encode(), f"{head}.{body}".encode(), hashlib.sha256)
    return (
        claims if header == {"alg": "HS256", "typ": "JWT"} and hmac.compare_digest(right, _bytes(signature)) else None
    )


def _bytes(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
