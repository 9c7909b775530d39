"""Things of house and hand: lamps, cups, tools. Each is drawn about zero, about one unit tall."""

from __future__ import annotations

import math

from clash.local.figures.canvas import (
    Canvas,
    Colour,
    darker,
    ellipse,
    lighter,
    ring,
    smooth,
    tube,
)

BRASS: Colour = (204, 158, 78)


def lantern(canvas: Canvas) -> None:
    """Draw a lantern about the zero of figure space."""
    metal: Colour = (66, 58, 58)
    canvas.fill(tube([(-0.2, -0.30), (-0.17, -0.62), (0.0, -0.72), (0.17, -0.62), (0.2, -0.30)], (0.022,) * 5), metal)
    glass = smooth([(-0.17, -0.26), (0.17, -0.26), (0.235, 0.05), (0.18, 0.34), (-0.18, 0.34), (-0.235, 0.05)])
    canvas.glow(0.0, 0.08, 2.2)
    canvas.fill(glass, (250, 206, 112))
    canvas.within(glass, ellipse(0.0, 0.10, 0.15, 0.22), (255, 232, 168))
    flame = smooth([(0.0, -0.12), (0.0, -0.12), (0.075, 0.10), (0.045, 0.22), (-0.045, 0.22), (-0.075, 0.10)])
    canvas.fill(flame, (255, 252, 236))
    canvas.form([(-0.10, -0.42), (0.10, -0.42), (0.24, -0.26), (-0.24, -0.26)], metal, depth=0.08)
    canvas.form([(-0.26, 0.32), (0.26, 0.32), (0.22, 0.48), (-0.22, 0.48)], metal, depth=0.1)
    for x in (-0.215, 0.0, 0.215):
        canvas.fill(tube([(x * 0.85, -0.26), (x * 1.06, 0.05), (x * 0.9, 0.33)], (0.012, 0.012, 0.012)), metal)


def cup(canvas: Canvas) -> None:
    """Draw a cup about the zero of figure space."""
    glaze: Colour = (218, 222, 214)
    handle = ellipse(0.29, 0.02, 0.13, 0.15)
    canvas.fill(ring(handle, 0.036), darker(glaze, 0.16))
    canvas.form(
        smooth(
            [
                (-0.29, -0.22),
                (-0.29, -0.22),
                (0.29, -0.22),
                (0.29, -0.22),
                (0.26, 0.18),
                (0.16, 0.32),
                (-0.16, 0.32),
                (-0.26, 0.18),
            ]
        ),
        glaze,
        depth=0.12,
        shade=0.26,
    )
    canvas.fill(ellipse(0.0, -0.22, 0.29, 0.075), darker(glaze, 0.12))
    canvas.fill(ellipse(0.0, -0.205, 0.25, 0.055), (126, 78, 46))
    for x in (-0.09, 0.08):
        steam = [(x, -0.30), (x + 0.05, -0.42), (x - 0.03, -0.54), (x + 0.03, -0.66)]
        canvas.fill(tube(steam, (0.006, 0.018, 0.018, 0.004)), (250, 248, 244), 0.4)


def bottle(canvas: Canvas) -> None:
    """Draw a bottle about the zero of figure space."""
    glass: Colour = (52, 104, 86)
    body = smooth(
        [
            (-0.06, -0.46),
            (-0.06, -0.46),
            (0.06, -0.46),
            (0.06, -0.46),
            (0.065, -0.22),
            (0.18, -0.06),
            (0.185, 0.42),
            (0.15, 0.46),
            (-0.15, 0.46),
            (-0.185, 0.42),
            (-0.18, -0.06),
            (-0.065, -0.22),
        ]
    )
    canvas.form(body, glass, depth=0.10)
    canvas.form([(-0.05, -0.54), (0.05, -0.54), (0.055, -0.45), (-0.055, -0.45)], (168, 122, 78), depth=0.03)
    canvas.within(body, [(-0.3, 0.08), (0.3, 0.08), (0.3, 0.32), (-0.3, 0.32)], (226, 210, 172))
    canvas.fill(tube([(-0.11, -0.02), (-0.125, 0.36)], (0.012, 0.014)), (220, 240, 228), 0.55)


def blade(canvas: Canvas) -> None:
    """Draw a blade about the zero of figure space."""
    steel: Colour = (206, 212, 220)
    edge = [(-0.06, 0.22), (-0.06, -0.52), (0.0, -0.70), (0.06, -0.52), (0.06, 0.22)]
    canvas.fill(edge, steel)
    canvas.within(edge, [(0.0, -1.0), (0.2, -1.0), (0.2, 0.4), (0.0, 0.4)], darker(steel, 0.3))
    canvas.form(tube([(-0.19, 0.23), (0.19, 0.23)], (0.042, 0.042)), BRASS, depth=0.03)
    canvas.form(tube([(0.0, 0.28), (0.0, 0.52)], (0.045, 0.05)), (92, 56, 42), depth=0.03)
    canvas.form(ellipse(0.0, 0.57, 0.06, 0.055), BRASS, depth=0.03)


def flower(canvas: Canvas) -> None:
    """Draw a flower about the zero of figure space."""
    green: Colour = (74, 118, 78)
    canvas.fill(tube([(0.0, -0.1), (0.02, 0.2), (-0.02, 0.52)], (0.022, 0.022, 0.018)), green)
    canvas.form(smooth([(0.0, 0.26), (0.16, 0.10), (0.26, 0.12), (0.16, 0.24)]), green, depth=0.03)
    for row, (radius, size) in enumerate(((0.19, 0.135), (0.10, 0.12))):
        for k in range(6):
            angle = k * math.pi / 3 + row * 0.5
            tone: Colour = (206, 82, 84) if row == 0 else (226, 112, 106)
            canvas.form(
                ellipse(radius * math.cos(angle), -0.24 + radius * math.sin(angle), size, size),
                tone,
                depth=0.03,
                shade=0.2,
            )
    canvas.fill(ellipse(0.0, -0.24, 0.075, 0.075), (240, 190, 92))


def box(canvas: Canvas) -> None:
    """Draw a box about the zero of figure space."""
    wood: Colour = (148, 98, 62)
    canvas.form([(-0.40, -0.10), (0.40, -0.10), (0.40, 0.34), (-0.40, 0.34)], wood, depth=0.14)
    canvas.form(
        smooth(
            [
                (-0.42, -0.10),
                (-0.42, -0.10),
                (-0.40, -0.26),
                (-0.28, -0.34),
                (0.28, -0.34),
                (0.40, -0.26),
                (0.42, -0.10),
                (0.42, -0.10),
            ]
        ),
        lighter(wood, 0.08),
        depth=0.14,
    )
    for x in (-0.26, 0.26):
        canvas.fill([(x - 0.04, -0.33), (x + 0.04, -0.33), (x + 0.04, 0.34), (x - 0.04, 0.34)], darker(wood, 0.4))
    canvas.form([(-0.065, -0.16), (0.065, -0.16), (0.065, 0.03), (-0.065, 0.03)], BRASS, depth=0.03)
    canvas.fill(ellipse(0.0, -0.06, 0.02, 0.026), (50, 36, 34))


def umbrella(canvas: Canvas) -> None:
    """Draw a umbrella about the zero of figure space."""
    silk: Colour = (170, 58, 56)
    canvas.fill(tube([(0.0, -0.3), (0.0, 0.56)], (0.014, 0.014)), (72, 52, 44))
    canopy = smooth(
        [
            (0.0, -0.56),
            (0.36, -0.44),
            (0.58, -0.12),
            (0.58, -0.12),
            (0.38, -0.17),
            (0.19, -0.10),
            (0.19, -0.10),
            (0.0, -0.16),
            (-0.19, -0.10),
            (-0.19, -0.10),
            (-0.38, -0.17),
            (-0.58, -0.12),
            (-0.58, -0.12),
            (-0.36, -0.44),
        ]
    )
    canvas.form(canopy, silk, depth=0.16)
    for side in (-1, 1):
        canvas.within(
            canopy,
            tube([(0.0, -0.58), (side * 0.14, -0.4), (side * 0.19, -0.08)], (0.006, 0.008, 0.006)),
            darker(silk, 0.3),
        )


def matches(canvas: Canvas) -> None:
    """A box of matches, half open, none of them alight."""
    tray: Colour = (222, 200, 160)
    canvas.form([(-0.50, -0.19), (0.06, -0.19), (0.06, 0.19), (-0.50, 0.19)], tray, depth=0.04)
    canvas.fill([(-0.47, -0.16), (0.06, -0.16), (0.06, 0.16), (-0.47, 0.16)], darker(tray, 0.42))
    for index in range(6):
        y, start = -0.125 + 0.05 * index, -0.40 - 0.035 * ((index * 3) % 2)
        canvas.fill(tube([(start, y), (0.06, y)], (0.015, 0.015)), lighter(tray, 0.35))
        canvas.fill(ellipse(start - 0.012, y, 0.034, 0.023), (176, 58, 48))
    canvas.fill([(-0.06, -0.19), (0.0, -0.19), (0.0, 0.19), (-0.06, 0.19)], (40, 28, 26), 0.35)
    canvas.form([(-0.02, -0.22), (0.54, -0.22), (0.54, 0.22), (-0.02, 0.22)], (62, 86, 122), depth=0.08)
    canvas.fill([(0.03, -0.17), (0.49, -0.17), (0.49, 0.10), (0.03, 0.10)], (232, 216, 180))
    canvas.fill(ellipse(0.26, -0.035, 0.095, 0.095), (196, 70, 52))
    canvas.fill([(-0.02, 0.14), (0.54, 0.14), (0.54, 0.22), (-0.02, 0.22)], (92, 62, 52))


def bowl(canvas: Canvas) -> None:
    """Draw a bowl about the zero of figure space."""
    glaze: Colour = (176, 74, 58)
    for x in (-0.16, 0.04, 0.20):
        steam = [(x, -0.20), (x + 0.06, -0.34), (x - 0.04, -0.48), (x + 0.04, -0.64)]
        canvas.fill(tube(steam, (0.006, 0.020, 0.020, 0.004)), (250, 248, 244), 0.34)
    half = [(0.48, -0.14), (0.48, -0.14), (0.42, 0.14), (0.24, 0.33), (0.17, 0.40), (0.17, 0.40)]
    canvas.form(smooth([*half, *((-x, y) for x, y in reversed(half))]), glaze, depth=0.2, shade=0.3)
    canvas.fill(ellipse(0.0, -0.14, 0.48, 0.125), lighter(glaze, 0.2))
    broth = ellipse(0.0, -0.135, 0.43, 0.100)
    canvas.fill(broth, (206, 146, 74))
    for index in range(7):
        y = -0.19 + 0.019 * index
        strand = [
            (-0.36 + 0.05 * (index % 3), y),
            (-0.1, y + 0.03),
            (0.12, y - 0.015),
            (0.34 - 0.06 * (index % 2), y + 0.012),
        ]
        canvas.within(broth, tube(strand, (0.009, 0.013, 0.013, 0.009)), (246, 222, 160))
    canvas.within(broth, ellipse(0.19, -0.145, 0.125, 0.05), (250, 246, 236))
    canvas.within(broth, ellipse(0.19, -0.148, 0.055, 0.025), (240, 176, 62))
    for x, y in ((-0.22, -0.12), (-0.14, -0.165), (-0.05, -0.10), (-0.28, -0.155)):
        canvas.within(broth, ellipse(x, y, 0.024, 0.013), (92, 148, 76))
    for dy in (0.0, 0.055):
        canvas.form(tube([(0.0, -0.16 + dy), (0.66, -0.42 + dy)], (0.014, 0.021)), (96, 62, 44), depth=0.01)


def violin(canvas: Canvas) -> None:
    """Draw a violin about the zero of figure space."""
    wood: Colour = (166, 88, 44)
    half = [
        (0.10, -0.16),
        (0.21, -0.10),
        (0.23, 0.02),
        (0.145, 0.12),
        (0.16, 0.20),
        (0.28, 0.30),
        (0.27, 0.46),
        (0.12, 0.54),
    ]
    canvas.fill(tube([(0.56, -0.56), (-0.42, 0.62)], (0.013, 0.013)), (70, 48, 38))
    canvas.fill(tube([(0.53, -0.575), (-0.45, 0.605)], (0.005, 0.005)), (240, 232, 214))
    body = smooth([*half, *((-x, y) for x, y in reversed(half))])
    canvas.form(body, wood, depth=0.07, shade=0.34)
    canvas.within(body, ellipse(-0.10, 0.36, 0.10, 0.10), lighter(wood, 0.25), 0.5)
    canvas.fill(tube([(0.0, 0.14), (0.0, -0.60)], (0.036, 0.026)), (48, 36, 34))
    scroll = ellipse(0.012, -0.65, 0.048, 0.048)
    canvas.form(scroll, darker(wood, 0.2), depth=0.02)
    for side in (-1, 1):
        hole = [(side * 0.105, 0.15), (side * 0.085, 0.22), (side * 0.125, 0.29)]
        canvas.fill(tube(hole, (0.012, 0.008, 0.012)), (58, 34, 26))
        for y in (-0.54, -0.49):
            canvas.fill(tube([(0.0, y), (side * 0.072, y - 0.01)], (0.010, 0.016)), (48, 36, 34))
    canvas.fill([(-0.055, 0.34), (0.055, 0.34), (0.038, 0.51), (-0.038, 0.51)], (48, 36, 34))
    canvas.fill(tube([(-0.075, 0.245), (0.075, 0.245)], (0.014, 0.014)), (222, 190, 142))
    for x in (-0.021, -0.007, 0.007, 0.021):
        canvas.fill(tube([(x * 0.7, -0.58), (x, 0.36)], (0.0032, 0.0032)), (238, 230, 216))
