"""From bytes to text: which encoding a file is in, told by evidence rather than by trying one after another."""

from __future__ import annotations

import codecs
import re
from functools import cache
from importlib import resources
from typing import NamedTuple

from clash.errors import StoryError
from clash.story.headers import meaning_of
from clash.story.signatures import kind_of_file

LARGEST_BYTES = 64 * 1024 * 1024

_HEADER_IN_ROWS = 4
_SAMPLE = 65_536
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_GIVE_A_TABLE = "Give a table: CSV, Excel, Markdown, JSON."
_BINARY_SHARE = 20
"""One control character in so many bytes is more than a text has in any encoding."""
_CONTROL_BYTES = bytes(byte for byte in range(32) if byte not in b"\t\n\x0b\x0c\r\x1a\x1b")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")
_SOFT_BREAK = re.compile("[\x0b\x0c\x85\u2028\u2029]")
_LEAST_SURE = 0.9
"""Of Windows-1252, in which almost every file can be read."""
_CELLS = re.compile(r"[,;\t|\n\r]")
_NAMES = {
    "gb18030": "GB18030 (Chinese)",
    "big5": "Big5 (traditional Chinese)",
    "cp932": "Shift-JIS (Japanese)",
    "cp949": "EUC-KR (Korean)",
    "cp1251": "Windows-1251 (Cyrillic)",
    "cp1252": "Windows-1252 (Western European)",
    "cp1250": "Windows-1250 (Central European)",
    "cp1254": "Windows-1254 (Turkish)",
}
_LABELS = {"cp932": "shift_jis", "cp949": "euc-kr"} | {
    f"cp{page}": f"windows-{page}" for page in (1250, 1251, 1252, 1254)
}
_SIGNS = "’‘“”„–—…«»°€"
_LATIN = {
    "cp1250": (0.8, "ąćęłńóśźżĄĆĘŁŃÓŚŹŻáčďéěíňřšťúůýžÁČĎÉĚÍŇŘŠŤÚŮÝŽ" + _SIGNS),
    "cp1254": (0.85, "çğıöşüÇĞİÖŞÜâîû" + _SIGNS),
}
"""Of the pages that share most letters with Windows-1252: how sure they are, and the letters of their languages."""


class Text(NamedTuple):
    """A file's text, the encoding that it was in, and what had to be done to it."""

    text: str
    encoding: str
    warnings: list[str]


def decode(content: bytes, *, name: str) -> Text:
    """The text of a file. Raises `StoryError` for what is empty, too large, no text, or in two encodings."""
    if len(content) > LARGEST_BYTES:
        raise StoryError(
            f"{name} is {len(content) / 1_000_000:.0f} MB; a story has at most {LARGEST_BYTES // 1024 // 1024} MB"
        )
    if not content or content.isspace():
        raise empty(name)
    if what := kind_of_file(content):
        hint = "In Excel: save as .xlsx or 'CSV UTF-8'." if "Excel" in what else _GIVE_A_TABLE
        raise StoryError(f"{name} is no text: it is {what}", hint=hint)
    text, encoding, warnings = _decoded(content, name)
    controls = sum(1 for _ in _CONTROL.finditer(text))
    if _is_heavy(controls, len(text)):
        raise StoryError(f"{name} is no text: it is full of control characters", hint=_GIVE_A_TABLE)
    if controls:
        kind = "NUL and other control" if "\x00" in text else "control"
        warnings.append(f"{controls} {kind} character{'s were' if controls > 1 else ' was'} left out")
        text = _CONTROL.sub("", text)
    if _SOFT_BREAK.search(text):
        text = _SOFT_BREAK.sub("\n", text)
    return Text(text.removeprefix("\ufeff"), encoding, warnings)


def empty(name: str) -> StoryError:
    """The error of a file without a table."""
    return StoryError(f"{name} is empty", hint="A story needs a header row and at least one row below it.")


def _decoded(content: bytes, name: str) -> tuple[str, str, list[str]]:
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            shown = encoding.removesuffix("-sig")
            try:
                return content.decode(encoding), shown, []
            except UnicodeDecodeError as error:
                raise _not_text(name, shown.upper(), content, error) from error
    if wide := _utf16_without_mark(content):
        try:
            return content.decode(wide), "utf-16", []
        except UnicodeDecodeError as error:
            raise _not_text(name, "UTF-16", content, error) from error
    if _is_heavy(content.count(0), len(content)):
        raise StoryError(
            f"{name} is no text: it is full of NUL characters",
            hint="If a spreadsheet wrote it, save it as 'CSV UTF-8'.",
        )
    try:
        return content.decode("utf-8"), "utf-8", []
    except UnicodeDecodeError as error:
        not_utf8 = error
    if row := _row_of_another_encoding(content):
        raise StoryError(
            f"{name}, row {row}: this row is not UTF-8, though the others are (byte {not_utf8.start + 1})",
            row=row,
            hint="Save the whole table as UTF-8.",
        )
    return _by_evidence(content, name, not_utf8)


def _utf16_without_mark(content: bytes) -> str:
    """UTF-16 without its mark: every other byte of its delimiters and line ends is 0."""
    sample = content[:4096]
    if len(sample) < 8 or len(content) % 2:
        return ""
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    half = len(sample) // 2
    if max(even, odd) * 8 < half or min(even, odd) * 20 > half:
        return ""
    encoding = "utf-16-le" if odd > even else "utf-16-be"
    # The evidence is a header that is known: other bytes may alternate with zeros too.
    text = sample.decode(encoding, "ignore")
    known = any(
        meaning_of(cell.strip('" ')).is_known for line in text.split("\n")[:4] for cell in _CELLS.split(line)[:40]
    )
    return encoding if known else ""


def _row_of_another_encoding(content: bytes) -> int:
    """The first row that is not UTF-8 in a file of which other rows surely are; 0 if there is none.

    Bytes beyond ASCII are seldom UTF-8 by chance: most of the rows that have them are, or the header is and is known,
    or they stand alone among ASCII letters.
    """
    right = 0
    wrong: list[int] = []
    header = False
    for number, line in enumerate(content.splitlines(), start=1):
        if line.isascii():
            continue
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError:
            wrong.append(number)
            continue
        right += 1
        if number <= _HEADER_IN_ROWS:
            cells = [cell.strip('" ') for cell in _CELLS.split(text)[:40]]
            header = header or any(not cell.isascii() and meaning_of(cell).is_known for cell in cells)
    is_mixed = right >= 2 * len(wrong) or header or (right > 0 and _looks_western(content))
    return wrong[0] if wrong and is_mixed else 0


def _by_evidence(content: bytes, name: str, not_utf8: UnicodeDecodeError) -> tuple[str, str, list[str]]:
    """The encoding under which most headers are known and most letters are frequent ones."""
    sample = content[:_SAMPLE]
    best: tuple[float, str] = (0.0, "")
    western = _looks_western(content)
    for encoding in ("gb18030", "big5", "cp932", "cp949", "cp1251", "cp1252", *_LATIN):
        # A character may be cut in two at the sample's end.
        text = _tried(sample, encoding)
        if text is None:
            continue
        score = _evidence(text, encoding, western=western)
        if score > best[0]:
            best = (score, encoding)
    encoding = best[1] or ("cp1252" if western else "gb18030")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        raise _not_text(name, "UTF-8 nor GB18030", content, not_utf8) from error
    if encoding == "gb18030":
        return text, "gb18030", []
    return text, _LABELS.get(encoding, encoding), [f"the file is not UTF-8; it was read as {_NAMES[encoding]}"]


def _tried(sample: bytes, encoding: str) -> str | None:
    for cut in range(4):
        try:
            return sample[: len(sample) - cut].decode(encoding)
        except UnicodeDecodeError:
            if len(sample) < _SAMPLE:
                return None
    return None


def _evidence(text: str, encoding: str, *, western: bool) -> float:
    letters = [letter for letter in text if letter > "\x7f"]
    if not letters:
        return 0.0
    headers = [cell.strip().strip('"') for line in text.split("\n")[:4] for cell in _CELLS.split(line)][:60]
    known = sum(1 for cell in headers if cell and not cell.isascii() and len(cell) < 40 and meaning_of(cell).is_known)
    if encoding == "cp1252":
        share = sum(letter in "éèêëàâäáãçñíîïìóôöòõúûüùßÀÉÈÖÜÄÇÑ’‘“”–—…«»¿¡œæøåÅØ€°" for letter in letters) / len(
            letters
        )
        return (share if western else share / 4) * _LEAST_SURE + known
    if encoding in _LATIN:
        sure, own = _LATIN[encoding]
        return sure * sum(letter in own for letter in letters) / len(letters) + known if western else 0.0
    frequent = _frequent()[encoding]
    if encoding == "cp932" and not any("\u3040" <= letter <= "\u30ff" for letter in letters):
        return 0.0
    share = sum(letter in frequent for letter in letters) / len(letters)
    if encoding == "cp1251":
        # Cyrillic comes in words; Windows-1252 has one such letter among ASCII ones.
        return 0.0 if western or len(set(letters)) < 6 else share + known
    halfwidth = sum("\uff61" <= letter <= "\uff9f" or "\ue000" <= letter <= "\uf8ff" for letter in letters)
    if encoding == "gb18030" and western:
        # Nearly every pair of bytes is a character of GB18030, so that it proves little; its runs of bytes are even.
        return 0.0
    return share + known - halfwidth / len(letters)


@cache
def _frequent() -> dict[str, str]:
    text = resources.files("clash.story.languages").joinpath("frequent.txt").read_text(encoding="utf-8")
    return dict(line.split(" ", 1) for line in text.splitlines() if line and not line.startswith("#"))


def _is_heavy(count: int, length: int) -> bool:
    """Whether so much of a file is control characters that it is no text: a few slip into good files."""
    return count * 4 > length or (count > 16 and count * 20 > length)


def _looks_western(content: bytes) -> bool:
    """Whether the bytes above 127 stand alone among ASCII letters, as é and ’ do in Windows-1252.

    Chinese in GB18030 comes in runs of an even number of such bytes, seldom one at a time.
    """
    runs = re.findall(rb"[\x80-\xff]+", content[:_SAMPLE])
    return sum(len(run) == 1 for run in runs) * 2 > len(runs)


def _not_text(name: str, encoding: str, content: bytes, error: UnicodeDecodeError) -> StoryError:
    sample = content[:_SAMPLE]
    if "UTF-16" not in encoding and (len(sample) - len(sample.translate(None, _CONTROL_BYTES))) * _BINARY_SHARE > len(
        sample
    ):
        return StoryError(f"{name} is no text: it is a binary file, such as a picture or a film", hint=_GIVE_A_TABLE)
    line = content.count(b"\n", 0, error.start) + 1
    neither = "neither " if " nor " in encoding else "not "
    return StoryError(
        f"{name} is no text: it is {neither}{encoding} (byte {error.start + 1}, in line {line})",
        hint="Save it as UTF-8.",
    )
