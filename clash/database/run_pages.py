"""What one page of a run needs of its tables, and no more: a run may have thousands of shots. Reads only."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from clash.database.port import Database, Row, Rows
from clash.database.row_checks import SOUND_CALL
from clash.database.staging import NOT_STAGED

_TOGETHER = "SELECT value FROM json_each(?)"
_SLOTS = f"(slot IN ({_TOGETHER}) OR slot GLOB 'character:*' OR slot GLOB 'location:*')"


@dataclass(frozen=True)
class CallGroup:
    """The calls of a run that share step, model and day."""

    step: str
    model: str
    day: str
    calls: int
    failed: int
    reused: int
    retaken: int
    cost_micro: int
    duration_ms: int
    began_at: str
    ended_at: str

    @classmethod
    def from_row(cls, row: Row) -> CallGroup:
        """Return the group of a row of sums."""
        return cls(
            step=str(row["step"]),
            model=str(row["model"]),
            day=str(row["day"]),
            calls=int(row["calls"]),
            failed=int(row["failed"]),
            reused=int(row["reused"]),
            retaken=int(row["retaken"]),
            cost_micro=int(row["cost_micro"]),
            duration_ms=int(row["duration_ms"]),
            began_at=str(row["began_at"] or ""),
            ended_at=str(row["ended_at"] or ""),
        )


@dataclass(frozen=True)
class SlotSum:
    """What the calls of one slot add up to."""

    slot: str
    takes: int
    failed: int
    cost_micro: int

    @classmethod
    def from_row(cls, row: Row) -> SlotSum:
        """Return the sum of a row of sums."""
        return cls(str(row["slot"]), *(int(row[name]) for name in ("takes", "failed", "cost_micro")))


@dataclass(frozen=True)
class Fork:
    """A run that was forked from another one."""

    run_id: str
    source: str

    @classmethod
    def from_row(cls, row: Row) -> Fork:
        """Return the fork of a row."""
        return cls(str(row["run_id"]), str(row["source"] or ""))


async def call_groups(database: Database, run_id: str) -> list[CallGroup]:
    """Return the calls of a run in groups, read in one pass, in the order in which they began."""
    rows = await database.query(
        "SELECT step, service || ':' || model AS model, substr(started_at, 1, 10) AS day, count(*) AS calls,"
        " sum(state = 'failed') AS failed, sum(reused) AS reused, sum(take > 1) AS retaken,"
        " sum(cost_micro) AS cost_micro, sum(coalesce(duration_ms, 0)) AS duration_ms, min(started_at) AS began_at,"
        " max(coalesce(ended_at, started_at)) AS ended_at"
        f" FROM api_logs WHERE run_id = ? AND {SOUND_CALL} GROUP BY 1, 2, 3 ORDER BY min(id)",
        (run_id,),
    )
    return [CallGroup.from_row(row) for row in rows]


async def slot_sums(database: Database, run_id: str, slots: Iterable[str]) -> dict[str, SlotSum]:
    """Return what the calls of these slots and of all cards add up to, by their slots. `takes`: how many are made."""
    rows = await database.query(
        "SELECT slot, count(DISTINCT CASE WHEN state = 'succeeded' THEN take END) AS takes,"
        " sum(state = 'failed') AS failed, sum(cost_micro) AS cost_micro"
        f" FROM api_logs WHERE run_id = ? AND {_SLOTS} AND {SOUND_CALL} GROUP BY slot",
        (run_id, json.dumps(list(slots))),
    )
    return {found.slot: found for found in map(SlotSum.from_row, rows)}


async def assets_of_slots(database: Database, run_id: str, slots: Sequence[str]) -> Rows:
    """Return the files of these slots and of all cards."""
    return await database.query(
        f"SELECT * FROM generated_assets WHERE run_id = ? AND {_SLOTS} ORDER BY id",
        (run_id, json.dumps(list(slots))),
    )


async def forks(database: Database) -> list[Fork]:
    """Return every run that was forked from another one, oldest first."""
    source = "json_extract(settings, '$.forked_from.thread_id')"
    rows = await database.query(
        f"SELECT run_id, {source} AS source FROM workflow_executions WHERE {NOT_STAGED}"
        f" AND json_valid(settings) AND {source} IS NOT NULL ORDER BY start_time, run_id"
    )
    return [Fork.from_row(row) for row in rows]


async def runs_named(database: Database, run_ids: Iterable[str]) -> Rows:
    """Return these runs, oldest first."""
    return await database.query(
        f"SELECT * FROM workflow_executions WHERE run_id IN ({_TOGETHER}) ORDER BY start_time, run_id",
        (json.dumps(list(run_ids)),),
    )


def family_of(run_id: str, found: Iterable[Fork]) -> list[str]:
    """Return a run, the runs that it was forked from, and all forks of these.

    >>> family_of("b", [Fork("b", "a"), Fork("c", "a"), Fork("d", "c"), Fork("y", "x")])
    ['a', 'b', 'c', 'd']
    """
    sources = {fork.run_id: fork.source for fork in found}
    root, seen = run_id, {run_id}
    while (source := sources.get(root)) and source not in seen:
        root = source
        seen.add(root)
    family = [root]
    while more := [name for name, source in sources.items() if source in family and name not in family]:
        family += more
    return family
