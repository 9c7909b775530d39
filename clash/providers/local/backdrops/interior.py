"""The shell of a room seen square on: walls, floor, ceiling, windows, doors, lamps, and the light they shed."""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image, ImageDraw

from clash.providers.local.backdrops.canvas import Point
from clash.providers.local.backdrops.palette import LAMP, RGB, darker, lighter, mix, rgb
from clash.providers.local.backdrops.scene import Scene, jitter
from clash.providers.local.backdrops.sky import sky_picture
from clash.providers.local.backdrops.weather import streaks

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


def room_of(scene: Scene, wall: RGB, floor: RGB, *, ceiling: RGB | None = None, boards: bool = True, tiles: bool = False) -> Room:
    """Paints the bare box and answers its measures."""
    c, p, u = scene.canvas, scene.palette, scene.canvas.u
    metre = 0.212 * u
    half = 0.37 * c.w if c.w > 0.9 * c.h else 0.43 * c.w
    room = Room(scene, c.w / 2 - half, scene.horizon - (_HEIGHT - _EYE) * metre, c.w / 2 + half, scene.horizon + _EYE * metre, metre)
    far = _NEAREST
    corners = {name: (room.near(x, y, far)) for name, x, y in (
        ("lt", room.left, room.top), ("rt", room.right, room.top), ("lb", room.left, room.floor), ("rb", room.right, room.floor))}  # fmt: skip
    upper = ceiling or lighter(wall, 0.45)
    c.shape([corners["lt"], corners["rt"], (room.right, room.top), (room.left, room.top)], (p.tone(upper, 0, 0.70), p.tone(upper, 0, 0.86)))
    c.shape([corners["lb"], corners["rb"], (room.right, room.floor), (room.left, room.floor)], (p.tone(floor, 0, 0.92), p.tone(floor, 0, 0.40)))
    _floor_lines(room, floor, boards=boards, tiles=tiles)
    for name, x, light in (("l", room.left, 0.62 if scene.light_side < 0 else 0.80), ("r", room.right, 0.80 if scene.light_side < 0 else 0.62)):
        side = [corners[name + "t"], (x, room.top), (x, room.floor), corners[name + "b"]]
        c.shape(side, (p.tone(wall, 0, light * 0.92), p.tone(wall, 0, light * 0.72)))
    c.shape([(room.left, room.top), (room.right, room.top), (room.right, room.floor), (room.left, room.floor)], (p.tone(wall, 0, 1.0), p.tone(wall, 0, 0.84)))
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
        c.polygon([(x, room.floor - high), (x, room.floor), room.near(x, room.floor, _NEAREST), room.near(x, room.floor - high, _NEAREST)], darker(board, 0.18))


def _corners(room: Room) -> None:
    """Where walls meet, less light comes: soft shadows along the edges."""
    c, ink = room.scene.canvas, room.scene.palette.ink
    w, h = 0.5 * room.metre, 0.35 * room.metre
    c.fade((room.left, room.top, room.left + w, room.floor), ink, 0.26, 0.0, "x")
    c.fade((room.right - w, room.top, room.right, room.floor), ink, 0.0, 0.26, "x")
    c.fade((room.left, room.top, room.right, room.top + h), ink, 0.24, 0.0)
    c.fade((0, room.floor, c.w, room.floor + h * 0.8), ink, 0.34, 0.0)


def view_outside(scene: Scene, width: int, height: int, label: str) -> Image.Image:
    """What is seen through a window: sky, something far away, and the weather between."""
    p, rng = scene.outside, scene.rng(f"view {label}")
    unit = max(width, height)
    picture = sky_picture(p, rng, width, height, None)
    draw = ImageDraw.Draw(picture)
    base = height * 0.74
    vista = _vista(scene)
    if vista == "sea":
        draw.rectangle((0, base, width, height), fill=mix(p.tone((52, 110, 140), 0.35), p.sky[-1], 0.25))
        for x, y, size in rng.uniform(0, 1, (26, 3)).tolist():
            at = base + (height - base) * y
            draw.line((x * width, at, (x + 0.03 + 0.08 * size) * width, at), fill=mix(p.sky[-1], p.sun, 0.5), width=max(1, unit // 260))
    elif vista == "country":
        for layer, depth in enumerate((0.6, 0.3)):
            phase = jitter(rng, 0, 6)
            line = [(width * k / 12, base + unit * (0.05 * layer - 0.07 * abs(((k * 0.37 + phase) % 2) - 1))) for k in range(13)]
            draw.polygon([(0, height), *line, (width, height)], fill=p.ground((92, 130, 86), depth))
    else:
        _roofs(draw, scene, width, height, rng.uniform(0, 1, (16, 4)).tolist())
    _behind_glass(picture, scene, label)
    return picture


def _vista(scene: Scene) -> str:
    if scene.named("sea", "lighthouse", "harbour", "harbor", "beach", "coast", "island", "海", "灯塔", "港", "岛"):
        return "sea"
    if scene.named("village", "farm", "forest", "mountain", "country", "cottage", "村", "林", "山", "乡", "农"):
        return "country"
    if scene.named("city", "town", "street", "城", "街", "市"):
        return "town"
    return scene.vista


def _roofs(draw: ImageDraw.ImageDraw, scene: Scene, width: int, height: int, draws: list[list[float]]) -> None:
    p = scene.outside
    for k, (shift, tall, lit, tone) in enumerate(draws):
        x, w = width * (k / 16 + 0.03 * shift - 0.02), width * 0.085
        y = height * (0.80 - 0.36 * tall)
        draw.rectangle((x, y, x + w, height), fill=p.tone(mix(rgb("#6f7f90"), rgb("#a07a68"), tone), 0.50 - 0.02 * (k % 3)))
        for row in range(6):
            for column in range(2):
                on = (lit * 7 + row * 0.37 + column * 0.61) % 1 < p.lamps * 0.5
                wx, wy = x + w * (0.2 + 0.4 * column), y + height * (0.03 + 0.06 * row)
                if on:
                    draw.rectangle((wx, wy, wx + w * 0.2, wy + height * 0.03), fill=mix(LAMP, p.haze, 0.25))


def _behind_glass(picture: Image.Image, scene: Scene, label: str) -> None:
    p, rng = scene.outside, scene.rng(f"glass {label}")
    w, h = picture.size
    if p.weather in ("rain", "storm"):
        mask = streaks(w, h, rng, 90, 0.16)
        picture.paste(lighter(p.haze, 0.35), (0, 0), mask.point([round(v * 0.6) for v in range(256)]))
    elif p.weather == "snow":
        draw = ImageDraw.Draw(picture)
        for x, y, size in rng.uniform(0, 1, (110, 3)).tolist():
            r = max(1.0, max(w, h) * (0.003 + 0.007 * size))
            draw.ellipse((x * w - r, y * h - r, x * w + r, y * h + r), fill=mix((255, 255, 255), p.ambient, 0.2))
    elif p.weather == "fog":
        picture.paste(p.haze, (0, 0), Image.new("L", (w, h), 120))
    if p.weather == "storm":
        x = w * 0.3
        bolt = [(x, 0.0), (x + w * 0.05, h * 0.2), (x - w * 0.03, h * 0.32), (x + w * 0.06, h * 0.6)]
        ImageDraw.Draw(picture).line(bolt, fill=(238, 244, 250), width=max(1, w // 90), joint="curve")


def wall_window(
    room: Room, at: float, bottom: float, width: float, height: float, label: str, *,
    frame: RGB = (232, 226, 214), arched: bool = False, panes: tuple[int, int] = (2, 2), curtains: RGB | None = None,
) -> None:  # fmt: skip
    """A window on the back wall: `at` -1..1, measures in metres. Sheds light into the room while it is light outside."""
    scene, c, p = room.scene, room.scene.canvas, room.scene.palette
    w, h = max(4, round(width * room.metre)), max(4, round(height * room.metre))
    x0, y0 = round(room.x(at) - w / 2), round(room.y(bottom + height))
    bar, wood = 0.055 * room.metre, p.tone(frame, 0, 0.92)
    mask = Image.new("L", (w * 2, h * 2), 0)
    _outline(ImageDraw.Draw(mask), (0, 0, w * 2 - 1, h * 2 - 1), arched)
    outer = Image.new("L", (round(w + 4 * bar) * 2, round(h + 3 * bar) * 2), 0)
    _outline(ImageDraw.Draw(outer), (0, 0, outer.width - 1, outer.height - 1), arched)
    outer = outer.reduce(2)
    c.image.paste(wood, (round(x0 - 2 * bar), round(y0 - 2 * bar)), outer)
    c.paste(view_outside(scene, w, h, label), x0, y0, mask.reduce(2))
    columns, rows = panes
    for k in range(1, columns):
        c.rect(x0 + w * k / columns - bar * 0.4, y0, x0 + w * k / columns + bar * 0.4, y0 + h, wood)
    for k in range(1, rows):
        c.rect(x0, y0 + h * k / rows - bar * 0.4, x0 + w, y0 + h * k / rows + bar * 0.4, wood)
    c.rect(x0 - 3.4 * bar, y0 + h, x0 + w + 3.4 * bar, y0 + h + bar * 1.7, lighter(wood, 0.08))
    c.fade((x0 - 3 * bar, y0 + h + bar * 1.7, x0 + w + 3 * bar, y0 + h + bar * 5), p.ink, 0.35, 0.0)
    if curtains is not None:
        for side in (-1, 1):
            _curtain(room, x0 + w / 2 + side * (w / 2 + bar * 3), y0 - bar * 4, h + bar * 9, side, curtains)
        c.rect(x0 - w * 0.32, y0 - bar * 5, x0 + w * 1.32, y0 - bar * 4, p.tone(rgb("#5a4030")))
    _daylight(room, x0, y0, w, h)


def _outline(draw: ImageDraw.ImageDraw, box: tuple[int, int, int, int], arched: bool) -> None:
    x0, y0, x1, y1 = box
    if arched:
        r = (x1 - x0) / 2
        draw.pieslice((x0, y0, x1, y0 + 2 * r), 180, 360, fill=255)
        draw.rectangle((x0, y0 + r, x1, y1), fill=255)
    else:
        draw.rectangle(box, fill=255)


def _curtain(room: Room, x: float, top: float, height: float, side: int, cloth: RGB) -> None:
    c, p = room.scene.canvas, room.scene.palette
    wide = 0.40 * room.metre
    for k in range(5):
        a = x + side * wide * (k / 5 - 0.45)
        light = 0.95 - 0.13 * (k % 2) - 0.03 * k
        c.polygon([(a, top), (a + side * wide / 4.6, top), (a + side * wide / 4.4, top + height), (a - side * wide * 0.01, top + height)], p.tone(cloth, 0, light))


def _daylight(room: Room, x0: float, y0: float, w: float, h: float) -> None:
    """The glow round a window and the patch of light that it throws on the floor."""
    scene, c, p = room.scene, room.scene.canvas, room.scene.outside
    bright = {"dawn": 0.55, "day": 0.62, "dusk": 0.60, "night": 0.20}[p.time] * (0.45 + 0.55 * min(1.0, p.sunlight))
    light = mix(p.sky[-1], p.sun, 0.45)
    c.glow(x0 + w / 2, y0 + h / 2, max(w, h) * 1.5, light, 0.42 * bright, power=1.5)
    if p.sunlight < 0.2:
        return
    lean = -scene.light_side * 0.55 * w
    a, b = room.near(x0 + lean * 0.4, room.floor, 1.10), room.near(x0 + w + lean * 0.4, room.floor, 1.10)
    d, e = room.near(x0 + w + lean, room.floor, 1.62), room.near(x0 + lean, room.floor, 1.62)
    c.soft([[a, b, d, e]], mix(p.sun, p.key, 0.4), 0.50 * bright, 0.020 * c.u)
    beam = [(x0, y0), (x0 + w, y0), d, e]
    c.soft([beam], mix(p.sun, p.key, 0.4), 0.16 * bright, 0.035 * c.u)


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
        cone = [(px - half * 0.9, y + tall), (px + half * 0.9, y + tall), (px + half * 3.4, y + tall + 1.7 * m), (px - half * 3.4, y + tall + 1.7 * m)]
        c.soft([cone], LAMP, 0.13 * p.lamps, 0.03 * c.u)
    c.shape([(px - half * 0.25, y), (px + half * 0.25, y), (px + half, y + tall), (px - half, y + tall)], (p.tone(shade, 0, 0.8), mix(p.tone(shade), LAMP, 0.35 * p.lamps)))
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
            c.rect(px, top + (room.floor - top) * a, px + (x1 - x0) * 0.33, top + (room.floor - top) * b, darker(leaf, 0.12 + 0.03 * row))
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
    c.polygon([(x - w + b, y + h * 0.3), (x - w * 0.2, y - h * 0.25), (x + w * 0.3, y + h * 0.15), (x + w - b, y - h * 0.05), (x + w - b, y + h - b), (x - w + b, y + h - b)], p.tone(darker(hue, 0.2)))
