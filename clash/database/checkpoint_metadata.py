"""The row beside each checkpoint of a run: what made it, what comes next, what its step called and cost."""

from __future__ import annotations

import json

from clash.database.checkpoint_facts import CheckpointFacts
from clash.database.lease import FENCE, Lease
from clash.database.port import Database, Statement


async def record_checkpoint(
    database: Database,
    lease: Lease,
    facts: CheckpointFacts,
    *,
    checkpoint_ns: str,
    parent_checkpoint_id: str | None,
    execution_time_ms: int | None,
) -> None:
    """Write the row of a saved checkpoint."""
    row = checkpoint_row(
        lease,
        facts,
        checkpoint_ns=checkpoint_ns,
        parent_checkpoint_id=parent_checkpoint_id,
        execution_time_ms=execution_time_ms,
    )
    await database.batch([row])


def checkpoint_row(
    lease: Lease,
    facts: CheckpointFacts,
    *,
    checkpoint_ns: str,
    parent_checkpoint_id: str | None,
    execution_time_ms: int | None,
) -> Statement:
    """The row of a saved checkpoint; the calls of its step since its parent are summed in SQL."""
    since = "(SELECT max(created_at) FROM checkpoint_metadata WHERE run_id = ? AND checkpoint_id = ?)"
    calls = f"FROM api_logs WHERE run_id = ? AND step = ? AND started_at >= coalesce({since}, '')"
    of_step = (lease.run_id, facts.step_name, lease.run_id, parent_checkpoint_id)
    return Statement(
        "INSERT INTO checkpoint_metadata (run_id, checkpoint_ns, checkpoint_id, parent_checkpoint_id,"
        " created_at, source, step_index, step_name, next_steps, execution_time_ms, api_calls, cost_micro)"
        f" SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, (SELECT count(*) {calls}),"
        f" (SELECT coalesce(sum(cost_micro), 0) {calls}) WHERE {FENCE}"
        " ON CONFLICT (run_id, checkpoint_ns, checkpoint_id) DO NOTHING",
        (
            lease.run_id,
            checkpoint_ns,
            facts.checkpoint_id,
            parent_checkpoint_id,
            facts.created_at,
            facts.source,
            facts.step_index,
            facts.step_name,
            json.dumps(facts.next_steps, ensure_ascii=False),
            execution_time_ms,
            *of_step,
            *of_step,
            *lease.fence,
        ),
    )
