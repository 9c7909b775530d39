"""The ledger: the one door to every provider. A call is a row before it is made, and is settled after.

    intent ----> submitted ----> succeeded      the answer is in the store, its receipt on the disk, the row settled
       |             |     \\---> failed         the provider said no (`retryable` or not)
       \\-------------\\---------> unknown        we died before the answer, and only a person can know what was bought

A process may die at any instruction; what the next one finds decides. So a retry and a recovery are one and the same:
look at what is on record, and go on from there.

    succeeded             served from the store
    submitted             that job is polled where it was submitted, whatever the settings say by now
    intent, with receipt  settled without a call
    intent, without       asked about, where the provider can be asked; made again under the same idempotency key, where
                          it honours one; else unknown
"""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from clash.assets import AssetStore
from clash.calls.book import Book, Made, Task
from clash.calls.content_key import content_key, kind_of, references_of
from clash.calls.pacing import Pace, Patience, with_retries
from clash.calls.verification import check_answer
from clash.database import call_log
from clash.database.lease import Lease
from clash.database.port import Database, Row
from clash.errors import AmbiguousError, ClashError, PersonNeededError, ProviderError, StorageError
from clash.money import from_micro, usd_text
from clash.providers.ports import (
    FREE,
    Answer,
    AnyProvider,
    Context,
    Job,
    JobProvider,
    Kind,
    Priced,
    Quote,
    Request,
    Searchable,
)
from clash.providers.registry import Model, Registry

__all__ = ["Ledger", "Made", "Task"]

_JOB_PATIENCE_S = 3600.0
"""How long a job is waited for in one process; its id is kept, so the next one goes on waiting."""
_ROOM_BYTES = 32 << 20
"""What must be free on the disk before something is bought that has to be written to it."""


class Ledger:
    """The door for one run, held under its lease."""

    def __init__(
        self,
        database: Database,
        lease: Lease,
        assets: AssetStore,
        models: Mapping[Kind, Model],
        *,
        registry: Registry | None = None,
        reuse: bool = True,
        pace: Pace | None = None,
        patience: Patience | None = None,
        accept_unknown_until: int = 0,
        check_stop: Callable[[], None] = lambda: None,
        on_settled: Callable[[Made], None] = lambda _: None,
    ) -> None:
        """`accept_unknown_until`: ids of `api_logs` up to which an unknown call may be made again."""
        self._database = database
        self._assets = assets
        self._models = models
        self._registry = registry or Registry()
        self._reuse = reuse
        self._pace = pace or Pace(concurrency=None, limits={})
        self._patience = patience or Patience()
        self._accept_unknown_until = accept_unknown_until
        self._check_stop = check_stop
        self._book = Book(database, lease, assets, on_settled=on_settled)
        self._same_key: dict[str, asyncio.Lock] = {}

    async def call(self, task: Task) -> Made:
        """What the task asks for: from this run, from an earlier one, or newly made.

        Raises `ProviderError` when the provider failed, `PersonNeededError` when a call may have been paid whose
        answer is lost, `BudgetExceededError`, `StoppedError` when the process is being stopped, `ConflictError`
        when the lease is lost, `StorageError`.
        """
        model = self._models[kind_of(task.request)]
        key = content_key(model, task.request, take=task.take)
        try:
            # Two shots that ask for the very same thing wait for each other: the second finds what the first made.
            async with self._same_key.setdefault(key, asyncio.Lock()):
                return await self._find(task, model, key) or await with_retries(
                    lambda: self._advance(task, model, key), patience=self._patience, check_stop=self._check_stop
                )
        except ClashError as error:
            error.slots = error.slots or (task.slot,)
            raise

    # -- what is there already -------------------------------------------------------------------------------

    async def _find(self, task: Task, model: Model, key: str) -> Made | None:
        row = await self._book.live(task)
        if row is not None and row["state"] == "succeeded":
            if self._assets.has(row["asset_sha256"]):
                return self._book.made(task, row)
            await self._file_lost(row)
            row = None
        if row is None and self._reuse:
            for earlier in await call_log.succeeded_elsewhere(self._database, key):
                if self._assets.has(earlier["asset_sha256"]):
                    return await self._book.reuse(task, model, key, earlier)
        return None

    async def _file_lost(self, row: Row) -> None:
        if int(row["cost_micro"]) > 0:
            raise StorageError(
                f"the file that {row['slot']} was paid for (${usd_text(row['cost_micro'])}) is missing or damaged",
                code="asset_lost",
                retryable=False,
                hint="put the asset store's files back; ASSET_STORE names where they belong",
            )
        await self._book.forget_file(row)

    # -- from what is on record to the answer ----------------------------------------------------------------

    async def _advance(self, task: Task, model: Model, key: str) -> Made:
        row = await self._book.live(task)
        if row is None:
            await self._check_unknown(task)
            async with self._pace.place(model.provider):
                return await self._begin(task, model, key)
        recorded = Model(self._registry_provider(row, model), str(row["model"]))
        if row["state"] == "submitted":
            async with self._pace.place(recorded.provider):
                return await self._collect(task, row, recorded)
        receipt = self._assets.read_receipt(row["token"])
        if receipt is not None and self._assets.has(receipt["sha256"]):
            return await self._book.settle(task, row, receipt)
        async with self._pace.place(recorded.provider):
            return await self._recover(task, row, recorded)

    def _registry_provider(self, row: Row, model: Model) -> AnyProvider:
        """The provider that the row was written for, which the settings may no longer name."""
        if row["service"] == model.provider.name:
            return model.provider
        return self._registry.provider(str(row["service"]))

    async def _check_unknown(self, task: Task) -> None:
        row = await self._book.newest(task)
        if row is not None and row["state"] == "unknown" and int(row["id"]) > self._accept_unknown_until:
            raise _unknown_call(row)

    async def _begin(self, task: Task, model: Model, key: str) -> Made:
        provider = model.provider
        self._check_stop()
        self._check_room()
        await self._pace.turn(provider)
        self._check_stop()
        row = await self._book.intend(task, model, key, quote_of(model, task.request))
        return await self._send(task, row, model)

    async def _recover(self, task: Task, row: Row, model: Model) -> Made:
        """An intent without an answer: of a dead process, or of a try whose connection broke."""
        provider = model.provider
        self._check_stop()
        if isinstance(provider, Searchable):
            found = await provider.find(model.name, task.request, self._context(task, row))
            if isinstance(found, Answer):
                return await self._accept(task, row, found)
            if isinstance(found, Job):
                await self._book.submitted(row, found)
                return await self._collect(task, await self._open_row(task), model)
        elif not provider.idempotent:
            await self._book.give_up(row, "the process died, or the connection broke, before the answer")
            raise _unknown_call(row)
        await self._pace.turn(provider)
        await self._book.call_again(row)
        return await self._send(task, row, model)

    async def _open_row(self, task: Task) -> Row:
        row = await self._book.live(task)
        if row is None:
            raise ProviderError(f"the call for {task.slot} is no longer open", code="internal")
        return row

    # -- talking to the provider -----------------------------------------------------------------------------

    async def _send(self, task: Task, row: Row, model: Model) -> Made:
        result = await self._ask(task, row, model)
        if isinstance(result, Answer):
            return await self._accept(task, row, result)
        await self._book.submitted(row, result)
        return await self._collect(task, await self._open_row(task), model)

    async def _ask(self, task: Task, row: Row, model: Model) -> Answer | Job:
        """Make the call. When it fails, the row is settled, unless the next try can find out what became of it."""
        provider, context = model.provider, self._context(task, row)
        try:
            if isinstance(provider, JobProvider):
                return await provider.submit(model.name, task.request, context)
            return await provider.call(model.name, task.request, context)
        except AmbiguousError as error:
            raise await self._lost_answer(row, provider, error) from error
        except ProviderError as error:
            await self._book.fail(row, error, cost_usd=error.cost_usd)
            raise
        except ClashError as error:
            await self._book.fail(row, error, cost_usd=None)
            raise
        except Exception as error:
            # A provider is foreign code. Whatever else it raises, the call may have gone through.
            lost = AmbiguousError(f"{model.spec}: {type(error).__name__}: {error}"[:2000])
            raise await self._lost_answer(row, provider, lost) from error

    async def _lost_answer(self, row: Row, provider: AnyProvider, error: AmbiguousError) -> ClashError:
        """What to raise when a call may have gone through. The row stays open where the next try can find out."""
        if provider.idempotent or isinstance(provider, Searchable):
            return error
        await self._book.give_up(row, error.message)
        return _unknown_call(row, error.message)

    async def _collect(self, task: Task, row: Row, model: Model) -> Made:
        """Wait for a job and take what it made."""
        provider = model.provider
        if not isinstance(provider, JobProvider):
            raise ProviderError(f"the provider {provider.name} has no jobs, but {row['slot']} is one", code="no_jobs")
        try:
            answer = await self._await_job(provider, model.name, Job(str(row["job_id"]), str(row["endpoint"])))
        except _JobFailedError as error:
            await self._book.fail(row, error, cost_usd=error.cost_usd)
            raise
        except ProviderError as error:
            if not error.retryable:
                # The job was taken, so it counts as paid unless the provider says what it billed.
                billed = from_micro(row["quoted_cost_micro"]) if error.cost_usd is None else error.cost_usd
                await self._book.fail(row, error, cost_usd=billed)
            raise
        return await self._accept(task, row, answer)

    async def _await_job(self, provider: JobProvider, model: str, job: Job) -> Answer:
        deadline = time.monotonic() + _JOB_PATIENCE_S
        try:
            while (status := await provider.poll(model, job)).state in ("queued", "running"):
                self._check_stop()
                if time.monotonic() > deadline:
                    raise ProviderError(f"the job {job.id} is still {status.state}; its id is kept", retryable=True)
                await asyncio.sleep(provider.poll_every_s)
            if status.state == "succeeded":
                return await provider.fetch(model, job)
        except ClashError:
            raise
        except Exception as error:
            # The job's id is kept: looking again costs nothing.
            raise ProviderError(f"{provider.name}: {type(error).__name__}: {error}"[:2000], retryable=True) from error
        message = status.message or "the provider says that the job failed, not why"
        raise _JobFailedError(message, retryable=status.retryable, cost_usd=status.cost_usd)

    async def _accept(self, task: Task, row: Row, answer: Answer) -> Made:
        """Check an answer, keep it, settle its row. One that is no answer fails the row, and counts as paid."""
        try:
            check_answer(kind_of(task.request), answer)
        except ProviderError as error:
            billed = from_micro(row["quoted_cost_micro"]) if answer.cost_usd is None else answer.cost_usd
            await self._book.fail(row, error, cost_usd=billed)
            raise
        receipt = self._book.keep(row, answer)  # no await between the answer and its receipt
        return await self._book.settle(task, row, receipt)

    def _context(self, task: Task, row: Row) -> Context:
        files = {item.sha256: self._assets.path(item.sha256) for item in references_of(task.request)}
        return Context(key=str(row["token"]), model=str(row["model"]), files=files)

    def _check_room(self) -> None:
        folder: Path = self._assets.root
        while not folder.exists() and folder != folder.parent:
            folder = folder.parent
        free = shutil.disk_usage(folder).free
        if free < _ROOM_BYTES:
            raise StorageError(
                f"the disk is full: {free >> 20} MB are free where the assets are kept",
                code="disk_full",
                hint="make room and resume; nothing was bought that could not have been kept",
            )


class _JobFailedError(ProviderError):
    """The provider ran the job and says that it failed."""

    code = "job_failed"


def quote_of(model: Model, request: Request) -> Quote:
    """What a call will cost; nothing, from a provider that quotes no prices."""
    provider = model.provider
    return provider.quote(model.name, request) if isinstance(provider, Priced) else FREE


def _unknown_call(row: Row, why: str = "") -> PersonNeededError:
    return PersonNeededError(
        f"the call for {row['slot']} was sent to {row['service']} at {row['started_at']} and its answer never came back"
        f" (it may have cost ${usd_text(row['quoted_cost_micro'])}){': ' + why if why else ''}",
        code="unknown_call",
        hint="look at the provider's own record of calls; --retry-unknown makes it again",
    )
