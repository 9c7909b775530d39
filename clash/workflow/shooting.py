"""One shot: its words are spoken, its keyframe is drawn, and then the camera moves over it for as long as both need."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, Literal, cast

from clash.calls.ledger import Made, Task
from clash.film.timing import time_shot, windows
from clash.providers.ports import Caption, ImageRequest, Reference, SpeechRequest, VideoRequest
from clash.story.screenplay import Character, Line, Location, Shot, slug
from clash.workflow.prompts import slate
from clash.workflow.state import FinishedShot, ShotTask, Spoken, StoredFile
from clash.workflow.studio import Studio

_STEP = "generate_shots"
NARRATOR = "narrator"


async def shoot(task: ShotTask, studio: Studio) -> FinishedShot:
    """Make a shot. Every call that it needs is made or found, also when one of them fails; then the first is raised."""
    shot = Shot.model_validate(task["shot"])
    words = words_of(shot)
    made = await _all_or_first_error(
        _keyframe(task, shot, studio),
        *(_speech(task, line, number, studio) for number, line in enumerate(words, start=1)),
    )
    keyframe, speeches = made[0], made[1:]
    lengths = [float(speech.facts["duration_s"]) for speech in speeches]
    timing = time_shot(shot.duration_s, lengths, studio.format.fps)
    spoken = [
        Spoken(file=_stored(speech), start_s=round(start, 3), end_s=round(end, 3), speaker=line.speaker, text=line.text)
        for line, speech, (start, end) in zip(words, speeches, windows(timing, lengths), strict=True)
    ]
    clip = await studio.ledger.call(_clip_task(task, shot, keyframe, timing.frames, spoken, studio))
    return FinishedShot(clip=_stored(clip), keyframe=_stored(keyframe), frames=timing.frames, words=spoken)


def words_of(shot: Shot) -> list[Line]:
    """All words of a shot in the order they are heard; the narrator's have no speaker."""
    narration = [Line(text=shot.narration)] if shot.narration.strip() else []
    return narration + [line for line in shot.dialogue if line.text.strip()]


async def _all_or_first_error(*calls: Coroutine[Any, Any, Made]) -> list[Made]:
    # Not a plain gather: that would leave paid calls running unheard when one of them fails.
    results = await asyncio.gather(*calls, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return cast("list[Made]", results)


async def _keyframe(task: ShotTask, shot: Shot, studio: Studio) -> Made:
    width, height = studio.format.still_size
    request = ImageRequest(
        subject="keyframe",
        prompt=shot.image_prompt,
        style=task["style"],
        width=width,
        height=height,
        location=Location.model_validate(task["place"]),
        shot=shot,
        cast=tuple(Character.model_validate(character) for character in task["cast"]),
        references=tuple(Reference.model_validate(reference) for reference in task["references"]),
    )
    return await studio.ledger.call(
        Task(_STEP, f"{task['slot']}/keyframe", "keyframe", request, asset_slot=task["slot"])
    )


async def _speech(task: ShotTask, line: Line, number: int, studio: Studio) -> Made:
    speaker = slug(line.speaker) if line.speaker else NARRATOR
    request = SpeechRequest(
        text=line.text,
        speaker=speaker,
        voice=task["voices"].get(speaker, ""),
        language=cast("Literal['en', 'zh']", task["language"]),
    )
    return await studio.ledger.call(Task(_STEP, f"{task['slot']}/speech-{number}", "speech", request))


def _clip_task(task: ShotTask, shot: Shot, keyframe: Made, frames: int, words: list[Spoken], studio: Studio) -> Task:
    request = VideoRequest(
        shot=shot,
        prompt=shot.video_prompt,
        keyframe=Reference(role="keyframe", sha256=keyframe.sha256, media_type=keyframe.media_type),
        frames=frames,
        fps=studio.format.fps,
        width=studio.format.width,
        height=studio.format.height,
        captions=tuple(
            Caption(start_s=word["start_s"], end_s=word["end_s"], text=word["text"], speaker=word["speaker"])
            for word in words
        ),
        slate=slate(task["scene"], shot),
    )
    return Task(_STEP, task["slot"], "shot", request)


def _stored(made: Made) -> StoredFile:
    return StoredFile(sha256=made.sha256, media_type=made.media_type)
