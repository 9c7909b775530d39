"""Which shots of a screenplay a change keeps, moves, changes, adds and removes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from clash.editing.merge import MergePlan
from clash.story.alignment import Pair, match_shots, paired
from clash.story.screenplay import Screenplay, Shot, shot_slot


def shot_changes(before: Screenplay, after: Screenplay, plan: MergePlan | None = None) -> list[Pair]:
    """Return every shot of both once, in the order of `after`.

    With a `plan` the shots of a row are the same shots, however they are worded anew. A shot has changed as well where
    the film's style, its place, or somebody in it looks otherwise now.
    """
    pairs = paired(before.shots, after.shots, _matched(before, after, plan))
    return [_with_looks(pair, before, after) for pair in pairs]


def slots_kept(pairs: Sequence[Pair]) -> dict[str, str]:
    """Return the slots of the shots that are in both, each with the slot that it has afterwards."""
    return {shot_slot(pair.a.number): shot_slot(pair.b.number) for pair in pairs if pair.a and pair.b}


def _matched(before: Screenplay, after: Screenplay, plan: MergePlan | None) -> Mapping[int, int]:
    numbers = [] if plan is None else [beat.row for beat in plan.new_story.beats]
    if plan is None or len(set(numbers)) < len(numbers):
        return match_shots(before.shots, after.shots)
    old_places: dict[int, list[int]] = defaultdict(list)
    for place, row in enumerate(plan.rows_of_shots):
        old_places[row].append(place)
    new_places: dict[int, list[int]] = defaultdict(list)
    for place, shot in enumerate(after.shots):
        new_places[shot.source_row].append(place)
    found: dict[int, int] = {}
    for row in plan.rows:
        if row.old is not None:
            ours, theirs = old_places[row.old], new_places[numbers[row.new]]
            found |= dict(_of_row(before.shots, after.shots, ours, theirs))
    # Shots that belong to no row of the table.
    left = [place for place in range(len(before.shots)) if plan.rows_of_shots[place] < 0]
    free = [place for place, shot in enumerate(after.shots) if shot.source_row not in numbers]
    return {**found, **dict(_of_row(before.shots, after.shots, left, free, only_alike=True))}


def _of_row(
    before: Sequence[Shot],
    after: Sequence[Shot],
    ours: Sequence[int],
    theirs: Sequence[int],
    *,
    only_alike: bool = False,
) -> Iterator[tuple[int, int]]:
    """Pair the shots of one row: those that are alike, then the others in order."""
    alike = match_shots([before[place] for place in ours], [after[place] for place in theirs])
    yield from ((ours[here], theirs[there]) for here, there in alike.items())
    if not only_alike:
        left = [place for here, place in enumerate(ours) if here not in alike]
        taken = set(alike.values())
        yield from zip(left, (place for there, place in enumerate(theirs) if there not in taken), strict=False)


def _with_looks(pair: Pair, before: Screenplay, after: Screenplay) -> Pair:
    if pair.state not in ("kept", "moved") or not pair.a or not pair.b:
        return pair
    return pair if _look(before, pair.a) == _look(after, pair.b) else replace(pair, state="changed")


def _look(screenplay: Screenplay, shot: Shot) -> list[Any]:
    """How the style, the place and the people of a shot look."""
    people = {character.slug: character for character in screenplay.characters}
    places = {location.slug: location for location in screenplay.locations}
    return [screenplay.style, places.get(shot.location), *(people.get(slug) for slug in shot.characters)]
