"""Things: held in a hand, or filling an insert shot."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from clash.local.figures import household, keepsakes, words
from clash.local.figures.canvas import Canvas, Point

THINGS: Mapping[str, str] = {
    "lantern|lamp|torch|oil lamp|candle|灯笼|油灯|提灯|手电|火把|蜡烛|灯": "lantern",
    "letter|envelope|note|telegram|postcard|paper|document|ticket|信封|信件|信|纸条|纸|票|文件": "letter",
    "photograph|photo|picture|portrait|照片|相片|画像": "photograph",
    "book|diary|journal|notebook|logbook|ledger|书|日记|笔记|本子|账本": "book",
    "map|chart|scroll|blueprint|地图|卷轴|图纸": "map",
    "key|keys|钥匙": "key",
    "phone|telephone|smartphone|mobile|tablet|手机|电话|平板": "phone",
    "watch|clock|pocket watch|compass|stopwatch|怀表|手表|时钟|钟|表|指南针|罗盘": "watch",
    "bowl|noodles|noodle|soup|chopsticks|broth|rice|面条|一碗|碗|筷子|汤|米饭|荷包蛋": "bowl",
    "cup|mug|tea|coffee|teacup|茶杯|杯子|咖啡|茶|杯": "cup",
    "box of matches|matches|match|matchbox|火柴盒|火柴": "matches",
    "violin|fiddle|strings|guitar|小提琴|琴弦|琴|吉他": "violin",
    "bottle|flask|vial|potion|酒瓶|瓶子|瓶|药水": "bottle",
    "sword|dagger|knife|blade|刀|剑|匕首": "blade",
    "flower|flowers|bouquet|rose|blossom|花束|鲜花|玫瑰|花": "flower",
    "box|parcel|package|chest|crate|suitcase|case|琴盒|盒子|箱子|包裹|箱|盒": "box",
    "ring|necklace|pendant|locket|medal|coin|jewel|gem|戒指|项链|硬币|勋章|宝石|玉": "coin",
    "umbrella|parasol|伞": "umbrella",
}


FLAT = frozenset(
    {"letter", "photograph", "map", "key", "phone", "coin", "blade", "book", "matches", "violin", "flower", "umbrella"}
)
"""What lies on a table rather than stands on it."""
_FEET: Mapping[str, float] = {
    "watch": 0.39,
    "cup": 0.32,
    "bottle": 0.46,
    "flower": 0.52,
    "box": 0.34,
    "umbrella": 0.56,
    "bowl": 0.40,
}


_HEIGHTS: Mapping[str, float] = {"blade": 0.72, "violin": 0.72, "lantern": 0.75, "umbrella": 0.60, "bottle": 0.56}


def height_of(thing: str) -> float:
    """How far above its middle a thing reaches, in units of `draw_thing`."""
    return _HEIGHTS.get(thing, 0.5)


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
    "violin": (1.3, 0.0, 0.05),
    "bowl": (0.6, 0.0, -0.06),
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


_DRAWINGS: Mapping[str, Callable[[Canvas], None]] = {
    "letter": keepsakes.letter,
    "photograph": keepsakes.photograph,
    "book": keepsakes.book,
    "map": keepsakes.map,
    "key": keepsakes.key,
    "phone": keepsakes.phone,
    "watch": keepsakes.watch,
    "coin": keepsakes.coin,
    "lantern": household.lantern,
    "cup": household.cup,
    "bottle": household.bottle,
    "blade": household.blade,
    "flower": household.flower,
    "box": household.box,
    "umbrella": household.umbrella,
    "matches": household.matches,
    "bowl": household.bowl,
    "violin": household.violin,
}
