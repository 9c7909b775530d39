"""Within what moves: railway compartment, car, ship."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from clash.local.backdrops.canvas import Point, placed
from clash.local.backdrops.indoors.furniture import crate, table
from clash.local.backdrops.indoors.shell import Room, glow_lamp, pendant, room_of
from clash.local.backdrops.indoors.windows import daylight_of, view_outside, wall_window
from clash.local.backdrops.palette import RGB, darker, lighter, mix, rgb
from clash.local.backdrops.scene import Scene


def vehicle(scene: Scene) -> None:
    """Within something that moves: a railway compartment, a car behind its windscreen, or a ship's cabin."""
    if scene.named("ship", "boat", "ferry", "submarine", "船", "cabin", "vessel", "潜"):
        _ship_cabin(scene)
    elif scene.named(
        "car", "taxi", "cab", "truck", "van", "limousine", "汽车", "出租", "卡车", "驾驶", "车内", "车里", "轿车"
    ) and not scene.named("train", "carriage", "火车", "列车", "dining", "railway"):
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
    c.soft(
        [
            [
                (c.w / 2 - w, room.y(1.3)),
                (c.w / 2 - w * 0.3, room.y(2.3)),
                (c.w / 2 - w * 0.1, room.y(2.3)),
                (c.w / 2 - w * 0.8, room.y(1.0)),
            ]
        ],
        (255, 255, 255),
        0.10,
        0.01 * c.u,
    )
    for k in (-1, 1):
        x = room.x(k * 0.80)
        c.rect(x - 0.30 * m, room.y(2.62), x + 0.30 * m, room.y(2.56), p.tone(rgb("#c2a46a")))
        c.rect(
            x - 0.24 * m, room.y(2.84), x + 0.16 * m, room.y(2.62), p.tone(rgb(("#6b4a35", "#4f5f4a")[k > 0])), 0.05 * m
        )
        for dx in (-0.10, 0.04):
            c.rect(x + dx * m, room.y(2.84), x + (dx + 0.03) * m, room.y(2.62), p.tone(rgb("#2f2420")))
        _bench_seat(room, k, plush)
        lx, ly = room.x(k * 0.74), room.y(1.95)
        c.shape(
            [(lx - 0.10 * m, ly), (lx + 0.10 * m, ly), (lx + 0.15 * m, ly + 0.18 * m), (lx - 0.15 * m, ly + 0.18 * m)],
            mix(p.tone(rgb("#e3c9a0")), (255, 228, 170), 0.8 * p.lamps),
        )
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

    c.shape(
        [
            at(wall, 1.55, 1.0),
            at(wall - side * 0.16 * room.metre, 1.55, 1.0),
            at(wall - side * 0.16 * room.metre, 0.5, 1.0),
            at(wall, 0.5, 1.0),
        ],
        p.tone(darker(plush, 0.2)),
    )
    back = wall - side * 0.16 * room.metre
    c.shape(
        [at(back, 1.55, 1.0), at(back, 1.55, 2.6), at(back, 0.45, 2.6), at(back, 0.45, 1.0)],
        (p.tone(lighter(plush, 0.06), 0, light), p.tone(darker(plush, 0.2), 0, light)),
    )
    for near in (1.0, 1.3, 1.7, 2.25):
        c.line(
            [at(back, 1.55, near), at(back, 0.5, near)], p.tone(darker(plush, 0.45), 0, light), 0.02 * room.metre * near
        )
    c.shape(
        [at(back, 0.52, 1.0), at(inner, 0.50, 1.0), at(inner, 0.50, 2.6), at(back, 0.52, 2.6)], p.tone(plush, 0, 1.0)
    )
    c.shape(
        [at(inner, 0.50, 1.0), at(inner, 0.50, 2.6), at(inner, 0.06, 2.6), at(inner, 0.06, 1.0)],
        (p.tone(darker(plush, 0.3)), p.tone(darker(plush, 0.6))),
    )
    c.shape(
        [at(inner, 0.50, 1.0), at(back, 0.52, 1.0), at(back, 0.06, 1.0), at(inner, 0.06, 1.0)],
        p.tone(darker(plush, 0.35)),
    )


def _car(scene: Scene) -> None:
    c, p, u = scene.canvas, scene.palette, scene.canvas.u
    c.rect(0, 0, c.w, c.h, p.tone(rgb("#2f3136"), 0, 0.7))
    top, low = scene.horizon - 0.36 * u, scene.horizon + 0.13 * u
    _windscreen(scene, top, low)
    rise = [(0, low + 0.06 * u), (c.w * 0.16, low - 0.01 * u), (c.w * 0.5, low - 0.035 * u)]
    corners = [(c.w * 0.84, low - 0.01 * u), (c.w, low + 0.06 * u), (c.w, c.h), (0, c.h)]
    c.shape([*rise, *corners], (p.tone(rgb("#4a4d54"), 0, 0.9), p.tone(rgb("#1f2125"), 0, 0.7)))
    _wheel(scene, c.w * 0.5 - scene.light_side * min(0.46 * u, 0.26 * c.w), low)
    x, blue = c.w * 0.5 + scene.light_side * 0.10 * u, rgb("#6fd6e8")
    c.rect(x - 0.13 * u, low + 0.05 * u, x + 0.13 * u, low + 0.17 * u, p.tone(rgb("#101214")), 0.012 * u)
    c.rect(x - 0.12 * u, low + 0.06 * u, x + 0.12 * u, low + 0.16 * u, mix(rgb("#1a3a44"), blue, 0.25))
    c.line(placed(x, low, u, ((-0.10, 0.14), (-0.02, 0.09), (0.09, 0.11))), blue, 0.005 * u)
    scene.ground = 0.95
    scene.focus = (0.5, scene.level - 0.04)


def _windscreen(scene: Scene, top: float, low: float) -> None:
    """The road ahead, the roof lining above it, the mirror."""
    c, p, u, out = scene.canvas, scene.palette, scene.canvas.u, scene.outside
    h, middle, half = max(8, round(low - top)), c.w * 0.5, min(0.80 * c.u, 0.46 * c.w)
    left, right = middle - half, middle + half
    view = _road_ahead(scene, c.w, h)
    mask = Image.new("L", (c.w, h), 0)
    glass = [(left + 0.13 * u, 0.03 * u), (right - 0.13 * u, 0.03 * u), (right, h), (left, h)]
    ImageDraw.Draw(mask).polygon(glass, fill=255)
    c.paste(view, 0, top, mask)
    rim = [(right - 0.13 * u, top + 0.035 * u), (left + 0.13 * u, top + 0.035 * u)]
    roof = [(0, 0), (c.w, 0), (c.w, top + 0.01 * u), *rim, (0, top + 0.01 * u)]
    c.shape(roof, (p.tone(rgb("#8f8a80"), 0, 0.6), p.tone(rgb("#6f6a62"), 0, 0.7)))
    seen = mix(out.sky[1], out.haze, 0.4)
    c.rect(middle - 0.13 * u, top - 0.005 * u, middle + 0.13 * u, top + 0.075 * u, p.tone(rgb("#1d1f22")), 0.02 * u)
    c.rect(middle - 0.118 * u, top + 0.006 * u, middle + 0.118 * u, top + 0.064 * u, seen, 0.015 * u)


def _road_ahead(scene: Scene, w: int, h: int) -> Image.Image:
    out, u = scene.outside, scene.canvas.u
    scene.vista = "country"
    view = view_outside(scene, w, h, "road")
    draw = ImageDraw.Draw(view)
    vx, vy = w * 0.5, h * 0.66
    draw.rectangle((0, vy, w, h), fill=out.ground(rgb("#7f8a5f"), 0.25))
    lane = [(vx - 2, vy), (vx + 2, vy), (vx + 0.5 * u, h), (vx - 0.5 * u, h)]
    draw.polygon(lane, fill=out.ground(rgb("#55585f"), 0.15))
    for k in range(5):
        a, b = (k / 5) ** 2, ((k + 0.5) / 5) ** 2
        (ya, wa), (yb, wb) = ((vy + (h - vy) * t, 0.012 * u * t) for t in (a, b))
        draw.polygon([(vx - wa, ya), (vx + wa, ya), (vx + wb, yb), (vx - wb, yb)], fill=out.tone(rgb("#efe6c8"), 0.1))
    return view


def _wheel(scene: Scene, x: float, low: float) -> None:
    """The steering wheel with two dials behind it."""
    c, p, u = scene.canvas, scene.palette, scene.canvas.u
    for dx in (-0.10, 0.10):
        gx, gy = x + dx * u, low + 0.075 * u
        c.ellipse(gx, gy, 0.07 * u, 0.07 * u, p.tone(rgb("#15171a")))
        c.glow(gx, gy, 0.09 * u, (120, 214, 230), 0.35 + 0.4 * p.lamps)
        c.line([(gx, gy), (gx + 0.035 * u, gy - 0.04 * u)], (255, 120, 80), 0.005 * u)
    ring = (x - 0.24 * u, low - 0.01 * u, x + 0.24 * u, low + 0.41 * u)
    c.draw.ellipse(ring, outline=p.tone(rgb("#17181b")), width=max(2, round(0.034 * u)))
    c.rect(x - 0.22 * u, low + 0.18 * u, x + 0.22 * u, low + 0.225 * u, p.tone(rgb("#1d1f23")), 0.02 * u)
    c.ellipse(x, low + 0.20 * u, 0.065 * u, 0.065 * u, p.tone(rgb("#2a2d32")))


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
        c.polygon(
            [
                room.near(x - 0.09 * m, room.top, 1.0),
                room.near(x + 0.09 * m, room.top, 1.0),
                room.near(x + 0.09 * m, room.top, 5.0),
                room.near(x - 0.09 * m, room.top, 5.0),
            ],
            p.tone(rgb("#7a5a3c"), 0, 0.8),
        )
    bx = room.x(-s * 0.66)
    c.rect(bx - 0.85 * m, room.y(0.62), bx + 0.85 * m, room.floor, p.tone(rgb("#7a553a")))
    c.rect(bx - 0.82 * m, room.y(0.80), bx + 0.82 * m, room.y(0.58), p.tone(rgb("#3f5f7f")), 0.08 * m)
    c.rect(bx - 0.80 * m, room.y(0.92), bx - 0.42 * m, room.y(0.74), p.tone(rgb("#efe9dd")), 0.07 * m)
    x, y, tm = table(room, c.w / 2 + s * 0.35 * m, 1.32, 1.4, 0.76, rgb("#8a6242"), deep=0.34)
    c.polygon(
        [
            (x - 0.45 * tm, y - 0.06 * tm),
            (x + 0.30 * tm, y - 0.08 * tm),
            (x + 0.40 * tm, y + 0.05 * tm),
            (x - 0.50 * tm, y + 0.06 * tm),
        ],
        p.tone(rgb("#e8d9b4")),
    )
    c.line(
        [(x - 0.3 * tm, y + 0.02 * tm), (x - 0.1 * tm, y - 0.03 * tm), (x + 0.2 * tm, y)],
        p.tone(rgb("#a8473c")),
        0.012 * tm,
    )
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
        c.ellipse(
            x + r * 1.11 * m * float(np.cos(a)),
            y + r * 1.11 * m * float(np.sin(a)),
            0.022 * m,
            0.022 * m,
            darker(brass, 0.45),
        )
    light = daylight_of(room)
    c.glow(x, y, r * 3.2 * m, light, 0.22 if p.time != "night" else 0.10)
