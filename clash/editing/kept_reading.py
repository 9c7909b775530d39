"""Keep how a table was read where nobody changed it, though today's clash reads it differently.

Three readings are compared: the one that a run has (`before`), today's of the same table (`again`), and today's of the
changed table (`after`). What differs between the last two was changed by a person; what differs between the first two
is a difference of the reader alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from clash.editing.rows import match_rows
from clash.story.reader import Reading
from clash.story.screenplay import Beat, Line, Story

_LABELS = frozenset({"scene", "shot", "act", "extra"})
"""Fields that cost nothing."""
_ALONE = _LABELS | {"duration_s", "shot_size", "angle", "movement", "lens", "transition", "last_frame"}
"""Fields that have columns of their own: a change of one says nothing of the row's other fields."""
_FIELDS = tuple(name for name in Beat.model_fields if name not in ("row", "reference_image"))
"""What a reader may read differently. The name of a file is a name."""
_OF_STORY = ("title", "kind", "language")
_LONGEST_VALUE = 40


@dataclass(frozen=True)
class Difference:
    """A row of the changed table that is read differently: what each field was, and what it is for today's reader."""

    row: int
    fields: tuple[str, ...]
    before: str
    now: str
    is_kept: bool = True
    """Whether the reading of before is kept. It is not where a person has changed just what is read differently."""
    is_sure: bool = True
    """Whether it is read differently for sure; else a person may have changed it."""


@dataclass(frozen=True)
class KeptReading:
    """A story of which what nobody changed is read as before, and all rows that today's reader reads differently."""

    story: Story
    differences: tuple[Difference, ...] = ()


def keep_reading(before: Story, again: Reading, after: Reading) -> KeptReading:
    """Return the changed story, read as before where nobody changed it."""
    segments = list(_segments(before, again.story))
    segment_of = {index: segment for segment in segments for index in segment.again}
    left_out = _left_out(segments, before, again.story)
    matches = match_rows(_with_left_out(again.story, left_out), _with_left_out(after.story, left_out))
    old_of = {match.new: match.old for match in matches if match.new is not None}
    new_of = {old: new for new, old in old_of.items() if old is not None}
    beats: list[Beat] = []
    differences: list[Difference] = []
    done = set[int]()
    places = _places_of_before(before, again.story, segments)
    for new, beat in enumerate(after.story.beats):
        old = old_of.get(new)
        if new in done:
            continue
        if old is None:
            beats.append(_at(places, beat))
            continue
        segment = segment_of[old]
        if segment.is_of_one_row:
            kept = _kept(before.beats[segment.before[0]], again.story.beats[old], beat)
            beats.append(kept.beat if kept.is_kept else _at(places, kept.beat))
            differences += kept.differences
            continue
        found = _kept_rows(segment, before, again, after, [new_of.get(index) for index in segment.again])
        if found is None:
            beats.append(beat)
            differences.append(Difference(beat.row, ("rows",), "", "", is_kept=False))
            continue
        beats += found
        done.update(new_of[index] for index in segment.again)
        differences.append(Difference(beat.row, ("rows",), _rows(len(segment.before)), _rows(len(segment.again))))
    update: dict[str, Any] = {name: getattr(after.story, name) for name in _OF_STORY}
    update |= {name: getattr(before, name) for name in _OF_STORY if getattr(again.story, name) == update[name]}
    story = after.story.model_copy(update={**update, "beats": tuple(beats)})
    return KeptReading(story, tuple(differences))


def _places_of_before(before: Story, again: Story, segments: Sequence[_Segment]) -> dict[str, str]:
    """The places that are read differently in all their rows: what each is today, to what it was.

    So a new row at a place that the film has is there, and nobody pays for that place once more.
    """
    found: dict[str, set[str]] = {}
    for segment in segments:
        if segment.is_of_one_row:
            now, was = again.beats[segment.again[0]].location, before.beats[segment.before[0]].location
            found.setdefault(now, set()).add(was)
    return {now: was for now, (was, *more) in found.items() if now and was and was != now and not more}


def _at(places: Mapping[str, str], beat: Beat) -> Beat:
    was = places.get(beat.location)
    return beat if was is None else beat.model_copy(update={"location": was})


# -- what today's reader leaves out ------------------------------------------------------------------------------------


def _left_out(segments: Sequence[_Segment], before: Story, again: Story) -> set[str]:
    """The names of what today's reader leaves out of a row, which the one before may have read."""
    rows = [(before.beats[one.before[0]], again.beats[one.again[0]]) for one in segments if one.is_of_one_row]
    return {name for was, now in rows for name in _left_out_of(was, now)}


def _left_out_of(before: Beat, again: Beat) -> Iterator[str]:
    return (name for name, text in again.extra.items() if text not in before.extra.values())


def _with_left_out(story: Story, names: Collection[str]) -> Story:
    """Return the story with what is left out among its notes, so that rows are told apart that differ in it alone."""
    if not names:
        return story
    beats = [
        beat.model_copy(
            update={"notes": "\n".join((beat.notes, *(beat.extra.get(name, "") for name in sorted(names))))}
        )
        for beat in story.beats
    ]
    return story.model_copy(update={"beats": tuple(beats)})


# -- a row -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Kept:
    beat: Beat
    differences: tuple[Difference, ...] = ()
    is_kept: bool = True


def _kept(before: Beat, again: Beat, after: Beat) -> _Kept:
    """The row of the changed table, with the fields of before that are read differently and were not changed.

    Where a person changed just what is read differently, or what today's reader leaves out and the one before may have
    read, the whole row is read anew: its parts belong together.
    """
    by_reader = {name for name in _FIELDS if getattr(before, name) != getattr(again, name)}
    if not by_reader:
        return _Kept(after)
    by_person = {name for name in _FIELDS if getattr(again, name) != getattr(after, name)}
    told = tuple(name for name in _FIELDS if name in by_reader - _LABELS)
    is_kept = not (by_reader & by_person) - _ALONE
    if told and any(after.extra.get(name) != again.extra[name] for name in _left_out_of(before, again)):
        is_kept = False
    differences = _told(after.row, told, before, again if is_kept else after, is_kept=is_kept)
    if not is_kept:
        return _Kept(after, differences, is_kept=False)
    update = {name: getattr(before, name) for name in by_reader - by_person}
    return _Kept(after.model_copy(update=update), differences)


def _told(row: int, fields: tuple[str, ...], before: Beat, now: Beat, *, is_kept: bool) -> tuple[Difference, ...]:
    if not fields:
        return ()
    name = fields[0]
    return (Difference(row, fields, shown(getattr(before, name)), shown(getattr(now, name)), is_kept),)


def shown(value: Any) -> str:
    """Return a value in a few words: `MARA: Come back. / Ivo: No.`."""
    if isinstance(value, tuple):
        parts = cast("tuple[Line | str, ...]", value)
        text = " / ".join(_line(part) if isinstance(part, Line) else part for part in parts)
    elif isinstance(value, Mapping):
        text = " / ".join(cast("Mapping[str, str]", value).values())
    else:
        text = "" if value is None else str(value)
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"


def _line(line: Line) -> str:
    who = f"narrator {line.voice}".strip() if line.narrator else line.speaker
    return f"{who}: {line.text}" if who else line.text


def _rows(count: int) -> str:
    return "no shot" if not count else "one shot" if count == 1 else f"{count} shots"


# -- rows of which one reader makes shots and the other does not -------------------------------------------------------


@dataclass(frozen=True)
class _Segment:
    """The beats (their indexes) that two readings make of the same rows of a table, and where these rows begin and end.

    More than one, or none, on a side where one reading makes a beat of a row and the other does not.
    """

    before: tuple[int, ...]
    again: tuple[int, ...]
    start: int
    end: int | None

    @property
    def is_of_one_row(self) -> bool:
        """Whether both readings make one beat of it."""
        return len(self.before) == len(self.again) == 1


def _segments(before: Story, again: Story) -> Iterator[_Segment]:
    old, new = _places(before), _places(again)
    both = sorted(old.keys() & new.keys())
    every = sorted(old.keys() | new.keys())
    # Rows above the first one that both film belong to it.
    starts = [0, *(every.index(place) for place in both[1:])] if every else []
    for at, end in zip(starts, [*starts[1:], len(every)], strict=True):
        places = every[at:end]
        yield _Segment(
            tuple(old[place] for place in places if place in old),
            tuple(new[place] for place in places if place in new),
            places[0][0],
            every[end][0] if end < len(every) else None,
        )


def _places(story: Story) -> dict[tuple[int, int], int]:
    """Where each beat stands: its row, and which one of the row's beats it is."""
    seen = Counter[int]()
    found: dict[tuple[int, int], int] = {}
    for index, beat in enumerate(story.beats):
        found[beat.row, seen[beat.row]] = index
        seen[beat.row] += 1
    return found


def _kept_rows(
    segment: _Segment, before: Story, again: Reading, after: Reading, places: Sequence[int | None]
) -> list[Beat] | None:
    """The beats of before, if the changed table holds the very rows of a segment; else None."""
    beats = after.story.beats
    if None in places or not places:
        return None
    first, last = places[0], places[-1]
    if first is None or last is None or list(places) != list(range(first, last + 1)):
        return None
    end = beats[last + 1].row if last + 1 < len(beats) else None
    # Rows above the first one that is filmed today belong to it, if the segment begins with them.
    start = beats[first].row - (again.story.beats[segment.again[0]].row - segment.start)
    old = _written(again.texts, segment.start, segment.end)
    new = _written(after.texts, start, end)
    if [text for _, text in old] != [text for _, text in new]:
        return None
    rows = {row: number for (row, _), (number, _) in zip(old, new, strict=True)}
    kept = [before.beats[index] for index in segment.before]
    if not all(beat.row in rows for beat in kept):
        return None
    return [beat.model_copy(update={"row": rows[beat.row]}) for beat in kept]


def _written(texts: Mapping[int, tuple[str, ...]], start: int, end: int | None) -> list[tuple[int, tuple[str, ...]]]:
    return [(row, text) for row, text in texts.items() if start <= row and (end is None or row < end)]
