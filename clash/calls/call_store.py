"""The store of a run's calls: every change of a row, under the lease, each one atomic batch.

It also keeps the budget, and the quota of the run's project. A quoted cost is reserved in the batch that writes the
intent, under a condition that the database itself checks, so no number of parallel calls can pass them; settling turns
the reservation into the cost.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from clash import faults
from clash.assets import AssetStore
from clash.assets.disk import on_disk_later
from clash.assets.records import write_call_record
from clash.calls.call_history import CallHistory, SlotHistory
from clash.calls.call_records import call_facts, may_be_paid, paid_call_facts
from clash.calls.changes import CallChange, State
from clash.calls.content_key import KEY_VERSION, kind_of
from clash.calls.funds import check_room, left_of, read_left
from clash.calls.in_flight import InFlight
from clash.calls.keeping import Keeper
from clash.calls.receipts import recorded_request, storable, ticket_of
from clash.calls.spec import CallResult, CallSpec
from clash.clock import now_text
from clash.database import call_log
from clash.database.batches import batch_funds
from clash.database.lease import Lease
from clash.database.port import Database, Statement
from clash.database.rows import CallRow, NewAsset, NewCall
from clash.database.run_funds import funds_of
from clash.errors import ClashError, ConflictError, StoppedError, StorageError
from clash.money import to_micro
from clash.providers.endpoints import endpoint_of
from clash.providers.ports import FREE, Job, Quote
from clash.providers.registry import Model
from clash.vocabulary import CallState, Precision, RunStatus

_ERROR_LIMIT = 2000
"""Characters of an error's message that are kept in `api_logs`."""


class CallStore:
    """The rows of `api_logs` and `generated_assets` of one run."""

    def __init__(
        self,
        database: Database,
        lease: Lease,
        assets: AssetStore,
        keeper: Keeper,
        *,
        on_settled: Callable[[CallResult], None],
        on_change: Callable[[CallChange], None] = lambda _: None,
        in_flight: InFlight | None = None,
    ) -> None:
        self._database = database
        self._lease = lease
        self._assets = assets
        self._keeper = keeper
        self._on_settled = on_settled
        self._on_change = on_change
        self._history = CallHistory(database, lease.run_id, is_new=lease.of_new_run)
        self._sent: dict[str, float] = {}
        self._left: dict[str, int | None] = {}
        """What budget and quota still had when a call was reserved, by the call's token."""
        self._in_flight = InFlight() if in_flight is None else in_flight

    # -- reading ---------------------------------------------------------------------------------------------

    async def history(self, task: CallSpec, key: str) -> SlotHistory:
        """Return what is recorded of this slot and take. `key`: of the request that is about to be made."""
        return await self._history.of(task.slot, task.take, key)

    def made(self, task: CallSpec, row: CallRow, *, reused: bool = False) -> CallResult:
        """The file of a succeeded row."""
        sha256 = row.asset_sha256
        cost = 0 if reused else row.cost_micro
        return CallResult(task.slot, sha256, row.media_type, row.facts, self._assets.path(sha256), reused, cost)

    # -- before a call ---------------------------------------------------------------------------------------

    async def intend(self, task: CallSpec, model: Model, key: str, quote: Quote) -> CallRow | None:
        """Write down what is about to be bought, and reserve its cost; or do neither, and None is returned.

        Raises `StorageError` if the disk does not take its record: nothing is to be sent then.
        """
        row = await self._describe(task, model, key, quote)
        faults.point("intent.before")
        self._history.written(task.slot, task.take)
        inserted, reserved, batch = await self._database.batch(
            [
                call_log.insert_intent(self._lease, row),
                call_log.reserve(self._lease, row.token),
                batch_funds(self._lease.run_id),
            ]
        )
        if not inserted:
            return None
        self._in_flight.enter(task)
        self._sent[row.token] = time.monotonic()
        faults.point("intent.after")
        written = CallRow.from_row(inserted[0])
        if reserved:
            self._left[row.token] = left_of(reserved[0], batch)
        self._tell(task, written, "reserved")
        try:
            await self._keeper.record_open(written)
        except StorageError as error:
            with suppress(ClashError):
                await self.fail(task, written, error)
            raise
        return written

    async def most_micro(self, row: CallRow) -> int | None:
        """Return what an open call may cost: its quote, and what is left beside it. None: any amount."""
        if not row.quoted_cost_micro:
            return None
        if row.token in self._left:
            left = self._left.pop(row.token)
        else:
            left = await read_left(self._database, self._lease.run_id)
        return None if left is None else row.quoted_cost_micro + max(left, 0)

    async def wait_for_room(self, task: CallSpec, quote: Quote, end: asyncio.Event) -> None:
        """Wait for the next of the calls in flight to end, after `intend` refused: bills may be below their quotes.

        Nothing that a call in flight needs may be held meanwhile. Raises why there is nothing to wait for:
        `BudgetExceededError`, `QuotaReachedError`, `StoppedError` (cancelled), `ConflictError` (lease lost).
        """
        run = await funds_of(self._database, self._lease.run_id)
        if run.lease_generation != self._lease.generation:
            raise self._lost()
        if run.status == RunStatus.CANCELLED:
            raise StoppedError(f"the run {self._lease.run_id} was cancelled", code="cancelled", exit_code=1)
        if self._in_flight or end.is_set():
            await end.wait()
            return
        await check_room(self._database, self._lease.run_id, run, task, to_micro(quote.cost_usd))

    async def call_again(self, row: CallRow) -> None:
        """Count another try at a call whose row is still open: the same row, the same idempotency key."""
        await self._write(row.slot, row.take, [call_log.count_attempt(self._lease, row.token)])
        self._sent[row.token] = time.monotonic()

    async def submitted(self, row: CallRow, job: Job) -> CallRow:
        """Store a job's id, before anybody looks at it: on the disk, then in its row. Returns the row as it is then.

        It is on the disk also if this call is cancelled meanwhile.
        """
        faults.point("submit.after")
        ticket = {**ticket_of(job), "call": call_facts(row)}
        with suppress(StorageError):
            # A full disk may still have room in the database, which is where the id belongs.
            await self._keeper.keep_ticket(row.token, ticket)
        faults.point("ticket.after")
        return await self.store_job(row, ticket)

    async def store_job(self, row: CallRow, ticket: Mapping[str, Any]) -> CallRow:
        """Put a job's id, as its ticket on the disk says it, into its row; the row as it is then."""
        job_id, endpoint = str(ticket["job_id"]), str(ticket["endpoint"])
        stored = call_log.store_job(self._lease, row.token, job_id=job_id, endpoint=endpoint)
        await self._write(row.slot, row.take, [stored])
        faults.point("job.after")
        return row._replace(state=CallState.SUBMITTED, job_id=job_id, endpoint=endpoint)

    # -- after it --------------------------------------------------------------------------------------------

    async def settle(self, task: CallSpec, row: CallRow, receipt: Mapping[str, Any]) -> CallResult:
        """Turn a row into a succeeded one: its asset, its cost, its reservation, in one batch.

        The row is not settled yet, or it failed and was paid for: then its cost was counted when it failed.
        """
        token, failed = row.token, row.state == CallState.FAILED
        before = row.cost_micro if failed else 0
        # A provider that honours keys may bill the second answer as nothing: the first was paid.
        cost = int(receipt["cost_micro"]) or before
        receipt = {**receipt, "cost_micro": cost}
        # Before its row: what is settled here can be told again when the database is lost.
        asset = await on_disk_later(self._record, task, row, receipt)
        await self._assets.share(receipt["sha256"], receipt=token)
        faults.point("share.after")
        await self._write(
            task.slot,
            task.take,
            [
                call_log.correct_spent(self._lease, token, cost)
                if failed
                else call_log.add_spent(self._lease, token, cost),
                *self._recorded(task, asset, token),
                call_log.settle_succeeded(
                    self._lease,
                    token,
                    receipt=receipt,
                    ended_at=now_text(),
                    duration_ms=self._duration(token),
                    from_failed=failed,
                ),
            ],
        )
        faults.point("settle.after")
        made = CallResult(
            task.slot, asset.sha256, asset.media_type, asset.facts, self._assets.path(asset.sha256), False, cost
        )
        self._on_settled(replace(made, cost_micro=cost - before))
        self._tell(task, row, "settled", cost_micro=cost - before)
        await self._closed(task, token)
        await self._assets.unshare_receipt(token)
        return made

    async def fail(
        self, task: CallSpec, row: CallRow, error: ClashError, *, cost_micro: int = 0, asset_sha256: str | None = None
    ) -> None:
        """Turn an open row into a failed one. `cost_micro`: what was billed all the same. `asset_sha256`: what came."""
        token = row.token
        await self._write(
            task.slot,
            task.take,
            [
                call_log.add_spent(self._lease, token, cost_micro),
                call_log.settle_failed(
                    self._lease,
                    token,
                    code=error.code,
                    message=storable(error.message, _ERROR_LIMIT),
                    retryable=error.retryable,
                    cost_micro=cost_micro,
                    status_code=getattr(error, "status_code", None),
                    ended_at=now_text(),
                    duration_ms=self._duration(token),
                    asset_sha256=asset_sha256,
                ),
            ],
        )
        self._tell(task, row, "failed", cost_micro=cost_micro, error=error.code)
        if cost_micro:
            failed = row._replace(state=CallState.FAILED, cost_micro=cost_micro, error_code=error.code)
            self._history.put_in_the_way(failed._replace(error_message=error.message, asset_sha256=asset_sha256 or ""))
        await self._closed(task, token)

    async def give_up(self, task: CallSpec, row: CallRow, why: str) -> None:
        """Turn an open row into an unknown one. Its reservation stays: the money may be spent."""
        unknown = call_log.settle_failed(
            self._lease,
            row.token,
            state=CallState.UNKNOWN,
            code="unknown_call",
            message=storable(why, _ERROR_LIMIT),
            retryable=False,
            ended_at=now_text(),
            duration_ms=self._duration(row.token),
        )
        await self._write(task.slot, task.take, [unknown])
        self._tell(task, row, "unknown", error="unknown_call")
        self._history.put_in_the_way(row._replace(state=CallState.UNKNOWN))
        self._in_flight.leave(task)

    async def reuse(self, task: CallSpec, model: Model, key: str, source: CallRow) -> CallResult:
        """Write down that the answer of an earlier call serves here too, at no cost."""
        await self._assets.share(source.asset_sha256)
        row = await self._describe(task, model, key, FREE)
        asset = self._asset_row(task, source.asset_sha256, source.media_type, source.facts, 0)
        await self._write(
            task.slot,
            task.take,
            [
                call_log.insert_reused(self._lease, row, source),
                *self._recorded(task, asset, row.token),
            ],
        )
        self._tell(task, source._replace(token=row.token), "reused")
        return self.made(task, source, reused=True)

    async def select(self, task: CallSpec, row: CallRow) -> None:
        """Record the file of a succeeded call as the one that the run has for its slot."""
        asset = self._asset_row(task, row.asset_sha256, row.media_type, row.facts, 0 if row.reused else row.cost_micro)
        await self._write(row.slot, row.take, self._recorded(task, asset, row.token))

    async def forget_file(self, row: CallRow) -> None:
        """Take back a succeeded row whose file is gone, so that it can be made again. What it cost stays spent."""
        await self._write(row.slot, row.take, [call_log.mark_asset_lost(self._lease, row.token)])

    # -- parts -----------------------------------------------------------------------------------------------

    async def _describe(self, task: CallSpec, model: Model, key: str, quote: Quote) -> NewCall:
        history = await self._history.of(task.slot, task.take, key)
        return NewCall(
            step=task.step,
            slot=task.slot,
            take=task.take,
            kind=kind_of(task.request),
            key=key,
            key_version=KEY_VERSION,
            token=secrets.token_hex(16),
            service=model.provider.name,
            model=model.name,
            endpoint=endpoint_of(model.provider, kind_of(task.request)),
            request=recorded_request(task.request),
            attempt=history.attempts + 1,
            quoted_cost_micro=to_micro(quote.cost_usd),
            precision=Precision.ESTIMATED if quote.estimated else Precision.EXACT,
            started_at=now_text(),
        )

    def _record(self, task: CallSpec, row: CallRow, receipt: Mapping[str, Any]) -> NewAsset:
        """Write the record of a call beside its file, if it may be paid; return the row of its asset."""
        asset = self._asset_row(task, receipt["sha256"], receipt["media_type"], receipt["facts"], receipt["cost_micro"])
        if may_be_paid(row, receipt):
            write_call_record(self._assets, asset.sha256, row.token, paid_call_facts(row, receipt, asset))
        return asset

    def _asset_row(
        self, task: CallSpec, sha256: str, media_type: str, facts: Mapping[str, Any], cost_micro: int
    ) -> NewAsset:
        return NewAsset(
            step=task.step,
            slot=task.asset_slot or task.slot,
            asset_type=task.asset_type,
            media_type=media_type,
            sha256=sha256,
            path=self._assets.relative_path(sha256),
            bytes=self._assets.path(sha256).stat().st_size,
            facts=facts,
            cost_micro=cost_micro,
            created_at=now_text(),
        )

    def _recorded(self, task: CallSpec, asset: NewAsset, token: str) -> list[Statement]:
        """Record the file of the selected take as the run's; the others are in the rows of their calls alone."""
        return [call_log.insert_asset(self._lease, asset, token=token)] if task.selected else []

    def _tell(
        self, task: CallSpec, row: CallRow, state: State, *, cost_micro: int = 0, error: str | None = None
    ) -> None:
        """Tell what has become of a call, now that it is stored."""
        self._on_change(
            CallChange(
                call=row.token,
                state=state,
                step=task.step,
                slot=task.slot,
                take=task.take,
                kind=kind_of(task.request),
                service=row.service,
                model=row.model,
                quoted_micro=row.quoted_cost_micro if state == "reserved" else 0,
                cost_micro=cost_micro,
                duration_ms=None if state == "reused" else self._duration(row.token),
                error=error,
            )
        )

    def _duration(self, token: str) -> int | None:
        sent = self._sent.get(token)
        return None if sent is None else round((time.monotonic() - sent) * 1000)

    async def _closed(self, task: CallSpec, token: str) -> None:
        self._sent.pop(token, None)
        self._in_flight.leave(task)
        await self._keeper.forget(token)

    async def _write(self, slot: str, take: int, statements: list[Statement]) -> None:
        """Apply a fenced batch for a slot. Its last statement returns a row unless the lease is lost."""
        self._history.written(slot, take)
        results = await self._database.batch(statements)
        if not results[-1]:
            raise self._lost()

    def _lost(self) -> ConflictError:
        return ConflictError(
            f"run {self._lease.run_id} is being written by another process",
            code="lease_lost",
            hint="this process wrote nothing after it lost the run",
        )
