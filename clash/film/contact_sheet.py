"""Draw the contact sheet: every keyframe of a film as a small picture, with its action and its words below it."""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw

from clash.errors import FilmError
from clash.film.typeface import Font, drawable, font, wrap

WIDEST = 4096
"""The largest width and height of a sheet, in pixels."""
LARGEST_THUMB = 560
GROUND = (24, 24, 29)
EMPTY = (44, 44, 52)
INK = (236, 231, 221)
SPOKEN = (226, 190, 134)
QUIET = (150, 146, 140)
NOT_DRAWN = "(in a script that is not drawn here: see screenplay.json)"

_SMALLEST_PX = 10
_LINES_BELOW: tuple[tuple[int, int], ...] = ((180, 9), (110, 4), (56, 1), (0, 0))
"""The most lines of text below a thumbnail of at least this width in pixels."""
_SHRINK = 0.94
_NARROWEST = 8


@dataclass(frozen=True)
class Panel:
    """One shot of the sheet: its picture, its label ("003  MS"), its action, and the words spoken in it."""

    picture: Path
    label: str
    action: str = ""
    words: str = ""


@dataclass(frozen=True)
class _Text:
    """The wrapped text below a thumbnail."""

    action: tuple[str, ...]
    words: tuple[str, ...]

    @property
    def count(self) -> int:
        """The number of lines."""
        return len(self.action) + len(self.words)


@dataclass(frozen=True)
class _Layout:
    """Where everything is on the sheet, in pixels."""

    columns: int
    thumb: tuple[int, int]
    gap: int
    px: int
    """The size of the text."""
    head: int
    """The height of the title with the space around it."""
    texts: tuple[_Text, ...]
    rows: tuple[int, ...]
    """The lines of text below each row of thumbnails."""

    @property
    def line(self) -> int:
        """The distance from one line of text to the next."""
        return math.ceil(self.px * 1.36)

    def height_of(self, row: int) -> int:
        """Return the height of a row of the sheet: thumbnail, label, text and the gap below."""
        return self.thumb[1] + self.line * (1 + self.rows[row]) + round(self.px * 0.6) + self.gap

    @property
    def size(self) -> tuple[int, int]:
        """The size of the whole sheet."""
        across = self.columns * (self.thumb[0] + self.gap) + self.gap
        return across, self.head + sum(map(self.height_of, range(len(self.rows)))) + self.gap

    def corner(self, index: int) -> tuple[int, int]:
        """Return the upper left corner of a thumbnail."""
        row, column = divmod(index, self.columns)
        down = sum(self.height_of(above) for above in range(row))
        return self.gap + column * (self.thumb[0] + self.gap), self.head + down


def contact_sheet(panels: Sequence[Panel], title: str, output: Path, *, columns: int | None = None) -> None:
    """Write a PNG of all `panels`, in order, to `output`: a storyboard with pictures and text.

    The sheet has at most `WIDEST` pixels per side: the more panels, the smaller the thumbnails. Pictures are read one
    at a time and scaled down while they are decoded. `columns` is chosen when it is None. Raises `FilmError` when a
    picture cannot be read, `OSError` when `output` cannot be written.
    """
    layout = _fitting(panels, columns)
    sheet = Image.new("RGB", layout.size, GROUND)
    draw = ImageDraw.Draw(sheet)
    _title(draw, layout, title, len(panels))
    for index, panel in enumerate(panels):
        x, y = layout.corner(index)
        width, height = layout.thumb
        draw.rectangle([x, y, x + width - 1, y + height - 1], fill=EMPTY)
        thumb = _thumbnail(panel.picture, layout.thumb)
        sheet.paste(thumb, (x + (width - thumb.width) // 2, y + (height - thumb.height) // 2))
        _below(draw, layout, panel.label, layout.texts[index], (x, y + height + round(layout.px * 0.3)))
    sheet.save(output, "PNG", compress_type=zlib.Z_RLE)


def _below(draw: ImageDraw.ImageDraw, layout: _Layout, label: str, text: _Text, at: tuple[int, int]) -> None:
    """Write label, action and words below a thumbnail; no line is wider than it."""
    x, y = at
    face = font(layout.px, 450)
    labelled = font(layout.px, 700)
    for line in wrap(drawable(label), labelled, layout.thumb[0], 1):
        draw.text((x, y), line, font=labelled, fill=QUIET)
    for lines, colour in ((text.action, INK), (text.words, SPOKEN)):
        for line in lines:
            y += layout.line
            draw.text((x, y), line, font=face, fill=colour)


def _fitting(panels: Sequence[Panel], columns: int | None) -> _Layout:
    """Return the layout with the largest thumbnails that fits the sheet."""
    count, shape = max(len(panels), 1), _shape(panels)
    if columns is None:
        columns = max(min(count, 2), min(count, round(math.sqrt(count * 1.1 / shape))))
    columns = max(1, min(columns, count, WIDEST // 24))
    shown = [(_shown(panel.action), _shown(panel.words)) for panel in panels]
    width = LARGEST_THUMB if shape >= 1 else round(LARGEST_THUMB * shape)
    while True:
        layout = _laid_out(shown, columns, width, shape)
        if max(layout.size) <= WIDEST or width <= _NARROWEST:
            return layout
        width = max(_NARROWEST, min(width - 1, math.floor(width * _SHRINK)))


def _laid_out(shown: Sequence[tuple[str, str]], columns: int, width: int, shape: float) -> _Layout:
    height = max(1, round(width / shape))
    long = max(width, height)
    px = max(_SMALLEST_PX, round(long * 0.034))
    most = next(lines for least, lines in _LINES_BELOW if width >= least)
    face = font(px, 450)
    texts = tuple(_wrapped(action, words, face, width, most) for action, words in shown)
    rows = tuple(
        max((text.count for text in texts[first : first + columns]), default=0)
        for first in range(0, max(len(texts), 1), columns)
    )
    return _Layout(
        columns=columns,
        thumb=(max(1, width), height),
        gap=max(2, round(long * 0.045)),
        px=px,
        head=max(18, round(long * 0.26)),
        texts=texts,
        rows=rows,
    )


def _wrapped(action: str, words: str, face: Font, width: int, most: int) -> _Text:
    """Wrap both texts to at most `most` lines together; each gets at least half of them if it needs them."""
    told, said = wrap(action, face, width, most) if most else [], wrap(words, face, width, most) if most else []
    if len(told) + len(said) > most:
        for_action = max(most - len(said), math.ceil(most / 2)) if said else most
        told = wrap(action, face, width, for_action)
        said = wrap(words, face, width, most - len(told)) if most > len(told) else []
    return _Text(tuple(told), tuple(said))


def _shown(text: str) -> str:
    """Return the text as the typeface can draw it; a note for a text in a script that it lacks."""
    drawn = drawable(text)
    letters, left = (sum(map(str.isalpha, shown)) for shown in (text, drawn))
    return NOT_DRAWN if letters and left * 2 < letters else drawn


def _shape(panels: Sequence[Panel]) -> float:
    """Return the width of the first picture divided by its height; 16:9 when there is none."""
    if not panels:
        return 16 / 9
    with _opened(panels[0].picture) as picture:
        return min(4.0, max(0.25, picture.width / picture.height))


def _opened(path: Path) -> Image.Image:
    try:
        return Image.open(path)
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise FilmError(f"the picture {path.name} cannot be read: {error}", code="picture") from error


def _thumbnail(path: Path, size: tuple[int, int]) -> Image.Image:
    """Return the picture scaled down to `size`, RGB; a JPEG is decoded at a fraction of its size."""
    with _opened(path) as picture:
        try:
            picture.draft("RGB", (size[0] * 3 // 2, size[1] * 3 // 2))
            scale = min(size[0] / picture.width, size[1] / picture.height)
            small = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
            return picture.convert("RGB").resize(small, Image.Resampling.LANCZOS, reducing_gap=2.0)
        except (OSError, ValueError, SyntaxError) as error:
            raise FilmError(f"the picture {path.name} cannot be read: {error}", code="picture") from error


def _title(draw: ImageDraw.ImageDraw, layout: _Layout, title: str, count: int) -> None:
    size = max(11, round(layout.head * 0.40))
    face, small = font(size, 700), font(max(9, round(size * 0.56)), 500)
    note = f"{count}"
    room = layout.size[0] - 3 * layout.gap - small.getlength(note)
    for line in wrap(drawable(title), face, room, 1):
        draw.text((layout.gap, layout.head * 0.48), line, font=face, fill=INK, anchor="lm")
    draw.text((layout.size[0] - layout.gap, layout.head * 0.48), note, font=small, fill=QUIET, anchor="rm")
