"""Screenplays in Fountain: scenes, action, cues, parentheticals and dialogue."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from clash.story.grid import Grid, limited
from clash.story.on_screen import is_lettering

HEADERS: tuple[str, ...] = ("location", "description", "dialogue", "transition")

_HEADING = re.compile(r"(?:INT|EXT|EST|INT\.?/EXT|EXT\.?/INT|I/E)[. ].*", re.IGNORECASE)
_NOTE = re.compile(r"\[\[[^\[\]]*\]\]|/\*[^*]*\*/")
_ESCAPED = re.compile(r"\\([*_\\])")
_TITLE = re.compile(r"[A-Za-z ]{1,30}:.*")
_FILM = re.compile(r"^Title:[ \t]*(?P<title>[^\n]*(?:\n[ \t]+[^\n]+)*)", re.IGNORECASE | re.MULTILINE)
_EMPHASIS = re.compile(r"[*_]{1,3}")
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
    start = _first_line(lines)
    rows = [(0, list(HEADERS)), *(beat.row() for beat in _beats(lines, start))]
    return Grid(
        name,
        "fountain",
        tuple(limited(rows, name)),
        encoding,
        tuple(warnings),
        has_header=True,
        unit="line",
        title=_title("\n".join(lines[:start])),
    )


@dataclass
class _Beat:
    """A paragraph of action under its heading, the speeches after it, and how it begins or ends."""

    line: int
    heading: str
    action: str = ""
    speeches: list[str] = field(default_factory=list[str])
    transition: str = ""

    @property
    def is_only_shown(self) -> bool:
        """Whether it has words on the screen and no action yet."""
        return not self.speeches and bool(self.action) and all(map(is_lettering, self.action.split("\n")))

    def row(self) -> tuple[int, list[str]]:
        """Its line, and its cells in the order of `HEADERS`."""
        cells = (self.heading, self.action, "\n".join(self.speeches), self.transition)
        return self.line, [_ESCAPED.sub(r"\1", text) for text in cells]


def _title(page: str) -> str:
    """The film's title, which a title page may write over several lines and with marks of emphasis."""
    found = _FILM.search(page)
    return " ".join(_EMPHASIS.sub("", found["title"]).split()) if found else ""


def _first_line(lines: list[str]) -> int:
    """Where the screenplay begins, after its title page."""
    if not lines or not _TITLE.fullmatch(lines[0]) or _HEADING.fullmatch(lines[0].strip()):
        return 0
    return next((at for at, line in enumerate(lines) if not line.strip()), 0)


def _beats(lines: list[str], start: int) -> Iterator[_Beat]:
    heading = begins = ""
    beat: _Beat | None = None

    def begun(at: int) -> _Beat:
        nonlocal begins
        made, begins = _Beat(at, heading, transition=begins), ""
        return made

    for at, block in _blocks(lines, start):
        first = block[0].strip()
        if first.startswith(("#", "=", "===")):
            continue
        if _is_heading(first):
            if beat:
                yield beat
            heading, beat = first.lstrip("."), None
            block = block[1:]
            if not block:
                continue
            first = block[0].strip()
        if _TRANSITION.fullmatch(first) and len(block) == 1:
            # It ends the beat before it; the first of a screenplay, FADE IN, begins the one after it.
            if beat:
                beat.transition = " / ".join(filter(None, (beat.transition, first.lstrip("> "))))
            else:
                begins = first.lstrip("> ")
            continue
        if shown := _shown(block):
            # Words on the screen belong to the action above them; the first of a scene to the one below.
            beat = beat or begun(at)
            beat.action = f"{beat.action}\n{shown}".strip()
            continue
        if beat and beat.is_only_shown and not (_is_cue(first) and len(block) > 1):
            beat.action += "\n" + " ".join(line.strip().lstrip("!") for line in block)
            continue
        if _is_cue(first) and len(block) > 1:
            beat = beat or begun(at)
            beat.speeches.append(_speech(block))
            continue
        if beat:
            yield beat
        beat = begun(at)
        beat.action = " ".join(line.strip().lstrip("!") for line in block)
    if beat:
        yield beat


def _blocks(lines: list[str], start: int) -> Iterator[tuple[int, list[str]]]:
    block: list[str] = []
    for at in range(start, len(lines) + 1):
        line = lines[at] if at < len(lines) else ""
        if line.strip():
            block.append(line)
        elif block:
            yield at - len(block) + 1, block
            block = []


def _shown(block: list[str]) -> str:
    """A paragraph of words on the screen, each line with its label; "" for any other."""
    lines = [line.strip().lstrip("!") for line in block]
    label, colon, words = lines[0].partition(":")
    if not is_lettering(lines[0] if words.strip() or len(lines) == 1 else f"{lines[0]} {lines[1]}"):
        return ""
    if not all(is_lettering(line) or line == line.upper() for line in lines[1:]):
        return ""
    told = [line if is_lettering(line) else f"{label}{colon or ':'} {line}" for line in lines]
    return "\n".join(line for line in told if line.rstrip(" :") != label)


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
