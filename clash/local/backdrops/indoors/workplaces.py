"""Office, library, classroom."""

from __future__ import annotations

from clash.local.backdrops.indoors.furniture import bookshelf, chair, plant, rug, screen, table, table_lamp
from clash.local.backdrops.indoors.homes import hue_of
from clash.local.backdrops.indoors.shell import Room, pendant, room_of, wainscot
from clash.local.backdrops.indoors.windows import wall_window
from clash.local.backdrops.palette import OAK, WALNUT, mix, rgb
from clash.local.backdrops.scene import Scene


def office(scene: Scene) -> None:
    """Desks with screens before wide windows; in a library or study, walls of books instead."""
    s, c, p = scene.light_side, scene.canvas, scene.palette
    reading = scene.named("library", "study", "archive", "书房", "图书", "档案", "reading")
    room = room_of(
        scene,
        rgb("#7a5f48") if reading else rgb("#c4c8ca"),
        WALNUT if reading else rgb("#8a8f96"),
        boards=reading,
        tiles=not reading,
    )
    m, span = room.metre, (room.right - room.left) / room.metre
    if reading:
        bookshelf(room, -0.66, span * 0.33, 2.75, "left", wood=WALNUT)
        bookshelf(room, 0.66, span * 0.33, 2.75, "right", wood=WALNUT)
        wall_window(room, 0.0, 0.9, min(1.35, span * 0.26), 1.75, "middle", arched=True, frame=rgb("#5a4030"))
        rug(room, c.w / 2, (1.15, 1.9), 1.5, rgb("#7f3f3a"))
        x, y, tm = table(room, c.w / 2, 1.34, 1.7, 0.78, WALNUT, deep=0.32)
        for k in range(5):
            c.rect(
                x + (0.28 - 0.01 * k) * tm,
                y - 0.05 * (k + 1) * tm,
                x + (0.62 - 0.02 * (k % 3)) * tm,
                y - 0.05 * k * tm,
                p.tone(rgb(("#8f3f3a", "#3f5f7f", "#b78a3f", "#4f6f52", "#c9b48f")[k])),
            )
        table_lamp(room, x - 0.55 * tm, y, tm * 1.15)
        pendant(room, c.w / 2, 0.35, 0.7, rgb("#3f5f52"))
    else:
        wall_window(room, 0.0, 0.85, span * 0.90, 1.7, "wide", frame=rgb("#5a6066"), panes=(6, 1))
        for k in range(5):
            x = room.x(-0.72 + 0.36 * k)
            lx, ly = room.near(x, room.top, 1.35)
            c.polygon(
                [
                    (lx - 0.42 * m, ly),
                    (lx + 0.42 * m, ly),
                    (lx + 0.36 * m, ly + 0.06 * m),
                    (lx - 0.36 * m, ly + 0.06 * m),
                ],
                mix(p.tone(rgb("#e6e8e8")), (255, 252, 240), 0.6 * p.lamps + 0.2),
            )
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
    room = room_of(scene, hue_of(scene, "#cbd0b4", "#c4ccd0", "#d3c6a8"), OAK)
    m, span = room.metre, (room.right - room.left) / room.metre
    wainscot(room, rgb("#7f9a86"))
    wide = span * 0.27
    c.rect(
        room.x(-s * 0.16) - wide * m - 0.07 * m,
        room.y(2.35),
        room.x(-s * 0.16) + wide * m + 0.07 * m,
        room.y(1.0),
        p.tone(OAK),
    )
    c.shape(
        [
            (room.x(-s * 0.16) - wide * m, room.y(2.28)),
            (room.x(-s * 0.16) + wide * m, room.y(2.28)),
            (room.x(-s * 0.16) + wide * m, room.y(1.08)),
            (room.x(-s * 0.16) - wide * m, room.y(1.08)),
        ],
        (p.tone(rgb("#2f4a40")), p.tone(rgb("#3c5a4e"))),
    )
    chalk, rng = p.tone(rgb("#dfe6de"), 0, 0.95), scene.rng("chalk")
    for row in range(4):
        x, end = room.x(-s * 0.16) - wide * 0.85 * m, room.x(-s * 0.16) + wide * (0.1 + 0.2 * (row % 2)) * m
        while x < end:
            w = (0.05 + 0.14 * float(rng.random())) * m
            c.rect(x, room.y(2.10 - 0.22 * row), x + w, room.y(2.07 - 0.22 * row), chalk)
            x += w + 0.05 * m
    ox, oy = room.x(-s * 0.16) + wide * 0.62 * m, room.y(1.65)
    c.line(
        [
            (ox - 0.25 * m, oy + 0.25 * m),
            (ox + 0.25 * m, oy + 0.25 * m),
            (ox, oy - 0.28 * m),
            (ox - 0.25 * m, oy + 0.25 * m),
        ],
        chalk,
        0.022 * m,
    )
    wall_window(room, s * 0.74, 1.0, span * 0.18, 1.55, "side", panes=(2, 3))
    clock = room.x(-s * 0.16)
    c.ellipse(clock, room.y(2.62), 0.16 * m, 0.16 * m, p.tone(rgb("#3a332c")))
    c.ellipse(clock, room.y(2.62), 0.135 * m, 0.135 * m, p.tone(rgb("#f2ede0")))
    c.line(
        [(clock, room.y(2.72)), (clock, room.y(2.62)), (clock + 0.07 * m, room.y(2.60))],
        p.tone(rgb("#2a2622")),
        0.018 * m,
    )
    for near, places in ((1.20, (-0.72, -0.24, 0.24, 0.72)), (1.62, (-0.66, -0.22, 0.22, 0.66))):
        for at in places:
            table(room, room.x(at), near, 0.82, 0.66, rgb("#c99a5c"), deep=0.30)
            chair(room, room.x(at), near + 0.10, rgb("#4f6a78"))
    for k in range(2):
        pendant(room, room.x(-0.4 + 0.8 * k), 0.3, 0.5, rgb("#e6e2d6"), nearer=1.1)
    scene.focus = (0.5 - s * 0.08, scene.level - 0.03)
