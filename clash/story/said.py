"""What a row says, and what of it is told before the first line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from clash.story.screenplay import Line
from clash.story.translations import joined


@dataclass
class Said:
    """What a row says, put together from its columns of speech."""

    lines: list[tuple[int, Line]] = field(default_factory=list[tuple[int, Line]])
    sound: list[str] = field(default_factory=list[str])
    music: list[str] = field(default_factory=list[str])
    caption: list[str] = field(default_factory=list[str])
    on_screen: list[str] = field(default_factory=list[str])
    direction: list[str] = field(default_factory=list[str])
    notes: list[str] = field(default_factory=list[str])

    def add(self, other: Said) -> None:
        """Put behind it what a row says that goes on with the same shot."""
        self.lines += other.lines
        self.sound += other.sound
        self.music += other.music
        self.caption += other.caption
        self.on_screen += other.on_screen
        self.direction += other.direction


def told_first(lines: Sequence[tuple[int, Line]]) -> tuple[str, tuple[Line, ...], dict[str, str]]:
    """What the narrator tells before the first line, the lines with what is told between and after them.

    Third, the translations of what the narrator tells first.
    """
    count = 0
    for _, line in lines:
        if not line.narrator or line.voice or line.direction:
            break
        count += 1
    told: dict[int, list[str]] = {}
    for index, line in lines[:count]:
        told.setdefault(index, []).append(line.text)
    narration = " ".join(dict.fromkeys("\n".join(texts) for texts in told.values()))
    told_lines = [line for _, line in lines[:count]]
    tags = dict.fromkeys(tag for line in told_lines for tag in line.translations)
    translations = {
        tag: joined(dict.fromkeys(line.translations[tag] for line in told_lines if tag in line.translations))
        for tag in tags
    }
    return narration, tuple(line for _, line in lines[count:]), translations
