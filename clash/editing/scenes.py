"""Put the shots of a changed story into scenes: those of before where nothing changed, else by the table's labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from clash.editing.rows import plain
from clash.story.screenplay import Beat, Scene, Screenplay, Shot, Story

_LONGEST_NUMBER = 12


@dataclass(frozen=True)
class PlacedShot:
    """A shot of the changed screenplay, with where it comes from.

    `row` is the index of its beat in the new story, -1 for none; `old_row` that in the old one. `scene` is its scene in
    the old screenplay, or in what the writer answered if it `is_written`.
    """

    shot: Shot
    row: int
    old_row: int | None
    scene: int
    at: int
    """Its place among the shots of that screenplay, counted from 0."""
    is_written: bool


class Scenes:
    """Groups shots into scenes."""

    def __init__(self, old: Story, screenplay: Screenplay, new: Story, answer: Screenplay | None) -> None:
        self._old_labels, self._new_labels = labels_of(old), labels_of(new)
        self._old, self._new = old.beats, new.beats
        self._scenes = screenplay.scenes
        self._written = answer.scenes if answer else ()
        self._starts = {False: _starts(self._scenes), True: _starts(self._written)}
        self._are_counted = all(scene.number == str(count) for count, scene in enumerate(self._scenes, start=1))

    def of(self, shots: Sequence[PlacedShot]) -> tuple[Scene, ...]:
        """All scenes, with their shots numbered from 1 through the film."""
        groups: list[list[PlacedShot]] = []
        for shot in shots:
            if groups and not self._parts(groups[-1][-1], shot):
                groups[-1].append(shot)
            else:
                groups.append([shot])
        scenes: list[Scene] = []
        number = 0
        for count, group in enumerate(groups, start=1):
            numbered: list[Shot] = []
            for placed in group:
                number += 1
                shot = placed.shot
                numbered.append(shot if shot.number == number else shot.model_copy(update={"number": number}))
            scenes.append(self._scene(count, group, tuple(numbered)))
        return tuple(scenes)

    def _parts(self, one: PlacedShot, other: PlacedShot) -> bool:
        """Whether a scene ends between two shots."""
        if one.row == other.row and one.is_written == other.is_written:
            return one.scene != other.scene
        old_one, old_other = one.old_row, other.old_row
        if not one.is_written and not other.is_written and other.at == one.at + 1:
            were_one = self._old_label(old_one) == self._old_label(old_other)
            if were_one == (self._label(one) == self._label(other)):
                return one.scene != other.scene
        if self._label(one) or self._label(other):
            return self._label(one) != self._label(other)
        return (one.shot.location, one.shot.time) != (other.shot.location, other.shot.time)

    def _label(self, placed: PlacedShot) -> str:
        return self._new_labels[placed.row] if placed.row >= 0 else ""

    def _old_label(self, row: int | None) -> str:
        return self._old_labels[row] if row is not None and row >= 0 else ""

    def _scene(self, count: int, group: Sequence[PlacedShot], shots: tuple[Shot, ...]) -> Scene:
        first = next((placed for placed in group if not placed.is_written), group[0])
        source = (self._written if first.is_written else self._scenes)[first.scene]
        begins = first is group[0] and first.at in self._starts[first.is_written]
        return Scene(
            number=self._number(count, first, source),
            title=self._title(group, first, source),
            location=source.location if begins else shots[0].location,
            time=source.time if begins else shots[0].time,
            weather=source.weather if begins else shots[0].weather,
            shots=shots,
        )

    def _number(self, count: int, first: PlacedShot, source: Scene) -> str:
        written = plain(self._new[first.row].scene) if first.row >= 0 else ""
        is_number = bool(written) and len(written) <= _LONGEST_NUMBER
        if first.is_written:
            return written if is_number else str(count) if self._are_counted else source.number or str(count)
        before = plain(self._old[first.old_row].scene) if first.old_row is not None and first.old_row >= 0 else ""
        if is_number and source.number == before:
            return written
        return str(count) if self._are_counted else source.number

    def _title(self, group: Sequence[PlacedShot], first: PlacedShot, source: Scene) -> str:
        """The title of before; the table's where it was the table's."""
        if first.is_written:
            titles = [self._new[placed.row].title for placed in group if placed.row >= 0]
            return next(filter(None, titles), source.title)
        for placed in group:
            if placed.row >= 0 and placed.old_row is not None and placed.old_row >= 0:
                before, after = self._old[placed.old_row].title, self._new[placed.row].title
                if before and plain(before) == plain(source.title):
                    return source.title if plain(before) == plain(after) else after
        return source.title


def _starts(scenes: Sequence[Scene]) -> set[int]:
    """Where scenes begin: places among all shots, counted from 0."""
    ends = list(accumulate(len(scene.shots) for scene in scenes))
    return {0, *ends}


def labels_of(story: Story) -> list[str]:
    """What says of each row to which scene it belongs: its scene's label, else its title; "" where places do."""
    beats: Sequence[Beat] = story.beats
    if any(beat.scene for beat in beats):
        return ["\n".join((plain(beat.act), plain(beat.scene))) for beat in beats]
    if any(beat.location or beat.shot or beat.shot_size for beat in beats) or not any(beat.title for beat in beats):
        return ["" for _ in beats]
    labels: list[str] = []
    for beat in beats:
        labels.append(plain(beat.title) or (labels[-1] if labels else ""))
    return labels
