"""Time of day and weather: from the table's column, from words in the text, and carried on until they change."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from clash.local.place_words import time_of, weather_of
from clash.story.screenplay import Setting, TimeOfDay, Weather
from clash.story.words import simplified

_TIMES: tuple[tuple[TimeOfDay, re.Pattern[str]], ...] = (
    (
        "dawn",
        re.compile(
            r"\b(?:dawn|daybreak|sunrise|first light|break of day|early morning)\b"
            r"|夜明け|明け方|朝焼け|黎明|清晨|破晓|拂晓|日出|天亮|天刚亮|晨光|曙光|晨曦"
        ),
    ),
    (
        "dusk",
        re.compile(
            r"\b(?:dusk|sunset|twilight|sundown|evening|nightfall|golden hour|magic hour)\b"
            r"|黄昏|傍晚|日落|夕阳|暮色|晚霞|落日"
        ),
    ),
    (
        "night",
        re.compile(
            r"\b(?:night|nights|midnight|moonlight|moonlit|starlight|starlit|after dark)\b"
            r"|深夜|午夜|月光|星空|凌晨|晚上|月下|半夜|夜(?!宵)"
        ),
    ),
    (
        "day",
        re.compile(
            r"\b(?:noon|midday|morning|afternoon|daylight|daytime|sunlight|sunlit)\b"
            r"|白天|中午|正午|上午|下午|早上|早晨|午后|阳光|白昼"
        ),
    ),
)
_NO_TIME = re.compile(
    r"\b(?:after|last|every|each|one|other|that) (?:an? |the )?(?:long |whole )?(?:night|evening|morning|afternoon)\b"
    r"|\bgood (?:night|evening|morning|afternoon)\b|昨夜|昨晚|昨天|每夜|那夜|那晚"
)
_COLUMN_TIMES: tuple[tuple[TimeOfDay, re.Pattern[str]], ...] = (
    ("dawn", re.compile(r"晨|曙|拂晓")),
    ("dusk", re.compile(r"昏|暮|傍晚|\beve\b|\bmagic\b")),
    ("night", re.compile(r"夜|晚|\bn\b")),
    ("day", re.compile(r"日|白|午|\bday\b|\bd\b")),
)
_CLOCK = re.compile(r"(?P<hour>\d{1,2})\s*(?:[:点时h]\s*\d{0,2}|(?=[ap]\.?m))\s*(?P<half>[ap]\.?m)?")

_WEATHERS: tuple[tuple[Weather, re.Pattern[str]], ...] = (
    (
        "storm",
        re.compile(
            r"\b(?:storms?(?! (?:lamp|lantern|door|window|cellar))|stormy|thunder(?:s|ing|storms?|clouds?)?|lightning"
            r"|gales?|tempest|hurricane|typhoon|squalls?)\b"
            r"|暴风|风暴|雷声|雷电|雷雨|打雷|惊雷|闪电|台风|暴雨|狂风"
        ),
    ),
    ("snow", re.compile(r"\b(?:snow(?:s|ing|y|ed|fall|flakes?|storm)?|blizzard)\b(?!-)|雪(?![白糕茄儿兒])")),
    (
        "rain",
        re.compile(
            r"\b(?:rain(?:s|ing|y|ed|drops?|fall)?|drizzl\w+|downpour)\b(?![\s-](?:coat|jacket|boots|barrel))|雨(?![衣伞果鞋靴])"
        ),
    ),
    ("fog", re.compile(r"\b(?:fog|foggy|mist|misty|haze)\b|雾")),
    ("cloud", re.compile(r"\b(?:clouds?(?! of)|cloudy|overcast)\b|阴天|乌云|多云|阴云|阴沉")),
    (
        "clear",
        re.compile(
            r"\b(?:(?:clear|blue|cloudless|open) (?:sky|skies)|sunny|sunshine|sunlight|sunlit|starry|starlit|rainbow)\b"
            r"|晴|阳光|星空|月光|蓝天|彩虹"
        ),
    ),
)
_WEATHER_ENDS = re.compile(
    r"\b(?:storm|rain|snow|fog|mist|thunder|clouds?|gale)\s+(?:\w+\s+){0,2}?"
    r"(?:pass(?:ed|es)?|over(?=\s*(?:[.,;:!)]|$))|stop(?:s|ped)?|eas(?:es|ed)|lift(?:s|ed)?|clear(?:s|ed)?|end(?:s|ed)?|gone|die[sd]|"
    r"part(?:s|ed)?|blown (?:out|over|itself out))\b|\bafter the (?:storm|rain|snow)\b"
    r"|雨停|雨过|雨住|雨后|雪停|雾散|风暴过|风暴停|风停|云散|云开"
)


@dataclass(frozen=True)
class Atmosphere:
    """The light and the weather of a shot."""

    time: TimeOfDay = "day"
    weather: Weather = "clear"


def carry(before: Atmosphere, *, column: str, text: str, new_scene: bool) -> Atmosphere:
    """The atmosphere of the next row.

    The column counts first, then the words of the text; what neither says stays as it was. A new scene at
    another time of day starts under a clear sky unless it says otherwise.
    """
    time = time_in_column(column) or time_of(column, alone=True) or time_in(text) or time_of(text) or before.time
    weather = weather_in(column) or weather_in(text) or weather_of(text)
    if weather is None:
        weather = "clear" if new_scene and time != before.time else before.weather
    return Atmosphere(time, weather)


def time_in_column(text: str) -> TimeOfDay | None:
    """The time that a time column names: words, single letters and signs, or a clock.

    >>> time_in_column("N"), time_in_column("日"), time_in_column("18:30"), time_in_column("later")
    ('night', 'day', 'dusk', None)
    """
    plain = _plain(text)
    named = time_in(plain)
    if named:
        return named
    for time, pattern in _COLUMN_TIMES:
        if pattern.search(plain):
            return time
    clock = _CLOCK.search(plain)
    if not clock or int(clock["hour"]) > 24:
        return None
    hour = int(clock["hour"]) + (12 if (clock["half"] or "").startswith("p") and int(clock["hour"]) < 12 else 0)
    if 5 <= hour <= 6:
        return "dawn"
    if 7 <= hour <= 16:
        return "day"
    return "dusk" if 17 <= hour <= 19 else "night"


def time_in(text: str) -> TimeOfDay | None:
    """The time of day that prose speaks of first.

    >>> time_in("Every night the lamp; now, at dusk, nothing."), time_in("雨夜的街")
    ('dusk', 'night')
    """
    plain = _NO_TIME.sub(" ", _plain(text))
    found: list[tuple[int, TimeOfDay]] = [
        (match.start(), time) for time, pattern in _TIMES if (match := pattern.search(plain))
    ]
    return min(found)[1] if found else None


def weather_in(text: str) -> Weather | None:
    """The weather that prose speaks of; the roughest, unless the text says that it ends.

    >>> weather_in("Rain, then thunder."), weather_in("The storm has passed."), weather_in("雨停了")
    ('storm', 'clear', 'clear')
    """
    plain = _plain(text)
    ends = [match.end() for match in _WEATHER_ENDS.finditer(plain)]
    rest = plain[ends[-1] :] if ends else plain
    for weather, pattern in _WEATHERS:
        if pattern.search(rest):
            return weather
    return "clear" if ends else None


def setting_in_column(text: str) -> Setting | None:
    """Interior or exterior, as an `int_ext` column or a scene heading says it; the first of both.

    >>> setting_in_column("INT."), setting_in_column("外景"), setting_in_column("")
    ('interior', 'exterior', None)
    """
    match = re.search(r"\b(?P<int>int|interior|i)\b|\b(?:ext|exterior|e)\b|(?P<nei>内)|外", _plain(text))
    if not match:
        return None
    return "interior" if match["int"] or match["nei"] else "exterior"


def _plain(text: str) -> str:
    return simplified(unicodedata.normalize("NFKC", text).casefold())
