"""Shops, cafés, bars, noodle houses."""

from __future__ import annotations

from clash.local.backdrops.indoors.furniture import bookshelf, counter, stool
from clash.local.backdrops.indoors.homes import hue_of
from clash.local.backdrops.indoors.shell import Room, glow_lamp, pendant, room_of
from clash.local.backdrops.indoors.windows import wall_window
from clash.local.backdrops.lanterns import lantern
from clash.local.backdrops.palette import OAK, WALNUT, darker, mix, rgb
from clash.local.backdrops.scene import Scene


def shop(scene: Scene) -> None:
    """A counter with stools before shelves of jars, hanging lamps; lanterns where it is a noodle or tea house."""
    s, c, p = scene.light_side, scene.canvas, scene.palette
    eastern = scene.named("noodle", "ramen", "tea", "面", "茶", "酒楼", "饭", "izakaya", "soup", "拉面", "小吃")
    books = scene.named("book", "书")
    wall = rgb("#8f5a44") if eastern else hue_of(scene, "#7f8f86", "#b58a6a", "#6f7a8a", "#a87a5f")
    room = room_of(scene, wall, WALNUT)
    m = room.metre
    bookshelf(room, -s * 0.42, (room.right - room.left) * 0.40 / m, 2.35, "wall", wood=WALNUT, jars=not books)
    wall_window(
        room, s * 0.52, 0.80, (room.right - room.left) * 0.30 / m, 1.75, "front", frame=rgb("#4a342a"), panes=(3, 2)
    )
    board = room.x(s * 0.06)
    c.rect(board - 0.34 * m, room.y(2.35), board + 0.34 * m, room.y(1.35), p.tone(rgb("#5a4030")))
    c.rect(board - 0.30 * m, room.y(2.31), board + 0.30 * m, room.y(1.39), p.tone(rgb("#26302c")))
    for k in range(6):
        c.rect(
            board - 0.24 * m,
            room.y(2.22 - 0.13 * k),
            board + (0.02 + 0.05 * ((k * 7) % 4)) * m,
            room.y(2.19 - 0.13 * k),
            p.tone(rgb("#d9d4c4"), 0, 0.95),
        )
    top = counter(
        room,
        -0.86,
        0.60 if c.w > c.h else 0.86,
        1.22,
        1.02,
        hue_of(scene, "#6f4a35", "#3f5f5a", "#7a3f38"),
        rgb("#b98a5c"),
        panels=7,
    )
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
            c.shape(
                [
                    (bx - 0.15 * m, top - 0.13 * m),
                    (bx + 0.15 * m, top - 0.13 * m),
                    (bx + 0.08 * m, top),
                    (bx - 0.08 * m, top),
                ],
                bowl,
            )
            c.line([(bx + 0.02 * m, top - 0.12 * m), (bx + 0.20 * m, top - 0.27 * m)], p.tone(OAK), 0.016 * m)
            for j in range(3):
                c.glow(
                    bx + 0.03 * m,
                    top - (0.24 + 0.15 * j) * m,
                    (0.11 + 0.05 * j) * m,
                    p.tone(rgb("#f4f0e8")),
                    0.30 - 0.08 * j,
                    power=1.2,
                )
        return
    steel = p.tone(rgb("#9aa0a4"))
    c.rect(x - 0.28 * m, top - 0.42 * m, x + 0.28 * m, top, steel, 0.05 * m)
    c.rect(x - 0.22 * m, top - 0.30 * m, x + 0.22 * m, top - 0.06 * m, darker(steel, 0.5))
    c.rect(x - 0.26 * m, top - 0.52 * m, x + 0.26 * m, top - 0.42 * m, darker(steel, 0.15))
    for k in range(4):
        bx = x + (0.62 + 0.17 * k) * m
        c.rect(
            bx,
            top - 0.13 * m,
            bx + 0.12 * m,
            top,
            p.tone(rgb(("#efe9dd", "#b5654a", "#efe9dd", "#4f7a80")[k])),
            0.02 * m,
        )
    dome = x + 1.75 * m
    c.ellipse(dome, top - 0.16 * m, 0.22 * m, 0.16 * m, mix(p.tone(rgb("#cfe0e0")), p.tone(rgb("#c98a4a")), 0.5))
