"""Import a run again into the database that it was removed from: what stayed of it gives way to the run itself.

All in the transaction in which the run is there again, so that at every moment its money counts once, and an answer
that was paid for is found. Calls that were made after the export stay as what is left of the removal.
"""

from __future__ import annotations

from clash.database.port import Statement
from clash.database.removed_runs import REST_OF, RemovedRun, add_costs, take_from_costs
from clash.database.savers.thread_operations import ALWAYS

_SETTLED_LATER = (
    "key, key_version, state, job_id, attempt, status_code, quoted_cost_micro, cost_micro, precision, units,"
    " asset_sha256, media_type, facts, ended_at, duration_ms, error_code, error_message, retryable"
)
"""What changes of a call that was open when its run was exported, and was answered before the run was removed."""
KEPT = "kept:"
"""In front of the token of a kept answer while the same call is imported: no two calls have one token."""


def make_room(removed: RemovedRun, condition: Statement = ALWAYS) -> Statement:
    """Let the calls of a run be written beside the answers that were kept of it, which are found as before."""
    return Statement(
        f"UPDATE api_logs SET token = '{KEPT}' || token WHERE run_id = ? AND token NOT GLOB '{KEPT}*'"
        f" AND {condition.sql}",
        (removed.run_id, *condition.params),
    )


def uncount(removed: RemovedRun, condition: Statement) -> list[Statement]:
    """Take what a removed run has cost from its batch and its project, before the rows of the run are written."""
    return add_costs(removed.run_id, condition, "-")


def give_way(removed: RemovedRun, condition: Statement) -> list[Statement]:
    """Take from what stayed of a removed run all that the run has again, once its rows are written; count the rest."""
    kept_as, run_id = removed.run_id, removed.thread_id
    bound = (kept_as, *condition.params)
    has_rest = (
        "(EXISTS (SELECT 1 FROM removed_costs WHERE run_id = ?) OR EXISTS (SELECT 1 FROM api_logs WHERE run_id = ?))"
    )
    return [
        *_settle(removed, condition),
        *take_from_costs(run_id, kept_as, condition),
        *add_costs(kept_as, condition),
        Statement(
            f"DELETE FROM api_logs WHERE run_id = ? AND token IN (SELECT '{KEPT}' || token FROM api_logs"
            f" WHERE run_id = ?) AND {condition.sql}",
            (kept_as, run_id, *condition.params),
        ),
        Statement(
            f"UPDATE api_logs SET token = substr(token, {len(KEPT) + 1}) WHERE run_id = ? AND token GLOB '{KEPT}*'"
            f" AND {condition.sql}",
            bound,
        ),
        Statement(
            "UPDATE workflow_executions SET"
            " spent_micro = (SELECT coalesce(sum(cost_micro), 0) FROM api_logs AS c WHERE c.run_id = ?)"
            f" WHERE run_id = ? AND {condition.sql}",
            (kept_as, *bound),
        ),
        # What is left began when the run that is here again was last written: it is another one.
        *(
            Statement(
                f"UPDATE {table} SET start_time = (SELECT iif(updated_at > start_time, updated_at, ?)"
                f" FROM workflow_executions WHERE run_id = ?) WHERE {has_rest} AND run_id = ? AND {condition.sql}",
                (removed.removed_at, run_id, kept_as, kept_as, *bound),
            )
            for table in ("removed_runs", "workflow_executions")
        ),
        Statement(
            f"UPDATE workflow_executions SET metadata = json_set(metadata, '$.{REST_OF}', ?)"
            f" WHERE {has_rest} AND run_id = ? AND {condition.sql}",
            (removed.start_time, kept_as, kept_as, *bound),
        ),
        *(
            Statement(
                f"DELETE FROM {table} WHERE NOT {has_rest} AND run_id = ? AND {condition.sql}",
                (kept_as, kept_as, *bound),
            )
            for table in ("kept_files", "removed_runs", "workflow_executions")
        ),
    ]


def _settle(removed: RemovedRun, condition: Statement) -> list[Statement]:
    """Settle the calls of the run that were open in the export, and whose answers were kept; and count them."""
    same = f"FROM api_logs AS kept WHERE kept.run_id = ? AND kept.token = '{KEPT}' || api_logs.token"
    is_open = "state IN ('intent', 'submitted', 'unknown')"
    return [
        Statement(
            f"UPDATE api_logs SET ({_SETTLED_LATER}) = (SELECT {_SETTLED_LATER} {same})"
            f" WHERE run_id = ? AND state <> 'succeeded' AND EXISTS (SELECT 1 {same}) AND {condition.sql}",
            (removed.run_id, removed.thread_id, removed.run_id, *condition.params),
        ),
        Statement(
            "UPDATE workflow_executions SET"
            " spent_micro = (SELECT coalesce(sum(cost_micro), 0) FROM api_logs AS c WHERE c.run_id = ?),"
            " reserved_micro = (SELECT coalesce(sum(quoted_cost_micro), 0) FROM api_logs AS c"
            f" WHERE c.run_id = ? AND {is_open}) WHERE run_id = ? AND {condition.sql}",
            (removed.thread_id,) * 3 + condition.params,
        ),
    ]
