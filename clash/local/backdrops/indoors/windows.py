"""Windows: what is seen through them, and the light that they let in."""

from __future__ import annotations

from PIL import Image, ImageDraw

from clash.local.backdrops.indoors.shell import Room
from clash.local.backdrops.palette import LAMP, RGB, lighter, mix, rgb
from clash.local.backdrops.scene import Scene, jitter
from clash.local.backdrops.sky import sky_picture
from clash.local.backdrops.weather import streaks


def wall_window(
    room: Room,
    at: float,
    bottom: float,
    width: float,
    height: float,
    label: str,
    *,
    frame: RGB = (232, 226, 214),
    arched: bool = False,
    panes: tuple[int, int] = (2, 2),
    curtains: RGB | None = None,
) -> None:
    """A window on the back wall: `at` -1..1, measures in metres. By day it sheds light into the room."""
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
        c.polygon(
            [
                (a, top),
                (a + side * wide / 4.6, top),
                (a + side * wide / 4.4, top + height),
                (a - side * wide * 0.01, top + height),
            ],
            p.tone(cloth, 0, light),
        )


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
            draw.line(
                (x * width, at, (x + 0.03 + 0.08 * size) * width, at),
                fill=mix(p.sky[-1], p.sun, 0.5),
                width=max(1, unit // 260),
            )
    elif vista == "country":
        for layer, depth in enumerate((0.6, 0.3)):
            phase = jitter(rng, 0, 6)
            line = [
                (width * k / 12, base + unit * (0.05 * layer - 0.07 * abs(((k * 0.37 + phase) % 2) - 1)))
                for k in range(13)
            ]
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
        draw.rectangle(
            (x, y, x + w, height), fill=p.tone(mix(rgb("#6f7f90"), rgb("#a07a68"), tone), 0.50 - 0.02 * (k % 3))
        )
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


def daylight_of(room: Room) -> RGB:
    """The light that falls in from out of doors."""
    out = room.scene.outside
    return mix(out.sky[-1], out.sun, 0.4)
