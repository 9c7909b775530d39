"""The free, offline, deterministic provider: it writes by rule, draws pictures and moves a camera over them.

Each kind of request has a module of its own, which is imported on first use, in a worker thread.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from clash.config import Settings
from clash.film.freed_memory import give_back_memory
from clash.providers.identity import default_identity
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
from clash.providers.voices import Person, Voice, VoicePack

_REVISIONS: Mapping[Kind, str] = {"screenplay": "8", "image": "11", "video": "3"}
"""Counted up whenever the same request would give another answer, so that no older one is reused for it."""


_KEYFRAME_SHARE, _CARD_SHARE = 0.75, 0.5
"""The shares of the size asked for that are drawn: one and a half times the film's, and the film's own."""


_SAME_WORDS = (
    "The local writer writes the same story the same way in every take, and reads no notes."
    " Change the story, or retake the screenplay with another writer (--model)."
)


class LocalProvider:
    """See `clash.providers.ports.Provider`. Costs nothing; the same take of the same request gives the same bytes."""

    name = "local"
    endpoint = "local"
    idempotent = True

    def __init__(self) -> None:
        self.concurrency = max(1, min(8, os.cpu_count() or 1))
        self._voice_folder: Path | None = None

    def configure(self, settings: Settings) -> None:
        """Take the folder of the Chinese voice from the settings."""
        self._voice_folder = settings.kokoro_dir

    def models(self) -> Mapping[Kind, tuple[str, ...]]:
        """Return one model per kind."""
        return {
            "screenplay": ("screenwriter",),
            "image": ("illustrator",),
            "video": ("cinematographer",),
            "speech": ("voice",),
        }

    def revision(self, model: str, request: Request) -> str:
        """Return the version of the model; for speech, which voice would speak."""
        if isinstance(request, SpeechRequest):
            from clash.local.voice import voice_revision

            return voice_revision(request, self._voice_folder)
        kinds: dict[str, Kind] = {names[0]: kind for kind, names in self.models().items()}
        return f"{model}-{_REVISIONS[kinds[model]]}"

    def languages(self, model: str) -> tuple[str, ...] | None:  # noqa: ARG002 - one model speaks
        """See `clash.providers.ports.Multilingual`: English and Chinese where their voices are installed."""
        from clash.local.voice import installed_languages

        return installed_languages(self._voice_folder)

    def silence(self, model: str, language: str) -> str | None:  # noqa: ARG002 - one model speaks
        """See `clash.providers.ports.KeepsTime`."""
        from clash.local.voice import voice_gap

        return voice_gap(language, self._voice_folder)

    def voices(self, model: str) -> tuple[Voice, ...]:  # noqa: ARG002 - one model speaks
        """See `clash.providers.voices.ListsVoices`."""
        from clash.local.mandarin.voices import chinese_voices
        from clash.local.mandarin.weights import is_ready
        from clash.local.voice import english_voices

        return (*english_voices(), *chinese_voices(installed=is_ready(self._voice_folder)))

    def cast(self, model: str, people: Sequence[Person]) -> Mapping[str, Mapping[str, str]]:  # noqa: ARG002
        """See `clash.providers.voices.CastsVoices`: Chinese voices are chosen together, where they are installed."""
        from clash.local.mandarin.voices import cast
        from clash.local.mandarin.weights import is_ready

        chosen = cast(people) if is_ready(self._voice_folder) else {}
        return {slug: {"zh": voice} for slug, voice in chosen.items()}

    def voice_packs(self) -> tuple[VoicePack, ...]:
        """See `clash.providers.voices.FetchesVoices`."""
        from clash.local.mandarin.weights import voice_pack

        return (voice_pack(self._voice_folder),)

    async def fetch_voices(self, language: str, say: Callable[[str], None], source: Path | None = None) -> None:  # noqa: ARG002 - one pack
        """See `clash.providers.voices.FetchesVoices`."""
        from clash.local.mandarin.fetching import copy_voice, fetch_voice
        from clash.local.mandarin.weights import voice_folder

        folder = voice_folder(self._voice_folder)
        await (fetch_voice(folder, say) if source is None else copy_voice(folder, source, say))

    def identity(self, model: str, request: Request) -> Mapping[str, Any]:  # noqa: ARG002 - one model per kind
        """What is drawn: of a clip, the keyframe and its move, for it has no lettering; in a picture, who speaks."""
        if isinstance(request, ImageRequest) and request.shot is not None:
            speakers = sorted({line.speaker.casefold() for line in request.shot.dialogue})
            return {**default_identity(request), "speakers": speakers}
        if isinstance(request, VideoRequest):
            return {
                "keyframe": request.keyframe.sha256,
                "movement": request.shot.movement,
                "frames": request.frames,
                "fps": request.fps,
                "size": [request.width, request.height],
            }
        return default_identity(request)

    def first_revision(self, model: str, request: Request) -> str | None:
        """Screenplays and speech of clash 0.1 still serve: pictures and clips that were paid for follow from them."""
        if isinstance(request, SpeechRequest):
            return self.revision(model, request)
        return "screenwriter-4" if isinstance(request, ScreenplayRequest) else None

    def older_revisions(self, model: str, request: Request) -> tuple[str, ...]:
        """See `clash.providers.identity.Revised`: paid clips are made of pictures and as long as the speech."""
        name, _, number = self.revision(model, request).rpartition("-")
        newest = int(number) if number.isdecimal() else 0
        return tuple(f"{name}-{older}" for older in range(newest - 1, 0, -1))

    def reads_notes(self, model: str) -> bool:
        """See `clash.providers.note_abilities.ReadsNotes`: only how a voice is to sound is read."""
        return model in self.models()["speech"]

    async def call(self, model: str, request: Request, context: Context) -> Answer:  # noqa: ARG002 - one a kind
        """Answer the request in a worker thread. Raises `ProviderError`."""
        return await asyncio.to_thread(_made, request, context, self._voice_folder)


def _as_drawn(request: ImageRequest) -> ImageRequest:
    """Return the request at the size that is drawn: a film asks for twice its own, and what is not seen is not drawn.

    The local camera comes as near as 1.49 times to a keyframe (1.41 in the first take); a card is looked at, and
    never filmed.
    """
    share = _KEYFRAME_SHARE if request.subject == "keyframe" else _CARD_SHARE
    width, height = (max(16, round(side * share / 2) * 2) for side in (request.width, request.height))
    return request.model_copy(update={"width": width, "height": height})


def _made(request: Request, context: Context, voice_folder: Path | None) -> Answer:
    """Return the answer, and give back the memory that making it took."""
    try:
        return _make(request, context, voice_folder)
    finally:
        give_back_memory()


def _make(request: Request, context: Context, voice_folder: Path | None) -> Answer:
    if isinstance(request, ScreenplayRequest):
        from clash.local.screenwriter import write_screenplay

        screenplay = write_screenplay(request.story, request.established, request.cast)
        facts = {"warning": _SAME_WORDS} if context.take > 1 or request.note else {}
        return Answer(screenplay.model_dump_json(indent=2).encode(), "application/json", facts=facts)
    if isinstance(request, ImageRequest):
        from clash.local.illustrator import illustrate

        return illustrate(_as_drawn(request), context.files, context.take)
    if isinstance(request, VideoRequest):
        from clash.local.cinematographer import film_clip

        return film_clip(request, context.files, context.take)
    from clash.local.voice import speak, voice_gap

    answer = speak(request, context.take, voice_folder)
    # The fact tells the run what to warn of.
    gap = voice_gap(request.language, voice_folder)
    return replace(answer, facts={**answer.facts, "warning": gap}) if gap else answer
