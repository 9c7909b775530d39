"""What is different between two runs, and between two checkpoints of a run."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from clash.assets import open_assets
from clash.config import Settings, load_settings
from clash.database import reading
from clash.database.port import Database
from clash.database.reading import TakeOfCall
from clash.database.rows import AssetRow, RunRow
from clash.documents.diffs import CheckpointsDifference, RunsDifference
from clash.money import usd_text
from clash.reports.checkpoints import checkpoint_details
from clash.reports.rows import Damaged, read
from clash.reports.screenplays import screenplay_in
from clash.reports.shot_labels import ShotLabels, read_labels
from clash.story.alignment import Pair, align_shots
from clash.story.screenplay import Character, Location, Screenplay, shot_slot

_NOT_COMPARED = frozenset(
    {"story", "table", "reference_images", "warnings", "panels", "forked_from", "established", "screenplay_path"}
)
"""Recorded settings that are compared otherwise, or say where a run came from."""
_OF_SCREENPLAY = ("title", "logline", "language", "style")
_PER_SLOT = frozenset({"cards", "shots", "reference_images"})
"""Keys of the state that hold one value per slot."""


# -- runs ------------------------------------------------------------------------------------------------------


async def diff_runs(a: str, b: str, settings: Settings | None = None) -> RunsDifference:
    """Return what is different between two runs. Raises `NotFoundError`, and `StorageError` for a lost screenplay."""
    settings = settings or load_settings()
    assets, damaged = open_assets(settings), Damaged()
    one, other = await read(
        settings, lambda database: asyncio.gather(_run(database, a, damaged), _run(database, b, damaged))
    )
    first, second = await asyncio.gather(screenplay_in(assets, one[1]), screenplay_in(assets, other[1]))
    labels = await asyncio.gather(*(read_labels(assets, run, files, fetch=True) for run, files, _ in (one, other)))
    pairs = align_shots(first.shots if first else (), second.shots if second else ())
    return RunsDifference.of(
        {
            "a": a,
            "b": b,
            "shots": [_shot(pair, *labels) for pair in pairs],
            "cast": [*_cast(first, second)],
            "screenplay": [*_fields(_head(first), _head(second))],
            "settings": [*_settings(one[0], other[0])],
            "takes": [*_takes(pairs, _taken(one), _taken(other))],
            "cost": {"a_usd": usd_text(one[0].spent_micro), "b_usd": usd_text(other[0].spent_micro)},
            "warnings": [
                f"{thread} has no screenplay yet" for thread, found in ((a, first), (b, second)) if found is None
            ],
            "damaged": damaged.items,
        }
    )


_Run = tuple[RunRow, Sequence[AssetRow], Sequence[TakeOfCall]]
"""A run, its assets, and the takes that its calls made."""


async def _run(database: Database, thread_id: str, damaged: Damaged) -> _Run:
    run, assets, calls = await asyncio.gather(
        reading.run_row(database, thread_id),
        reading.asset_rows(database, thread_id),
        reading.takes_of_calls(database, thread_id),
    )
    return run, damaged.assets(assets), calls


def _shot(pair: Pair, a: ShotLabels, b: ShotLabels) -> dict[str, Any]:
    one, other = ({} if shot is None else shot.model_dump(mode="json") for shot in (pair.a, pair.b))
    return {
        "state": pair.state,
        "a": None if pair.a is None else shot_slot(pair.a.number),
        "b": None if pair.b is None else shot_slot(pair.b.number),
        "a_label": None if pair.a is None else a.of(shot_slot(pair.a.number)),
        "b_label": None if pair.b is None else b.of(shot_slot(pair.b.number)),
        "fields": [{"field": name, "a": one[name], "b": other[name]} for name in pair.fields],
    }


def _cast(a: Screenplay | None, b: Screenplay | None) -> Iterator[dict[str, Any]]:
    one, other = _subjects(a), _subjects(b)
    for slot in dict.fromkeys((*other, *one)):
        here, there = one.get(slot), other.get(slot)
        if here != there:
            state = "added" if here is None else "removed" if there is None else "changed"
            fields = _fields(here, there) if here and there else ()
            yield {"state": state, "slot": slot, "fields": list(fields)}


def _subjects(screenplay: Screenplay | None) -> dict[str, dict[str, Any]]:
    if screenplay is None:
        return {}
    subjects: dict[str, Sequence[Character | Location]] = {
        "character": screenplay.characters,
        "location": screenplay.locations,
    }
    return {
        f"{kind}:{subject.slug}": subject.model_dump(mode="json")
        for kind, found in subjects.items()
        for subject in found
    }


def _head(screenplay: Screenplay | None) -> dict[str, Any]:
    return {} if screenplay is None else {name: getattr(screenplay, name) for name in _OF_SCREENPLAY}


def _settings(a: RunRow, b: RunRow) -> Iterator[dict[str, Any]]:
    one, other = ({**_story(run), **_flat(run.settings)} for run in (a, b))
    return _fields(one, other)


def _story(run: RunRow) -> dict[str, Any]:
    return {"story_sha256": run.story_sha256, "budget_usd": run.budget_micro and usd_text(run.budget_micro)}


def _flat(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Nested settings as `models.image`."""
    flat: dict[str, Any] = {}
    for name, value in settings.items():
        if name in _NOT_COMPARED:
            continue
        if isinstance(value, dict):
            inner = cast("dict[str, Any]", value)
            flat |= {f"{name}.{part}": found for part, found in inner.items()}
        else:
            flat[name] = value
    return flat


def _fields(a: Mapping[str, Any], b: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for name in dict.fromkeys((*a, *b)):
        if a.get(name) != b.get(name):
            yield {"field": name, "a": a.get(name), "b": b.get(name)}


def _taken(run: _Run) -> dict[str, int]:
    """The take of each slot that the film holds, by the slot of its call."""
    _, assets, calls = run
    made = {call.id: call for call in calls}
    found = (made.get(asset.api_log_id or 0) for asset in assets)
    return {call.slot: call.take for call in found if call is not None}


def _takes(pairs: Sequence[Pair], a: Mapping[str, int], b: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    renamed = {shot_slot(pair.a.number): shot_slot(pair.b.number) for pair in pairs if pair.a and pair.b}
    for slot, take in a.items():
        shot, slash, part = slot.partition("/")
        there = renamed.get(shot, "" if shot.startswith("shot:") else shot)
        other = b.get(f"{there}{slash}{part}")
        if other is not None and other != take:
            yield {"a_slot": slot, "b_slot": f"{there}{slash}{part}", "a_take": take, "b_take": other}


# -- checkpoints -----------------------------------------------------------------------------------------------


async def diff_checkpoints(thread_id: str, a: str, b: str, settings: Settings | None = None) -> CheckpointsDifference:
    """Return what is different between the states of two checkpoints of a run. Raises `NotFoundError`."""
    one, other = await read(
        settings or load_settings(),
        lambda database: asyncio.gather(
            checkpoint_details(database, thread_id, a), checkpoint_details(database, thread_id, b)
        ),
    )
    return CheckpointsDifference.of(
        {
            "thread_id": thread_id,
            "a": a,
            "b": b,
            "items": [*_values(one.values, other.values)],
            "next": {"field": "next", "a": one.next, "b": other.next},
        }
    )


def _values(a: Mapping[str, Any], b: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for key in dict.fromkeys((*a, *b)):
        if key in _PER_SLOT:
            one, other = _by_slot(a.get(key)), _by_slot(b.get(key))
            slots = sorted(one.keys() | other.keys())
            found: list[tuple[str | None, object, object]] = [(slot, one.get(slot), other.get(slot)) for slot in slots]
        else:
            found = [(None, a.get(key), b.get(key))]
        for slot, before, after in found:
            if before != after:
                state = "added" if before is None else "removed" if after is None else "changed"
                yield {"state": state, "key": key, "slot": slot, "a": before, "b": after}


def _by_slot(value: object) -> dict[str, object]:
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}
