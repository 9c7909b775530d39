"""The storyboard: pages of A4 with pictures, and with text that can be selected, in Chinese and in Latin."""

from __future__ import annotations

from pathlib import Path

import pypdf
import pytest
from PIL import Image

from clash.errors import StorageError
from clash.exports.storyboard import Panel, write_storyboard


def board(
    folder: Path, panels: list[Panel], *, size: tuple[int, int] = (1280, 720), title: str = "灯塔 & Light"
) -> pypdf.PdfReader:
    """Write a storyboard and read it again."""
    path = folder / "board.pdf"
    write_storyboard(panels, path, title=title, language="zh", size=size)
    return pypdf.PdfReader(path, strict=True)


def picture(folder: Path, name: str = "key.jpg", size: tuple[int, int] = (1280, 720)) -> Path:
    """Write a keyframe."""
    Image.new("RGB", size, (200, 40, 40)).save(folder / name)
    return folder / name


def text_of(reader: pypdf.PdfReader) -> str:
    """The text of all pages."""
    return "\n".join(page.extract_text() for page in reader.pages)


def test_text_can_be_selected_in_any_script(tmp_path: Path) -> None:
    """pypdf finds title, label, action and words of each shot, in Chinese, Latin and Cyrillic."""
    panels = [
        Panel("SH001   WS   5.0 s", picture(tmp_path), "雨夜的老街，霓虹灯。", ("小禾: 还开着吗？",)),
        Panel("SH002   CU   2.0 s", picture(tmp_path), "Mara runs (fast) \\ away.", ("Mara: Ещё раз!",)),
    ]
    found = text_of(board(tmp_path, panels))
    for text in (
        "灯塔 & Light",
        "SH001",
        "雨夜的老街，霓虹灯。",
        "小禾: 还开着吗？",
        "Mara runs (fast) \\ away.",
        "Ещё раз!",
    ):
        assert text in found


def test_pages_are_a4_with_every_picture(tmp_path: Path) -> None:
    """Fourteen shots take three pages of A4 and have fourteen pictures, not larger than they are shown."""
    panels = [Panel(f"SH{number:03d}", picture(tmp_path, size=(2560, 1440)), "A.", ()) for number in range(14)]
    reader = board(tmp_path, panels)
    assert len(reader.pages) == 3
    assert {tuple(map(round, page.mediabox[2:])) for page in reader.pages} == {(595, 842)}
    shown = [image.image for page in reader.pages for image in page.images if image.image and image.image.mode == "RGB"]
    assert len(shown) == 14
    assert max(image.width for image in shown) < 1000
    assert f"1 / {len(reader.pages)}" in text_of(reader)


def test_a_long_text_is_not_cut(tmp_path: Path) -> None:
    """A text that is longer than a page goes on on the next one: its last word is there."""
    long = " ".join(f"word{number}" for number in range(1500)) + " THE END"
    reader = board(tmp_path, [Panel("SH001", picture(tmp_path), long, ()), Panel("SH002", None, "b", ())])
    found = " ".join(text_of(reader).split())
    assert len(reader.pages) > 1
    assert "word0 word1" in found
    assert "THE END" in found
    assert "SH001 ..." in found


@pytest.mark.parametrize("size", [(1280, 720), (720, 1280), (720, 720)], ids=["wide", "upright", "square"])
def test_every_shape_of_film_fits(tmp_path: Path, size: tuple[int, int]) -> None:
    """Pictures of any shape are laid out within the page."""
    panels = [Panel(f"SH{number:03d}", picture(tmp_path, size=size), "x", ()) for number in range(7)]
    assert text_of(board(tmp_path, panels, size=size)).count("SH00") == 7


def test_many_letters_have_a_meaning_each(tmp_path: Path) -> None:
    """A text of a thousand different Chinese characters is found again, letter by letter."""
    letters = "".join(chr(0x4E00 + number) for number in range(0, 3000, 3))
    found = "".join(text_of(board(tmp_path, [Panel("SH001", None, letters, ())])).split())
    assert letters in found


def test_a_damaged_picture_is_named(tmp_path: Path) -> None:
    """A keyframe that is no picture raises StorageError."""
    (tmp_path / "bad.jpg").write_bytes(b"no picture")
    with pytest.raises(StorageError, match="picture"):
        board(tmp_path, [Panel("SH001", tmp_path / "bad.jpg", "a", ())])
