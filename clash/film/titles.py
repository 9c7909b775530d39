"""The title card: the film's title, white on black, at the beginning."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from PIL import Image, ImageDraw

from clash.film.encoder import Frame, check_shape, encode_clip, ycbcr
from clash.film.treatment import Treatment, treated
from clash.film.typeface import drawable, font, wrap_evenly

TITLE_S = 2.5
_FADE_S = 0.5
_INK = (244, 240, 232)
_MOST_LINES = 4


def title_clip(title: str, *, width: int, height: int, fps: int) -> tuple[bytes, int]:
    """Return the title card as a clip (MP4), and its length in frames. It fades in and out."""
    count, fade = round(TITLE_S * fps), round(_FADE_S * fps)
    card = _card(title, width, height)
    frames = treated(
        _copies(card, count), Treatment(fade_in=fade, fade_out=fade), count=count, width=width, height=height, fps=fps
    )
    return encode_clip(frames, width=width, height=height, fps=fps), count


def _copies(frame: Frame, count: int) -> Iterator[Frame]:
    for _ in range(count):
        yield frame.copy()


def _card(title: str, width: int, height: int) -> Frame:
    check_shape(width, height, 24)
    image = Image.new("RGB", (width, height), (0, 0, 0))
    text = " ".join(drawable(title).split())
    px = max(8, round(min(0.085 * height, 0.1 * width)))
    lines = wrap_evenly(text, font(px, 500), round(width * 0.8), _MOST_LINES)
    while len(lines) > _MOST_LINES and px > 8:
        px = max(8, round(px * 0.85))
        lines = wrap_evenly(text, font(px, 500), round(width * 0.8), _MOST_LINES)
    pen, lead = ImageDraw.Draw(image), px * 1.4
    top = height / 2 - lead * (len(lines[:_MOST_LINES]) - 1) / 2
    for number, line in enumerate(lines[:_MOST_LINES]):
        pen.text((width / 2, top + lead * number), line, fill=_INK, font=font(px, 500), anchor="mm")
    luma, blue, red = ycbcr(image)
    planes = [np.asarray(luma), np.asarray(blue.reduce(2)), np.asarray(red.reduce(2))]
    return np.concatenate([plane.reshape(-1) for plane in planes]).reshape(height * 3 // 2, width)
