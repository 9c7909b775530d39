"""List all takes of a run: which are made, which are in the film, who asked for them, and what they cost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from clash.assets import published_path
from clash.config import Settings, load_settings
from clash.database.connection import open_database
from clash.database.decisions import FilmCut
from clash.database.rows import CallRow
from clash.documents.edits import TakeList
from clash.editing.slots import FILM, call_slots, in_film_order, people_slot, shot_of
from clash.errors import NotFoundError
from clash.money import usd_text
from clash.production.takes_of_run import TakesOfRun, cuts_with_first, read_takes, there_is
from clash.providers.registry import Registry
from clash.reports.files import folder_of
from clash.vocabulary import CallState


async def takes(thread_id: str, slot: str | None = None, settings: Settings | None = None) -> TakeList:
    """List all takes of a run, or of one slot of it. Raises `NotFoundError`."""
    settings = settings or load_settings()
    async with open_database(settings.database_url, "read") as database:
        found = await read_takes(database, settings, Registry(settings), thread_id, files_needed=False)
    items = [*_items(found), *_cuts(found)]
    if slot is not None:
        named = found.labels.slot(slot)
        chosen = [item for item in items if _is_meant(item["slot"], named)]
        if not chosen:
            there = [FILM if item["slot"] == FILM else call_slots(item["slot"])[-1] for item in items]
            raise NotFoundError(f"{thread_id} has no takes of {named}{there_is(named, there, found.labels)}")
        items = chosen
    return TakeList.of({"thread_id": thread_id, "items": items})


def _is_meant(slot: str, named: str) -> bool:
    """Whether a slot of the list is what a person names: a shot is all that is made for it, with every speech."""
    if named == shot_of(named):
        return shot_of(slot) == named != "" or slot == named
    part, dash, number = slot.rpartition("-")
    is_any_speech = dash != "" and number.isdecimal() and part == named
    return is_any_speech or slot in {people_slot(part) for part in call_slots(named)}


def _items(found: TakesOfRun) -> Iterator[dict[str, Any]]:
    made, takes = found.made, found.takes
    for slot in in_film_order({*made.slots, *found.given, *(row.slot for row in takes.decisions)}):
        selected = takes.selected(slot).number
        retakes = {row.take: row for row in takes.decisions if row.slot == slot and row.decision == "retake"}
        given = {1} if slot in found.given else set[int]()
        wanted = {take.number for take in takes.to_make(slot)}
        for number in sorted({*made.numbers(slot), *retakes} | given):
            call, row = made.take(slot, number), retakes.get(number)
            newest = call or made.newest(slot, number)
            sha256 = found.sha256_of(slot, number)
            yield {
                "slot": people_slot(slot),
                "label": found.labels.of(slot),
                "take": number,
                "selected": number == selected,
                "state": "made" if sha256 or number in given else _state(newest, is_wanted=number in wanted),
                "sha256": sha256,
                "path": _path(found, slot, sha256, selected=number == selected),
                "model": f"{newest.service}:{newest.model}" if newest else row.model if row else "",
                "cost_usd": usd_text(call.cost_micro if call else 0),
                "note": row.note if row else "",
                "prompt": row.prompt if row else "",
                "created_at": (row.created_at if row else newest.started_at if newest else found.run.start_time),
                "actor": row.actor if row else "",
            }


def _state(newest: CallRow | None, *, is_wanted: bool) -> str:
    if newest is not None and newest.state == CallState.FAILED:
        return "failed"
    return "to_make" if is_wanted else "not_made"


def _path(found: TakesOfRun, slot: str, sha256: str | None, *, selected: bool) -> str | None:
    if sha256 is None:
        return None
    file = found.file_of(slot)
    if selected and file is not None and file.sha256 == sha256:
        path = published_path(folder_of(found.run), file.asset_type, file.slot, file.media_type)
        if path is not None:
            return path.as_posix()
    return found.stored_path(sha256)


def _cuts(found: TakesOfRun) -> Iterator[dict[str, Any]]:
    film = next((file for file in found.files if file.asset_type == FILM), None)
    folder: Path = folder_of(found.run)
    cuts = cuts_with_first(found)
    # After the loss of a database the cuts are there before the film is published again.
    same = [cut for cut in cuts if film is None or _film_sha256(cut) == film.sha256]
    # Other takes may have made the very same film.
    held = [cut for cut in same if cut.selection == found.takes.selection()] or (same if film else [])
    selected = held[-1].take if held else 0
    for cut in cuts:
        sha256 = _film_sha256(cut)
        is_selected = cut.take == selected
        path = published_path(folder, "film", "film", "video/mp4") if is_selected and film else None
        yield {
            "slot": FILM,
            "label": None,
            "take": cut.take,
            "selected": is_selected,
            "state": "made",
            "sha256": sha256,
            "path": path.as_posix() if path else found.stored_path(sha256),
            "model": "",
            "cost_usd": usd_text(0),
            "note": "",
            "prompt": "",
            "created_at": cut.created_at,
            "actor": "",
        }


def _film_sha256(cut: FilmCut) -> str:
    return str(cut.files[FILM]["sha256"])
