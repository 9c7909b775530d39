"""Keep what people decide beside the assets, and write it into a database that was lost, as paid calls are.

Each batch of decisions is one record: what is decided together is restored together. A record is written once, so that
several processes may decide about one run.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import groupby
from typing import Any, cast

from clash.assets import AssetStore
from clash.assets.records import decision_record_name, decision_records, write_decision_record
from clash.database.decisions import Decision, decisions_of, insert_decision
from clash.database.port import Database
from clash.errors import ClashError
from clash.vocabulary import Decided

logger = logging.getLogger(__name__)


async def keep_decisions(assets: AssetStore, run_id: str, start_time: str, decisions: Sequence[Decision]) -> None:
    """Write the records of a run's decisions, oldest first, that have none yet, and share them.

    They are in the database already: where nothing can be written, a warning is logged and the next run tries again.
    """
    follows = ""
    for batch, rows in groupby(decisions, key=lambda decision: decision.batch):
        facts: dict[str, Any] = {"run_id": run_id, "start_time": start_time, "batch": batch, "follows": follows}
        facts["decisions"] = [asdict(decision) for decision in rows]
        follows = batch
        name = decision_record_name(run_id, batch)
        try:
            if name is not None and await asyncio.to_thread(write_decision_record, assets, name, facts):
                await assets.share_record(name)
        except ClashError as error:
            logger.warning("a decision about %s is in the database alone: %s", run_id, error.message)
            return


def runs_decided_about(assets: AssetStore) -> list[str]:
    """Return the runs of which this disk has records of decisions."""
    return sorted({str(record.get("run_id")) for record in decision_records(assets)})


async def restore_decisions(
    database: Database | None, assets: AssetStore, run_id: str, start_time: str, *, dry_run: bool = False
) -> int:
    """Write the decisions of a run that its database does not have, in their order; return how many.

    `database`: None for one that is not there yet. A batch is written if it followed what is there: where somebody has
    decided otherwise since, what was decided before is not. Of two that followed the same, the later one is.
    """
    recorded = _recorded(assets, run_id, start_time)
    if not recorded:
        return 0
    there = [] if database is None else await decisions_of(database, run_id)
    last, count, restored = there[-1].batch if there else "", len(there), 0
    while (rows := recorded.pop(last, None)) is not None:
        last = rows[0].batch
        if database is not None and not dry_run:
            results = await database.batch([insert_decision(run_id, row, after=count) for row in rows])
            if not all(results):
                return restored  # another process has decided or restores the same
        count, restored = count + len(rows), restored + len(rows)
    return restored


def _recorded(assets: AssetStore, run_id: str, start_time: str) -> dict[str, list[Decision]]:
    """The recorded decisions of a run by the batch that they followed. A run of another database may have its name."""
    found: dict[str, list[Decision]] = {}
    for record in decision_records(assets, run_id):
        if record.get("start_time") == start_time and (rows := _decisions(record)):
            earlier = found.get(follows := str(record["follows"]))
            if earlier is None or (earlier[0].created_at, earlier[0].batch) < (rows[0].created_at, rows[0].batch):
                found[follows] = rows
    return found


def _decisions(record: Mapping[str, Any]) -> list[Decision]:
    """The decisions of a record; none if it is not whole."""
    rows = record.get("decisions")
    if not isinstance(rows, list) or not isinstance(record.get("follows"), str):
        return []
    try:
        found = [Decision.from_row(cast("dict[str, Any]", row)) for row in cast("list[Any]", rows)]
    except (KeyError, TypeError, ValueError):
        return []
    whole = all(row.batch == record.get("batch") and row.decision in Decided and row.take > 0 for row in found)
    return found if whole else []
