"""The typeface for pictures: one family, Noto Sans CJK, that has Latin, Cyrillic, Greek and Chinese letters.

Pillow's basic layout is chosen on purpose. It gives the same pixels on every machine, while the richer one is used
only where a system library is installed. With it widths are additive, so text is measured character by character.
"""

from __future__ import annotations

import re
import struct
import threading
import unicodedata
from collections import OrderedDict
from collections.abc import Iterator
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from PIL import ImageFont

Font = ImageFont.FreeTypeFont

_SIMPLIFIED_CHINESE = 2
"""The face of the collection whose Chinese glyphs have the shapes of mainland China."""
_FONTS_KEPT = 48

_OPENING = "（「『“‘【《〈［｛(["
_CLOSING = "，。！？：；、）」』”’】》〉］｝…—～·)],.!?:;%"
_WIDE = (
    "\u2e80-\u303f\u3040-\u30ff\u3100-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff"
)
_UNIT = re.compile(
    rf"(?P<space>\s+)"
    rf"|[{re.escape(_OPENING)}]*(?:(?![{re.escape(_OPENING + _CLOSING)}])[{_WIDE}]"
    rf"|(?:(?![{_WIDE}{re.escape(_OPENING)}…—“”‘’])\S)+)?[{re.escape(_CLOSING)}]*"
)
_PAUSE = re.compile("[，。！？；：、]+[」』”’）]*|[,.!?;:]+[\"')]*(?=\\s)")
_LOPSIDED = 0.7
"""The largest share of a text that the longer of its two lines may have."""
_CHINESE_LETTER = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_APOSTROPHE = re.compile("(?<=[A-Za-z\u00c0-\u024f])[‘’](?=[A-Za-z\u00c0-\u024f])")
_LATIN_MARKS = {ord("’"): "'", ord("‘"): "'", ord("“"): '"', ord("”"): '"', ord("…"): "..."}


class _FontsOfThread(threading.local):
    """Open faces, per thread: FreeType allows one face to be used by one thread at a time."""

    def __init__(self) -> None:
        self.open: OrderedDict[tuple[int, int], Font] = OrderedDict()


_fonts = _FontsOfThread()


def _collection() -> Path:
    return Path(str(files("manimgx_fonts_cjk") / "NotoSansCJK-VF.otf.ttc"))


def font(px: int, weight: int = 400) -> Font:
    """Return the face at `px` pixels per em and `weight` 100 to 900.

    It belongs to the calling thread and is shared within it: never change it, never pass it to another thread.
    """
    key = (max(1, px), min(900, max(100, weight)))
    kept = _fonts.open
    if key in kept:
        kept.move_to_end(key)
        return kept[key]
    face = ImageFont.truetype(_collection(), key[0], index=_SIMPLIFIED_CHINESE, layout_engine=ImageFont.Layout.BASIC)
    face.set_variation_by_axes([key[1]])
    kept[key] = face
    if len(kept) > _FONTS_KEPT:
        kept.popitem(last=False)
    return face


def is_chinese(text: str) -> bool:
    """Return whether the text has a full-width letter (Chinese characters, kana)."""
    return _CHINESE_LETTER.search(text) is not None


def wrap(text: str, font: Font, width_px: float, max_lines: int | None = None) -> list[str]:
    """Return the text in lines no wider than `width_px`.

    Chinese breaks between any two characters, but no line starts with a closing mark or ends with an opening one;
    Latin words stay whole, unless one is wider than a line. A newline in the text starts a new line; runs of other
    white space become one space. With `max_lines`, the last line ends in an ellipsis if text is left over, and the
    rest is not even measured.
    """
    if max_lines is not None and max_lines < 1:
        return []
    ruler = _Ruler(font)
    lines: list[str] = []
    for line in _lines(text, ruler, width_px):
        if len(lines) == max_lines:
            lines[-1] = _with_ellipsis(lines[-1], ruler, width_px)
            break
        lines.append(line)
    return lines


def wrap_evenly(text: str, font: Font, width_px: int, most: int) -> list[str]:
    """Return the text in as few lines as `width_px` allows, all of about the same length.

    Two lines break after a comma or a full stop if one is near the middle. Returns `most` + 1 lines, the last one cut,
    when the text needs more than `most`.
    """
    lines = wrap(text, font, width_px, most + 1)
    if not 1 < len(lines) <= most:
        return lines
    if len(lines) == 2 and "\n" not in text and (halves := _halves_of_sense(text, font, width_px)):
        return halves
    narrow, wide = width_px // 2, width_px
    while wide - narrow > font.size / 2:
        middle = (narrow + wide) // 2
        if len(wrap(text, font, middle, most + 1)) <= len(lines):
            wide = middle
        else:
            narrow = middle
    return wrap(text, font, wide, most)


def _halves_of_sense(text: str, font: Font, width_px: float) -> list[str]:
    """Return the text in two lines, broken after the mark nearest to the middle; [] if none is near enough."""
    pairs = [(text[: mark.end()].strip(), text[mark.end() :].strip()) for mark in _PAUSE.finditer(text)]
    longest = [(max(map(font.getlength, pair)), pair) for pair in pairs if all(pair)]
    whole = font.getlength(text)
    length, pair = min(longest, default=(whole, ("", "")))
    return [*pair] if length <= min(width_px, _LOPSIDED * whole) else []


def drawable(text: str) -> str:
    """Return the text as this family can draw it: no empty boxes, no reversed lines.

    Control, bidirectional and unassigned characters are removed (a tab becomes a space, newlines stay); a letter that
    the family lacks becomes its plain form (`ṩ` to `s`) or is removed. Quotation marks and the ellipsis become ASCII
    in a text without Chinese, and so do apostrophes between Latin letters, because this family draws them as wide as a
    Chinese character.
    """
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n"))
    text = _APOSTROPHE.sub("'", text) if is_chinese(text) else text.translate(_LATIN_MARKS)
    return "".join(map(_drawn_as, text))


@lru_cache(maxsize=8192)
def _drawn_as(character: str) -> str:
    if character == "\n":
        return character
    if character.isspace():
        return " "
    if _is_letterform(character):
        return character
    return "".join(filter(_is_letterform, unicodedata.normalize("NFKD", character)))


def _is_letterform(character: str) -> bool:
    return unicodedata.category(character)[0] not in "CM" and ord(character) in _code_points()


class _Ruler:
    """Measures text character by character; each width is read from the face only once."""

    def __init__(self, font: Font) -> None:
        self._font = font
        self._widths: dict[str, float] = {}

    def width(self, text: str) -> float:
        widths = self._widths
        total = 0.0
        for character in text:
            known = widths.get(character)
            if known is None:
                known = widths[character] = self._font.getlength(character)
            total += known
        return total


def _lines(text: str, ruler: _Ruler, limit: float) -> Iterator[str]:
    """Yield lines one by one, so that a caller who has enough can stop."""
    line, used, gap = "", 0.0, False
    for match in _UNIT.finditer(text):
        unit = match.group()
        if match.lastgroup == "space":
            if "\n" in unit and line:
                yield line
                line, used = "", 0.0
            gap = bool(line)
            continue
        for piece, width in _pieces(unit, ruler, limit):
            space = ruler.width(" ") if gap else 0.0
            if line and used + space + width > limit:
                yield line
                line, used = piece, width
            else:
                line += (" " if gap else "") + piece
                used += space + width
            gap = False
    if line:
        yield line


def _pieces(unit: str, ruler: _Ruler, limit: float) -> Iterator[tuple[str, float]]:
    """Yield the unit if it fits a line, else parts that do (at least one character each), with their widths."""
    width = ruler.width(unit)
    if width <= limit:
        if unit:
            yield unit, width
        return
    piece, used = "", 0.0
    for character in unit:
        width = ruler.width(character)
        if piece and used + width > limit:
            yield piece, used
            piece, used = "", 0.0
        piece += character
        used += width
    yield piece, used


def _with_ellipsis(line: str, ruler: _Ruler, limit: float) -> str:
    mark = "…" if is_chinese(line) else "..."
    room = limit - ruler.width(mark)
    whole = len(line)
    while line and (ruler.width(line) > room or line[-1] in _OPENING or line[-1] in " ，、,.…"):
        line = line[:-1]
    if len(line) < whole and mark == "..." and " " in line:
        line = line.rpartition(" ")[0].rstrip(" ,.")
    return line + mark


@lru_cache(maxsize=1)
def _code_points() -> frozenset[int]:
    """Return every code point that the face has a glyph for, from its OpenType `cmap` (format 12)."""
    with _collection().open("rb") as stream:

        def read(offset: int, layout: str) -> tuple[Any, ...]:
            stream.seek(offset)
            return struct.unpack(layout, stream.read(struct.calcsize(layout)))

        (face,) = read(12 + 4 * _SIMPLIFIED_CHINESE, ">I")
        (tables,) = read(face + 4, ">H")
        records = (read(face + 12 + 16 * number, ">4s3I") for number in range(tables))
        cmap = next(offset for tag, _, offset, _ in records if tag == b"cmap")
        (subtables,) = read(cmap + 2, ">H")
        offsets = [read(cmap + 4 + 8 * number, ">2HI")[2] for number in range(subtables)]
        full = next(cmap + offset for offset in offsets if read(cmap + offset, ">H") == (12,))
        (groups,) = read(full + 12, ">I")
        flat = read(full + 16, f">{3 * groups}I")
    return frozenset(
        code for first, last in zip(flat[0::3], flat[1::3], strict=True) for code in range(first, last + 1)
    )
