"""A provider plug-in for tests: the local crafts behind a meter that stands outside of clash's own tables.

Environment: METER is a file that gets one line a call (`<kind> <subject>`); METER_FAIL names, comma-separated, the
subjects that fail (`shot-3:video`); METER_COST is the price of a call in dollars; METER_DELAY seconds before an answer.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from clash.errors import ProviderError
from clash.providers.local import LocalProvider
from clash.providers.ports import (
    Answer,
    Context,
    ImageRequest,
    Kind,
    Request,
    ScreenplayRequest,
    SpeechRequest,
    VideoRequest,
)


def subject_of(request: Request) -> str:
    """What a call is about, in one word."""
    if isinstance(request, ImageRequest):
        if request.shot is not None:
            return f"shot-{request.shot.number}:keyframe"
        subject = request.character or request.location
        return f"card-{subject.slug}:image" if subject else "image"
    if isinstance(request, VideoRequest):
        return f"shot-{request.shot.number}:video"
    return "screenplay" if isinstance(request, ScreenplayRequest) else "speech"


def _append(line: str) -> None:
    # One write to a file opened for appending: whole even if the process is killed right after.
    descriptor = os.open(os.environ["METER"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(descriptor, f"{line}\n".encode())
    os.close(descriptor)


class MeteredProvider:
    """Charges when asked; fails where told to."""

    name = "metered"
    endpoint = "https://metered.example/v1"
    idempotent = True
    concurrency = 4

    def __init__(self) -> None:
        self._local = LocalProvider()

    def models(self) -> Mapping[Kind, tuple[str, ...]]:
        return self._local.models()

    def revision(self, model: str, request: Request) -> str:
        return self._local.revision(model, request)

    async def call(self, model: str, request: Request, context: Context) -> Answer:
        subject = subject_of(request)
        _append(f"{subject} {context.key}")
        await asyncio.sleep(float(os.environ.get("METER_DELAY", "0")))
        if subject in os.environ.get("METER_FAIL", "").split(","):
            raise ProviderError("the model is overloaded [/b] 过载", code="overloaded", retryable=True)
        answer = await self._local.call(model, request, context)
        cost = Decimal(os.environ.get("METER_COST", "0"))
        if isinstance(request, SpeechRequest) or not cost:
            return answer
        return replace(answer, cost_usd=cost)
