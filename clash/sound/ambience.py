"""Choose the ambience of a shot: endless sounds, happenings and their levels, from its place, weather and words."""

from __future__ import annotations

import re
from collections.abc import Mapping

from clash.story.place_kinds import INTERIORS, PlaceKind
from clash.story.screenplay import TimeOfDay, Weather

BED_DB = -39.0
"""dBFS (RMS for endless sounds) of a sound at 0 dB in the tables below. Speech is at about -20."""

Levels = Mapping[str, float]
"""The name of a texture or a happening, and its level in dB against `BED_DB`."""

_PLACES: dict[PlaceKind, dict[str, float]] = {
    "sea": {"wash": 0, "surf": -9, "wind": -9, "gull": -5},
    "harbour": {"lapping": 0, "wash": -9, "wind": -14, "gull": -3, "bell": -14},
    "lighthouse": {"wash": -2, "surf": -10, "wind": -4, "gull": -6},
    "beach": {"wash": -2, "surf": -2, "wind": -12, "gull": -5},
    "cliff": {"wash": -4, "surf": -5, "wind": -3, "gull": -4},
    "river": {"river": 0, "leaves": -14, "bird": -4},
    "lake": {"lapping": -5, "leaves": -10, "bird": -4},
    "forest": {"leaves": -5, "wind": -10, "bird": -1, "owl": -4},
    "field": {"wind": -7, "leaves": -11, "bird": -2},
    "mountain": {"wind": 0, "hush": -8},
    "crag": {"wind": 0, "hush": -8},
    "snowfield": {"hush": 0, "wind": -4},
    "desert": {"wind": -2, "hush": -6},
    "street": {"traffic": -2, "car": -2, "crowd": -14},
    "alley": {"traffic": -8, "drip": -8},
    "market": {"crowd": 0, "traffic": -14},
    "square": {"crowd": -5, "traffic": -11, "bird": -8},
    "park": {"leaves": -6, "bird": -1, "traffic": -16},
    "village": {"leaves": -9, "wind": -11, "bird": -3},
    "city": {"traffic": 0, "car": -5, "crowd": -16},
    "rooftop": {"traffic": -7, "wind": -5},
    "road": {"wind": -8, "traffic": -12, "car": 0},
    "footpath": {"wind": -8, "leaves": -9, "bird": -2},
    "bridge": {"wind": -6, "river": -8, "traffic": -14},
    "station": {"crowd": -4, "hum": -12},
    "sky": {"wind": 0, "hush": -6},
    "space": {"deep": 0},
    "exterior": {"wind": -7, "leaves": -14, "bird": -6},
    "room": {"air": -2},
    "bedroom": {"air": -4},
    "kitchen": {"air": -2, "tick": -10},
    "shop": {"air": -4, "crowd": -12},
    "office": {"air": -3, "hum": -16},
    "classroom": {"air": -4, "crowd": -14},
    "hall": {"air": -2, "crowd": -16},
    "corridor": {"air": -3, "hum": -18},
    "tower_room": {"air": -3, "wind": -7, "wash": -11},
    "cellar": {"air": -2, "drip": -6},
    "cave": {"hush": -4, "drip": 0},
    "vehicle": {"engine": 0},
    "spaceship": {"hum": -2, "deep": -6},
    "lab": {"air": -4, "hum": -8},
    "hospital": {"air": -4, "hum": -14},
    "interior": {"air": -2},
}

_BY_DAY = ("bird", "gull")
_BY_NIGHT = ("owl",)
_FAIR_WEATHER = ("bird", "gull", "owl", "crickets")
_GREEN: frozenset[PlaceKind] = frozenset(
    {
        "forest",
        "field",
        "park",
        "village",
        "lake",
        "river",
        "exterior",
        "road",
        "footpath",
    }
)
"""Where crickets sing at night."""
_WATERS: frozenset[PlaceKind] = frozenset({"sea", "harbour", "lighthouse", "cliff"})
"""Where a foghorn sounds."""

_OUTSIDE: dict[Weather, dict[str, float]] = {
    "clear": {},
    "cloud": {},
    "rain": {"rain": -1},
    "storm": {"rain": 0, "gale": 0, "thunder": 11},
    "snow": {"hush": -3},
    "fog": {"hush": -8},
}
_INSIDE: dict[Weather, dict[str, float]] = {
    "clear": {},
    "cloud": {},
    "rain": {"roof": -1},
    "storm": {"roof": 1, "gale": -10, "thunder": 4},
    "snow": {},
    "fog": {},
}

_SAID: dict[str, tuple[float, str]] = {
    "wash": (1, r"\bwaves?\b|\bsea\b|\bocean|\bsurf\b|\btide|海浪|浪|潮|海声"),
    "lapping": (0, r"\blapping|\bwater\b|水声|拍岸|波"),
    "river": (0, r"\bstream\b|\bbrook|\briver|\bwaterfall|溪|流水|河|瀑布|潺"),
    "rain": (1, r"\brain|\bdrizzl|\bdownpour|雨"),
    "wind": (1, r"\bwind|\bbreeze|\bgust|\bhowl|风"),
    "thunder": (9, r"\bthunder|\blightning|雷"),
    "leaves": (0, r"\bleaves|\brustl|树叶|沙沙|叶"),
    "bird": (2, r"\bbirds?\b|\bbirdsong|\bchirp|鸟|雀"),
    "gull": (2, r"\bgulls?\b|\bseagull|海鸥|鸥"),
    "crickets": (-3, r"\bcrickets?\b|\bcicada|\binsects?\b|虫|蝉|蛐蛐"),
    "owl": (2, r"\bowl|\bhoot|猫头鹰|枭"),
    "bell": (5, r"\bbells?\b|\bchime|\btoll|钟声|铃|钟"),
    "step": (3, r"\bfootstep|\bfootfall|\bsteps\b|\bwalking|\bboots\b|脚步|步伐|足音"),
    "tick": (2, r"\bclock|\btick|滴答|钟表|时钟"),
    "door": (6, r"\bdoor|\bslam|\bhatch|关门|开门|门声|推门"),
    "knock": (5, r"\bknock|敲门|叩"),
    "horn": (3, r"\bhorn|\bfoghorn|汽笛|号角|雾号"),
    "car": (4, r"\bcars?\b|\btraffic|\btruck|汽车|车声|车流"),
    "engine": (0, r"\bengine|\bmotor|\btrain\b|引擎|发动机|马达|火车|列车"),
    "hum": (-2, r"\bhum\b|\bhumming|\bbuzz|\bmachine|\belectric|嗡|电流|机器"),
    "crowd": (1, r"\bcrowd|\bchatter|\bvoices|\bmurmur|\bpeople|\bcheer|人群|人声|嘈杂|喧|欢呼"),
    "fire": (1, r"\bfire\b|\bfireplace|\bcrackl|\bflames?\b|\bcampfire|火"),
    "drip": (3, r"\bdrip|\bdrops?\b|滴水|水滴"),
    "heart": (6, r"\bheart|心跳"),
    "splash": (6, r"\bsplash|\bplunge|水花|落水|扑通"),
}
"""The words by which a story asks for a sound, and its level: such a sound is meant to be noticed."""
_NOTICED = frozenset({"bird", "gull", "owl", "bell", "car", "tick", "drip", "thunder", "horn"})
"""Sounds that would break a silence."""
_QUIET = re.compile(r"\bsilen(?:ce|t)\b|\bno sound\b|\bquiet\b|寂静|无声|静音|安静|鸦雀")


def bed_levels(place: PlaceKind, time: TimeOfDay, weather: Weather, sound: str) -> Levels:
    """Return the sounds of a shot: names of `TEXTURES` and `HAPPENINGS`, each with its level in dB against `BED_DB`.

    `sound` is the story's own words about it. What they name is louder than the rest; "silence" leaves only air.
    """
    inside = place in INTERIORS
    levels = dict(_PLACES[place])
    levels |= _INSIDE[weather] if inside else _OUTSIDE[weather]
    _keep_hours(levels, place, time, inside)
    if weather in ("rain", "storm", "snow"):
        for name in _FAIR_WEATHER:
            levels.pop(name, None)
    if weather == "fog" and place in _WATERS:
        levels["horn"] = -4
    words = sound.lower()
    if _QUIET.search(words):
        levels = {name: level - 14 for name, level in levels.items() if name not in _NOTICED}
    for name, (level, pattern) in _SAID.items():
        if re.search(pattern, words):
            muffled = "roof" if inside and name == "rain" else name
            levels[muffled] = max(level, levels.get(muffled, level))
    return levels


def _keep_hours(levels: dict[str, float], place: PlaceKind, time: TimeOfDay, inside: bool) -> None:
    """Fit sounds to the time: birds by day and loudest at dawn, crickets and owls at night, quieter towns at night."""
    if time == "night":
        for name in _BY_DAY:
            levels.pop(name, None)
        for name in ("traffic", "crowd", "car"):
            if name in levels:
                levels[name] -= 5
    else:
        for name in _BY_NIGHT:
            levels.pop(name, None)
    if time == "dawn" and "bird" in levels:
        levels["bird"] += 2
    if not inside and place in _GREEN and time in ("dusk", "night"):
        levels["crickets"] = -8 if time == "night" else -13
