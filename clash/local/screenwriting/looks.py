"""What each character looks and sounds like: the story's own words first, the rest chosen by the name's digest.

The words are plain ones ("copper hair", "teal coat", 青色外套), since whoever draws a character knows it only by
them. No two characters of a film share the colour of their coat while there are colours left.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from clash.local.screenwriting.casting import Cast, Member
from clash.local.screenwriting.look_words import (
    ADULT,
    OLD,
    WORDS,
    YOUNG,
    LookWords,
    age_in,
    gender_in,
)
from clash.story.screenplay import Beat, Character, Story

_SENTENCE = re.compile(r"(?<=[.!?。！？;；\n])\s*(?=\S)")
_MOST_SENTENCES = 40


@dataclass
class _Told:
    """What the story itself says of a character."""

    garment: str = ""
    hair: str = ""
    beard: str = ""
    hat: str = ""
    extra: str = ""
    skin: str = ""
    kind: str = ""
    age: str = ""
    gender: str = ""
    sentence: str = ""
    he: int = 0
    she: int = 0
    colours: set[str] = field(default_factory=set[str])


def characters_of(story: Story, cast: Cast) -> tuple[Character, ...]:
    """The characters with their looks and voices, in the order of the cast."""
    words = WORDS[story.language]
    told = {member.slug: _Told() for member in cast.members}
    _read_notes(cast, told, words)
    _read_text(story.beats, cast, told, words)
    taken = {colour for one in told.values() for colour in one.colours}
    characters: list[Character] = []
    for member in cast.members:
        look, voice = _complete(member, told[member.slug], words, taken)
        characters.append(
            Character(
                slug=member.slug,
                name=member.name,
                description=told[member.slug].sentence,
                look=look,
                voice=voice,
            )
        )
    return tuple(characters)


def _read_notes(cast: Cast, told: dict[str, _Told], words: LookWords) -> None:
    for member in cast.members:
        one = told[member.slug]
        _fill(one, member.notes, words)
        one.age = one.age or age_in(member.notes) or age_in(member.name)
        one.gender = gender_in(member.notes) or gender_in(member.name)
        one.kind = words.kind_in(member.notes) or words.kind_in(member.name)


def _read_text(beats: Sequence[Beat], cast: Cast, told: dict[str, _Told], words: LookWords) -> None:
    """Give every phrase of a look to the character whom its sentence names nearest before it, else after it."""
    pattern = cast.pattern
    if pattern is None:
        return
    read: Counter[str] = Counter()
    sources = ("description", "narration", "notes")
    for text in (getattr(beat, source) for source in sources for beat in beats):
        last = ""
        for sentence in _SENTENCE.split(text[:4000]):
            named = [(m.start(), m.end(), slug) for m in pattern.finditer(sentence) for slug in cast.mentioned(m[0])]
            if not named and last and words.begins_with_pronoun(sentence):
                named = [(0, 0, last)]
            if named and read[named[0][2]] < _MOST_SENTENCES:
                read[named[0][2]] += 1
                _read_sentence(sentence, named, told, words)
            last = named[-1][2] if named else last


def _read_sentence(
    sentence: str, named: Sequence[tuple[int, int, str]], told: dict[str, _Told], words: LookWords
) -> None:
    """`named` are the names in the sentence: where each starts and ends, and whose it is."""
    people = dict.fromkeys(slug for *_, slug in named)
    if len(people) == 1:
        one = told[named[0][2]]
        gender = words.gender_by_pronoun(sentence)
        one.he += gender == "man"
        one.she += gender == "woman"
        one.sentence = one.sentence or (sentence.strip()[:240] if named[0][1] else "")
    for slug in people:
        _fill(told[slug], _near(sentence, slug, named), words)
    for start, end, slug in named:
        _person(told[slug], sentence, start, end, words)


def _near(sentence: str, slug: str, named: Sequence[tuple[int, int, str]]) -> str:
    """The parts of a sentence nearer to this name than to another: from each mention up to the next name."""
    parts: list[str] = []
    for index, (_, end, owner) in enumerate(named):
        if owner == slug:
            until = named[index + 1][0] if index + 1 < len(named) else len(sentence)
            if index == 0:
                parts.append(sentence[: named[0][0]])
            parts.append(sentence[end:until])
    return " ; ".join(parts)


def _fill(one: _Told, text: str, words: LookWords) -> None:
    for name in ("garment", "hair", "beard", "hat", "extra", "skin"):
        if not getattr(one, name):
            phrase = words.phrase(name, text)
            setattr(one, name, phrase)
            if name == "garment" and phrase:
                one.colours.update(words.colours_in(phrase))


def _person(one: _Told, sentence: str, start: int, end: int, words: LookWords) -> None:
    """Age, sex and kind, told right before the name ("old Ivo") or right after it ("Ivo, an old keeper")."""
    before, after = words.beside(sentence, start, end)
    for text in (before, after):
        one.age = one.age or age_in(text)
        one.gender = one.gender or gender_in(text)
        one.kind = one.kind or words.kind_in(text)


def _complete(member: Member, one: _Told, words: LookWords, taken: set[str]) -> tuple[str, str]:
    """Choose what the story leaves open, and write look and voice."""
    dice = hashlib.sha256(member.name.encode("utf-8", "replace")).digest()
    gender = (
        one.gender
        or ("man" if one.beard else "")
        or _by_pronouns(one)
        or words.gender_of_name(member.name)
        or ("woman", "man")[dice[0] % 2]
    )
    age = one.age or (ADULT, ADULT, YOUNG)[dice[1] % 3]
    garment = one.garment or words.garment(dice[2], dice[3], taken, gender)
    taken.update(words.colours_in(garment))
    if one.kind:
        parts = [words.creature(one.kind, age), garment]
        return words.join(parts), words.voice(gender, age, dice[9])
    beard = one.beard or (words.beard(dice[4], age) if gender == "man" and age in (ADULT, OLD) and dice[5] % 2 else "")
    hat = one.hat or (words.hat(dice[6]) if dice[7] % 4 == 0 else "")
    extra = one.extra or (words.accessory(dice[8]) if dice[7] % 4 == 1 else "")
    hair = words.with_colour(one.hair, dice[10], age) if one.hair else words.hair(dice[10], dice[11], age, gender)
    skin = one.skin or words.skin(dice[12])
    parts = [words.person(age, gender), hair, beard, garment, hat, extra, skin]
    return words.join(parts), words.voice(gender, age, dice[9])


def _by_pronouns(one: _Told) -> str:
    if one.he == one.she:
        return ""
    return "man" if one.he > one.she else "woman"
