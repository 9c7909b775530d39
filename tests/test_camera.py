"""Camera moves: the right way, at an even pace, without jitter, and never standing still."""

from __future__ import annotations

import threading
from itertools import islice, pairwise
from typing import get_args

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from clash.errors import FilmError
from clash.film.camera import CameraMove, frames
from clash.film.encoder import Frame, planes_of
from clash.story.screenplay import Movement

MOVEMENTS: tuple[Movement, ...] = get_args(Movement)
W, H, FPS = 640, 360, 24


def _blob(width: int = 1280, height: int = 720, radius: float = 60.0) -> Image.Image:
    """A soft bright spot on black, in the middle of the still."""
    y, x = np.mgrid[0:height, 0:width]
    away = ((x - width / 2 + 0.5) ** 2 + (y - height / 2 + 0.5) ** 2) / radius**2
    level = np.rint(235 * np.exp(-away)).astype(np.uint8)
    return Image.fromarray(np.stack([level] * 3, -1))


def _luma(frame: Frame, width: int = W, height: int = H) -> NDArray[np.float64]:
    return planes_of(frame, width, height)[0].astype(np.float64) - 16


def _shot(movement: Movement, count: int = 48, still: Image.Image | None = None) -> list[NDArray[np.float64]]:
    pictures = frames(still or _blob(), movement, count=count, width=W, height=H, fps=FPS)
    return [_luma(picture) for picture in pictures]


def _spot(luma: NDArray[np.float64]) -> tuple[float, float, float]:
    """Where the spot is (x, y, in pixels) and its radius."""
    light = luma.clip(0)
    y, x = np.mgrid[0 : luma.shape[0], 0 : luma.shape[1]]
    total = light.sum()
    middle_x, middle_y = (x * light).sum() / total, (y * light).sum() / total
    spread = ((x - middle_x) ** 2 * light).sum() / total
    return middle_x, middle_y, float(np.sqrt(spread))


@pytest.mark.parametrize("movement", MOVEMENTS)
def test_a_shot_has_exactly_the_frames_asked_for(movement: Movement) -> None:
    """Every move gives the count of frames that was asked, down to one, each filled to its corners."""
    white = Image.new("RGB", (320, 180), "white")
    for count in (1, 2, 7):
        shot = _shot(movement, count, white)
        assert len(shot) == count
        assert min(luma.min() for luma in shot) == 219


@pytest.mark.parametrize("movement", MOVEMENTS)
@pytest.mark.parametrize(("width", "height"), [(16, 16), (64, 36), (16, 200), (1920, 800)])
def test_films_of_every_size_are_made(movement: Movement, width: int, height: int) -> None:
    """The smallest film, narrow ones and wide ones get whole pictures of their size."""
    shot = list(frames(_blob(320, 180, 20), movement, count=4, width=width, height=height, fps=FPS))
    assert [picture.shape for picture in shot] == [(height * 3 // 2, width)] * 4


@pytest.mark.parametrize(("movement", "sign"), [("pan_left", 1), ("pan_right", -1), ("tilt_up", 1), ("tilt_down", -1)])
def test_pans_and_tilts_move_in_their_direction(movement: Movement, sign: int) -> None:
    """When the camera pans left, what it sees moves right; when it tilts up, things move down."""
    shot = _shot(movement)
    axis = 0 if movement.startswith("pan") else 1
    way = [_spot(luma)[axis] for luma in shot]
    assert sign * (way[-1] - way[0]) > 0.05 * (W, H)[axis]


@pytest.mark.parametrize(("movement", "sign"), [("push_in", 1), ("pull_out", -1)])
def test_pushing_in_enlarges_and_pulling_out_shrinks(movement: Movement, sign: int) -> None:
    """The spot grows all the way of a push, and shrinks all the way of a pull."""
    sizes = [_spot(luma)[2] for luma in _shot(movement)]
    assert sign * (sizes[-1] / sizes[0] - 1) > 0.05 * (1 if sign > 0 else 0.9)
    assert all(sign * (b - a) > -0.03 for a, b in pairwise(sizes))


@pytest.mark.parametrize("movement", MOVEMENTS)
def test_the_picture_moves_without_jitter(movement: Movement) -> None:
    """Where the spot is measured to be differs by less than 0.05 px from where the move has it, on every frame."""
    count = 72
    move = CameraMove.of(movement, (count - 1) / FPS)
    off: list[float] = []
    for number, luma in enumerate(_shot(movement, count)):
        left, upper, right, lower = move.box(number / FPS, 1280, 720)
        x, y, _ = _spot(luma)
        off.append(x + 0.5 - (640 - left) * W / (right - left))
        off.append(y + 0.5 - (360 - upper) * H / (lower - upper))
    assert max(map(abs, off)) < 0.05


@pytest.mark.parametrize("movement", MOVEMENTS)
def test_speed_changes_gently(movement: Movement) -> None:
    """From frame to frame no corner of a 1280-pixel film changes its speed by more than 0.1 px."""
    move = CameraMove.of(movement, 4.0)
    boxes = np.array([move.box(number / FPS, 1280, 720) for number in range(96)])
    assert np.abs(np.diff(boxes, 2, axis=0)).max() < 0.1


@pytest.mark.parametrize("movement", MOVEMENTS)
@pytest.mark.parametrize("seconds", [1.0, 5.0, 20.0, 120.0])
def test_every_shot_moves(movement: Movement, seconds: float) -> None:
    """In any three quarters of a second of any shot, some edge of a 1280-pixel film moves by a pixel."""
    move = CameraMove.of(movement, seconds)
    boxes = np.array([move.box(second, 1280, 720) for second in np.arange(0, seconds, 0.25)])
    assert np.abs(boxes[3:] - boxes[:-3]).max(axis=1).min() > 0.9


@pytest.mark.parametrize("movement", MOVEMENTS)
@pytest.mark.parametrize("shape", [(1280, 720), (720, 1280), (1000, 1000)])
def test_the_camera_never_leaves_the_still(movement: Movement, shape: tuple[int, int]) -> None:
    """Whatever the move, its length and the film's shape, every view lies within the still."""
    width, height = shape
    for seconds in (0.1, 3.0, 60.0):
        move = CameraMove.of(movement, seconds)
        for second in np.linspace(0, seconds, 50):
            left, upper, right, lower = move.box(float(second), width, height)
            assert 0 < left < right < width
            assert 0 < upper < lower < height
            assert (right - left) / (lower - upper) == pytest.approx(width / height)


def test_a_still_of_another_shape_is_filled_not_stretched() -> None:
    """A round spot of a tall still stays round in a wide film."""
    luma = _shot("static", 1, _blob(720, 1280))[0]
    light = luma.clip(0)
    y, x = np.mgrid[0:H, 0:W]
    spread = [np.sqrt(((a - (a * light).sum() / light.sum()) ** 2 * light).sum() / light.sum()) for a in (x, y)]
    assert spread[0] == pytest.approx(spread[1], rel=0.02)


def test_chroma_is_aligned_with_luma() -> None:
    """Red and its brightness share their edge: the chroma planes move with the luma to a quarter of a pixel."""
    still = Image.new("RGB", (1280, 720), (90, 90, 90))
    still.paste((230, 120, 120), (640, 0, 1280, 720))
    picture = next(iter(frames(still, "static", count=1, width=W, height=H, fps=FPS)))
    luma, _, red = (plane[H // 4].astype(float) for plane in planes_of(picture, W, H))
    edges = [np.interp(0.5, _rise(row), np.arange(len(row))) for row in (luma, red)]
    assert edges[1] * 2 == pytest.approx(edges[0], abs=0.35)


def _rise(row: NDArray[np.float64]) -> NDArray[np.float64]:
    rise = (row - row[0]) / (row[-1] - row[0])
    return np.maximum.accumulate(rise)


@pytest.mark.parametrize(("width", "height"), [(641, 360), (640, 361), (8, 8), (10_000, 360)])
def test_impossible_film_sizes_are_refused(width: int, height: int) -> None:
    """Odd, tiny and huge sides are an error that says so, before anything is made."""
    with pytest.raises(FilmError, match=f"{width}x{height}"):
        frames(_blob(), "static", count=1, width=width, height=height, fps=FPS)


def test_the_same_still_gives_the_same_frames() -> None:
    """Two threads cut the frames, yet they come in order and alike every time."""
    for first, second in zip(_shot("pan_left", 20), _shot("pan_left", 20), strict=True):
        assert np.array_equal(first, second)


def test_frames_are_made_on_demand() -> None:
    """An hour's shot costs nothing until its frames are asked for, and lets go of its threads when dropped."""
    shot = frames(_blob(), "static", count=86_400, width=W, height=H, fps=FPS)
    assert len(list(islice(shot, 3))) == 3
    del shot
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("camera")]
