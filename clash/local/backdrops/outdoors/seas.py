"""The open sea: from a rocky shore, from a ship's deck, from within an open boat, or with a boat on it."""

from __future__ import annotations

import math

from clash.local.backdrops.canvas import Point
from clash.local.backdrops.outdoors.boats import boat, sailing_boat
from clash.local.backdrops.outdoors.lighthouse import lighthouse_tower
from clash.local.backdrops.outdoors.scenery import foreground, rocks
from clash.local.backdrops.outdoors.waters import swell, water
from clash.local.backdrops.palette import RGB, darker, lighter, mix, rgb
from clash.local.backdrops.scene import Scene, jitter
from clash.local.backdrops.sky import paint_sky

_ROCK = rgb("#6d6670")
_PLANK = rgb("#8d6a4c")
_STEPS = 40


def sea(scene: Scene) -> None:
    """The open sea; what the words speak of (a ship, a boat, a lighthouse) decides where one stands."""
    c, p, hz = scene.canvas, scene.palette, scene.horizon
    paint_sky(scene)
    _isle(scene)
    water(scene, hz, c.h, calm=0.25 if p.weather == "storm" else 0.5)
    swell(scene, hz, c.h)
    scene.focus = (0.5 + scene.light_side * 0.12, scene.level - 0.05)
    if scene.boat and not scene.aboard:
        _boat_out_there(scene)
        return
    off = 0.34 if scene.boat in ("fishing boat", "rowing boat") else 0.10
    sailing_boat(scene, scene.side_x(off), hz + 0.02 * c.u, 0.11 * c.u, 0.35, "sloop")
    if scene.boat == "ship":
        _deck(scene)
    elif scene.boat:
        _open_boat(scene)
    else:
        near = p.ground(_ROCK, 0.0, 0.75)
        rocks(scene, "left", -0.05 * c.w, 0.30 * c.w, c.h * 0.93, 0.10 * c.u, near)
        rocks(scene, "right", 0.72 * c.w, 1.05 * c.w, c.h * 0.94, 0.11 * c.u, near)
        foreground(scene, "shore", c.h * 0.93, darker(_ROCK, 0.25), rough=1.2, amplitude=0.02)
        scene.ground = 0.93


def _isle(scene: Scene) -> None:
    """An island on the horizon; a cliff with a lighthouse on it where the words speak of one."""
    c, p, hz = scene.canvas, scene.palette, scene.horizon
    x, side = scene.side_x(-0.24), scene.light_side
    if not scene.named("lighthouse", "beacon", "灯塔"):
        isle = [
            (x - 0.20 * c.u, hz),
            (x - 0.12 * c.u, hz - 0.035 * c.u),
            (x - 0.03 * c.u, hz - 0.05 * c.u),
            (x + 0.07 * c.u, hz - 0.022 * c.u),
            (x + 0.16 * c.u, hz),
        ]
        c.shape(isle, p.tone(rgb("#66788a"), 0.70))
        return
    outline = (
        (-0.46, 0.0),
        (-0.40, -0.055),
        (-0.24, -0.075),
        (-0.06, -0.105),
        (0.08, -0.112),
        (0.115, -0.085),
        (0.125, -0.045),
        (0.155, -0.012),
        (0.17, 0.0),
    )
    land = [(x + side * dx * c.u, hz + dy * c.u) for dx, dy in outline]
    c.shape(land, (p.tone(rgb("#6d7f72"), 0.46), p.tone(darker(_ROCK, 0.15), 0.42)))
    face = [
        land[4],
        land[5],
        land[6],
        land[7],
        land[8],
        (x + side * 0.06 * c.u, hz),
        (x + side * 0.045 * c.u, hz - 0.05 * c.u),
    ]
    c.shape(face, p.tone(lighter(_ROCK, 0.12), 0.42))
    lighthouse_tower(scene, x + side * 0.02 * c.u, hz - 0.104 * c.u, 0.15 * c.u, beam_side=side)


def _deck(scene: Scene) -> None:
    c, p = scene.canvas, scene.palette
    top, wood = c.h * 0.80, rgb("#9b7350")
    c.shape([(0, top), (c.w, top), (c.w, c.h), (0, c.h)], (p.ground(wood, 0.0, 0.9), p.ground(darker(wood, 0.5))))
    for k in range(-9, 10):
        x = c.w * 0.5 + k * 0.06 * c.u
        seam = p.tone(darker(wood, 0.55))
        c.line([(x, top), (c.w * 0.5 + (x - c.w * 0.5) * 2.6, c.h)], seam, 0.003 * c.u)
    white = p.tone(rgb("#e8e4da"), 0.0, 0.95)
    rail = top - 0.16 * c.u
    for k in range(round(c.w / (0.22 * c.u)) + 2):
        x = k * 0.22 * c.u
        c.rect(x - 0.006 * c.u, rail, x + 0.006 * c.u, top, white)
    for y, thick in ((rail, 0.016), (rail + 0.055 * c.u, 0.006), (rail + 0.105 * c.u, 0.006)):
        c.rect(0, y, c.w, y + thick * c.u, white)
    c.fade((0, top, c.w, top + 0.04 * c.u), p.ink, 0.4, 0.0)
    scene.ground = 0.92


def _hull_at(scene: Scene, t: float) -> tuple[float, float, float]:
    """An open boat's middle, gunwale and half its breadth at `t`, from the bow (0) to the foot of the picture (1)."""
    c = scene.canvas
    broad = min(0.70 * c.u * min(1.0, 0.17 + 0.95 * scene.stature), 0.49 * c.w) * math.sin(
        0.5 * math.pi * min(1.0, t) ** 0.85
    )
    bow = scene.horizon + 0.070 * c.u
    sheer = -0.085 * c.u * (1 - t) ** 2.6
    swing = scene.standing_side * 0.11 * c.w * max(0.0, 1 - t / 0.62) ** 1.5
    return c.w * 0.5 - swing, bow + (c.h * 1.02 - bow) * t**1.40 + sheer, broad


def _line(scene: Scene, side: int, share: float, deep: float) -> list[Point]:
    """A line along the hull: `share` of the breadth out, `deep` (units, at the foot) below the gunwale."""
    points: list[Point] = []
    for k in range(_STEPS + 1):
        x, y, broad = _hull_at(scene, k / _STEPS)
        points.append((x + side * share * broad, y + deep * scene.canvas.u * (k / _STEPS) ** 0.62))
    return points


def _strake(scene: Scene, side: int, s: float) -> list[Point]:
    """A line along the inner side, from the gunwale (0) to the bottom boards (1)."""
    return _line(scene, side, 1 - 0.52 * s**1.5, 0.27 * s)


def _open_boat(scene: Scene) -> None:
    """A low open boat from its stern: gunwales that meet at the bow, ribs, bottom boards, a thwart; water close by."""
    c, p = scene.canvas, scene.palette
    wood = _PLANK if scene.boat == "rowing boat" else rgb("#7f8b8c")
    shade = mix(p.tone(rgb("#123548")), p.ink, 0.5)
    c.soft([[*_line(scene, -1, 1.10, 0.01), *reversed(_line(scene, 1, 1.10, 0.01))]], shade, 0.55, 0.018 * c.u)
    _wash(scene)
    dark = p.ground(darker(wood, 0.50), 0.04, 0.8), p.ground(darker(wood, 0.70), 0.0, 0.75)
    c.shape([*_line(scene, -1, 1.0, 0.0), *reversed(_line(scene, 1, 1.0, 0.0))], dark)
    _bottom(scene, wood)
    for side in (-1, 1):
        lit = side != scene.light_side  # the side that faces the light
        for row in range(4):
            upper, lower = _strake(scene, side, row / 4), _strake(scene, side, (row + 1) / 4)
            tone = darker(wood, 0.06 + 0.10 * row) if lit else darker(wood, 0.32 + 0.09 * row)
            c.shape([*upper, *reversed(lower)], (p.ground(tone, 0.06), p.ground(darker(tone, 0.30), 0.0, 0.85)))
            c.line(upper, p.ground(darker(tone, 0.50), 0.0, 0.8), 0.003 * c.u)
        for k in (9, 14, 19, 24, 29, 34, 39):
            rib = [_strake(scene, side, s)[k] for s in (0.0, 0.35, 0.7, 1.0)]
            thick = (0.003 + 0.013 * k / _STEPS) * c.u
            c.shape(
                [*[(x - thick, y) for x, y in rib], *[(x + thick, y) for x, y in reversed(rib)]],
                p.ground(darker(wood, 0.14 if lit else 0.40), 0.04, 0.85),
            )
    _thwart(scene, 15, wood)
    _gunwales(scene, wood)
    if scene.boat == "fishing boat":
        _nets(scene)
    scene.ground, scene.focus = 0.90, (0.5, scene.level - 0.05)
    scene.thwart = 0.93 * _hull_at(scene, 0.50)[2] / c.h


def _wash(scene: Scene) -> None:
    """Foam where the bow parts the water, and along the sides."""
    c, p, rng = scene.canvas, scene.palette, scene.rng("wash")
    foam = p.tone(rgb("#e4f0f2"), 0.08, 1.05)
    for side in (-1, 1):
        out, along = _line(scene, side, 1.16, 0.0), _line(scene, side, 1.02, 0.0)
        for k in range(1, _STEPS - 6, 2):
            size = c.u * (0.006 + 0.020 * k / _STEPS) * jitter(rng, 0.5, 1.3)
            x, y = along[k][0] + (out[k][0] - along[k][0]) * jitter(rng, 0.0, 1.0), along[k][1]
            c.polygon(
                [(x - size * 2.2, y), (x, y - size * 0.28), (x + size * 2.2, y), (x, y + size * 0.3)],
                mix(foam, p.tone(rgb("#2f6f8c")), 0.25 + 0.4 * k / _STEPS),
            )


def _bottom(scene: Scene, wood: RGB) -> None:
    """The boards that one's feet are on, their seams running to the bow."""
    c, p = scene.canvas, scene.palette
    left, right = _line(scene, -1, 0.48, 0.27)[3:], _line(scene, 1, 0.48, 0.27)[3:]
    c.shape(
        [*left, *reversed(right)], (p.ground(darker(wood, 0.22), 0.04, 0.85), p.ground(darker(wood, 0.55), 0.0, 0.75))
    )
    for share in (-0.32, -0.16, 0.0, 0.16, 0.32):
        seam = _line(scene, 1, share, 0.27)[3:]
        c.line(seam, p.ground(darker(wood, 0.66), 0.0, 0.75), 0.0035 * c.u)


def _thwart(scene: Scene, k: int, wood: RGB) -> None:
    """A board from side to side."""
    c, p = scene.canvas, scene.palette
    (x0, y), (x1, _) = _line(scene, -1, 0.97, 0.03)[k], _line(scene, 1, 0.97, 0.03)[k]
    deep = 0.035 * c.u
    c.soft(
        [
            [
                (x0 + deep, y + deep),
                (x1 - deep, y + deep),
                (x1 - 2 * deep, y + 2.6 * deep),
                (x0 + 2 * deep, y + 2.6 * deep),
            ]
        ],
        p.ink,
        0.5,
        0.008 * c.u,
    )
    c.shape(
        [
            (x0 + 0.01 * c.u, y - deep * 0.5),
            (x1 - 0.01 * c.u, y - deep * 0.5),
            (x1, y + deep * 0.4),
            (x0, y + deep * 0.4),
        ],
        p.ground(lighter(wood, 0.16), 0.06),
    )
    c.shape(
        [(x0, y + deep * 0.4), (x1, y + deep * 0.4), (x1, y + deep), (x0, y + deep)], p.ground(darker(wood, 0.30), 0.04)
    )


def _gunwales(scene: Scene, wood: RGB) -> None:
    """The rims of both sides, the stem where they meet, and the rowlocks."""
    c, p = scene.canvas, scene.palette
    rim = lighter(wood, 0.24)
    for side in (-1, 1):
        line = _line(scene, side, 1.0, 0.0)
        thick = [(0.005 + 0.022 * k / _STEPS) * c.u for k in range(_STEPS + 1)]
        outer = [(x + side * w, y - w * 0.35) for (x, y), w in zip(line, thick, strict=True)]
        inner = [(x - side * w, y + w * 0.15) for (x, y), w in zip(line, thick, strict=True)]
        tone = lighter(rim, 0.10) if side != scene.light_side else darker(rim, 0.16)
        c.shape([*outer, *reversed(inner)], (p.ground(tone, 0.05), p.ground(darker(tone, 0.22), 0.0, 0.95)))
        c.line(inner, p.ground(darker(wood, 0.55), 0.0, 0.8), 0.0035 * c.u)
    x, y, _ = _hull_at(scene, 0.0)
    c.shape(
        [
            (x - 0.012 * c.u, y + 0.02 * c.u),
            (x - 0.007 * c.u, y - 0.045 * c.u),
            (x + 0.007 * c.u, y - 0.045 * c.u),
            (x + 0.012 * c.u, y + 0.02 * c.u),
        ],
        p.ground(rim, 0.06),
    )
    (a, b), (d, _) = _line(scene, -1, 0.96, 0.0)[4], _line(scene, 1, 0.96, 0.0)[4]
    c.shape([(a, b), (x, y), (d, b), (x, b + 0.012 * c.u)], p.ground(rim, 0.08))


def _nets(scene: Scene) -> None:
    """A coil of rope and a heap of net with its floats, forward of the thwart."""
    c, p, rng = scene.canvas, scene.palette, scene.rng("nets")
    x, y, broad = _hull_at(scene, 0.52)
    x -= scene.standing_side * broad * 0.42
    net = p.ground(rgb("#4f6b62"), 0.02, 0.9)
    c.shape(
        [
            (x - 0.13 * c.u, y + 0.12 * c.u),
            (x - 0.09 * c.u, y + 0.055 * c.u),
            (x - 0.02 * c.u, y + 0.03 * c.u),
            (x + 0.07 * c.u, y + 0.05 * c.u),
            (x + 0.12 * c.u, y + 0.12 * c.u),
        ],
        (net, darker(net, 0.4)),
    )
    for _ in range(6):
        at = x + c.u * jitter(rng, -0.09, 0.08), y + c.u * jitter(rng, 0.06, 0.11)
        c.ellipse(*at, 0.012 * c.u, 0.011 * c.u, p.ground(rgb("#c9693f"), 0.0, 0.95))


def _boat_out_there(scene: Scene) -> None:
    """The boat seen from the water: rowed by somebody small, or with her lamps lit."""
    c, p, hz = scene.canvas, scene.palette, scene.horizon
    x, y = scene.side_x(0.13), hz + 0.075 * c.u  # clear of the captions
    scene.focus = (x / c.w, scene.level)
    if scene.boat != "rowing boat":
        boat(scene, x, y, 0.42 * c.u, 0.04, "out there")
        return
    s, long = -scene.light_side, 0.30 * c.u
    hull, rim, dark = p.tone(_PLANK, 0.05), p.tone(lighter(_PLANK, 0.4), 0.05), p.tone(rgb("#23303a"), 0.02)
    c.soft(
        [
            [
                (x - long * 0.5, y),
                (x + long * 0.5, y),
                (x + long * 0.3, y + long * 0.2),
                (x - long * 0.3, y + long * 0.2),
            ]
        ],
        mix(p.tone((40, 90, 116)), p.ink, 0.6),
        0.6,
        long * 0.04,
    )
    lean = -s * long * 0.07
    cloth, hair = (p.tone(colour, 0.02) for colour in scene.rower)
    c.shape(
        [
            (x - long * 0.09, y - long * 0.08),
            (x - long * 0.075 + lean * 0.7, y - long * 0.27),
            (x + lean, y - long * 0.31),
            (x + long * 0.075 + lean * 0.7, y - long * 0.27),
            (x + long * 0.09, y - long * 0.08),
        ],
        cloth,
    )
    c.ellipse(x + lean * 1.1, y - long * 0.355, long * 0.048, long * 0.058, hair)
    shell = [
        (x - s * long * 0.50, y - long * 0.15),
        (x - s * long * 0.2, y - long * 0.105),
        (x + s * long * 0.2, y - long * 0.105),
        (x + s * long * 0.54, y - long * 0.19),
        (x + s * long * 0.40, y + 2),
        (x - s * long * 0.42, y + 2),
    ]
    c.shape(shell, (hull, darker(hull, 0.45)))
    c.line(shell[:4], rim, long * 0.022)
    for way in (-1, 1):
        hand = (x + lean * 0.6 - s * long * 0.10, y - long * 0.18)
        tip = (x + s * long * (0.10 + 0.10 * way), y + long * (0.10 if way > 0 else -0.02))
        c.line([hand, tip], dark if way < 0 else rim, long * 0.016)
    foam = p.tone(rgb("#e4f0f2"), 0.06)
    c.ellipse(x + s * long * 0.20, y + long * 0.10, long * 0.07, long * 0.012, foam)
    for k in range(6):
        c.ellipse(
            x - s * long * (0.42 + 0.13 * k),
            y + long * 0.015 * (k % 3),
            long * 0.05,
            long * 0.008,
            mix(foam, p.tone((52, 110, 140)), 0.12 * k),
        )
