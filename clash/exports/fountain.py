"""Write a screenplay in Fountain, the plain text that screenwriting programs read.

Headings, cues and transitions are marked by the signs that force them, not by capitals: any language is read alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from clash.editing.shot_labels import NO_LABELS, ShotLabels
from clash.exports.words import one_line
from clash.story.camera_terms import ANGLE_NAMES, MOVEMENT_NAMES, SIZE_NAMES
from clash.story.screenplay import Line, Location, Scene, Screenplay, Shot, shot_slot
from clash.story.speakers import parted_mark

_SIDES = {"interior": ("INT.", "内景"), "exterior": ("EXT.", "外景")}
_TIMES = {
    "day": ("DAY", "日"),
    "night": ("NIGHT", "夜"),
    "dawn": ("DAWN", "清晨"),
    "dusk": ("DUSK", "黄昏"),
}
_NARRATOR = ("NARRATOR (V.O.)", "旁白")
_SOMEBODY = ("VOICE", "人声")
_OFF = (" (O.S.)", "（画外音）")
_NOT_IN_A_NUMBER = re.compile(r"[^\w.-]+")
_EMPHASIS = re.compile(r"([*_\\])")


def fountain(screenplay: Screenplay, labels: ShotLabels = NO_LABELS) -> str:
    """Return the screenplay as Fountain text. Each shot has a note with its slot and framing, which is not printed.

    `labels`: those of the story's table, which stand behind the slots.
    """
    language = int(screenplay.language.split("-")[0] == "zh")
    blocks = [f"Title: {one_line(screenplay.title) or 'Untitled'}"]
    if screenplay.logline:
        blocks[0] += f"\nNotes: {one_line(screenplay.logline)}"
    places = {location.slug: location for location in screenplay.locations}
    names = {character.slug: character.name for character in screenplay.characters}
    for scene in screenplay.scenes:
        blocks += _scene(scene, places, names, labels, language)
    return "\n\n".join(block for block in blocks if block.strip()) + "\n"


def _scene(
    scene: Scene, places: Mapping[str, Location], names: Mapping[str, str], labels: ShotLabels, language: int
) -> Iterator[str]:
    heading = ""
    for number, shot in enumerate(scene.shots):
        here = _heading(places[shot.location], shot, language)
        if here != heading:
            mark = _NOT_IN_A_NUMBER.sub("-", scene.number).strip("-.")
            yield f"{here} #{mark}#" if number == 0 and mark else here
        if number == 0 and scene.title:
            yield f"= {_inert(one_line(scene.title))}"
        heading = here
        yield from _shot(shot, names, labels.beside(shot.number), language)


def _heading(place: Location, shot: Shot, language: int) -> str:
    """Return a scene heading, forced by its dot."""
    name = one_line(place.name).replace("#", "＃") or shot.location
    side, time = _SIDES[place.setting][language], _TIMES[shot.time][language]
    return f".{side} {name if language else name.upper()} - {time}"


def _shot(shot: Shot, names: Mapping[str, str], label: str, language: int) -> Iterator[str]:
    tag = ("en", "zh")[language]
    framing = (SIZE_NAMES[tag][shot.size], ANGLE_NAMES[tag][shot.angle], MOVEMENT_NAMES[tag][shot.movement])
    heard = [text for text in (shot.sound, shot.music) if text]
    note = "; ".join((", ".join(framing), *(one_line(text) for text in heard)))
    told = f"{shot_slot(shot.number)}{label}: {note}"
    yield f"[[{told.replace('[[', '[ [').replace(']]', '] ]')}]]"
    yield "\n".join(f"!{line}" for line in _lines(shot.action))
    yield "\n".join(f"!SUPER: {line}" for line in _lines(shot.on_screen_text))
    if shot.narration.strip():
        yield "\n".join((f"@{_NARRATOR[language]}", *_lines(shot.narration)))
    seen = {names[slug] for slug in shot.characters}
    for line in shot.dialogue:
        yield _speech(line, seen, names, language)
    if shot.transition.strip():
        yield f"> {_inert(one_line(shot.transition)).rstrip('<').rstrip()}"


def _speech(line: Line, seen: set[str], names: Mapping[str, str], language: int) -> str:
    mark, told = parted_mark(line.direction)
    who = one_line(line.speaker).removesuffix("^").strip()
    if line.narrator:
        who = _NARRATOR[language]
    elif not who:
        who = _SOMEBODY[language]
    elif mark:
        who += f" ({mark})"
    elif line.speaker in names.values() and line.speaker not in seen:
        who += _OFF[language]
    direction = [f"({_inert(one_line(told))})"] if told.strip() else []
    return "\n".join((f"@{who}", *direction, *_lines(line.text)))


def _lines(text: str) -> list[str]:
    """Return the lines of a text without empty ones, none of which means anything to a reader of Fountain."""
    return [line for part in text.splitlines() if (line := _inert(one_line(part)))]


def _inert(text: str) -> str:
    """Return the text without emphasis, notes and comments: what only looks like them stays as it is written."""
    plain = _EMPHASIS.sub(r"\\\1", text)
    return plain.replace("[[", "[ [").replace("]]", "] ]").replace("/\\*", "/ \\*")
