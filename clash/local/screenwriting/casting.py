"""Who is in the film: from the columns, from those who speak, and from capitalised names that recur."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from clash.local.place_words import UNKNOWN_PLACES
from clash.local.screenwriting.appositions import names_told
from clash.local.screenwriting.names import (
    Slugs,
    best_spelling,
    is_narrator,
    is_off_screen,
    is_only_heard,
    name_key,
    names_nobody,
    notes_in,
    people_in,
    same_people,
    without_notes,
)
from clash.local.vocabulary import words_of_story
from clash.story.places import place_kind
from clash.story.screenplay import Beat, Character, Location, Story
from clash.story.speakers import is_nobody

_MOST_FROM_TEXT = 24
_CAPITALISED = re.compile(r"(?<![\w'’])[A-ZÀ-Þ][\w'’-]*(?:\s+[A-ZÀ-Þ][\w'’-]*)*")
_SENTENCE_START = re.compile(r"(?:^|[.!?:;…\n])[\s\"“”'‘’(\[-]*$")
_AFTER_A_PLACE_WORD = re.compile(r"\b(?:in|at|from|near|to|of|through|towards?)\s+$", re.IGNORECASE)
_PRONOUN = re.compile(r"\s*(?:(?:he|she|his|her|they|their)\b|[他她](?!们))", re.IGNORECASE)
_VERB = re.compile(
    r"['’]s\b|\s+(?:[a-z]+(?:s|ed)|and|had|has|ran|sat|went|came|saw|said|took|got|made|felt|found|left|gave|knew|told|"
    r"stood|fell|began|woke|bought|lost|won|met|put|kept|thought|could|would|did|never|always|slept|wrote|drove|rode)\b"
)


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


_NO_NAMES = _words(
    "a an the this that these those he she it they we you i his her its their our my your him them us me who "
    "whose what which when where why how there here then now later suddenly meanwhile finally inside outside "
    "above below behind beyond under over between before after during while as at by for from in into of off "
    "on onto out through to toward towards up upon with within without and but or nor so yet if because "
    "although though unless until once since yes no not never always every each all both some any many most "
    "few several one two three four five six seven eight nine ten first second third next last another other "
    "only just still even also again perhaps maybe rain snow wind storm thunder lightning fog mist sun "
    "sunlight moon moonlight stars night day dawn dusk morning evening afternoon noon midnight light darkness "
    "shadow shadows silence water waves sea sky clouds fire smoke dust spring summer autumn winter today "
    "tomorrow yesterday tonight christmas easter monday tuesday wednesday thursday friday saturday sunday "
    "january february march april may june july august september october november december english french "
    "german spanish italian chinese japanese american british european int ext pov cu ecu ms ws tv ok sfx vo "
    "os fx usa uk nyc cctv led usb gps sos dj phone camera close wide cut fade dissolve title end credits god "
    "lord sir madam mr mrs miss dr nobody somebody everyone everybody someone something nothing everything people men "
    "women children hello goodbye please thank oh ah look listen wait come go let stop don't can't won't it's "
    "he's she's that's there's they're we're you're i'm i'll i've"
)


@dataclass(frozen=True)
class Member:
    """One of the cast, before the look is made. `notes` is what brackets after the name say."""

    slug: str
    name: str
    notes: str


class Cast:
    """All characters of a story, and who of them a text names."""

    def __init__(
        self,
        spellings: dict[str, list[str]],
        notes: dict[str, list[str]],
        known: Sequence[Character] = (),
        also: Mapping[str, str] | None = None,
    ) -> None:
        """Members by the keys of their names; `also` gives other keys of theirs: `don ramiro` is `ramiro`."""
        self._also = also or {}
        slugs = Slugs({character.name: character.slug for character in known})
        self._members = {
            key: Member(slugs.of(name), name, ", ".join(dict.fromkeys(notes.get(key, []))))
            for key, written in spellings.items()
            for name in (best_spelling(written),)
        }
        self._by_slug = {member.slug: member for member in self._members.values()}
        self._pattern = _mentions(self._members, spellings, self._also)

    @property
    def members(self) -> tuple[Member, ...]:
        """In the order of their first appearance in the table."""
        return tuple(self._members.values())

    @property
    def pattern(self) -> re.Pattern[str] | None:
        """Matches any name of the cast in a text; None when there is no cast."""
        return self._pattern

    def named(self, slug: str) -> str:
        """The name of a slug."""
        return self._by_slug[slug].name

    def find(self, name: str) -> Member | None:
        """The member that a column or a speaker means."""
        key = name_key(name)
        return self._members.get(self._also.get(key, key))

    def mentioned(self, text: str) -> tuple[str, ...]:
        """The slugs of those whom a text names, in its order."""
        if self._pattern is None:
            return ()
        found = (self.find(match[0]) for match in self._pattern.finditer(text))
        return tuple(dict.fromkeys(member.slug for member in found if member))

    def seen_in(self, beat: Beat, before: tuple[str, ...] = ()) -> tuple[str, ...]:
        """The slugs of those on screen in a row: its column and who speaks, else whom the text names.

        A row that begins with he or she goes on with the first of those seen in the row `before`.
        """
        listed = self._slugs_of(name for name in beat.characters if not is_only_heard(name))
        heard = self._slugs_of(line.speaker for line in beat.dialogue if not is_only_heard(line.speaker))
        if listed or any(map(is_nobody, beat.characters)):
            return tuple(dict.fromkeys((*listed, *heard)))
        unseen = self._slugs_of(line.speaker for line in beat.dialogue if is_off_screen(line.speaker))
        told = [slug for slug in self.mentioned(beat.description) if slug not in unseen or slug in heard]
        if not heard and not told and goes_on(beat.description):
            return before[:1]
        return tuple(dict.fromkeys((*heard, *told)))

    def _slugs_of(self, names: Iterable[str]) -> list[str]:
        return [member.slug for name in names for one in people_in(name) if (member := self.find(one))]


def goes_on(text: str) -> bool:
    """Whether a text begins with a pronoun, so that it is about somebody named before."""
    return bool(_PRONOUN.match(text))


def cast_of(story: Story, known: Sequence[Character] = ()) -> Cast:
    """Find the characters of a story. Those who are `known` come first, under their names and slugs."""
    spellings = {name_key(character.name): [character.name] for character in known}
    notes: dict[str, list[str]] = {}
    from_text = dict(names_in_text(story.beats)) if story.language == "en" else {}
    spoken = words_of_story(story)
    told = names_told(story.beats, spoken)
    from_text |= {key: name for key, name in told.items() if not any(part in from_text for part in key.split())}
    unclaimed = dict(from_text)
    for beat in story.beats:
        speakers = [one for line in beat.dialogue for one in people_in(line.speaker)]
        for written in (*beat.characters, *speakers):
            key = name_key(written)
            if not key or is_narrator(written) or names_nobody(written):
                continue
            spellings.setdefault(key, []).append(without_notes(written))
            unclaimed.pop(key, None)
            if written in beat.characters and notes_in(written) and not is_only_heard(written):
                notes.setdefault(key, []).append(notes_in(written))
        for key in [key for key, name in unclaimed.items() if name in beat.description]:
            spellings.setdefault(key, [])
            del unclaimed[key]
    for key, name in from_text.items():
        if key in spellings:
            spellings[key].append(name)
    also = same_people(spellings, spoken.tag)
    for key, other in also.items():
        if key in spellings:
            spellings[other] = [*spellings.pop(key), *spellings[other]]
            notes[other] = [*notes.pop(key, []), *notes.get(other, [])]
    for key, written in spellings.items():
        spellings[key] = list(dict.fromkeys(written))
    return Cast({key: written for key, written in spellings.items() if written}, notes, known, also)


def _spelled(name: str, key: str) -> str:
    """How a name spells one of its keys: `Dr Weiss` has `Weiss`; "" where it does not."""
    at = name.casefold().find(key)
    return name[at : at + len(key)] if at >= 0 else ""


def names_in_text(beats: Sequence[Beat]) -> Iterable[tuple[str, str]]:
    """Capitalised names that recur in the descriptions, with their keys; the most frequent ones.

    A capital at the start of a sentence proves nothing, unless the word stands nowhere in small letters and
    something that acts follows it.
    """
    texts = [beat.description[:4000] for beat in beats]
    small = {word for text in texts for word in re.findall(r"\b[a-zà-ÿ][\w'’-]*", text)}
    places = {word for beat in beats for word in re.findall(r"\w+", beat.location.casefold())}
    total: Counter[str] = Counter()
    within: Counter[str] = Counter()
    after_place_word: Counter[str] = Counter()
    acting: Counter[str] = Counter()
    for text in texts:
        for match in _CAPITALISED.finditer(text):
            name, before = _stripped(match, text)
            if not name:
                continue
            starts = bool(_SENTENCE_START.search(before))
            total[name] += 1
            acting[name] += bool(_VERB.match(text, match.end()) or match[0].endswith(("'s", "’s")))
            if not starts:
                within[name] += 1
                after_place_word[name] += bool(_AFTER_A_PLACE_WORD.search(before))
    accepted: dict[str, str] = {}
    for name, count in total.most_common():
        words = name.split()
        if count < 2 or name.casefold() in small or name_key(name) in accepted or names_nobody(name):
            continue
        if any(word.casefold() in places for word in words) or _names_a_place(name):
            continue
        surely = within[name] > 0 and after_place_word[name] < within[name]
        if (surely or (not within[name] and acting[name] >= 2)) and len(accepted) < _MOST_FROM_TEXT:
            accepted[name_key(name)] = name
    return _without_longer_forms(accepted).items()


def _stripped(match: re.Match[str], text: str) -> tuple[str, str]:
    """The name within a run of capitalised words, without common words around it; and what stands before it."""
    words = [re.sub(r"['’]s$", "", word) for word in match[0].split()]
    before = text[max(0, match.start() - 20) : match.start()]
    while words and words[0].casefold() in _NO_NAMES:
        before += words.pop(0) + " "
    while words and words[-1].casefold() in _NO_NAMES:
        words.pop()
    common = any(word.casefold() in _NO_NAMES for word in words)
    if common or len(words) > 3 or any(len(word) < 2 for word in words):
        return "", before
    if words and _SENTENCE_START.search(before) and words[0].endswith(("ing", "ly")):
        return "", before
    return " ".join(words), before


def _names_a_place(name: str) -> bool:
    return place_kind(Location(slug="", name=name)) not in UNKNOWN_PLACES


def _without_longer_forms(accepted: dict[str, str]) -> dict[str, str]:
    """`Mara Quill` beside `Mara` is the same person."""
    return {
        key: name for key, name in accepted.items() if not any(part in accepted for part in key.split() if part != key)
    }


def _mentions(
    members: dict[str, Member], spellings: dict[str, list[str]], also: Mapping[str, str]
) -> re.Pattern[str] | None:
    """A name counts as the story spells it, or in capitals, and without its honorific; in Chinese from two
    characters on.
    """
    bare = {other: _spelled(members[other].name, key) for key, other in also.items() if other in members}
    latin: set[str] = set()
    other: set[str] = set()
    for key, member in members.items():
        forms = {member.name, member.name.upper(), *spellings[key], bare.get(key, ""), bare.get(key, "").upper()}
        for form in filter(None, forms):
            if form[0] > "\u2e7f":
                other.update([form] if len(form) > 1 else [])
            else:
                latin.add(form)
    longest_first = sorted(latin, key=lambda form: (-len(form), form))
    parts = [rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)"] if latin else []
    parts += [re.escape(form) for form in sorted(other, key=lambda form: (-len(form), form))]
    return re.compile("|".join(parts)) if parts else None
