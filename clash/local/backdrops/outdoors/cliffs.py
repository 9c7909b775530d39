"""A cliff top above the sea, or above a valley in the mountains."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from clash.local.backdrops.canvas import Point
from clash.local.backdrops.outdoors.birds import gulls
from clash.local.backdrops.outdoors.lighthouse import lighthouse_tower
from clash.local.backdrops.outdoors.plants import bush, reeds
from clash.local.backdrops.outdoors.scenery import (
    boulder,
    height_at,
    mist,
    peaks,
    ridge,
    shade_foot,
    strip,
    underfoot,
)
from clash.local.backdrops.outdoors.waters import swell, water
from clash.local.backdrops.outdoors.wilds import firs
from clash.local.backdrops.palette import EARTH, GRASS, darker, lighter, mix, rgb
from clash.local.backdrops.scene import Scene, jitter
from clash.local.backdrops.sky import paint_sky

_ROCK = rgb("#8f8178")
_STONE = rgb("#85827e")
_PATH = mix(EARTH, _STONE, 0.35)
_TURF = mix(GRASS, rgb("#8a9a58"), 0.35)
_GORSE = rgb("#4d6b3c")
_STEPS = 64


@dataclass(frozen=True)
class _Headland:
    """A headland seen across the water; lengths in units of the canvas, x from the middle towards the light.

    Its skyline falls from `inland` (x, height above the horizon) to `tip`; the brow, where the turf ends, runs from
    `near` to the tip; the rock falls from it by `face`, at its near end and at the tip.
    """

    label: str
    inland: Point
    near: Point
    tip: Point
    face: tuple[float, float]
    depth: float


def cliff(scene: Scene) -> None:
    """A grassy cliff top: a trodden path along the brow, headlands that fall to the surf, the sea to the horizon."""
    c, p, hz = scene.canvas, scene.palette, scene.horizon
    paint_sky(scene)
    water(scene, hz, c.h, calm=0.3 if p.weather == "storm" else 0.5)
    if p.weather in ("rain", "storm"):
        swell(scene, hz, hz + 0.36 * c.u)
    for land in _coast(scene):
        if land.label == "near":
            _stacks(scene)
        skyline = _paint_headland(scene, land)
        if land.label == "near":
            _climb(scene, skyline)
        else:
            mist(scene, _y(scene, land.tip[1] - land.face[1]), 0.05 * c.u, 0.30 * land.depth)
    gulls(scene, lambda share: _x(scene, _reach(scene) * share))
    _cliff_top(scene)


def crag(scene: Scene) -> None:
    """A cliff in the mountains: peaks across a wooded valley that lies in haze, the path along the brow."""
    c, p, hz = scene.canvas, scene.palette, scene.horizon
    paint_sky(scene, hz + 0.16 * c.u)
    peaks(scene, "far range", hz + 0.02 * c.u, 0.34 * c.u, 0.66, snow=0.26, count=6)
    mist(scene, hz, 0.12 * c.u, 0.45)
    c.rect(0, hz + 0.012 * c.u, c.w, hz + 0.13 * c.u, p.tone(rgb("#5d6b7c"), 0.62))
    peaks(scene, "main range", hz + 0.09 * c.u, 0.40 * c.u, 0.40, snow=0.42 if p.snowy else 0.18, count=4)
    pine = rgb("#4a7058")
    for k in range(4):
        depth = 0.44 - 0.09 * k
        fill = p.ground(pine, depth), p.ground(darker(pine, 0.18), depth * 0.8)
        base = hz + (0.06 + 0.055 * k) * c.u
        line = ridge(scene, f"valley {k}", base, (0.020 + 0.006 * k) * c.u, fill)
        firs(scene, f"valley {k}", line, 70 - 12 * k, 0.020 + 0.008 * k, p.ground(darker(pine, 0.12), depth))
        mist(scene, base + 0.045 * c.u, 0.05 * c.u, 0.42)
    near = _coast(scene)[-1]
    _climb(scene, _paint_headland(scene, near, surf=False))
    mist(scene, _y(scene, near.tip[1] - 0.6 * near.face[1]), 0.10 * c.u, 0.42)
    _cliff_top(scene)


def _cliff_top(scene: Scene) -> None:
    """Where the camera stands: turf, path, stones and gorse."""
    _plateau(scene)
    _path(scene)
    _growth(scene)
    shade_foot(scene, _TURF)
    scene.ground = 0.89
    scene.focus = (0.5 + 0.03 * scene.light_side, scene.level - 0.02)


def _reach(scene: Scene) -> float:
    """Half the width of the picture in units."""
    return 0.5 * scene.canvas.w / scene.canvas.u


def _coast(scene: Scene) -> tuple[_Headland, ...]:
    far, rng = _reach(scene), scene.rng("coast")

    def some(middle: float, give: float = 0.22) -> float:
        return middle * (1 + jitter(rng, -give, give))

    return (
        _Headland("far", (-far, some(0.085)), (-0.5 * far, 0.020), (some(0.52) * far, 0.008), (0.034, 0.022), 0.70),
        _Headland(
            "middle",
            (-far, some(0.17)),
            (-0.5 * far, 0.045),
            (some(0.24) * far, some(0.024)),
            (0.115, some(0.078)),
            0.42,
        ),
        _Headland(
            "near",
            (-far, some(0.27)),
            (-0.42 * far, -0.080),
            (jitter(rng, -0.07, 0.06) * far, some(0.032)),
            (0.34, some(0.19, 0.1)),
            0.14,
        ),
    )


def _x(scene: Scene, units: float) -> float:
    return scene.canvas.w * 0.5 + scene.light_side * units * scene.canvas.u


def _y(scene: Scene, up: float) -> float:
    """`up` units above the horizon; what is below it lies the deeper, the more of the ground the camera sees."""
    c = scene.canvas
    seen = 1.0 if up >= 0 else min(1.30, max(0.66, (c.h - scene.horizon) / (0.4 * c.u)))
    return scene.horizon - up * seen * c.u


def _paint_headland(scene: Scene, land: _Headland, *, surf: bool = True) -> list[Point]:
    """Paints it, with `surf` at its foot; answers its skyline from the inland end to the tip."""
    c, p, rng = scene.canvas, scene.palette, scene.rng(f"headland {land.label}")
    a, b, d, e = rng.uniform(0, 6.28, 4).tolist()
    skyline: list[Point] = []
    brow: list[Point] = []
    foot: list[Point] = []
    for k in range(_STEPS + 1):
        t = k / _STEPS
        wave = 0.5 * float(np.sin(t * 8 + a)) + 0.3 * float(np.sin(t * 19 + b))
        x, up = land.inland[0] + (land.tip[0] - land.inland[0]) * t, land.inland[1] - land.tip[1]
        skyline.append((_x(scene, x), _y(scene, land.tip[1] + up * (1 - t) ** 1.1 * (1 + 0.10 * wave))))
        tall = land.face[0] + (land.face[1] - land.face[0]) * t**0.8
        ragged = tall * (0.035 * float(np.sin(t * 23 + d)) + 0.020 * float(np.sin(t * 51 + e))) * (1 - t**6)
        x = land.near[0] + (land.tip[0] - land.near[0]) * t
        up = land.near[1] + (land.tip[1] - land.near[1]) * t**0.8 + ragged - 0.10 * tall * t**14
        brow.append((_x(scene, x + ragged * 0.5), _y(scene, up)))
        out = tall * (0.06 + 0.16 * t**3) + ragged
        foot.append((_x(scene, x + out), _y(scene, land.near[1] + (land.tip[1] - land.near[1]) * t**0.8 - tall)))
    skyline[-1] = brow[-1]
    if surf:
        _surf(scene, land.label, foot, (1 - land.depth) * 0.016 * c.u)
    _face(scene, land, brow, foot, tide=surf)
    grass = p.ground(lighter(_TURF, 0.06), land.depth), p.ground(darker(_TURF, 0.16), land.depth)
    inland, low = _x(scene, land.inland[0] - 0.1), max(brow[0][1], _y(scene, land.near[1] - 0.06))
    c.shape([*skyline, *reversed(brow), (brow[0][0], low), (inland, low), (inland, skyline[0][1])], grass)
    return skyline


def _face(scene: Scene, land: _Headland, brow: list[Point], foot: list[Point], *, tide: bool) -> None:
    """Rock in two storeys of facets, each with a flank towards the light and one away; wet where the tide is."""
    c, p, rng = scene.canvas, scene.palette, scene.rng(f"face {land.label}")
    lit = p.tone(lighter(_ROCK, 0.20), land.depth, 1.08)
    dark = p.tone(darker(_ROCK, 0.40), land.depth * 0.9)
    wet = p.tone(darker(_ROCK, 0.64), land.depth * 0.9)
    middle = mix(lit, dark, 0.45)

    def on(k: float, down: float) -> Point:
        """A point of the face, `down` 0 at the brow, 1 at the foot; lower ones lie further out."""
        i = min(_STEPS - 1, max(0, int(k)))
        t = min(1.0, max(0.0, k - i))
        return _between(_between(brow[i], brow[i + 1], t), _between(foot[i], foot[i + 1], t), down)

    c.shape([*brow, *reversed(foot)], (middle, mix(middle, wet, 0.55)))
    for low, high, count in ((0.0, 0.55, 9), (0.46, 1.0, 7)):
        for j in range(count):
            k = _STEPS * (j + jitter(rng, -0.25, 0.25)) / count
            wide = _STEPS * jitter(rng, 0.7, 1.15) / count
            fold, lean = k + wide * jitter(rng, 0.35, 0.65), jitter(rng, -2.5, 2.5)
            base = min(1.0, high + jitter(rng, -0.16, 0.10))
            ridge = [on(fold, low), on(fold + lean * 0.4, (low + base) / 2), on(fold + lean, base)]
            c.shape([on(k, low), *ridge, on(k + lean * 0.5, base - 0.1)], (dark, mix(dark, wet, 0.5)), 0.62)
            sunny = [*ridge, on(k + wide + lean * 0.3, base - jitter(rng, 0.10, 0.26)), on(k + wide, low)]
            c.shape(sunny, (lit, mix(lit, middle, 0.8)), 0.70)
    if tide:
        line = [on(k, 0.90 + 0.05 * float(np.sin(k * 1.3))) for k in range(_STEPS + 1)]
        c.shape([*line, *reversed(foot)], wet, 0.6)
    turf = p.ground(darker(_TURF, 0.12), land.depth)
    for j in range(11):  # turf hangs over the brow
        k, wide = _STEPS * (j + jitter(rng, 0, 1)) / 11, jitter(rng, 1.6, 4.0)
        c.shape([on(k - wide, -0.01), on(k + wide, -0.01), on(k + wide * 0.3, jitter(rng, 0.03, 0.11))], turf, 0.9)


def _between(a: Point, b: Point, share: float) -> Point:
    return a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share


def _surf(scene: Scene, label: str, foot: list[Point], size: float) -> None:
    """White water along `foot`, where rock meets the sea; spray when it blows."""
    c, p, rng = scene.canvas, scene.palette, scene.rng(f"surf {label}")
    foam = p.tone(rgb("#eef5f4"), 0.12, 1.1)
    size *= {"storm": 1.7, "rain": 1.2}.get(p.weather, 1.0)
    s = scene.light_side
    band = [(x + s * size * jitter(rng, 0.6, 2.2), y + size * jitter(rng, 0.1, 0.9)) for x, y in foot]
    c.soft([[*[(x, y - size) for x, y in foot], *reversed(band)]], foam, 0.85, size * 0.35)
    for x, y in foot[2::4]:
        half = size * jitter(rng, 1.0, 3.2)
        at = x + s * size * jitter(rng, 0, 5), y + size * jitter(rng, 0.9, 2.6)
        c.shape(
            [(at[0] - half, at[1]), (at[0], at[1] - size * 0.13), (at[0] + half, at[1]), (at[0], at[1] + size * 0.13)],
            foam,
            0.8,
        )
    if p.weather == "storm":
        for x, y in foot[4::7]:
            c.glow(x, y - size, size * jitter(rng, 2.0, 5.0), foam, 0.75, tall=1.3, power=1.3)


def _stacks(scene: Scene) -> None:
    rng = scene.rng("stacks")
    at, half, tall = jitter(rng, 0.34, 0.44), jitter(rng, 0.028, 0.042), jitter(rng, 0.09, 0.16)
    _stack(scene, at, half, tall)
    _stack(scene, at + jitter(rng, 0.08, 0.13), half * 0.6, tall * jitter(rng, 0.3, 0.6))


def _stack(scene: Scene, at: float, half: float, tall: float) -> None:
    """A needle of rock that the sea has cut off; `at` is a share of the half width."""
    c, p = scene.canvas, scene.palette
    x, up = at * _reach(scene), -0.075
    outline = (
        (-1.25, 0.0),
        (-0.92, 0.34),
        (-0.96, 0.58),
        (-0.66, 0.90),
        (-0.15, 1.0),
        (0.42, 0.95),
        (0.62, 0.66),
        (0.56, 0.44),
        (1.05, 0.16),
        (1.35, 0.0),
    )
    rock = [(_x(scene, x + dx * half), _y(scene, up) - share * tall * c.u) for dx, share in outline]
    foot = [_between(rock[0], rock[-1], k / 12) for k in range(13)]
    _surf(scene, "stack", foot, 0.010 * c.u)
    lit, dark = p.tone(lighter(_ROCK, 0.18), 0.30, 1.06), p.tone(darker(_ROCK, 0.42), 0.26)
    c.shape(rock, (mix(lit, dark, 0.3), p.tone(darker(_ROCK, 0.5), 0.26)))
    c.shape([*rock[:5], (rock[4][0], rock[2][1]), (rock[3][0], rock[1][1]), (rock[4][0], rock[0][1])], dark, 0.8)
    c.shape([rock[5], *rock[6:9], (rock[5][0], rock[7][1])], lit, 0.8)
    c.shape(
        [*rock[3:6], (rock[5][0], rock[5][1] + 0.10 * tall * c.u), (rock[4][0], rock[4][1] + 0.07 * tall * c.u)],
        p.ground(_TURF, 0.32),
    )


def _climb(scene: Scene, skyline: list[Point]) -> None:
    """The near headland's slope: folds of the ground, and the path again, where it climbs to the skyline."""
    c, p, far = scene.canvas, scene.palette, _reach(scene)
    rising = sorted(skyline)
    for k, share in enumerate((0.10, 0.27, 0.47)):
        x = _between(skyline[0], skyline[-1], share)[0]
        top, wide = height_at(rising, x), c.u * (0.20 - 0.04 * k)
        away = -scene.light_side * wide
        fold = [
            (x, top + 0.006 * c.u),
            (x + away * 0.9, top + wide * 0.9),
            (x + away * 1.3, top + wide * 1.1),
            (x + away * 0.2, top + wide * 0.75),
            (x - away * 0.12, top + wide * 0.3),
        ]
        c.soft([fold], p.ground(darker(_TURF, 0.45), 0.16), 0.30, 0.014 * c.u)
    end = _x(scene, -0.27 * far)
    a, b = _path_point(scene, _FAR_END)[:2], (_x(scene, -1.12 * far), _y(scene, 0.0))
    d, e = (_x(scene, -0.55 * far), _y(scene, 0.055)), (end, height_at(rising, end))
    middle: list[tuple[float, float, float]] = []
    for k in range(33):
        t = k / 32
        w = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
        x, y = (sum(share * q[axis] for share, q in zip(w, (a, b, d, e), strict=True)) for axis in (0, 1))
        middle.append((x, y, c.u * (0.003 + 0.028 * (1 - t) ** 2.2)))
    strip(scene, middle, (p.ground(EARTH, 0.26, 0.92), p.ground(_PATH, 0.14)))
    if scene.named("lighthouse", "beacon", "lamp", "灯塔"):
        x = _x(scene, -0.62 * far)
        lighthouse_tower(scene, x, height_at(rising, x) + 0.01 * c.u, 0.20 * c.u, beam_side=scene.light_side)


_BROW = (
    (1.08, 0.665),
    (0.80, 0.645),
    (0.50, 0.59),
    (0.24, 0.52),
    (0.06, 0.445),
    (-0.10, 0.385),
    (-0.27, 0.335),
    (-0.43, 0.295),
)
"""The cliff's brow from the edge of the picture to the cove: shares of the half width and of the ground's height."""


def _plateau(scene: Scene) -> None:
    """The turf that the camera stands on, and the ragged lip of rock along its brow."""
    c, p, hz = scene.canvas, scene.palette, scene.horizon
    far, deep, rng, count = _reach(scene), c.h - hz, scene.rng("brow"), 90
    along, at = np.linspace(0, 1, count), np.linspace(0, 1, len(_BROW))
    xs = np.interp(along, at, [x for x, _ in _BROW]) + rng.normal(0, 0.003, count)
    sway = 0.012 * np.sin(along * 17 + jitter(rng, 0, 6)) * (1.15 - along)
    ts = np.interp(along, at, [t for _, t in _BROW]) + rng.normal(0, 0.003, count) + sway
    brow = [(_x(scene, float(x) * far), hz + float(t) * deep) for x, t in zip(xs, ts, strict=True)]
    lip = [
        (x + scene.light_side * 0.004 * c.u, y - jitter(rng, 0.004, 0.016) * c.u * (1.25 - k / count))
        for k, (x, y) in enumerate(brow)
    ]
    c.shape([*lip, *reversed(brow)], (p.tone(lighter(_ROCK, 0.16), 0.04), p.tone(darker(_ROCK, 0.35), 0.0)))
    inland = [(_x(scene, -0.62 * far), hz + 0.25 * deep), (_x(scene, -1.1 * far), hz + 0.10 * deep)]
    foot = [(_x(scene, -1.1 * far), c.h + 4.0), (_x(scene, 1.1 * far), c.h + 4.0)]
    c.shape([*brow, *inland, *foot], (p.ground(_TURF, 0.13), p.ground(darker(_TURF, 0.55), 0.0, 0.80)))
    for k in range(9):  # hummocks, each with a bright rim towards the light
        near = (k + 0.5) / 9
        x = _x(scene, far * jitter(rng, -1.0, -0.25 + 0.7 * near))
        y, half = hz + (0.32 + 0.55 * near) * deep, c.u * (0.06 + 0.20 * near) * jitter(rng, 0.7, 1.3)
        mound = [
            (x + half * float(np.cos(a)), y - half * 0.20 * max(-0.15, float(np.sin(a))))
            for a in np.linspace(0, 2 * np.pi, 25)[:-1]
        ]
        c.soft([mound], p.ground(lighter(_TURF, 0.12), 0.05, 1.0 - 0.25 * near), 0.24, 0.014 * c.u)


_FAR_END = 0.30


def _path_point(scene: Scene, t: float) -> tuple[float, float, float]:
    """The path's middle and half its width where it is `t` of the way from the horizon to the foot of the picture."""
    c, bend = scene.canvas, max(0.0, (0.80 - t) / 0.50)
    x = _x(scene, -0.58 * _reach(scene) * bend**1.6 + 0.05 * float(np.sin(t * 6.0)) * t)
    return x + underfoot(scene, t), scene.horizon + t * (c.h - scene.horizon), 0.25 * c.u * t**1.5


def _path(scene: Scene) -> None:
    """Trodden earth from the foot of the picture to the cove, its edges eaten by grass."""
    c, p, rng = scene.canvas, scene.palette, scene.rng("path")
    left: list[Point] = []
    right: list[Point] = []
    a, b = rng.uniform(0, 6.28, 2).tolist()
    for t in np.linspace(1.03, _FAR_END, 90).tolist():
        x, y, half = _path_point(scene, t)
        bite = 0.06 * float(np.sin(24 * t**0.5 * 3 + a)) + jitter(rng, -0.035, 0.035)
        left.append((x - half * (1 + bite), y))
        right.append((x + half * (1 + 0.07 * float(np.sin(19 * t**0.5 * 3 + b)) + jitter(rng, -0.035, 0.035)), y))
    worn = [
        (x, y, half * 1.2) for x, y, half in (_path_point(scene, t) for t in np.linspace(1.03, _FAR_END, 40).tolist())
    ]
    verge = mix(_PATH, _TURF, 0.6)
    strip(scene, worn, (p.ground(verge, 0.12), p.ground(darker(verge, 0.5), 0.0, 0.85)))
    c.shape([*left, *reversed(right)], (p.ground(_PATH, 0.14), p.ground(darker(_PATH, 0.42), 0.0, 0.85)))
    for share, t, size in rng.uniform(0, 1, (44, 3)).tolist():
        x, y, half = _path_point(scene, 0.34 + 0.62 * t)
        r = half * 0.055 * (0.35 + size)
        shade = lighter(_PATH, 0.10) if size > 0.7 else darker(_PATH, 0.30)
        c.ellipse(x + (share * 1.7 - 0.85) * half, y, r, r * 0.42, p.ground(shade, 0.05, 0.95 - 0.35 * t))


def _growth(scene: Scene) -> None:
    """Stones and gorse beside the path, tufts along it, dark grass in the corners."""
    c, p, hz, rng, far = scene.canvas, scene.palette, scene.horizon, scene.rng("growth"), _reach(scene)
    deep = c.h - hz
    for k, (x, t) in enumerate(
        ((-0.96, 0.24), (-0.80, 0.31), (-0.70, 0.30), (-0.92, 0.42), (-0.63, 0.44), (-0.98, 0.60))
    ):
        size = c.u * (0.03 + 0.17 * t) * jitter(rng, 0.8, 1.2)
        colour = p.ground(_GORSE, max(0.0, 0.24 - 0.4 * t), 0.95)
        bloom = None if p.snowy else p.tone(rgb("#d9b23c"), 0.06)
        bush(scene, _x(scene, x * far), hz + t * deep, size, colour, f"gorse {k}", bloom=bloom)
    for k, (side, t) in enumerate(((-1, 0.36), (1, 0.43), (-1, 0.50), (1, 0.58), (-1, 0.62))):
        size = c.u * (0.012 + 0.052 * t) * jitter(rng, 0.75, 1.2)
        x, y, half = _path_point(scene, t)
        boulder(
            scene,
            x + side * scene.light_side * (half * 1.3 + size),
            y,
            size,
            p.ground(_STONE, max(0.0, 0.16 - 0.2 * t), 1.08 - 0.3 * t),
            f"stone {k}",
        )
    reeds(scene, "left", c.h * 0.97, 0.10 * c.u, darker(_TURF, 0.35), within=(0.0, 0.27))
    reeds(scene, "right", c.h * 0.98, 0.09 * c.u, darker(_TURF, 0.35), within=(0.74, 1.0))
