"""The contact sheet: every keyframe of a film as a small picture with its caption, on one sheet."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw

from clash.errors import FilmError
from clash.film.typeface import drawable, font, wrap

WIDEST = 4096
"""No sheet is wider or higher, in pixels."""
LARGEST_THUMB = 560
GROUND = (24, 24, 29)
EMPTY = (44, 44, 52)
INK = (236, 231, 221)
QUIET = (150, 146, 140)


@dataclass(frozen=True)
class _Grid:
    """Where thumbnails are on the sheet, in pixels."""

    columns: int
    rows: int
    thumb: tuple[int, int]
    gap: int
    caption: int
    """The height of a caption's line."""
    head: int
    """The height of the title with the space around it."""

    @property
    def size(self) -> tuple[int, int]:
        """The whole sheet."""
        across = self.columns * (self.thumb[0] + self.gap) + self.gap
        down = self.head + self.rows * (self.thumb[1] + self.caption + self.gap) + self.gap
        return across, down

    def place(self, index: int) -> tuple[int, int]:
        """The upper left corner of a thumbnail."""
        row, column = divmod(index, self.columns)
        return (
            self.gap + column * (self.thumb[0] + self.gap),
            self.head + row * (self.thumb[1] + self.caption + self.gap),
        )


def contact_sheet(frames: Sequence[tuple[Path, str]], title: str, output: Path, *, columns: int | None = None) -> None:
    """Writes a PNG of all `frames` (picture and caption), in order, to `output`.

    The sheet stays within `WIDEST` pixels a side: the more frames, the smaller the thumbnails. Pictures are read one
    at a time and scaled down while they are decoded. `columns` is chosen when it is None. Raises `FilmError` when a
    picture cannot be read, `OSError` when `output` cannot be written.
    """
    grid = _grid(len(frames), _shape(frames), columns)
    sheet = Image.new("RGB", grid.size, GROUND)
    draw = ImageDraw.Draw(sheet)
    _title(draw, grid, title, len(frames))
    face = font(max(7, round(grid.caption * 0.56)), 500)
    for index, (path, caption) in enumerate(frames):
        x, y = grid.place(index)
        width, height = grid.thumb
        draw.rectangle([x, y, x + width - 1, y + height - 1], fill=EMPTY)
        thumb = _thumbnail(path, grid.thumb)
        sheet.paste(thumb, (x + (width - thumb.width) // 2, y + (height - thumb.height) // 2))
        for line in wrap(drawable(caption), face, width, 1):
            draw.text((x, y + height + grid.caption * 0.18), line, font=face, fill=INK)
    sheet.save(output, "PNG", compress_level=6)


def _shape(frames: Sequence[tuple[Path, str]]) -> float:
    """The width of the first frame over its height; 16:9 when there is none."""
    if not frames:
        return 16 / 9
    with _opened(frames[0][0]) as picture:
        return min(4.0, max(0.25, picture.width / picture.height))


def _opened(path: Path) -> Image.Image:
    try:
        return Image.open(path)
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise FilmError(f"The picture {path.name} cannot be read: {error}", code="picture") from error


def _thumbnail(path: Path, size: tuple[int, int]) -> Image.Image:
    """The picture within `size`, RGB; a JPEG is decoded at a fraction of its size."""
    with _opened(path) as picture:
        try:
            picture.draft("RGB", (size[0] * 2, size[1] * 2))
            scale = min(size[0] / picture.width, size[1] / picture.height)
            small = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
            return picture.convert("RGB").resize(small, Image.Resampling.LANCZOS, reducing_gap=2.0)
        except (OSError, ValueError, SyntaxError) as error:
            raise FilmError(f"The picture {path.name} cannot be read: {error}", code="picture") from error


def _grid(count: int, shape: float, columns: int | None) -> _Grid:
    """The grid with the largest thumbnails that fit, a little wider than high; at least one column."""
    if columns is None:
        columns = max(1, min(max(count, 1), round(math.sqrt(max(count, 1) * 1.5 / shape))))
        columns = max(columns, min(count, 2))
    columns = max(1, min(columns, max(count, 1), WIDEST // 24))
    rows = max(1, math.ceil(count / columns))
    width = LARGEST_THUMB if shape >= 1 else round(LARGEST_THUMB * shape)
    while True:
        grid = _measured(columns, rows, width, shape)
        if max(grid.size) <= WIDEST or width <= 8:
            return grid
        width = min(width - 1, math.floor(width * WIDEST / max(grid.size)))


def _measured(columns: int, rows: int, width: int, shape: float) -> _Grid:
    long = max(width, round(width / shape))
    return _Grid(
        columns=columns,
        rows=rows,
        thumb=(max(1, width), max(1, round(width / shape))),
        gap=max(2, round(long * 0.045)),
        caption=max(6, round(long * 0.082)),
        head=max(18, round(long * 0.26)),
    )


def _title(draw: ImageDraw.ImageDraw, grid: _Grid, title: str, count: int) -> None:
    size = max(11, round(grid.head * 0.40))
    face, small = font(size, 700), font(max(9, round(size * 0.56)), 500)
    note = f"{count}"
    room = grid.size[0] - 3 * grid.gap - small.getlength(note)
    for line in wrap(drawable(title), face, room, 1):
        draw.text((grid.gap, grid.head * 0.48), line, font=face, fill=INK, anchor="lm")
    draw.text((grid.size[0] - grid.gap, grid.head * 0.48), note, font=small, fill=QUIET, anchor="rm")
