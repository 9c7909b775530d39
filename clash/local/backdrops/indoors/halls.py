"""Great and long rooms: hall and corridor."""

from __future__ import annotations

from clash.local.backdrops.indoors.furniture import rug, shadow
from clash.local.backdrops.indoors.shell import Room, glow_lamp, room_of
from clash.local.backdrops.indoors.windows import view_outside, wall_window
from clash.local.backdrops.palette import LAMP, RGB, darker, lighter, mix, rgb
from clash.local.backdrops.perspective import Perspective
from clash.local.backdrops.scene import Scene

_STONE = rgb("#b0a592")


def hall(scene: Scene) -> None:
    """Columns and arches, tall windows that throw light across the floor, a carpet, a chandelier."""
    s, c, p = scene.light_side, scene.canvas, scene.palette
    room = room_of(scene, _STONE, rgb("#8f8474"), boards=False, tiles=True, ceiling=rgb("#7f7668"))
    m, span = room.metre, (room.right - room.left) / room.metre
    for k, at in enumerate((-0.70, 0.0, 0.70)):
        wall_window(
            room,
            at,
            0.85 if k != 1 else 0.62,
            span * 0.145,
            1.95 if k != 1 else 2.2,
            f"tall {k}",
            arched=True,
            frame=rgb("#6f6658"),
            panes=(2, 4),
        )
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
    for y0, y1, wide in (
        (base - w * 0.55, base, 1.45),
        (base - w * 0.95, base - w * 0.55, 1.22),
        (top, top + w * 0.55, 1.45),
        (top + w * 0.55, top + w * 0.9, 1.22),
    ):
        c.rect(cx - w * wide, y0, cx + w * wide, y1, darker(body, 0.10))


def _chandelier(room: Room, x: float, drop: float) -> None:
    c, p, m = room.scene.canvas, room.scene.palette, room.metre * 1.15
    px, top = room.near(x, room.top, 1.15)
    y = top + drop * m
    gold = p.tone(rgb("#b08a3f"), 0, 1.1)
    c.line([(px, top), (px, y)], darker(gold, 0.5), 0.025 * m)
    glow_lamp(room.scene, px, y, 2.0 * m)
    c.line(
        [(px - 0.62 * m, y), (px - 0.4 * m, y + 0.13 * m), (px + 0.4 * m, y + 0.13 * m), (px + 0.62 * m, y)],
        gold,
        0.03 * m,
    )
    c.ellipse(px, y + 0.13 * m, 0.10 * m, 0.10 * m, gold)
    for k in range(7):
        cx, lift = px + (k - 3) * 0.205 * m, abs(k - 3) * 0.035 * m
        c.rect(cx - 0.018 * m, y - 0.10 * m - 0.3 * lift, cx + 0.018 * m, y + 0.06 * m, p.tone(rgb("#efe6d0")))
        flame = (255, 236, 170) if p.lamps > 0.2 else p.tone(rgb("#d8d0bc"))
        c.ellipse(cx, y - 0.15 * m - 0.3 * lift, 0.020 * m, 0.045 * m, flame)


# A corridor in metres: half its width, up and down from the eye, its far end.
_HALF, _UP, _DOWN, _END = 1.9, 1.55, 1.35, 15.0


def corridor(scene: Scene) -> None:
    """A long passage with doors on both sides, lights overhead, a bright window at its end."""
    c, p = scene.canvas, scene.palette
    view = Perspective(c.w / 2, scene.horizon, 0.72 * c.u)
    half = min(_HALF, 1.05 * c.w / c.u)
    grey = scene.rng("wall").random() >= 0.5
    wall, low = (rgb("#b5bcc4"), rgb("#6f8496")) if grey else (rgb("#c4b79c"), rgb("#7f9a8c"))
    c.rect(0, 0, c.w, c.h, p.tone(wall, 0, 0.75))  # else the dark canvas shows between smooth edges
    plaster = lighter(wall, 0.3)
    c.shape(view.floor(-half, half, 0.5, _END, _UP), (p.tone(plaster, 0, 0.6), p.tone(plaster, 0, 0.9)))
    boards = p.tone(rgb("#a8977c"), 0, 0.95), p.tone(rgb("#6b5f50"), 0, 0.55)
    c.shape(view.floor(-half, half, 0.5, _END, -_DOWN), boards)
    seam = p.tone(rgb("#5f5548"), 0, 0.7)
    for k in range(20):
        z = 1.16**k
        c.line([view.at(-half, -_DOWN, z), view.at(half, -_DOWN, z)], seam, 0.012 * view.focal / z)
    for x in (-half, half):
        _wall_of_doors(scene, view, x, (wall, low))
    _end_window(scene, view, half, wall)
    for k in range(6):
        _ceiling_light(scene, view, 1.9 * 1.5**k)
    scene.focus = (0.5, scene.level)
    scene.ground = 0.90


def _wall_of_doors(scene: Scene, view: Perspective, x: float, paint: tuple[RGB, RGB]) -> None:
    c, p = scene.canvas, scene.palette
    light = 0.72 if (x < 0) == (scene.light_side < 0) else 0.88
    c.shape(view.wall(x, -_DOWN, _UP, 0.5, _END), p.tone(paint[0], 0, light))
    c.shape(view.wall(x, -_DOWN, -0.25, 0.5, _END), p.tone(paint[1], 0, light))
    c.shape(view.wall(x, -0.28, -0.20, 0.5, _END), p.tone(lighter(paint[1], 0.35), 0, light))
    for k in range(6):
        z = 1.55 * 1.42**k
        c.shape(view.wall(x, -_DOWN, 0.86, z * 0.985, z * 1.175), p.tone(rgb("#e0d6c2"), 0, light))
        c.shape(view.wall(x, -_DOWN, 0.80, z, z * 1.16), p.tone(rgb("#7a5844"), 0, light))
        lit = 0.5 * p.lamps if (k * 5 + (x > 0) * 3) % 4 == 0 else 0.0
        c.shape(view.wall(x, 0.1, 0.6, z * 1.04, z * 1.12), mix(p.tone(rgb("#8fa6b0"), 0, light), LAMP, lit))


def _end_window(scene: Scene, view: Perspective, half: float, wall: RGB) -> None:
    c, p, out = scene.canvas, scene.palette, scene.outside
    (x0, y0), (x1, y1) = view.at(-half, _UP, _END), view.at(half, -_DOWN, _END)
    c.rect(x0, y0, x1, y1, p.tone(lighter(wall, 0.1)))
    w, h = max(6, round((x1 - x0) * 0.62)), max(6, round((y1 - y0) * 0.58))
    c.paste(view_outside(scene, w, h, "end"), (x0 + x1 - w) / 2, y0 + (y1 - y0) * 0.16)
    bright = {"dawn": 0.7, "day": 0.85, "dusk": 0.75, "night": 0.25}[p.time]
    light = mix(out.sky[-1], out.sun, 0.4)
    c.glow((x0 + x1) / 2, (y0 + y1) / 2, 0.34 * c.u, light, bright, power=1.7)
    c.soft([view.floor(-half * 0.4, half * 0.4, 2.0, _END, -_DOWN)], light, 0.30 * bright, 0.02 * c.u)


def _ceiling_light(scene: Scene, view: Perspective, z: float) -> None:
    c, p = scene.canvas, scene.palette
    lit = p.lamps > 0.1
    c.shape(view.floor(-0.34, 0.34, z, z * 1.12, _UP - 0.02), (255, 248, 226) if lit else p.tone(rgb("#dfdfd8")))
    if lit:
        x, y = view.at(0, _UP, z)
        c.glow(x, y, 1.5 * view.focal / z, LAMP, 0.42 * p.lamps)
        c.glow(x, view.at(0, -_DOWN, z)[1], 1.3 * view.focal / z, LAMP, 0.30 * p.lamps, tall=0.22)
