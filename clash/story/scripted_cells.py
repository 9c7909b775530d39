"""Cells that hold what is seen and what is said together, as screenplays write it: headings, action, names, words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from clash.story.bare_cues import BRACKETED, TRANSITION, in_capitals, is_bare_cue, may_speak
from clash.story.headings import is_heading
from clash.story.speakers import label_of, name_key, voice_of
from clash.story.things import is_a_phone, sound_of_a_thing
from clash.story.words import has_cjk

_BEFORE_COLON = re.compile(r"\s*(?P<name>[^:：\n]{1,40}?)\s*[:：]\s*(?P<words>\S.*)")
_MOST = 4000


@dataclass
class Scripted:
    """A cell taken apart: its scene heading, what is seen, and what is said, one line for each speech."""

    heading: str = ""
    seen: list[str] = field(default_factory=list[str])
    said: list[str] = field(default_factory=list[str])


def speakers_in(cells: Sequence[str]) -> frozenset[str]:
    """Return the names, as `name_key` compares them, of those who speak in cells of what is seen.

    Somebody speaks whose name stands before a colon or in capitals above the words, on a line of its own among
    others, or is named in the text as well.
    """
    own_lines: Counter[str] = Counter()
    found: set[str] = set()
    text: list[str] = []
    for cell in cells:
        lines = [line.strip() for line in cell[:_MOST].splitlines() if line.strip()]
        for at, line in enumerate(lines):
            if _heard(line) is not None:
                continue
            name = _named(line)[0] or (line if at + 1 < len(lines) and is_bare_cue(line, lines[at + 1]) else "")
            if not name:
                text.append(line)
                continue
            found.add(name_key(voice_of(name).speaker))
            own_lines[name_key(voice_of(name).speaker)] += len(lines) > 1 and (at > 0 or in_capitals(name))
    told = "\n".join(text).casefold()
    return frozenset(name for name in found if name and (own_lines[name] or _is_told(name, told)))


def taken_apart(cell: str, speakers: frozenset[str]) -> Scripted:
    """Take a cell apart: the lines of those who speak are said, the others are what is seen."""
    found = Scripted()
    speaking: list[str] = []

    def ended() -> None:
        if len(speaking) > 1:
            found.said.append(f"{speaking[0]}: {' '.join(speaking[1:])}")
        speaking.clear()

    lines = [line.strip() for line in cell.splitlines()]
    for at, line in enumerate(lines):
        after = lines[at + 1] if at + 1 < len(lines) else ""
        name, _ = _named(line)
        heard = _heard(line, speakers)
        if heard is not None:
            ended()
            found.said.append(line)
            found.seen += heard
        elif name and name_key(voice_of(name).speaker) in speakers:
            ended()
            found.said.append(line)
        elif is_bare_cue(line, after) and name_key(voice_of(line).speaker) in speakers:
            ended()
            speaking.append(line)
        elif not line or is_heading(line) or TRANSITION.fullmatch(line):
            ended()
            if is_heading(line) and not found.heading and not found.seen and not found.said:
                found.heading = line
            elif line:
                found.seen.append(line)
        elif speaking:
            speaking.append(line)
        else:
            found.seen.append(line)
    ended()
    return found


def _heard(line: str, speakers: frozenset[str] = frozenset()) -> list[str] | None:
    """What is seen of a line that says what is heard, or None for any other line: `Musik: Klavier`, `Tür: knarrt`."""
    match = _BEFORE_COLON.fullmatch(line)
    if not match:
        return None
    if label_of(match["name"]) in ("sound", "music"):
        return []
    if name_key(match["name"]) in speakers and not is_a_phone(match["name"]):
        return None
    sound = sound_of_a_thing(match["name"], match["words"])
    return [sound] if sound else None


def _named(line: str) -> tuple[str, str]:
    """The name before a colon and the words after it; ("", "") where there is none."""
    match = _BEFORE_COLON.fullmatch(line)
    if not match or not may_speak(BRACKETED.sub("", match["name"]).strip()):
        return "", ""
    return match["name"], match["words"]


def _is_told(name: str, told: str) -> bool:
    """Whether a text names somebody who speaks in it."""
    if has_cjk(name):
        return name in told
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", told) is not None
