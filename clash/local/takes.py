"""Another take of a picture: the camera a little nearer and aside, the light a little different; never other words."""

from __future__ import annotations

import math
from collections.abc import Callable

from PIL import Image

from clash.film.camera import side_of_take

WITH_PEOPLE = 1.055
"""How much nearer the camera is in another take: heads and feet stay in the frame, and chins above the captions."""
WITHOUT_PEOPLE = 1.12
_BRIGHTER = 0.05
_WARMER = 0.03


def mirrored(take: int) -> bool:
    """Return whether this take shows the other side: every second one."""
    return take % 2 == 0


def photographed(
    draw: Callable[[int, int], Image.Image], width: int, height: int, take: int, nearer: float
) -> Image.Image:
    """Return a take of the picture that `draw` makes in any width and height: the first one as it is drawn.

    Another one is drawn larger, cut out beside its middle, and lit a little differently.
    """
    if take == 1:
        return draw(width, height)
    large = draw(math.ceil(width * nearer), math.ceil(height * nearer))
    x, y = side_of_take(take)
    left = round((large.width - width) * (0.5 + 0.5 * x))
    top = round((large.height - height) * (0.5 + 0.35 * y))
    return _lit(large.crop((left, top, left + width, top + height)), take)


def _lit(picture: Image.Image, take: int) -> Image.Image:
    """Return the picture a little brighter or darker, warmer or colder."""
    warm, bright = side_of_take(2 * take)
    light, warmth = 1 + _BRIGHTER * bright, _WARMER * warm
    factors = (light + warmth, light, light - warmth)
    return picture.point([min(255, round(value * factor)) for factor in factors for value in range(256)])
