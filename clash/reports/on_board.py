"""A run as the board shows it, one page of its shots at a time, and a run together with its forks."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, cast

from clash.assets import AssetStore, local_assets
from clash.config import Settings
from clash.database import audit, reading, run_pages
from clash.database.port import Database
from clash.database.rows import AssetRow, RunRow
from clash.database.run_rows import step_counts
from clash.documents.board import RunFamily, RunOnBoard
from clash.editing.slots import is_card, keyframe_of
from clash.errors import StorageError
from clash.hints import command
from clash.money import usd_text
from clash.reports.files import film_of, folder_of
from clash.reports.rows import Damaged, budget_of, estimate_of, forked_from, lease_item, progress_of, read, waiting_for
from clash.reports.runs import failed_paid_item, unknown_item
from clash.reports.shot_labels import read_labels
from clash.story.screenplay import shot_slot
from clash.vocabulary import AssetType

SHOTS_PER_PAGE = 48
_WHOLE = ("screenplay", "film", "contact_sheet")
_FLAGS = {
    "budget": ("--budget", "USD"),
    "unknown_call": ("--retry-unknown",),
    "failed_paid": ("--retry-failed-paid",),
    "asset_lost": ("--remake-lost",),
}
"""What `clash resume` needs after an error that nothing else gets past."""


async def run_on_board(settings: Settings, thread_id: str, *, page: int = 1) -> RunOnBoard:
    """How a run stands, its steps and cost, and a page of its shots, counted from 1. Raises `NotFoundError`."""
    assets = local_assets(settings)
    return await read(settings, lambda database: _run_on_board(database, assets, thread_id, page))


async def _run_on_board(database: Database, assets: AssetStore, thread_id: str, page: int) -> RunOnBoard:
    damaged = Damaged()
    first = (page - 1) * SHOTS_PER_PAGE
    # Shots are numbered from 1, so the slots of a page are known before the screenplay is: all is one request on D1.
    slots = [part for number in range(first + 1, first + SHOTS_PER_PAGE + 1) for part in _parts(shot_slot(number))]
    (run, groups, counts, unknown, failed), files, sums = await asyncio.gather(
        asyncio.gather(
            reading.run_row(database, thread_id),
            run_pages.call_groups(database, thread_id),
            step_counts(database, thread_id),
            audit.unknown_rows(database, thread_id),
            audit.failed_paid_rows(database, thread_id),
        ),
        run_pages.assets_of_slots(database, thread_id, [*_WHOLE, *slots]),
        run_pages.slot_sums(database, thread_id, slots),
    )
    found = damaged.assets(files)
    whole = [file for file in found if file.slot in _WHOLE]
    written = _screenplay(assets, whole)
    shown = written.shots[first : first + SHOTS_PER_PAGE]
    labels = await read_labels(assets, run, whole)
    made = {(file.slot, file.asset_type): file.sha256 for file in found}
    return RunOnBoard.of(
        {
            **_standing(run),
            "unknown": [unknown_item(call) for call in damaged.calls(unknown)],
            "failed_paid": [failed_paid_item(call, assets) for call in damaged.calls(failed)],
            "warnings": list(run.settings.get("warnings", ())),
            "steps": _steps(progress_of(run, counts), groups),
            "by_model": _summed(groups, "model", lambda group: group.model),
            "by_day": _summed(sorted(groups, key=lambda group: group.day), "day", lambda group: group.day),
            "film": film_of(folder_of(run), whole),
            "contact_sheet": next((file.sha256 for file in whole if file.asset_type == AssetType.CONTACT_SHEET), None),
            "cards": _cards(written.cards, made, sums),
            "shots": [_shot(shot, labels.of(shot.slot), made, sums) for shot in shown],
            "shots_from": first + 1,
            "shots_total": len(written.shots),
            "damaged": damaged.items,
        }
    )


def _parts(shot: str) -> tuple[str, str]:
    return shot, keyframe_of(shot)


def _standing(run: RunRow) -> dict[str, Any]:
    """How a run stands, as its own row says."""
    return {
        "thread_id": run.run_id,
        "project": run.project,
        "status": run.status.value,
        "title": run.story_title,
        "story": run.story_path,
        "forked_from": forked_from(run),
        "started_at": run.start_time,
        "ended_at": run.end_time,
        "updated_at": run.updated_at,
        "cost_usd": usd_text(run.spent_micro),
        "estimate_usd": estimate_of(run),
        "reserved_usd": usd_text(run.reserved_micro),
        "budget_usd": budget_of(run),
        "lease": lease_item(run),
        "waiting_for": waiting_for(run),
        "problem": _problem(run),
    }


def _problem(run: RunRow) -> dict[str, Any] | None:
    if not run.error_code:
        return None
    name = "review ls" if run.error_code == "review" else "resume"
    typed = command(name, run.run_id, *_FLAGS.get(run.error_code, ()))
    if run.error_code == "quota_reached":
        typed = command("projects set", run.project, "--monthly-quota", "USD")
    return {"code": run.error_code, "message": run.error_message, "hint": typed}


# -- steps and cost ----------------------------------------------------------------------------------------------


def _steps(progress: Mapping[str, Mapping[str, int]], groups: Sequence[run_pages.CallGroup]) -> list[dict[str, Any]]:
    """Every step that has begun or is to come, in the order of the run."""
    names = list(dict.fromkeys([*progress, *(group.step for group in groups)]))
    return [_step(name, progress.get(name), [group for group in groups if group.step == name]) for name in names]


def _step(name: str, count: Mapping[str, int] | None, groups: Sequence[run_pages.CallGroup]) -> dict[str, Any]:
    return {
        "step": name,
        **(count or {"done": 0, "total": 0}),
        **_sums(groups),
        "retaken": sum(group.retaken for group in groups),
        "began_at": min((group.began_at for group in groups if group.began_at), default=None),
        "ended_at": max((group.ended_at for group in groups if group.ended_at), default=None),
    }


def _sums(groups: Iterable[run_pages.CallGroup]) -> dict[str, Any]:
    groups = list(groups)
    return {
        "calls": sum(group.calls for group in groups),
        "failed_calls": sum(group.failed for group in groups),
        "reused_calls": sum(group.reused for group in groups),
        "cost_usd": usd_text(sum(group.cost_micro for group in groups)),
        "duration_ms": sum(group.duration_ms for group in groups),
    }


def _summed(
    groups: Sequence[run_pages.CallGroup], name: str, of: Callable[[run_pages.CallGroup], str]
) -> list[dict[str, Any]]:
    values = dict.fromkeys(of(group) for group in groups)
    return [{name: value, **_sums(group for group in groups if of(group) == value)} for value in values]


# -- shots and cards ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Shot:
    """A shot as the screenplay has it."""

    slot: str
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class _Written:
    """The shots of a screenplay in the order of the film, and the names of its cards by their slots."""

    shots: Sequence[_Shot]
    cards: Mapping[str, str]


_NOTHING = _Written((), {})


def _screenplay(assets: AssetStore, files: Iterable[AssetRow]) -> _Written:
    """What is written, if its file is on this disk: a page does not wait for a bucket."""
    wanted = ("screenplay", AssetType.SCREENPLAY)
    sha256 = next((file.sha256 for file in files if (file.slot, file.asset_type) == wanted), None)
    return _NOTHING if sha256 is None or not assets.path(sha256).is_file() else _parsed(assets.root, sha256)


@lru_cache(maxsize=8)
def _parsed(root: Path, sha256: str) -> _Written:
    """A screenplay read once: a film of thousands of shots has megabytes of it."""
    try:
        document = json.loads(AssetStore(root).read(sha256))
        shots = [
            _Shot(
                shot_slot(int(shot["number"])),
                {
                    "number": int(shot["number"]),
                    "scene": str(scene["number"]),
                    "action": str(shot["action"]),
                    "words": _words(shot),
                    "on_screen_text": str(shot.get("on_screen_text", "")),
                    "length_s": float(shot["duration_s"]),
                },
            )
            for scene in document["scenes"]
            for shot in scene["shots"]
        ]
        cards = {
            f"{kind}:{one['slug']}": str(one["name"])
            for kind, name in (("character", "characters"), ("location", "locations"))
            for one in document[name]
        }
    except (StorageError, ValueError, KeyError, TypeError):
        return _NOTHING  # damaged, or of another program: all else of the run is shown
    return _Written(shots, cards)


def _words(shot: Mapping[str, Any]) -> list[dict[str, Any]]:
    lines = cast("list[Mapping[str, Any]]", shot.get("dialogue") or [])
    told = [{"speaker": "", "text": str(shot["narration"]), "narrator": True}] if shot.get("narration") else []
    spoken = [
        {"speaker": str(line.get("speaker", "")), "text": str(line["text"]), "narrator": bool(line.get("narrator"))}
        for line in lines
    ]
    return told + spoken


def _shot(
    shot: _Shot, label: str | None, made: Mapping[tuple[str, str], str], sums: Mapping[str, run_pages.SlotSum]
) -> dict[str, Any]:
    clip, keyframe = sums.get(shot.slot), sums.get(keyframe_of(shot.slot))
    both = [found for found in (clip, keyframe) if found is not None]
    return {
        "slot": shot.slot,
        "label": label,
        **shot.facts,
        "keyframe": made.get((shot.slot, AssetType.KEYFRAME)),
        "clip": made.get((shot.slot, AssetType.SHOT)),
        "takes": max((found.takes for found in both), default=0),
        "failed_calls": sum(found.failed for found in both),
        "cost_usd": usd_text(sum(found.cost_micro for found in both)),
    }


def _cards(
    cards: Mapping[str, str], made: Mapping[tuple[str, str], str], sums: Mapping[str, run_pages.SlotSum]
) -> list[dict[str, Any]]:
    """The cards with a name, and those without one that were made: a place that no shot says has no picture."""
    found = [_card(slot, name, made, sums) for slot, name in cards.items()]
    return [card for card in found if card["name"].strip() or card["sha256"] or card["takes"]]


def _card(
    slot: str, name: str, made: Mapping[tuple[str, str], str], sums: Mapping[str, run_pages.SlotSum]
) -> dict[str, Any]:
    found = sums.get(slot) if is_card(slot) else None
    return {
        "slot": slot,
        "name": name,
        "sha256": made.get((slot, f"{slot.partition(':')[0]}_image")),
        "takes": found.takes if found else 0,
        "cost_usd": usd_text(found.cost_micro if found else 0),
    }


# -- forks -------------------------------------------------------------------------------------------------------


async def run_family(settings: Settings, thread_id: str) -> RunFamily:
    """A run, what it was forked from, and all forks of these, each with its checkpoints. Raises `NotFoundError`."""
    return await read(settings, lambda database: _family(database, thread_id))


async def _family(database: Database, thread_id: str) -> RunFamily:
    damaged = Damaged()
    _, forks = await asyncio.gather(reading.run_row(database, thread_id), run_pages.forks(database))
    names = run_pages.family_of(thread_id, forks)
    note = partial(damaged.note, "checkpoint_metadata")
    rows, *saved = await asyncio.gather(
        run_pages.runs_named(database, names),
        *(reading.checkpoint_items(database, name, on_fault=note) for name in names),
    )
    checkpoints = dict(zip(names, saved, strict=True))
    runs = [
        {
            "thread_id": run.run_id,
            "project": run.project,
            "title": run.story_title,
            "status": run.status.value,
            "forked_from": forked_from(run),
            "checkpoints": checkpoints[run.run_id],
        }
        for run in damaged.runs(rows)
    ]
    return RunFamily.of({"thread_id": thread_id, "runs": runs, "damaged": damaged.items})
