"""Words that the audience reads on the screen: a place and a time, a name, a title. Nobody speaks them.

They stand right above the captions, where faces seldom are, and below the slate, for the length of their shot.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from clash.film.overlay import INK, NIGHT, Overlay, rounded, tinted
from clash.film.typeface import drawable, font, wrap, wrap_evenly

_TOP, _LOWEST, _LOWEST_UPRIGHT = 0.13, 0.69, 0.605
"""Shares of the height between which the words stand: the slate ends above, and the captions begin below."""
_WIDEST = 0.84
_SMALLER = (1.0, 0.86, 0.74, 0.62)
"""What is too long is set smaller, in these steps; then it is split into pages."""
_LEAD = 1.34
_PANEL = 142
_WEIGHT = 600
FADE_FRAMES = 4


@dataclass(frozen=True)
class Lettering:
    """One page of words: shown on frames `start` to `end - 1`."""

    start: int
    end: int
    overlay: Overlay
    fades_in: bool
    fades_out: bool

    def strength(self, index: int) -> float:
        """Return how opaque the words are on this frame, from 0 to 1."""
        if not self.start <= index < self.end:
            return 0.0
        rising = (index - self.start + 1) / (FADE_FRAMES + 1) if self.fades_in else 1.0
        falling = (self.end - index) / (FADE_FRAMES + 1) if self.fades_out else 1.0
        return min(1.0, rising, falling)


def lettering(text: str, *, count: int, width: int, height: int) -> list[Lettering]:
    """Return the words as they are laid over a shot of `count` frames; none if there is nothing that can be drawn.

    Each line of the text begins a line. One that is too wide is wrapped; what is too long for the room is set smaller,
    then shown in pages, each for a time in proportion to its letters.
    """
    pages, px = _pages(_lines(text), width, height)
    shown = np.cumsum([0] + [sum(map(len, page)) for page in pages])
    times = [round(count * int(done) / max(1, int(shown[-1]))) for done in shown]
    last = len(pages) - 1
    return [
        Lettering(start, end, _drawn(page, px, width, height), number == 0, number == last)
        for number, (page, (start, end)) in enumerate(zip(pages, pairwise(times), strict=True))
        if end > start
    ]


def words_from(text: str, width: int, height: int) -> float:
    """Return the row, as a share of the height, from which down the words of a text stand; 1.0 if none can be drawn."""
    pages, px = _pages(_lines(text), width, height)
    return min((_panel(page, px, width, height)[1] / height for page in pages), default=1.0)


def _lines(text: str) -> list[str]:
    lines = (" ".join(line.split()) for line in drawable(text).splitlines())
    return [line for line in lines if line]


def _pages(lines: Sequence[str], width: int, height: int) -> tuple[list[list[str]], int]:
    """Return the lines of each page, and their size in pixels."""
    if not lines:
        return [], 0
    column = round(width * _WIDEST)
    room = height * (_lowest(width, height) - _TOP)
    wrapped: list[str] = []
    px = most = 1
    for step in _SMALLER:
        px = max(6, round(min(0.062 * height, 0.066 * width) * step))
        most = max(1, int((room - px) / (px * _LEAD)))
        wrapped = [part for line in lines for part in _wrapped(line, px, column, most)]
        if len(wrapped) <= most:
            return [wrapped], px
    count = -(-len(wrapped) // most)
    cuts = [round(len(wrapped) * page / count) for page in range(count + 1)]
    return [wrapped[a:b] for a, b in pairwise(cuts)], px


def _lowest(width: int, height: int) -> float:
    return _LOWEST_UPRIGHT if height > width else _LOWEST


def _wrapped(line: str, px: int, column: int, most: int) -> list[str]:
    """Return a line in lines of about the same length; one that needs more than `most` is not evened out."""
    face = font(px, _WEIGHT)
    evenly = wrap_evenly(line, face, column, most)
    return evenly if len(evenly) <= most else wrap(line, face, column)


def _panel(lines: Sequence[str], px: int, width: int, height: int) -> tuple[int, int, tuple[int, int]]:
    """Return the left column and the upper row of the panel behind some lines, and its width and height."""
    wide = min(width, round(max(map(font(px, _WEIGHT).getlength, lines))) + 2 * round(px * 0.62))
    tall = (round(px * _LEAD) * len(lines) + 2 * round(px * 0.28)) // 2 * 2
    size = (min(width, wide + wide % 2) // 2 * 2, tall)
    return (width - size[0]) // 4 * 2, max(0, round(height * _lowest(width, height)) - tall) // 2 * 2, size


def _drawn(lines: Sequence[str], px: int, width: int, height: int) -> Overlay:
    """Draw the lines on a dark panel that lets the picture through, in the middle of the width."""
    face, lead = font(px, _WEIGHT), round(px * _LEAD)
    left, upper, size = _panel(lines, px, width, height)
    drawing = Image.new("RGBA", size, (*NIGHT, 0))
    rounded(drawing, (0, 0, *size), px * 0.22, (*NIGHT, _PANEL))
    ink = Image.new("L", size)
    pen = ImageDraw.Draw(ink)
    for number, line in enumerate(lines):
        middle = size[1] / 2 + lead * (number - (len(lines) - 1) / 2)
        pen.text((size[0] / 2, middle), line, fill=255, font=face, anchor="mm")
    shadow = ink.filter(ImageFilter.GaussianBlur(max(1.0, px * 0.08)))
    for colour, mask in ((NIGHT, shadow), (INK, ink)):
        drawing.alpha_composite(tinted(colour, mask))
    return Overlay(drawing, left, upper, width, height)
