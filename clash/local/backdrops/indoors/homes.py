"""Rooms to live in."""

from __future__ import annotations

from clash.local.backdrops.indoors.furniture import (
    bookshelf,
    counter,
    floor_lamp,
    plant,
    rug,
    shadow,
    sofa,
    table,
    table_lamp,
)
from clash.local.backdrops.indoors.shell import Room, pendant, picture_frame, room_of
from clash.local.backdrops.indoors.windows import wall_window
from clash.local.backdrops.palette import LAMP, OAK, RGB, WALNUT, darker, lighter, rgb
from clash.local.backdrops.scene import Scene


def hue_of(scene: Scene, *codes: str) -> RGB:
    """One of the colours, the place's own."""
    return rgb(codes[int(scene.rng("wall").integers(len(codes)))])


def living_room(scene: Scene) -> None:
    """Sofa under pictures, a shelf, a curtained window, a standing lamp."""
    s = scene.light_side
    room = room_of(scene, hue_of(scene, "#c9b08f", "#9db0a5", "#c49a86", "#a9b3c4"), OAK)
    wall_window(
        room, s * 0.46, 0.80, 1.5, 1.55, "main", curtains=hue_of(scene, "#b5654a", "#4f7a80", "#8f4a5a", "#d9b25c")
    )
    bookshelf(room, -s * 0.78, 1.0, 2.15, "main", wood=WALNUT)
    for k, at in enumerate((-0.30, -0.06)):
        picture_frame(room, at * s - s * 0.06, 1.95 - 0.1 * k, 0.52, 0.42 + 0.2 * k, str(k))
    rug(room, scene.canvas.w / 2, (1.12, 1.85), 1.6, hue_of(scene, "#4a6a78", "#8f4a44", "#7a6a4a", "#4f5f8a"))
    sofa(room, room.x(-s * 0.16), 1.10, 2.0, hue_of(scene, "#5f7f8f", "#a8574a", "#6f7f5a", "#7a6a9a"))
    floor_lamp(room, room.x(-s * 0.50), 1.06)
    plant(room, room.x(s * 0.88), 1.12, 1.3, "corner")
    pendant(room, scene.canvas.w / 2, 0.40, 0.6, rgb("#d9c7a3"))
    scene.focus = (0.5 - s * 0.05, scene.level)


def bedroom(scene: Scene) -> None:
    """A bed with its headboard, bedside lamps, a curtained window, a wardrobe."""
    s, c, p = scene.light_side, scene.canvas, scene.palette
    room = room_of(scene, hue_of(scene, "#a9b3c4", "#c4b0a8", "#a8b5a0", "#b8a4b8"), OAK)
    wall_window(room, s * 0.58, 0.85, 1.25, 1.5, "main", curtains=hue_of(scene, "#6f7f9a", "#b07a6a", "#7f8f6a"))
    _wardrobe(room, -s * 0.84, 0.95)
    picture_frame(room, -s * 0.12, 2.0, 0.8, 0.5, "bed")
    rug(room, room.x(-s * 0.1), (1.25, 1.85), 1.7, hue_of(scene, "#7a8fa8", "#a88a7a", "#8a9a7a"))
    cloth, sheet = hue_of(scene, "#4f6f8f", "#a8574a", "#5f7f6a"), rgb("#efe9dd")
    x = room.x(-s * 0.12)
    m, w = room.metre * 1.12, 0.95 * room.metre * 1.12
    cx, base = room.near(x, room.floor, 1.12)
    shadow(room, cx, base + 0.1 * m, w)
    c.rect(cx - w, base - 1.15 * m, cx + w, base - 0.2 * m, p.tone(WALNUT), 0.08 * m)
    c.rect(cx - w * 0.95, base - 0.66 * m, cx + w * 0.95, base - 0.1 * m, p.tone(sheet, 0, 0.92), 0.05 * m)
    for k in (-1, 1):
        c.rect(
            cx + k * w * 0.48 - 0.34 * m,
            base - 0.86 * m,
            cx + k * w * 0.48 + 0.34 * m,
            base - 0.56 * m,
            p.tone(sheet),
            0.12 * m,
        )
    foot = room.near(x, room.floor, 1.42)
    spread = [
        (cx - w * 0.98, base - 0.56 * m),
        (cx + w * 0.98, base - 0.56 * m),
        (foot[0] + w * 1.22, foot[1] - 0.44 * m),
        (foot[0] - w * 1.22, foot[1] - 0.44 * m),
    ]
    c.shape(spread, (p.tone(lighter(cloth, 0.08)), p.tone(cloth)))
    c.shape(
        [spread[3], spread[2], (foot[0] + w * 1.20, foot[1] - 0.06 * m), (foot[0] - w * 1.20, foot[1] - 0.06 * m)],
        (p.tone(darker(cloth, 0.1)), p.tone(darker(cloth, 0.35))),
    )
    c.shape(
        [
            (cx - w * 0.985, base - 0.58 * m),
            (cx + w * 0.985, base - 0.58 * m),
            (cx + w * 1.03, base - 0.49 * m),
            (cx - w * 1.03, base - 0.49 * m),
        ],
        p.tone(sheet, 0, 1.02),
    )
    for k in (-1, 1):
        tx, ty, tm = table(room, x + k * 1.28 * room.metre, 1.08, 0.46, 0.55, WALNUT)
        table_lamp(room, tx, ty, tm)
    scene.focus = (0.5 - s * 0.06, scene.level)


def _wardrobe(room: Room, at: float, width: float) -> None:
    c, p, m = room.scene.canvas, room.scene.palette, room.metre
    x, w, top = room.x(at), width * m / 2, room.y(2.2)
    shadow(room, x, room.floor, w)
    c.shape(
        [(x - w, top), (x + w, top), (x + w, room.floor), (x - w, room.floor)],
        (p.tone(OAK, 0, 0.92), p.tone(OAK, 0, 0.7)),
    )
    c.rect(x - w * 1.06, top - 0.09 * m, x + w * 1.06, top, p.tone(darker(OAK, 0.2)))
    for k in (-1, 1):
        c.rect(
            x + min(0.06 * k, 0.92 * k) * w,
            top + 0.12 * m,
            x + max(0.06 * k, 0.92 * k) * w,
            room.floor - 0.2 * m,
            p.tone(darker(OAK, 0.12), 0, 0.85),
        )
        c.ellipse(x + k * 0.10 * w, room.y(1.1), 0.03 * m, 0.03 * m, p.tone(rgb("#d9b25c")))


def kitchen(scene: Scene) -> None:
    """Tiles, cupboards above and below, stove and hood, pans on a rail, a table."""
    s, c, p = scene.light_side, scene.canvas, scene.palette
    front = hue_of(scene, "#6f8f86", "#8fa3b5", "#c9a878", "#a8695a")
    room = room_of(scene, rgb("#d9d0bd"), rgb("#b59a7c"), boards=False, tiles=True)
    m = room.metre
    tile = p.tone(rgb("#e6e0d2"), 0, 0.94)
    for row in range(5):
        for column in range(int((room.right - room.left) / (0.22 * m)) + 1):
            x, y = room.left + (column + 0.5 * (row % 2)) * 0.22 * m, room.y(0.95 + 0.13 * (row + 1))
            c.rect(
                x + 1,
                y + 1,
                min(room.right, x + 0.21 * m),
                y + 0.12 * m,
                darker(tile, 0.02 * ((row * 3 + column * 5) % 4)),
            )
    wall_window(room, s * 0.20, 1.20, 1.15, 1.05, "sink", curtains=None)
    for a, b in ((-0.98, -0.62), (0.62, 0.98)):
        x0, x1 = room.x(a), room.x(b)
        c.rect(x0, room.y(2.45), x1, room.y(1.62), p.tone(front, 0, 0.95))
        c.rect(x0 + 0.05 * m, room.y(2.39), (x0 + x1) / 2 - 0.02 * m, room.y(1.68), p.tone(darker(front, 0.12)))
        c.rect((x0 + x1) / 2 + 0.02 * m, room.y(2.39), x1 - 0.05 * m, room.y(1.68), p.tone(darker(front, 0.12)))
        c.fade((x0, room.y(1.62), x1, room.y(1.40)), p.ink, 0.35, 0.0)
    _stove(room, -s * 0.36)
    top = counter(room, -0.99, 0.99, 1.03, 0.90, front, rgb("#e0d6c4"), panels=10)
    for k, (at, paint, tall) in enumerate(
        ((0.50, "#d9a441", 0.24), (0.56, "#b5483c", 0.20), (0.74, "#5f7f52", 0.30), (-0.84, "#d8d0c0", 0.26))
    ):
        x = room.x(at * s)
        c.rect(x - 0.07 * m, top - tall * m, x + 0.07 * m, top, p.tone(rgb(paint)), 0.04 * m)
        c.rect(
            x - 0.05 * m,
            top - (tall + 0.04) * m,
            x + 0.05 * m,
            top - tall * m,
            p.tone(rgb("#6a5040"), 0, 0.9 + 0.02 * k),
        )
    tx, ty, tm = table(room, c.w / 2, 1.55, 1.9, 0.74, OAK, deep=0.34)
    c.ellipse(tx, ty, 0.20 * tm, 0.05 * tm, p.tone(rgb("#efe9dd")))
    for dx, code in ((-0.08, "#d8503a"), (0.02, "#e6a23c"), (0.10, "#9ab04a")):
        c.ellipse(tx + dx * tm, ty - 0.05 * tm, 0.06 * tm, 0.06 * tm, p.tone(rgb(code), 0, 1.1))
    pendant(room, c.w / 2, 0.55, 0.62, rgb("#c2563f"), nearer=1.15)
    scene.focus = (0.5 - s * 0.06, scene.level)


def _stove(room: Room, at: float) -> None:
    c, p, m = room.scene.canvas, room.scene.palette, room.metre
    x = room.x(at)
    steel = p.tone(rgb("#8d949a"))
    c.shape(
        [
            (x - 0.18 * m, room.y(2.9)),
            (x + 0.18 * m, room.y(2.9)),
            (x + 0.18 * m, room.y(2.2)),
            (x + 0.48 * m, room.y(1.85)),
            (x - 0.48 * m, room.y(1.85)),
            (x - 0.18 * m, room.y(2.2)),
        ],
        (steel, darker(steel, 0.25)),
    )
    if p.lamps > 0.2:
        c.glow(x, room.y(1.5), 0.8 * m, LAMP, 0.5 * p.lamps)
    for k in range(4):
        px = x + (0.62 + 0.22 * k) * m * (1 if at < 0 else -1)
        c.line([(px, room.y(1.80)), (px, room.y(1.66))], darker(steel, 0.3), 0.02 * m)
        c.ellipse(px, room.y(1.58), 0.085 * m, 0.095 * m, p.tone(rgb(("#3a3f44", "#b5704a", "#3a3f44", "#8d949a")[k])))
    pot = p.tone(rgb("#4a5a66"))
    c.rect(x - 0.17 * m, room.y(1.20), x + 0.17 * m, room.y(0.97), pot, 0.03 * m)
    c.line([(x - 0.22 * m, room.y(1.13)), (x + 0.22 * m, room.y(1.13))], darker(pot, 0.3), 0.03 * m)
    for k in range(3):
        c.glow(
            x + 0.05 * k * m,
            room.y(1.32 + 0.16 * k),
            (0.14 + 0.05 * k) * m,
            p.tone(rgb("#f2efe8")),
            0.30 - 0.07 * k,
            power=1.2,
        )
