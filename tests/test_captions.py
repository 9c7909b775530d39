"""Captions and slate: legible, only in their time, still while the picture moves, nothing lost for length."""

from __future__ import annotations

import numpy as np
import pytest
from cpu_time import grows_in_line
from numpy.typing import NDArray

from clash.film.captions import Words, lay_over
from clash.film.encoder import Frame, planes_of

W, H, FPS = 640, 360, 24
GREY = 120
LONG = (
    "The lamp had been dark for eleven years, and every winter the harbour master wrote the same letter to the "
    "ministry, and every spring the same answer came back across the water: there was no money, there were no "
    "ships, and nobody in the capital remembered that the rock had a name."
)


def _grey(width: int = W, height: int = H) -> Frame:
    picture = np.full((height * 3 // 2, width), 128, np.uint8)
    planes_of(picture, width, height)[0][:] = GREY
    return picture


def _film(
    words: list[Words], count: int = 24, slate: str = "", width: int = W, height: int = H
) -> list[NDArray[np.uint8]]:
    """The luma of `count` grey frames with words laid over them."""
    frames = [_grey(width, height) for _ in range(count)]
    laid = lay_over(frames, words, slate=slate, width=width, height=height, fps=FPS)
    return [planes_of(frame, width, height)[0].copy() for frame in laid]


def _touched(luma: NDArray[np.uint8]) -> bool:
    return bool((luma != GREY).any())


def _ink(luma: NDArray[np.uint8]) -> int:
    """How many pixels are as bright as the letters."""
    return int((luma > 200).sum())


def test_a_caption_shows_in_its_window_only() -> None:
    """Frames before and after the caption's time are exactly as the camera left them."""
    film = _film([Words(6, 18, "You came back.", "Tomas")])
    assert [_touched(luma) for luma in film] == [6 <= number < 18 for number in range(24)]


def test_a_caption_fades_in_and_out() -> None:
    """Its light rises over the first frames, holds, and falls over the last."""
    film = _film([Words(0, 24, "You came back.")])
    brightest = [int(luma.max()) for luma in film]
    assert brightest[0] < brightest[1] < brightest[3] < brightest[8] > brightest[21] > brightest[23]
    assert brightest[4:20] == [brightest[8]] * 16


def test_letters_are_bright_on_dark() -> None:
    """Even over a white picture, letters differ from what lies behind them enough to be read."""
    white = np.full((H * 3 // 2, W), 128, np.uint8)
    planes_of(white, W, H)[0][:] = 235
    laid = list(
        lay_over([white.copy() for _ in range(12)], [Words(0, 12, "MMMM")], slate="", width=W, height=H, fps=FPS)
    )
    luma = planes_of(laid[6], W, H)[0]
    rows = np.flatnonzero(luma[:, W // 2 - 20 : W // 2 + 20].min(axis=1) < 150)
    around = luma[rows[len(rows) // 2] :, W // 2 - 40 : W // 2 + 40]
    assert int(around.max()) - int(np.median(around)) > 100


def test_the_upper_half_is_left_alone() -> None:
    """A caption darkens only the lower part of the picture."""
    assert not _touched(_film([Words(0, 24, "You came back.", "Tomas")])[12][: H // 2])


@pytest.mark.parametrize("text", [LONG[:90], "天还没有亮，阿岚一个人走到码头，等那条不会回来的船。"])
def test_upright_words_are_above_the_buttons(text: str) -> None:
    """In a film of 9:16 no letter is in the lowest fifth, where a phone's buttons are, nor at the right edge."""
    luma = _film([Words(0, 24, text, "Mara")], width=360, height=640)[12]
    rows, columns = np.nonzero(luma > 200)
    assert rows.min() > 640 * 0.5
    assert rows.max() < 640 * 0.81
    assert 360 * 0.05 < columns.min() < columns.max() < 360 * 0.95


def test_words_do_not_move() -> None:
    """The letters of a caption stand on the same pixels in every frame."""
    film = _film([Words(0, 24, "You came back.", "Tomas")])
    assert all(np.array_equal(film[10], luma) for luma in film[6:18])


def _pill(speaker: str) -> tuple[NDArray[np.intp], tuple[int, int]]:
    """The rows of the picture that are coloured under this speaker's caption, and the colour (Cb, Cr)."""
    frames = [_grey() for _ in range(8)]
    laid = list(lay_over(frames, [Words(0, 16, "MMM", speaker)], slate="", width=W, height=H, fps=FPS))
    luma, blue, red = planes_of(laid[-1], W, H)
    colour = np.abs(blue.astype(int) - 128) + np.abs(red.astype(int) - 128)
    place = np.unravel_index(int(colour.argmax()), colour.shape)
    bright = np.flatnonzero((luma > 225).any(axis=1))
    rows = np.flatnonzero(colour.max(axis=1) > 24) * 2
    assert not len(rows) or rows.max() < bright.max()
    return rows, (int(blue[place]), int(red[place]))


def test_the_speaker_is_above_the_words() -> None:
    """A name makes a coloured pill above the text, without one there is none, and a speaker keeps one colour."""
    rows, colour = _pill("Mara")
    assert len(rows) > 5
    assert not len(_pill("")[0])
    assert _pill("Mara")[1] == colour
    assert len({_pill(name)[1] for name in ("Mara", "Tomas", "小禾", "Ada", "Ben")}) > 2


@pytest.mark.parametrize("text", ["灯塔黑了十一年。", "Éloïse, Straße", "Тьма"])
def test_every_script_of_the_family_is_drawn(text: str) -> None:
    """Chinese, accents and Cyrillic leave ink, and each its own."""
    drawn = _film([Words(0, 24, text)])[12]
    other = _film([Words(0, 24, text[::-1])])[12]
    assert _ink(drawn) > 60
    assert not np.array_equal(drawn, other)


@pytest.mark.parametrize("text", ["", "   ", "\x00\u202e", "😀"])
def test_a_caption_without_letters_leaves_the_picture_alone(text: str) -> None:
    """Nothing to draw is nothing drawn: no empty bar, no lonely name."""
    assert not any(_touched(luma) for luma in _film([Words(0, 24, text, "Mara")]))


def test_long_text_is_split_into_pages() -> None:
    """Text that one page cannot hold is shown page after page, each standing long enough to be read."""
    film = _film([Words(0, 192, LONG)], 192)
    turns = [n for n in range(8, 184) if not np.array_equal(film[n], film[n - 1])]
    assert len(turns) >= 1
    assert min(np.diff([0, *turns, 192])) >= 0.9 * FPS
    assert all(_ink(film[number]) > 500 for number in (10, *turns, 180))


def test_smaller_text_is_tried_before_pages() -> None:
    """A text a little too long is set smaller and stays on one page."""
    film = _film([Words(0, 48, LONG[:135])], 48)
    assert all(np.array_equal(film[24], luma) for luma in film[8:40])


def test_twenty_thousand_letters_are_bounded() -> None:
    """A whole cell of text in four seconds is cut to pages that can be read, in no more than its share of time."""
    film = _film([Words(0, 96, (LONG * 80)[:20_000])], 96)
    assert grows_in_line(lambda size: _film([Words(0, 96, (LONG * 80)[:size])], 96), 4_000, 20_000)
    assert len([n for n in range(8, 88) if not np.array_equal(film[n], film[n - 1])]) <= 4


def test_the_later_caption_replaces_the_earlier() -> None:
    """Captions that overlap, or come out of order, are never drawn over each other."""
    early, late = Words(0, 20, "The first of them.", "A"), Words(10, 24, "The second.", "B")
    both, second = _film([late, early]), _film([late])
    assert all(np.array_equal(a, b) for a, b in zip(both[10:], second[10:], strict=True))
    assert np.array_equal(both[5], _film([early])[5])


def test_the_slate_is_on_every_frame() -> None:
    """The technical line is in the upper left corner of all frames, and nowhere else."""
    film = _film([], slate="SC 02  SHOT 003  MS  PUSH IN")
    assert all(_touched(luma[: H // 6, : W // 2]) for luma in film)
    assert not any(_touched(luma[H // 6 :]) or _touched(luma[:, W // 2 + 40 :]) for luma in film)


def test_a_long_slate_stays_in_the_picture() -> None:
    """Fields that do not fit are cut with an ellipsis."""
    assert _touched(_film([], slate="  ".join(["FIELD NUMBER"] * 40))[0])


@pytest.mark.parametrize(("width", "height"), [(16, 16), (64, 36), (360, 640), (1000, 400), (500, 500)])
def test_captions_work_on_every_shape_of_film(width: int, height: int) -> None:
    """Upright, square, very wide and tiny films all show their captions within the frame."""
    film = _film([Words(0, 12, LONG[:60], "Tomas")], 12, "SC 1  SHOT 1", width, height)
    assert film[6].shape == (height, width)
    assert _touched(film[6])
    if min(width, height) > 300:
        assert _ink(film[6]) > 300
        assert not (film[6][:, :8] > 200).any()
        assert not (film[6][:, -8:] > 200).any()
