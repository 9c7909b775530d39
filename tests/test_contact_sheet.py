"""The contact sheet, decoded and looked at."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from clash.errors import FilmError
from clash.film import contact_sheet as sheets
from clash.film.contact_sheet import NOT_DRAWN, WIDEST, Panel, contact_sheet


def frames(folder: Path, count: int, size: tuple[int, int] = (64, 36)) -> list[Panel]:
    """Pictures of one colour each, with captions."""
    made: list[Panel] = []
    for number in range(count):
        path = folder / f"{number:03d}.png"
        Image.new("RGB", size, ((number * 37) % 256, (number * 91) % 256, 200)).save(path, compress_level=1)
        made.append(Panel(path, f"{number + 1:03d} MS"))
    return made


def test_three_hundred_frames_fit_on_one_sheet(tmp_path: Path) -> None:
    """A long film's sheet stays small enough to open, and every shot is still there."""
    output = tmp_path / "sheet.part"
    shots = frames(tmp_path, 300)
    contact_sheet(shots, "A long film", output)
    sheet = Image.open(output)
    assert sheet.format == "PNG"
    assert max(sheet.size) <= WIDEST
    assert min(sheet.size) > 1500
    packed = np.asarray(sheet.convert("RGB")).astype(np.uint32)[::4, ::4] @ np.array([1, 256, 65536], np.uint32)
    wanted = {(n * 37) % 256 + (n * 91) % 256 * 256 + 200 * 65536 for n in range(300)}
    assert wanted <= set(np.unique(packed).tolist())


def test_frames_are_in_order_from_left_to_right(tmp_path: Path) -> None:
    """The first shot is at the upper left, the second right of it."""
    output = tmp_path / "sheet.png"
    colours = [(250, 0, 0), (0, 250, 0), (0, 0, 250)]
    made: list[Panel] = []
    for index, colour in enumerate(colours):
        path = tmp_path / f"{index}.jpg"
        Image.new("RGB", (320, 180), colour).save(path, quality=95)
        made.append(Panel(path, ""))
    contact_sheet(made, "三个镜头", output, columns=2)
    sheet = np.asarray(Image.open(output).convert("RGB")).astype(int)
    places = [np.argwhere(np.abs(sheet - colour).sum(axis=2) < 30).mean(axis=0) for colour in colours]
    assert places[0][1] < places[1][1]
    assert abs(places[0][0] - places[1][0]) < 2
    assert places[2][0] > places[0][0] + 100


def test_thumbnails_keep_the_shape_of_pictures(tmp_path: Path) -> None:
    """An upright picture among wide ones is not squeezed."""
    wide, tall = tmp_path / "wide.png", tmp_path / "tall.png"
    Image.new("RGB", (320, 180), (10, 200, 10)).save(wide)
    Image.new("RGB", (180, 320), (200, 10, 10)).save(tall)
    contact_sheet([Panel(wide, "a"), Panel(tall, "b")], "", tmp_path / "sheet.png")
    sheet = np.asarray(Image.open(tmp_path / "sheet.png").convert("RGB")).astype(int)
    red = np.argwhere(np.abs(sheet - (200, 10, 10)).sum(axis=2) < 12)
    height, width = red.max(axis=0) - red.min(axis=0) + 1
    assert abs(height / width - 320 / 180) < 0.05


@pytest.mark.parametrize("count", [0, 1, 2, 7])
def test_a_sheet_can_have_any_number_of_frames(tmp_path: Path, count: int) -> None:
    """No shot, one shot, an odd number: always a sheet, twice the same bytes."""
    shots = frames(tmp_path, count)
    contact_sheet(shots, "Odd ☃ [/b] \0 title " * 20, tmp_path / "one.png")
    contact_sheet(shots, "Odd ☃ [/b] \0 title " * 20, tmp_path / "two.png")
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()


def test_a_sheet_of_many_columns_is_bounded_too(tmp_path: Path) -> None:
    """Asked for one long row, the sheet stays within its bounds."""
    contact_sheet(frames(tmp_path, 40), "Row", tmp_path / "row.png", columns=40)
    assert max(Image.open(tmp_path / "row.png").size) <= WIDEST
    contact_sheet(frames(tmp_path, 40), "Column", tmp_path / "column.png", columns=1)
    assert max(Image.open(tmp_path / "column.png").size) <= WIDEST


def test_a_damaged_picture_is_named(tmp_path: Path) -> None:
    """The error says which picture could not be read."""
    path = tmp_path / "damaged.jpg"
    path.write_bytes(b"not a picture")
    with pytest.raises(FilmError, match=r"damaged\.jpg"):
        contact_sheet([Panel(path, "001")], "x", tmp_path / "sheet.png")


TEXTS = {
    "en": ("The goose waddles through the palace gate, which nobody has drawn.", "GRETA: Is anybody at home?"),
    "zh": ("大鹅摇摇摆摆地穿过没有人画过的宫门，风把旗子吹得猎猎作响。", "大鹅：有人在家吗？"),
    "ja": ("河童が霧の中の竜宮城の前に立っている。", "カッパ：だれかいますか。"),
    "ko": ("거위가 궁전 문을 지나 뒤뚱뒤뚱 걸어간다.", "그레타: 아무도 없어요?"),
    "ru": ("Гусыня идёт через дворцовые ворота.", "ГРЕТА: Есть кто дома?"),
    "de": ("Die Gans watschelt durch das Palasttor.", "GRETA: Ist jemand zu Hause?"),
}


def coloured(sheet: Image.Image, colour: tuple[int, int, int]) -> np.ndarray:
    """Where the sheet has this colour: rows of y and x."""
    return np.argwhere(np.abs(np.asarray(sheet.convert("RGB")).astype(int) - colour).sum(axis=2) < 24)


@pytest.mark.parametrize("language", TEXTS)
def test_action_and_words_are_below_their_picture(tmp_path: Path, language: str) -> None:
    """Both are written under the thumbnail in every script, within its width, one below the other."""
    path = tmp_path / "picture.png"
    Image.new("RGB", (320, 180), (10, 200, 10)).save(path)
    action, words = TEXTS[language]
    contact_sheet([Panel(path, "001  MS", action, words), Panel(path, "002  MS")], "", tmp_path / "sheet.png")
    sheet = Image.open(tmp_path / "sheet.png")
    picture = coloured(sheet, (10, 200, 10))
    left = picture[picture[:, 1] < sheet.width // 2]
    told, said = coloured(sheet, sheets.INK), coloured(sheet, sheets.SPOKEN)
    told = told[told[:, 0] > left[:, 0].max()]
    assert len(told) > 60
    assert len(said) > 60
    for text in (told, said):
        assert text[:, 1].min() >= left[:, 1].min() - 1
        assert text[:, 1].max() <= left[:, 1].max() + 1
    assert left[:, 0].max() < told[:, 0].min() < told[:, 0].max() < said[:, 0].min()


def test_long_texts_end_in_an_ellipsis_and_keep_the_words(tmp_path: Path) -> None:
    """A text of a thousand words takes its lines and no more; the words that are said are still there."""
    path = tmp_path / "picture.png"
    Image.new("RGB", (320, 180), (10, 200, 10)).save(path)
    panels = [Panel(path, "001  MS", "word " * 1000, "MARA: " + "line " * 1000)] * 6
    contact_sheet(panels, "Long", tmp_path / "sheet.png")
    sheet = Image.open(tmp_path / "sheet.png")
    assert max(sheet.size) <= WIDEST
    assert len(coloured(sheet, sheets.SPOKEN)) > 400


def test_three_hundred_shots_with_text_can_be_read(tmp_path: Path) -> None:
    """Text below three hundred pictures stays within the sheet and is written no smaller than ten pixels."""
    panels = [Panel(panel.picture, panel.label, *TEXTS["en"]) for panel in frames(tmp_path, 300)]
    contact_sheet(panels, "A long film", tmp_path / "sheet.png")
    sheet = Image.open(tmp_path / "sheet.png")
    assert max(sheet.size) <= WIDEST
    assert len(coloured(sheet, sheets.SPOKEN)) > 300 * 20


def test_a_script_that_is_not_drawn_is_named(tmp_path: Path) -> None:
    """The typeface has no Arabic: a note says where the words are, and no empty boxes are drawn."""
    path = tmp_path / "picture.png"
    Image.new("RGB", (320, 180), (10, 200, 10)).save(path)
    arabic, noted = tmp_path / "arabic.png", tmp_path / "noted.png"
    contact_sheet([Panel(path, "001", "البحر هادئ الليلة")], "", arabic)
    contact_sheet([Panel(path, "001", NOT_DRAWN)], "", noted)
    assert arabic.read_bytes() == noted.read_bytes()
