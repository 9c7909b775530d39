"""Drawings that are mixed into frames: prepared once, then only multiplied and shifted."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from clash.film.encoder import Frame, planes_of, ycbcr

INK = (250, 246, 238)
NIGHT = (8, 9, 14)


class Overlay:
    """A drawing over part of the frame, prepared for mixing: its level and its opacity in each plane."""

    def __init__(self, drawing: Image.Image, left: int, upper: int, width: int, height: int) -> None:
        self._shape = (width, height)
        colours = ycbcr(drawing.convert("RGB"))
        alpha = drawing.getchannel("A")
        self._parts: list[_Part] = []
        for number, plane in enumerate(colours):
            step = 1 if number == 0 else 2
            share = np.asarray(alpha if step == 1 else alpha.reduce(2), np.uint16)
            share += share >> np.uint16(7)
            level = np.asarray(plane if step == 1 else plane.reduce(2), np.uint16)
            rows = slice(upper // step, upper // step + share.shape[0])
            columns = slice(left // step, left // step + share.shape[1])
            self._parts.append(_Part(rows, columns, share, level))

    def mix(self, frame: Frame, strength: float) -> None:
        """Mix it into the frame, in place; `strength` 0.0 to 1.0."""
        for plane, part in zip(planes_of(frame, *self._shape), self._parts, strict=True):
            part.mix(plane, strength)


class _Part:
    """One plane of an overlay. Shares are of 256, so that mixing is a multiplication and a shift."""

    def __init__(self, rows: slice, columns: slice, share: NDArray[np.uint16], level: NDArray[np.uint16]) -> None:
        self._where = (rows, columns)
        self._share, self._level = share, level
        self._kept, self._added = self._at(256)

    def _at(self, strength: int) -> tuple[NDArray[np.uint16], NDArray[np.uint16]]:
        share = (self._share.astype(np.uint32) * strength >> 8).astype(np.uint16)
        return np.uint16(256) - share, self._level * share + np.uint16(128)

    def mix(self, plane: NDArray[np.uint8], strength: float) -> None:
        kept, added = (self._kept, self._added) if strength >= 1 else self._at(round(strength * 256))
        covered = plane[self._where]
        np.copyto(covered, (covered * kept + added) >> np.uint16(8), casting="unsafe")


def rounded(
    drawing: Image.Image, box: tuple[float, float, float, float], radius: float, fill: tuple[int, int, int, int]
) -> None:
    """Draw a rounded rectangle with smooth edges: Pillow's own are jagged, so it is drawn large and scaled down."""
    fine = 4
    left, upper, right, lower = int(box[0]), int(box[1]), -int(-box[2] // 1), -int(-box[3] // 1)
    mask = Image.new("L", ((right - left) * fine, (lower - upper) * fine))
    ImageDraw.Draw(mask).rounded_rectangle(
        (
            (box[0] - left) * fine,
            (box[1] - upper) * fine,
            (box[2] - left) * fine - 1,
            (box[3] - upper) * fine - 1,
        ),
        radius * fine,
        fill=fill[3],
    )
    drawing.alpha_composite(tinted(fill[:3], mask.reduce(fine)), (max(0, left), max(0, upper)))


def tinted(colour: tuple[int, int, int], mask: Image.Image) -> Image.Image:
    """Return a picture of one colour, as opaque as the mask says."""
    tinted = Image.new("RGBA", mask.size, (*colour, 0))
    tinted.putalpha(mask)
    return tinted
