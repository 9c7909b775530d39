"""The ledger: the one door to every provider. A call is a row before it is made, and is settled after.

    intent ----> submitted ----> succeeded      the answer is in the store, its receipt on the disk, the row settled
       |             |     \\---> failed         the provider said no (`retryable` or not)
       \\-------------\\---------> unknown        we died before the answer, and only a person can know what was bought

A process may die at any instruction; what the next one finds decides. So a retry and a recovery are one and the same:
look at what is on record, and go on from there.

    succeeded             served from the store
    with a receipt        settled without a call, or its job polled; even an unknown call whose receipt came to light
    submitted             that job is polled where it was submitted, whatever the settings say by now
    intent                asked about, where the provider can be asked; made again under the same idempotency key, where
                          it honours one and the call is still the very same; else unknown
    unknown               made again with a person's consent only
    failed, and paid      asked about again where that is free (its job, its key); bought again with consent only
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from clash.assets import AssetStore
from clash.calls.answers import BadFileError, ask_again, can_find_out, checked_answer, quote_of
from clash.calls.billing import may_be_billed
from clash.calls.call_store import CallStore
from clash.calls.consent import (
    WHY_CHANGED,
    WHY_UNKNOWN,
    Consent,
    failed_paid,
    given_to_provider,
    is_paid_failure,
    paid_words,
    unknown_call,
)
from clash.calls.content_key import content_key, keys_of, kind_of, references_of
from clash.calls.jobs import JobFailedError, await_job, is_lost
from clash.calls.keeping import Keeper, KeptElsewhereError
from clash.calls.rate_limits import RateLimits
from clash.calls.readiness import Readiness
from clash.calls.receipts import answer_without_secrets, billed_micro, bytes_without_secrets, cost_of
from clash.calls.retry_policy import RetryPolicy, Tries, with_retries
from clash.calls.room import may_weigh, reserved_room
from clash.calls.spec import CallResult, CallSpec
from clash.calls.waiting import NoAnswerError, TimeLimits, Waiting
from clash.database import call_log
from clash.database.lease import Lease
from clash.database.port import Database
from clash.database.rows import CallRow
from clash.errors import DO, Action, AmbiguousError, ClashError, PersonNeededError, ProviderError, Remedy, StorageError
from clash.money import from_micro, to_micro, usd_text
from clash.providers.ports import Answer, AnyProvider, Context, Job, JobProvider, Kind, Searchable
from clash.providers.registry import Model, Registry
from clash.redaction import safe_exception, without_password
from clash.vocabulary import CallState

logger = logging.getLogger(__name__)


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
        rate_limits: RateLimits | None = None,
        retry_policy: RetryPolicy | None = None,
        accept_unknown_until: int = 0,
        accept_failed_paid_until: int = 0,
        remake_lost: bool = False,
        check_stop: Callable[[], None] = lambda: None,
        on_settled: Callable[[CallResult], None] = lambda _: None,
        time_limits: TimeLimits | None = None,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        """For the `accept_...` and `remake_lost` see `Consent`. `say` is told, once a minute, what is waited for."""
        self._database = database
        self._assets = assets
        self._models = models
        self._registry = registry or Registry()
        self._older_serve = not self._registry.all_default(models)
        # What this run has made itself serves all of its slots, also where earlier runs' files may not serve.
        self._reuse_within = None if reuse else lease.run_id
        self._rate_limits = rate_limits or RateLimits(concurrency=None, limits={})
        self._retry_policy = retry_policy or RetryPolicy()
        self._consent = Consent(accept_unknown_until, accept_failed_paid_until, remake_lost)
        self._check_stop = check_stop
        self._waiting = Waiting(time_limits or TimeLimits(), check_stop, say=say)
        self._tries: dict[tuple[str, int], Tries] = {}
        self.keeper = Keeper(assets, check_stop)
        self._store = CallStore(database, lease, assets, self.keeper, on_settled=on_settled)
        self._readiness = Readiness(models.values())
        self._same_key: dict[str, asyncio.Lock] = {}

    async def call(self, task: CallSpec) -> CallResult:
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
                    lambda: self._advance(task, model, key),
                    retry_policy=self._retry_policy,
                    check_stop=self._check_stop,
                    tries=self._tries_of(task, model.provider),
                )
        except BadFileError as error:
            # It was asked for as often as patience allows, at no cost; now it counts as what it had cost.
            failed = await self._failed_paid(task, error.row, error, error.result)
            raise failed.with_(slots=(task.slot,)) from error.__cause__
        except ClashError as error:
            raise error.with_(slots=error.slots or (task.slot,)) from error.__cause__
        finally:
            self._tries.pop((task.slot, task.take), None)
            self._store.leave(task)

    def _tries_of(self, task: CallSpec, provider: AnyProvider) -> Tries:
        tries = Tries(self._retry_policy, passed_at=lambda: self._rate_limits.passed_at(provider))
        self._tries[task.slot, task.take] = tries
        return tries

    # -- what is there already -------------------------------------------------------------------------------

    async def _find(self, task: CallSpec, model: Model, key: str) -> CallResult | None:
        row = await self._store.live(task)
        if row is not None and row.state == CallState.SUCCEEDED:
            if await self._assets.restore(row.asset_sha256):
                return self._store.made(task, row)
            await self._file_lost(task, model, row)
            row = None
        if row is None:
            for earlier in await self._earlier(model, task):
                if await self._assets.restore(earlier.asset_sha256):
                    return await self._store.reuse(task, model, key, earlier)
        return None

    async def _earlier(self, model: Model, task: CallSpec) -> Sequence[CallRow]:
        """The rows, newest first, in which this very call succeeded before, under its key of today or an older one."""
        keys = keys_of(model, task.request, take=task.take, older=self._older_serve)
        return await call_log.succeeded_elsewhere(self._database, keys, within=self._reuse_within)

    async def _file_lost(self, task: CallSpec, model: Model, row: CallRow) -> None:
        """A file that is nowhere is made again: at no cost without a word, else with a person's consent only."""
        again_micro = to_micro(quote_of(model, task.request).cost_usd)
        paid_micro, paid_in = await call_log.paid_for(self._database, row)
        if (paid_micro > 0 or again_micro > 0) and not self._consent.remake_lost:
            where = "" if paid_in == row.run_id else f" in the run {paid_in}"
            raise StorageError(
                f"the file that {row.slot} was paid for (${usd_text(paid_micro)}{where}) is missing or damaged",
                code="asset_lost",
                retryable=False,
                remedy=Remedy(
                    Action.REMAKE_LOST,
                    "put the asset store's files back (ASSET_STORE names where they belong);"
                    f" or {DO} buys it again, for about ${usd_text(again_micro)}",
                ),
            )
        await self._store.forget_file(row)

    async def _bring_references(self, task: CallSpec) -> None:
        """What the call shows its provider must be on this disk before anything is bought."""
        for reference in references_of(task.request):
            if not await self._assets.restore(reference.sha256):
                raise self._assets.lost(reference.sha256)

    # -- from what is on record to the answer ----------------------------------------------------------------

    async def _advance(self, task: CallSpec, model: Model, key: str) -> CallResult:
        row = await self._store.live(task) or await self._unknown(task)
        if row is not None:
            self._store.take_up(task)
            if (made := await self._go_on(task, row, model)) is not None:
                return made
            # Before the next line may wait for the budget: a call must not wait for itself.
            self._store.leave(task)
        else:
            failed = await self._store.in_the_way(task, key)
            if failed is not None and (made := await self._look_again(task, failed, model)) is not None:
                return made
        return await self._buy(task, model, key)

    async def _unknown(self, task: CallSpec) -> CallRow | None:
        """The unknown call of this slot that has come to light or, failing that, that a person must decide about."""
        unknown = await self._store.unknown(task)
        for row in unknown:
            if await self.keeper.receipt(row):
                return row
        for row in await self._store.settled_by_hand(task):
            if "sha256" in await self.keeper.receipt(row):
                return row
        newest = await self._store.newest(task)
        return newest if newest in unknown else None

    async def _go_on(self, task: CallSpec, row: CallRow, model: Model) -> CallResult | None:
        """From a row that is not settled to what it brings; None if a new call is to be made instead."""
        receipt = await self.keeper.receipt(row)
        if "sha256" in receipt and await self._assets.restore(receipt["sha256"]):
            return await self._store.settle(task, row, receipt)
        if "job_id" in receipt and row.state != CallState.SUBMITTED:
            row = await self._store.store_job(row, receipt)
        if row.state == CallState.UNKNOWN:
            if not self._consent.covers(row):
                raise unknown_call(row)
            return None
        recorded = Model(self._provider_of(row, model), row.model)
        async with self._rate_limits.place(recorded.provider):
            if row.state == CallState.SUBMITTED:
                kept = await self._collect(task, row, recorded)
            else:
                kept = await self._recover(task, row, recorded)
        return await self._store.settle(task, *kept) if kept is not None else None

    async def _look_again(self, task: CallSpec, row: CallRow, model: Model) -> CallResult | None:
        """Take at no cost what a call brings now that was paid for and failed.

        Returns None if a person agreed to a new call. Raises `PersonNeededError` if not.
        """
        if is_paid_failure(row) and row.slot == task.slot:
            receipt = await self.keeper.receipt(row)
            if "sha256" in receipt and await self._assets.restore(receipt["sha256"]):
                return await self._store.settle(task, row, receipt)
            if (kept := await self._asked_again(task, row, model)) is not None:
                return await self._store.settle(task, *kept)
        if self._consent.covers(row):
            return None
        if row.state == CallState.UNKNOWN:
            raise unknown_call(row)
        again_micro = to_micro(quote_of(model, task.request).cost_usd)
        raise failed_paid(row, again_micro=again_micro, file=self._file_of(row))

    async def _asked_again(self, task: CallSpec, row: CallRow, model: Model) -> _Kept | None:
        same = row.service == model.provider.name and self._is_same(task, row, model)
        if not same and not row.job_id:
            return None
        await self._bring_references(task)
        recorded = Model(self._provider_of(row, model), row.model)
        async with self._rate_limits.place(recorded.provider):
            self._check_stop()
            await self._rate_limits.turn(recorded.provider, self._check_stop)
            answer = await ask_again(
                recorded, row, task.request, self._context(task, row),
                same=same, inspect=task.inspect, check_stop=self._check_stop,
                waiting=self._waiting,
            )  # fmt: skip
            return None if answer is None else _Kept(row, await self.keeper.keep(row, answer))

    def _file_of(self, row: CallRow) -> Path | None:
        """Where the file is that a call brought which failed."""
        return self._assets.path(row.asset_sha256) if row.asset_sha256 else None

    def _provider_of(self, row: CallRow, model: Model) -> AnyProvider:
        """The provider that the row was written for, which the settings may no longer name."""
        if row.service == model.provider.name:
            return model.provider
        return self._registry.provider(row.service)

    async def _buy(self, task: CallSpec, model: Model, key: str) -> CallResult:
        """A new call, as soon as there is a place, a turn and money for it."""
        await self._bring_references(task)
        provider, quote = model.provider, quote_of(model, task.request)
        await self._readiness.check(model, quote)
        size = may_weigh(kind_of(task.request), paid=quote.cost_usd > 0)
        kept: _Kept | None = None
        while kept is None:
            async with self._rate_limits.place(provider), reserved_room(self._assets.root, size, self._check_stop):
                self._check_stop()
                await self._rate_limits.turn(provider, self._check_stop)
                self._check_stop()
                end = self._store.next_end()
                row = await self._store.intend(task, model, key, quote)
                if row is not None:
                    kept = await self._send(task, row, model)
            if kept is None:
                # Without the place: a call in flight that waits to be tried again needs one to end.
                await self._store.wait_for_room(task, quote, end)
        # Without it, too: the answer is on the disk, and the next call need not wait while a distant database hears it.
        return await self._store.settle(task, *kept)

    async def _recover(self, task: CallSpec, row: CallRow, model: Model) -> _Kept | None:
        """An intent without an answer: of a dead process, or of a try whose connection broke."""
        await self._bring_references(task)
        provider = model.provider
        self._check_stop()
        here, same = _is_here(row, model), self._is_same(task, row, model)
        if here and isinstance(provider, Searchable):
            found = await self._search(provider, model.name, task, row)
            if isinstance(found, Job):
                return await self._submitted(task, row, model, found)
            if found is not None:
                return await self._accept(task, row, model, found)
            may_send, must_ask = same, False
        else:
            may_send = same and provider.idempotent
            must_ask = not provider.idempotent or row.quoted_cost_micro > 0
        if may_send:
            await self._readiness.check(model, quote_of(model, task.request))
            await self._rate_limits.turn(provider, self._check_stop)
            await self._store.call_again(row)
            return await self._send(task, row, model, sent_before=not isinstance(provider, Searchable))
        if must_ask:
            await self._store.give_up(task, row, WHY_UNKNOWN if same else WHY_CHANGED)
            raise unknown_call(row, "" if same else WHY_CHANGED)
        await self._store.fail(task, row, ProviderError("what is asked for has changed since", code="superseded"))
        return None

    def _is_same(self, task: CallSpec, row: CallRow, model: Model) -> bool:
        """Whether what is asked for, and where, is what the row was written for."""
        return _is_here(row, model) and row.key in keys_of(model, task.request, take=task.take)

    async def _search(self, provider: Searchable, model: str, task: CallSpec, row: CallRow) -> Answer | Job | None:
        try:
            return await provider.find(model, task.request, self._context(task, row))
        except ClashError:
            raise
        except Exception as error:
            # To ask again costs nothing.
            raise ProviderError(f"{row.service}: {safe_exception(error)}"[:2000], retryable=True) from error

    # -- talking to the provider -----------------------------------------------------------------------------

    async def _send(self, task: CallSpec, row: CallRow, model: Model, *, sent_before: bool = False) -> _Kept:
        result = await self._ask(task, row, model, sent_before=sent_before)
        if isinstance(result, Job):
            return await self._submitted(task, row, model, result)
        return await self._accept(task, row, model, result)

    async def _ask(self, task: CallSpec, row: CallRow, model: Model, *, sent_before: bool) -> Answer | Job:
        """Make the call. When it fails, the row is settled, unless the next try can find out what became of it.

        `sent_before`: a copy of it may have been taken, and paid. Only an answer to the call itself, not one to the
        asking (too many requests, a wrong key), says that there is none.
        """
        provider, context = model.provider, self._context(task, row)
        try:
            with self._rate_limits.asking(provider):
                return await self._answer_of(task, model, context)
        except NoAnswerError as error:
            lost = await self._lost_answer(task, row, provider, error)
            self._check_stop()  # cut off by a stop: then that is what ended it
            raise lost from error
        except AmbiguousError as error:
            raise await self._lost_answer(task, row, provider, error) from error
        except ClashError as error:
            if isinstance(error, ProviderError) and may_be_billed(row, provider, error):
                lost = AmbiguousError(error.message, status_code=error.status_code, retry_after_s=error.retry_after_s)
                raise await self._lost_answer(task, row, provider, lost) from error
            if sent_before and not (isinstance(error, ProviderError) and is_lost(error)):
                raise
            billed = billed_micro(getattr(error, "cost_usd", None)) or 0
            raise await self._failed(task, row, error, billed) from error.__cause__
        except Exception as error:
            # A provider is foreign code. Whatever else it raises, the call may have gone through.
            lost = AmbiguousError(f"{model.spec}: {safe_exception(error)}"[:2000])
            raise await self._lost_answer(task, row, provider, lost) from error

    async def _answer_of(self, task: CallSpec, model: Model, context: Context) -> Answer | Job:
        provider, limits = model.provider, self._waiting.limits
        about = f"{task.slot} ({model.spec})"
        if isinstance(provider, JobProvider):
            submitting = provider.submit(model.name, task.request, context)
            return await self._waiting.answer(submitting, about, limits.call_s)
        calling = provider.call(model.name, task.request, context)
        return await self._waiting.answer(calling, about, limits.of_call(provider))

    async def _lost_answer(
        self, task: CallSpec, row: CallRow, provider: AnyProvider, error: AmbiguousError
    ) -> ClashError:
        """What to raise when a call may have gone through. The row stays open where the next try can find out."""
        if can_find_out(provider):
            return error
        await self._store.give_up(task, row, error.message)
        return unknown_call(row, error.message)

    async def _submitted(self, task: CallSpec, row: CallRow, model: Model, job: Job) -> _Kept:
        return await self._collect(task, await self._store.submitted(row, job), model, job)

    async def _collect(self, task: CallSpec, row: CallRow, model: Model, job: Job | None = None) -> _Kept:
        """Wait for a job and take what it made. `job`: as the provider named it, where that was in this process."""
        provider, job = model.provider, job or Job(str(row.job_id), row.endpoint)
        if not isinstance(provider, JobProvider):
            raise ProviderError(f"the provider {provider.name} has no jobs, but {row.slot} is one", code="no_jobs")
        try:
            answer = await self._await_job(task, provider, model, job)
        except JobFailedError as error:
            raise await self._failed(task, row, error, billed_micro(error.cost_usd) or 0) from error.__cause__
        except ProviderError as error:
            if is_lost(error):
                # The job was taken, so it counts as paid unless the provider says what it billed.
                raise await self._failed_paid(task, row, error, error) from error.__cause__
            raise
        return await self._accept(task, row, model, answer)

    async def _await_job(self, task: CallSpec, provider: JobProvider, model: Model, job: Job) -> Answer:
        tries = self._tries[task.slot, task.take]
        try:
            with self._rate_limits.asking(provider):
                return await await_job(
                    provider, model.name, job, waiting=self._waiting, check_stop=self._check_stop,
                    on_look=tries.looking_at(job.id),
                    about=f"{task.slot} ({model.spec}, job {job.id})",
                )  # fmt: skip
        except NoAnswerError:
            self._check_stop()
            raise

    async def _accept(self, task: CallSpec, row: CallRow, model: Model, result: object) -> _Kept:
        """Check an answer and keep it. One that is no answer is no success, but it was paid."""
        again = can_find_out(model.provider) or row.state == CallState.SUBMITTED
        try:
            answer = answer_without_secrets(checked_answer(kind_of(task.request), result))
            task.inspect(answer.content)
        except ProviderError as error:
            if again and error.retryable:
                raise BadFileError(error.message, row, result) from error
            raise await self._failed_paid(task, row, error, result) from error.__cause__
        try:
            receipt = await self.keeper.keep(row, answer)  # no await between the answer and its receipt
        except KeptElsewhereError:
            raise
        except StorageError as error:
            if not again:
                with suppress(ClashError):
                    await self._store.give_up(task, row, f"the answer came but could not be kept: {error.message}")
            raise
        return _Kept(row, receipt)

    async def _failed_paid(self, task: CallSpec, row: CallRow, error: ProviderError, result: object) -> ClashError:
        """Settle a call that failed and was, or counts as, paid. `result`: what came, with what was billed for it."""
        cost, _ = cost_of(row, getattr(result, "cost_usd", None))
        return await self._failed(task, row, error, cost, result)

    async def _failed(
        self, task: CallSpec, row: CallRow, error: ClashError, cost_micro: int, result: object = None
    ) -> ClashError:
        """Settle a call that failed, and return the error to raise.

        If it cost something, it is not tried again, and a person is told what came.
        """
        digest = await self._keep_evidence(result)
        if cost_micro and isinstance(error, ProviderError):
            kept = f", what came is kept as {self._assets.path(digest).as_posix()}" if digest else ""
            told = f"it counts as paid (${usd_text(cost_micro)}; {given_to_provider(row)}){kept}"
            again = paid_words(row.service, row.quoted_cost_micro)
            words = "; ".join(filter(None, (error.hint, told, again)))
            error = error.with_(
                cost_usd=from_micro(cost_micro),
                exit_code=PersonNeededError.exit_code,
                waiting_for="failed_paid",
                remedy=Remedy(Action.RETRY_FAILED_PAID, words),
            )
        await self._store.fail(task, row, error, cost_micro=cost_micro, asset_sha256=digest)
        return error

    async def _keep_evidence(self, result: object) -> str | None:
        """Keep the bytes that a provider sent and that are of no use, so that a person can complain; their digest."""
        content = getattr(result, "content", None)
        if not isinstance(content, bytes) or not content:
            return None
        try:
            digest = self._assets.put(bytes_without_secrets(content))
            await self._assets.share(digest)
        except ClashError as error:
            logger.warning("what a provider sent could not be kept: %s", error.message)
            return None
        return digest

    def _context(self, task: CallSpec, row: CallRow) -> Context:
        files = {item.sha256: self._assets.path(item.sha256) for item in references_of(task.request)}
        return Context(key=row.token, model=row.model, files=files)


class _Kept(NamedTuple):
    """A row whose answer is in the store, with its receipt on the disk: all that is left is to settle it."""

    row: CallRow
    receipt: Mapping[str, Any]


def _is_here(row: CallRow, model: Model) -> bool:
    """Whether the row's call was sent where its provider is asked today."""
    return without_password(row.endpoint) == without_password(model.provider.endpoint)
