"""The rows of `api_logs` and `generated_assets` that the ledger writes: every statement fenced by the lease."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from clash.database.lease import FENCE, Lease
from clash.database.port import Database, Param, Row, Statement
from clash.database.quotas import WITHIN_QUOTA, quota_params
from clash.database.removed_runs import name_of_run
from clash.database.reuse_scope import IN_SCOPE, ReuseScope
from clash.database.row_checks import fault_of, require_sound
from clash.database.rows import CallRow, NewAsset, NewCall, name_of_call
from clash.vocabulary import UNSETTLED, CallState, sql_list

KEPT_FIRST_KEY = 0
"""The `key_version` of a call whose key is of version 1 and cannot be rewritten."""
_UNSETTLED = sql_list(UNSETTLED)
_MAY_BECOME_A_JOB = sql_list((CallState.INTENT, CallState.UNKNOWN))


_PROJECT = "(SELECT project FROM workflow_executions WHERE run_id = ?) AS project"
"""The project of a run, beside the columns of its calls; its parameter is the run."""


async def rows_of_run(database: Database, run_id: str) -> list[CallRow]:
    """Every row of a run, oldest first. Raises `DatabaseError` naming one that cannot be read."""
    return _sound(
        await database.query(f"SELECT *, {_PROJECT} FROM api_logs WHERE run_id = ? ORDER BY id", (run_id, run_id))
    )


async def rows_of_slot(database: Database, run_id: str, slot: str, take: int) -> list[CallRow]:
    """The rows of one slot's take, oldest first. Raises `DatabaseError` naming one that cannot be read."""
    return _sound(
        await database.query(
            f"SELECT *, {_PROJECT} FROM api_logs WHERE run_id = ? AND slot = ? AND take = ? ORDER BY id",
            (run_id, run_id, slot, take),
        )
    )


def _sound(rows: Sequence[Row]) -> list[CallRow]:
    """Return the calls. What a run goes on from must be right: a call that cannot be read is not made again unasked."""
    for row in rows:
        require_sound("api_logs", row, name_of_call(row))
    return [CallRow.from_row(row) for row in rows]


async def newest_id(database: Database, run_id: str) -> int:
    """The id of the newest call of a run; 0 if there is none."""
    rows = await database.query("SELECT coalesce(max(id), 0) AS id FROM api_logs WHERE run_id = ?", (run_id,))
    return int(rows[0]["id"])


def readable(rows: Sequence[Row]) -> list[CallRow]:
    """Return the calls that can be read: one that cannot may stand beside one that can."""
    return [CallRow.from_row(row) for row in rows if not fault_of("api_logs", row)]


async def rows_of_first_version(
    database: Database, *, after: int, most: int, scope: ReuseScope | None = None
) -> tuple[list[CallRow], int]:
    """Return succeeded calls whose keys are of version 1, oldest first, and the id after which to look for more.

    Their ids are above `after`; without a scope they are those of all runs. The second value is 0 if there are none.
    Rows that cannot be read are left out.
    """
    rows = await database.query(
        "SELECT * FROM api_logs AS c WHERE key_version = 1 AND state = 'succeeded' AND id > ?"
        f" AND {'1' if scope is None else IN_SCOPE} ORDER BY id LIMIT ?",
        (after, *(() if scope is None else scope.params), most),
    )
    return readable(rows), int(rows[-1]["id"]) if rows else 0


def rewrite_key(token: str, key: str | None, version: int) -> Statement:
    """Give a succeeded call of key version 1 another key, or keep the one it has, and note the version."""
    return Statement(
        "UPDATE api_logs SET key = coalesce(?, key), key_version = ?"
        " WHERE token = ? AND key_version = 1 AND state = 'succeeded' RETURNING id",
        (key, version, token),
        recall=_id_of(token, "key_version = ?", version),
    )


async def paid_for(database: Database, row: CallRow) -> tuple[int, str]:
    """What the file of a succeeded row cost, in micro-dollars, and in which run of its project.

    A row that reused an answer cost nothing itself: then it is what the run paid that had made the file last before.
    """
    if not row.reused:
        return row.cost_micro, row.run_id
    rows = await database.query(
        "SELECT * FROM api_logs AS c WHERE key = ? AND asset_sha256 = ? AND reused = 0"
        f" AND (state = 'succeeded' OR error_code = 'asset_lost') AND {IN_SCOPE}"
        " ORDER BY id < ? DESC, id DESC LIMIT 1",
        (row.key, row.asset_sha256, *ReuseScope(row.run_id).params, row.id),
    )
    for paid in readable(rows):
        return paid.cost_micro, await name_of_run(database, paid.run_id)
    return 0, row.run_id


def _id_of(token: str, condition: str = "1", *params: Param) -> Statement:
    """Reads the id of a call's row, if it is as the statement that wrote it has left it."""
    return Statement(f"SELECT id FROM api_logs WHERE token = ? AND {condition}", (token, *params))


_AFFORDABLE = (
    "EXISTS (SELECT 1 FROM workflow_executions WHERE run_id = ? AND lease_generation = ? AND status = 'running'"
    " AND (? = 0 OR ((budget_micro IS NULL OR spent_micro + reserved_micro + ? <= budget_micro)"
    f" AND {WITHIN_QUOTA}"
    " AND NOT EXISTS (SELECT 1 FROM batches AS b WHERE b.name = workflow_executions.batch"
    " AND b.spent_micro + b.reserved_micro + ? > b.budget_micro))))"
)
"""The lease is ours, the run is running, and neither its own budget nor that of its batch would be passed."""


_HEAD = "run_id, step, slot, take, kind, key, key_version, token, service, model, endpoint"
"""The columns that say what a call is for and who is asked."""


def _head_of(lease: Lease, row: NewCall) -> tuple[Param, ...]:
    named = (row.step, row.slot, row.take, row.kind, row.key, row.key_version, row.token, row.service, row.model)
    return (lease.run_id, *named, row.endpoint)


def insert_intent(lease: Lease, row: NewCall) -> Statement:
    """Write down what is about to be bought, if the lease is ours, and budget and quota allow it. Returns the row."""
    return Statement(
        f"INSERT INTO api_logs ({_HEAD},"
        " state, attempt, request, quoted_cost_micro, precision, started_at)"
        f" SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'intent', ?, ?, ?, ?, ? WHERE {_AFFORDABLE}"
        f" RETURNING *, {_PROJECT}",
        (
            *_head_of(lease, row),
            row.attempt,
            row.request,
            row.quoted_cost_micro,
            row.precision,
            row.started_at,
            *lease.fence,
            row.quoted_cost_micro,
            row.quoted_cost_micro,
            *quota_params(row.started_at, row.quoted_cost_micro),
            row.quoted_cost_micro,
            lease.run_id,
        ),
        recall=Statement(f"SELECT *, {_PROJECT} FROM api_logs WHERE token = ?", (lease.run_id, row.token)),
        is_urgent=True,
    )


_LEFT = (
    "budget_micro - spent_micro - reserved_micro AS budget_left_micro,"
    " (SELECT p.monthly_quota_micro - coalesce(m.spent_micro + m.reserved_micro, 0) FROM api_logs AS call"
    " JOIN projects AS p ON p.name = workflow_executions.project LEFT JOIN project_months AS m ON m.project = p.name"
    " AND m.month = substr(call.started_at, 1, 7) WHERE call.token = ?) AS quota_left_micro"
)
"""What a run may still spend, beside what is reserved. Its parameter is the token of the call that reserves it."""


def reserve(lease: Lease, token: str) -> Statement:
    """Reserve the quoted cost of the intent that the statement before has written; nothing if it wrote none.

    Returns what the budget and the quota have left then.
    """
    return Statement(
        "UPDATE workflow_executions SET reserved_micro = reserved_micro"
        " + (SELECT quoted_cost_micro FROM api_logs WHERE token = ?)"
        " WHERE run_id = ? AND EXISTS (SELECT 1 FROM api_logs WHERE token = ? AND state = 'intent')"
        f" RETURNING {_LEFT}",
        (token, lease.run_id, token, token),
        recall=Statement(
            f"SELECT {_LEFT} FROM workflow_executions WHERE run_id = ?"
            " AND EXISTS (SELECT 1 FROM api_logs WHERE token = ?)",
            (token, lease.run_id, token),
        ),
    )


def count_attempt(lease: Lease, token: str) -> Statement:
    """Count another try at an open call."""
    return Statement(
        f"UPDATE api_logs SET attempt = attempt + 1 WHERE token = ? AND state = 'intent' AND {FENCE} RETURNING id",
        (token, *lease.fence),
        recall=_id_of(token, f"state = 'intent' AND {FENCE}", *lease.fence),
    )


def store_job(lease: Lease, token: str, *, job_id: str, endpoint: str) -> Statement:
    """Turn an `intent` (or `unknown`) row into `submitted`, with the job's id and where it is to be polled."""
    return Statement(
        "UPDATE api_logs SET state = 'submitted', job_id = ?, endpoint = ?, error_code = NULL, error_message = NULL,"
        " ended_at = NULL, duration_ms = NULL"
        f" WHERE token = ? AND state IN {_MAY_BECOME_A_JOB} AND {FENCE} RETURNING id",
        (job_id, endpoint, token, *lease.fence),
        recall=_id_of(token, "job_id = ?", job_id),
    )


def insert_reused(lease: Lease, row: NewCall, source: CallRow) -> Statement:
    """Write down that an earlier call's answer serves here too, at no cost."""
    return Statement(
        f"INSERT INTO api_logs ({_HEAD},"
        " state, attempt, request, precision, asset_sha256, media_type, facts, reused, started_at, ended_at,"
        " duration_ms)"
        f" SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'succeeded', ?, ?, 'exact', ?, ?, ?, 1, ?, ?, 0 WHERE {FENCE}"
        " RETURNING id",
        (
            *_head_of(lease, row),
            row.attempt,
            row.request,
            source.asset_sha256,
            source.media_type,
            source.facts_json,
            row.started_at,
            row.started_at,
            *lease.fence,
        ),
        recall=_id_of(row.token),
    )


def settle_succeeded(
    lease: Lease,
    token: str,
    *,
    receipt: Mapping[str, Any],
    ended_at: str,
    duration_ms: int | None,
    from_failed: bool = False,
) -> Statement:
    """Turn a row that is not settled into `succeeded`, with what its receipt says.

    `from_failed`: turn a row that failed, and was paid for, into `succeeded`.
    """
    before = "('failed')" if from_failed else _UNSETTLED
    return Statement(
        "UPDATE api_logs SET state = 'succeeded', cost_micro = ?, precision = ?, asset_sha256 = ?, media_type = ?,"
        " facts = ?, response = ?, ended_at = ?, duration_ms = ?, error_code = NULL, error_message = NULL"
        f" WHERE token = ? AND state IN {before} AND {FENCE} RETURNING id",
        (
            receipt["cost_micro"],
            receipt["precision"],
            receipt["sha256"],
            receipt["media_type"],
            json.dumps(receipt["facts"], ensure_ascii=False),
            receipt["response"],
            ended_at,
            duration_ms,
            token,
            *lease.fence,
        ),
        recall=_id_of(token, "state = 'succeeded'"),
    )


def settle_failed(
    lease: Lease,
    token: str,
    *,
    state: CallState = CallState.FAILED,
    code: str,
    message: str,
    retryable: bool,
    cost_micro: int = 0,
    status_code: int | None = None,
    ended_at: str,
    duration_ms: int | None,
    asset_sha256: str | None = None,
) -> Statement:
    """Turn a row that is not settled into `failed` (the provider said no) or `unknown` (we cannot know).

    `asset_sha256`: the file that came though the call failed.
    """
    return Statement(
        "UPDATE api_logs SET state = ?, error_code = ?, error_message = ?, retryable = ?, cost_micro = ?,"
        " status_code = ?, ended_at = ?, duration_ms = ?, asset_sha256 = ?"
        f" WHERE token = ? AND state IN {_UNSETTLED} AND {FENCE} RETURNING id",
        (
            state,
            code,
            message,
            int(retryable),
            cost_micro,
            status_code,
            ended_at,
            duration_ms,
            asset_sha256,
            token,
            *lease.fence,
        ),
        recall=_id_of(token, "state = ?", state),
    )


def mark_asset_lost(lease: Lease, token: str) -> Statement:
    """Take back a `succeeded` whose file is gone; the slot is then free to be made again."""
    return Statement(
        "UPDATE api_logs SET state = 'failed', error_code = 'asset_lost', retryable = 1,"
        " error_message = 'its file is missing or damaged' WHERE token = ? AND state = 'succeeded'"
        f" AND {FENCE} RETURNING id",
        (token, *lease.fence),
        recall=_id_of(token, "error_code = 'asset_lost'"),
    )


def insert_asset(lease: Lease, row: NewAsset, *, token: str | None = None, replaces: bool = True) -> Statement:
    """Record a file of this run. `token`: the call that made it.

    The newest of a slot and type stands; if not `replaces`, the one that is there stays, and no row is returned.
    """
    replaced = ("media_type", "sha256", "path", "bytes", "facts", "cost_micro", "api_log_id", "created_at")
    update = f"UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in replaced)}"
    return Statement(
        "INSERT INTO generated_assets (run_id, step, slot, asset_type, media_type, sha256, path, bytes, facts,"
        " cost_micro, api_log_id, created_at)"
        f" SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, (SELECT id FROM api_logs WHERE token = ?), ? WHERE {FENCE}"
        f" ON CONFLICT (run_id, slot, asset_type) DO {update if replaces else 'NOTHING'} RETURNING id",
        (
            lease.run_id,
            row.step,
            row.slot,
            row.asset_type,
            row.media_type,
            row.sha256,
            row.path,
            row.bytes,
            json.dumps(dict(row.facts), ensure_ascii=False, sort_keys=True),
            row.cost_micro,
            token,
            row.created_at,
            *lease.fence,
        ),
        recall=Statement(
            "SELECT id FROM generated_assets WHERE run_id = ? AND slot = ? AND asset_type = ? AND sha256 = ?",
            (lease.run_id, row.slot, row.asset_type, row.sha256),
        ),
    )


def add_spent(lease: Lease, token: str, cost_micro: int) -> Statement:
    """Count the cost of a call that is being settled, and give back what was reserved for it.

    Put it ahead of the settling statement in its batch: it counts only while the row is still open, so that a
    call settled a second time costs nothing a second time.
    """
    return Statement(
        "UPDATE workflow_executions SET spent_micro = spent_micro + ?, reserved_micro = reserved_micro"
        " - (SELECT quoted_cost_micro FROM api_logs WHERE token = ?)"
        " WHERE run_id = ? AND lease_generation = ?"
        f" AND EXISTS (SELECT 1 FROM api_logs WHERE token = ? AND state IN {_UNSETTLED})"
        " RETURNING spent_micro",
        (cost_micro, token, *lease.fence, token),
        recall=Statement("SELECT spent_micro FROM workflow_executions WHERE run_id = ?", (lease.run_id,)),
    )


def correct_spent(lease: Lease, token: str, cost_micro: int) -> Statement:
    """Count what a call cost that failed, was counted as paid, and brings its answer after all.

    Put it ahead of the settling statement in its batch: it counts only while the row is still `failed`.
    """
    return Statement(
        "UPDATE workflow_executions SET spent_micro = spent_micro + ?"
        " - (SELECT cost_micro FROM api_logs WHERE token = ?)"
        " WHERE run_id = ? AND lease_generation = ?"
        " AND EXISTS (SELECT 1 FROM api_logs WHERE token = ? AND state = 'failed')"
        " RETURNING spent_micro",
        (cost_micro, token, *lease.fence, token),
        recall=Statement("SELECT spent_micro FROM workflow_executions WHERE run_id = ?", (lease.run_id,)),
    )
