"""What a character's words tell the illustrator, whatever language they are in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from clash.local.screenwriting.descriptions import Describer
from clash.local.vocabulary import Vocabulary, vocabulary_for
from clash.story.screenplay import Character

DRAWN_BEINGS = ("robot", "cat", "fox", "wolf", "dog", "bear", "rabbit", "mouse", "bird")
"""Who is not human and yet has a drawing of its own."""
UNKNOWN_BEING = "unknown"
_READ_AS_THEY_ARE = ("en", "zh")
_CLAUSE = re.compile(r"[,;.:\n，。；、：!！?？()（）]")
_ASIDE = re.compile(
    r"\b(?:with|and|of|for|from|to|in|on|at|by|his|her|their|whose|who|that|a friend of)\b"
    r"|\b(?:con|de|di|avec|mit|и|с)\b|和|与|與",
    re.IGNORECASE,
)
_OWNER = re.compile(r"['’]s\s|的(?=.)")
_BY_NAME = "(?:大|小|老|白|黑|黄|灰|红|金)?"
_TITLES = "(?:mr|mrs|ms|miss|mister|monsieur|madame|señor|señora|herr|frau|the|la|le|el|il|der|die|das|lady|lord|sir)"


@dataclass(frozen=True)
class Told:
    """The words of a character: `prose` in English or Chinese, its age in years, and what it is if no person."""

    prose: tuple[str, str]
    """From the look, and from the description."""
    years: int | None
    being: str
    """"" for a person; one of `DRAWN_BEINGS`, or `UNKNOWN_BEING`."""


def told_of(character: Character) -> Told:
    """Return what is told of a character. A sentence that only names it counts as far as it describes it."""
    return _told(character.name, character.look, character.description)


@lru_cache(maxsize=512)
def _told(name: str, look: str, sentence: str) -> Told:
    words = vocabulary_for(f"{look} {sentence}".strip(), closely=bool(look))
    texts = (look, _description(name, sentence, words))
    years = next((age for text in texts if (age := words.age_told(text)) is not None), None)
    being = _being_of_name(name) or next(filter(None, (_being(text, words) for text in texts)), "")
    prose = [text if words.tag in _READ_AS_THEY_ARE else words.gloss(text) for text in texts]
    return Told((prose[0], prose[1]), years, being)


def _description(name: str, description: str, words: Vocabulary) -> str:
    """The description; of a story's own sentence only what belongs to the name in it."""
    before, named, after = description.partition(name)
    if not named:
        return description
    describer = Describer(words)
    return ", ".join((*describer.beside(before, after), *describer.worn_in(after).values()))


def _being(text: str, words: Vocabulary) -> str:
    """What the first clause calls somebody who is no person; "" for a person."""
    head = _OWNER.split(_ASIDE.split(_CLAUSE.split(text, maxsplit=1)[0], maxsplit=1)[0])[-1].strip()
    if words.pattern("sex", "trades").search(head):
        return ""
    for key in words.section("beings"):
        match = words.beings(key).search(head)
        ends = match is not None and (words.tag not in ("en", "zh", "ja", "ko") or match.end() == len(head))
        if ends:
            return key if key in DRAWN_BEINGS else UNKNOWN_BEING
    return ""


def _being_of_name(name: str) -> str:
    """What a name says: "The Goose", 大鹅, "Toad". A family name beside others says nothing."""
    words = vocabulary_for(name)
    plain = re.sub(rf"^(?:{_TITLES}\.?\s+)+", "", name.strip(), flags=re.IGNORECASE)
    for key in words.section("beings"):
        match = words.beings(key).fullmatch(plain)
        if match is None and not words.spaced:
            match = re.fullmatch(f"{_BY_NAME}{words.beings(key).pattern}", plain) if len(plain) > 2 else None
        if match:
            return key if key in DRAWN_BEINGS else UNKNOWN_BEING
    return ""
