"""Tell what a person changed in a table from what is read differently, where the table of before is not there.

Then the reading of before and the cells of the changed table are all there is. A value that a cell still holds word for
word was not changed, unless that cell was read as something else; a value whose words are no longer in the row was. Of
anything else, nobody can tell.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from clash.editing.kept_reading import Difference, KeptReading, shown
from clash.editing.rows import match_rows, plain, words_in
from clash.story.reader import Reading
from clash.story.screenplay import Beat, Story

_GROUPS = {
    "dialogue": ("dialogue", "narration", "narration_translations"),
    "description": ("description", "on_screen_text"),
}
"""Fields that belong together, by the one that names them."""
_NAMES = {"place": "location", "people": "characters", "narration": "dialogue"}
"""Names of compared fields to those of beats."""
_NO_WORDS = frozenset({"duration_s", "reference_image"})
_WORDED_OTHERWISE = frozenset({"int_ext", "time"})
"""Fields that have one word for all that mean the same."""
_TEXTS = tuple(
    name
    for name, field in Beat.model_fields.items()
    if field.annotation is str and name not in ("act", "scene", "shot", "title", "narration", "last_frame")
)
"""Fields that hold the text of a cell that is no label. Narration is spoken."""


def keep_verbatim(before: Story, after: Reading, *, keep_unsure: bool = False) -> KeptReading:
    """Return the changed story, with what is only read differently as it was read before.

    `keep_unsure`: also keep what may be read differently or changed.
    """
    beats = list(after.story.beats)
    ends = [*(beat.row for beat in beats[1:]), None]
    differences: list[Difference] = []
    for match in match_rows(before, after.story):
        if match.old is None or match.new is None or not match.fields:
            continue
        old, new = before.beats[match.old], beats[match.new]
        cells = _cells(after, new.row, ends[match.new])
        found = list(_of_row(old, new, match.fields, cells, keep_unsure=keep_unsure))
        names = [name for one in found if one.is_kept for name in _GROUPS.get(one.fields[0], one.fields)]
        beats[match.new] = new.model_copy(update={name: getattr(old, name) for name in names})
        differences += found
    return KeptReading(after.story.model_copy(update={"beats": tuple(beats)}), tuple(differences))


def _of_row(
    old: Beat, new: Beat, fields: Collection[str], cells: Sequence[str], *, keep_unsure: bool
) -> Iterator[Difference]:
    """What is read differently in a row, for sure or perhaps."""
    names = set(fields) - ({"on_screen_text"} if "description" in fields else set[str]())
    for field in dict.fromkeys(_NAMES.get(name, name) for name in sorted(names)):
        group = _GROUPS.get(field, (field,))
        if field in _NO_WORDS or all(getattr(old, name) == getattr(new, name) for name in group):
            continue
        is_same = _is_same(field, old, new, cells)
        if is_same or not _is_gone(field, old, cells):
            was, now = (
                next((text for name in group if (text := shown(getattr(beat, name)))), "") for beat in (old, new)
            )
            yield Difference(new.row, (field,), was, now, is_same or keep_unsure, is_sure=is_same)


def _cells(reading: Reading, start: int, end: int | None) -> list[str]:
    """The cells of a row, and of those below that go on with it."""
    last = max(reading.texts, default=0)
    rows = (reading.texts.get(row, ()) for row in range(start, last + 1 if end is None else end))
    return [cell for cells in rows for cell in map(plain, cells) if cell]


def _is_same(field: str, old: Beat, new: Beat, cells: Sequence[str]) -> bool:
    """Whether the cells say just what was read before, and the field holds no words that were not in the row."""
    group = _GROUPS.get(field, (field,))
    if not _words_in_row(new, group) <= _words_in_row(old):
        return False
    if field == "dialogue":
        return _is_said_the_same(old, new, cells)
    value = getattr(old, field)
    if field == "characters":
        said = _words_of(value)
        return bool(said) and sum(words_in(cell) == said for cell in cells) > _elsewhere(said, field, old, cells)
    written = cells.count(plain(value)) if plain(value) else 0
    return written > _elsewhere(words_in(value), field, old, cells)


def _words_in_row(beat: Beat, names: Collection[str] = ()) -> set[str]:
    """Return the words of these fields of a row; without names, all words that were read in it."""
    texts = [getattr(beat, name) for name in (*_TEXTS, "title", "narration") if not names or name in names]
    if not names or "dialogue" in names:
        texts += [text for line in beat.dialogue for text in (line.speaker, line.direction, line.voice, line.text)]
    if not names or "characters" in names:
        texts += beat.characters
    return set(_words_of(texts if names else [*texts, *beat.extra.values()]))


def _words_of(names: Sequence[str]) -> list[str]:
    return [word for name in names for word in words_in(name)]


def _elsewhere(said: Sequence[str], field: str, old: Beat, cells: Sequence[str]) -> int:
    """Return how many cells that say just these words were read as something else than this field."""
    values = [words_in(getattr(old, name)) for name in _TEXTS if name not in _GROUPS.get(field, (field,))]
    values += [words_in(text) for text in old.extra.values()]
    if field != "characters":
        values.append(_words_of(old.characters))
    if field != "dialogue":
        for spoken in _spoken(old):
            whole = spoken.labels + Counter(words_in(spoken.text))
            if not spoken.labels or not any(whole <= Counter(words_in(cell)) for cell in cells):
                values += [list(spoken.speaker), words_in(spoken.text)]
    return values.count(list(said))


def _is_gone(field: str, old: Beat, cells: Sequence[str]) -> bool:
    """Whether words that were read are not in the row any more."""
    there = Counter(word for cell in cells for word in words_in(cell))
    if field in _WORDED_OTHERWISE:
        return False
    if field == "dialogue":
        texts = [spoken.text for spoken in _spoken(old)]
        names = {word for spoken in _spoken(old) for word in spoken.labels}
    elif field == "characters":
        texts, names = [], {word for name in old.characters for word in words_in(name)}
    else:
        texts, names = [str(getattr(old, field))], set[str]()
    said = Counter(word for text in texts for word in words_in(text))
    return bool(said - there) or not names <= there.keys()


# -- what is said --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Spoken:
    """Words that are spoken, and those that say by whom and how."""

    text: str
    speaker: tuple[str, ...]
    labels: Counter[str]


def _spoken(beat: Beat) -> Iterator[_Spoken]:
    if beat.narration:
        yield _Spoken(plain(beat.narration), (), Counter())
    for line in beat.dialogue:
        labels = Counter(word for label in (line.speaker, line.direction, line.voice) for word in words_in(label))
        yield _Spoken(plain(line.text), tuple(words_in(line.speaker or line.voice)), labels)


def _is_said_the_same(old: Beat, new: Beat, cells: Sequence[str]) -> bool:
    """Whether the very words are said, and a cell holds them in order, each behind the names that were read.

    Then only who says them, or how, is read differently.
    """
    before, after = list(_spoken(old)), list(_spoken(new))
    if not before or Counter(one.text for one in before) != Counter(one.text for one in after):
        return False
    named = [
        name
        for name in {one.speaker for one in before if one.speaker}
        if sum(tuple(words_in(cell)) == name for cell in cells) > _elsewhere(name, "dialogue", old, cells)
    ]
    return any(_holds(cell, before, named) for cell in cells)


def _holds(cell: str, spoken: Sequence[_Spoken], named: Collection[tuple[str, ...]]) -> bool:
    """Whether a cell holds these words and nothing else but their labels. `named`: speakers whom other cells name."""
    at = 0
    for number, one in enumerate(spoken):
        found = cell.find(one.text, at)
        if found < 0:
            return False
        labels = Counter(words_in(cell[at:found]))
        at = found + len(one.text)
        if number + 1 == len(spoken):
            labels += Counter(words_in(cell[at:]))
        is_named = not labels and one.labels == Counter(one.speaker) and one.speaker in named
        if labels != one.labels and not is_named:
            return False
    return True
