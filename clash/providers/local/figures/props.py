"""Things: held in a hand, or filling an insert shot."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from clash.providers.local.figures import words
from clash.providers.local.figures.canvas import (
    Canvas,
    Colour,
    Point,
    Points,
    darker,
    ellipse,
    lighter,
    ring,
    smooth,
    tube,
)

THINGS: Mapping[str, str] = {
    "lantern|lamp|torch|oil lamp|candle|灯笼|油灯|提灯|手电|火把|蜡烛|灯": "lantern",
    "letter|envelope|note|telegram|postcard|paper|document|ticket|信封|信件|信|纸条|纸|票|文件": "letter",
    "photograph|photo|picture|portrait|照片|相片|画像": "photograph",
    "book|diary|journal|notebook|logbook|ledger|书|日记|笔记|本子|账本": "book",
    "map|chart|scroll|blueprint|地图|卷轴|图纸": "map",
    "key|keys|钥匙": "key",
    "phone|telephone|smartphone|mobile|tablet|手机|电话|平板": "phone",
    "watch|clock|pocket watch|compass|stopwatch|怀表|手表|时钟|钟|表|指南针|罗盘": "watch",
    "cup|mug|tea|coffee|bowl|teacup|茶杯|杯子|咖啡|茶|碗|杯": "cup",
    "bottle|flask|vial|potion|酒瓶|瓶子|瓶|药水": "bottle",
    "sword|dagger|knife|blade|刀|剑|匕首": "blade",
    "flower|flowers|bouquet|rose|blossom|花束|鲜花|玫瑰|花": "flower",
    "box|parcel|package|chest|crate|suitcase|case|盒子|箱子|包裹|箱|盒": "box",
    "ring|necklace|pendant|locket|medal|coin|jewel|gem|戒指|项链|硬币|勋章|宝石|玉": "coin",
    "umbrella|parasol|伞": "umbrella",
}
BRASS: Colour = (204, 158, 78)
PAPER: Colour = (240, 230, 208)


FLAT = frozenset({"letter", "photograph", "map", "key", "phone", "coin", "blade", "book"})
"""What lies on a table rather than stands on it."""
_FEET: Mapping[str, float] = {"watch": 0.39, "cup": 0.32, "bottle": 0.46, "flower": 0.52, "box": 0.34, "umbrella": 0.56}


def foot_of(thing: str) -> float:
    """How far below its middle a thing stands, in units of `draw_thing`."""
    return _FEET.get(thing, 0.48)


def thing_in(text: str) -> str:
    """The first known thing that the text speaks of, or "".

    >>> thing_in("She lifts the old lantern.")
    'lantern'
    """
    return words.said(THINGS, [text]) or ""


_HELD: Mapping[str, tuple[float, float, float]] = {
    "lantern": (0.62, 0.0, 0.42),
    "umbrella": (2.9, -0.12, -1.42),
    "blade": (0.85, 0.0, -0.42),
    "flower": (0.6, 0.0, -0.2),
    "box": (0.7, 0.0, -0.06),
    "book": (0.6, 0.0, -0.06),
}


def draw_held(canvas: Canvas, thing: str, at: Point, size: float) -> None:
    """A thing held in a hand at `at`."""
    scale, dx, dy = _HELD.get(thing, (0.5, 0.0, -0.05))
    canvas.at(at[0] + dx * size, at[1] + dy * size, scale=scale * size)
    draw_thing(canvas, thing)
    canvas.at(0.0, 0.0)


def draw_thing(canvas: Canvas, thing: str) -> None:
    """A thing about the zero of figure space, about one unit tall."""
    _DRAWINGS[thing](canvas)


def _lantern(canvas: Canvas) -> None:
    metal: Colour = (66, 58, 58)
    canvas.fill(tube([(-0.2, -0.30), (-0.17, -0.62), (0.0, -0.72), (0.17, -0.62), (0.2, -0.30)], (0.022,) * 5), metal)
    glass = smooth([(-0.17, -0.26), (0.17, -0.26), (0.235, 0.05), (0.18, 0.34), (-0.18, 0.34), (-0.235, 0.05)])
    canvas.glow(0.0, 0.08, 2.2)
    canvas.fill(glass, (250, 206, 112))
    canvas.within(glass, ellipse(0.0, 0.10, 0.15, 0.22), (255, 232, 168))
    flame = smooth([(0.0, -0.12), (0.0, -0.12), (0.075, 0.10), (0.045, 0.22), (-0.045, 0.22), (-0.075, 0.10)])
    canvas.fill(flame, (255, 252, 236))
    canvas.form([(-0.10, -0.42), (0.10, -0.42), (0.24, -0.26), (-0.24, -0.26)], metal, depth=0.08)
    canvas.form([(-0.26, 0.32), (0.26, 0.32), (0.22, 0.48), (-0.22, 0.48)], metal, depth=0.1)
    for x in (-0.215, 0.0, 0.215):
        canvas.fill(tube([(x * 0.85, -0.26), (x * 1.06, 0.05), (x * 0.9, 0.33)], (0.012, 0.012, 0.012)), metal)


def _letter(canvas: Canvas) -> None:
    sheet = [(-0.36, -0.26), (0.36, -0.26), (0.36, 0.26), (-0.36, 0.26)]
    canvas.form(sheet, PAPER, depth=0.03, shade=0.16)
    canvas.fill([(-0.36, -0.26), (0.36, -0.26), (0.0, 0.07)], darker(PAPER, 0.10))
    canvas.fill(tube([(-0.36, -0.26), (0.0, 0.07)], (0.006, 0.006)), darker(PAPER, 0.3))
    canvas.fill(tube([(0.36, -0.26), (0.0, 0.07)], (0.006, 0.006)), darker(PAPER, 0.3))
    canvas.form(ellipse(0.0, 0.06, 0.068, 0.066), (164, 46, 48), depth=0.03)


def _photograph(canvas: Canvas) -> None:
    canvas.form([(-0.28, -0.36), (0.28, -0.36), (0.28, 0.36), (-0.28, 0.36)], (244, 238, 226), depth=0.03, shade=0.14)
    window = [(-0.23, -0.31), (0.23, -0.31), (0.23, 0.20), (-0.23, 0.20)]
    canvas.fill(window, (176, 158, 132))
    canvas.within(
        window, smooth([(-0.3, 0.1), (-0.1, -0.04), (0.1, 0.05), (0.3, -0.08), (0.3, 0.4), (-0.3, 0.4)]), (118, 98, 82)
    )
    for x in (-0.07, 0.08):
        canvas.within(window, ellipse(x, -0.02, 0.05, 0.065), (86, 68, 60))
        canvas.within(window, ellipse(x, 0.20, 0.10, 0.16), (86, 68, 60))


def _book(canvas: Canvas) -> None:
    canvas.form(
        smooth(
            [
                (-0.46, -0.26),
                (-0.46, -0.26),
                (0.0, -0.20),
                (0.46, -0.26),
                (0.46, -0.26),
                (0.46, 0.30),
                (0.46, 0.30),
                (0.0, 0.36),
                (-0.46, 0.30),
                (-0.46, 0.30),
            ]
        ),
        (122, 52, 48),
        depth=0.05,
    )
    for side in (-1, 1):
        page = smooth(
            [
                (0.0, -0.22),
                (0.0, -0.22),
                (side * 0.2, -0.29),
                (side * 0.42, -0.27),
                (side * 0.42, -0.27),
                (side * 0.42, 0.25),
                (side * 0.42, 0.25),
                (side * 0.2, 0.23),
                (0.0, 0.31),
                (0.0, 0.31),
            ]
        )
        canvas.form(page, PAPER, depth=0.05, shade=0.14)
        if canvas.fine(60):
            for row in range(6):
                y = -0.17 + row * 0.066
                canvas.fill(
                    tube([(side * 0.07, y + 0.03), (side * (0.37 - 0.05 * (row % 3)), y - 0.015)], (0.006, 0.006)),
                    darker(PAPER, 0.36),
                )


def _map(canvas: Canvas) -> None:
    sheet = [
        (-0.48, -0.30),
        (-0.16, -0.36),
        (0.16, -0.30),
        (0.48, -0.36),
        (0.48, 0.30),
        (0.16, 0.36),
        (-0.16, 0.30),
        (-0.48, 0.36),
    ]
    canvas.fill(sheet, (228, 206, 160))
    for x0, x1, y0, y1 in ((-0.16, 0.16, -0.36, -0.30),):
        canvas.fill([(x0, y0), (x1, y1), (x1, 0.36), (x0, 0.30)], (208, 184, 138))
    land = smooth(
        [
            (-0.40, -0.1),
            (-0.2, -0.24),
            (0.05, -0.12),
            (0.2, -0.22),
            (0.36, 0.02),
            (0.16, 0.22),
            (-0.12, 0.12),
            (-0.34, 0.2),
        ]
    )
    canvas.within(sheet, land, (150, 150, 96), 0.8)
    for k in range(6):
        x = -0.30 + k * 0.10
        canvas.fill(ellipse(x, 0.08 * math.sin(k * 1.1), 0.018, 0.018), (150, 50, 44))
    for tilt in (0.8, -0.8):
        dx, dy = 0.06 * math.cos(tilt), 0.06 * math.sin(tilt)
        canvas.fill(tube([(0.30 - dx, -0.06 - dy), (0.30 + dx, -0.06 + dy)], (0.016, 0.016)), (150, 50, 44))


def _key(canvas: Canvas) -> None:
    bow = ellipse(0.0, -0.28, 0.17, 0.17)
    canvas.form(tube([(0.0, -0.14), (0.0, 0.46)], (0.042, 0.042)), BRASS, depth=0.03, shade=0.36)
    for y, long in ((0.42, 0.18), (0.29, 0.14)):
        canvas.form([(0.0, y - 0.045), (long, y - 0.045), (long, y + 0.045), (0.0, y + 0.045)], BRASS, depth=0.03)
    canvas.fill(ring(bow, 0.05), darker(BRASS, 0.22))
    canvas.fill(ring(bow, 0.032), BRASS)
    canvas.fill(tube([(-0.10, -0.40), (0.02, -0.44)], (0.008, 0.014)), lighter(BRASS, 0.6))


def _phone(canvas: Canvas) -> None:
    body = smooth(
        [
            (-0.20, -0.42),
            (-0.15, -0.45),
            (0.15, -0.45),
            (0.20, -0.42),
            (0.20, 0.42),
            (0.15, 0.45),
            (-0.15, 0.45),
            (-0.20, 0.42),
        ]
    )
    canvas.form(body, (40, 40, 48), depth=0.03)
    screen = [(-0.175, -0.38), (0.175, -0.38), (0.175, 0.38), (-0.175, 0.38)]
    canvas.fill(screen, (120, 186, 214))
    canvas.within(screen, [(-0.3, 0.0), (0.3, -0.34), (0.3, -0.7), (-0.3, -0.7)], (186, 224, 236), 0.7)
    for row, wide in enumerate((0.22, 0.16, 0.2)):
        canvas.fill(
            tube([(-0.12, 0.06 + row * 0.09), (-0.12 + wide, 0.06 + row * 0.09)], (0.02, 0.02)), (246, 250, 252), 0.85
        )


def _watch(canvas: Canvas) -> None:
    canvas.form(tube([(0.0, -0.34), (0.0, -0.46)], (0.055, 0.05)), BRASS, depth=0.03)
    canvas.form(ellipse(0.0, 0.02, 0.37, 0.37), BRASS, depth=0.08, shade=0.36)
    canvas.form(ellipse(0.0, 0.02, 0.305, 0.305), (246, 240, 226), depth=0.03, shade=0.14)
    for hour in range(12):
        angle = hour * math.pi / 6
        near, far = 0.235 if hour % 3 else 0.215, 0.275
        mark = [
            (near * math.sin(angle), 0.02 - near * math.cos(angle)),
            (far * math.sin(angle), 0.02 - far * math.cos(angle)),
        ]
        canvas.fill(tube(mark, (0.010, 0.010)), (58, 48, 46))
    canvas.fill(tube([(0.0, 0.02), (-0.10, -0.10)], (0.018, 0.012)), (44, 36, 40))
    canvas.fill(tube([(0.0, 0.02), (0.13, -0.16)], (0.014, 0.008)), (44, 36, 40))
    canvas.fill(ellipse(0.0, 0.02, 0.024, 0.024), (150, 50, 46))


def _cup(canvas: Canvas) -> None:
    glaze: Colour = (218, 222, 214)
    handle = ellipse(0.29, 0.02, 0.13, 0.15)
    canvas.fill(ring(handle, 0.036), darker(glaze, 0.16))
    canvas.form(
        smooth(
            [
                (-0.29, -0.22),
                (-0.29, -0.22),
                (0.29, -0.22),
                (0.29, -0.22),
                (0.26, 0.18),
                (0.16, 0.32),
                (-0.16, 0.32),
                (-0.26, 0.18),
            ]
        ),
        glaze,
        depth=0.12,
        shade=0.26,
    )
    canvas.fill(ellipse(0.0, -0.22, 0.29, 0.075), darker(glaze, 0.12))
    canvas.fill(ellipse(0.0, -0.205, 0.25, 0.055), (126, 78, 46))
    for x in (-0.09, 0.08):
        steam = [(x, -0.30), (x + 0.05, -0.42), (x - 0.03, -0.54), (x + 0.03, -0.66)]
        canvas.fill(tube(steam, (0.006, 0.018, 0.018, 0.004)), (250, 248, 244), 0.4)


def _bottle(canvas: Canvas) -> None:
    glass: Colour = (52, 104, 86)
    body = smooth(
        [
            (-0.06, -0.46),
            (-0.06, -0.46),
            (0.06, -0.46),
            (0.06, -0.46),
            (0.065, -0.22),
            (0.18, -0.06),
            (0.185, 0.42),
            (0.15, 0.46),
            (-0.15, 0.46),
            (-0.185, 0.42),
            (-0.18, -0.06),
            (-0.065, -0.22),
        ]
    )
    canvas.form(body, glass, depth=0.10)
    canvas.form([(-0.05, -0.54), (0.05, -0.54), (0.055, -0.45), (-0.055, -0.45)], (168, 122, 78), depth=0.03)
    canvas.within(body, [(-0.3, 0.08), (0.3, 0.08), (0.3, 0.32), (-0.3, 0.32)], (226, 210, 172))
    canvas.fill(tube([(-0.11, -0.02), (-0.125, 0.36)], (0.012, 0.014)), (220, 240, 228), 0.55)


def _blade(canvas: Canvas) -> None:
    steel: Colour = (206, 212, 220)
    edge = [(-0.06, 0.22), (-0.06, -0.52), (0.0, -0.70), (0.06, -0.52), (0.06, 0.22)]
    canvas.fill(edge, steel)
    canvas.within(edge, [(0.0, -1.0), (0.2, -1.0), (0.2, 0.4), (0.0, 0.4)], darker(steel, 0.3))
    canvas.form(tube([(-0.19, 0.23), (0.19, 0.23)], (0.042, 0.042)), BRASS, depth=0.03)
    canvas.form(tube([(0.0, 0.28), (0.0, 0.52)], (0.045, 0.05)), (92, 56, 42), depth=0.03)
    canvas.form(ellipse(0.0, 0.57, 0.06, 0.055), BRASS, depth=0.03)


def _flower(canvas: Canvas) -> None:
    green: Colour = (74, 118, 78)
    canvas.fill(tube([(0.0, -0.1), (0.02, 0.2), (-0.02, 0.52)], (0.022, 0.022, 0.018)), green)
    canvas.form(smooth([(0.0, 0.26), (0.16, 0.10), (0.26, 0.12), (0.16, 0.24)]), green, depth=0.03)
    for row, (radius, size) in enumerate(((0.19, 0.135), (0.10, 0.12))):
        for k in range(6):
            angle = k * math.pi / 3 + row * 0.5
            tone: Colour = (206, 82, 84) if row == 0 else (226, 112, 106)
            canvas.form(
                ellipse(radius * math.cos(angle), -0.24 + radius * math.sin(angle), size, size),
                tone,
                depth=0.03,
                shade=0.2,
            )
    canvas.fill(ellipse(0.0, -0.24, 0.075, 0.075), (240, 190, 92))


def _box(canvas: Canvas) -> None:
    wood: Colour = (148, 98, 62)
    canvas.form([(-0.40, -0.10), (0.40, -0.10), (0.40, 0.34), (-0.40, 0.34)], wood, depth=0.14)
    canvas.form(
        smooth(
            [
                (-0.42, -0.10),
                (-0.42, -0.10),
                (-0.40, -0.26),
                (-0.28, -0.34),
                (0.28, -0.34),
                (0.40, -0.26),
                (0.42, -0.10),
                (0.42, -0.10),
            ]
        ),
        lighter(wood, 0.08),
        depth=0.14,
    )
    for x in (-0.26, 0.26):
        canvas.fill([(x - 0.04, -0.33), (x + 0.04, -0.33), (x + 0.04, 0.34), (x - 0.04, 0.34)], darker(wood, 0.4))
    canvas.form([(-0.065, -0.16), (0.065, -0.16), (0.065, 0.03), (-0.065, 0.03)], BRASS, depth=0.03)
    canvas.fill(ellipse(0.0, -0.06, 0.02, 0.026), (50, 36, 34))


def _coin(canvas: Canvas) -> None:
    gold: Colour = (220, 174, 82)
    loop = ellipse(0.0, -0.40, 0.055, 0.065)
    canvas.fill(
        tube([(-0.34, -0.9), (-0.16, -0.56), (0.0, -0.45), (0.16, -0.56), (0.34, -0.9)], (0.012,) * 5),
        darker(gold, 0.2),
    )
    canvas.fill(ring(loop, 0.018), gold)
    canvas.form(ellipse(0.0, 0.0, 0.34, 0.34), gold, depth=0.08, shade=0.34)
    rim = ellipse(0.0, 0.0, 0.27, 0.27)
    canvas.fill(ring(rim, 0.010), darker(gold, 0.3))
    star: Points = []
    for k in range(10):
        radius, angle = (0.19 if k % 2 == 0 else 0.085), -math.pi / 2 + k * math.pi / 5
        star.append((radius * math.cos(angle), radius * math.sin(angle)))
    canvas.fill(star, lighter(gold, 0.4))


def _umbrella(canvas: Canvas) -> None:
    silk: Colour = (170, 58, 56)
    canvas.fill(tube([(0.0, -0.3), (0.0, 0.56)], (0.014, 0.014)), (72, 52, 44))
    canopy = smooth(
        [
            (0.0, -0.56),
            (0.36, -0.44),
            (0.58, -0.12),
            (0.58, -0.12),
            (0.38, -0.17),
            (0.19, -0.10),
            (0.19, -0.10),
            (0.0, -0.16),
            (-0.19, -0.10),
            (-0.19, -0.10),
            (-0.38, -0.17),
            (-0.58, -0.12),
            (-0.58, -0.12),
            (-0.36, -0.44),
        ]
    )
    canvas.form(canopy, silk, depth=0.16)
    for side in (-1, 1):
        canvas.within(
            canopy,
            tube([(0.0, -0.58), (side * 0.14, -0.4), (side * 0.19, -0.08)], (0.006, 0.008, 0.006)),
            darker(silk, 0.3),
        )


_DRAWINGS: dict[str, Callable[[Canvas], None]] = {
    "lantern": _lantern,
    "letter": _letter,
    "photograph": _photograph,
    "book": _book,
    "map": _map,
    "key": _key,
    "phone": _phone,
    "watch": _watch,
    "cup": _cup,
    "bottle": _bottle,
    "blade": _blade,
    "flower": _flower,
    "box": _box,
    "coin": _coin,
    "umbrella": _umbrella,
}
