"""Changes of a run's row by the process that holds its lease: its status, its budget, its settings, its totals."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from clash.clock import now_text
from clash.database.lease import FENCE, Lease, still_held
from clash.database.outbox import NewEvent, insert_event
from clash.database.port import Database, Param, Statement, json_text
from clash.errors import ConflictError
from clash.money import to_micro
from clash.vocabulary import RunStatus


class LeasedRuns:
    """Changes the rows of runs, each under its lease; a process that lost the lease changes nothing."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def set_status(
        self,
        lease: Lease,
        status: RunStatus,
        *,
        error_code: str | None = None,
        error_message: str | None = None,
        event: NewEvent | None = None,
    ) -> None:
        """Say how a run stands. A run that is no longer `running` has an end time. Raises `ConflictError`.

        `event`: what a webhook is told of it, stored in the same transaction.
        """
        now = now_text()
        changed, *_ = await self.database.batch(
            [
                Statement(
                    "UPDATE workflow_executions SET status = ?, end_time = ?, updated_at = ?, error_code = ?,"
                    " error_message = ? WHERE run_id = ? AND lease_generation = ? RETURNING run_id",
                    (status, None if status == "running" else now, now, error_code, error_message, *lease.fence),
                    recall=still_held(lease),
                ),
                *_stored(event, lease, status, now),
            ]
        )
        if not changed:
            raise ConflictError(f"run {lease.run_id} is being written by another process", code="lease_lost")

    async def complete(self, lease: Lease, *, changes: int, event: NewEvent | None = None) -> bool:
        """Say that a run is completed; False, and nothing changes, if people have changed more takes than `changes`.

        `event`: what a webhook is told of it, stored in the same transaction. Raises `ConflictError`.
        """
        now = now_text()
        changed, *_ = await self.database.batch(
            [
                Statement(
                    "UPDATE workflow_executions SET status = 'completed', end_time = ?, updated_at = ?,"
                    " error_code = NULL, error_message = NULL WHERE run_id = ? AND lease_generation = ?"
                    " AND ? = (SELECT count(*) FROM slot_decisions WHERE run_id = ? AND decision <> 'approve')"
                    " RETURNING run_id",
                    (now, now, *lease.fence, changes, lease.run_id),
                    recall=Statement(
                        f"SELECT run_id FROM workflow_executions WHERE run_id = ? AND end_time = ? AND {FENCE}",
                        (lease.run_id, now, *lease.fence),
                    ),
                ),
                *_stored(event, lease, RunStatus.COMPLETED, now),
            ]
        )
        if changed:
            return True
        held = still_held(lease)
        if not await self.database.query(held.sql, held.params):
            raise ConflictError(f"run {lease.run_id} is being written by another process", code="lease_lost")
        return False

    async def set_budget(self, lease: Lease, budget_usd: Decimal) -> None:
        """Give a run another budget."""
        await self._update(lease, "budget_micro = ?", to_micro(budget_usd))

    async def set_settings(self, lease: Lease, settings: Mapping[str, Any], *, fingerprint: str) -> None:
        """Let a run go on with other settings."""
        await self._update(lease, "settings = ?, settings_fingerprint = ?", json_text(settings), fingerprint)

    async def set_estimate(self, lease: Lease, estimate_micro: int) -> None:
        """Remember what a run was expected to cost when it began."""
        await self._update(
            lease, "metadata = json_set(metadata, '$.estimate_micro', CAST(? AS INTEGER))", estimate_micro
        )

    async def _update(self, lease: Lease, assignments: str, *params: Param) -> None:
        (changed,) = await self.database.batch(
            [
                Statement(
                    f"UPDATE workflow_executions SET {assignments}, updated_at = ?"
                    " WHERE run_id = ? AND lease_generation = ? RETURNING run_id",
                    (*params, now_text(), *lease.fence),
                    recall=still_held(lease),
                )
            ]
        )
        if not changed:
            raise ConflictError(f"run {lease.run_id} is being written by another process", code="lease_lost")

    async def set_step_total(self, lease: Lease, step: str, total: int) -> None:
        """Remember how many things a step is to make."""
        await self.database.batch(
            [
                Statement(
                    "UPDATE workflow_executions SET updated_at = ?,"
                    " metadata = json_set(metadata, '$.totals.' || ?, CAST(? AS INTEGER))"
                    " WHERE run_id = ? AND lease_generation = ?",
                    (now_text(), step, total, *lease.fence),
                )
            ]
        )


def _stored(event: NewEvent | None, lease: Lease, status: RunStatus, ended_at: str) -> list[Statement]:
    if event is None:
        return []
    return [insert_event(lease.run_id, event, generation=lease.generation, status=status, ended_at=ended_at)]
