"""Keep the cuts of a film beside the assets, and write them into a database that was lost, as decisions are.

A run with one cut needs no record: the same shots are cut to the same film. Of several, the earlier ones hold takes
that no film has now. A record is `decisions/<thread>/cut-<take>-<digest>.json`, and written once.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, cast

from clash.assets import AssetStore
from clash.assets.records import decision_record_name, decision_records, write_decision_record
from clash.database.decisions import FilmCut, cut_row, cuts_of, restored_cut
from clash.database.port import Database
from clash.database.row_checks import fault_of
from clash.errors import ClashError

logger = logging.getLogger(__name__)


async def keep_cuts(assets: AssetStore, run_id: str, start_time: str, cuts: Sequence[FilmCut]) -> None:
    """Write the records of the cuts of a run that has several, those that have none yet, and share them.

    They are in the database already: where nothing can be written, a warning is logged and the next run tries again.
    """
    for cut in cuts if len(cuts) > 1 else ():
        facts: dict[str, Any] = {"run_id": run_id, "start_time": start_time, "cut": asdict(cut)}
        digest = hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()[:12]
        name = decision_record_name(run_id, f"cut-{cut.take}-{digest}")
        try:
            if name is not None and await asyncio.to_thread(write_decision_record, assets, name, facts):
                await assets.share_record(name)
        except ClashError as error:
            logger.warning("a cut of %s is in the database alone: %s", run_id, error.message)
            return


async def restore_cuts(
    database: Database | None, assets: AssetStore, run_id: str, start_time: str, *, dry_run: bool = False
) -> int:
    """Write the cuts of a run that its database does not have; return how many.

    `database`: None for one that is not there yet. A cut whose number another one has by now is left out.
    """
    recorded = _recorded(assets, run_id, start_time)
    if not recorded:
        return 0
    there = set[int]() if database is None else {cut.take for cut in await cuts_of(database, run_id)}
    missing = [cut for take, cut in sorted(recorded.items()) if take not in there]
    if missing and database is not None and not dry_run:
        await database.batch([restored_cut(run_id, cut) for cut in missing])
    return len(missing)


def _recorded(assets: AssetStore, run_id: str, start_time: str) -> dict[int, FilmCut]:
    """Return the recorded cuts of a run by their numbers, of several with one number the latest."""
    found: dict[int, FilmCut] = {}
    for record in decision_records(assets, run_id):
        cut = _cut(record.get("cut")) if record.get("start_time") == start_time else None
        if cut is not None and (cut.take not in found or found[cut.take].created_at < cut.created_at):
            found[cut.take] = cut
    return found


def _cut(told: object) -> FilmCut | None:
    """Return the cut of a record; None if it is not whole."""
    if not isinstance(told, dict):
        return None
    try:
        cut = FilmCut(**cast("dict[str, Any]", told))
        row: Mapping[str, Any] = cut_row(cut)
    except (TypeError, ValueError):
        return None
    is_whole = not fault_of("film_cuts", row) and cut.take > 0 and all(map(_is_file, cut.files.values()))
    return cut if is_whole and "film" in cut.files else None


def _is_file(file: object) -> bool:
    told = cast("dict[str, object]", file) if isinstance(file, dict) else {}
    return isinstance(told.get("sha256"), str) and isinstance(told.get("media_type"), str) and "facts" in told
