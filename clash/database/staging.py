"""Runs that are being imported and are too large for one transaction.

Their rows are written under an id that no run can have, held by a lease like any run's, and get the run's own id all
in one transaction: until then there is no such run, afterwards it is all there. What an import that died has left
behind, the next one removes.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence

from clash.clock import now_text
from clash.database.lease import FENCE, Holder, Lease, is_held, take_lease
from clash.database.port import Database, Statement
from clash.errors import ConflictError

PREFIX = ".import-"
REMOVED_PREFIX = ".removed-"
"""Under such an id stays what is kept of a run that was removed: see `removed_runs`."""
_STAGED = f"run_id GLOB '{PREFIX}*'"
NOT_STAGED = f"(run_id NOT GLOB '{PREFIX}*' AND run_id NOT GLOB '{REMOVED_PREFIX}*')"
"""The condition on `run_id` under which a row belongs to a run that there is."""
NOT_UNFINISHED = f"({NOT_STAGED} OR run_id IN (SELECT run_id FROM removed_runs WHERE finished_at IS NOT NULL))"
"""The same, or to a removed run of which nothing but what is kept is left."""


async def begin(database: Database) -> Lease:
    """A place for the rows of one run."""
    staged, now = f"{PREFIX}{secrets.token_hex(8)}", now_text()
    await database.batch(
        [
            # Cancelled: a person who reads the tables all the same sees no run that seems to hang.
            Statement(
                "INSERT INTO workflow_executions (run_id, workflow_name, status, start_time, updated_at)"
                " VALUES (?, 'import', 'cancelled', ?, ?)",
                (staged, now, now),
            )
        ]
    )
    return await take_lease(database, staged)


def publish(lease: Lease, thread_id: str, run: Sequence[Statement], owners: Mapping[str, str]) -> list[Statement]:
    """Give what was staged its own id; `run` writes the row of the run itself, under the lease, if it is one of clash.

    `owners`: table to the column that names the run. Fails if there is such a run; without the lease it does nothing,
    and the last statement returns no row.
    """
    moves = [
        Statement(
            f"UPDATE {table} SET {owner} = ? WHERE {owner} = ? AND {FENCE}", (thread_id, lease.run_id, *lease.fence)
        )
        for table, owner in owners.items()
        if table != "workflow_executions"
    ]
    done = Statement(
        "DELETE FROM workflow_executions WHERE run_id = ? AND lease_generation = ? RETURNING run_id",
        lease.fence,
        recall=Statement(
            f"SELECT ? AS run_id WHERE NOT {FENCE}"
            " AND (? = 0 OR EXISTS (SELECT 1 FROM workflow_executions WHERE run_id = ?))",
            (thread_id, *lease.fence, len(run), thread_id),
        ),
    )
    return [*run, *moves, done]


def drop(lease: Lease, owners: Mapping[str, str]) -> list[Statement]:
    """Forget what was staged."""
    others = [(table, owner) for table, owner in owners.items() if table != "workflow_executions"]
    # Children before what they refer to.
    return [
        *(
            Statement(f"DELETE FROM {table} WHERE {owner} = ? AND {FENCE}", (lease.run_id, *lease.fence))
            for table, owner in reversed(others)
        ),
        Statement("DELETE FROM workflow_executions WHERE run_id = ? AND lease_generation = ?", lease.fence),
    ]


async def sweep(database: Database, owners: Mapping[str, str]) -> None:
    """Forget what imports that died have left behind."""
    rows = await database.query(f"SELECT * FROM workflow_executions WHERE {_STAGED}")
    for holder in map(Holder.from_row, rows):
        if is_held(holder):
            continue
        try:
            lease = await take_lease(database, holder.run_id)
        except ConflictError:  # another import is at the same
            continue
        await database.batch(drop(lease, owners))
