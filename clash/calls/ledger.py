"""The ledger: every call to a provider goes through it. A call is a row before it is made, and is settled after.

    intent ----> submitted ----> succeeded      the answer is in the store, its receipt on the disk, the row settled
       |             |     \\---> failed         the provider said no (`retryable` or not)
       \\-------------\\---------> unknown        we died before the answer, and only a person can know what was bought

A process may die at any instruction; what the next one finds decides. So a retry and a recovery are one and the same:
read what is recorded, and continue from there.

    succeeded             served from the store
    with a receipt        settled without a call, or its job polled; even an unknown call whose receipt came to light
    submitted             that job is polled where it was submitted, whatever the settings say by now
    intent                asked about, where the provider can be asked; made again under the same idempotency key, where
                          it honours one and the call is still the very same; else unknown
    unknown               made again with a person's consent only
    failed, and paid      asked about again where that is free (its job, its key); bought again with consent only
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import cast

from clash.assets import AssetStore
from clash.calls.admission import Place
from clash.calls.answers import BadFileError, ask_again, quote_of
from clash.calls.call_history import SlotHistory
from clash.calls.call_store import CallStore
from clash.calls.changes import CallChange
from clash.calls.consent import (
    WHY_CHANGED,
    WHY_UNKNOWN,
    Consent,
    failed_paid,
    is_paid_failure,
    unknown_call,
)
from clash.calls.content_key import content_key, keys_of, kind_of, model_of, references_of
from clash.calls.earlier_calls import CallKeys, earlier_calls
from clash.calls.in_flight import CallTimes, InFlight
from clash.calls.keeping import Keeper
from clash.calls.provider_calls import Kept, ProviderCalls
from clash.calls.rate_limits import RateLimits
from clash.calls.readiness import Readiness
from clash.calls.retry_policy import RetryPolicy, Tries, with_retries
from clash.calls.room import may_weigh, reserved_room
from clash.calls.shared_calls import SameKeys
from clash.calls.spec import CallResult, CallSpec
from clash.calls.together import Group, Groups, MoneyHeldError, Plan
from clash.calls.waiting import TimeLimits, Waiting
from clash.database import call_log
from clash.database.lease import Lease
from clash.database.port import Database
from clash.database.reuse_scope import ReuseScope
from clash.database.rows import CallRow
from clash.errors import DO, Action, ClashError, ProviderError, Remedy, StorageError
from clash.money import to_micro, usd_text
from clash.providers.clip_abilities import fitted
from clash.providers.endpoints import endpoint_of
from clash.providers.ports import AnyProvider, Job, Kind, Searchable
from clash.providers.registry import Model, Registry
from clash.providers.voices import Person, VoiceIds, cast_voices
from clash.redaction import without_password
from clash.vocabulary import CallState

logger = logging.getLogger(__name__)


class Ledger:
    """Makes, finds or refuses the calls of one run, under its lease."""

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
        on_change: Callable[[CallChange], None] = lambda _: None,
        time_limits: TimeLimits | None = None,
        say: Callable[[str], None] = lambda _: None,
        same_keys: SameKeys | None = None,
    ) -> None:
        """For the `accept_...` and `remake_lost` see `Consent`. `say` is told, once a minute, what is waited for."""
        self._database = database
        self._assets = assets
        self._models = models
        self._registry = registry or Registry()
        self._keys = CallKeys(models, self._registry)
        # What this run has made itself serves all of its slots, also where earlier runs' files may not serve.
        self._reuse_scope = ReuseScope(lease.run_id, own_only=not reuse)
        self._rate_limits = rate_limits or RateLimits(concurrency=None, limits={})
        self._retry_policy = retry_policy or RetryPolicy()
        self._consent = Consent(accept_unknown_until, accept_failed_paid_until, remake_lost)
        self._check_stop = check_stop
        self._waiting = Waiting(time_limits or TimeLimits(), check_stop, say=say)
        self.keeper = Keeper(assets, check_stop)
        self._in_flight = InFlight()
        rows = database, lease, assets, self.keeper
        self._store = CallStore(*rows, on_settled=on_settled, on_change=on_change, in_flight=self._in_flight)
        self._calls = ProviderCalls(
            self._store, self.keeper, assets, self._rate_limits, self._waiting, check_stop=check_stop
        )
        self._readiness = Readiness(models.values())
        self._groups = Groups(database, lease.run_id, self._cost_micro)
        self._same_keys = same_keys or SameKeys()

    def cast_voices(self, people: Sequence[Person]) -> VoiceIds:
        """Return which voices the run's speech model chooses for the people of a film."""
        model = self._models["speech"]
        return cast_voices(model.provider, model.name, people)

    @contextmanager
    def together(self, order: int, plan: Plan) -> Generator[GroupedCalls]:
        """Give a ledger for calls that are of use only together.

        While the budget does not suffice for all groups that are made, some are bought whole and the others wait, those
        of the highest `order` longest. `plan` makes the calls with an estimate in place of the ledger.
        """
        with self._groups.group(order, plan) as group:
            yield GroupedCalls(self, group)

    async def call(self, task: CallSpec, group: Group | None = None) -> CallResult:
        """What the task asks for: from this run, from an earlier one, or newly made. `group`: what it belongs to.

        Raises `ProviderError` when the provider failed, `PersonNeededError` when a call may have been paid whose
        answer is lost, `BudgetExceededError`, `StoppedError` when the process is being stopped, `ConflictError`
        when the lease is lost, `StorageError`.
        """
        model = model_of(task, self._models, self._registry)
        task = replace(task, request=fitted(model, task.request))
        key = content_key(model, task.request, take=task.key_take)
        try:
            while True:
                with suppress(MoneyHeldError):  # who asks for the very same thing waits, and finds what the first made
                    async with self._same_keys.lock(key):
                        return await self._find(task, model, key) or await with_retries(
                            lambda: self._advance(task, model, key, group),
                            retry_policy=self._retry_policy,
                            check_stop=self._check_stop,
                            tries=self._tries_of(task, model.provider),
                        )
                await self._groups.begin(group)
        except BadFileError as error:
            # It was asked for as often as the retry policy allows, at no cost; now it counts as what it had cost.
            failed = await self._calls.failed_paid(task, error.row, error, error.result)
            raise failed.with_(slots=(task.slot,)) from error.__cause__
        except ClashError as error:
            raise error.with_(slots=error.slots or (task.slot,)) from error.__cause__
        finally:
            self._calls.tries.pop((task.slot, task.take), None)
            self._in_flight.leave(task)
            self._groups.ended(group, (task.slot, task.take))

    def times(self, step: str) -> CallTimes:
        """Return how long the calls of a step have taken in this process."""
        return self._in_flight.times(step)

    def _cost_micro(self, task: CallSpec) -> int:
        """Return what a call would cost."""
        model = model_of(task, self._models, self._registry)
        return to_micro(quote_of(model, fitted(model, task.request)).cost_usd)

    def _tries_of(self, task: CallSpec, provider: AnyProvider) -> Tries:
        tries = Tries(self._retry_policy, passed_at=lambda: self._rate_limits.passed_at(provider))
        self._calls.tries[task.slot, task.take] = tries
        return tries

    # -- what is there already -------------------------------------------------------------------------------

    async def _find(self, task: CallSpec, model: Model, key: str) -> CallResult | None:
        row = (await self._store.history(task, key)).live
        if row is not None and row.state == CallState.SUCCEEDED:
            if await self._assets.restore(row.asset_sha256):
                if task.reselect:
                    await self._store.select(task, row)
                return self._store.made(task, row)
            await self._file_lost(task, model, row)
            row = None
        if row is None:
            older, same = self._keys.older(model, task), self._keys.same(model, task, key)
            for earlier in await earlier_calls(self._database, same, older, self._reuse_scope):
                if await self._assets.restore(earlier.asset_sha256):
                    # What an older revision made is recorded as that, and does not serve as what today's makes.
                    return await self._store.reuse(task, model, earlier.key if earlier.key in older else key, earlier)
        return None

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

    # -- from what is recorded to the answer ------------------------------------------------------------------

    async def _advance(self, task: CallSpec, model: Model, key: str, group: Group | None) -> CallResult:
        history = await self._store.history(task, key)
        row = history.live or await self._unknown(history)
        if row is not None:
            self._in_flight.enter(task)
            if (made := await self._go_on(task, row, model)) is not None:
                return made
            # Before the next line may wait for the budget: a call must not wait for itself.
            self._in_flight.leave(task)
        else:
            failed = history.in_the_way
            if failed is not None and (made := await self._look_again(task, failed, model)) is not None:
                return made
        return await self._buy(task, model, key, group)

    async def _unknown(self, history: SlotHistory) -> CallRow | None:
        """Return the unknown call that has come to light or, failing that, that a person must decide about."""
        for row in history.unknown:
            if await self.keeper.receipt(row):
                return row
        for row in history.settled_by_hand:
            if "sha256" in await self.keeper.receipt(row):
                return row
        newest = history.newest
        return newest if newest is not None and newest.state == CallState.UNKNOWN else None

    async def _go_on(self, task: CallSpec, row: CallRow, model: Model) -> CallResult | None:
        """From a row that is not settled to what it brings; None if a new call is to be made instead."""
        receipt = await self.keeper.receipt(row)
        if "sha256" in receipt and await self._assets.restore(receipt["sha256"]):
            if "job" in receipt and row.state in (CallState.INTENT, CallState.UNKNOWN):
                # The row was restored from what was written down before the job had its id.
                row = await self._store.store_job(row, receipt["job"])
            return await self._store.settle(task, row, receipt)
        if "job_id" in receipt and row.state != CallState.SUBMITTED:
            row = await self._store.store_job(row, receipt)
        if row.state == CallState.UNKNOWN:
            if not self._consent.covers(row):
                raise unknown_call(row)
            return None
        recorded = Model(self._provider_of(row, model), row.model)
        async with self._rate_limits.place(recorded.provider, task.order) as place:
            if row.state == CallState.SUBMITTED:
                kept = await self._calls.collect(task, row, recorded, place)
            else:
                kept = await self._recover(task, row, recorded, place)
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

    async def _asked_again(self, task: CallSpec, row: CallRow, model: Model) -> Kept | None:
        same = row.service == model.provider.name and self._is_same(task, row, model)
        if not same and not row.job_id:
            return None
        await self._bring_references(task)
        recorded = Model(self._provider_of(row, model), row.model)
        async with self._rate_limits.place(recorded.provider, task.order):
            self._check_stop()
            await self._rate_limits.turn(recorded.provider, self._check_stop, task.order)
            answer = await ask_again(
                recorded,
                row,
                task.request,
                self._calls.context(task, row),
                same=same,
                inspect=task.inspect,
                check_stop=self._check_stop,
                waiting=self._waiting,
            )
            return None if answer is None else Kept(row, await self.keeper.keep(row, answer))

    def _file_of(self, row: CallRow) -> Path | None:
        """Where the file is that a call brought which failed."""
        return self._assets.path(row.asset_sha256) if row.asset_sha256 else None

    def _provider_of(self, row: CallRow, model: Model) -> AnyProvider:
        """The provider that the row was written for, which the settings may no longer name."""
        if row.service == model.provider.name:
            return model.provider
        return self._registry.provider(row.service)

    async def _buy(self, task: CallSpec, model: Model, key: str, group: Group | None) -> CallResult:
        """A new call, as soon as there is a place, a turn and money for it."""
        await self._bring_references(task)
        provider, quote = model.provider, quote_of(model, task.request)
        await self._readiness.check(model, quote)
        size = may_weigh(kind_of(task.request), paid=quote.cost_usd > 0)
        if quote.cost_usd > 0:
            await self._groups.begin_at_once(group)
        kept: Kept | None = None
        while kept is None:
            async with (
                self._rate_limits.place(provider, task.order) as place,
                reserved_room(self._assets.root, size, self._check_stop),
            ):
                self._check_stop()
                await self._rate_limits.turn(provider, self._check_stop, task.order)
                self._check_stop()
                end = self._in_flight.next_end()
                row = await self._store.intend(task, model, key, quote)
                if row is not None:
                    self._groups.bought(group, (task.slot, task.take), to_micro(quote.cost_usd))
                    kept = await self._calls.send(task, row, model, place)
            if kept is None:
                # Without the place: a call in flight that waits to be tried again needs one to end.
                await self._store.wait_for_room(task, quote, end)
        return await self._store.settle(task, *kept)

    async def _recover(self, task: CallSpec, row: CallRow, model: Model, place: Place) -> Kept | None:
        """An intent without an answer: of a dead process, or of a try whose connection broke."""
        await self._bring_references(task)
        provider = model.provider
        self._check_stop()
        here, same = _is_here(row, model), self._is_same(task, row, model)
        if here and isinstance(provider, Searchable):
            found = await self._calls.search(provider, model.name, task, row)
            if isinstance(found, Job):
                return await self._calls.submitted(task, row, model, found, place)
            if found is not None:
                return await self._calls.accept(task, row, model, found, place)
            may_send, must_ask = same, False
        else:
            may_send = same and provider.idempotent
            must_ask = not provider.idempotent or row.quoted_cost_micro > 0
        if may_send:
            await self._readiness.check(model, quote_of(model, task.request))
            await self._rate_limits.turn(provider, self._check_stop, task.order)
            await self._store.call_again(row)
            return await self._calls.send(task, row, model, place, sent_before=not isinstance(provider, Searchable))
        if must_ask:
            await self._store.give_up(task, row, WHY_UNKNOWN if same else WHY_CHANGED)
            raise unknown_call(row, "" if same else WHY_CHANGED)
        await self._store.fail(task, row, ProviderError("what is asked for has changed since", code="superseded"))
        return None

    def _is_same(self, task: CallSpec, row: CallRow, model: Model) -> bool:
        """Whether what is asked for, and where, is what the row was written for."""
        return _is_here(row, model) and row.key in keys_of(model, task.request, take=task.key_take)


class GroupedCalls:
    """The ledger for the calls of one group."""

    def __init__(self, ledger: Ledger, group: Group) -> None:
        self._ledger, self._group = ledger, group

    async def call(self, task: CallSpec) -> CallResult:
        """See `Ledger.call`."""
        return await self._ledger.call(task, self._group)

    def cast_voices(self, people: Sequence[Person]) -> VoiceIds:
        """See `Ledger.cast_voices`."""
        return self._ledger.cast_voices(people)


def _is_here(row: CallRow, model: Model) -> bool:
    """Whether the row's call was sent where its provider is asked today."""
    return without_password(row.endpoint) == without_password(endpoint_of(model.provider, cast("Kind", row.kind)))
