"""A run counts once, also where a file and a database know it in two ways: as it was, and as what stays of it.

A run is the same one if it has the same id and began at the same time: another run may have the id of a removed one.
"""

from __future__ import annotations

from collections.abc import Iterable

from clash.database.port import Database, texts_of
from clash.database.removed_runs import RemovedRun, removed_runs
from clash.database.transfer.trial import Contents

_RUNS_AT_ONCE = 90


async def removed_here(database: Database, contents: Contents) -> dict[str, RemovedRun]:
    """Return the runs of a file that were removed from this database: their sums are counted here already."""
    gone = {(run.thread_id, run.start_time): run for run in await removed_runs(database)}
    return {
        section.thread_id: gone[section.thread_id, section.start_time]
        for section in contents.sections.values()
        if section.removed is None and (section.thread_id, section.start_time) in gone
    }


async def counted_otherwise(database: Database, contents: Contents) -> set[str]:
    """Return the removals of a file whose runs count already: as runs here or in the file, or as removed here."""
    removals = {one.thread_id: one.removed for one in contents.sections.values() if one.removed is not None}
    counted = {(one.thread_id, one.start_time) for one in contents.sections.values() if one.removed is None}
    if removals:
        counted |= {(run.thread_id, run.start_time) for run in await removed_runs(database)}
        counted |= await _runs_here(database, {thread_id for thread_id, _ in removals.values()})
    found: set[str] = set()
    for kept_as, run in sorted(removals.items()):
        if run in counted:
            found.add(kept_as)
        counted.add(run)
    return found


async def _runs_here(database: Database, thread_ids: Iterable[str]) -> set[tuple[str, str]]:
    names, found = sorted(thread_ids), set[tuple[str, str]]()
    for start in range(0, len(names), _RUNS_AT_ONCE):
        some = names[start : start + _RUNS_AT_ONCE]
        rows = await database.query(
            f"SELECT run_id, start_time FROM workflow_executions WHERE run_id IN ({', '.join('?' * len(some))})",
            tuple(some),
        )
        found |= set(zip(texts_of(rows, "run_id"), texts_of(rows, "start_time"), strict=True))
    return found
