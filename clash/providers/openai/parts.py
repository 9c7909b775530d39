"""Long stories in parts that a model can write in one answer, cut between scenes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from clash.providers.openai.draft import NARRATOR, Draft
from clash.providers.openai.normalising import established
from clash.providers.ports import Established, Neighbour, ScreenplayRequest
from clash.providers.prompts import prompt
from clash.story.screenplay import Beat, Character, Location, Story

MOST_ROWS = 24
"""Rows a part: about fifty shots, some ten thousand tokens of answer."""
MOST_CHARACTERS = 12_000
_ROW_FIELDS = (
    "row",
    "scene",
    "shot",
    "title",
    "act",
    "location",
    "int_ext",
    "time",
    "characters",
    "description",
    "dialogue",
    "narration",
    "duration_s",
    "shot_size",
    "angle",
    "movement",
    "lens",
    "sound",
    "music",
    "emotion",
    "image_prompt",
    "video_prompt",
    "notes",
)
_LANGUAGES = {
    "en": "English",
    "zh": "Chinese",
    "ja": "Japanese",
    "ko": "Korean",
    "es": "Spanish",
    "fr": "French",
    "de": "German",
    "pt": "Portuguese",
    "ru": "Russian",
    "it": "Italian",
}
"""What a film's language is called to the writer; any other by its BCP 47 tag."""


def parts_of(story: Story) -> list[list[Beat]]:
    """The rows in parts of at most 24 rows and 12,000 characters; only a scene longer than that is cut inside."""
    parts: list[list[Beat]] = [[]]
    for scene in _scenes(story.beats):
        pieces = [scene] if _fits(scene) else _cut(scene)
        for piece in pieces:
            if parts[-1] and not _fits([*parts[-1], *piece]):
                parts.append([])
            parts[-1].extend(piece)
    return [part for part in parts if part]


def smaller_parts(rows: Sequence[Beat], most_rows: int | None) -> list[list[Beat]]:
    """The same rows in parts of at most so many: for a server whose answers are cut off."""
    size = most_rows or len(rows)
    return [list(rows[start : start + size]) for start in range(0, len(rows), size)]


def _scenes(beats: Sequence[Beat]) -> list[list[Beat]]:
    return [list(group) for _, group in groupby(beats, key=lambda beat: (beat.act, beat.scene))]


def _cut(scene: Sequence[Beat]) -> list[list[Beat]]:
    pieces: list[list[Beat]] = [[]]
    for beat in scene:
        if pieces[-1] and not _fits([*pieces[-1], beat]):
            pieces.append([])
        pieces[-1].append(beat)
    return pieces


def _fits(rows: Sequence[Beat]) -> bool:
    return len(rows) <= MOST_ROWS and sum(len(_row(beat)) for beat in rows) <= MOST_CHARACTERS


def _row(beat: Beat) -> str:
    values = beat.model_dump(mode="json", include=set(_ROW_FIELDS))
    for line in values["dialogue"]:
        if line.pop("narrator", False):
            line.pop("voice", None)
            line["speaker"] = NARRATOR
    return json.dumps({name: values[name] for name in _ROW_FIELDS if values[name]}, ensure_ascii=False)


def messages_for(
    request: ScreenplayRequest, rows: Sequence[Beat], done: Sequence[Draft], count: int
) -> list[dict[str, Any]]:
    """What the model is told to write one part: the rules, what is established, what a person noted, the rows."""
    story = request.story
    instructions: list[str] = []
    if story.kind == "shot_list":
        instructions.append(prompt("shot_list"))
    if any(line.narrator for beat in rows for line in beat.dialogue):
        instructions.append(prompt("narrator"))
    if request.established is not None:
        instructions.append(_between(request.established, story, rows))
    if count > 1:
        instructions.append(_part(done, count))
    if request.cast:
        told_cast = [one.model_dump(mode="json", exclude_defaults=True) for one in request.cast]
        instructions.append(prompt("cast", cast=json.dumps(told_cast, ensure_ascii=False, indent=1)))
    if request.note:
        instructions.append(prompt("note", note=request.note))
    told = prompt(
        "story",
        title=story.title,
        language=_LANGUAGES.get(story.language.split("-")[0], story.language),
        instructions="\n\n".join(instructions) or "Write the whole screenplay.",
        rows="[\n" + ",\n".join(_row(beat) for beat in rows) + "\n]",
    )
    return [{"role": "system", "content": prompt("screenwriter")}, {"role": "user", "content": told}]


def _between(known: Established, story: Story, rows: Sequence[Beat]) -> str:
    """What is established of the film in which these rows are to be written, and the shots next to each."""
    beside = dict(zip((beat.row for beat in story.beats), known.neighbours, strict=True))
    names = {one.slug: one.name for one in (*known.characters, *known.locations)}
    told = [
        {
            "row": beat.row,
            "before": _shot(beside[beat.row].before, names),
            "after": _shot(beside[beat.row].after, names),
        }
        for beat in rows
    ]
    return prompt(
        "established",
        established=_json(known.style, known.characters, known.locations),
        neighbours="[\n" + ",\n".join(json.dumps(one, ensure_ascii=False) for one in told) + "\n]",
    )


def _shot(shot: Neighbour | None, names: Mapping[str, str]) -> str:
    if shot is None:
        return "none"
    people = ", ".join(names.get(slug, slug) for slug in shot.characters)
    place = names.get(shot.location, shot.location)
    frame = f"{shot.size} shot, {shot.movement}".replace("_", " ")
    return f"{place}, {shot.time}, {shot.weather}; {frame}; {people or 'nobody'}: {shot.action}"


def _json(style: str, characters: Sequence[Character], locations: Sequence[Location]) -> str:
    known = {
        "style": style,
        "characters": [character.model_dump(exclude={"slug"}) for character in characters],
        "locations": [location.model_dump(exclude={"slug"}) for location in locations],
    }
    return json.dumps(known, ensure_ascii=False, indent=1)


def _part(done: Sequence[Draft], count: int) -> str:
    characters, locations = established(done)
    last = done[-1].shots[-1].action if done and done[-1].shots else "none, the film begins here"
    nothing = "Nothing yet: this is the first part."
    return prompt(
        "part",
        number=str(len(done) + 1),
        count=str(count),
        established=_json(done[0].style, characters, locations) if done else nothing,
        last=last,
    )
