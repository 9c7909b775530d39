"""The prompts of pictures and clips, and the style of the film."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from clash.story.camera_terms import ANGLE_NAMES, MOVEMENT_NAMES, SIZE_NAMES
from clash.story.on_screen import is_black
from clash.story.screenplay import (
    Angle,
    Character,
    Language,
    Location,
    Movement,
    ShotSize,
    TimeOfDay,
    Weather,
)

_LONGEST_ACTION = 800
_TIMES: Mapping[Language, Mapping[TimeOfDay, str]] = {
    "en": {"dawn": "at dawn", "day": "by day", "dusk": "at dusk", "night": "at night"},
    "zh": {"dawn": "黎明", "day": "白天", "dusk": "黄昏", "night": "夜晚"},
}
_WEATHERS: Mapping[Language, Mapping[Weather, str]] = {
    "en": {
        "clear": "clear weather",
        "cloud": "overcast sky",
        "rain": "rain",
        "storm": "storm",
        "snow": "snow",
        "fog": "fog",
    },
    "zh": {"clear": "晴朗", "cloud": "阴天", "rain": "下雨", "storm": "暴风雨", "snow": "下雪", "fog": "有雾"},
}
_PALETTES: Mapping[Language, Mapping[TimeOfDay, str]] = {
    "en": {
        "dawn": "pale rose and slate blue, the first warm light",
        "day": "clear daylight, soft earth colours against open sky",
        "dusk": "amber and deep violet, long shadows",
        "night": "deep blue and lamp-light gold, strong contrast",
    },
    "zh": {
        "dawn": "淡玫瑰色与灰蓝，初现的暖光",
        "day": "明净的日光，柔和的大地色与开阔的天空",
        "dusk": "琥珀色与深紫，长长的影子",
        "night": "深蓝与灯火的金色，明暗对比强烈",
    },
}


@dataclass(frozen=True)
class Picture:
    """What a prompt is made of."""

    size: ShotSize
    angle: Angle
    movement: Movement
    move: str
    """The move as the row says it, where its name says less; else ""."""
    place: Location
    is_side_known: bool
    """Whether it is known that the place is inside or outside; what nobody says stands in no prompt."""
    time: TimeOfDay
    weather: Weather
    cast: Sequence[Character]
    action: str
    emotion: str
    lens: str


def style_guide(language: Language, times: Iterable[TimeOfDay]) -> str:
    """The style of the whole film; its palette is that of the time of day in which most of it plays."""
    counted = Counter(times)
    most = max(_PALETTES["en"], key=lambda time: counted[time]) if counted else "day"
    if language == "zh":
        return (
            f"扁平的电影感插画：大块面造型，柔和的边缘光，细腻颗粒；色彩：{_PALETTES['zh'][most]}。"
            "人物造型前后一致，画面中不出现文字。"
        )
    return (
        "Flat cinematic illustration: bold shapes, soft rim light, fine grain. "
        f"Palette: {_PALETTES['en'][most]}. Characters look the same in every shot; no lettering in the picture."
    )


def image_prompt(picture: Picture, language: Language) -> str:
    """The still: framing, who, what, where, when; of a black screen no more than that."""
    if is_black(picture.action) and not picture.cast:
        return picture.action
    action = " ".join(picture.action[:_LONGEST_ACTION].split())
    frame = f"{SIZE_NAMES[language][picture.size]}, {ANGLE_NAMES[language][picture.angle]}"
    brackets = "（{}）" if language == "zh" else " ({})"
    people = [one.name + (brackets.format(one.look) if one.look else "") for one in picture.cast]
    if language == "zh":
        side = ("（室内）" if picture.place.setting == "interior" else "（室外）") if picture.is_side_known else ""
        parts = [
            frame.replace(", ", "，"),
            action.rstrip("。"),
            "人物：" + "；".join(people) if people else "",
            f"地点：{picture.place.name}{side}" if picture.place.name else "",
            f"{_TIMES['zh'][picture.time]}，{_WEATHERS['zh'][picture.weather]}",
            picture.emotion,
            picture.lens,
        ]
        return "。".join(part for part in parts if part) + "。"
    where = f"{_TIMES['en'][picture.time]}, {_WEATHERS['en'][picture.weather]}"
    if picture.place.name:
        side = f", {picture.place.setting}" if picture.is_side_known else ""
        where = f"{picture.place.name}{side}, {where}"
    parts = [
        frame[:1].upper() + frame[1:],
        action.rstrip("."),
        "; ".join(people),
        where[:1].upper() + where[1:],
        picture.emotion,
        picture.lens,
    ]
    return ". ".join(part for part in parts if part) + "."


def video_prompt(picture: Picture, language: Language) -> str:
    """The clip: the move of the camera, and what moves; of a black screen no more than that."""
    if is_black(picture.action) and not picture.cast:
        return picture.action
    action = " ".join(picture.action[:_LONGEST_ACTION].split())
    move = (picture.move or MOVEMENT_NAMES[language][picture.movement]).rstrip("。.")
    weather = _WEATHERS[language][picture.weather]
    if language == "zh":
        return f"{move}。{action.rstrip('。')}。{weather}，动作自然，光线稳定。"
    return f"{move[:1].upper()}{move[1:]}. {action.rstrip('.')}. {weather.capitalize()}; natural motion, steady light."


def logline(language: Language, names: Sequence[str], place: str, opening: str) -> str:
    """One line on what the film is about: who, where, and how it begins."""
    begins = " ".join(opening.split())
    begins = begins if len(begins) <= 160 else begins[:159].rstrip() + "…"
    who = ("、" if language == "zh" else ", ").join(names[:3])
    where = f"{place}{'：' if language == 'zh' else ': '}" if place else ""
    if not who:
        return where + begins
    return f"{who}，{where}{begins}" if language == "zh" else f"{who}. {where}{begins}"
