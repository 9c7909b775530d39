"""The storyboard: pages of A4 with the keyframe, the action and the words of each shot."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image as Picture
from PIL import ImageDraw, UnidentifiedImageError

from clash.errors import StorageError
from clash.exports.pdf import Image, Page, Text, write_pdf
from clash.film.typeface import drawable, font, wrap

_A4 = (595.0, 842.0)
_MARGIN, _GAP = 36.0, 14.0
_DOTS = 200 / 72
"""Pixels per point: 200 per inch."""
_LABEL, _BODY, _LEAD = 8.0, 8.5, 1.35
_BELOW_PICTURE, _BELOW_PANEL = 12.0, 14.0
_HEADER = 26.0
_INK, _FAINT = 20, 110
_JPEG_QUALITY = 85


@dataclass(frozen=True)
class Panel:
    """A shot on the storyboard. `picture`: None for one that is not drawn yet."""

    label: str
    picture: Path | None
    action: str
    words: tuple[str, ...]


@dataclass(frozen=True)
class _Block:
    """A panel, or what of its text goes on in another: lines, each with whether it is faint."""

    label: str
    panel: Panel | None
    lines: tuple[tuple[str, bool], ...]


def write_storyboard(panels: Sequence[Panel], path: Path, *, title: str, language: str, size: tuple[int, int]) -> None:
    """Write the storyboard as a PDF. `size` is that of the film. Raises `StorageError` for a damaged picture."""
    layout = _Layout(size)
    rows = list(layout.rows(panels))
    pages = list(layout.pages(rows))
    shown = " ".join(drawable(title).split())
    drawn = (layout.draw(page, f"{shown}", f"{number} / {len(pages)}") for number, page in enumerate(pages, start=1))
    write_pdf(path, drawn, size=_A4, advance=_advance, title=title, language=language)


class _Layout:
    def __init__(self, size: tuple[int, int]) -> None:
        self._columns = 2 if size[0] >= size[1] else 3
        self._width = (_A4[0] - 2 * _MARGIN - (self._columns - 1) * _GAP) / self._columns
        self._picture = min(self._width * size[1] / size[0], 300.0)
        self._bottom = _MARGIN
        self._top = _A4[1] - _MARGIN - _HEADER

    @property
    def _room(self) -> float:
        return self._top - self._bottom

    def rows(self, panels: Sequence[Panel]) -> Iterator[tuple[_Block, ...]]:
        """Yield rows of blocks. A text that is longer than a page goes on in another block."""
        blocks = [block for panel in panels for block in self._blocks(panel)]
        for start in range(0, len(blocks), self._columns):
            yield tuple(blocks[start : start + self._columns])

    def _blocks(self, panel: Panel) -> Iterator[_Block]:
        lines = [(line, False) for line in self._wrapped(panel.action)]
        lines += [(line, True) for words in panel.words for line in self._wrapped(words)]
        lead = _BODY * _LEAD
        first = int((self._room - self._picture - 3 * _BELOW_PICTURE) / lead)
        rest = int((self._room - 3 * _BELOW_PICTURE) / lead)
        yield _Block(panel.label, panel, tuple(lines[:first]))
        for start in range(first, len(lines), rest):
            yield _Block(f"{panel.label} ...", None, tuple(lines[start : start + rest]))

    def _wrapped(self, text: str) -> list[str]:
        face = font(round(_BODY * _DOTS))
        return [line for line in wrap(drawable(text), face, self._width * _DOTS) if line.strip()]

    def _height(self, block: _Block) -> float:
        picture = self._picture + _BELOW_PICTURE if block.panel is not None else _BELOW_PICTURE
        return picture + _LABEL * _LEAD + len(block.lines) * _BODY * _LEAD + _BELOW_PANEL

    def pages(self, rows: Sequence[tuple[_Block, ...]]) -> Iterator[list[tuple[_Block, ...]]]:
        """Yield the rows of each page."""
        page: list[tuple[_Block, ...]] = []
        used = 0.0
        for row in rows:
            height = max(map(self._height, row))
            if page and used + height > self._room:
                yield page
                page, used = [], 0.0
            page.append(row)
            used += height
        yield page

    def draw(self, rows: Sequence[tuple[_Block, ...]], title: str, number: str) -> Page:
        """Return a page with its pictures and text."""
        page = _Drawing()
        page.text(title, _MARGIN, _A4[1] - _MARGIN - 10, 11, _INK, weight=600)
        page.text(number, _A4[0] - _MARGIN - page.width(number, _LABEL), _A4[1] - _MARGIN - 10, _LABEL, _FAINT)
        top = self._top
        for row in rows:
            for column, block in enumerate(row):
                self._draw(page, block, _MARGIN + column * (self._width + _GAP), top)
            top -= max(map(self._height, row))
        return page.finish()

    def _draw(self, page: _Drawing, block: _Block, left: float, top: float) -> None:
        if block.panel is not None:
            page.picture(block.panel.picture, left, top - self._picture, self._width, self._picture)
            top -= self._picture
        top -= _BELOW_PICTURE
        page.text(block.label, left, top, _LABEL, _FAINT, weight=600)
        top -= _LABEL * _LEAD + 2
        for line, is_words in block.lines:
            page.text(line, left, top, _BODY, _INK, weight=500 if is_words else 400)
            top -= _BODY * _LEAD


class _Drawing:
    """A page being drawn: text into a grey picture of the whole page, pictures over it."""

    def __init__(self) -> None:
        self._size = (round(_A4[0] * _DOTS), round(_A4[1] * _DOTS))
        self._paper = Picture.new("L", self._size, 255)
        self._pen = ImageDraw.Draw(self._paper)
        self._images: list[Image] = []
        self._texts: list[Text] = []

    def width(self, text: str, size: float) -> float:
        """Return the width of a text in points."""
        return font(round(size * _DOTS)).getlength(text) / _DOTS

    def text(self, text: str, x: float, y: float, size: float, ink: int, *, weight: int = 400) -> None:
        """Draw a line of text from its baseline on."""
        shown = drawable(text)
        face = font(round(size * _DOTS), weight)
        self._pen.text((x * _DOTS, self._size[1] - y * _DOTS), shown, fill=ink, font=face, anchor="ls")
        self._texts.append(Text(x, y, size, shown))

    def picture(self, path: Path | None, x: float, y: float, width: float, height: float) -> None:
        """Lay a picture over the page, as large as fits the box; an empty frame where there is none."""
        if path is None:
            corners = [x * _DOTS, self._size[1] - (y + height) * _DOTS, (x + width) * _DOTS, self._size[1] - y * _DOTS]
            self._pen.rectangle(corners, outline=_FAINT, width=2)
            return
        content, pixels = _jpeg(path, round(width * _DOTS), round(height * _DOTS))
        scale = min(width / pixels[0], height / pixels[1])
        shown = (pixels[0] * scale, pixels[1] * scale)
        left = x + (width - shown[0]) / 2
        self._images.append(Image(left, y + (height - shown[1]) / 2, *shown, pixels, content, is_jpeg=True))

    def finish(self) -> Page:
        """Return the page."""
        paper = Image(0, 0, *_A4, self._size, self._paper.tobytes(), is_jpeg=False)
        return Page([paper, *self._images], self._texts)


def _jpeg(path: Path, width: int, height: int) -> tuple[bytes, tuple[int, int]]:
    """Return a picture as JPEG that is no larger than it is shown, and its size."""
    try:
        with Picture.open(path) as opened:
            opened.draft("RGB", (width, height))
            image = opened.convert("RGB")
    except (OSError, UnidentifiedImageError, Picture.DecompressionBombError) as error:
        raise StorageError(f"the picture {path.name[:12]} cannot be read: {error}", code="damaged_asset") from error
    image.thumbnail((width, height), reducing_gap=2.0)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=_JPEG_QUALITY)
    return buffer.getvalue(), image.size


def _advance(letter: str) -> int:
    return round(font(100).getlength(letter) * 10)
