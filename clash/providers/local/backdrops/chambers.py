"""Great, narrow, deep and moving rooms: hall, corridor, tower, cellar, cave, vehicles, spaceship."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from clash.providers.local.backdrops.beyond import starfield
from clash.providers.local.backdrops.canvas import Point
from clash.providers.local.backdrops.furniture import crate, rug, shadow, table
from clash.providers.local.backdrops.interior import Room, glow_lamp, pendant, room_of, view_outside, wall_window
from clash.providers.local.backdrops.palette import LAMP, RGB, darker, lighter, mix, rgb
from clash.providers.local.backdrops.scene import Scene, jitter
from clash.providers.local.backdrops.town import Perspective

_STONE = rgb("#b0a592")


def hall(scene: Scene) -> None:
    """Columns and arches, tall windows that throw light across the floor, a carpet, a chandelier."""
    s, c, p = scene.light_side, scene.canvas, scene.palette
    room = room_of(scene, _STONE, rgb("#8f8474"), boards=False, tiles=True, ceiling=rgb("#7f7668"))
    m, span = room.metre, (room.right - room.left) / room.metre
    for k, at in enumerate((-0.70, 0.0, 0.70)):
        wall_window(room, at, 0.85 if k != 1 else 0.62, span * 0.145, 1.95 if k != 1 else 2.2, f"tall {k}", arched=True, frame=rgb("#6f6658"), panes=(2, 4))
    for near in (1.02, 1.36, 1.95):
        for side in (-1, 1):
            _column(room, room.x(side * 0.94) + side * 0.05 * m, near)
    rug(room, c.w / 2, (1.02, 4.8), 0.75, rgb("#8f2f35"))
    _chandelier(room, c.w / 2, 0.62)
    for at in (-0.35, 0.35):
        x, y = room.x(at), room.y(1.75)
        c.line([(x, y + 0.16 * m), (x, y)], p.tone(rgb("#3a2f26")), 0.04 * m)
        c.ellipse(x, y - 0.05 * m, 0.045 * m, 0.09 * m, (255, 226, 150) if p.lamps > 0.2 else p.tone(rgb("#e8e0cc")))
        if p.lamps > 0.2:
            glow_lamp(scene, x, y - 0.05 * m, 0.9 * m)
    scene.focus = (0.5 + 0.12 * s, scene.level - 0.05)


def _column(room: Room, x: float, nearer: float) -> None:
    c, p, s = room.scene.canvas, room.scene.palette, room.scene.light_side
    cx, base = room.near(x, room.floor, nearer)
    top = room.near(x, room.top, nearer)[1]
    w = 0.19 * room.metre * nearer
    light = 0.98 - 0.16 * (nearer - 1)
    body = p.tone(_STONE, 0, light)
    shadow(room, cx, base, w * 1.6)
    c.rect(cx - w, top, cx + w, base, body)
    c.fade((cx - w, top, cx + w, base), p.ink, 0.05 if s < 0 else 0.55, 0.55 if s < 0 else 0.05, "x")
    for y0, y1, wide in ((base - w * 0.55, base, 1.45), (base - w * 0.95, base - w * 0.55, 1.22), (top, top + w * 0.55, 1.45), (top + w * 0.55, top + w * 0.9, 1.22)):
        c.rect(cx - w * wide, y0, cx + w * wide, y1, darker(body, 0.10))


def _chandelier(room: Room, x: float, drop: float) -> None:
    c, p, m = room.scene.canvas, room.scene.palette, room.metre * 1.15
    px, top = room.near(x, room.top, 1.15)
    y = top + drop * m
    gold = p.tone(rgb("#b08a3f"), 0, 1.1)
    c.line([(px, top), (px, y)], darker(gold, 0.5), 0.025 * m)
    glow_lamp(room.scene, px, y, 2.0 * m)
    c.line([(px - 0.62 * m, y), (px - 0.4 * m, y + 0.13 * m), (px + 0.4 * m, y + 0.13 * m), (px + 0.62 * m, y)], gold, 0.03 * m)
    c.ellipse(px, y + 0.13 * m, 0.10 * m, 0.10 * m, gold)
    for k in range(7):
        cx, lift = px + (k - 3) * 0.205 * m, abs(k - 3) * 0.035 * m
        c.rect(cx - 0.018 * m, y - 0.10 * m - 0.3 * lift, cx + 0.018 * m, y + 0.06 * m, p.tone(rgb("#efe6d0")))
        flame = (255, 236, 170) if p.lamps > 0.2 else p.tone(rgb("#d8d0bc"))
        c.ellipse(cx, y - 0.15 * m - 0.3 * lift, 0.020 * m, 0.045 * m, flame)


def corridor(scene: Scene) -> None:
    """A long passage with doors on both sides, lights overhead, a bright window at its end."""
    c, p = scene.canvas, scene.palette
    view = Perspective(c.w / 2, scene.horizon, 0.72 * c.u)
    half, up, down, end = min(1.9, 1.05 * c.w / c.u), 1.55, 1.35, 15.0
    rng = scene.rng("wall")
    wall, low = (rgb("#c4b79c"), rgb("#7f9a8c")) if rng.random() < 0.5 else (rgb("#b5bcc4"), rgb("#6f8496"))
    near = 0.5
    c.shape([view.at(-half, up, near), view.at(half, up, near), view.at(half, up, end), view.at(-half, up, end)], (p.tone(lighter(wall, 0.3), 0, 0.6), p.tone(lighter(wall, 0.3), 0, 0.9)))
    c.shape(view.floor(-half, half, near, end, -down), (p.tone(rgb("#a8977c"), 0, 0.95), p.tone(rgb("#6b5f50"), 0, 0.55)))
    for k in range(20):
        z = 1.0 * 1.16**k
        c.line([view.at(-half, -down, z), view.at(half, -down, z)], p.tone(rgb("#5f5548"), 0, 0.7), 0.012 * view.focal / z)
    for x in (-half, half):
        light = 0.72 if (x < 0) == (scene.light_side < 0) else 0.88
        c.shape(view.wall(x, -down, up, near, end), p.tone(wall, 0, light))
        c.shape(view.wall(x, -down, -0.25, near, end), p.tone(low, 0, light))
        c.shape(view.wall(x, -0.28, -0.20, near, end), p.tone(lighter(low, 0.35), 0, light))
        for k in range(7):
            z = 1.55 * 1.42**k
            if z * 1.16 > end:
                break
            c.shape(view.wall(x, -down, 0.86, z * 0.985, z * 1.175), p.tone(rgb("#e0d6c2"), 0, light))
            c.shape(view.wall(x, -down, 0.80, z, z * 1.16), p.tone(rgb("#7a5844"), 0, light))
            c.shape(view.wall(x, 0.1, 0.6, z * 1.04, z * 1.12), mix(p.tone(rgb("#8fa6b0"), 0, light), LAMP, 0.5 * p.lamps * float((k * 5 + (x > 0) * 3) % 4 == 0)))
    (x0, y0), (x1, y1) = view.at(-half, up, end), view.at(half, -down, end)
    c.rect(x0, y0, x1, y1, p.tone(lighter(wall, 0.1)))
    w, h = max(6, round((x1 - x0) * 0.62)), max(6, round((y1 - y0) * 0.58))
    c.paste(view_outside(scene, w, h, "end"), (x0 + x1 - w) / 2, y0 + (y1 - y0) * 0.16)
    bright = {"dawn": 0.7, "day": 0.85, "dusk": 0.75, "night": 0.25}[p.time]
    c.glow((x0 + x1) / 2, (y0 + y1) / 2, 0.34 * c.u, mix(scene.outside.sky[-1], scene.outside.sun, 0.4), bright, power=1.7)
    c.soft([view.floor(-half * 0.4, half * 0.4, 2.0, end, -down)], mix(scene.outside.sky[-1], scene.outside.sun, 0.4), 0.30 * bright, 0.02 * c.u)
    for k in range(6):
        z = 1.9 * 1.5**k
        lit = p.lamps > 0.1
        bar = [view.at(-0.34, up - 0.02, z), view.at(0.34, up - 0.02, z), view.at(0.34, up - 0.02, z * 1.12), view.at(-0.34, up - 0.02, z * 1.12)]
        c.shape(bar, (255, 248, 226) if lit else p.tone(rgb("#dfdfd8")))
        if lit:
            lx, ly = view.at(0, up, z)
            c.glow(lx, ly, 1.5 * view.focal / z, LAMP, 0.42 * p.lamps)
            c.glow(lx, view.at(0, -down, z)[1], 1.3 * view.focal / z, LAMP, 0.30 * p.lamps, tall=0.22)
    scene.focus = (0.5, scene.level)
    scene.ground = 0.90


def tower_room(scene: Scene) -> None:
    """A round room of stone with an arched window to the sea: the great lamp, or a spiral stair where the words say so."""
    s, c, p = scene.light_side, scene.canvas, scene.palette
    brick = rgb("#a58a70")
    scene.vista = "sea"
    room = room_of(scene, brick, rgb("#7a5f48"))
    m, span = room.metre, (room.right - room.left) / room.metre
    _masonry(room, brick)
    stairs = scene.named("stair", "stairwell", "楼梯", "steps", "台阶", "梯")
    if stairs:
        wall_window(room, s * 0.58, 1.0, min(0.95, span * 0.2), 1.55, "sea", arched=True, frame=rgb("#4a3526"))
        _spiral(room, -s)
        scene.focus = (0.5 - s * 0.14, scene.level - 0.04)
    else:
        for k, at in enumerate((-0.66, 0.66)):
            wall_window(room, at, 0.92, min(1.25, span * 0.24), 1.70, f"sea {k}", arched=True, frame=rgb("#4a3526"))
        _great_lamp(room)
        _ladder(room, s * 0.96)
        scene.focus = (0.5 + s * 0.10, scene.level - 0.04)
    crate(room, room.x(-s * 0.98), 1.30, 0.62, rgb("#8a6a4c"))
    c.fade((0, 0, c.w * 0.22, c.h), p.ink, 0.42, 0.0, "x")
    c.fade((c.w * 0.78, 0, c.w, c.h), p.ink, 0.0, 0.42, "x")


def _masonry(room: Room, brick: RGB) -> None:
    c, p, m, rng = room.scene.canvas, room.scene.palette, room.metre, room.scene.rng("masonry")
    rows, wide = 11, 0.52 * m
    high = (room.floor - room.top) / rows
    shades = rng.uniform(-0.10, 0.06, (rows, 60))
    mortar = p.tone(darker(brick, 0.30), 0, 0.9)
    for row in range(rows):
        y0 = room.top + row * high
        for column in range(min(60, round((room.right - room.left) / wide) + 2)):
            x0 = max(room.left, room.left + (column - 0.5 * (row % 2)) * wide)
            x1 = min(room.right, room.left + (column + 1 - 0.5 * (row % 2)) * wide)
            if x1 - x0 > 3:
                shade = float(shades[row, column])
                c.rect(x0, y0, x1, y0 + high, mortar)
                c.rect(x0 + 0.02 * m, y0 + 0.02 * m, x1 - 0.02 * m, y0 + high - 0.02 * m, p.tone(brick, 0, 0.92 + shade), 0.04 * m)
    for x in (room.left, room.right):
        for row in range(1, rows):
            y = room.top + row * high
            c.line([(x, y), room.near(x, y, 5.0)], p.tone(darker(brick, 0.45), 0, 0.8), 0.012 * m)


def _great_lamp(room: Room) -> None:
    """The lens of a lighthouse: rings of prisms in a brass frame, on a pedestal."""
    scene, c, p = room.scene, room.scene.canvas, room.scene.palette
    cx, base = room.near(c.w / 2, room.floor, 1.12)
    m = room.metre * 1.12
    brass, iron = p.tone(rgb("#c2923f"), 0, 1.1), p.tone(rgb("#3a3f45"))
    lit = p.lamps > 0.25
    shadow(room, cx, base, 0.7 * m)
    c.shape([(cx - 0.50 * m, base), (cx - 0.34 * m, base - 0.72 * m), (cx + 0.34 * m, base - 0.72 * m), (cx + 0.50 * m, base)], (iron, darker(iron, 0.4)))
    c.rect(cx - 0.56 * m, base - 0.80 * m, cx + 0.56 * m, base - 0.70 * m, brass)
    mid = base - 1.50 * m
    if lit:
        c.glow(cx, mid, 2.4 * m, (255, 226, 160), 0.60, power=1.5)
        for side in (-1, 1):
            beam = [(cx, mid - 0.12 * m), (cx + side * c.w, mid - 1.0 * m), (cx + side * c.w, mid + 0.75 * m), (cx, mid + 0.12 * m)]
            c.soft([beam], (255, 236, 190), 0.20, 0.03 * c.u)
    glass = (255, 232, 178) if lit else p.tone(rgb("#b9cdd2"))
    c.ellipse(cx, mid, 0.60 * m, 0.74 * m, darker(glass, 0.30))
    for k in range(6):
        r = 1.0 - 0.155 * k
        c.ellipse(cx, mid, 0.57 * m * r, 0.71 * m * r, mix(darker(glass, 0.16 if k % 2 else 0.02), (255, 255, 240), 0.12 * k if lit else 0.03 * k))
    for x in (-0.60, -0.21, 0.21, 0.60):
        k = (1 - (x / 0.66) ** 2) ** 0.5
        c.line([(cx + x * m, mid - 0.74 * k * m - 0.04 * m), (cx + x * m, mid + 0.74 * k * m + 0.02 * m)], brass, 0.035 * m)
    for y in (-0.76, 0.76):
        c.rect(cx - 0.40 * m, mid + y * m - 0.05 * m, cx + 0.40 * m, mid + y * m + 0.05 * m, brass, 0.03 * m)
    c.shape([(cx - 0.30 * m, mid - 0.80 * m), (cx, mid - 1.05 * m), (cx + 0.30 * m, mid - 0.80 * m)], brass)
    if lit:
        c.glow(cx, mid, 0.62 * m, (255, 252, 236), 0.95, power=1.6)
        scene.key = mix(scene.key, (255, 230, 170), 0.6)


def _ladder(room: Room, at: float) -> None:
    c, p, m = room.scene.canvas, room.scene.palette, room.metre
    wood, x = p.tone(rgb("#5a4030")), room.x(at)
    for dx in (-0.20, 0.20):
        c.line([(x + dx * m, room.floor + 0.15 * m), (x + dx * 0.85 * m, room.top)], wood, 0.05 * m)
    for k in range(11):
        y = room.y(-0.05 + 0.28 * k)
        c.line([(x - 0.2 * m, y), (x + 0.2 * m, y)], lighter(wood, 0.06), 0.035 * m)


def _spiral(room: Room, side: int) -> None:
    c, p, m = room.scene.canvas, room.scene.palette, room.metre * 1.08
    cx, base = room.near(room.x(side * 0.36), room.floor, 1.08)
    iron, tread = p.tone(rgb("#3b3f44"), 0, 1.05), p.tone(rgb("#8a6a4c"))
    shadow(room, cx, base, 1.0 * m)
    steps = [(k, 0.75 * k + 0.4) for k in range(15)]
    for k, turn in sorted(steps, key=lambda q: float(np.sin(q[1]))):
        y, reach, deep = base - 0.215 * k * m, 0.95 * float(np.cos(turn)) * m, float(np.sin(turn))
        thick, shade = (0.06 + 0.02 * deep) * m, 0.80 + 0.22 * deep
        edge = (cx + reach, y + 0.16 * deep * m)
        c.polygon([(cx, y), edge, (edge[0] - 0.06 * m, edge[1] + thick), (cx, y + thick)], darker(tread, 0.35))
        nextedge = (cx + 0.95 * float(np.cos(turn + 0.5)) * m, y + 0.16 * float(np.sin(turn + 0.5)) * m)
        c.polygon([(cx, y), edge, nextedge], mix(p.ink, tread, shade * 0.95))
        c.line([edge, (edge[0], edge[1] - 0.62 * m)], iron, 0.022 * m)
    rail: list[Point] = []
    for t in np.linspace(0.4, 0.75 * 14 + 0.4, 90).tolist():
        k = (t - 0.4) / 0.75
        rail.append((cx + 0.95 * float(np.cos(t)) * m, base - 0.215 * k * m + 0.16 * float(np.sin(t)) * m - 0.62 * m))
    c.line(rail, iron, 0.035 * m)
    c.rect(cx - 0.06 * m, min(room.top, base - 3.2 * m), cx + 0.06 * m, base, iron)


def cellar(scene: Scene) -> None:
    """A vault of stone: barrels, crates, steps down from a lit door, one bare bulb; bars where it is a prison."""
    s, c, p = scene.light_side, scene.canvas, scene.palette
    stone = rgb("#7f776c")
    room = room_of(scene, stone, rgb("#5f564c"), boards=False, tiles=True, ceiling=rgb("#5a544c"))
    m = room.metre
    _masonry(room, stone)
    for k in range(3):
        grow = 1.0 + 0.55 * k
        arch = [room.near(c.w / 2 + (room.right - c.w / 2) * 1.01 * float(np.cos(t)), room.y(1.75) - 1.22 * m * float(np.sin(t)), grow) for t in np.linspace(0, np.pi, 40)]
        rib = [room.near(c.w / 2 + (room.right - c.w / 2) * 0.93 * float(np.cos(t)), room.y(1.70) - 1.08 * m * float(np.sin(t)), grow) for t in np.linspace(np.pi, 0, 40)]
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
    c.rect(x - 0.42 * m, room.y(2.55), x + 0.42 * m, room.y(1.15), mix(scene_light(room), LAMP, 0.4 * p.lamps))
    c.glow(x, room.y(1.85), 1.3 * m, scene_light(room), 0.45)
    for k in range(6):
        w, y0 = (0.46 + 0.06 * k) * m, room.y(1.15 - 0.19 * k)
        shade = p.tone(rgb("#8f8678"), 0, 0.95 - 0.05 * k)
        c.rect(x - w, y0, x + w, y0 + 0.07 * m, lighter(shade, 0.1))
        c.rect(x - w, y0 + 0.07 * m, x + w, y0 + 0.20 * m, darker(shade, 0.25))


def scene_light(room: Room) -> RGB:
    """The light that falls in from out of doors."""
    out = room.scene.outside
    return mix(out.sky[-1], out.sun, 0.4)


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
    rock, crystal = rgb("#6f6874"), {"dawn": rgb("#e08fb0"), "day": rgb("#6fd6d8"), "dusk": rgb("#e0a05f"), "night": rgb("#7f8ff0")}[p.time]
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
            c.polygon([(x - tall * 0.16, y), (tip[0] - tall * 0.06, tip[1] + tall * 0.2), tip, (x, y)], lighter(crystal, 0.25))
            c.polygon([(x, y), tip, (tip[0] + tall * 0.09, tip[1] + tall * 0.25), (x + tall * 0.16, y)], darker(crystal, 0.25))
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
        wave = sum(float(np.sin(turn * f + a)) * w for f, a, w in zip((3, 7, 15, 31), phases, (0.07, 0.045, 0.03, 0.018), strict=True))
        r = 1.0 + wave
        inner.append((hole[0] + rx * r * float(np.cos(turn)), hole[1] + 0.08 * c.u - ry * r * float(np.sin(turn))))
    foot = hole[1] + (0.16 + 0.08 * layer) * c.u
    left, right = inner[0], inner[-1]
    ring = [(-4.0, -4.0), (-4.0, c.h + 4.0), (left[0] - 0.10 * c.u, c.h + 4.0), (left[0] - 0.04 * c.u, foot), *inner,
            (right[0] + 0.04 * c.u, foot), (right[0] + 0.10 * c.u, c.h + 4.0), (c.w + 4.0, c.h + 4.0), (c.w + 4.0, -4.0)]  # fmt: skip
    c.shape(ring, (darker(colour, 0.4), colour))
    for _ in range(13 - 2 * layer):
        x, y = inner[int(rng.integers(10, 51))]
        long, half = c.u * jitter(rng, 0.03, 0.13 + 0.03 * layer), c.u * jitter(rng, 0.008, 0.020)
        c.polygon([(x - half, y - half * 2), (x + half * 0.1, y + long), (x + half, y - half * 2)], darker(colour, 0.12))
        c.polygon([(x - half, y - half * 2), (x + half * 0.1, y + long), (x - half * 0.3, y - half * 2)], lighter(colour, 0.05))


def vehicle(scene: Scene) -> None:
    """Within something that moves: a railway compartment, a car behind its windscreen, or a ship's cabin."""
    if scene.named("ship", "boat", "ferry", "submarine", "船", "cabin", "vessel", "潜"):
        _ship_cabin(scene)
    elif scene.named("car", "taxi", "cab", "truck", "van", "limousine", "汽车", "出租", "卡车", "驾驶", "车内", "车里", "轿车") and not scene.named("train", "carriage", "火车", "列车", "dining", "railway"):
        _car(scene)
    else:
        _compartment(scene)


def _compartment(scene: Scene) -> None:
    s, c, p = scene.light_side, scene.canvas, scene.palette
    scene.vista = "country"
    panel, plush = rgb("#8a5f42"), (rgb("#7f2f38"), rgb("#2f5f5f"), rgb("#3f4f7f"))[int(scene.rng("plush").integers(3))]
    room = room_of(scene, panel, rgb("#4f4038"), boards=False, ceiling=rgb("#c9b794"))
    m, span = room.metre, (room.right - room.left) / room.metre
    wall_window(room, 0.0, 0.98, span * 0.62, 1.35, "passing", frame=rgb("#c2a46a"), panes=(1, 1))
    w = span * 0.31 * m
    c.soft([[(c.w / 2 - w, room.y(1.3)), (c.w / 2 - w * 0.3, room.y(2.3)), (c.w / 2 - w * 0.1, room.y(2.3)), (c.w / 2 - w * 0.8, room.y(1.0))]], (255, 255, 255), 0.10, 0.01 * c.u)
    for k in (-1, 1):
        x = room.x(k * 0.80)
        c.rect(x - 0.30 * m, room.y(2.62), x + 0.30 * m, room.y(2.56), p.tone(rgb("#c2a46a")))
        c.rect(x - 0.24 * m, room.y(2.84), x + 0.16 * m, room.y(2.62), p.tone(rgb(("#6b4a35", "#4f5f4a")[k > 0])), 0.05 * m)
        for dx in (-0.10, 0.04):
            c.rect(x + dx * m, room.y(2.84), x + (dx + 0.03) * m, room.y(2.62), p.tone(rgb("#2f2420")))
        _bench_seat(room, k, plush)
        lx, ly = room.x(k * 0.74), room.y(1.95)
        c.shape([(lx - 0.10 * m, ly), (lx + 0.10 * m, ly), (lx + 0.15 * m, ly + 0.18 * m), (lx - 0.15 * m, ly + 0.18 * m)], mix(p.tone(rgb("#e3c9a0")), (255, 228, 170), 0.8 * p.lamps))
        glow_lamp(scene, lx, ly + 0.14 * m, 0.8 * m)
    tx, ty, tm = table(room, c.w / 2, 1.04, 0.8, 0.74, rgb("#6b4430"))
    c.rect(tx - 0.05 * tm, ty - 0.12 * tm, tx + 0.05 * tm, ty, p.tone(rgb("#efe9dd")), 0.01 * tm)
    scene.focus = (0.5 + 0.05 * s, scene.level)


def _bench_seat(room: Room, side: int, plush: RGB) -> None:
    """A seat along a side wall, facing the other."""
    c, p = room.scene.canvas, room.scene.palette
    wall = room.right if side > 0 else room.left
    inner = wall - side * 0.75 * room.metre
    light = 0.9 if side == -room.scene.light_side else 0.75

    def at(x: float, height: float, nearer: float) -> Point:
        return room.near(x, room.y(height), nearer)

    c.shape([at(wall, 1.55, 1.0), at(wall - side * 0.16 * room.metre, 1.55, 1.0), at(wall - side * 0.16 * room.metre, 0.5, 1.0), at(wall, 0.5, 1.0)], p.tone(darker(plush, 0.2)))
    back = wall - side * 0.16 * room.metre
    c.shape([at(back, 1.55, 1.0), at(back, 1.55, 2.6), at(back, 0.45, 2.6), at(back, 0.45, 1.0)], (p.tone(lighter(plush, 0.06), 0, light), p.tone(darker(plush, 0.2), 0, light)))
    for near in (1.0, 1.3, 1.7, 2.25):
        c.line([at(back, 1.55, near), at(back, 0.5, near)], p.tone(darker(plush, 0.45), 0, light), 0.02 * room.metre * near)
    c.shape([at(back, 0.52, 1.0), at(inner, 0.50, 1.0), at(inner, 0.50, 2.6), at(back, 0.52, 2.6)], p.tone(plush, 0, 1.0))
    c.shape([at(inner, 0.50, 1.0), at(inner, 0.50, 2.6), at(inner, 0.06, 2.6), at(inner, 0.06, 1.0)], (p.tone(darker(plush, 0.3)), p.tone(darker(plush, 0.6))))
    c.shape([at(inner, 0.50, 1.0), at(back, 0.52, 1.0), at(back, 0.06, 1.0), at(inner, 0.06, 1.0)], p.tone(darker(plush, 0.35)))


def _car(scene: Scene) -> None:
    c, p, u, s = scene.canvas, scene.palette, scene.canvas.u, scene.light_side
    hz = scene.horizon
    trim = rgb("#2f3136")
    c.rect(0, 0, c.w, c.h, p.tone(trim, 0, 0.7))
    top, low = hz - 0.36 * u, hz + 0.13 * u
    w, h = c.w, max(8, round(low - top))
    scene.vista = "country"
    view = view_outside(scene, w, h, "road")
    draw = ImageDraw.Draw(view)
    out = scene.outside
    vx, vy = w * 0.5, h * 0.66
    draw.rectangle((0, vy, w, h), fill=out.ground(rgb("#7f8a5f"), 0.25))
    draw.polygon([(vx - 2, vy), (vx + 2, vy), (vx + 0.5 * u, h), (vx - 0.5 * u, h)], fill=out.ground(rgb("#55585f"), 0.15))
    for k in range(5):
        a, b = (k / 5) ** 2, ((k + 0.5) / 5) ** 2
        draw.polygon([(vx - 0.012 * u * a, vy + (h - vy) * a), (vx + 0.012 * u * a, vy + (h - vy) * a), (vx + 0.012 * u * b, vy + (h - vy) * b), (vx - 0.012 * u * b, vy + (h - vy) * b)], fill=out.tone(rgb("#efe6c8"), 0.1))
    left, right = c.w * 0.5 - min(0.80 * u, 0.46 * c.w), c.w * 0.5 + min(0.80 * u, 0.46 * c.w)
    mask = Image.new("L", (w, h), 0)
    ImageDraw.Draw(mask).polygon([(left + 0.13 * u, 0.03 * u), (right - 0.13 * u, 0.03 * u), (right, h), (left, h)], fill=255)
    c.paste(view, 0, top, mask)
    c.shape([(0, 0), (c.w, 0), (c.w, top + 0.01 * u), (right - 0.13 * u, top + 0.035 * u), (left + 0.13 * u, top + 0.035 * u), (0, top + 0.01 * u)], (p.tone(rgb("#8f8a80"), 0, 0.6), p.tone(rgb("#6f6a62"), 0, 0.7)))
    c.rect(c.w / 2 - 0.13 * u, top - 0.005 * u, c.w / 2 + 0.13 * u, top + 0.075 * u, p.tone(rgb("#1d1f22")), 0.02 * u)
    c.rect(c.w / 2 - 0.118 * u, top + 0.006 * u, c.w / 2 + 0.118 * u, top + 0.064 * u, mix(out.sky[1], out.haze, 0.4), 0.015 * u)
    dash = [(0, low + 0.06 * u), (c.w * 0.16, low - 0.01 * u), (c.w * 0.5, low - 0.035 * u), (c.w * 0.84, low - 0.01 * u), (c.w, low + 0.06 * u), (c.w, c.h), (0, c.h)]
    c.shape(dash, (p.tone(rgb("#4a4d54"), 0, 0.9), p.tone(rgb("#1f2125"), 0, 0.7)))
    wheel = c.w * 0.5 - s * min(0.46 * u, 0.26 * c.w)
    for dx in (-0.10, 0.10):
        gx, gy = wheel + dx * u, low + 0.075 * u
        c.ellipse(gx, gy, 0.07 * u, 0.07 * u, p.tone(rgb("#15171a")))
        c.glow(gx, gy, 0.09 * u, (120, 214, 230), 0.35 + 0.4 * p.lamps)
        c.line([(gx, gy), (gx + 0.035 * u, gy - 0.04 * u)], (255, 120, 80), 0.005 * u)
    c.draw.ellipse((wheel - 0.24 * u, low - 0.01 * u, wheel + 0.24 * u, low + 0.41 * u), outline=p.tone(rgb("#17181b")), width=max(2, round(0.034 * u)))
    c.rect(wheel - 0.22 * u, low + 0.18 * u, wheel + 0.22 * u, low + 0.225 * u, p.tone(rgb("#1d1f23")), 0.02 * u)
    c.ellipse(wheel, low + 0.20 * u, 0.065 * u, 0.065 * u, p.tone(rgb("#2a2d32")))
    mid = c.w * 0.5 + s * 0.10 * u
    c.rect(mid - 0.13 * u, low + 0.05 * u, mid + 0.13 * u, low + 0.17 * u, p.tone(rgb("#101214")), 0.012 * u)
    c.rect(mid - 0.12 * u, low + 0.06 * u, mid + 0.12 * u, low + 0.16 * u, mix(rgb("#1a3a44"), rgb("#6fd6e8"), 0.25))
    c.line([(mid - 0.10 * u, low + 0.14 * u), (mid - 0.02 * u, low + 0.09 * u), (mid + 0.09 * u, low + 0.11 * u)], rgb("#6fd6e8"), 0.005 * u)
    scene.ground = 0.95
    scene.focus = (0.5, scene.level - 0.04)


def _ship_cabin(scene: Scene) -> None:
    s, c, p = scene.light_side, scene.canvas, scene.palette
    room = room_of(scene, rgb("#a87b52"), rgb("#6b4a35"))
    m, span = room.metre, (room.right - room.left) / room.metre
    for k in range(9):
        y = room.top + (room.floor - room.top) * k / 9
        c.line([(room.left, y), (room.right, y)], p.tone(rgb("#6f4f36"), 0, 0.85), 0.014 * m)
        for x in (room.left, room.right):
            c.line([(x, y), room.near(x, y, 5.0)], p.tone(rgb("#5f4430"), 0, 0.75), 0.014 * m)
    scene.vista = "sea"
    for k, at in enumerate((-0.62, 0.0, 0.62)):
        _porthole(room, room.x(at), room.y(1.75), min(0.42, span * 0.085), f"port {k}")
    for k in range(-3, 4):
        x = c.w / 2 + k * 0.9 * m
        c.polygon([room.near(x - 0.09 * m, room.top, 1.0), room.near(x + 0.09 * m, room.top, 1.0), room.near(x + 0.09 * m, room.top, 5.0), room.near(x - 0.09 * m, room.top, 5.0)], p.tone(rgb("#7a5a3c"), 0, 0.8))
    bx = room.x(-s * 0.66)
    c.rect(bx - 0.85 * m, room.y(0.62), bx + 0.85 * m, room.floor, p.tone(rgb("#7a553a")))
    c.rect(bx - 0.82 * m, room.y(0.80), bx + 0.82 * m, room.y(0.58), p.tone(rgb("#3f5f7f")), 0.08 * m)
    c.rect(bx - 0.80 * m, room.y(0.92), bx - 0.42 * m, room.y(0.74), p.tone(rgb("#efe9dd")), 0.07 * m)
    x, y, tm = table(room, c.w / 2 + s * 0.35 * m, 1.32, 1.4, 0.76, rgb("#8a6242"), deep=0.34)
    c.polygon([(x - 0.45 * tm, y - 0.06 * tm), (x + 0.30 * tm, y - 0.08 * tm), (x + 0.40 * tm, y + 0.05 * tm), (x - 0.50 * tm, y + 0.06 * tm)], p.tone(rgb("#e8d9b4")))
    c.line([(x - 0.3 * tm, y + 0.02 * tm), (x - 0.1 * tm, y - 0.03 * tm), (x + 0.2 * tm, y)], p.tone(rgb("#a8473c")), 0.012 * tm)
    pendant(room, c.w / 2 + s * 0.35 * m, 0.45, 0.36, rgb("#b08a3f"), nearer=1.15)
    crate(room, room.x(s * 0.90), 1.10, 0.62, rgb("#8a6a4c"))
    scene.focus = (0.5 - 0.1 * s, scene.level)


def _porthole(room: Room, x: float, y: float, r: float, label: str) -> None:
    c, p, m = room.scene.canvas, room.scene.palette, room.metre
    d = max(6, round(2 * r * m))
    brass = p.tone(rgb("#c2993f"), 0, 1.05)
    c.ellipse(x, y, r * 1.28 * m, r * 1.28 * m, darker(brass, 0.3))
    c.ellipse(x, y, r * 1.20 * m, r * 1.20 * m, brass)
    mask = Image.new("L", (d * 2, d * 2), 0)
    ImageDraw.Draw(mask).ellipse((0, 0, d * 2 - 1, d * 2 - 1), fill=255)
    c.paste(view_outside(room.scene, d, d, label), x - d / 2, y - d / 2, mask.reduce(2))
    for k in range(8):
        a = k * np.pi / 4 + 0.4
        c.ellipse(x + r * 1.11 * m * float(np.cos(a)), y + r * 1.11 * m * float(np.sin(a)), 0.022 * m, 0.022 * m, darker(brass, 0.45))
    light = scene_light(room)
    c.glow(x, y, r * 3.2 * m, light, 0.22 if p.time != "night" else 0.10)


def spaceship(scene: Scene) -> None:
    """A bridge of panels: a great window to the stars, consoles, lines of light in the floor."""
    c, p, s = scene.canvas, scene.palette, scene.light_side
    hue = {"dawn": rgb("#c06a8a"), "day": rgb("#3fa8c8"), "dusk": rgb("#d07a3c"), "night": rgb("#5a6ff0")}[p.time]
    room = room_of(scene, rgb("#7a8694"), rgb("#4f5a66"), boards=False, tiles=True, ceiling=rgb("#5f6a78"))
    m = room.metre
    w, h = round((room.right - room.left) * 0.86), round(1.85 * m)
    x0, y0 = round(c.w / 2 - w / 2), round(room.y(2.78))
    picture = starfield(scene, w, h, hue)
    mask = Image.new("L", (w * 2, h * 2), 0)
    cut = 0.16 * m * 2
    ImageDraw.Draw(mask).polygon([(cut, 0), (w * 2 - cut, 0), (w * 2, cut), (w * 2, h * 1.5), (w * 2 - cut * 2, h * 2), (cut * 2, h * 2), (0, h * 1.5), (0, cut)], fill=255)
    c.shape([(x0 - 0.1 * m, y0 + 0.1 * m), (x0 + 0.1 * m, y0 - 0.1 * m), (x0 + w - 0.1 * m, y0 - 0.1 * m), (x0 + w + 0.1 * m, y0 + 0.1 * m), (x0 + w + 0.1 * m, y0 + h * 0.78), (x0 + w - 0.2 * m, y0 + h + 0.1 * m), (x0 + 0.2 * m, y0 + h + 0.1 * m), (x0 - 0.1 * m, y0 + h * 0.78)], p.tone(rgb("#3a444f")))
    c.paste(picture, x0, y0, mask.reduce(2))
    for k in (1, 2, 3):
        x = x0 + w * k / 4
        c.line([(x, y0), (c.w / 2 + (x - c.w / 2) * 0.88, y0 + h)], p.tone(rgb("#4a5560")), 0.05 * m)
    c.glow(c.w / 2, y0 + h * 0.6, 2.2 * m, hue, 0.26, power=1.4)
    for side in (-1, 1):
        for k in range(4):
            near = 1.12 + 0.34 * k
            x = room.right if side > 0 else room.left
            panel = [room.near(x, room.y(2.5), near), room.near(x, room.y(2.5), near + 0.26), room.near(x, room.y(0.5), near + 0.26), room.near(x, room.y(0.5), near)]
            c.shape(panel, p.tone(rgb("#5f6b78"), 0, 0.7))
            strip = [room.near(x, room.y(1.62), near + 0.04), room.near(x, room.y(1.62), near + 0.22), room.near(x, room.y(1.5), near + 0.22), room.near(x, room.y(1.5), near + 0.04)]
            c.shape(strip, lighter(hue, 0.35))
            c.glow(*strip[0], 0.5 * m * near, hue, 0.25)
    for side in (-1, 1):
        a, b = room.near(c.w / 2 + side * 0.95 * m, room.floor, 1.05), room.near(c.w / 2 + side * 0.95 * m, room.floor, 3.0)
        c.line([a, b], lighter(hue, 0.5), 0.03 * m)
        c.soft([[(a[0] - 0.05 * m, a[1]), (a[0] + 0.05 * m, a[1]), (b[0] + 0.3 * m, b[1]), (b[0] - 0.3 * m, b[1])]], hue, 0.45, 0.02 * c.u)
    for at, near in ((-0.60, 1.18), (0.60, 1.18)):
        _console(room, at, near, hue)
    for k in range(3):
        a, b = room.near(room.x(-0.5 + 0.5 * k) - 0.3 * m, room.top, 1.3), room.near(room.x(-0.5 + 0.5 * k) + 0.3 * m, room.top, 1.3)
        c.rect(a[0], a[1], b[0], b[1] + 0.05 * m, lighter(hue, 0.75))
        c.glow((a[0] + b[0]) / 2, a[1], 1.2 * m, lighter(hue, 0.4), 0.35)
    scene.key, scene.ambient = lighter(hue, 0.6), mix(rgb("#2a3240"), hue, 0.25)
    scene.focus = (0.5 + 0.06 * s, scene.level - 0.04)


def _console(room: Room, at: float, nearer: float, hue: RGB) -> None:
    c, p, rng = room.scene.canvas, room.scene.palette, room.scene.rng(f"console {at}")
    cx, base = room.near(room.x(at), room.floor, nearer)
    m = room.metre * nearer
    shadow(room, cx, base, 0.9 * m)
    c.shape([(cx - 0.78 * m, base), (cx - 0.92 * m, base - 0.72 * m), (cx + 0.92 * m, base - 0.72 * m), (cx + 0.78 * m, base)], (p.tone(rgb("#56626e")), p.tone(rgb("#2c343c"))))
    c.shape([(cx - 0.92 * m, base - 0.72 * m), (cx - 0.74 * m, base - 1.02 * m), (cx + 0.74 * m, base - 1.02 * m), (cx + 0.92 * m, base - 0.72 * m)], p.tone(rgb("#222a33")))
    lights = (lighter(hue, 0.4), rgb("#ffb84f"), rgb("#6fe0a8"), rgb("#ff6a5f"))
    for row in range(3):
        for k in range(11):
            y = base - (0.78 + 0.085 * row) * m
            x = cx + (k - 5) * (0.145 - 0.010 * row) * m
            if rng.random() < 0.75:
                c.rect(x, y - 0.04 * m, x + 0.09 * m, y, lights[int(rng.integers(4))] if rng.random() < 0.7 else darker(hue, 0.5))
    c.glow(cx, base - 0.9 * m, 1.2 * m, hue, 0.32)
