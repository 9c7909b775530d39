"""Align the shots of two screenplays by what they are, not by where they stand.

A shot that says the same is the same shot, whatever its number: so a row that was inserted at the top changes no other
shot. Of several shots that say the same, the first is the first and so on.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal, cast

from clash.story.screenplay import Shot

State = Literal["kept", "moved", "changed", "added", "removed"]

_POSITION = frozenset({"number", "source_row"})
"""Fields of a shot that say where it stands."""
_ALIKE = 0.45
"""Two shots less alike than this are two shots, and not one that was changed."""
_WEIGHTS = {"action": 6, "dialogue": 3, "narration": 3, "location": 1, "characters": 1}
"""How much a field counts for whether two shots are one that was changed. The prompts repeat what these say."""
_NEAR = 40
"""How many shots further on a changed shot is looked for."""


@dataclass(frozen=True)
class Pair:
    """A shot of the one and its counterpart in the other; None where there is none. `fields`: those that differ."""

    state: State
    a: Shot | None
    b: Shot | None
    fields: tuple[str, ...] = ()


def align_shots(a: Sequence[Shot], b: Sequence[Shot]) -> list[Pair]:
    """Return every shot of both once, in the order of `b`; a removed one comes after the one before it in `a`."""
    return paired(a, b, match_shots(a, b))


def match_shots(a: Sequence[Shot], b: Sequence[Shot]) -> dict[int, int]:
    """Return the places in `b` of the shots of `a` that are there, changed or not, by their places in `a`."""
    same = _identical(a, b)
    return {**same, **_similar(a, b, same)}


def paired(a: Sequence[Shot], b: Sequence[Shot], pairs: Mapping[int, int]) -> list[Pair]:
    """Return every shot of both once, as `align_shots` does, for these pairs of places."""
    same = {here: there for here, there in pairs.items() if not differing(a[here], b[there])}
    moved = set(same) - _in_order(same)
    of_b = {there: here for here, there in pairs.items()}
    found: list[tuple[float, float, Pair]] = []
    for there, shot in enumerate(b):
        here = of_b.get(there)
        if here is None:
            found.append((there, 0, Pair("added", None, shot)))
            continue
        fields = differing(a[here], shot)
        state: State = "changed" if fields else "moved" if here in moved else "kept"
        found.append((there, 0, Pair(state, a[here], shot, fields)))
    before = -1.0
    for here, shot in enumerate(a):
        if here in pairs:
            before = pairs[here]
        else:
            found.append((before, here + 1, Pair("removed", shot, None)))
    return [pair for _, _, pair in sorted(found, key=lambda item: item[:2])]


def differing(a: Shot, b: Shot) -> tuple[str, ...]:
    """Return the fields in which two shots differ, but for their positions."""
    return tuple(name for name in Shot.model_fields if name not in _POSITION and getattr(a, name) != getattr(b, name))


def _identical(a: Sequence[Shot], b: Sequence[Shot]) -> dict[int, int]:
    places: dict[str, list[int]] = {}
    for there, shot in enumerate(b):
        places.setdefault(_content(shot), []).append(there)
    found: dict[int, int] = {}
    for here, shot in enumerate(a):
        if left := places.get(_content(shot)):
            found[here] = left.pop(0)
    return found


def _content(shot: Shot) -> str:
    return shot.model_dump_json(exclude=set(_POSITION))


def _in_order(pairs: dict[int, int]) -> set[int]:
    """Return as many of the pairs as can be that stand in the same order on both sides: the others were moved."""
    heres = sorted(pairs)
    ends: list[int] = []
    at: list[int] = []
    previous: dict[int, int | None] = {}
    for here in heres:
        length = bisect_left(ends, pairs[here])
        previous[here] = at[length - 1] if length else None
        ends[length : length + 1] = [pairs[here]]
        at[length : length + 1] = [here]
    kept: set[int] = set()
    here = at[-1] if at else None
    while here is not None:
        kept.add(here)
        here = previous[here]
    return kept


def _similar(a: Sequence[Shot], b: Sequence[Shot], same: dict[int, int]) -> dict[int, int]:
    """Pair what is left, the most alike first."""
    taken = set(same.values())
    ours = [here for here in range(len(a)) if here not in same]
    theirs = [there for there in range(len(b)) if there not in taken]
    scored: list[tuple[float, int, int, int]] = []
    for place, here in enumerate(ours):
        for other, there in enumerate(theirs[max(0, place - _NEAR) : place + _NEAR], start=max(0, place - _NEAR)):
            if (score := _likeness(a[here], b[there])) >= _ALIKE:
                scored.append((-score, abs(place - other), here, there))
    found: dict[int, int] = {}
    used: set[int] = set()
    for _, _, here, there in sorted(scored):
        if here not in found and there not in used:
            found[here] = there
            used.add(there)
    return found


def _likeness(a: Shot, b: Shot) -> float:
    """How alike two shots are, from 0 to 1; a field that both leave empty says nothing."""
    total = alike = 0.0
    for name, weight in _WEIGHTS.items():
        one, other = getattr(a, name), getattr(b, name)
        if not one and not other:
            continue
        total += weight
        alike += weight * (1.0 if one == other else _ratio(one, other))
    return alike / total if total else 0.0


def _ratio(one: object, other: object) -> float:
    """How much of two texts is the same, word by word; of other values nothing is."""
    if isinstance(one, tuple) and isinstance(other, tuple):
        one, other = _said(cast("tuple[object, ...]", one)), _said(cast("tuple[object, ...]", other))
    if not (isinstance(one, str) and isinstance(other, str)):
        return 0.0
    return SequenceMatcher(None, _words(one), _words(other), autojunk=False).ratio()


def _said(values: tuple[object, ...]) -> str:
    return " ".join(getattr(value, "text", str(value)) for value in values)


def _words(text: str) -> list[str]:
    """Words, or letters where a script writes no spaces."""
    words = text.split()
    return words if len(words) > 1 else list(text)
