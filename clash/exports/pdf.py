"""Write a PDF whose pages are pictures under text that can be selected and searched, in any script.

The text of a page is drawn into its picture with the fonts that clash draws with. None is embedded: a font of Chinese
has 10 MB. The same text lies over the picture unseen, in fonts of empty glyphs (Type 3, ISO 32000-1, 9.6.5).
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

_GLYPHS = 255
"""Glyphs of one font: its codes are single bytes, and 0 is left out."""
_HEAD = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"


@dataclass(frozen=True)
class Image:
    """A picture on a page, in points from its lower left corner. `data` is JPEG, or grey pixels row by row."""

    x: float
    y: float
    width: float
    height: float
    pixels: tuple[int, int]
    data: bytes
    is_jpeg: bool


@dataclass(frozen=True)
class Text:
    """A line of text on a page: where its baseline begins, in points, and the size of its font."""

    x: float
    y: float
    size: float
    text: str


@dataclass
class Page:
    """A page. Pictures lie over each other in their order."""

    images: list[Image] = field(default_factory=list[Image])
    texts: list[Text] = field(default_factory=list[Text])


class PdfFile:
    """A PDF that is written page by page. `advance`: the width of a letter in thousandths of the font's size."""

    def __init__(self, stream: BinaryIO, size: tuple[float, float], advance: Callable[[str], int]) -> None:
        self._stream = stream
        self._size = size
        self._advance = advance
        self._codes: dict[str, int] = {}
        self._offsets: dict[int, int] = {}
        self._pages: list[int] = []
        self._next = 4  # 1: catalog, 2: tree of pages, 3: resources of all text
        self._at = 0
        self._write(_HEAD)

    def add(self, page: Page) -> None:
        """Write a page."""
        names: list[str] = []
        drawn: list[str] = []
        for number, image in enumerate(page.images):
            names.append(f"/I{number} {self._image(image)} 0 R")
            drawn.append(f"q {_n(image.width)} 0 0 {_n(image.height)} {_n(image.x)} {_n(image.y)} cm /I{number} Do Q")
        drawn += [f"BT 3 Tr {self._shown(text)} ET" for text in page.texts if text.text]
        content = self._add_stream("\n".join(drawn).encode("ascii"))
        width, height = self._size
        self._pages.append(
            self._add(
                f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {_n(width)} {_n(height)}] /Contents {content} 0 R"
                f" /Resources << /XObject << {' '.join(names)} >> /Font 3 0 R >> >>"
            )
        )

    def finish(self, title: str, language: str) -> None:
        """Write the fonts and the end of the file."""
        letters = list(self._codes)
        fonts = [
            f"/F{number} {self._font(letters[start : start + _GLYPHS])} 0 R"
            for number, start in enumerate(range(0, len(letters), _GLYPHS))
        ]
        self._object(3, f"<< {' '.join(fonts)} >>".encode())
        pages = " ".join(f"{page} 0 R" for page in self._pages)
        self._object(2, f"<< /Type /Pages /Count {len(self._pages)} /Kids [{pages}] >>".encode())
        self._object(1, f"<< /Type /Catalog /Pages 2 0 R /Lang {_hex(language)} >>".encode())
        info = self._add(f"<< /Title {_hex(title)} /Producer {_hex('clash')} >>")
        start = self._at
        table = "".join(f"{self._offsets[number]:010d} 00000 n \n" for number in range(1, self._next))
        self._write(
            f"xref\n0 {self._next}\n0000000000 65535 f \n{table}"
            f"trailer\n<< /Size {self._next} /Root 1 0 R /Info {info} 0 R >>\nstartxref\n{start}\n%%EOF\n".encode()
        )

    # -- text ----------------------------------------------------------------------------------------------------

    def _shown(self, text: Text) -> str:
        """Return the operators that show a line unseen, with a change of font wherever its letters need one."""
        parts = [f"1 0 0 1 {_n(text.x)} {_n(text.y)} Tm"]
        for font, codes in self._runs(text.text):
            parts.append(f"/F{font} {_n(text.size)} Tf <{codes}> Tj")
        return " ".join(parts)

    def _runs(self, text: str) -> Iterator[tuple[int, str]]:
        font, run = -1, ""
        for letter in text:
            place = self._codes.setdefault(letter, len(self._codes))
            if place // _GLYPHS != font:
                if run:
                    yield font, run
                font, run = place // _GLYPHS, ""
            run += f"{place % _GLYPHS + 1:02x}"
        if run:
            yield font, run

    def _font(self, letters: Sequence[str]) -> int:
        """Write a font whose glyphs are empty, as wide as these letters, and mean them."""
        widths = [self._advance(letter) for letter in letters]
        empty = {width: self._add_stream(f"{width} 0 d0".encode()) for width in sorted(set(widths))}
        procs = " ".join(f"/g{code} {empty[width]} 0 R" for code, width in enumerate(widths, start=1))
        names = " ".join(f"/g{code}" for code in range(1, len(letters) + 1))
        meaning = self._add_stream(_to_unicode(letters))
        return self._add(
            "<< /Type /Font /Subtype /Type3 /FontBBox [0 -200 1000 900] /FontMatrix [0.001 0 0 0.001 0 0]"
            f" /CharProcs << {procs} >> /Encoding << /Type /Encoding /Differences [1 {names}] >>"
            f" /FirstChar 1 /LastChar {len(letters)} /Widths [{' '.join(map(str, widths))}]"
            f" /Resources << >> /ToUnicode {meaning} 0 R >>"
        )

    # -- objects -------------------------------------------------------------------------------------------------

    def _image(self, image: Image) -> int:
        width, height = image.pixels
        about = f"/Type /XObject /Subtype /Image /Width {width} /Height {height} /BitsPerComponent 8"
        if image.is_jpeg:
            return self._add_stream(image.data, f"{about} /ColorSpace /DeviceRGB /Filter /DCTDecode", packed=True)
        return self._add_stream(image.data, f"{about} /ColorSpace /DeviceGray")

    def _add(self, content: str) -> int:
        number = self._next
        self._next += 1
        self._object(number, content.encode("ascii"))
        return number

    def _add_stream(self, data: bytes, about: str = "", *, packed: bool = False) -> int:
        number = self._next
        self._next += 1
        body = data if packed else zlib.compress(data, 6)
        how = "" if packed else " /Filter /FlateDecode"
        head = f"<< {about}{how} /Length {len(body)} >>\nstream\n".encode("ascii")
        self._object(number, head + body + b"\nendstream")
        return number

    def _object(self, number: int, content: bytes) -> None:
        self._offsets[number] = self._at
        self._write(f"{number} 0 obj\n".encode() + content + b"\nendobj\n")

    def _write(self, data: bytes) -> None:
        self._stream.write(data)
        self._at += len(data)


def write_pdf(
    path: Path,
    pages: Iterator[Page],
    *,
    size: tuple[float, float],
    advance: Callable[[str], int],
    title: str,
    language: str,
) -> None:
    """Write a PDF of these pages. `size` is that of each, in points. Raises `OSError`."""
    with path.open("wb") as stream:
        file = PdfFile(stream, size, advance)
        for page in pages:
            file.add(page)
        file.finish(title, language)


def _to_unicode(letters: Sequence[str]) -> bytes:
    """Return the map from codes to letters (ISO 32000-1, 9.10.3)."""
    rows = [f"<{code:02x}> <{letter.encode('utf-16-be').hex()}>" for code, letter in enumerate(letters, start=1)]
    blocks = [rows[start : start + 100] for start in range(0, len(rows), 100)]
    maps = "\n".join(f"{len(block)} beginbfchar\n" + "\n".join(block) + "\nendbfchar" for block in blocks)
    return (
        "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n/CMapName /clash def\n/CMapType 2 def\n"
        f"1 begincodespacerange\n<01> <ff>\nendcodespacerange\n{maps}\nendcmap\n"
        "CMapName currentdict /CMap defineresource pop\nend\nend\n"
    ).encode("ascii")


def _hex(text: str) -> str:
    return f"<{(chr(0xFEFF) + text).encode('utf-16-be', 'replace').hex()}>"


def _n(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".")
