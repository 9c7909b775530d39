"""Make calls that are written down already, and keep what comes; settle at once what failed.

Everything that is asked of a provider is asked here, but for quotes. What succeeds is returned as `Kept`: the ledger
settles it once the provider's place is free again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, NamedTuple, cast

from clash.assets import AssetStore
from clash.assets.disk import on_disk
from clash.calls.admission import Place
from clash.calls.answers import BadFileError, can_find_out, checked_answer
from clash.calls.billing import may_be_billed
from clash.calls.call_store import CallStore
from clash.calls.consent import (
    given_to_provider,
    paid_words,
    unknown_call,
)
from clash.calls.content_key import kind_of, references_of, seed_of
from clash.calls.jobs import JobFailedError, await_job, is_lost
from clash.calls.keeping import Keeper, KeptElsewhereError
from clash.calls.rate_limits import RateLimits
from clash.calls.receipts import answer_without_secrets, billed_micro, bytes_without_secrets, cost_of
from clash.calls.retry_policy import Tries
from clash.calls.spec import CallSpec
from clash.calls.waiting import NoAnswerError, Waiting
from clash.database.rows import CallRow
from clash.errors import Action, AmbiguousError, ClashError, PersonNeededError, ProviderError, Remedy, StorageError
from clash.money import from_micro, usd_text
from clash.providers.ports import Answer, AnyProvider, Context, Job, JobProvider, Searchable
from clash.providers.registry import Model
from clash.redaction import safe_exception
from clash.vocabulary import CallState

logger = logging.getLogger(__name__)


class Kept(NamedTuple):
    """A row whose answer is in the store, with its receipt on the disk: all that is left is to settle it."""

    row: CallRow
    receipt: Mapping[str, Any]


class ProviderCalls:
    """The calls of one run to its providers."""

    def __init__(
        self,
        store: CallStore,
        keeper: Keeper,
        assets: AssetStore,
        rate_limits: RateLimits,
        waiting: Waiting,
        *,
        check_stop: Callable[[], None],
    ) -> None:
        self._store = store
        self._keeper = keeper
        self._assets = assets
        self._rate_limits = rate_limits
        self._waiting = waiting
        self._check_stop = check_stop
        self.tries: dict[tuple[str, int], Tries] = {}
        """How often each open call was tried, by slot and take."""

    async def search(self, provider: Searchable, model: str, task: CallSpec, row: CallRow) -> Answer | Job | None:
        try:
            return await provider.find(model, task.request, self.context(task, row))
        except ClashError:
            raise
        except Exception as error:
            # To ask again costs nothing.
            raise ProviderError(f"{row.service}: {safe_exception(error)}"[:2000], retryable=True) from error

    async def send(
        self, task: CallSpec, row: CallRow, model: Model, place: Place, *, sent_before: bool = False
    ) -> Kept:
        result = await self._ask(task, row, model, sent_before=sent_before)
        if isinstance(result, Job):
            return await self.submitted(task, row, model, result, place)
        return await self.accept(task, row, model, result, place)

    async def _ask(self, task: CallSpec, row: CallRow, model: Model, *, sent_before: bool) -> Answer | Job:
        """Make the call. When it fails, the row is settled, unless the next try can find out what became of it.

        `sent_before`: a copy of it may have been taken, and paid. Only an answer to the call itself, not one to the
        asking (too many requests, a wrong key), says that there is none.
        """
        provider, most_micro = model.provider, await self._store.most_micro(row)
        most_usd = None if most_micro is None else from_micro(most_micro)
        context = replace(self.context(task, row), most_usd=most_usd)
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

    async def submitted(self, task: CallSpec, row: CallRow, model: Model, job: Job, place: Place) -> Kept:
        await self._require_id(task, row, model, job)
        return await self.collect(task, await self._store.submitted(row, job), model, place, job)

    async def collect(self, task: CallSpec, row: CallRow, model: Model, place: Place, job: Job | None = None) -> Kept:
        """Wait for a job and take what it made. `job`: as the provider named it, where that was in this process.

        A job without an id cannot be asked about: it is an unknown call.
        """
        provider, job = model.provider, job or Job(str(row.job_id), row.endpoint)
        if not isinstance(provider, JobProvider):
            raise ProviderError(f"the provider {provider.name} has no jobs, but {row.slot} is one", code="no_jobs")
        await self._require_id(task, row, model, job)
        try:
            answer = await self._await_job(task, provider, model, job)
        except JobFailedError as error:
            raise await self._failed(task, row, error, billed_micro(error.cost_usd) or 0) from error.__cause__
        except ProviderError as error:
            if is_lost(error):
                # The job was taken, so it counts as paid unless the provider says what it billed.
                raise await self.failed_paid(task, row, error, error) from error.__cause__
            raise
        return await self.accept(task, row, model, answer, place)

    async def _require_id(self, task: CallSpec, row: CallRow, model: Model, job: Job) -> None:
        job_id = cast("object", job.id)  # a provider is foreign code
        if job_id is None or not str(job_id).strip():
            lost = AmbiguousError(f"{model.spec} took the job and gave it no id, so nobody can ask what became of it")
            raise await self._lost_answer(task, row, model.provider, lost)

    async def _await_job(self, task: CallSpec, provider: JobProvider, model: Model, job: Job) -> Answer:
        tries = self.tries[task.slot, task.take]
        try:
            with self._rate_limits.asking(provider):
                return await await_job(
                    provider,
                    model.name,
                    job,
                    waiting=self._waiting,
                    check_stop=self._check_stop,
                    on_look=tries.looking_at(job.id),
                    about=f"{task.slot} ({model.spec}, job {job.id})",
                )
        except NoAnswerError:
            self._check_stop()
            raise

    async def accept(self, task: CallSpec, row: CallRow, model: Model, result: object, place: Place) -> Kept:
        """Check an answer and keep it. One that is no answer is no success, but it was paid."""
        place.answered()
        again = can_find_out(model.provider) or row.state == CallState.SUBMITTED
        try:
            answer = answer_without_secrets(checked_answer(kind_of(task.request), result))
            task.inspect(answer.content)
        except ProviderError as error:
            if again and error.retryable:
                raise BadFileError(error.message, row, result) from error
            raise await self.failed_paid(task, row, error, result) from error.__cause__
        try:
            receipt = await self._keeper.keep(row, answer)
        except KeptElsewhereError:
            raise
        except StorageError as error:
            if not again:
                with suppress(ClashError):
                    await self._store.give_up(task, row, f"the answer came but could not be kept: {error.message}")
            raise
        return Kept(row, receipt)

    async def failed_paid(self, task: CallSpec, row: CallRow, error: ProviderError, result: object) -> ClashError:
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
            digest = await on_disk(self._assets.put, bytes_without_secrets(content))
            await self._assets.share(digest)
        except ClashError as error:
            logger.warning("what a provider sent could not be kept: %s", error.message)
            return None
        return digest

    def context(self, task: CallSpec, row: CallRow) -> Context:
        files = {item.sha256: self._assets.path(item.sha256) for item in references_of(task.request)}
        return Context(row.token, row.model, files, take=task.key_take, seed=seed_of(row.key))
