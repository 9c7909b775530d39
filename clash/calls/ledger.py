"""The ledger: every call to every provider, free ones too, is a row before it is made and settled after.

    intent ----> succeeded        the answer is in the store, its receipt on the disk, the row settled
       |   \\--> failed           the provider said no (`retryable` or not)
       \\------> unknown          we died before the answer, and nobody but a person can know what was bought

A process may die at any instruction; what the next one finds decides:
a `succeeded` row is served from the store; an `intent` row with a receipt is settled without a call; one without is
called again where the provider is idempotent, and is otherwise `unknown`.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from clash.assets import AssetStore
from clash.calls.content_key import canonical_json, content_key, kind_of, references_of
from clash.calls.verification import check_answer
from clash.clock import now_text
from clash.database import call_log
from clash.database.call_log import AssetRow, CallRow
from clash.database.lease import Lease
from clash.database.port import Database, Row, Statement
from clash.errors import ClashError, ConflictError, PersonNeededError, ProviderError, StorageError
from clash.money import to_micro
from clash.providers.ports import Answer, Context, Kind, Request
from clash.providers.registry import Model

_LOG_LIMIT = 16_000
"""Characters of a request or response that are kept in `api_logs`."""


@dataclass(frozen=True)
class Made:
    """A file that a call made, now or before. `cost_micro` is what this run paid for it."""

    slot: str
    sha256: str
    media_type: str
    facts: Mapping[str, Any]
    path: Path
    reused: bool
    cost_micro: int


@dataclass(frozen=True)
class Task:
    """What a step wants made.

    `slot` is the call's own, one a call (`shot:003`, `shot:003/keyframe`); the file is recorded under
    `asset_slot` and `asset_type` (`shot:003`, `keyframe`).
    """

    step: str
    slot: str
    asset_type: str
    request: Request
    asset_slot: str = ""
    take: int = 1


class Ledger:
    """The door for one run, held under its lease."""

    def __init__(
        self,
        database: Database,
        lease: Lease,
        assets: AssetStore,
        models: Mapping[Kind, Model],
        *,
        reuse: bool = True,
        concurrency: int | None = None,
        check_stop: Callable[[], None] = lambda: None,
        on_settled: Callable[[Made], None] = lambda _: None,
    ) -> None:
        self._database = database
        self._lease = lease
        self._assets = assets
        self._models = models
        self._reuse = reuse
        self._check_stop = check_stop
        self._on_settled = on_settled
        # One semaphore a provider, taken inside the call: LangGraph's max_concurrency would also hold back
        # the saving of tasks that have finished.
        self._slots_of = {
            model.provider.name: asyncio.Semaphore(concurrency or model.provider.concurrency)
            for model in models.values()
        }
        self._same_key: dict[str, asyncio.Lock] = {}

    async def call(self, task: Task) -> Made:
        """What the task asks for: from this run, from an earlier one, or newly made.

        Raises `ProviderError` when the provider failed, `PersonNeededError` when a call of a dead process may
        have been paid, `StoppedError` when the process is being stopped, `ConflictError` when the lease is lost.
        """
        model = self._models[kind_of(task.request)]
        key = content_key(model, task.request, take=task.take)
        try:
            async with self._same_key.setdefault(key, asyncio.Lock()):
                made = await self._recorded(task, model)
                if made is None and self._reuse:
                    made = await self._reused(task, model, key)
                if made is None:
                    async with self._slots_of[model.provider.name]:
                        made = await self._buy(task, model, key)
        except ClashError as error:
            error.slots = error.slots or (task.slot,)
            raise
        return made

    # -- what is there already -----------------------------------------------------------------------------

    async def _recorded(self, task: Task, model: Model) -> Made | None:
        row = await call_log.live_row(self._database, self._lease.run_id, task.slot, task.take)
        if row is None:
            return None
        if row["state"] == "succeeded":
            if self._assets.has(row["asset_sha256"]):
                return self._made(task, row, cost_micro=int(row["cost_micro"]))
            return await self._asset_lost(row)
        receipt = self._assets.read_receipt(row["token"])
        if receipt is not None and self._assets.has(receipt["sha256"]):
            return await self._settle(task, row["token"], receipt, duration_ms=None)
        if model.provider.idempotent:
            await self._fail(row["token"], "interrupted", "the process died before the answer", retryable=True)
            return None
        raise PersonNeededError(
            f"the call for {task.slot} was sent to {row['service']} and its answer never came back",
            code="unknown_call",
            hint="look at the provider's own record of calls before resuming",
        )

    async def _asset_lost(self, row: Row) -> None:
        if int(row["cost_micro"]) > 0:
            raise StorageError(
                f"the file that {row['slot']} was paid for is missing or damaged", code="asset_lost", retryable=False,
                hint="put the asset store's files back; ASSET_STORE names where they belong",
            )  # fmt: skip
        await self._write([call_log.mark_asset_lost(self._lease, row["token"])])

    async def _reused(self, task: Task, model: Model, key: str) -> Made | None:
        for row in await call_log.succeeded_elsewhere(self._database, key):
            if self._assets.has(row["asset_sha256"]):
                intent = await self._describe(task, model, key)
                asset = self._asset_row(task, row["asset_sha256"], row["media_type"], json.loads(row["facts"]), 0)
                await self._write(
                    [
                        call_log.insert_reused(self._lease, intent, row),
                        call_log.insert_asset(self._lease, asset, token=intent.token),
                    ]
                )
                return self._made(task, row, cost_micro=0, reused=True)
        return None

    # -- a new call ----------------------------------------------------------------------------------------

    async def _describe(self, task: Task, model: Model, key: str) -> CallRow:
        attempts = await call_log.attempts(self._database, self._lease.run_id, task.slot, task.take)
        return CallRow(
            step=task.step,
            slot=task.slot,
            take=task.take,
            kind=kind_of(task.request),
            key=key,
            token=secrets.token_hex(16),
            service=model.provider.name,
            model=model.name,
            endpoint=model.provider.endpoint,
            request=canonical_json(task.request.model_dump(mode="json", exclude_defaults=True))[:_LOG_LIMIT],
            attempt=attempts + 1,
            quoted_cost_micro=0,
            started_at=now_text(),
        )

    async def _buy(self, task: Task, model: Model, key: str) -> Made:
        self._check_stop()
        files = {reference.sha256: self._assets.path(reference.sha256) for reference in references_of(task.request)}
        intent = await self._describe(task, model, key)
        await self._write([call_log.insert_intent(self._lease, intent)])
        started = time.monotonic()
        try:
            answer = await model.provider.call(model.name, task.request, Context(key, model.name, files))
            check_answer(kind_of(task.request), answer)
        except ClashError as error:
            await self._fail(
                intent.token, error.code, error.message, retryable=error.retryable, duration_ms=_since(started)
            )
            raise
        except Exception as error:
            # A provider is foreign code: whatever it raises is this slot's failure, told in its own words.
            message = f"{type(error).__name__}: {error}"[:2000]
            await self._fail(intent.token, "provider_error", message, retryable=True, duration_ms=_since(started))
            raise ProviderError(
                f"{model.spec} failed for {task.slot}: {message}", code="provider_error", retryable=True
            ) from error
        receipt = self._keep(intent.token, answer)  # no await between the answer and its receipt
        return await self._settle(task, intent.token, receipt, duration_ms=_since(started))

    def _keep(self, token: str, answer: Answer) -> dict[str, Any]:
        digest = self._assets.put(answer.content)
        receipt: dict[str, Any] = {
            "sha256": digest,
            "media_type": answer.media_type,
            "bytes": len(answer.content),
            "cost_micro": to_micro(answer.cost_usd or Decimal(0)),
            "precision": "billed" if answer.cost_usd else "exact",
            "facts": dict(answer.facts),
            "response": canonical_json(dict(answer.response))[:_LOG_LIMIT],
        }
        self._assets.write_receipt(token, receipt)
        return receipt

    async def _settle(self, task: Task, token: str, receipt: Mapping[str, Any], *, duration_ms: int | None) -> Made:
        cost = int(receipt["cost_micro"])
        asset = self._asset_row(task, receipt["sha256"], receipt["media_type"], receipt["facts"], cost)
        await self._write(
            [
                call_log.add_spent(self._lease, token, cost),
                call_log.insert_asset(self._lease, asset, token=token),
                call_log.settle_succeeded(
                    self._lease, token, receipt=receipt, ended_at=now_text(), duration_ms=duration_ms
                ),
            ]
        )
        self._assets.drop_receipt(token)
        made = Made(
            task.slot, asset.sha256, asset.media_type, asset.facts, self._assets.path(asset.sha256), False, cost
        )
        self._on_settled(made)
        return made

    async def _fail(
        self, token: str, code: str, message: str, *, retryable: bool, duration_ms: int | None = None
    ) -> None:
        await self._write(
            [
                call_log.settle_failed(
                    self._lease, token, code=code, message=message[:2000], retryable=retryable, ended_at=now_text(),
                    duration_ms=duration_ms,
                )
            ]
        )  # fmt: skip

    # -- small parts ---------------------------------------------------------------------------------------

    async def _write(self, statements: list[Statement]) -> None:
        """Apply a fenced batch. Its last statement returns a row unless the lease is lost."""
        results = await self._database.batch(statements)
        if not results[-1]:
            raise ConflictError(
                f"run {self._lease.run_id} is being written by another process", code="lease_lost",
                hint="this process wrote nothing after it lost the run",
            )  # fmt: skip

    def _asset_row(
        self, task: Task, sha256: str, media_type: str, facts: Mapping[str, Any], cost_micro: int
    ) -> AssetRow:
        return AssetRow(
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

    def _made(self, task: Task, row: Row, *, cost_micro: int, reused: bool = False) -> Made:
        sha256 = str(row["asset_sha256"])
        facts = json.loads(row["facts"] or "{}")
        return Made(task.slot, sha256, str(row["media_type"]), facts, self._assets.path(sha256), reused, cost_micro)


def _since(started: float) -> int:
    return round((time.monotonic() - started) * 1000)
