"""Places and hours in the words of every language, told in English for the rules that know English and Chinese."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import cast

from clash.local.vocabulary import is_surely_english, tags, vocabulary, vocabulary_for
from clash.story.place_kinds import PlaceKind
from clash.story.places import place_kind
from clash.story.screenplay import Location, TimeOfDay, Weather
from clash.story.sides import side_told
from clash.story.words import simplified

_READ_AS_THEY_ARE = ("en", "zh")
UNKNOWN_PLACES: frozenset[PlaceKind] = frozenset({"interior", "exterior"})
"""The kinds that say only whether there is a ceiling."""


def known_place(location: Location, language: str = "") -> Location:
    """Return the place with a name and a description that `clash.story.places` reads, whatever language they are in.

    `language` is the story's, where it is known; see `_in_english`.
    """
    if is_surely_english(f"{location.name}. {location.description}"):
        return location
    name, description = _told_in_english(location.name, location.description, language)
    if not name and not description:
        return location
    if name == location.name and description == location.description:
        return location
    return location.model_copy(update={"name": name or location.name, "description": description})


@lru_cache(maxsize=4096)
def _told_in_english(name: str, description: str, language: str) -> tuple[str, str]:
    text = f"{name}. {description}"
    known = place_kind(Location(slug="", name=name, description=description)) not in UNKNOWN_PLACES
    own = vocabulary(language)
    is_own = own.apart and bool(own.keyed("places", name))
    if vocabulary_for(text).tag in _READ_AS_THEY_ARE and known and not is_own:
        return name, description
    return _named_with_side(name, text, language), _in_english("places", description, text)


_TENT = re.compile("tents?|帐篷|营帐")
_ENGLISH_SIDES = {"inside": "inside", "within": "in", "outside": "outside", "beside": "in front of"}


def _named_with_side(name: str, likely: str, language: str) -> str:
    """The English name of a place with the side of it that its own name tells: `inside lighthouse`."""
    own, side = vocabulary(language), side_told(name)
    only_vague = own.apart and own.keyed("vague_places", name) and not own.keyed("places", name)
    named = "" if only_vague else _in_english("places", name, likely=likely, language=language)
    if not side:
        return named
    named = named or _in_english("vague_places", name, likely=likely, language=language)
    return f"{_ENGLISH_SIDES[side]} {named}" if named or side in ("inside", "outside") else ""


def is_tent(name: str, language: str = "") -> bool:
    """Return whether a place is a tent, of which a name alone does not say whether one is inside it."""
    return bool(_TENT.fullmatch(simplified(name.casefold()))) or (
        _in_english("vague_places", name, language=language) == "tent"
    )


def kind_of_place(location: Location, hint: str = "", language: str = "") -> PlaceKind:
    """Return the kind of a place in any language; `interior` or `exterior` where its words are not known."""
    return place_kind(known_place(location, language), hint)


def time_of(text: str, *, alone: bool = False) -> TimeOfDay | None:
    """Return the time of day that a text in another language than English and Chinese tells.

    `alone`: the text is a cell that tells nothing else, too short for its language to be known.
    """
    return cast("TimeOfDay | None", _in_english("times", text, None if alone else text) or None)


def weather_of(text: str) -> Weather | None:
    """Return the weather that a text in another language than English and Chinese tells."""
    return cast("Weather | None", _in_english("weather", text, text) or None)


def _in_english(section: str, words: str, text: str | None = None, *, likely: str = "", language: str = "") -> str:
    """What the words mean: in the language of `text`, or in any that knows them where that is None.

    A word of several languages, such as "oficina", is read in that of the text `likely`. A word that means something
    else in other languages counts in its own alone, and in stories of that `language`.
    """
    if not words:
        return ""
    if text is not None:
        spoken = vocabulary_for(text)
        return "" if spoken.tag in _READ_AS_THEY_ARE else spoken.keyed(section, words)
    others = [tag for tag in tags() if tag not in _READ_AS_THEY_ARE]
    spoken_in = [vocabulary_for(likely or words).tag]
    if vocabulary(language).apart:
        spoken_in.insert(0, vocabulary(language).tag)
    ordered = sorted(others, key=lambda tag: spoken_in.index(tag) if tag in spoken_in else len(spoken_in))
    found = (vocabulary(tag).keyed(section, words, of_this_language=tag in spoken_in) for tag in ordered)
    return next(filter(None, found), "")
