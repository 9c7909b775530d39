"""Words on the screen in the picture: legible, clear of slate and captions, all of them shown, in every shape."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from clash.film.captions import Words, lay_over
from clash.film.encoder import Frame, planes_of
from clash.film.lettering import FADE_FRAMES
from clash.film.treatment import Treatment, treated

GREY = 120
SHAPES = [(640, 360), (360, 640), (480, 480)]
COUNT = 24
SPOKEN = "天还没有亮，阿岚一个人走到码头，等那条不会回来的船。" * 4
"""On one page it has as many lines as a caption may have."""
LONG = "The lamp had been dark for eleven years, and every winter the harbour master wrote the same letter. " * 4


def grey(width: int, height: int) -> Frame:
    """A grey frame."""
    picture = np.full((height * 3 // 2, width), 128, np.uint8)
    planes_of(picture, width, height)[0][:] = GREY
    return picture


def film(
    on_screen: str, width: int, height: int, *, words: tuple[Words, ...] = (), slate: str = "", count: int = COUNT
) -> list[NDArray[np.uint8]]:
    """The luma of a grey shot with this laid over it."""
    frames = [grey(width, height) for _ in range(count)]
    laid = lay_over(frames, words, slate=slate, width=width, height=height, fps=24, on_screen=on_screen, count=count)
    return [planes_of(frame, width, height)[0].copy() for frame in laid]


def touched(luma: NDArray[np.uint8]) -> NDArray[np.intp]:
    """The rows that are changed."""
    return np.flatnonzero((luma != GREY).any(axis=1))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("text", ["三年后", "Somewhere in Norway\n1994", "岬の灯台　午後九時", "Три года спустя", LONG])
def test_they_touch_neither_slate_nor_captions(text: str, shape: tuple[int, int]) -> None:
    """They stand below the slate, and above the letters and the name of the longest caption."""
    width, height = shape
    rows = touched(film(text, width, height)[12])
    slate = touched(film("", width, height, slate="SC 02   SHOT 003   MS   PUSH IN")[12])
    caption = film("", width, height, words=(Words(0, COUNT, SPOKEN, "阿岚"),))[12]
    letters = np.flatnonzero((caption > 150).any(axis=1))
    assert len(rows)
    assert slate.max() < rows.min()
    assert rows.max() < letters.min()


@pytest.mark.parametrize("shape", SHAPES)
def test_letters_are_bright_on_dark(shape: tuple[int, int]) -> None:
    """Also over a white picture."""
    width, height = shape
    white = [np.full((height * 3 // 2, width), 128, np.uint8) for _ in range(COUNT)]
    for frame in white:
        planes_of(frame, width, height)[0][:] = 235
    laid = list(lay_over(white, (), slate="", width=width, height=height, fps=24, on_screen="MMMM", count=COUNT))
    luma = planes_of(laid[12], width, height)[0]
    panel = luma[np.flatnonzero((luma != 235).any(axis=1))][:, width // 2 - 8 : width // 2 + 8]
    assert int(panel.max()) - int(np.percentile(panel, 20)) > 90


def test_they_are_shown_for_the_length_of_the_shot() -> None:
    """From its first frame to its last, faded in and out."""
    brightest = [int(luma.max()) for luma in film("Three years later", 640, 360)]
    assert min(brightest) > GREY
    assert brightest[0] < brightest[1] < brightest[FADE_FRAMES] == brightest[-1 - FADE_FRAMES] > brightest[-1]


def test_what_is_too_long_is_shown_in_pages() -> None:
    """Nothing is cut off: as many letters as are shown in all pages together do not fit on one."""
    shots = film(LONG * 3, 640, 360, count=96)
    pages = {luma.tobytes() for luma in shots[FADE_FRAMES:-FADE_FRAMES]}
    assert len(pages) > 1


def test_what_cannot_be_drawn_leaves_the_picture_alone() -> None:
    """Control characters and blanks are no words."""
    assert all((luma == GREY).all() for luma in film(" \n\u200b\n", 640, 360))


def test_a_treatment_with_them_is_none_to_be_copied() -> None:
    """It changes every frame of its clip, behind the fades: words stay while the picture goes."""
    treatment = Treatment(on_screen="Oslo", fade_out=6)
    assert (treatment.is_empty, treatment.span(24)) == (False, (0, 24))
    frames = treated(iter([grey(640, 360) for _ in range(24)]), treatment, count=24, width=640, height=360, fps=24)
    luma = [planes_of(frame, 640, 360)[0] for frame in frames]
    assert int(luma[19].max()) > 200
