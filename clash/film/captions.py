"""Captions with their speaker, words on the screen, and the slate, over the moving picture.

Each is drawn once, then mixed into the rows it covers, in the frames of its time, after the camera move was applied.
So the words do not move while the picture behind them does.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from clash.film.encoder import Frame, check_shape
from clash.film.lettering import lettering
from clash.film.overlay import INK, NIGHT, Overlay, rounded, tinted
from clash.film.typeface import Font, drawable, font, is_chinese, wrap, wrap_evenly

LABEL_INK = (24, 20, 14)
LABEL_COLOURS = (
    (233, 180, 76),
    (126, 196, 193),
    (236, 142, 116),
    (166, 196, 112),
    (190, 166, 224),
    (240, 164, 184),
    (132, 178, 232),
    (214, 200, 150),
)
"""Colours of the labels with the speakers' names: a speaker keeps the same one throughout the film."""
FADE_FRAMES = 4
SHORTEST_PAGE_S = 0.9
"""A page that is shown for less than this cannot be read."""


@dataclass(frozen=True)
class Words:
    """A caption on the film's frames: shown on frames `start` to `end - 1`. `speaker` may be ""."""

    start: int
    end: int
    text: str
    speaker: str = ""


def lay_over(
    frames: Iterable[Frame],
    words: Sequence[Words],
    *,
    slate: str,
    width: int,
    height: int,
    fps: int,
    on_screen: str = "",
    count: int = 0,
) -> Iterator[Frame]:
    """Yield the frames with their captions, the words `on_screen` of all `count` frames, and the slate mixed in.

    Where captions overlap, the later one replaces the earlier one. Text that is too long is set smaller, then split
    into pages, each shown for a time in proportion to its letters. The frames are changed in place.
    """
    check_shape(width, height, fps)
    style = _Style.of(width, height)
    tag = _slate(slate, style)
    pages = [page for shown in _in_turn(words) for page in _pages(shown, style, fps)]
    shown = lettering(on_screen, count=count, width=width, height=height) if on_screen.strip() else []
    current: Overlay | None = None
    number = -1
    for index, frame in enumerate(frames):
        begun = number
        while begun + 1 < len(pages) and pages[begun + 1].words.start <= index:
            begun += 1
        if begun != number:
            number, current = begun, _caption(pages[begun], style)
        if current and index < pages[number].words.end:
            current.mix(frame, pages[number].strength(index))
        for page in shown:
            if strength := page.strength(index):
                page.overlay.mix(frame, strength)
        if tag:
            tag.mix(frame, 1.0)
        yield frame


@dataclass(frozen=True)
class _Style:
    """Sizes in pixels that follow from the film's shape."""

    width: int
    height: int
    text: int
    column: int
    lines: int
    bottom: int

    @classmethod
    def of(cls, width: int, height: int) -> _Style:
        upright = height > width
        return cls(
            width,
            height,
            text=max(6, round(min(0.046 * height, 0.054 * width))),
            column=round(width * (0.84 if upright else 0.72)),
            lines=3 if upright else 2,
            bottom=round(height * (0.2 if upright else 0.075)),
        )


@dataclass(frozen=True)
class _Page:
    words: Words
    lines: tuple[str, ...]
    px: int
    fades_in: bool
    fades_out: bool

    def strength(self, index: int) -> float:
        """Return how opaque the page is on this frame, from 0 to 1."""
        rising = (index - self.words.start + 1) / (FADE_FRAMES + 1) if self.fades_in else 1.0
        falling = (self.words.end - index) / (FADE_FRAMES + 1) if self.fades_out else 1.0
        return min(1.0, rising, falling)


def _in_turn(words: Sequence[Words]) -> list[Words]:
    """Return the captions in order of time, none beginning before the one before it has ended."""
    ordered = sorted((w for w in words if w.end > max(w.start, 0)), key=lambda w: w.start)
    ends = [min(w.end, after.start) for w, after in pairwise(ordered)]
    ends += [w.end for w in ordered[-1:]]
    return [
        Words(max(0, w.start), end, " ".join(drawable(w.text).split()), " ".join(drawable(w.speaker).split()))
        for w, end in zip(ordered, ends, strict=True)
        if end > w.start
    ]


def _pages(words: Words, style: _Style, fps: int) -> list[_Page]:
    """Return the caption on one page if it fits, perhaps a step smaller and with one more line; else on several."""
    if not words.text:
        return []
    small = max(6, round(style.text * 0.86))
    for px, most in ((style.text, style.lines), (small, style.lines + 1)):
        lines = wrap_evenly(words.text, font(px, 500), style.column, most)
        if len(lines) <= most:
            return [_Page(words, tuple(lines), px, True, True)]
    return _split_into_pages(words, style, small, fps)


def _split_into_pages(words: Words, style: _Style, px: int, fps: int) -> list[_Page]:
    most = style.lines + 1
    frames = words.end - words.start
    readable = max(1, int(frames / (SHORTEST_PAGE_S * fps)))
    lines = wrap(words.text, font(px, 500), style.column, readable * most)
    pages = -(-len(lines) // most)
    cuts = [round(len(lines) * page / pages) for page in range(pages + 1)]
    groups = [lines[a:b] for a, b in pairwise(cuts)]
    letters = np.cumsum([0] + [sum(map(len, group)) for group in groups])
    times = [words.start + round(frames * int(done) / int(letters[-1])) for done in letters]
    return [
        _Page(
            Words(times[page], times[page + 1], words.text, words.speaker),
            tuple(group),
            px,
            page == 0,
            page == pages - 1,
        )
        for page, group in enumerate(groups)
    ]


def _caption(page: _Page, style: _Style) -> Overlay:
    """Draw text in the lower third over a soft shadow that darkens towards the edge, the speaker's name above it."""
    px, (width, height) = page.px, (style.width, style.height)
    lead = round(px * 1.36)
    label = round(px * 1.05) if page.words.speaker else 0
    gap = round(px * 0.42) if label else 0
    block = lead * len(page.lines) + label + gap
    top = max(0, height - style.bottom - block)
    upper = max(0, top - round(px * 3.2)) // 2 * 2
    drawing = _shade(width, height - upper, top - upper)
    text_top = top - upper + label + gap
    _draw_lines(drawing, page.lines, px, lead, text_top)
    if label:
        _draw_label(drawing, page.words.speaker, label, top - upper, style)
    return Overlay(drawing, 0, upper, width, height)


def _shade(width: int, rows: int, text_top: int) -> Image.Image:
    """Draw a shade that grows from transparent to its darkest a little below where the text begins."""
    place = np.arange(rows, dtype=np.float64) / max(1.0, text_top + (rows - text_top) * 0.5)
    rise = np.clip(place, 0.0, 1.0)
    shade = 208.0 * rise * rise * (3 - 2 * rise)
    pixels = np.empty((rows, width, 4), np.uint8)
    pixels[..., :3] = NIGHT
    pixels[..., 3] = np.rint(shade).astype(np.uint8)[:, None]
    return Image.fromarray(pixels, "RGBA")


def _draw_lines(drawing: Image.Image, lines: Sequence[str], px: int, lead: int, top: int) -> None:
    face = font(px, 500)
    ink = Image.new("L", drawing.size)
    pen = ImageDraw.Draw(ink)
    for number, line in enumerate(lines):
        pen.text((drawing.width / 2, top + lead * (number + 0.5)), line, fill=255, font=face, anchor="mm")
    shadow = ink.filter(ImageFilter.GaussianBlur(max(1.0, px * 0.1))).point(
        [min(255, level * 2) for level in range(256)]
    )
    for colour, mask in ((NIGHT, shadow), (INK, ink)):
        drawing.alpha_composite(tinted(colour, mask))


def _draw_label(drawing: Image.Image, speaker: str, tall: int, top: int, style: _Style) -> None:
    px = max(5, round(tall * 0.66))
    face = font(px, 700)
    name = "".join(wrap(speaker if is_chinese(speaker) else speaker.upper(), face, style.column - tall, 1))
    if not name:
        return
    half = face.getlength(name) / 2 + tall * 0.46
    middle = drawing.width / 2
    rounded(drawing, (middle - half, top, middle + half, top + tall), tall / 2, (*_colour_of(speaker), 255))
    ImageDraw.Draw(drawing).text((middle, top + tall / 2), name, fill=LABEL_INK, font=face, anchor="mm")


def _slate(text: str, style: _Style) -> Overlay | None:
    """Draw the technical line in the upper left corner: fields that two or more spaces separate in `text`."""
    px = max(5, round(style.text * 0.6))
    face = font(px, 500)
    edge = round(min(style.width, style.height) * 0.04) // 2 * 2
    inset = round(px * 0.75)
    fields, length = _side_by_side(text, face, px * 0.85, style.width - 2 * (edge + inset))
    if not fields:
        return None
    tall = round(px * 1.75)
    wide = round(length) + 2 * inset
    size = (min(wide + wide % 2, style.width - edge), min(tall + tall % 2, style.height - edge))
    drawing = Image.new("RGBA", size, (*NIGHT, 0))
    rounded(drawing, (0, 0, size[0], size[1]), px * 0.4, (*NIGHT, 158))
    pen = ImageDraw.Draw(drawing)
    for place, field in fields:
        pen.text((inset + place, size[1] / 2), field, fill=INK, font=face, anchor="lm")
    return Overlay(drawing, edge, edge, style.width, style.height)


def _side_by_side(text: str, face: Font, gap: float, room: float) -> tuple[list[tuple[float, str]], float]:
    """Return the fields with their positions, as many as there is room for, and how long they are together."""
    placed: list[tuple[float, str]] = []
    place = 0.0
    for part in drawable(text).split("  "):
        field = "".join(wrap(part, face, room - place, 1)) if room - place > 3 * gap else ""
        if field:
            placed.append((place, field))
            place += face.getlength(field) + gap
    return placed, place - gap


def _colour_of(speaker: str) -> tuple[int, int, int]:
    return LABEL_COLOURS[hashlib.sha256(speaker.encode()).digest()[0] % len(LABEL_COLOURS)]
