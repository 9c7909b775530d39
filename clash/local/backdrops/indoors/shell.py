"""The shell of a room seen square on: walls, floor, ceiling, door, lamps."""

from __future__ import annotations

from dataclasses import dataclass

from clash.local.backdrops.canvas import Point
from clash.local.backdrops.palette import LAMP, RGB, darker, lighter, mix, rgb
from clash.local.backdrops.scene import Scene

_EYE = 1.05  # metres above the floor
_HEIGHT = 3.0
_NEAREST = 5.0  # how much nearer than the back wall the room is still drawn


@dataclass(frozen=True)
class Room:
    """A box with its back wall square to the eye. `metre` is the length of a metre on the back wall, in pixels.

    On the back wall `x` runs from -1 (left corner) to +1 (right corner) and heights are metres above the floor.
    """

    scene: Scene
    left: float
    top: float
    right: float
    floor: float
    metre: float

    def x(self, share: float) -> float:
        """A place along the back wall in pixels."""
        return (self.left + self.right) / 2 + share * (self.right - self.left) / 2

    def y(self, height: float) -> float:
        """A height above the floor, at the back wall, in pixels."""
        return self.floor - height * self.metre

    def near(self, x: float, y: float, nearer: float) -> Point:
        """A point of the back wall (pixels) brought `nearer` (1 stays, 2 is half as far away)."""
        vx, vy = self.scene.canvas.w / 2, self.scene.horizon
        return vx + (x - vx) * nearer, vy + (y - vy) * nearer


def room_of(
    scene: Scene, wall: RGB, floor: RGB, *, ceiling: RGB | None = None, boards: bool = True, tiles: bool = False
) -> Room:
    """Paints the bare box and answers its measures."""
    c, p, u = scene.canvas, scene.palette, scene.canvas.u
    metre = 0.212 * u
    half = 0.37 * c.w if c.w > 0.9 * c.h else 0.43 * c.w
    room = Room(
        scene,
        c.w / 2 - half,
        scene.horizon - (_HEIGHT - _EYE) * metre,
        c.w / 2 + half,
        scene.horizon + _EYE * metre,
        metre,
    )
    walls = {"l": room.left, "r": room.right}
    corners = {
        side + end: room.near(x, y, _NEAREST)
        for side, x in walls.items()
        for end, y in (("t", room.top), ("b", room.floor))
    }
    c.rect(0, 0, c.w, c.h, p.tone(wall, 0, 0.75))  # else the dark canvas shows between smooth edges
    upper = ceiling or lighter(wall, 0.45)
    c.shape(
        [corners["lt"], corners["rt"], (room.right, room.top), (room.left, room.top)],
        (p.tone(upper, 0, 0.70), p.tone(upper, 0, 0.86)),
    )
    c.shape(
        [corners["lb"], corners["rb"], (room.right, room.floor), (room.left, room.floor)],
        (p.tone(floor, 0, 0.92), p.tone(floor, 0, 0.40)),
    )
    _floor_lines(room, floor, boards=boards, tiles=tiles)
    for name, x, light in (
        ("l", room.left, 0.62 if scene.light_side < 0 else 0.80),
        ("r", room.right, 0.80 if scene.light_side < 0 else 0.62),
    ):
        side = [corners[name + "t"], (x, room.top), (x, room.floor), corners[name + "b"]]
        c.shape(side, (p.tone(wall, 0, light * 0.92), p.tone(wall, 0, light * 0.72)))
    c.shape(
        [(room.left, room.top), (room.right, room.top), (room.right, room.floor), (room.left, room.floor)],
        (p.tone(wall, 0, 1.0), p.tone(wall, 0, 0.84)),
    )
    _skirting(room, wall)
    _corners(room)
    scene.ground = room.floor / c.h + 0.55 * (1 - room.floor / c.h)
    return room


def _floor_lines(room: Room, floor: RGB, *, boards: bool, tiles: bool) -> None:
    c, p = room.scene.canvas, room.scene.palette
    seam = p.tone(darker(floor, 0.35), 0, 0.8)
    if boards or tiles:
        for k in range(-22, 23):
            x = c.w / 2 + k * 0.42 * room.metre
            c.line([(x, room.floor), room.near(x, room.floor, _NEAREST)], seam, 0.0018 * c.u)
    if tiles:
        for k in range(1, 12):
            near = 1.0 / (1.0 - 0.062 * k)
            y = room.near(0, room.floor, near)[1]
            c.line([(0, y), (c.w, y)], seam, 0.0018 * c.u)


def _skirting(room: Room, wall: RGB) -> None:
    c, p = room.scene.canvas, room.scene.palette
    board = p.tone(lighter(wall, 0.30), 0, 0.9)
    high = 0.10 * room.metre
    c.rect(room.left, room.floor - high, room.right, room.floor, board)
    for x in (room.left, room.right):
        c.polygon(
            [
                (x, room.floor - high),
                (x, room.floor),
                room.near(x, room.floor, _NEAREST),
                room.near(x, room.floor - high, _NEAREST),
            ],
            darker(board, 0.18),
        )


def _corners(room: Room) -> None:
    """Where walls meet, less light comes: soft shadows along the edges."""
    c, ink = room.scene.canvas, room.scene.palette.ink
    w, h = 0.5 * room.metre, 0.35 * room.metre
    c.fade((room.left, room.top, room.left + w, room.floor), ink, 0.26, 0.0, "x")
    c.fade((room.right - w, room.top, room.right, room.floor), ink, 0.0, 0.26, "x")
    c.fade((room.left, room.top, room.right, room.top + h), ink, 0.24, 0.0)
    c.fade((0, room.floor, c.w, room.floor + h * 0.8), ink, 0.34, 0.0)


def pendant(room: Room, x: float, drop: float, size: float, shade: RGB, *, nearer: float = 1.0) -> None:
    """A lamp hung from the ceiling `drop` metres down, its shade `size` metres wide."""
    scene, c, p = room.scene, room.scene.canvas, room.scene.palette
    px, top = room.near(x, room.top, nearer)
    m = room.metre * nearer
    y = top + drop * m
    c.line([(px, min(top, 0.0) if nearer > 1.2 else top), (px, y)], p.tone(rgb("#2a2422")), 0.02 * m)
    half, tall = size * m / 2, size * m * 0.55
    lit = p.lamps > 0.2
    if lit:
        glow_lamp(scene, px, y + tall, 2.0 * m)
        cone = [
            (px - half * 0.9, y + tall),
            (px + half * 0.9, y + tall),
            (px + half * 3.4, y + tall + 1.7 * m),
            (px - half * 3.4, y + tall + 1.7 * m),
        ]
        c.soft([cone], LAMP, 0.13 * p.lamps, 0.03 * c.u)
    c.shape(
        [(px - half * 0.25, y), (px + half * 0.25, y), (px + half, y + tall), (px - half, y + tall)],
        (p.tone(shade, 0, 0.8), mix(p.tone(shade), LAMP, 0.35 * p.lamps)),
    )
    bulb = (255, 246, 214) if lit else p.tone(rgb("#e6e0d0"))
    c.ellipse(px, y + tall, half * 0.42, half * 0.24, bulb)


def glow_lamp(scene: Scene, x: float, y: float, radius: float, colour: RGB = LAMP) -> None:
    """The light of one lamp: a wide wash and a bright heart."""
    c, p = scene.canvas, scene.palette
    c.glow(x, y, radius * 1.7, colour, 0.34 * p.lamps, power=1.5)
    c.glow(x, y, radius * 0.5, mix(colour, (255, 250, 230), 0.5), 0.75 * p.lamps, power=2.4)
    if p.lamps > 0.55:
        scene.key = mix(scene.key, colour, 0.4)


def door(room: Room, at: float, paint: RGB, *, ajar: bool = False) -> None:
    """A panelled door on the back wall."""
    c, p, m = room.scene.canvas, room.scene.palette, room.metre
    x0, x1, top = room.x(at) - 0.44 * m, room.x(at) + 0.44 * m, room.y(2.1)
    c.rect(x0 - 0.08 * m, top - 0.08 * m, x1 + 0.08 * m, room.floor, p.tone(lighter(paint, 0.35)))
    leaf = p.tone(paint, 0, 0.95)
    c.rect(x0, top, x1, room.floor, leaf)
    for row, (a, b) in enumerate(((0.08, 0.42), (0.50, 0.92))):
        for side in (0, 1):
            px = x0 + (x1 - x0) * (0.12 + 0.42 * side)
            c.rect(
                px,
                top + (room.floor - top) * a,
                px + (x1 - x0) * 0.33,
                top + (room.floor - top) * b,
                darker(leaf, 0.12 + 0.03 * row),
            )
    c.ellipse(x1 - 0.09 * m, room.y(1.0), 0.035 * m, 0.035 * m, p.tone(rgb("#d9b25c"), 0, 1.1))
    if ajar:
        c.fade((x0, top, x0 + 0.2 * m, room.floor), LAMP, 0.5 * p.lamps, 0.0, "x")


def picture_frame(room: Room, at: float, height: float, width: float, tall: float, label: str) -> None:
    """A framed little landscape on the back wall; `height` metres of its middle."""
    c, p, m, rng = room.scene.canvas, room.scene.palette, room.metre, room.scene.rng(f"frame {label}")
    x, y, w, h = room.x(at), room.y(height), width * m / 2, tall * m / 2
    c.rect(x - w, y - h, x + w, y + h, p.tone(rgb("#4a3426")))
    b = 0.035 * m
    hue = (rgb("#7fa3b8"), rgb("#c9a06a"), rgb("#9aa878"), rgb("#b88a8a"))[int(rng.integers(4))]
    c.rect(x - w + b, y - h + b, x + w - b, y + h - b, p.tone(lighter(hue, 0.45)))
    c.polygon(
        [
            (x - w + b, y + h * 0.3),
            (x - w * 0.2, y - h * 0.25),
            (x + w * 0.3, y + h * 0.15),
            (x + w - b, y - h * 0.05),
            (x + w - b, y + h - b),
            (x - w + b, y + h - b),
        ],
        p.tone(darker(hue, 0.2)),
    )


def wainscot(room: Room, wood: RGB) -> None:
    """Panels on the lower wall."""
    c, p, m = room.scene.canvas, room.scene.palette, room.metre
    top = room.y(0.92)
    c.rect(room.left, top, room.right, room.floor, p.tone(wood, 0, 0.86))
    c.rect(room.left, top - 0.06 * m, room.right, top, p.tone(lighter(wood, 0.15)))
    for k in range(16):
        a, b = room.x(-1 + 2 * (k + 0.1) / 16), room.x(-1 + 2 * (k + 0.9) / 16)
        c.rect(a, top + 0.12 * m, b, room.floor - 0.16 * m, p.tone(darker(wood, 0.14), 0, 0.86))
    for x in (room.left, room.right):
        c.polygon(
            [(x, top), (x, room.floor), room.near(x, room.floor, 5.0), room.near(x, top, 5.0)],
            p.tone(darker(wood, 0.2), 0, 0.8),
        )
    c.fade((room.left, top, room.right, room.floor), p.ink, 0.0, 0.25)


def masonry(room: Room, brick: RGB) -> None:
    c, p, m, rng = room.scene.canvas, room.scene.palette, room.metre, room.scene.rng("masonry")
    rows, wide = 11, 0.52 * m
    high = (room.floor - room.top) / rows
    shades = rng.uniform(-0.10, 0.06, (rows, 60))
    mortar = p.tone(darker(brick, 0.30), 0, 0.9)
    for row in range(rows):
        y0 = room.top + row * high
        for column in range(min(60, round((room.right - room.left) / wide) + 2)):
            x0 = max(room.left, room.left + (column - 0.5 * (row % 2)) * wide)
            x1 = min(room.right, room.left + (column + 1 - 0.5 * (row % 2)) * wide)
            if x1 - x0 > 3:
                shade = float(shades[row, column])
                c.rect(x0, y0, x1, y0 + high, mortar)
                c.rect(
                    x0 + 0.02 * m,
                    y0 + 0.02 * m,
                    x1 - 0.02 * m,
                    y0 + high - 0.02 * m,
                    p.tone(brick, 0, 0.92 + shade),
                    0.04 * m,
                )
    for x in (room.left, room.right):
        for row in range(1, rows):
            y = room.top + row * high
            c.line([(x, y), room.near(x, y, 5.0)], p.tone(darker(brick, 0.45), 0, 0.8), 0.012 * m)
