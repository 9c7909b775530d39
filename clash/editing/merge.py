"""Merge a changed story into the screenplay that there is: what did not change keeps its shots, word for word."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from clash.editing.answer import AnsweredRows
from clash.editing.looks import LookChange, is_a_costume, look_changes, with_new_looks
from clash.editing.order import Row, ordered
from clash.editing.rows import RowContent, RowMatch, contents_of, match_rows
from clash.editing.scenes import PlacedShot, Scenes, labels_of
from clash.editing.shots import rows_of_shots
from clash.editing.table_cells import reread
from clash.editing.told_looks import ToldLook, told_looks, with_told, with_told_words
from clash.providers.ports import Established, Neighbour, Neighbours
from clash.story.screenplay import Beat, Character, Location, Screenplay, Shot, Story


@dataclass(frozen=True)
class PlannedRow:
    """A row of the new story (its beat's index), the row of the old one that it was, and its shots.

    `kept`: as they were; `reread`: with what the table itself says otherwise now; `written`: a writer is to write them.
    """

    state: Literal["kept", "reread", "written"]
    new: int
    old: int | None
    shots: tuple[Shot, ...] = ()


@dataclass(frozen=True)
class MergePlan:
    """What becomes of a screenplay when its story changes."""

    old_story: Story
    old_screenplay: Screenplay
    new_story: Story
    rows: tuple[PlannedRow, ...]
    """The rows of the new story, in order."""
    removed: tuple[int, ...]
    """The rows of the old story (their beats' indexes) that are in the new one no more."""
    looks: tuple[LookChange, ...]
    """Characters whose look the table says otherwise now."""
    rows_of_shots: tuple[int, ...]
    """The old row of each shot of the old screenplay."""
    is_own: tuple[bool, ...]
    """Of each of these shots, whether it shows the row; else a person put it behind the row's shots."""

    @property
    def needs_writer(self) -> bool:
        """Whether there are rows that only a writer can write."""
        return bool(self.written)

    @cached_property
    def written(self) -> tuple[int, ...]:
        """The rows of the new story that a writer is to write."""
        return tuple(row.new for row in self.rows if row.state == "written")

    @cached_property
    def story(self) -> Story:
        """The story of those rows alone, each with the place that it has from the rows above it."""
        contents = contents_of(self.new_story)
        numbers = [self.new_story.beats[index].row for index in self.written]
        unique = len(set(numbers)) == len(numbers)
        beats: list[Beat] = []
        for count, index in enumerate(self.written, start=1):
            content = contents[index]
            update = {} if content.beat.location else {"location": content.place, "int_ext": content.int_ext}
            if not content.beat.time and content.time:
                update["time"] = content.time
            number = content.beat.row if unique else count
            beats.append(content.beat.model_copy(update={**update, "row": number}))
        return self.new_story.model_copy(update={"beats": tuple(beats), "warnings": ()})

    @cached_property
    def characters(self) -> tuple[Character, ...]:
        """The cast of before, with the looks of now."""
        changed = {change.before.slug: change.after for change in self.looks}
        return tuple(changed.get(character.slug, character) for character in self.old_screenplay.characters)

    @cached_property
    def established(self) -> Established:
        """What the writer of those rows is told of the screenplay."""
        screenplay, labels = self.old_screenplay, labels_of(self.new_story)
        after: list[Neighbour | None] = [None]
        for row in reversed(self.rows):
            after.append(_neighbour(row.shots[0]) if row.shots else after[-1])
        neighbours: list[Neighbours] = []
        before: Neighbour | None = None
        shown: dict[str, None] = {}
        for row, next_one, above in zip(self.rows, after[-2::-1], (None, *self.rows), strict=False):
            if row.state == "written":
                told = Neighbours(
                    before=before,
                    after=next_one,
                    shown=tuple(shown),
                    follows=above is not None and above.state == "written",
                    same_scene=above is not None and labels[row.new] == labels[above.new] != "",
                )
                neighbours.append(told)
            elif row.shots:
                before = _neighbour(row.shots[-1])
                shown.update(dict.fromkeys(shot.location for shot in row.shots))
        return Established(
            title=screenplay.title,
            style=screenplay.style,
            characters=self.characters,
            locations=screenplay.locations,
            neighbours=tuple(neighbours),
            narrated=_is_narrated(self.old_story, screenplay) and not _has_words(self.new_story),
        )


def plan_merge(old_story: Story, old_screenplay: Screenplay, new_story: Story) -> MergePlan:
    """Say what becomes of each row of a changed story; see `MergePlan`."""
    old, new = contents_of(old_story), contents_of(new_story)
    of_shots = rows_of_shots(old_story, old_screenplay)
    numbers = {beat.row for beat in old_story.beats}
    is_own = tuple(shot.source_row in numbers for shot in old_screenplay.shots)
    shots: dict[int, list[Shot]] = {}
    for row, own, shot in zip(of_shots, is_own, old_screenplay.shots, strict=True):
        if own:
            shots.setdefault(row, []).append(shot)
    matches = match_rows(old_story, new_story)
    pairs = [(old[m.old], new[m.new]) for m in matches if m.old is not None and m.new is not None]
    cast = old_screenplay.characters
    told = {match.new: _told(match, old, new, shots, cast) for match in matches if match.new is not None}
    looks = with_told(look_changes(pairs, new, cast), (one for of_row in told.values() for one in of_row), cast)
    rows: list[PlannedRow] = []
    for match in matches:
        if match.new is None:
            continue
        if match.old is None:
            rows.append(PlannedRow("written", match.new, None))
            continue
        of_row = shots.get(match.old, [])
        found = _changed(match, old[match.old], new, of_row, cast, told[match.new])
        if found is None:
            rows.append(PlannedRow("written", match.new, match.old))
            continue
        changed = tuple(with_new_looks(shot, looks) for shot in found)
        rows.append(PlannedRow("kept" if list(changed) == of_row else "reread", match.new, match.old, changed))
    removed = tuple(match.old for match in matches if match.new is None and match.old is not None)
    return MergePlan(old_story, old_screenplay, new_story, tuple(rows), removed, tuple(looks), tuple(of_shots), is_own)


def _told(
    match: RowMatch,
    old: Sequence[RowContent],
    new: Sequence[RowContent],
    shots: Mapping[int, Sequence[Shot]],
    cast: Sequence[Character],
) -> tuple[ToldLook, ...]:
    """The looks that the description of a row says otherwise now, and nothing else."""
    if match.old is None or match.new is None or "description" not in match.fields:
        return ()
    before, after = old[match.old].beat.description, new[match.new].beat.description
    others = (row.beat.description for index, row in enumerate(new) if index != match.new)
    return told_looks(before, after, shots.get(match.old, ()), cast, others)


def _changed(
    match: RowMatch,
    old: RowContent,
    story: Sequence[RowContent],
    shots: Sequence[Shot],
    cast: Sequence[Character],
    told: Sequence[ToldLook],
) -> Sequence[Shot] | None:
    """The shots of a row; None where a writer is to write them."""
    if match.state == "kept" or match.new is None:
        return shots
    new = story[match.new]
    if old.looks != new.looks and is_a_costume(old, new, story):
        return None
    fields = match.fields
    if told:
        fields -= {"description"}
        shots = with_told_words(shots, told, aloud=not old.beat.narration)
    return reread(fields, old.beat, new.beat, shots, cast) if fields else shots


def merged(plan: MergePlan, answer: Screenplay | None = None) -> Screenplay:
    """The screenplay of the new story. Of the `answer` only the shots of the written rows count, and new names.

    Shots are numbered from 1, and each names its row in the new story. Raises `ProviderError` (`bad_screenplay`) for an
    answer that lacks a row.
    """
    old = plan.old_screenplay
    answered = AnsweredRows(answer, plan.story.beats, plan.characters, old.locations)
    placed = _placed(plan, answered)
    shots = [one.shot for one in placed]
    scenes = Scenes(plan.old_story, old, plan.new_story, answer)
    is_same_language = plan.old_story.language == plan.new_story.language
    return old.model_copy(
        update={
            "language": old.language if is_same_language else plan.new_story.language,
            "characters": (
                *(one for one in plan.characters if not (_has(old.shots, one) and not _has(shots, one))),
                *(one for one in answered.characters if _has(shots, one)),
            ),
            "locations": (
                *(one for one in old.locations if not (_is_at(old.shots, one) and not _is_at(shots, one))),
                *(one for one in answered.locations if _is_at(shots, one)),
            ),
            "scenes": scenes.of(placed),
        }
    )


def _placed(plan: MergePlan, answered: AnsweredRows) -> list[PlacedShot]:
    """All shots in the order of the film."""
    old_shots, beats = plan.old_screenplay.shots, plan.new_story.beats
    scene_of = [number for number, scene in enumerate(plan.old_screenplay.scenes) for _ in scene.shots]
    numbers = {beat.row for beat in beats}
    rows = [Row(row.new, row.old, is_written=row.state == "written") for row in plan.rows]
    waiting = {row.new: list(row.shots) for row in plan.rows}
    placed: list[PlacedShot] = []
    for new, at in ordered(rows, plan.rows_of_shots, plan.is_own):
        old = plan.rows[new].old if new >= 0 else None
        if at is None:
            for shot, scene, place in answered.of(plan.written.index(new)):
                told = shot.model_copy(update={"source_row": beats[new].row})
                placed.append(PlacedShot(told, new, old, scene, place, is_written=True))
            continue
        shot = old_shots[at]
        if plan.is_own[at]:
            shot, number = waiting[new].pop(0), beats[new].row
        else:
            number = 0 if shot.source_row in numbers else shot.source_row
        shot = shot if shot.source_row == number else shot.model_copy(update={"source_row": number})
        placed.append(PlacedShot(shot, new, old, scene_of[at], at, is_written=False))
    return placed


def _has(shots: Iterable[Shot], character: Character) -> bool:
    """Whether a character is seen or heard in any of the shots."""
    return any(
        character.slug in shot.characters or any(line.speaker == character.name for line in shot.dialogue)
        for shot in shots
    )


def _is_at(shots: Iterable[Shot], location: Location) -> bool:
    return any(shot.location == location.slug for shot in shots)


def _has_words(story: Story) -> bool:
    return any(beat.dialogue or beat.narration for beat in story.beats)


def _is_narrated(story: Story, screenplay: Screenplay) -> bool:
    """Whether the writer had the descriptions read aloud."""
    return not _has_words(story) and any(shot.narration for shot in screenplay.shots)


def _neighbour(shot: Shot) -> Neighbour:
    return Neighbour(
        location=shot.location,
        time=shot.time,
        weather=shot.weather,
        characters=shot.characters,
        action=shot.action,
        size=shot.size,
        movement=shot.movement,
    )
