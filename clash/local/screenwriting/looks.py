"""What the story says of each character's look: its own words, and nothing else.

These words go into prompts that are paid for, so what the story leaves open stays open here. The illustrator chooses
the rest for its drawing alone (`clash.local.figures.look`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from clash.local.screenwriting.casting import Cast
from clash.local.screenwriting.descriptions import Describer
from clash.local.vocabulary import Vocabulary, words_of_story
from clash.story.screenplay import Beat, Character, Story

_SENTENCE = re.compile(r"(?<=[.!?。！？;；\n])(?<!\bMr\.)(?<!\bMrs\.)(?<!\bMs\.)(?<!\bDr\.)\s*(?=\S)")
_MOST_SENTENCES = 40
_LONGEST_LOOK = 400


@dataclass
class _Told:
    """What the story says of one character."""

    person: list[str] = field(default_factory=list[str])
    """Words for who it is: age, sex, trade, animal."""
    worn: dict[str, str] = field(default_factory=dict[str, str])
    """The first words for hair, coat, hat ... by section."""
    sentence: str = ""
    """The first sentence that is about nobody else."""
    pronouns: list[str] = field(default_factory=list[str])
    """The sex of the pronouns that sentences about it begin with; of one that describes it, twice."""

    @property
    def sex(self) -> str:
        """What the pronouns say, if two of them say it and none says another; else ""."""
        return self.pronouns[0] if len(self.pronouns) > 1 and len(set(self.pronouns)) == 1 else ""


def characters_of(story: Story, cast: Cast) -> tuple[Character, ...]:
    """Return the characters with what the story says of their looks and voices, in the order of the cast."""
    words = words_of_story(story)
    describer = Describer(words)
    told = {member.slug: _Told() for member in cast.members}
    for member in cast.members:
        one = told[member.slug]
        if member.notes:
            one.person.append(member.notes)
        one.person += describer.in_name(member.name)
    _read_text(story.beats, cast, told, describer)
    return tuple(
        Character(
            slug=member.slug,
            name=member.name,
            description=told[member.slug].sentence,
            look=_look(told[member.slug], words),
            voice=_voice(told[member.slug], words),
        )
        for member in cast.members
    )


def _read_text(beats: Sequence[Beat], cast: Cast, told: dict[str, _Told], describer: Describer) -> None:
    """Give every description to the character whom its sentence names nearest before it, else after it."""
    pattern = cast.pattern
    if pattern is None:
        return
    read: Counter[str] = Counter()
    sources = ("description", "narration", "notes")
    for text in (getattr(beat, source) for source in sources for beat in beats):
        last = ""
        for sentence in _SENTENCE.split(text[:4000]):
            named = [(m.start(), m.end(), slug) for m in pattern.finditer(sentence) for slug in cast.mentioned(m[0])]
            pronoun = describer.opening_pronoun(sentence) if last and not named else None
            if pronoun:
                named = [(0, pronoun.end(), last)]
                if sex := describer.sex_of(pronoun[0]):
                    rest = sentence[pronoun.end() :]
                    told[last].pronouns += [sex, sex] if describer.describes(rest) else [sex]
            if named and read[named[0][2]] < _MOST_SENTENCES:
                read[named[0][2]] += 1
                _read_sentence(sentence, named, told, describer, by_name=not pronoun)
            last = named[-1][2] if named else last


def _read_sentence(
    sentence: str, named: Sequence[tuple[int, int, str]], told: dict[str, _Told], describer: Describer, *, by_name: bool
) -> None:
    """`named` are the names in the sentence: where each starts and ends, and whose it is."""
    people = dict.fromkeys(slug for *_, slug in named)
    if len(people) == 1:
        one = told[named[0][2]]
        one.sentence = one.sentence or (sentence.strip()[:240] if by_name else "")
    for index, (start, end, slug) in enumerate(named):
        since = named[index - 1][1] if index else 0
        until = named[index + 1][0] if index + 1 < len(named) else len(sentence)
        told[slug].person += describer.beside(sentence[since:start], sentence[end:until])
        before, after = describer.without_strangers("" if index else sentence[:start], sentence[end:until])
        near = f"{before} ; {after}"
        for section, phrase in describer.worn_in(near).items():
            told[slug].worn.setdefault(section, phrase)


def _look(one: _Told, words: Vocabulary) -> str:
    """The words in one line; what is part of another is not said twice."""
    parts: list[str] = []
    said = [*one.person, *one.worn.values()]
    for part in sorted(said, key=len, reverse=True):
        if not any(part.casefold() in other.casefold() for other in parts):
            parts.append(part)
    parts.sort(key=said.index)
    if one.sex and not words.pattern("sex").search(" ".join(parts)):
        parts.append(words.text("female" if one.sex == "woman" else "male"))
    return ("、" if words.tag == "ja" else ", " if words.spaced or words.tag == "ko" else "，").join(parts)[
        :_LONGEST_LOOK
    ]


def _voice(one: _Told, words: Vocabulary) -> str:
    """Age and sex in plain English words, to choose the voice by; "" where the story tells neither."""
    text = words.idiom.sub(" ", " , ".join(one.person))
    age, sex = _age(text, words), words.keyed("sex", text) or one.sex
    if age == "child" and sex:
        return "girl" if sex == "woman" else "boy"
    return " ".join(filter(None, ("" if age == "adult" else age, sex)))


def _age(text: str, words: Vocabulary) -> str:
    years = words.age_told(text)
    if years is None:
        return words.keyed("age", text)
    return "child" if years < 14 else "young" if years < 30 else "adult" if years < 62 else "old"
