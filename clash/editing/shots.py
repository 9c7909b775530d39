"""Which shots of a screenplay belong to which row of its story."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from clash.editing.rows import share_of, words_in
from clash.story.screenplay import Beat, Screenplay, Shot, Story

BEFORE_THE_FIRST = -1
"""In place of a row, for shots that a person put before the first row's."""


def rows_of_shots(story: Story, screenplay: Screenplay) -> list[int]:
    """The row (the index of a beat) to which each shot belongs; `BEFORE_THE_FIRST` for one that has none.

    A shot whose `source_row` is no row of the story was put there by a person: it goes with the row of the shot before.
    """
    by_number: dict[int, list[int]] = {}
    for index, beat in enumerate(story.beats):
        by_number.setdefault(beat.row, []).append(index)
    rows: list[int] = []
    shots = screenplay.shots
    for number, same in groupby(range(len(shots)), key=lambda index: shots[index].source_row):
        indexes = list(same)
        beats = by_number.get(number)
        if beats is None:
            rows += [rows[-1] if rows else BEFORE_THE_FIRST] * len(indexes)
        elif len(beats) == 1:
            rows += beats * len(indexes)
        else:
            told = _shared_out([shots[index] for index in indexes], [story.beats[beat] for beat in beats])
            rows += [beats[place] for place in told]
    return rows


def _shared_out(shots: Sequence[Shot], beats: Sequence[Beat]) -> list[int]:
    """Which of several beats of one row each shot shows, in order: a table with one story per row has such beats.

    The most likely way by the words that shots and beats share, each beat with a shot if there are enough.
    """
    described = [words_in(beat.description) for beat in beats]
    likeness = [[share_of(words_in(shot.action), words) for words in described] for shot in shots]
    last = len(beats) - 1
    worst = -1.0 * len(shots)
    best: list[list[tuple[float, int]]] = []
    for index in range(len(shots)):
        row: list[tuple[float, int]] = []
        for beat in range(len(beats)):
            if index == 0:
                row.append((likeness[0][0] if beat == 0 else worst, 0))
                continue
            stays, moves = best[-1][beat][0], best[-1][beat - 1][0] if beat else worst
            came_from = beat if stays >= moves else beat - 1
            row.append((likeness[index][beat] + max(stays, moves), came_from))
        best.append(row)
    at = min(last, len(shots) - 1)
    found: list[int] = []
    for row in reversed(best):
        found.append(at)
        at = row[at][1]
    return found[::-1]
