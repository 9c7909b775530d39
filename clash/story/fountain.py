"""Screenplays in Fountain: scenes, action, cues, parentheticals and dialogue."""

from __future__ import annotations

import re
from collections.abc import Iterator

from clash.story.grid import Grid, limited

HEADERS: tuple[str, ...] = ("location", "description", "dialogue")

_HEADING = re.compile(r"(?:INT|EXT|EST|INT\.?/EXT|EXT\.?/INT|I/E)[. ].*", re.IGNORECASE)
_NOTE = re.compile(r"\[\[[^\[\]]*\]\]|/\*[^*]*\*/")
_ESCAPED = re.compile(r"\\([*_\\])")
_TITLE = re.compile(r"[A-Za-z ]{1,30}:.*")
_TRANSITION = re.compile(r"[A-Z .]{2,30}TO:|>[^<]*|FADE (?:IN|OUT)[.:]?|CUT TO BLACK[.:]?")


def is_fountain(lines: list[str], name: str) -> bool:
    """Whether a text is a screenplay: by its name, or by scene headings that stand alone on their lines."""
    if name.lower().endswith((".fountain", ".spmd")):
        return True
    headings = [at for at, line in enumerate(lines) if _HEADING.fullmatch(line.strip()) and line.strip().isupper()]
    alone = [at for at in headings if (at == 0 or not lines[at - 1].strip()) and "," not in lines[at]]
    return bool(alone) and not any("\t" in line or "|" in line for line in lines[:3])


def read_fountain(text: str, *, name: str, encoding: str, warnings: list[str]) -> Grid:
    """A beat for each paragraph of action, with the dialogue that follows it."""
    lines = [line.rstrip() for line in _NOTE.sub("", text).splitlines()]
    rows = [(0, list(HEADERS)), *_beats(lines, _first_line(lines))]
    return Grid(name, "fountain", tuple(limited(rows, name)), encoding, tuple(warnings), has_header=True, unit="line")


def _first_line(lines: list[str]) -> int:
    """Where the screenplay begins, after its title page."""
    if not lines or not _TITLE.fullmatch(lines[0]) or _HEADING.fullmatch(lines[0].strip()):
        return 0
    return next((at for at, line in enumerate(lines) if not line.strip()), 0)


def _beats(lines: list[str], start: int) -> Iterator[tuple[int, list[str]]]:
    heading = ""
    beat: tuple[int, list[str], list[str]] | None = None
    for at, block in _blocks(lines, start):
        first = block[0].strip()
        if first.startswith(("#", "=", "===")):
            continue
        if _is_heading(first):
            if beat:
                yield _row(heading, beat)
            heading, beat = first.lstrip("."), None
            block = block[1:]
            if not block:
                continue
            first = block[0].strip()
        if _TRANSITION.fullmatch(first) and len(block) == 1:
            continue
        if _is_cue(first) and len(block) > 1:
            beat = beat or (at, [], [])
            beat[2].append(_speech(block))
            continue
        if beat:
            yield _row(heading, beat)
        beat = (at, [" ".join(line.strip().lstrip("!") for line in block)], [])
    if beat:
        yield _row(heading, beat)


def _blocks(lines: list[str], start: int) -> Iterator[tuple[int, list[str]]]:
    block: list[str] = []
    for at in range(start, len(lines) + 1):
        line = lines[at] if at < len(lines) else ""
        if line.strip():
            block.append(line)
        elif block:
            yield at - len(block) + 1, block
            block = []


def _is_heading(line: str) -> bool:
    return bool(_HEADING.fullmatch(line)) or (line.startswith(".") and not line.startswith(".."))


def _is_cue(line: str) -> bool:
    name = line.lstrip("@").split("(", 1)[0].rstrip(" ^")
    return line.startswith("@") or (
        name.upper() == name and any(letter.isalpha() for letter in name) and not line.endswith((".", "!", "?"))
    )


def _speech(block: list[str]) -> str:
    name = block[0].strip().lstrip("@").rstrip(" ^")
    return f"{name}: {' '.join(line.strip() for line in block[1:])}"


def _row(heading: str, beat: tuple[int, list[str], list[str]]) -> tuple[int, list[str]]:
    number, action, speech = beat
    return number, [_ESCAPED.sub(r"\1", text) for text in (heading, " ".join(action), "\n".join(speech))]
