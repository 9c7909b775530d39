"""A room in a tower: the great lamp, or the stairs."""

from __future__ import annotations

import numpy as np

from clash.local.backdrops.canvas import Point
from clash.local.backdrops.indoors.furniture import crate, shadow
from clash.local.backdrops.indoors.shell import Room, masonry, room_of
from clash.local.backdrops.indoors.windows import wall_window
from clash.local.backdrops.palette import darker, lighter, mix, rgb
from clash.local.backdrops.scene import Scene


def tower_room(scene: Scene) -> None:
    """A room of stone above the sea: the great lamp, or a spiral stair where the words speak of stairs."""
    s, c, p = scene.light_side, scene.canvas, scene.palette
    brick = rgb("#a58a70")
    scene.vista = "sea"
    room = room_of(scene, brick, rgb("#7a5f48"))
    span = (room.right - room.left) / room.metre
    masonry(room, brick)
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


def _great_lamp(room: Room) -> None:
    """The lens of a lighthouse: rings of prisms in a brass frame, on a pedestal."""
    scene, c, p = room.scene, room.scene.canvas, room.scene.palette
    cx, base = room.near(c.w / 2, room.floor, 1.12)
    m = room.metre * 1.12
    brass, iron = p.tone(rgb("#c2923f"), 0, 1.1), p.tone(rgb("#3a3f45"))
    lit = p.lamps > 0.25
    shadow(room, cx, base, 0.7 * m)
    c.shape(
        [
            (cx - 0.50 * m, base),
            (cx - 0.34 * m, base - 0.72 * m),
            (cx + 0.34 * m, base - 0.72 * m),
            (cx + 0.50 * m, base),
        ],
        (iron, darker(iron, 0.4)),
    )
    c.rect(cx - 0.56 * m, base - 0.80 * m, cx + 0.56 * m, base - 0.70 * m, brass)
    mid = base - 1.50 * m
    if lit:
        c.glow(cx, mid, 2.4 * m, (255, 226, 160), 0.60, power=1.5)
        for side in (-1, 1):
            beam = [
                (cx, mid - 0.12 * m),
                (cx + side * c.w, mid - 1.0 * m),
                (cx + side * c.w, mid + 0.75 * m),
                (cx, mid + 0.12 * m),
            ]
            c.soft([beam], (255, 236, 190), 0.20, 0.03 * c.u)
    glass = (255, 232, 178) if lit else p.tone(rgb("#b9cdd2"))
    c.ellipse(cx, mid, 0.60 * m, 0.74 * m, darker(glass, 0.30))
    for k in range(6):
        r = 1.0 - 0.155 * k
        c.ellipse(
            cx,
            mid,
            0.57 * m * r,
            0.71 * m * r,
            mix(darker(glass, 0.16 if k % 2 else 0.02), (255, 255, 240), 0.12 * k if lit else 0.03 * k),
        )
    for x in (-0.60, -0.21, 0.21, 0.60):
        k = (1 - (x / 0.66) ** 2) ** 0.5
        c.line(
            [(cx + x * m, mid - 0.74 * k * m - 0.04 * m), (cx + x * m, mid + 0.74 * k * m + 0.02 * m)], brass, 0.035 * m
        )
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
