"""What a painter is given: the canvas, the light, the eye level, and chance that belongs to the place."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np

from clash.local.backdrops.canvas import Canvas, Point
from clash.local.backdrops.palette import RGB, Palette
from clash.story.places import Boat

_MOVING = frozenset(
    {"clouds", "stars", "lightning", "aurora", "gulls", "fireflies", "glitter", "ripples", "swell", "surf", "wash"}
)
"""The parts of a place that do not stand still, by their labels."""


def chance(*labels: str) -> np.random.Generator:
    """Random numbers that are the same for the same labels, on every machine."""
    digest = hashlib.sha256("\0".join(labels).encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:16], "big"))


def standing_side(place: str) -> int:
    """On which side of the frame somebody alone stands in the place of that slug: -1 left, +1 right."""
    digest = hashlib.sha256(f"{place}\0side".encode()).digest()
    return 1 if digest[0] < 0x80 else -1


@dataclass
class Scene:
    """A place being painted, seen whole. Positions are pixels of `canvas`.

    The painter sets `focus` (what a nearer camera turns to), `ground` (where the feet of a figure are) and may change
    `key` and `ambient` where lamps, not the sky, light the figures.
    """

    canvas: Canvas
    palette: Palette
    """The light where the camera is."""
    outside: Palette
    """The light out of doors: the same in the open, the view from the windows within walls."""
    seed: str
    words: str
    """Name and description of the place in lower case, for variants (a stone bridge, a library)."""
    level: float
    """The height of the eye as a share of the picture's height: the horizon, or the vanishing point of a room."""
    boat: Boat = ""
    """The boat that the words speak of at sea."""
    aboard: bool = True
    """Whether that boat is seen from within."""
    rower: tuple[RGB, RGB] = ((58, 74, 82), (122, 74, 52))
    """Coat and hair of who is in it, seen from afar."""
    stature: float = 0.86
    """The height of a grown person in it, as a share of the canvas's height; fences and boats follow it."""
    take: int = 1
    """Another take has other clouds, stars, waves and birds; the place itself stays."""
    vista: Literal["town", "country", "sea"] = "town"
    """What lies before the windows where the words do not say."""
    focus: Point = (0.5, 0.5)
    ground: float = 0.88
    thwart: float = 0.0
    """In an open boat half its inner breadth where one sits, as a share of the canvas's height."""
    key: RGB = field(init=False)
    ambient: RGB = field(init=False)

    def __post_init__(self) -> None:
        self.key = self.palette.key
        self.ambient = self.palette.ambient

    def rng(self, label: str) -> np.random.Generator:
        """Chance for one part of the place: the same in every shot, whatever else is drawn."""
        if self.take > 1 and label.partition(" ")[0] in _MOVING:
            return chance(self.seed, label, f"take {self.take}")
        return chance(self.seed, label)

    def named(self, *words: str) -> bool:
        """Whether one of the words is said of the place."""
        return any(_says(self.words, word) for word in words)

    @cached_property
    def light_side(self) -> int:
        """Where sun, moon or window stand: -1 left, +1 right."""
        return -1 if self.rng("light").random() < 0.5 else 1

    @cached_property
    def standing_side(self) -> int:
        """Where somebody alone will stand: -1 left, +1 right. A path leads there."""
        return standing_side(self.seed.partition("\0")[0])

    @property
    def horizon(self) -> float:
        """The eye level in pixels."""
        return self.level * self.canvas.h

    def side_x(self, share: float) -> float:
        """A distance from the middle towards the light as a position in pixels; negative is away from it."""
        return self.canvas.w * (0.5 + self.light_side * share)


def _says(text: str, word: str) -> bool:
    """Whether the word is in the text; an English one only whole (a cellar is not a cell), also in the plural."""
    if word.isascii():
        return re.search(rf"\b{re.escape(word)}s?\b", text) is not None
    return word in text


def jitter(rng: np.random.Generator, low: float, high: float) -> float:
    """A plain float between the two."""
    return float(rng.uniform(low, high))
