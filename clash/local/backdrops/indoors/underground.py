"""Below ground: cellar, prison, cave."""

from __future__ import annotations

import numpy as np

from clash.local.backdrops.canvas import Point
from clash.local.backdrops.indoors.furniture import crate, shadow, table
from clash.local.backdrops.indoors.shell import Room, masonry, room_of
from clash.local.backdrops.indoors.windows import daylight_of, view_outside, wall_window
from clash.local.backdrops.palette import LAMP, RGB, darker, lighter, mix, rgb
from clash.local.backdrops.scene import Scene, jitter


def cellar(scene: Scene) -> None:
    """A vault of stone: barrels, crates, steps down from a lit door, one bare bulb; bars where it is a prison."""
    s, c, p = scene.light_side, scene.canvas, scene.palette
    stone = rgb("#7f776c")
    room = room_of(scene, stone, rgb("#5f564c"), boards=False, tiles=True, ceiling=rgb("#5a544c"))
    m = room.metre
    masonry(room, stone)
    for k in range(3):
        grow = 1.0 + 0.55 * k
        arch = [
            room.near(
                c.w / 2 + (room.right - c.w / 2) * 1.01 * float(np.cos(t)),
                room.y(1.75) - 1.22 * m * float(np.sin(t)),
                grow,
            )
            for t in np.linspace(0, np.pi, 40)
        ]
        rib = [
            room.near(
                c.w / 2 + (room.right - c.w / 2) * 0.93 * float(np.cos(t)),
                room.y(1.70) - 1.08 * m * float(np.sin(t)),
                grow,
            )
            for t in np.linspace(np.pi, 0, 40)
        ]
        c.shape([*arch, *rib], p.tone(darker(stone, 0.22 + 0.12 * k), 0, 0.8))
    if scene.named("prison", "cell", "jail", "dungeon", "牢", "监狱"):
        _bars(room)
    else:
        _steps(room, s)
        for at, near, size in ((-0.80, 1.05, 0.46), (-0.52, 1.05, 0.46), (-0.66, 1.02, 0.40), (-0.92, 1.42, 0.52)):
            lift = 0.86 * room.metre if near == 1.02 else 0.0
            _barrel(room, s * at, near, size, lift)
        crate(room, room.x(-s * 0.18), 1.10, 0.60, rgb("#8a6a4c"))
        crate(room, room.x(s * 0.90), 1.45, 0.72, rgb("#7f6248"))
    c.fade((0, 0, c.w, c.h), p.ink, 0.38, 0.30)
    px, top = room.near(c.w / 2, room.top, 1.1)
    c.line([(px, top), (px, top + 0.7 * m)], p.tone(rgb("#1f1c1a")), 0.016 * m)
    warm = max(0.45, p.lamps)
    c.glow(px, top + 0.8 * m, 2.6 * m, LAMP, 0.42 * warm, power=1.5)
    c.glow(px, top + 0.8 * m, 0.6 * m, (255, 240, 200), 0.9 * warm, power=2.4)
    c.ellipse(px, top + 0.78 * m, 0.05 * m, 0.07 * m, (255, 246, 214))
    scene.key = mix(scene.key, LAMP, 0.6)
    scene.focus = (0.5 + s * 0.06, scene.level)


def _barrel(room: Room, at: float, nearer: float, r: float, lift: float) -> None:
    c, p = room.scene.canvas, room.scene.palette
    cx, base = room.near(room.x(at), room.floor - lift, nearer)
    k = r * room.metre * nearer
    wood, iron = p.tone(rgb("#8f6540")), p.tone(rgb("#33302e"))
    if not lift:
        shadow(room, cx, base, k)
    c.ellipse(cx, base - k, k, k, iron)
    c.ellipse(cx, base - k, k * 0.92, k * 0.92, wood)
    for j in range(-3, 4):
        x = j * 0.26 * k
        h = (0.9 * 0.9 - (x / k) ** 2) ** 0.5 * k if abs(x / k) < 0.9 else 0.0
        c.line([(cx + x, base - k - h), (cx + x, base - k + h)], darker(wood, 0.3), k * 0.025)
    c.ellipse(cx, base - k, k * 0.12, k * 0.12, darker(wood, 0.5))


def _steps(room: Room, side: int) -> None:
    c, p, m = room.scene.canvas, room.scene.palette, room.metre
    x = room.x(side * 0.60)
    c.rect(x - 0.42 * m, room.y(2.55), x + 0.42 * m, room.y(1.15), mix(daylight_of(room), LAMP, 0.4 * p.lamps))
    c.glow(x, room.y(1.85), 1.3 * m, daylight_of(room), 0.45)
    for k in range(6):
        w, y0 = (0.46 + 0.06 * k) * m, room.y(1.15 - 0.19 * k)
        shade = p.tone(rgb("#8f8678"), 0, 0.95 - 0.05 * k)
        c.rect(x - w, y0, x + w, y0 + 0.07 * m, lighter(shade, 0.1))
        c.rect(x - w, y0 + 0.07 * m, x + w, y0 + 0.20 * m, darker(shade, 0.25))


def _bars(room: Room) -> None:
    c, p, m = room.scene.canvas, room.scene.palette, room.metre
    iron = p.tone(rgb("#2c2f33"))
    wall_window(room, room.scene.light_side * 0.5, 1.75, 0.9, 0.7, "barred", frame=rgb("#4f4a44"), panes=(5, 1))
    for k in range(13):
        x = room.x(-1 + 2 * k / 12)
        a, b = room.near(x, room.top, 1.18), room.near(x, room.floor, 1.18)
        if abs(k - 6) > 1:
            c.rect(a[0] - 0.03 * m, a[1], a[0] + 0.03 * m, b[1], iron)
    for h in (0.25, 1.5, 2.6):
        y = room.near(0, room.y(h), 1.18)[1]
        c.rect(room.near(room.left, 0, 1.18)[0], y, room.near(room.x(-0.2), 0, 1.18)[0], y + 0.05 * m, iron)
        c.rect(room.near(room.x(0.2), 0, 1.18)[0], y, room.near(room.right, 0, 1.18)[0], y + 0.05 * m, iron)
    cx, base, _ = table(room, room.x(-room.scene.light_side * 0.6), 1.08, 1.5, 0.42, rgb("#6b5540"))
    c.rect(cx - 0.7 * m, base - 0.02 * m, cx + 0.7 * m, base + 0.08 * m, p.tone(rgb("#8a8474")))


def cave(scene: Scene) -> None:
    """Rock in dark layers round an opening to the light, stalactites, a still pool, crystals."""
    c, p, s, hz = scene.canvas, scene.palette, scene.light_side, scene.horizon
    scene.vista = "country"
    w, h = max(8, round(0.5 * c.w)), max(8, round(0.62 * c.h))
    c.rect(0, 0, c.w, c.h, p.tone(rgb("#4a4650"), 0, 0.6))
    ox, oy = c.w * (0.5 + 0.06 * s), hz - 0.02 * c.h
    c.paste(view_outside(scene, w, h, "mouth"), ox - w / 2, oy - h * 0.62)
    light = mix(scene.outside.sky[-1], scene.outside.sun, 0.4)
    c.glow(ox, oy - 0.05 * c.u, 0.55 * c.u, light, 0.45, power=1.3)
    rock, crystal = (
        rgb("#6f6874"),
        {"dawn": rgb("#e08fb0"), "day": rgb("#6fd6d8"), "dusk": rgb("#e0a05f"), "night": rgb("#7f8ff0")}[p.time],
    )
    floor = hz + 0.10 * c.u
    c.shape([(0, floor), (c.w, floor), (c.w, c.h), (0, c.h)], (p.tone(rock, 0, 0.55), p.tone(rock, 0, 0.22)))
    c.ellipse(ox, floor + 0.14 * c.u, 0.42 * c.u, 0.065 * c.u, mix(p.tone(rgb("#2f5f6f"), 0, 0.5), light, 0.28))
    c.glow(ox, floor + 0.12 * c.u, 0.34 * c.u, light, 0.40, tall=0.20, power=1.2)
    for layer in range(3):
        _rock_ring(scene, layer, (ox, oy), p.tone(rock, 0, 0.62 - 0.19 * layer))
    rng = scene.rng("crystals")
    for side in (-1, 1):
        for _ in range(5):
            x, y = c.w * (0.5 + side * jitter(rng, 0.24, 0.42)), floor + c.u * jitter(rng, 0.02, 0.14)
            tall, lean = c.u * jitter(rng, 0.05, 0.12), jitter(rng, -0.35, 0.35)
            c.glow(x, y - tall * 0.5, tall * 1.8, crystal, 0.38)
            tip = (x + lean * tall, y - tall)
            c.polygon(
                [(x - tall * 0.16, y), (tip[0] - tall * 0.06, tip[1] + tall * 0.2), tip, (x, y)], lighter(crystal, 0.25)
            )
            c.polygon(
                [(x, y), tip, (tip[0] + tall * 0.09, tip[1] + tall * 0.25), (x + tall * 0.16, y)], darker(crystal, 0.25)
            )
    scene.key, scene.ambient = mix(scene.key, light, 0.6), mix(scene.ambient, crystal, 0.2)
    scene.ground = 0.90
    scene.focus = (ox / c.w, scene.level - 0.03)


def _rock_ring(scene: Scene, layer: int, hole: Point, colour: RGB) -> None:
    """A frame of rock round the opening: its edge broken, stalactites above, boulders at the sides."""
    c, rng = scene.canvas, scene.rng(f"rock {layer}")
    rx, ry = (0.21 + 0.13 * layer) * c.w, (0.30 + 0.10 * layer) * c.u
    phases = rng.uniform(0, 2 * np.pi, 4)
    inner: list[Point] = []
    for k in range(61):
        turn = np.pi * (1.10 - 1.20 * k / 60)
        wave = sum(
            float(np.sin(turn * f + a)) * w
            for f, a, w in zip((3, 7, 15, 31), phases, (0.07, 0.045, 0.03, 0.018), strict=True)
        )
        r = 1.0 + wave
        inner.append((hole[0] + rx * r * float(np.cos(turn)), hole[1] + 0.08 * c.u - ry * r * float(np.sin(turn))))
    foot = hole[1] + (0.16 + 0.08 * layer) * c.u
    left, right = inner[0], inner[-1]
    low, wide = c.h + 4.0, c.w + 4.0
    west = [(-4.0, -4.0), (-4.0, low), (left[0] - 0.10 * c.u, low), (left[0] - 0.04 * c.u, foot)]
    east = [(right[0] + 0.04 * c.u, foot), (right[0] + 0.10 * c.u, low), (wide, low), (wide, -4.0)]
    ring = [*west, *inner, *east]
    c.shape(ring, (darker(colour, 0.4), colour))
    for _ in range(13 - 2 * layer):
        x, y = inner[int(rng.integers(10, 51))]
        long, half = c.u * jitter(rng, 0.03, 0.13 + 0.03 * layer), c.u * jitter(rng, 0.008, 0.020)
        c.polygon(
            [(x - half, y - half * 2), (x + half * 0.1, y + long), (x + half, y - half * 2)], darker(colour, 0.12)
        )
        c.polygon(
            [(x - half, y - half * 2), (x + half * 0.1, y + long), (x - half * 0.3, y - half * 2)],
            lighter(colour, 0.05),
        )
