"""What falls between the camera and the place: rain, snow, banks of fog."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from clash.local.backdrops.canvas import BILINEAR
from clash.local.backdrops.palette import RGB, Palette, darker, lighter, mix
from clash.local.backdrops.scene import chance


def fall(image: Image.Image, palette: Palette, seed: str) -> None:
    """Lays the weather of `palette` over a finished picture, in place."""
    rng = chance(seed, "fall")
    if palette.weather == "rain":
        _rain(image, palette, rng, count=420, slant=0.10, alpha=0.34)
    elif palette.weather == "storm":
        _rain(image, palette, rng, count=620, slant=0.30, alpha=0.38)
    elif palette.weather == "snow":
        _snow(image, palette, rng)
    elif palette.weather == "fog":
        _fog(image, palette, rng)


def streaks(width: int, height: int, rng: np.random.Generator, count: int, slant: float) -> Image.Image:
    """Rain as a mask: fine lines of mixed length and strength, falling `slant` to the left per height."""
    mask = Image.new("L", (width, height), 0)
    draw = ImageDraw.Draw(mask)
    unit = (width * height) ** 0.5
    thick = max(1, round(unit / 850))
    for x, y, near in rng.uniform(0, 1, (count, 3)).tolist():
        length = unit * (0.02 + 0.07 * near * near)
        x0, y0 = (x * 1.3 - 0.1) * width, y * 1.1 * height - length
        line = (x0, y0, x0 - slant * length, y0 + length)
        draw.line(line, fill=round(70 + 185 * near), width=thick if near < 0.8 else thick * 2)
    return mask


def _lay(image: Image.Image, mask: Image.Image, colour: RGB, alpha: float) -> None:
    faded = mask.point([round(v * alpha) for v in range(256)])
    image.paste(colour, (0, 0), faded.resize(image.size, BILINEAR))


def _rain(
    image: Image.Image, palette: Palette, rng: np.random.Generator, *, count: int, slant: float, alpha: float
) -> None:
    colour = lighter(mix(palette.haze, (205, 220, 230), 0.6), 0.1)
    k = 2 if image.width * image.height > 2_000_000 else 1
    size = max(64, image.width // k), max(64, image.height // k)
    _lay(image, streaks(*size, rng, count, slant), colour, alpha)


def _snow(image: Image.Image, palette: Palette, rng: np.random.Generator) -> None:
    bright = mix((255, 255, 255), palette.ambient, 0.12 if palette.time == "day" else 0.3)
    for count, radius, blur, alpha in ((380, 0.0012, 0.4, 0.70), (110, 0.0026, 0.7, 0.80), (22, 0.0080, 3.5, 0.40)):
        k = (2 if blur < 2 else 4) if image.width * image.height > 2_000_000 else (1 if blur < 2 else 2)
        w, h = max(32, image.width // k), max(32, image.height // k)
        unit = (w * h) ** 0.5 * 1.3
        mask = Image.new("L", (w, h), 0)
        draw = ImageDraw.Draw(mask)
        for x, y, size in rng.uniform(0, 1, (count, 3)).tolist():
            r = max(0.7, unit * radius * (0.5 + size))
            draw.ellipse((x * w - r, y * h - r, x * w + r, y * h + r), fill=round(150 + 105 * size))
        _lay(image, mask.filter(ImageFilter.GaussianBlur(blur * unit / 900)), bright, alpha)


def _fog(image: Image.Image, palette: Palette, rng: np.random.Generator) -> None:
    w, h = 160, 90
    mask = Image.new("L", (w, h), 0)
    draw = ImageDraw.Draw(mask)
    for x, y, size in rng.uniform(0, 1, (16, 3)).tolist():
        rx, ry = w * (0.15 + 0.25 * size), h * (0.03 + 0.05 * size)
        cy = h * (0.30 + 0.55 * y)
        draw.ellipse((x * w - rx, cy - ry, x * w + rx, cy + ry), fill=round(90 + 130 * size))
    _lay(image, mask.filter(ImageFilter.GaussianBlur(5)), lighter(palette.haze, 0.06), 0.55)


def vignette(image: Image.Image, ink: RGB, strength: float = 0.34) -> None:
    """Darkens the corners and, a little, the foot of the picture, where captions will lie; in place."""
    y, x = np.mgrid[-1:1:54j, -1:1:96j]
    corners = np.clip((x * x + y * y) / 2, 0, 1) ** 1.6
    foot = np.clip(y - 0.25, 0, 1) ** 1.4
    share = np.clip(corners + 0.55 * foot, 0, 1) * strength * 255
    mask = Image.fromarray(share.astype(np.uint8)).resize(image.size, BILINEAR)
    image.paste(darker(ink, 0.3), (0, 0), mask)
