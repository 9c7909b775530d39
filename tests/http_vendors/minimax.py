"""MiniMax as its documentation has it, read on 2026-11-27.

platform.minimax.io/docs/api-reference: video-generation-i2v, the query of a task, files/retrieve, speech-t2a-http,
image generation, errorcode; guides/pricing-paygo; in the copies that clash/providers/http/vendors/minimax.toml names.
Errors come with HTTP 200 and a code in `base_resp`.
"""

from __future__ import annotations

import base64
import itertools
import unicodedata
from decimal import Decimal
from typing import Any, ClassVar

from http_vendors import KEY, Asked, Refusal, Vendor, check_fields, route

CLIPS = {
    ("MiniMax-Hailuo-2.3", "768P", 6): Decimal("0.28"),
    ("MiniMax-Hailuo-2.3", "768P", 10): Decimal("0.56"),
    ("MiniMax-Hailuo-2.3", "1080P", 6): Decimal("0.49"),
    ("MiniMax-Hailuo-2.3-Fast", "768P", 6): Decimal("0.19"),
    ("MiniMax-Hailuo-2.3-Fast", "768P", 10): Decimal("0.32"),
    ("MiniMax-Hailuo-2.3-Fast", "1080P", 6): Decimal("0.33"),
    ("MiniMax-Hailuo-02", "768P", 6): Decimal("0.28"),
    ("MiniMax-Hailuo-02", "768P", 10): Decimal("0.56"),
    ("MiniMax-Hailuo-02", "1080P", 6): Decimal("0.49"),
}
PER_CHARACTER = {"speech-2.6-hd": Decimal("0.0001"), "speech-2.6-turbo": Decimal("0.00006")}
PER_PICTURE = Decimal("0.0035")
OK = {"status_code": 0, "status_msg": "success"}


def refusal(code: int, message: str) -> Refusal:
    """An error in MiniMax's form."""
    return Refusal(200, {"base_resp": {"status_code": code, "status_msg": message}})


class MiniMax(Vendor):
    """MiniMax on loopback."""

    prefix = "/v1"
    variables: ClassVar[tuple[str, str]] = ("MINIMAX_API_KEY", "MINIMAX_BASE_URL")
    _numbers = itertools.count(361720188367060)

    def check_headers(self, asked: Asked) -> None:
        if asked.headers.get("authorization") != f"Bearer {KEY}":
            raise refusal(1004, "login fail: Please carry the API secret key in the Authorization field")

    def _refuse(self) -> None:
        match self.due("rate_limit", "refuse_content", "no_credit"):
            case "rate_limit":
                raise refusal(1002, "rate limit")
            case "refuse_content":
                raise refusal(1026, "input new_sensitive")
            case "no_credit":
                raise refusal(1008, "insufficient balance")
            case _:
                return

    @route("POST", "/video_generation")
    def submit(self, asked: Asked) -> Any:
        body = asked.body
        required = {"model": tuple({model for model, _, _ in CLIPS}), "first_frame_image": str}
        optional = {
            "prompt": str,
            "last_frame_image": str,
            "duration": (6, 10),
            "resolution": ("768P", "1080P"),
            "prompt_optimizer": (bool,),
        }
        fault = check_fields(body, required, optional)
        made = (body.get("model"), body.get("resolution", "768P"), body.get("duration", 6))
        if fault is None and made not in CLIPS:
            fault = "duration and resolution do not go together"
        if fault is None and "last_frame_image" in body and body["model"] != "MiniMax-Hailuo-02":
            fault = "last_frame_image is not supported by the model"
        if fault is None and len(body.get("prompt", "")) > 2000:
            fault = "prompt is too long"
        if fault is not None:
            raise refusal(2013, f"invalid params, {fault}")
        self._refuse()
        return {"task_id": self.take(str(next(self._numbers)), body["model"], CLIPS[made], body), "base_resp": OK}

    @route("GET", "/query/video_generation")
    def query(self, asked: Asked) -> Any:
        task = asked.query.get("task_id", "")
        if task not in self.jobs:
            raise refusal(2013, "invalid params, task_id does not exist")
        job, state = self.jobs[task], self.looked_at(task)
        if state != "done":
            return {
                "task_id": task,
                "status": "Queueing" if state == "queued" else "Processing",
                "file_id": "",
                "base_resp": OK,
            }
        if job.fault is not None:
            code, words = (1027, "output new_sensitive") if job.fault == "refuse_result" else (1000, "unknown error")
            return {
                "task_id": task,
                "status": "Fail",
                "file_id": "",
                "base_resp": {"status_code": code, "status_msg": words},
            }
        size = {"video_width": 1366, "video_height": 768}
        return {"task_id": task, "status": "Success", "file_id": f"{int(task) + 1}", **size, "base_resp": OK}

    @route("GET", "/files/list")
    def listed(self, asked: Asked) -> Any:
        """The account's files of a purpose, which there are none of (platform.minimax.io, file-management-list)."""
        if asked.query.get("purpose") not in ("voice_clone", "prompt_audio", "t2a_async_input"):
            raise refusal(2013, "invalid params, purpose")
        return {"files": [], "base_resp": OK}

    @route("GET", "/files/retrieve")
    def retrieve(self, asked: Asked) -> Any:
        file_id = int(asked.query["file_id"])
        if str(file_id - 1) not in self.jobs:
            raise refusal(2013, "invalid params, file_id does not exist")
        file = {
            "file_id": file_id,
            "bytes": 0,
            "created_at": 1769863897,
            "filename": "output.mp4",
            "purpose": "video_generation",
            "download_url": self.file_url("clip.mp4"),
        }
        return {"file": file, "base_resp": OK}

    @route("POST", "/t2a_v2")
    def speech(self, asked: Asked) -> Any:
        body = asked.body
        required = {"model": tuple(PER_CHARACTER), "text": str, "voice_setting": dict}
        optional = {"stream": (False,), "output_format": ("hex",), "language_boost": ("auto",), "audio_setting": dict}
        fault = (
            check_fields(body, required, optional)
            or check_fields(
                body["voice_setting"], {"voice_id": str}, {"speed": (int, float), "vol": (int, float), "pitch": int}
            )
            or check_fields(
                body["audio_setting"],
                {"format": ("mp3", "pcm", "flac", "wav")},
                {"sample_rate": (8000, 16000, 22050, 24000, 32000, 44100), "channel": (1, 2)},
            )
        )
        if fault is not None:
            raise refusal(2013, f"invalid params, {fault}")
        self._refuse()
        characters = sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in body["text"])
        self.charge(body["model"], characters * PER_CHARACTER[body["model"]])
        return {
            "data": {"audio": self.files["sound.wav"].hex(), "status": 2},
            "extra_info": {"audio_length": 1200, "audio_format": "wav", "usage_characters": characters},
            "trace_id": "01b8bf9bb7433cc75c18eee6cfa8fe21",
            "base_resp": OK,
        }

    @route("POST", "/image_generation")
    def picture(self, asked: Asked) -> Any:
        body = asked.body
        ratios = ("1:1", "16:9", "4:3", "3:2", "2:3", "3:4", "9:16", "21:9")
        required = {"model": ("image-01",), "prompt": str}
        fault = check_fields(body, required, {"aspect_ratio": ratios, "response_format": ("url", "base64"), "n": int})
        if fault is not None or len(body["prompt"]) > 1500:
            raise refusal(2013, f"invalid params, {fault or 'prompt is too long'}")
        self._refuse()
        self.charge("image-01", PER_PICTURE)
        picture = base64.b64encode(self.files["picture.png"]).decode()
        counts = {"success_count": 1, "failed_count": 0}
        return {
            "id": "03ff3cd0820949eb8a410056b5f21d38",
            "data": {"image_base64": [picture]},
            "metadata": counts,
            "base_resp": OK,
        }
