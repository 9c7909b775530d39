"""The bridge of a spaceship."""

from __future__ import annotations

from PIL import Image, ImageDraw

from clash.local.backdrops.canvas import Point, placed
from clash.local.backdrops.indoors.furniture import shadow
from clash.local.backdrops.indoors.shell import Room, room_of
from clash.local.backdrops.outdoors.heavens import starfield
from clash.local.backdrops.palette import RGB, darker, lighter, mix, rgb
from clash.local.backdrops.scene import Scene


def spaceship(scene: Scene) -> None:
    """A bridge of panels: a great window to the stars, consoles, lines of light in the floor."""
    c, p, s = scene.canvas, scene.palette, scene.light_side
    hue = {"dawn": rgb("#c06a8a"), "day": rgb("#3fa8c8"), "dusk": rgb("#d07a3c"), "night": rgb("#5a6ff0")}[p.time]
    room = room_of(scene, rgb("#7a8694"), rgb("#4f5a66"), boards=False, tiles=True, ceiling=rgb("#5f6a78"))
    m = room.metre
    _window_to_the_stars(room, hue)
    for side in (-1, 1):
        for k in range(4):
            _wall_panel(room, room.right if side > 0 else room.left, 1.12 + 0.34 * k, hue)
        a, b = (room.near(c.w / 2 + side * 0.95 * m, room.floor, near) for near in (1.05, 3.0))
        c.line([a, b], lighter(hue, 0.5), 0.03 * m)
        spread = [(a[0] - 0.05 * m, a[1]), (a[0] + 0.05 * m, a[1]), (b[0] + 0.3 * m, b[1]), (b[0] - 0.3 * m, b[1])]
        c.soft([spread], hue, 0.45, 0.02 * c.u)
    for at in (-0.60, 0.60):
        _console(room, at, 1.18, hue)
    for k in range(3):
        x = room.x(-0.5 + 0.5 * k)
        a, b = (room.near(x + dx * m, room.top, 1.3) for dx in (-0.3, 0.3))
        c.rect(a[0], a[1], b[0], b[1] + 0.05 * m, lighter(hue, 0.75))
        c.glow((a[0] + b[0]) / 2, a[1], 1.2 * m, lighter(hue, 0.4), 0.35)
    scene.key, scene.ambient = lighter(hue, 0.6), mix(rgb("#2a3240"), hue, 0.25)
    scene.focus = (0.5 + 0.06 * s, scene.level - 0.04)


def _window_to_the_stars(room: Room, hue: RGB) -> None:
    scene, c, p, m = room.scene, room.scene.canvas, room.scene.palette, room.metre
    w, h = round((room.right - room.left) * 0.86), round(1.85 * m)
    x, y = round(c.w / 2 - w / 2), round(room.y(2.78))
    edge, low = 0.1 * m, h * 0.78
    upper = [(-edge, edge), (edge, -edge), (w - edge, -edge), (w + edge, edge)]
    lower = [(w + edge, low), (w - 2 * edge, h + edge), (2 * edge, h + edge), (-edge, low)]
    c.shape(placed(x, y, 1, [*upper, *lower]), p.tone(rgb("#3a444f")))
    cut = 0.16 * m
    glass = [(cut, 0), (w - cut, 0), (w, cut), (w, h * 0.75), (w - 2 * cut, h), (2 * cut, h), (0, h * 0.75), (0, cut)]
    mask = Image.new("L", (w * 2, h * 2), 0)
    ImageDraw.Draw(mask).polygon(placed(0, 0, 2, glass), fill=255)
    c.paste(starfield(scene, w, h, hue), x, y, mask.reduce(2))
    for k in (1, 2, 3):
        strut = x + w * k / 4
        c.line([(strut, y), (c.w / 2 + (strut - c.w / 2) * 0.88, y + h)], p.tone(rgb("#4a5560")), 0.05 * m)
    c.glow(c.w / 2, y + h * 0.6, 2.2 * m, hue, 0.26, power=1.4)


def _wall_panel(room: Room, x: float, near: float, hue: RGB) -> None:
    """A panel of a side wall with a strip of light."""
    c, p = room.scene.canvas, room.scene.palette

    def across(upper: float, lower: float, start: float, end: float) -> list[Point]:
        heights = ((upper, start), (upper, end), (lower, end), (lower, start))
        return [room.near(x, room.y(height), near + further) for height, further in heights]

    c.shape(across(2.5, 0.5, 0.0, 0.26), p.tone(rgb("#5f6b78"), 0, 0.7))
    strip = across(1.62, 1.5, 0.04, 0.22)
    c.shape(strip, lighter(hue, 0.35))
    c.glow(*strip[0], 0.5 * room.metre * near, hue, 0.25)


def _console(room: Room, at: float, nearer: float, hue: RGB) -> None:
    c, p, rng = room.scene.canvas, room.scene.palette, room.scene.rng(f"console {at}")
    cx, base = room.near(room.x(at), room.floor, nearer)
    m = room.metre * nearer
    shadow(room, cx, base, 0.9 * m)
    c.shape(
        [
            (cx - 0.78 * m, base),
            (cx - 0.92 * m, base - 0.72 * m),
            (cx + 0.92 * m, base - 0.72 * m),
            (cx + 0.78 * m, base),
        ],
        (p.tone(rgb("#56626e")), p.tone(rgb("#2c343c"))),
    )
    c.shape(
        [
            (cx - 0.92 * m, base - 0.72 * m),
            (cx - 0.74 * m, base - 1.02 * m),
            (cx + 0.74 * m, base - 1.02 * m),
            (cx + 0.92 * m, base - 0.72 * m),
        ],
        p.tone(rgb("#222a33")),
    )
    lights = (lighter(hue, 0.4), rgb("#ffb84f"), rgb("#6fe0a8"), rgb("#ff6a5f"))
    for row in range(3):
        for k in range(11):
            y = base - (0.78 + 0.085 * row) * m
            x = cx + (k - 5) * (0.145 - 0.010 * row) * m
            if rng.random() < 0.75:
                c.rect(
                    x,
                    y - 0.04 * m,
                    x + 0.09 * m,
                    y,
                    lights[int(rng.integers(4))] if rng.random() < 0.7 else darker(hue, 0.5),
                )
    c.glow(cx, base - 0.9 * m, 1.2 * m, hue, 0.32)
