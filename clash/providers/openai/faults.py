"""Does a draft keep to the story? What it breaks is said in words that can be given back to who wrote it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from clash.providers.openai.draft import NARRATOR, Draft, DraftShot
from clash.providers.ports import Established
from clash.story.screenplay import Beat, Line, Story, slug

_MOST_FAULTS = 20
_LONGEST_SHOT_S = 60.0
_NO_LETTER = re.compile(r"[\W_]+")


def faults_of(draft: Draft, story: Story, rows: Sequence[Beat], known: Established | None = None) -> list[str]:
    """What is wrong with a draft of these rows of the story; nothing, if it can be shot. At most 20.

    `known`: the people and places of the screenplay to which the rows belong; a draft need not repeat them.
    """
    checks = (
        _row_faults(draft, story, rows),
        _cast_faults(draft, story, known),
        _shot_faults(draft, rows, known),
        # The words of a shot list are put back from its table, whatever the draft says.
        *(() if story.kind == "shot_list" else (_word_faults(draft, rows), _narration_faults(draft, rows))),
    )
    return [fault for check in checks for fault in check][:_MOST_FAULTS]


def cast_of_story(story: Story) -> dict[str, str]:
    """Everybody whom the story's table names as a character or a speaker: slug to name."""
    names = [name for beat in story.beats for name in (*beat.characters, *(line.speaker for line in beat.dialogue))]
    return {slug(name): name for name in names if name.strip()}


def _row_faults(draft: Draft, story: Story, rows: Sequence[Beat]) -> Iterator[str]:
    numbers = [beat.row for beat in rows]
    shown = [shot.source_row for shot in draft.shots]
    if story.kind == "shot_list":
        if shown != numbers:
            yield (
                f"it is a shot list: the shots' source_row must be exactly {numbers}, one shot a row, but are {shown}"
            )
        return
    if unknown := sorted(set(shown) - set(numbers)):
        yield f"there are no rows {unknown}: source_row must be one of {numbers}"
    if missing := [number for number in numbers if number not in shown]:
        yield f"no shot shows the rows {missing}"
    if shown != sorted(shown):
        yield "the shots do not follow the order of the rows"


def _cast_faults(draft: Draft, story: Story, known_cast: Established | None) -> Iterator[str]:
    named = cast_of_story(story)
    named |= {slug(one.name): one.name for one in (known_cast.characters if known_cast else ())}
    text = _plain(
        " ".join(
            " ".join((beat.description, beat.narration, beat.notes, beat.title, *(line.text for line in beat.dialogue)))
            for beat in story.beats
        )
    )
    for character in draft.characters:
        known = slug(character.name) in named or _plain(character.name) in text
        if not known:
            whom = ", ".join(named.values()) or "nobody by name"
            yield f"the story has no {character.name!r}; it names {whom}"
    counts = Counter(slug(character.name) for character in draft.characters)
    yield from (f"the character {name!r} is listed {count} times" for name, count in counts.items() if count > 1)


def _shot_faults(draft: Draft, rows: Sequence[Beat], known: Established | None) -> Iterator[str]:
    cast = {slug(one.name) for one in (*draft.characters, *(known.characters if known else ()))}
    places = {slug(one.name) for one in (*draft.locations, *(known.locations if known else ()))}
    beats = {beat.row: beat for beat in rows}
    for number, shot in enumerate(draft.shots, start=1):
        yield from (
            f"shot {number} shows {name!r}, who is not among the characters"
            for name in (*shot.characters, *(line.speaker for line in shot.dialogue if line.speaker != NARRATOR))
            if slug(name) not in cast
        )
        if slug(shot.location) not in places:
            yield f"shot {number} plays at {shot.location!r}, which is not among the locations"
        if not 0 < shot.duration_s <= _LONGEST_SHOT_S:
            yield f"shot {number} lasts {shot.duration_s} s; 0 to {_LONGEST_SHOT_S:.0f} is possible"
        if not shot.action.strip():
            yield f"shot {number} has no action"
        if beat := beats.get(shot.source_row):
            yield from _contradictions(number, shot, beat)


def _contradictions(number: int, shot: DraftShot, beat: Beat) -> Iterator[str]:
    """Who is in a shot though the row that it shows lists others."""
    if not beat.characters:
        return
    listed = {slug(name) for name in (*beat.characters, *(line.speaker for line in beat.dialogue))}
    text = _plain(beat.description)
    for name in shot.characters:
        if slug(name) not in listed and _plain(name) not in text:
            yield f"shot {number} shows {name!r}, but row {beat.row} has only {', '.join(beat.characters)}"


def _word_faults(draft: Draft, rows: Sequence[Beat]) -> Iterator[str]:
    spoken = Counter((slug(line.speaker), _plain(line.text)) for shot in draft.shots for line in shot.dialogue)
    wanted = Counter(
        (slug(who), _plain(line.text)) for beat in rows for line in beat.dialogue if (who := _speaker(line))
    )
    texts = Counter(_plain(line.text) for beat in rows for line in beat.dialogue)
    for beat in rows:
        for line in beat.dialogue:
            who = _speaker(line)
            key = (slug(who), _plain(line.text))
            if who and spoken[key] < wanted[key]:
                yield f"row {beat.row}: {who} must say, word for word: {line.text}"
    for shot in draft.shots:
        for line in shot.dialogue:
            if _plain(line.text) not in texts:
                yield f"the story has no line {line.text!r}; add none"


def _speaker(line: Line) -> str:
    return NARRATOR if line.narrator else line.speaker


def _narration_faults(draft: Draft, rows: Sequence[Beat]) -> Iterator[str]:
    for beat in rows:
        told = _plain(" ".join(shot.narration for shot in draft.shots if shot.source_row == beat.row))
        if told == _plain(beat.narration):
            continue
        if beat.narration.strip():
            yield f"row {beat.row}: its narration must be read once, word for word: {beat.narration}"
        else:
            yield f"row {beat.row} has no narration; add none"


def _plain(text: str) -> str:
    """Letters and digits only, in lower case: quotes and stops may differ, words may not."""
    return _NO_LETTER.sub(" ", text.casefold()).strip()
