"""Rooms to live and work in."""

from __future__ import annotations

from clash.providers.local.backdrops.furniture import (
    bookshelf, chair, counter, floor_lamp, plant, rug, screen, shadow, sofa, stool, table, table_lamp,
)  # fmt: skip
from clash.providers.local.backdrops.interior import Room, door, glow_lamp, pendant, picture_frame, room_of, wall_window
from clash.providers.local.backdrops.palette import LAMP, RGB, darker, lighter, mix, rgb
from clash.providers.local.backdrops.scene import Scene
from clash.providers.local.backdrops.town import lantern

_OAK, _WALNUT = rgb("#a57a52"), rgb("#6b4a35")


def _hue(scene: Scene, *codes: str) -> RGB:
    """One of the colours, the place's own."""
    return rgb(codes[int(scene.rng("wall").integers(len(codes)))])


def plain_room(scene: Scene) -> None:
    """A room of no known use: an arched window, a chair, a table, a lamp."""
    s = scene.light_side
    room = room_of(scene, _hue(scene, "#b9a58c", "#9fa8a0", "#b79a8c", "#a3a0b0"), _WALNUT)
    _wainscot(room, _OAK)
    wall_window(room, s * 0.42, 0.95, 1.25, 1.75, "main", arched=True, frame=rgb("#6b4f3a"))
    door(room, -s * 0.66, rgb("#7a5a44"))
    picture_frame(room, -s * 0.18, 1.75, 0.62, 0.48, "one")
    rug(room, scene.canvas.w / 2, (1.15, 1.75), 1.35, _hue(scene, "#8f4a44", "#4a6a78", "#5f7352"))
    x, y, m = table(room, room.x(s * 0.80), 1.22, 0.85, 0.72, _OAK)
    table_lamp(room, x, y, m)
    chair(room, room.x(s * 0.44), 1.28, _WALNUT)
    pendant(room, scene.canvas.w / 2, 0.55, 0.55, rgb("#5a6b62"))
    scene.focus = (0.5 + s * 0.14, scene.level)


def _wainscot(room: Room, wood: RGB) -> None:
    """Panels on the lower wall."""
    c, p, m = room.scene.canvas, room.scene.palette, room.metre
    top = room.y(0.92)
    c.rect(room.left, top, room.right, room.floor, p.tone(wood, 0, 0.86))
    c.rect(room.left, top - 0.06 * m, room.right, top, p.tone(lighter(wood, 0.15)))
    for k in range(16):
        a, b = room.x(-1 + 2 * (k + 0.1) / 16), room.x(-1 + 2 * (k + 0.9) / 16)
        c.rect(a, top + 0.12 * m, b, room.floor - 0.16 * m, p.tone(darker(wood, 0.14), 0, 0.86))
    for x in (room.left, room.right):
        c.polygon([(x, top), (x, room.floor), room.near(x, room.floor, 5.0), room.near(x, top, 5.0)], p.tone(darker(wood, 0.2), 0, 0.8))
    c.fade((room.left, top, room.right, room.floor), p.ink, 0.0, 0.25)


def living_room(scene: Scene) -> None:
    """Sofa under pictures, a shelf, a curtained window, a standing lamp."""
    s = scene.light_side
    room = room_of(scene, _hue(scene, "#c9b08f", "#9db0a5", "#c49a86", "#a9b3c4"), _OAK)
    wall_window(room, s * 0.46, 0.80, 1.5, 1.55, "main", curtains=_hue(scene, "#b5654a", "#4f7a80", "#8f4a5a", "#d9b25c"))
    bookshelf(room, -s * 0.78, 1.0, 2.15, "main", wood=_WALNUT)
    for k, at in enumerate((-0.30, -0.06)):
        picture_frame(room, at * s - s * 0.06, 1.95 - 0.1 * k, 0.52, 0.42 + 0.2 * k, str(k))
    rug(room, scene.canvas.w / 2, (1.12, 1.85), 1.6, _hue(scene, "#4a6a78", "#8f4a44", "#7a6a4a", "#4f5f8a"))
    sofa(room, room.x(-s * 0.16), 1.10, 2.0, _hue(scene, "#5f7f8f", "#a8574a", "#6f7f5a", "#7a6a9a"))
    floor_lamp(room, room.x(-s * 0.50), 1.06)
    plant(room, room.x(s * 0.88), 1.12, 1.3, "corner")
    pendant(room, scene.canvas.w / 2, 0.40, 0.6, rgb("#d9c7a3"))
    scene.focus = (0.5 - s * 0.05, scene.level)


def bedroom(scene: Scene) -> None:
    """A bed with its headboard, bedside lamps, a curtained window, a wardrobe."""
    s, c, p = scene.light_side, scene.canvas, scene.palette
    room = room_of(scene, _hue(scene, "#a9b3c4", "#c4b0a8", "#a8b5a0", "#b8a4b8"), _OAK)
    wall_window(room, s * 0.58, 0.85, 1.25, 1.5, "main", curtains=_hue(scene, "#6f7f9a", "#b07a6a", "#7f8f6a"))
    _wardrobe(room, -s * 0.84, 0.95)
    picture_frame(room, -s * 0.12, 2.0, 0.8, 0.5, "bed")
    rug(room, room.x(-s * 0.1), (1.25, 1.85), 1.7, _hue(scene, "#7a8fa8", "#a88a7a", "#8a9a7a"))
    cloth, sheet = _hue(scene, "#4f6f8f", "#a8574a", "#5f7f6a"), rgb("#efe9dd")
    x = room.x(-s * 0.12)
    m, w = room.metre * 1.12, 0.95 * room.metre * 1.12
    cx, base = room.near(x, room.floor, 1.12)
    shadow(room, cx, base + 0.1 * m, w)
    c.rect(cx - w, base - 1.15 * m, cx + w, base - 0.2 * m, p.tone(_WALNUT), 0.08 * m)
    c.rect(cx - w * 0.95, base - 0.66 * m, cx + w * 0.95, base - 0.1 * m, p.tone(sheet, 0, 0.92), 0.05 * m)
    for k in (-1, 1):
        c.rect(cx + k * w * 0.48 - 0.34 * m, base - 0.86 * m, cx + k * w * 0.48 + 0.34 * m, base - 0.56 * m, p.tone(sheet), 0.12 * m)
    foot = room.near(x, room.floor, 1.42)
    spread = [(cx - w * 0.98, base - 0.56 * m), (cx + w * 0.98, base - 0.56 * m), (foot[0] + w * 1.22, foot[1] - 0.44 * m), (foot[0] - w * 1.22, foot[1] - 0.44 * m)]
    c.shape(spread, (p.tone(lighter(cloth, 0.08)), p.tone(cloth)))
    c.shape([spread[3], spread[2], (foot[0] + w * 1.20, foot[1] - 0.06 * m), (foot[0] - w * 1.20, foot[1] - 0.06 * m)], (p.tone(darker(cloth, 0.1)), p.tone(darker(cloth, 0.35))))
    c.shape([(cx - w * 0.985, base - 0.58 * m), (cx + w * 0.985, base - 0.58 * m), (cx + w * 1.03, base - 0.49 * m), (cx - w * 1.03, base - 0.49 * m)], p.tone(sheet, 0, 1.02))
    for k in (-1, 1):
        tx, ty, tm = table(room, x + k * 1.28 * room.metre, 1.08, 0.46, 0.55, _WALNUT)
        table_lamp(room, tx, ty, tm)
    scene.focus = (0.5 - s * 0.06, scene.level)


def _wardrobe(room: Room, at: float, width: float) -> None:
    c, p, m = room.scene.canvas, room.scene.palette, room.metre
    x, w, top = room.x(at), width * m / 2, room.y(2.2)
    shadow(room, x, room.floor, w)
    c.shape([(x - w, top), (x + w, top), (x + w, room.floor), (x - w, room.floor)], (p.tone(_OAK, 0, 0.92), p.tone(_OAK, 0, 0.7)))
    c.rect(x - w * 1.06, top - 0.09 * m, x + w * 1.06, top, p.tone(darker(_OAK, 0.2)))
    for k in (-1, 1):
        c.rect(x + min(0.06 * k, 0.92 * k) * w, top + 0.12 * m, x + max(0.06 * k, 0.92 * k) * w, room.floor - 0.2 * m, p.tone(darker(_OAK, 0.12), 0, 0.85))
        c.ellipse(x + k * 0.10 * w, room.y(1.1), 0.03 * m, 0.03 * m, p.tone(rgb("#d9b25c")))


def kitchen(scene: Scene) -> None:
    """Tiles, cupboards above and below, stove and hood, pans on a rail, a table."""
    s, c, p = scene.light_side, scene.canvas, scene.palette
    front = _hue(scene, "#6f8f86", "#8fa3b5", "#c9a878", "#a8695a")
    room = room_of(scene, rgb("#d9d0bd"), rgb("#b59a7c"), boards=False, tiles=True)
    m = room.metre
    tile = p.tone(rgb("#e6e0d2"), 0, 0.94)
    for row in range(5):
        for column in range(int((room.right - room.left) / (0.22 * m)) + 1):
            x, y = room.left + (column + 0.5 * (row % 2)) * 0.22 * m, room.y(0.95 + 0.13 * (row + 1))
            c.rect(x + 1, y + 1, min(room.right, x + 0.21 * m), y + 0.12 * m, darker(tile, 0.02 * ((row * 3 + column * 5) % 4)))
    wall_window(room, s * 0.20, 1.20, 1.15, 1.05, "sink", curtains=None)
    for a, b in ((-0.98, -0.62), (0.62, 0.98)):
        x0, x1 = room.x(a), room.x(b)
        c.rect(x0, room.y(2.45), x1, room.y(1.62), p.tone(front, 0, 0.95))
        c.rect(x0 + 0.05 * m, room.y(2.39), (x0 + x1) / 2 - 0.02 * m, room.y(1.68), p.tone(darker(front, 0.12)))
        c.rect((x0 + x1) / 2 + 0.02 * m, room.y(2.39), x1 - 0.05 * m, room.y(1.68), p.tone(darker(front, 0.12)))
        c.fade((x0, room.y(1.62), x1, room.y(1.40)), p.ink, 0.35, 0.0)
    _stove(room, -s * 0.36)
    top = counter(room, -0.99, 0.99, 1.03, 0.90, front, rgb("#e0d6c4"), panels=10)
    for k, (at, paint, tall) in enumerate(((0.50, "#d9a441", 0.24), (0.56, "#b5483c", 0.20), (0.74, "#5f7f52", 0.30), (-0.84, "#d8d0c0", 0.26))):
        x = room.x(at * s)
        c.rect(x - 0.07 * m, top - tall * m, x + 0.07 * m, top, p.tone(rgb(paint)), 0.04 * m)
        c.rect(x - 0.05 * m, top - (tall + 0.04) * m, x + 0.05 * m, top - tall * m, p.tone(rgb("#6a5040"), 0, 0.9 + 0.02 * k))
    tx, ty, tm = table(room, c.w / 2, 1.55, 1.9, 0.74, _OAK, deep=0.34)
    c.ellipse(tx, ty, 0.20 * tm, 0.05 * tm, p.tone(rgb("#efe9dd")))
    for dx, code in ((-0.08, "#d8503a"), (0.02, "#e6a23c"), (0.10, "#9ab04a")):
        c.ellipse(tx + dx * tm, ty - 0.05 * tm, 0.06 * tm, 0.06 * tm, p.tone(rgb(code), 0, 1.1))
    pendant(room, c.w / 2, 0.55, 0.62, rgb("#c2563f"), nearer=1.15)
    scene.focus = (0.5 - s * 0.06, scene.level)


def _stove(room: Room, at: float) -> None:
    c, p, m = room.scene.canvas, room.scene.palette, room.metre
    x = room.x(at)
    steel = p.tone(rgb("#8d949a"))
    c.shape([(x - 0.18 * m, room.y(2.9)), (x + 0.18 * m, room.y(2.9)), (x + 0.18 * m, room.y(2.2)), (x + 0.48 * m, room.y(1.85)), (x - 0.48 * m, room.y(1.85)), (x - 0.18 * m, room.y(2.2))], (steel, darker(steel, 0.25)))
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
        c.glow(x + 0.05 * k * m, room.y(1.32 + 0.16 * k), (0.14 + 0.05 * k) * m, p.tone(rgb("#f2efe8")), 0.30 - 0.07 * k, power=1.2)


def shop(scene: Scene) -> None:
    """A counter with stools before shelves of jars, hanging lamps; lanterns where it is a noodle or tea house."""
    s, c, p = scene.light_side, scene.canvas, scene.palette
    eastern = scene.named("noodle", "ramen", "tea", "面", "茶", "酒楼", "饭", "izakaya", "soup", "拉面", "小吃")
    books = scene.named("book", "书")
    wall = rgb("#8f5a44") if eastern else _hue(scene, "#7f8f86", "#b58a6a", "#6f7a8a", "#a87a5f")
    room = room_of(scene, wall, _WALNUT)
    m = room.metre
    bookshelf(room, -s * 0.42, (room.right - room.left) * 0.40 / m, 2.35, "wall", wood=_WALNUT, jars=not books)
    wall_window(room, s * 0.52, 0.80, (room.right - room.left) * 0.30 / m, 1.75, "front", frame=rgb("#4a342a"), panes=(3, 2))
    board = room.x(s * 0.06)
    c.rect(board - 0.34 * m, room.y(2.35), board + 0.34 * m, room.y(1.35), p.tone(rgb("#5a4030")))
    c.rect(board - 0.30 * m, room.y(2.31), board + 0.30 * m, room.y(1.39), p.tone(rgb("#26302c")))
    for k in range(6):
        c.rect(board - 0.24 * m, room.y(2.22 - 0.13 * k), board + (0.02 + 0.05 * ((k * 7) % 4)) * m, room.y(2.19 - 0.13 * k), p.tone(rgb("#d9d4c4"), 0, 0.95))
    top = counter(room, -0.86, 0.60 if c.w > c.h else 0.86, 1.22, 1.02, _hue(scene, "#6f4a35", "#3f5f5a", "#7a3f38"), rgb("#b98a5c"), panels=7)
    _on_the_counter(room, top, eastern=eastern)
    for k, at in enumerate((-0.62, -0.30, 0.02, 0.34)):
        stool(room, room.x(at), 1.42, 0.70, rgb("#a8473c") if eastern else rgb("#8a6a4c"))
        if k < 3:
            x = room.x(-0.55 + 0.45 * k)
            if eastern:
                px, py = room.near(x, room.top, 1.2)
                c.line([(px, py), (px, py + 0.5 * m)], p.tone(rgb("#2a1a16")), 0.02 * m)
                lantern(scene, px, py + 0.80 * m, 0.55 * m)
                glow_lamp(scene, px, py + 0.80 * m, 1.2 * m)
            else:
                pendant(room, x, 0.62, 0.42, rgb("#2f4a46"), nearer=1.15)
    scene.focus = (0.5 - s * 0.10, scene.level - 0.02)


def _on_the_counter(room: Room, top: float, *, eastern: bool) -> None:
    c, p, m = room.scene.canvas, room.scene.palette, room.metre * 1.22
    x = room.near(room.x(-0.52), 0, 1.22)[0]
    if eastern:
        for k in range(3):
            bx = x + 0.55 * k * m
            bowl = p.tone(rgb(("#e9e2d2", "#3f5f8a", "#a8473c")[k]), 0, 1.05)
            c.shape([(bx - 0.15 * m, top - 0.13 * m), (bx + 0.15 * m, top - 0.13 * m), (bx + 0.08 * m, top), (bx - 0.08 * m, top)], bowl)
            c.line([(bx + 0.02 * m, top - 0.12 * m), (bx + 0.20 * m, top - 0.27 * m)], p.tone(_OAK), 0.016 * m)
            for j in range(3):
                c.glow(bx + 0.03 * m, top - (0.24 + 0.15 * j) * m, (0.11 + 0.05 * j) * m, p.tone(rgb("#f4f0e8")), 0.30 - 0.08 * j, power=1.2)
        return
    steel = p.tone(rgb("#9aa0a4"))
    c.rect(x - 0.28 * m, top - 0.42 * m, x + 0.28 * m, top, steel, 0.05 * m)
    c.rect(x - 0.22 * m, top - 0.30 * m, x + 0.22 * m, top - 0.06 * m, darker(steel, 0.5))
    c.rect(x - 0.26 * m, top - 0.52 * m, x + 0.26 * m, top - 0.42 * m, darker(steel, 0.15))
    for k in range(4):
        bx = x + (0.62 + 0.17 * k) * m
        c.rect(bx, top - 0.13 * m, bx + 0.12 * m, top, p.tone(rgb(("#efe9dd", "#b5654a", "#efe9dd", "#4f7a80")[k])), 0.02 * m)
    dome = x + 1.75 * m
    c.ellipse(dome, top - 0.16 * m, 0.22 * m, 0.16 * m, mix(p.tone(rgb("#cfe0e0")), p.tone(rgb("#c98a4a")), 0.5))


def office(scene: Scene) -> None:
    """Desks with screens before wide windows; in a library or study, walls of books instead."""
    s, c, p = scene.light_side, scene.canvas, scene.palette
    reading = scene.named("library", "study", "archive", "书房", "图书", "档案", "reading")
    room = room_of(scene, rgb("#7a5f48") if reading else rgb("#c4c8ca"), _WALNUT if reading else rgb("#8a8f96"), boards=reading, tiles=not reading)
    m, span = room.metre, (room.right - room.left) / room.metre
    if reading:
        bookshelf(room, -0.66, span * 0.33, 2.75, "left", wood=_WALNUT)
        bookshelf(room, 0.66, span * 0.33, 2.75, "right", wood=_WALNUT)
        wall_window(room, 0.0, 0.9, min(1.35, span * 0.26), 1.75, "middle", arched=True, frame=rgb("#5a4030"))
        rug(room, c.w / 2, (1.15, 1.9), 1.5, rgb("#7f3f3a"))
        x, y, tm = table(room, c.w / 2, 1.34, 1.7, 0.78, _WALNUT, deep=0.32)
        for k in range(5):
            c.rect(x + (0.28 - 0.01 * k) * tm, y - 0.05 * (k + 1) * tm, x + (0.62 - 0.02 * (k % 3)) * tm, y - 0.05 * k * tm, p.tone(rgb(("#8f3f3a", "#3f5f7f", "#b78a3f", "#4f6f52", "#c9b48f")[k])))
        table_lamp(room, x - 0.55 * tm, y, tm * 1.15)
        pendant(room, c.w / 2, 0.35, 0.7, rgb("#3f5f52"))
    else:
        wall_window(room, 0.0, 0.85, span * 0.90, 1.7, "wide", frame=rgb("#5a6066"), panes=(6, 1))
        for k in range(5):
            x = room.x(-0.72 + 0.36 * k)
            lx, ly = room.near(x, room.top, 1.35)
            c.polygon([(lx - 0.42 * m, ly), (lx + 0.42 * m, ly), (lx + 0.36 * m, ly + 0.06 * m), (lx - 0.36 * m, ly + 0.06 * m)], mix(p.tone(rgb("#e6e8e8")), (255, 252, 240), 0.6 * p.lamps + 0.2))
        for at, near in ((-0.62, 1.12), (0.0, 1.12), (0.62, 1.12), (-0.92, 1.5), (0.92, 1.5)):
            _desk(room, at, near)
        plant(room, room.x(-s * 0.93), 1.04, 1.25, "corner")
    scene.focus = (0.5 + s * 0.08, scene.level)


def _desk(room: Room, at: float, nearer: float) -> None:
    c, p = room.scene.canvas, room.scene.palette
    x, y, m = table(room, room.x(at), nearer, 1.25, 0.74, rgb("#c9b08a"), deep=0.26)
    screen(room, x - 0.30 * m, y - 0.46 * m, x + 0.26 * m, y - 0.10 * m, rgb("#8fd0e8"), f"desk {at}")
    c.rect(x - 0.05 * m, y - 0.10 * m, x + 0.01 * m, y, p.tone(rgb("#2a2e33")))
    c.rect(x + 0.40 * m, y - 0.12 * m, x + 0.48 * m, y, p.tone(rgb("#b5483c")), 0.01 * m)


def classroom(scene: Scene) -> None:
    """A blackboard, rows of desks, tall windows, a clock."""
    s, c, p = scene.light_side, scene.canvas, scene.palette
    room = room_of(scene, _hue(scene, "#cbd0b4", "#c4ccd0", "#d3c6a8"), _OAK)
    m, span = room.metre, (room.right - room.left) / room.metre
    _wainscot(room, rgb("#7f9a86"))
    wide = span * 0.27
    c.rect(room.x(-s * 0.16) - wide * m - 0.07 * m, room.y(2.35), room.x(-s * 0.16) + wide * m + 0.07 * m, room.y(1.0), p.tone(_OAK))
    c.shape([(room.x(-s * 0.16) - wide * m, room.y(2.28)), (room.x(-s * 0.16) + wide * m, room.y(2.28)), (room.x(-s * 0.16) + wide * m, room.y(1.08)), (room.x(-s * 0.16) - wide * m, room.y(1.08))], (p.tone(rgb("#2f4a40")), p.tone(rgb("#3c5a4e"))))
    chalk, rng = p.tone(rgb("#dfe6de"), 0, 0.95), scene.rng("chalk")
    for row in range(4):
        x, end = room.x(-s * 0.16) - wide * 0.85 * m, room.x(-s * 0.16) + wide * (0.1 + 0.2 * (row % 2)) * m
        while x < end:
            w = (0.05 + 0.14 * float(rng.random())) * m
            c.rect(x, room.y(2.10 - 0.22 * row), x + w, room.y(2.07 - 0.22 * row), chalk)
            x += w + 0.05 * m
    ox, oy = room.x(-s * 0.16) + wide * 0.62 * m, room.y(1.65)
    c.line([(ox - 0.25 * m, oy + 0.25 * m), (ox + 0.25 * m, oy + 0.25 * m), (ox, oy - 0.28 * m), (ox - 0.25 * m, oy + 0.25 * m)], chalk, 0.022 * m)
    wall_window(room, s * 0.74, 1.0, span * 0.18, 1.55, "side", panes=(2, 3))
    clock = room.x(-s * 0.16)
    c.ellipse(clock, room.y(2.62), 0.16 * m, 0.16 * m, p.tone(rgb("#3a332c")))
    c.ellipse(clock, room.y(2.62), 0.135 * m, 0.135 * m, p.tone(rgb("#f2ede0")))
    c.line([(clock, room.y(2.72)), (clock, room.y(2.62)), (clock + 0.07 * m, room.y(2.60))], p.tone(rgb("#2a2622")), 0.018 * m)
    for near, places in ((1.20, (-0.72, -0.24, 0.24, 0.72)), (1.62, (-0.66, -0.22, 0.22, 0.66))):
        for at in places:
            table(room, room.x(at), near, 0.82, 0.66, rgb("#c99a5c"), deep=0.30)
            chair(room, room.x(at), near + 0.10, rgb("#4f6a78"))
    for k in range(2):
        pendant(room, room.x(-0.4 + 0.8 * k), 0.3, 0.5, rgb("#e6e2d6"), nearer=1.1)
    scene.focus = (0.5 - s * 0.08, scene.level - 0.03)


def hospital(scene: Scene) -> None:
    """A bed under a light, a curtain on its rail, a monitor, a drip."""
    s, c, p = scene.light_side, scene.canvas, scene.palette
    room = room_of(scene, _hue(scene, "#bcd0cf", "#c3cfd6", "#c9d3c4"), rgb("#b4bfc2"), boards=False, tiles=True)
    m = room.metre
    c.rect(room.left, room.y(1.05), room.right, room.y(0.96), p.tone(rgb("#7fa8a4")))
    wall_window(room, s * 0.60, 0.95, 1.3, 1.45, "main", panes=(2, 1))
    x = room.x(-s * 0.16)
    k = room.metre * 1.16
    cx, base = room.near(x, room.floor, 1.16)
    c.rect(cx - 0.55 * k, base - 2.35 * k, cx + 0.55 * k, base - 2.27 * k, (246, 252, 252) if p.lamps > 0.1 else p.tone(rgb("#dfe6e6")))
    c.glow(cx, base - 2.25 * k, 1.7 * k, (226, 240, 244), 0.45 * max(0.3, p.lamps), power=1.5)
    shadow(room, cx, base, 1.2 * k)
    frame, sheet, cover = p.tone(rgb("#aab6ba")), p.tone(rgb("#f0f3f2")), p.tone(rgb("#86b3b5"))
    c.rect(cx - 1.15 * k, base - 1.10 * k, cx - 1.06 * k, base, frame)
    c.rect(cx + 1.06 * k, base - 0.82 * k, cx + 1.15 * k, base, frame)
    c.rect(cx - 1.1 * k, base - 0.50 * k, cx + 1.1 * k, base - 0.38 * k, darker(frame, 0.15))
    c.rect(cx - 1.06 * k, base - 0.70 * k, cx + 1.06 * k, base - 0.50 * k, sheet, 0.06 * k)
    c.rect(cx - 1.02 * k, base - 0.90 * k, cx - 0.50 * k, base - 0.66 * k, lighter(sheet, 0.4), 0.10 * k)
    c.shape([(cx - 0.42 * k, base - 0.74 * k), (cx + 1.06 * k, base - 0.72 * k), (cx + 1.06 * k, base - 0.30 * k), (cx - 0.36 * k, base - 0.30 * k)], (cover, darker(cover, 0.25)))
    drip = cx - 1.35 * k
    c.line([(drip, base), (drip, base - 1.95 * k)], frame, 0.03 * k)
    c.rect(drip - 0.08 * k, base - 1.95 * k, drip + 0.08 * k, base - 1.62 * k, p.tone(rgb("#d3e6ea")), 0.05 * k)
    c.line([(drip, base - 1.62 * k), (drip + 0.12 * k, base - 1.1 * k), (cx - 0.7 * k, base - 0.8 * k)], p.tone(rgb("#d3e6ea")), 0.012 * k)
    mx = cx + 1.42 * k
    c.rect(mx - 0.02 * k, base - 1.2 * k, mx + 0.02 * k, base, frame)
    screen(room, mx - 0.26 * k, base - 1.58 * k, mx + 0.26 * k, base - 1.18 * k, rgb("#6fe0a8"), "heart")
    side = room.x(-s * 0.97)
    for j in range(9):
        a = side + s * 0.075 * m * j
        c.polygon([(a, room.y(2.62)), (a + s * 0.078 * m, room.y(2.62)), (a + s * 0.082 * m, room.y(0.25)), (a, room.y(0.25))], p.tone(rgb("#a9cfc8"), 0, 1.0 - 0.12 * (j % 2)))
    c.rect(room.left, room.y(2.66), room.right, room.y(2.62), frame)
    scene.focus = (0.5 - s * 0.08, scene.level)


def laboratory(scene: Scene) -> None:
    """Benches with glassware, shelves of bottles, screens, cold light."""
    s, c, p = scene.light_side, scene.canvas, scene.palette
    room = room_of(scene, rgb("#b4c2c8"), rgb("#8f9aa2"), boards=False, tiles=True)
    m, span = room.metre, (room.right - room.left) / room.metre
    wall_window(room, s * 0.56, 1.05, span * 0.30, 1.3, "main", panes=(3, 1), frame=rgb("#8d979c"))
    for k in range(3):
        y = room.y(1.45 + 0.42 * k)
        x0, x1 = sorted((room.x(-s * 0.95), room.x(-s * 0.12)))
        rng = scene.rng(f"bottles {k}")
        x = x0 + 0.06 * m
        while x < x1 - 0.2 * m:
            w, tall, hue = 0.08 + 0.08 * float(rng.random()), 0.14 + 0.16 * float(rng.random()), ("#6fc0b0", "#d9a441", "#8f6fc0", "#e6ecec", "#c0566f")[int(rng.integers(5))]
            c.rect(x, y - tall * m, x + w * m, y, p.tone(rgb(hue), 0, 1.05), 0.03 * m)
            c.rect(x + w * 0.3 * m, y - (tall + 0.05) * m, x + w * 0.7 * m, y - tall * m, p.tone(rgb("#4a545a")))
            x += (w + 0.05) * m
        c.rect(x0, y, x1, y + 0.05 * m, p.tone(rgb("#e6eaea")))
        c.fade((x0, y + 0.05 * m, x1, y + 0.16 * m), p.ink, 0.3, 0.0)
    for k in range(3):
        lx, ly = room.near(room.x(-0.6 + 0.6 * k), room.top, 1.3)
        c.polygon([(lx - 0.5 * m, ly), (lx + 0.5 * m, ly), (lx + 0.44 * m, ly + 0.06 * m), (lx - 0.44 * m, ly + 0.06 * m)], (240, 250, 252))
        c.glow(lx, ly, 1.6 * m, (214, 238, 246), 0.35)
    top = counter(room, -0.92, 0.92, 1.25, 0.95, rgb("#e0e6e8"), rgb("#5f6f78"), panels=8)
    k = room.metre * 1.25
    for at, hue, kind in ((-0.66, "#4fd0a8", 0), (-0.48, "#e08a3c", 1), (-0.30, "#7fa8f0", 0), (0.30, "#c05fb0", 1), (0.46, "#e8d24f", 0)):
        _flask(room, room.near(room.x(at), 0, 1.25)[0], top, k, rgb(hue), round_bottom=bool(kind))
    for name, at in (("a", 0.68), ("b", -0.02)):
        x = room.near(room.x(at), 0, 1.25)[0]
        screen(room, x - 0.36 * k, top - 0.58 * k, x + 0.36 * k, top - 0.08 * k, rgb("#6fd6e8"), name)
    scene.focus = (0.5 - s * 0.08, scene.level)


def _flask(room: Room, x: float, top: float, m: float, liquid: RGB, *, round_bottom: bool) -> None:
    c, p = room.scene.canvas, room.scene.palette
    glass = mix(p.tone(rgb("#d6e6ea")), liquid, 0.15)
    c.glow(x, top - 0.12 * m, 0.34 * m, liquid, 0.30)
    c.rect(x - 0.035 * m, top - 0.36 * m, x + 0.035 * m, top - 0.18 * m, glass)
    c.rect(x - 0.05 * m, top - 0.38 * m, x + 0.05 * m, top - 0.355 * m, lighter(glass, 0.2))
    if round_bottom:
        c.ellipse(x, top - 0.13 * m, 0.13 * m, 0.13 * m, glass)
        c.ellipse(x, top - 0.11 * m, 0.11 * m, 0.10 * m, liquid)
    else:
        c.shape([(x - 0.035 * m, top - 0.26 * m), (x + 0.035 * m, top - 0.26 * m), (x + 0.15 * m, top), (x - 0.15 * m, top)], glass)
        c.shape([(x - 0.075 * m, top - 0.15 * m), (x + 0.075 * m, top - 0.15 * m), (x + 0.13 * m, top - 0.01 * m), (x - 0.13 * m, top - 0.01 * m)], liquid)
