"""The four tables of clash, for programs that track a workflow: runs, checkpoints, assets, calls.

`AsyncMetadataTracker` is also the Python API for workflows of one's own: it needs no ledger and no LangGraph. Where
code does not await there is `MetadataTracker` (`clash.database.metadata`).
"""

from __future__ import annotations

import secrets
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from clash.clock import now_text
from clash.database import own_runs
from clash.database.audit import CallSums
from clash.database.connection import open_database
from clash.database.leased_runs import LeasedRuns
from clash.database.migrations import require_current
from clash.database.port import Param, Row, Statement, json_text, texts_of, values_of
from clash.errors import UsageError
from clash.money import to_micro, usd_text
from clash.project_names import DEFAULT_PROJECT, check_project_name
from clash.redaction import hide, safe_exception
from clash.vocabulary import RunStatus

STATUSES: tuple[RunStatus, ...] = tuple(RunStatus)
_MANUAL = "track_step"
"""The namespace of steps that were tracked by hand rather than saved by a checkpointer."""


@dataclass
class StepRecord:
    """A step being tracked; `metadata_id` is its row's checkpoint_id."""

    run_id: str
    step_name: str
    metadata_id: str = field(default_factory=lambda: secrets.token_hex(16))
    execution_time_ms: int | None = None
    after_call: int = 0
    began: float = field(default_factory=time.monotonic)


class AsyncMetadataTracker(LeasedRuns):
    """Writes and sums the tables of clash over one open database."""

    @classmethod
    @asynccontextmanager
    async def open(cls, database_url: str) -> AsyncGenerator[AsyncMetadataTracker]:
        """A tracker on an existing, migrated database.

        Raises `NotFoundError`, `VersionMismatchError`, `SettingsError`.
        """
        async with open_database(database_url, "write") as database:
            await require_current(database)
            yield cls(database)

    # -- runs ----------------------------------------------------------------------------------------------

    async def start_workflow(
        self,
        run_id: str,
        workflow_name: str,
        *,
        story_path: str = "",
        story_sha256: str = "",
        story_title: str = "",
        settings: Mapping[str, Any] | None = None,
        settings_fingerprint: str = "",
        graph_version: int = 0,
        budget_usd: Decimal | None = None,
        metadata: Mapping[str, Any] | None = None,
        start_time: str | None = None,
        error_code: str | None = None,
        error_message: str | None = None,
        project: str = DEFAULT_PROJECT,
        batch: str | None = None,
        batch_budget_micro: int | None = None,
    ) -> bool:
        """Begin a run; False, and nothing changed, if a run of this id exists. `start_time`: now, unless given.

        `batch`: the batch that it is begun in; `batch_budget_micro`: the budget of one that is not there any more.
        With an `error_code` it is failed from the beginning: as a run is that was restored and not continued.
        """
        now = now_text()
        start_time = start_time or now
        values: dict[str, Param] = {
            "run_id": run_id,
            "workflow_name": workflow_name,
            "status": RunStatus.RUNNING if error_code is None else RunStatus.FAILED,
            "start_time": start_time,
            "end_time": None if error_code is None else now,
            "updated_at": now,
            "error_code": error_code,
            "error_message": error_message,
            "story_path": story_path,
            "story_sha256": story_sha256,
            "story_title": story_title,
            "settings": json_text(settings or {}),
            "settings_fingerprint": settings_fingerprint,
            "graph_version": graph_version,
            "budget_micro": None if budget_usd is None else to_micro(budget_usd),
            "metadata": json_text({"totals": {}, **(metadata or {})}),
            "project": check_project_name(project),
            "batch": batch,
        }
        (created,) = await self.database.batch([_insert_run(values, batch_budget_micro)])
        return bool(created)

    async def run(self, run_id: str) -> Row | None:
        """The row of a run."""
        rows = await self.database.query("SELECT * FROM workflow_executions WHERE run_id = ?", (run_id,))
        return rows[0] if rows else None

    async def cancel(self, run_id: str) -> bool:
        """Cancel a run, whichever process holds it: from now on no intent can be written. False for a finished one."""
        now = now_text()
        (changed,) = await self.database.batch(
            [
                Statement(
                    "UPDATE workflow_executions SET status = 'cancelled', end_time = ?, updated_at = ?"
                    " WHERE run_id = ? AND status <> 'completed' RETURNING run_id",
                    (now, now, run_id),
                    recall=Statement(
                        "SELECT run_id FROM workflow_executions WHERE run_id = ? AND status = 'cancelled'", (run_id,)
                    ),
                )
            ]
        )
        return bool(changed)

    async def complete_workflow(self, run_id: str) -> None:
        """Say that a workflow of one's own is done; no lease is needed. Raises `NotFoundError`, `ConflictError`."""
        await own_runs.end_run(self.database, run_id, "completed")

    async def fail_workflow(self, run_id: str, error: BaseException | str) -> None:
        """Say that a workflow of one's own has failed, and why. Raises `NotFoundError`, `ConflictError`."""
        message = hide(error) if isinstance(error, str) else safe_exception(error)
        await own_runs.end_run(self.database, run_id, "failed", error_message=message)

    async def set_own_budget(self, run_id: str, budget_usd: Decimal) -> None:
        """Give a workflow of one's own another budget, in dollars. Raises `NotFoundError`, `ConflictError`."""
        await own_runs.set_budget(self.database, run_id, _cost_micro(budget_usd))

    async def check_budget(self, run_id: str, cost_usd: Decimal = Decimal(0)) -> None:
        """Raise `BudgetExceededError` if a call of this cost would pass the run's budget; `NotFoundError`."""
        await own_runs.check_budget(self.database, run_id, _cost_micro(cost_usd))

    # -- calls and assets of workflows that keep no ledger ----------------------------------------------------

    async def record_api_call(
        self,
        run_id: str,
        *,
        step: str,
        service: str,
        endpoint: str = "",
        model: str = "",
        status_code: int | None = None,
        cost_usd: Decimal = Decimal(0),
        duration_ms: int | None = None,
        request: Mapping[str, Any] | None = None,
        response: Mapping[str, Any] | None = None,
        error: str | None = None,
    ) -> int:
        """Record a call that was made outside the ledger, and count its cost; its id.

        Raises `NotFoundError`, `UsageError` for a cost that cannot be.
        """
        cost, now, token = _cost_micro(cost_usd), now_text(), secrets.token_hex(16)
        inserted, _ = await self.database.batch(
            [
                Statement(
                    "INSERT INTO api_logs (run_id, step, token, service, model, endpoint, state, request, response,"
                    " status_code, cost_micro, started_at, ended_at, duration_ms, error_message)"
                    " SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?"
                    " WHERE EXISTS (SELECT 1 FROM workflow_executions WHERE run_id = ?) RETURNING id",
                    (
                        run_id,
                        step,
                        token,
                        service,
                        model,
                        endpoint,
                        "failed" if error else "succeeded",
                        json_text(request or {}),
                        json_text(response or {}),
                        status_code,
                        cost,
                        now,
                        now,
                        duration_ms,
                        error,
                        run_id,
                    ),
                    recall=Statement("SELECT id FROM api_logs WHERE token = ?", (token,)),
                ),
                Statement(
                    "UPDATE workflow_executions SET spent_micro = spent_micro + ?, updated_at = ? WHERE run_id = ?",
                    (cost, now, run_id),
                ),
            ]
        )
        return _id_or_unknown_run(inserted, run_id)

    async def record_asset(
        self,
        run_id: str,
        *,
        step: str,
        slot: str,
        asset_type: str,
        media_type: str,
        sha256: str,
        path: str,
        size_bytes: int,
        facts: Mapping[str, Any] | None = None,
        cost_usd: Decimal = Decimal(0),
    ) -> int:
        """Record a file of a run; the newest of a slot and type stands. Its id.

        Raises `NotFoundError`, `UsageError` for a cost that cannot be.
        """
        (inserted,) = await self.database.batch(
            [
                Statement(
                    "INSERT INTO generated_assets (run_id, step, slot, asset_type, media_type, sha256, path, bytes,"
                    " facts, cost_micro, created_at) SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?"
                    " WHERE EXISTS (SELECT 1 FROM workflow_executions WHERE run_id = ?)"
                    " ON CONFLICT (run_id, slot, asset_type) DO UPDATE SET step = excluded.step,"
                    " media_type = excluded.media_type, sha256 = excluded.sha256, path = excluded.path,"
                    " bytes = excluded.bytes, facts = excluded.facts, cost_micro = excluded.cost_micro,"
                    " created_at = excluded.created_at RETURNING id",
                    (
                        run_id,
                        step,
                        slot,
                        asset_type,
                        media_type,
                        sha256,
                        path,
                        size_bytes,
                        json_text(facts or {}),
                        _cost_micro(cost_usd),
                        now_text(),
                        run_id,
                    ),
                    recall=Statement(
                        "SELECT id FROM generated_assets WHERE run_id = ? AND slot = ? AND asset_type = ?",
                        (run_id, slot, asset_type),
                    ),
                )
            ]
        )
        return _id_or_unknown_run(inserted, run_id)

    # -- steps and sums --------------------------------------------------------------------------------------

    @asynccontextmanager
    async def track_step(self, run_id: str, step_name: str) -> AsyncGenerator[StepRecord]:
        """Time a step of a workflow of one's own, with the calls and costs that are recorded for it meanwhile.

        An error that leaves the block is recorded and goes on its way. Raises `NotFoundError`.
        """
        record, error = await self.begin_step(run_id, step_name), None
        try:
            yield record
        except BaseException as raised:
            # Cancelled or interrupted is not done, either.
            error = raised
            raise
        finally:
            await self.end_step(record, error)

    async def begin_step(self, run_id: str, step_name: str) -> StepRecord:
        """Begin to time a step; `end_step` records it. Raises `NotFoundError`."""
        if await self.run(run_id) is None:
            raise own_runs.unknown_run(run_id)
        (newest,) = await self.database.query("SELECT coalesce(max(id), 0) AS id FROM api_logs")
        return StepRecord(run_id, step_name, after_call=int(newest["id"]))

    async def end_step(self, record: StepRecord, error: BaseException | None = None) -> None:
        """Record a step that has ended. `error`: what left it."""
        record.execution_time_ms = round((time.monotonic() - record.began) * 1000)
        # What cannot be stored must not hide what was raised.
        told = None if error is None else own_runs.storable(safe_exception(error))
        await self.database.batch([self._step_row(record, record.after_call, told)])

    def _step_row(self, record: StepRecord, after_id: int, error: str | None) -> Statement:
        # By number and not by time: two steps can begin within one millisecond.
        calls = "FROM api_logs WHERE run_id = ? AND step = ? AND id > ?"
        during = (record.run_id, record.step_name, after_id)
        return Statement(
            "INSERT INTO checkpoint_metadata (run_id, checkpoint_ns, checkpoint_id, created_at, source, step_index,"
            " step_name, execution_time_ms, api_calls, cost_micro, error_message) VALUES (?, ?, ?, ?, ?,"
            " (SELECT count(*) FROM checkpoint_metadata WHERE run_id = ? AND checkpoint_ns = ?), ?, ?,"
            f" (SELECT count(*) {calls}), (SELECT coalesce(sum(cost_micro), 0) {calls}), ?)",
            (
                record.run_id,
                _MANUAL,
                record.metadata_id,
                now_text(),
                _MANUAL,
                record.run_id,
                _MANUAL,
                record.step_name,
                record.execution_time_ms,
                *during,
                *during,
                error,
            ),
        )

    async def get_workflow_stats(self, run_id: str) -> dict[str, Any]:
        """What a run did and cost so far, summed from the calls. Raises `NotFoundError`.

        Money is a decimal string in dollars, durations are milliseconds; `total_cost` is `total_usd` as a float.
        """
        run = await own_runs.run_of(self.database, run_id)
        rows = await self.database.query(
            "SELECT step AS name, count(*) AS calls, sum(state = 'failed') AS failed, sum(reused) AS reused,"
            " sum(cost_micro) AS cost_micro, sum(coalesce(duration_ms, 0)) AS duration_ms"
            " FROM api_logs WHERE run_id = ? GROUP BY step ORDER BY min(id)",
            (run_id,),
        )
        assets = await self.database.query(
            "SELECT asset_type, count(*) AS n FROM generated_assets WHERE run_id = ? GROUP BY asset_type"
            " ORDER BY asset_type",
            (run_id,),
        )
        steps = [CallSums.from_row(row) for row in rows]
        total = sum(step.cost_micro for step in steps)
        return {
            "run_id": run_id,
            "workflow_name": run.workflow_name,
            "status": run.status.value,
            "start_time": run.start_time,
            "end_time": run.end_time,
            "total_usd": usd_text(total),
            "total_cost": float(usd_text(total)),
            "budget_usd": None if run.budget_micro is None else usd_text(run.budget_micro),
            "calls": sum(step.calls for step in steps),
            "failed_calls": sum(step.failed for step in steps),
            "reused_calls": sum(step.reused for step in steps),
            "by_step": [
                {
                    "step": step.name,
                    "calls": step.calls,
                    "cost_usd": usd_text(step.cost_micro),
                    "duration_ms": step.duration_ms,
                }
                for step in steps
            ],
            "assets": dict(zip(texts_of(assets, "asset_type"), map(int, values_of(assets, "n")), strict=True)),
        }


def _cost_micro(cost_usd: Decimal) -> int:
    if not (cost_usd.is_finite() and cost_usd >= 0):
        raise UsageError(f"nothing can cost {cost_usd} dollars")
    return to_micro(cost_usd)


def _id_or_unknown_run(inserted: list[Row], run_id: str) -> int:
    if not inserted:
        raise own_runs.unknown_run(run_id)
    return int(inserted[0]["id"])


def _insert_run(values: Mapping[str, Param], batch_budget_micro: int | None) -> Statement:
    """Write the row of a run, unless there is one of its id; with the budget of its batch, as that is now."""
    return Statement(
        f"INSERT INTO workflow_executions ({', '.join(values)}, batch_budget_micro)"
        f" VALUES ({', '.join('?' * len(values))}, coalesce((SELECT budget_micro FROM batches WHERE name = ?), ?))"
        " ON CONFLICT (run_id) DO NOTHING RETURNING run_id",
        (*values.values(), values["batch"], batch_budget_micro),
        recall=Statement(
            "SELECT run_id FROM workflow_executions WHERE run_id = ? AND start_time = ?",
            (values["run_id"], values["start_time"]),
        ),
    )
