"""What the local models made once in a run of all tests is not made again by a process that is forked.

They answer the same request with the same bytes in any process (`tests/local` proves it), and most films of the tests
show the same people in the same places.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from clash import local
from clash.local.voice import voice_revision
from clash.providers.ports import Answer, Context, ImageRequest, Request, SpeechRequest, VideoRequest

_MOST_PIXELS = 400_000
"""Pictures of more are rare, and large."""


def remember_in(folder: Path) -> None:
    """Have the local models look into a folder before they draw, film or speak."""
    folder.mkdir()
    models: Any = local
    make: Callable[[Request, Context, Path | None], Answer] = models._make

    def remembering(request: Request, context: Context, voice_folder: Path | None) -> Answer:
        if not _can_be_remembered(request, context):
            return make(request, context, voice_folder)
        asked = f"{type(request).__name__} {context.take} {request.model_dump_json()}"
        if isinstance(request, SpeechRequest):
            asked += voice_revision(request, voice_folder)
        kept = folder / hashlib.sha256(asked.encode()).hexdigest()
        with suppress(FileNotFoundError):
            return pickle.loads(kept.read_bytes())  # noqa: S301 - written below
        answer = make(request, context, voice_folder)
        _keep(answer, kept)
        return answer

    models._make = remembering


def _can_be_remembered(request: Request, context: Context) -> bool:
    """Whether it is a picture or a clip as it was asked for, or words of the English voice, which loads for long."""
    if isinstance(request, SpeechRequest):
        return request.language == "en"
    return isinstance(request, ImageRequest | VideoRequest) and _is_as_asked(request, context)


def _is_as_asked(request: ImageRequest | VideoRequest, context: Context) -> bool:
    """Whether it is small, and every file that it refers to has the content that it names."""
    if request.width * request.height > _MOST_PIXELS:
        return False
    if isinstance(request, ImageRequest):
        named = request.references
    else:
        named = (request.keyframe, *([request.last_frame] if request.last_frame else []))
    try:
        return all(hashlib.sha256(context.path_of(one).read_bytes()).hexdigest() == one.sha256 for one in named)
    except (OSError, KeyError):
        return False


def _keep(answer: Answer, kept: Path) -> None:
    partial = kept.with_name(f"{kept.name}.{os.getpid()}.{threading.get_ident()}")
    try:
        partial.write_bytes(pickle.dumps(answer))
        partial.replace(kept)
    except OSError:  # a disk that a test has filled
        with suppress(OSError):
            partial.unlink()
