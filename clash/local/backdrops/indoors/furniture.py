"""What stands in rooms: shelves, seats, tables, counters, lamps, plants.

Measures are metres; `at` runs from -1 to 1 along the back wall, `x` is a pixel of the back wall, and `nearer` brings
the thing towards the eye (`Room.near`).
"""

from __future__ import annotations

from clash.local.backdrops.indoors.shell import Room, glow_lamp
from clash.local.backdrops.palette import LAMP, RGB, darker, lighter, mix, rgb
from clash.local.backdrops.scene import jitter

_SPINES = tuple(
    rgb(code) for code in ("#8f3f3a", "#3f5f7f", "#b78a3f", "#4f6f52", "#6b4a6f", "#c9b48f", "#2f3f4f", "#a8644a")
)


def shadow(room: Room, x: float, y: float, half: float) -> None:
    """The soft dark under a thing that stands at (x, y) pixels."""
    room.scene.canvas.glow(x, y, half * 1.3, room.scene.palette.ink, 0.50, tall=0.16, power=0.9)


def bookshelf(
    room: Room, at: float, width: float, height: float, label: str, *, wood: RGB = (110, 76, 52), jars: bool = False
) -> None:
    """A case with books, or with jars and bottles."""
    c, p, m, rng = room.scene.canvas, room.scene.palette, room.metre, room.scene.rng(f"shelf {label}")
    x0, x1, y0, y1 = room.x(at) - width * m / 2, room.x(at) + width * m / 2, room.y(height), room.floor
    frame = p.tone(wood, 0, 0.9)
    shadow(room, (x0 + x1) / 2, y1, (x1 - x0) / 2)
    c.rect(x0, y0, x1, y1, frame)
    c.rect(x0 + 0.05 * m, y0 + 0.05 * m, x1 - 0.05 * m, y1 - 0.05 * m, darker(frame, 0.5))
    rows = max(2, round(height / 0.42))
    cell = (y1 - y0 - 0.1 * m) / rows
    for row in range(rows):
        foot = y0 + 0.05 * m + cell * (row + 1)
        x = x0 + 0.07 * m
        while x < x1 - 0.12 * m:
            draws = [float(v) for v in rng.random(4)]
            paint = p.tone(_SPINES[int(draws[0] * len(_SPINES))], 0, 0.85 + 0.2 * draws[3])
            w, tall = (
                (0.11 + 0.07 * draws[1], 0.20 + 0.12 * draws[2])
                if jars
                else (0.04 + 0.05 * draws[1], 0.24 + 0.11 * draws[2])
            )
            if jars:
                c.rect(x, foot - tall * m, x + w * m * 0.8, foot, paint, 0.03 * m)
                c.rect(
                    x + w * m * 0.22, foot - (tall + 0.06) * m, x + w * m * 0.58, foot - tall * m, darker(paint, 0.2)
                )
            elif draws[3] > 0.10:
                c.rect(x, foot - min(tall * m, cell * 0.88), x + w * m, foot, paint)
            x += w * m
        c.rect(x0, foot - 0.02 * m, x1, foot + 0.025 * m, frame)


def sofa(room: Room, x: float, nearer: float, width: float, cloth: RGB) -> None:
    """A sofa in front of the back wall, `x` in pixels of the back wall."""
    c, p = room.scene.canvas, room.scene.palette
    cx, base = room.near(x, room.floor, nearer)
    m = room.metre * nearer
    w, seat, body = width * m / 2, p.tone(lighter(cloth, 0.08)), p.tone(cloth, 0, 0.9)
    shadow(room, cx, base, w)
    for dx in (-0.86, 0.86):
        c.rect(cx + dx * w - 0.03 * m, base - 0.12 * m, cx + dx * w + 0.03 * m, base, p.tone(rgb("#3a2a20")))
    c.rect(cx - w * 0.94, base - 0.88 * m, cx + w * 0.94, base - 0.14 * m, darker(body, 0.1), 0.12 * m)
    for k in (-1, 1):
        c.rect(cx + min(0, k) * w * 0.82, base - 0.82 * m, cx + max(0, k) * w * 0.82, base - 0.44 * m, seat, 0.10 * m)
        c.rect(
            cx + min(0, k) * w * 0.82,
            base - 0.48 * m,
            cx + max(0, k) * w * 0.82,
            base - 0.26 * m,
            lighter(seat, 0.05),
            0.06 * m,
        )
        c.rect(cx + k * w - 0.11 * m, base - 0.62 * m, cx + k * w + 0.11 * m, base - 0.12 * m, body, 0.08 * m)
    c.polygon(
        [
            (cx - w * 0.70, base - 0.48 * m),
            (cx - w * 0.60, base - 0.80 * m),
            (cx - w * 0.38, base - 0.74 * m),
            (cx - w * 0.46, base - 0.44 * m),
        ],
        p.tone(rgb("#d9a441")),
    )


def floor_lamp(room: Room, x: float, nearer: float) -> None:
    """A standing lamp with a cloth shade."""
    c, p = room.scene.canvas, room.scene.palette
    cx, base = room.near(x, room.floor, nearer)
    m = room.metre * nearer
    c.rect(cx - 0.015 * m, base - 1.5 * m, cx + 0.015 * m, base, p.tone(rgb("#3a322c")))
    c.ellipse(cx, base, 0.16 * m, 0.03 * m, p.tone(rgb("#3a322c")))
    glow_lamp(room.scene, cx, base - 1.5 * m, 1.6 * m)
    shade = mix(p.tone(rgb("#e3c9a0")), (255, 226, 168), 0.75 * p.lamps)
    c.shape(
        [
            (cx - 0.13 * m, base - 1.72 * m),
            (cx + 0.13 * m, base - 1.72 * m),
            (cx + 0.24 * m, base - 1.38 * m),
            (cx - 0.24 * m, base - 1.38 * m),
        ],
        shade,
    )


def table_lamp(room: Room, cx: float, base: float, m: float) -> None:
    """A small lamp whose foot is at (cx, base) pixels; `m` pixels a metre."""
    c, p = room.scene.canvas, room.scene.palette
    c.rect(cx - 0.02 * m, base - 0.24 * m, cx + 0.02 * m, base, p.tone(rgb("#6a5040")))
    c.ellipse(cx, base - 0.07 * m, 0.06 * m, 0.07 * m, p.tone(rgb("#4f7a80")))
    glow_lamp(room.scene, cx, base - 0.28 * m, 1.2 * m)
    shade = mix(p.tone(rgb("#ead6b0")), (255, 230, 176), 0.75 * p.lamps)
    c.shape(
        [
            (cx - 0.08 * m, base - 0.42 * m),
            (cx + 0.08 * m, base - 0.42 * m),
            (cx + 0.15 * m, base - 0.22 * m),
            (cx - 0.15 * m, base - 0.22 * m),
        ],
        shade,
    )


def plant(room: Room, x: float, nearer: float, height: float, label: str) -> None:
    """A pot with long leaves."""
    c, p, rng = room.scene.canvas, room.scene.palette, room.scene.rng(f"plant {label}")
    cx, base = room.near(x, room.floor, nearer)
    m = room.metre * nearer
    shadow(room, cx, base, 0.2 * m)
    rim = base - 0.32 * m
    for k in range(11):
        lean, tall = jitter(rng, -0.75, 0.75), height * jitter(rng, 0.55, 1.0) - 0.3
        tip = (cx + lean * tall * m * 0.75, rim - tall * m * (1 - 0.25 * abs(lean)))
        bend = (cx + lean * tall * m * 0.20, rim - tall * m * 0.62)
        green = p.tone(mix(rgb("#3f7a4c"), rgb("#79a657"), 0.1 * k), 0, 0.95)
        c.polygon(
            [
                (cx - 0.015 * m, rim),
                (bend[0] - 0.06 * m, bend[1]),
                tip,
                (bend[0] + 0.06 * m, bend[1]),
                (cx + 0.015 * m, rim),
            ],
            green,
        )
    pot = p.tone(rgb("#b5654a"))
    c.shape(
        [(cx - 0.19 * m, rim), (cx + 0.19 * m, rim), (cx + 0.13 * m, base), (cx - 0.13 * m, base)],
        (pot, darker(pot, 0.3)),
    )
    c.rect(cx - 0.21 * m, rim - 0.03 * m, cx + 0.21 * m, rim + 0.04 * m, lighter(pot, 0.06))


def table(
    room: Room, x: float, nearer: float, width: float, height: float, wood: RGB, *, deep: float = 0.25
) -> tuple[float, float, float]:
    """A table; answers the middle of its top in pixels, and its pixels a metre."""
    c, p = room.scene.canvas, room.scene.palette
    cx, base = room.near(x, room.floor, nearer)
    m = room.metre * nearer
    top, w = base - height * m, width * m / 2
    shadow(room, cx, base, w)
    leg = p.tone(darker(wood, 0.35))
    for dx in (-0.88, 0.88):
        c.rect(cx + dx * w - 0.035 * m, top, cx + dx * w + 0.035 * m, base, leg)
    c.shape(
        [(cx - w * 0.92, top - deep * m * 0.5), (cx + w * 0.92, top - deep * m * 0.5), (cx + w, top), (cx - w, top)],
        (p.tone(lighter(wood, 0.06)), p.tone(wood)),
    )
    c.rect(cx - w, top, cx + w, top + 0.06 * m, p.tone(darker(wood, 0.2)))
    return cx, top - deep * m * 0.25, m


def chair(room: Room, x: float, nearer: float, wood: RGB) -> None:
    """A plain chair seen from behind."""
    c, p = room.scene.canvas, room.scene.palette
    cx, base = room.near(x, room.floor, nearer)
    m = room.metre * nearer
    shade = p.tone(wood, 0, 0.85)
    for dx in (-0.19, 0.19):
        c.rect(cx + dx * m - 0.022 * m, base - 0.92 * m, cx + dx * m + 0.022 * m, base, shade)
    for y in (0.88, 0.72, 0.58):
        c.rect(cx - 0.2 * m, base - y * m, cx + 0.2 * m, base - (y - 0.07) * m, lighter(shade, 0.05))
    c.rect(cx - 0.23 * m, base - 0.47 * m, cx + 0.23 * m, base - 0.41 * m, lighter(shade, 0.08))


def stool(room: Room, x: float, nearer: float, height: float, paint: RGB) -> None:
    """A bar stool."""
    c, p = room.scene.canvas, room.scene.palette
    cx, base = room.near(x, room.floor, nearer)
    m = room.metre * nearer
    iron = p.tone(rgb("#2e2a2a"))
    for dx in (-0.17, -0.06, 0.06, 0.17):
        c.line([(cx + dx * 0.7 * m, base - height * m), (cx + dx * m, base)], iron, 0.026 * m)
    c.line([(cx - 0.13 * m, base - height * 0.35 * m), (cx + 0.13 * m, base - height * 0.35 * m)], iron, 0.02 * m)
    c.rect(
        cx - 0.19 * m, base - (height + 0.05) * m, cx + 0.19 * m, base - (height - 0.03) * m, p.tone(paint), 0.03 * m
    )


def rug(room: Room, x: float, near: tuple[float, float], half: float, paint: RGB) -> None:
    """A carpet on the floor between two distances."""
    c, p = room.scene.canvas, room.scene.palette
    for shrink, shade in ((1.0, paint), (0.86, lighter(paint, 0.25)), (0.80, darker(paint, 0.1))):
        a, b = near[0] + (1 - shrink) * 0.25, near[1] - (1 - shrink) * 0.5
        w = half * room.metre * shrink
        corners = [
            room.near(x - w, room.floor, a),
            room.near(x + w, room.floor, a),
            room.near(x + w, room.floor, b),
            room.near(x - w, room.floor, b),
        ]
        c.shape(corners, (p.tone(shade, 0, 0.9), p.tone(shade, 0, 0.6)))


def counter(
    room: Room, left: float, right: float, nearer: float, height: float, front: RGB, top: RGB, *, panels: int = 6
) -> float:
    """A counter between two places (-1..1) of the back wall; answers the height of its top in pixels."""
    c, p = room.scene.canvas, room.scene.palette
    (x0, base), (x1, _) = room.near(room.x(left), room.floor, nearer), room.near(room.x(right), room.floor, nearer)
    m = room.metre * nearer
    y = base - height * m
    shadow(room, (x0 + x1) / 2, base, (x1 - x0) / 2)
    c.shape([(x0, y), (x1, y), (x1, base), (x0, base)], (p.tone(front, 0, 0.95), p.tone(darker(front, 0.45))))
    for k in range(panels):
        a, b = x0 + (x1 - x0) * (k + 0.08) / panels, x0 + (x1 - x0) * (k + 0.92) / panels
        c.rect(a, y + 0.14 * m, b, base - 0.10 * m, p.tone(darker(front, 0.16), 0, 0.9))
    c.rect(x0 - 0.06 * m, y - 0.07 * m, x1 + 0.06 * m, y, p.tone(top))
    c.rect(x0 - 0.06 * m, y - 0.09 * m, x1 + 0.06 * m, y - 0.06 * m, p.tone(lighter(top, 0.18)))
    return y - 0.08 * m


def crate(room: Room, x: float, nearer: float, size: float, wood: RGB) -> None:
    """A wooden crate with boards and a cross."""
    c, p = room.scene.canvas, room.scene.palette
    cx, base = room.near(x, room.floor, nearer)
    s = size * room.metre * nearer
    shadow(room, cx, base, s / 2)
    face = p.tone(wood, 0, 0.85)
    c.rect(cx - s / 2, base - s, cx + s / 2, base, face)
    for y in (0.0, 0.86):
        c.rect(cx - s / 2, base - s * (1 - y), cx + s / 2, base - s * (0.86 - y), darker(face, 0.2))
    c.line([(cx - s * 0.45, base - s * 0.12), (cx + s * 0.45, base - s * 0.88)], darker(face, 0.3), s * 0.09)


def screen(room: Room, x0: float, y0: float, x1: float, y1: float, glow: RGB, label: str) -> None:
    """A lit screen with a graph; corners in pixels."""
    c, rng = room.scene.canvas, room.scene.rng(f"screen {label}")
    c.rect(x0, y0, x1, y1, room.scene.palette.tone(rgb("#1b2026")), (x1 - x0) * 0.04)
    b = (x1 - x0) * 0.05
    face = mix(darker(glow, 0.72), LAMP, 0.0)
    c.rect(x0 + b, y0 + b, x1 - b, y1 - b, face)
    levels = rng.uniform(0.25, 0.8, 9)
    line = [(x0 + b + (x1 - x0 - 2 * b) * k / 8, y0 + (y1 - y0) * float(v)) for k, v in enumerate(levels)]
    c.line(line, glow, (x1 - x0) * 0.02)
    c.glow((x0 + x1) / 2, (y0 + y1) / 2, (x1 - x0) * 1.2, glow, 0.24)
