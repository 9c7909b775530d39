"""Hospital and laboratory."""

from __future__ import annotations

from clash.local.backdrops.indoors.furniture import counter, screen, shadow
from clash.local.backdrops.indoors.homes import hue_of
from clash.local.backdrops.indoors.shell import Room, room_of
from clash.local.backdrops.indoors.windows import wall_window
from clash.local.backdrops.palette import RGB, darker, lighter, mix, rgb
from clash.local.backdrops.scene import Scene


def hospital(scene: Scene) -> None:
    """A bed under a light, a curtain on its rail, a monitor, a drip."""
    s, c, p = scene.light_side, scene.canvas, scene.palette
    room = room_of(scene, hue_of(scene, "#bcd0cf", "#c3cfd6", "#c9d3c4"), rgb("#b4bfc2"), boards=False, tiles=True)
    m = room.metre
    c.rect(room.left, room.y(1.05), room.right, room.y(0.96), p.tone(rgb("#7fa8a4")))
    wall_window(room, s * 0.60, 0.95, 1.3, 1.45, "main", panes=(2, 1))
    x = room.x(-s * 0.16)
    k = room.metre * 1.16
    cx, base = room.near(x, room.floor, 1.16)
    c.rect(
        cx - 0.55 * k,
        base - 2.35 * k,
        cx + 0.55 * k,
        base - 2.27 * k,
        (246, 252, 252) if p.lamps > 0.1 else p.tone(rgb("#dfe6e6")),
    )
    c.glow(cx, base - 2.25 * k, 1.7 * k, (226, 240, 244), 0.45 * max(0.3, p.lamps), power=1.5)
    shadow(room, cx, base, 1.2 * k)
    frame, sheet, cover = p.tone(rgb("#aab6ba")), p.tone(rgb("#f0f3f2")), p.tone(rgb("#86b3b5"))
    c.rect(cx - 1.15 * k, base - 1.10 * k, cx - 1.06 * k, base, frame)
    c.rect(cx + 1.06 * k, base - 0.82 * k, cx + 1.15 * k, base, frame)
    c.rect(cx - 1.1 * k, base - 0.50 * k, cx + 1.1 * k, base - 0.38 * k, darker(frame, 0.15))
    c.rect(cx - 1.06 * k, base - 0.70 * k, cx + 1.06 * k, base - 0.50 * k, sheet, 0.06 * k)
    c.rect(cx - 1.02 * k, base - 0.90 * k, cx - 0.50 * k, base - 0.66 * k, lighter(sheet, 0.4), 0.10 * k)
    c.shape(
        [
            (cx - 0.42 * k, base - 0.74 * k),
            (cx + 1.06 * k, base - 0.72 * k),
            (cx + 1.06 * k, base - 0.30 * k),
            (cx - 0.36 * k, base - 0.30 * k),
        ],
        (cover, darker(cover, 0.25)),
    )
    drip = cx - 1.35 * k
    c.line([(drip, base), (drip, base - 1.95 * k)], frame, 0.03 * k)
    c.rect(drip - 0.08 * k, base - 1.95 * k, drip + 0.08 * k, base - 1.62 * k, p.tone(rgb("#d3e6ea")), 0.05 * k)
    c.line(
        [(drip, base - 1.62 * k), (drip + 0.12 * k, base - 1.1 * k), (cx - 0.7 * k, base - 0.8 * k)],
        p.tone(rgb("#d3e6ea")),
        0.012 * k,
    )
    mx = cx + 1.42 * k
    c.rect(mx - 0.02 * k, base - 1.2 * k, mx + 0.02 * k, base, frame)
    screen(room, mx - 0.26 * k, base - 1.58 * k, mx + 0.26 * k, base - 1.18 * k, rgb("#6fe0a8"), "heart")
    side = room.x(-s * 0.97)
    for j in range(9):
        a = side + s * 0.075 * m * j
        c.polygon(
            [
                (a, room.y(2.62)),
                (a + s * 0.078 * m, room.y(2.62)),
                (a + s * 0.082 * m, room.y(0.25)),
                (a, room.y(0.25)),
            ],
            p.tone(rgb("#a9cfc8"), 0, 1.0 - 0.12 * (j % 2)),
        )
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
            w, tall, hue = (
                0.08 + 0.08 * float(rng.random()),
                0.14 + 0.16 * float(rng.random()),
                ("#6fc0b0", "#d9a441", "#8f6fc0", "#e6ecec", "#c0566f")[int(rng.integers(5))],
            )
            c.rect(x, y - tall * m, x + w * m, y, p.tone(rgb(hue), 0, 1.05), 0.03 * m)
            c.rect(x + w * 0.3 * m, y - (tall + 0.05) * m, x + w * 0.7 * m, y - tall * m, p.tone(rgb("#4a545a")))
            x += (w + 0.05) * m
        c.rect(x0, y, x1, y + 0.05 * m, p.tone(rgb("#e6eaea")))
        c.fade((x0, y + 0.05 * m, x1, y + 0.16 * m), p.ink, 0.3, 0.0)
    for k in range(3):
        lx, ly = room.near(room.x(-0.6 + 0.6 * k), room.top, 1.3)
        c.polygon(
            [(lx - 0.5 * m, ly), (lx + 0.5 * m, ly), (lx + 0.44 * m, ly + 0.06 * m), (lx - 0.44 * m, ly + 0.06 * m)],
            (240, 250, 252),
        )
        c.glow(lx, ly, 1.6 * m, (214, 238, 246), 0.35)
    top = counter(room, -0.92, 0.92, 1.25, 0.95, rgb("#e0e6e8"), rgb("#5f6f78"), panels=8)
    k = room.metre * 1.25
    for at, hue, kind in (
        (-0.66, "#4fd0a8", 0),
        (-0.48, "#e08a3c", 1),
        (-0.30, "#7fa8f0", 0),
        (0.30, "#c05fb0", 1),
        (0.46, "#e8d24f", 0),
    ):
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
        c.shape(
            [
                (x - 0.035 * m, top - 0.26 * m),
                (x + 0.035 * m, top - 0.26 * m),
                (x + 0.15 * m, top),
                (x - 0.15 * m, top),
            ],
            glass,
        )
        c.shape(
            [
                (x - 0.075 * m, top - 0.15 * m),
                (x + 0.075 * m, top - 0.15 * m),
                (x + 0.13 * m, top - 0.01 * m),
                (x - 0.13 * m, top - 0.01 * m),
            ],
            liquid,
        )
