"""Things one keeps: papers, keys, clocks, coins. Each is drawn about zero, about one unit tall."""

from __future__ import annotations

import math

from clash.local.figures.canvas import (
    Canvas,
    Colour,
    Points,
    darker,
    ellipse,
    lighter,
    ring,
    rounded,
    smooth,
    tube,
)

BRASS: Colour = (204, 158, 78)
PAPER: Colour = (240, 230, 208)


def letter(canvas: Canvas) -> None:
    """Draw a letter about the zero of figure space."""
    sheet = [(-0.36, -0.26), (0.36, -0.26), (0.36, 0.26), (-0.36, 0.26)]
    canvas.form(sheet, PAPER, depth=0.03, shade=0.16)
    canvas.fill([(-0.36, -0.26), (0.36, -0.26), (0.0, 0.07)], darker(PAPER, 0.10))
    canvas.fill(tube([(-0.36, -0.26), (0.0, 0.07)], (0.006, 0.006)), darker(PAPER, 0.3))
    canvas.fill(tube([(0.36, -0.26), (0.0, 0.07)], (0.006, 0.006)), darker(PAPER, 0.3))
    canvas.form(ellipse(0.0, 0.06, 0.068, 0.066), (164, 46, 48), depth=0.03)


def photograph(canvas: Canvas) -> None:
    """Draw a photograph about the zero of figure space."""
    canvas.form([(-0.28, -0.36), (0.28, -0.36), (0.28, 0.36), (-0.28, 0.36)], (244, 238, 226), depth=0.03, shade=0.14)
    window = [(-0.23, -0.31), (0.23, -0.31), (0.23, 0.20), (-0.23, 0.20)]
    canvas.fill(window, (176, 158, 132))
    canvas.within(
        window, smooth([(-0.3, 0.1), (-0.1, -0.04), (0.1, 0.05), (0.3, -0.08), (0.3, 0.4), (-0.3, 0.4)]), (118, 98, 82)
    )
    for x in (-0.07, 0.08):
        canvas.within(window, ellipse(x, -0.02, 0.05, 0.065), (86, 68, 60))
        canvas.within(window, ellipse(x, 0.20, 0.10, 0.16), (86, 68, 60))


def book(canvas: Canvas) -> None:
    """Draw a book about the zero of figure space."""
    canvas.form(
        smooth(
            [
                (-0.46, -0.26),
                (-0.46, -0.26),
                (0.0, -0.20),
                (0.46, -0.26),
                (0.46, -0.26),
                (0.46, 0.30),
                (0.46, 0.30),
                (0.0, 0.36),
                (-0.46, 0.30),
                (-0.46, 0.30),
            ]
        ),
        (122, 52, 48),
        depth=0.05,
    )
    for side in (-1, 1):
        page = smooth(
            [
                (0.0, -0.22),
                (0.0, -0.22),
                (side * 0.2, -0.29),
                (side * 0.42, -0.27),
                (side * 0.42, -0.27),
                (side * 0.42, 0.25),
                (side * 0.42, 0.25),
                (side * 0.2, 0.23),
                (0.0, 0.31),
                (0.0, 0.31),
            ]
        )
        canvas.form(page, PAPER, depth=0.05, shade=0.14)
        if canvas.fine(60):
            for row in range(6):
                y = -0.17 + row * 0.066
                canvas.fill(
                    tube([(side * 0.07, y + 0.03), (side * (0.37 - 0.05 * (row % 3)), y - 0.015)], (0.006, 0.006)),
                    darker(PAPER, 0.36),
                )


def map(canvas: Canvas) -> None:
    """Draw a map about the zero of figure space."""
    sheet = [
        (-0.48, -0.30),
        (-0.16, -0.36),
        (0.16, -0.30),
        (0.48, -0.36),
        (0.48, 0.30),
        (0.16, 0.36),
        (-0.16, 0.30),
        (-0.48, 0.36),
    ]
    canvas.fill(sheet, (228, 206, 160))
    for x0, x1, y0, y1 in ((-0.16, 0.16, -0.36, -0.30),):
        canvas.fill([(x0, y0), (x1, y1), (x1, 0.36), (x0, 0.30)], (208, 184, 138))
    land = smooth(
        [
            (-0.40, -0.1),
            (-0.2, -0.24),
            (0.05, -0.12),
            (0.2, -0.22),
            (0.36, 0.02),
            (0.16, 0.22),
            (-0.12, 0.12),
            (-0.34, 0.2),
        ]
    )
    canvas.within(sheet, land, (150, 150, 96), 0.8)
    for k in range(6):
        x = -0.30 + k * 0.10
        canvas.fill(ellipse(x, 0.08 * math.sin(k * 1.1), 0.018, 0.018), (150, 50, 44))
    for tilt in (0.8, -0.8):
        dx, dy = 0.06 * math.cos(tilt), 0.06 * math.sin(tilt)
        canvas.fill(tube([(0.30 - dx, -0.06 - dy), (0.30 + dx, -0.06 + dy)], (0.016, 0.016)), (150, 50, 44))


def key(canvas: Canvas) -> None:
    """Draw a key about the zero of figure space."""
    bow = ellipse(0.0, -0.28, 0.17, 0.17)
    canvas.form(tube([(0.0, -0.14), (0.0, 0.46)], (0.042, 0.042)), BRASS, depth=0.03, shade=0.36)
    for y, long in ((0.42, 0.18), (0.29, 0.14)):
        canvas.form([(0.0, y - 0.045), (long, y - 0.045), (long, y + 0.045), (0.0, y + 0.045)], BRASS, depth=0.03)
    canvas.fill(ring(bow, 0.05), darker(BRASS, 0.22))
    canvas.fill(ring(bow, 0.032), BRASS)
    canvas.fill(tube([(-0.10, -0.40), (0.02, -0.44)], (0.008, 0.014)), lighter(BRASS, 0.6))


def phone(canvas: Canvas) -> None:
    """Draw a phone about the zero of figure space."""
    body = rounded(0.0, 0.0, 0.205, 0.45, 0.05)
    canvas.form(body, (40, 40, 48), depth=0.03)
    screen = [(-0.175, -0.38), (0.175, -0.38), (0.175, 0.38), (-0.175, 0.38)]
    canvas.fill(screen, (120, 186, 214))
    canvas.within(screen, [(-0.3, 0.0), (0.3, -0.34), (0.3, -0.7), (-0.3, -0.7)], (186, 224, 236), 0.7)
    for row, wide in enumerate((0.22, 0.16, 0.2)):
        canvas.fill(
            tube([(-0.12, 0.06 + row * 0.09), (-0.12 + wide, 0.06 + row * 0.09)], (0.02, 0.02)), (246, 250, 252), 0.85
        )


def watch(canvas: Canvas) -> None:
    """Draw a watch about the zero of figure space."""
    canvas.form(tube([(0.0, -0.34), (0.0, -0.46)], (0.055, 0.05)), BRASS, depth=0.03)
    canvas.form(ellipse(0.0, 0.02, 0.37, 0.37), BRASS, depth=0.08, shade=0.36)
    canvas.form(ellipse(0.0, 0.02, 0.305, 0.305), (246, 240, 226), depth=0.03, shade=0.14)
    for hour in range(12):
        angle = hour * math.pi / 6
        near, far = 0.235 if hour % 3 else 0.215, 0.275
        mark = [
            (near * math.sin(angle), 0.02 - near * math.cos(angle)),
            (far * math.sin(angle), 0.02 - far * math.cos(angle)),
        ]
        canvas.fill(tube(mark, (0.010, 0.010)), (58, 48, 46))
    canvas.fill(tube([(0.0, 0.02), (-0.10, -0.10)], (0.018, 0.012)), (44, 36, 40))
    canvas.fill(tube([(0.0, 0.02), (0.13, -0.16)], (0.014, 0.008)), (44, 36, 40))
    canvas.fill(ellipse(0.0, 0.02, 0.024, 0.024), (150, 50, 46))


def coin(canvas: Canvas) -> None:
    """Draw a coin about the zero of figure space."""
    gold: Colour = (220, 174, 82)
    loop = ellipse(0.0, -0.40, 0.055, 0.065)
    canvas.fill(
        tube([(-0.34, -0.9), (-0.16, -0.56), (0.0, -0.45), (0.16, -0.56), (0.34, -0.9)], (0.012,) * 5),
        darker(gold, 0.2),
    )
    canvas.fill(ring(loop, 0.018), gold)
    canvas.form(ellipse(0.0, 0.0, 0.34, 0.34), gold, depth=0.08, shade=0.34)
    rim = ellipse(0.0, 0.0, 0.27, 0.27)
    canvas.fill(ring(rim, 0.010), darker(gold, 0.3))
    star: Points = []
    for k in range(10):
        radius, angle = (0.19 if k % 2 == 0 else 0.085), -math.pi / 2 + k * math.pi / 5
        star.append((radius * math.cos(angle), radius * math.sin(angle)))
    canvas.fill(star, lighter(gold, 0.4))
