"""What kind of place a location is, read from its words, in English and Chinese.

A place is named by its head noun: the last place word before a preposition in English ("harbour market",
"bridge over the river"), the last place word in Chinese ("城市的天台"). Where words overlap the longer one
is meant ("space station" is not a station, 火车站 is not a train). A path gives way to the country that it runs
through ("cliff path", "path along the cliffs", 悬崖小路), but not to where it leads ("path to the harbour").
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

from clash.story.place_kinds import PlaceKind
from clash.story.place_vocabulary import Rank, Word, vocabulary
from clash.story.screenplay import Location, Setting
from clash.story.sides import side_told
from clash.story.words import simplified


class _Found(NamedTuple):
    start: int
    end: int
    word: Word


# What a path may run through, and what is seen of it from there.
_CROSSED: dict[PlaceKind, PlaceKind] = {
    "sea": "cliff",
    "harbour": "harbour",
    "lighthouse": "lighthouse",
    "beach": "beach",
    "cliff": "cliff",
    "crag": "crag",
    "river": "river",
    "lake": "lake",
    "forest": "forest",
    "field": "field",
    "mountain": "mountain",
    "snowfield": "snowfield",
    "desert": "desert",
    "park": "park",
    "village": "village",
}

# Buildings that show a front to the street when a story says that we stand outside them.
_FRONTS: dict[PlaceKind, PlaceKind] = {
    "shop": "street",
    "office": "street",
    "classroom": "square",
    "hall": "square",
    "hospital": "street",
    "room": "village",
    "bedroom": "village",
    "kitchen": "village",
    "tower_room": "city",
    "cellar": "alley",
    "corridor": "alley",
    "vehicle": "road",
    "spaceship": "space",
    "lab": "city",
    "cave": "mountain",
}

Boat = Literal["", "ship", "fishing boat", "rowing boat"]
_BOATS: tuple[tuple[Boat, re.Pattern[str]], ...] = (
    (
        "ship",
        re.compile(
            r"\b(?:decks?|ship|ferry|vessel|liner|steamer|yacht|frigate|galleon)\b"
            r"|甲板|轮船|渡轮|客轮|货轮|游轮|邮轮|军舰|大船|货船|客船"
        ),
    ),
    (
        "fishing boat",
        re.compile(
            r"\b(?:fishing|motor|sailing|wheel)[ -]?boat\b|\b(?:trawler|cutter|sailboat)\b"
            r"|渔船|帆船|汽艇"
        ),
    ),
    (
        "rowing boat",
        re.compile(
            r"\b(?:boat|(?:row|life)boat|dinghy|skiff|canoe|kayak|raft|punt|gondola|coracle)\b"
            r"|船(?![坞厂员长])|小舟|扁舟|舢板|独木舟|皮划艇|竹筏|木筏|救生艇"
        ),
    ),
)
"""What a boat's words make of it: what has a deck, what is open and has a wheel, what is rowed."""


_BREAK = re.compile(
    r"\b(?:of|over|at|in|on|by|near|above|under|below|beneath|beside|behind|beyond|with|from|to|across|along|"
    r"overlooking|outside|inside|between|next)\b"
)
# Where a path leads is not where it runs.
_LEADING = re.compile(r"\b(?:to|towards?|into|from|behind|beyond|outside)\b.*|通[往向].*?的")
_OUTSIDE = re.compile(r"\b(?:ext|exterior|outside)\b|外景|门外|门口|门前|外面|外墙|[室屋房楼院校店馆]外$")
_ROOFLESS: frozenset[PlaceKind] = frozenset(
    {
        *("beach", "cliff", "crag", "river", "lake", "forest", "field", "mountain", "snowfield", "desert"),
        *("harbour", "street", "alley", "square", "park", "village", "city", "road", "footpath", "bridge"),
        *("rooftop", "sky", "sea"),
    }
)
"""The kinds that stay open when a name says `inside the forest`; only a heading, INT., makes rooms of them."""
_WITH_A_FRONT: frozenset[PlaceKind] = frozenset({"shop", "classroom", "hall", "hospital"})
"""The kinds of buildings in front of which one stands in the open."""
_EXTERIOR = re.compile(r"\s*(?:ext\b|exterior\b|外景)")
_INSIDE = re.compile(r"\b(?:int|interior|inside)\b|内景|里面|屋里|屋内|室内")


def place_kind(location: Location, hint: str = "") -> PlaceKind:
    """The kind of place that `location` is.

    The name counts most, then the description, then `hint` (anything else that is known, such as the action).
    `location.setting` decides between the outside of a thing and its inside. A name that can only be a
    room ("Kitchen") stays one even where the setting was left at its default; but when the words say
    outside ("outside the café", 咖啡馆门口) it is the building's front that is seen.
    """
    name = simplified(location.name.casefold())
    named = _head(name) or _in_prose(simplified(location.description.casefold()))
    # Of a place that is known to be a room, "she looks outside" says nothing; a heading, EXT., does.
    told = simplified(hint.casefold()) if location.setting != "interior" else ""
    by_hint = _EXTERIOR.match(told) if named else _OUTSIDE.search(told)
    word = named or _in_prose(told or simplified(hint.casefold()))
    side = setting_told(name, word)
    outside = bool(_OUTSIDE.search(name) or by_hint or side == "exterior")
    inside = not outside and (location.setting == "interior" or side == "interior")
    if word is None:
        return "interior" if inside else "exterior"
    kind = word.inside if inside else word.outside
    if kind == "cliff" and _is_inland(f"{name} {location.description.casefold()}"):
        return "crag"
    return _FRONTS.get(kind, kind) if outside else kind


def setting_told(name: str, word: Word | None) -> Setting | None:
    """Return what the name of a place says of its side, where a place of that kind can have two."""
    side = "inside" if _INSIDE.search(name) else side_told(name)
    if side == "outside":
        return "exterior"
    if side == "inside":
        return (
            None
            if word and word.rank != Rank.VAGUE and word.outside in _ROOFLESS and not _is_boat(name)
            else "interior"
        )
    if word is None or not side:
        return None
    if side == "beside":
        return "exterior" if word.rank == Rank.EXACT and word.outside in _WITH_A_FRONT else None
    is_house = word.rank == Rank.VAGUE and word.outside in ("village", "city", "exterior")
    return "interior" if is_house or word.outside == "lighthouse" else None


def _is_boat(name: str) -> bool:
    return any(said.search(name) for _, said in _BOATS)


def boat_at(location: Location) -> Boat:
    """The kind of boat that a place at sea is aboard of, or "": by its name, else by its description."""
    if place_kind(location) != "sea":
        return ""
    for text in (simplified(location.name.casefold()), simplified(location.description.casefold())):
        for boat, said in _BOATS:
            if said.search(text):
                return boat
    return ""


_HEIGHTS = re.compile(
    r"\b(?:mountains?|alps?|alpine|peaks?|ridges?|valleys?|canyons?|gorges?|ravines?|summit)\b|山|峡谷|峰|岭"
)
_SALT = re.compile(
    r"\b(?:seas?|oceans?|coast(?:al|line)?|shores?|waves?|surf|tide|harbou?r|lighthouse|beacon|gulls?|boats?|ships?|bay"
    r"|headland|cape|beach|island)\b|海|浪|潮|港|灯塔|船|岛|湾|岬"
)


def _is_inland(text: str) -> bool:
    """Whether a cliff of which `text` tells stands in mountains rather than above the sea."""
    return _HEIGHTS.search(text) is not None and _SALT.search(text) is None


def _head(name: str) -> Word | None:
    """The head noun: the last place word of the first part that has one, parts being cut at prepositions."""
    vague: Word | None = None
    for part in _BREAK.split(name):
        found = [f.word for f in _find(part)]
        telling = [word for word in found if word.rank < Rank.VAGUE]
        if telling:
            return telling[-1] if telling[-1].rank == Rank.EXACT else _crossed(name) or telling[-1]
        if found and vague is None:
            vague = found[-1]
    return vague


def _crossed(name: str) -> Word | None:
    """What the path called `name` runs through, if that is said and is a country one can walk through."""
    for part in _BREAK.split(_LEADING.sub(" ", name)):
        for found in reversed(list(_find(part))):
            kind = _CROSSED.get(found.word.outside)
            if kind and found.word.rank == Rank.EXACT:
                return found.word._replace(outside=kind)
    return None


def _in_prose(text: str) -> Word | None:
    """The longest place word, the earlier one of two; one of a lower rank only if there is no other."""
    found = sorted(_find(text), key=lambda f: (f.word.rank, -_weight(text[f.start : f.end]), f.start))
    return found[0].word if found else None


def _weight(word: str) -> int:
    """Length in letters; one Chinese character tells about as much as three Latin letters."""
    return sum(3 if ord(letter) >= 0x2E80 else 1 for letter in word)


def _find(text: str) -> Iterator[_Found]:
    """The place words in `text` from left to right; of overlapping ones only the longest."""
    pattern, words = vocabulary()
    for match in pattern.finditer(text):
        yield _Found(match.start(), match.end(), words[_singular(match[0], words)])


def _singular(word: str, words: dict[str, Word]) -> str:
    for ending in ("", "'s", "’s", "s", "es"):
        stem = word.removesuffix(ending) if ending else word
        if stem in words:
            return stem
    raise KeyError(word)
