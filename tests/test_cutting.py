"""Cutting boxes out of planes: each pixel of the result lies where the box has it, and is weighed as Pillow does."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from clash.film.cutting import OFF_PX, Box, Planes, span_of
from clash.film.encoder import Plane

SIZE = (704, 398)
W, H = 640, 360


def _texture(seed: int) -> Image.Image:
    """A plane with detail of every size, and some noise."""
    chance = np.random.default_rng(seed)
    picture = np.full((SIZE[1], SIZE[0]), 128.0)
    for size in (4, 16, 64):
        small = Image.fromarray(chance.integers(0, 256, (SIZE[1] // size + 1, SIZE[0] // size + 1), dtype=np.uint8))
        picture += (np.asarray(small.resize(SIZE, Image.Resampling.BICUBIC), np.float64) - 128) / 4
    return Image.fromarray((picture + chance.normal(0, 2, picture.shape)).clip(0, 255).astype(np.uint8))


def _cut(planes: Planes, box: Box, count: int = 1) -> list[Plane]:
    targets = [np.zeros((H, W), np.uint8) for _ in range(count)]
    planes.cut(box, targets)
    return targets


def _boxes() -> list[Box]:
    """A zoom of a hundred frames, aside of the middle."""
    boxes: list[Box] = []
    for number in range(100):
        half = (351.5 - 0.3 * number, (351.5 - 0.3 * number) * H / W)
        boxes.append((352.3 - half[0], 198.7 - half[1], 352.3 + half[0], 198.7 + half[1]))
    return boxes


def test_a_window_has_its_pixels_where_the_box_has_them() -> None:
    """Of a hundred boxes nearly all have a window, and no pixel of it is further away than is allowed."""
    found = 0
    for left, _, right, _ in _boxes():
        if (span := span_of(left, right, W)) is None:
            continue
        found += 1
        step = (span.source * 65_536 + span.scaled // 2) // span.scaled / 65_536
        at = span.first + (span.skipped + np.arange(W + 1)) * step
        asked = left + np.arange(W + 1) * (right - left) / W
        assert np.abs(at - asked).max() * W / (right - left) < OFF_PX
        assert span.skipped + W <= span.scaled
    assert found > 80


def test_cuts_are_as_pillow_makes_them() -> None:
    """Windows give what Pillow gives for the same box: to 52 dB, and no pixel differs by more than five levels."""
    picture = _texture(1)
    planes = Planes([picture])
    windows = 0
    for box in _boxes()[::10]:
        exact = np.asarray(picture.resize((W, H), Image.Resampling.BILINEAR, box), np.float64)
        apart = _cut(planes, box)[0] - exact
        windows += bool(apart.any())
        assert abs(apart).max() <= 5
        assert 10 * np.log10(255**2 / max(1e-9, (apart**2).mean())) > 52
        assert abs(apart.mean()) < 0.05
    assert windows >= 5


def test_planes_of_one_picture_are_cut_alike() -> None:
    """Of two equal planes the same box gives the same pixels, each in its own target."""
    one, other = _cut(Planes([_texture(2), _texture(2)]), _boxes()[30], 2)
    assert np.array_equal(one, other)
    assert one.std() > 5


@pytest.mark.parametrize("level", [0, 16, 127, 235, 255])
def test_even_planes_keep_their_level(level: int) -> None:
    """A plane of one level gives that level, to its corners, also where a window reaches out of the plane."""
    planes = Planes([Image.new("L", SIZE, level)])
    for box in (*_boxes()[::25], (0.0, 0.0, 704.0, 396.0), (0.0, 2.0, 704.0, 398.0)):
        assert np.unique(_cut(planes, box)[0]).tolist() == [level]


def test_where_no_window_fits_pillow_cuts() -> None:
    """A box at 1.25 pixels per pixel, a seventh aside, has no window, and is cut exactly."""
    picture = _texture(3)
    box = (10 + 1 / 7, 20.0, 10 + 1 / 7 + 320 * 1.25003, 20 + 180 * 1.25)
    assert span_of(box[0], box[2], 320) is None
    target = np.zeros((180, 320), np.uint8)
    Planes([picture]).cut(box, [target])
    assert np.array_equal(target, np.asarray(picture.resize((320, 180), Image.Resampling.BILINEAR, box)))
