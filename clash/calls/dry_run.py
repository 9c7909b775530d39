"""Dry run: collect every call that the steps would make, without making any.

The steps are given it in place of the ledger and run unchanged, so an estimate plans exactly the calls of a run.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from clash.assets import AssetStore
from clash.calls.answers import quote_of
from clash.calls.call_history import CallHistory
from clash.calls.carry_over import FirstPurchases, first_purchases
from clash.calls.content_key import kind_of, model_of
from clash.calls.earlier_calls import CallKeys, earlier_calls
from clash.calls.receipts import LOG_LIMIT, recorded_request
from clash.calls.spec import CallResult, CallSpec
from clash.database.call_texts import is_same_request
from clash.database.port import Database
from clash.database.reuse_scope import ReuseScope
from clash.database.rows import CallRow
from clash.providers.clip_abilities import fitted
from clash.providers.ports import Answer, Context, Kind, Provider, Quote, Request, ScreenplayRequest, SpeechRequest
from clash.providers.registry import Model, Registry
from clash.providers.voices import Person, VoiceIds, cast_voices
from clash.vocabulary import CallState

_WORDS_PER_S = 2.4
_CHARACTERS_PER_S = 4.0


@dataclass(frozen=True)
class PlannedCall:
    """A call that a run would make; `found`: its answer is there already, so it would cost nothing."""

    step: str
    slot: str
    kind: Kind
    model: str
    quote: Quote
    found: bool
    task: CallSpec
    key: str
    row: CallRow | None = None
    """The call that made its answer, where it is there already."""
    keys: tuple[str, ...] = ()
    """Its key, and those under which an older clash may have made it."""
    sent: Request | None = None
    """What its model is asked: the request of the task without what the model cannot do."""

    def is_answered_by(self, row: CallRow) -> bool:
        """Return whether this recorded call asked for just the same."""
        if row.key in self.keys:
            return True
        # The provider's revision may be another by now: what is recorded for a take is served all the same.
        if self.model != f"{row.service}:{row.model}":
            return False
        request = recorded_request(self.task.request if self.sent is None else self.sent)
        return is_same_request(row.request, request) and len(request) < LOG_LIMIT


FindKept = Callable[[CallSpec, str], CallRow | None]
"""Takes a call and its key. Returns the call of another run that serves it before any other."""


class DryRun:
    """Answers every call with what is there already, or with something of the right shape.

    `rows`: calls that serve by their slot and take, without a look into a database.
    """

    def __init__(
        self,
        database: Database | None,
        assets: AssetStore,
        models: Mapping[Kind, Model],
        registry: Registry,
        *,
        run_id: str | None = None,
        project: str | None = None,
        reuse: bool = True,
        rows: Sequence[CallRow] = (),
        find_kept: FindKept = lambda _task, _key: None,
        quick: bool = False,
        is_new: bool = False,
    ) -> None:
        """`project`: that of the run to be; by default that of `run_id`.

        `quick`: take it that a file which is there is undamaged, without reading it.
        `is_new`: the run has made no calls yet.
        """
        self._recorded = {(row.slot, row.take): row for row in rows if row.state == CallState.SUCCEEDED}
        self._database = database
        self._assets = assets
        self._models = models
        self._registry = registry
        self._run_id = run_id
        self._history: CallHistory | None = None
        if database is not None and run_id is not None:
            self._history = CallHistory(database, run_id, is_new=is_new)
        self._reuse = reuse
        self._scope = ReuseScope(run_id, project, own_only=not reuse)
        self._find_kept = find_kept
        self._is_there = assets.exists if quick else assets.has
        self._keys = CallKeys(models, registry)
        self._first: FirstPurchases | None = None
        self._reading = asyncio.Lock()
        self._imagined: dict[str, bytes] = {}
        self._asked: set[str] = set()
        self._same: dict[tuple[str, int, str], asyncio.Lock] = {}
        self._results: dict[tuple[str, int, str], CallResult] = {}
        self.planned: list[PlannedCall] = []

    def cast_voices(self, people: Sequence[Person]) -> VoiceIds:
        """See `Ledger.cast_voices`."""
        model = self._models["speech"]
        return cast_voices(model.provider, model.name, people)

    async def call(self, task: CallSpec) -> CallResult:
        """See `Ledger.call`."""
        model = model_of(task, self._models, self._registry)
        keys = self._keys.same(model, task)
        asked = (task.slot, task.take, keys[0])
        # A keyframe is asked for twice where the clip before it ends on it: it is one call.
        async with self._same.setdefault(asked, asyncio.Lock()):
            if asked not in self._results:
                self._results[asked] = await self._plan(task, model, keys)
            return self._results[asked]

    async def _plan(self, task: CallSpec, model: Model, same: Sequence[str]) -> CallResult:
        kind, key, sent = kind_of(task.request), same[0], fitted(model, task.request)
        older = self._keys.older(model, task)
        row = await self._find(task, same, older)
        quote = quote_of(model, sent)
        # Of two that ask for the very same thing, the second will find what the first has made.
        free = row is not None or key in self._asked
        self._asked.add(key)
        keys = (*same, *older)
        self.planned.append(
            PlannedCall(task.step, task.slot, kind, model.spec, quote, free, task, key, row, keys, sent)
        )
        if row is None:
            return await self._imagine(task, key)
        digest = row.asset_sha256
        return CallResult(task.slot, digest, row.media_type, row.facts, self._assets.path(digest), True, 0)

    def read(self, sha256: str) -> bytes:
        """The bytes of a file that is there, or that was imagined."""
        return self._imagined.get(sha256) or self._assets.read(sha256)

    def imagine(self, content: bytes) -> str:
        """Keep a file that a run would put into the store, and return its sha256; nothing is written."""
        sha256 = hashlib.sha256(content).hexdigest()
        self._imagined[sha256] = content
        return sha256

    async def _find(self, task: CallSpec, same: Sequence[str], older: Sequence[str]) -> CallRow | None:
        """The call whose file serves: another run's that is kept, this run's own, or an earlier one of its keys."""
        kept = self._find_kept(task, same[0])
        if kept is not None and self._is_there(kept.asset_sha256):
            return kept
        recorded = self._recorded.get((task.slot, task.take))
        if recorded is not None:
            return recorded
        if self._database is None:
            return None
        if self._history is not None:
            live = (await self._history.of(task.slot, task.take, "")).live
            if live is not None and live.state == CallState.SUCCEEDED and self._is_there(live.asset_sha256):
                return live
        if not self._reuse and self._run_id is None:
            return None
        first = self._not_carried_over(self._database)
        rows = await earlier_calls(self._database, same, older, self._scope, first=first)
        return next((row for row in rows if self._is_there(row.asset_sha256)), None)

    async def _not_carried_over(self, database: Database) -> FirstPurchases:
        """What a run would find after `carry_over`, which a dry run must not write."""
        async with self._reading:
            if self._first is None:
                self._first = await first_purchases(database, self._registry, self._scope)
        return self._first

    async def _imagine(self, task: CallSpec, key: str) -> CallResult:
        facts: dict[str, Any] = {}
        if isinstance(task.request, ScreenplayRequest):
            # Nobody knows how many shots a paid writer will make; the free default writer shows about how many.
            self._imagined[key] = (await self._free_screenplay(task.request)).content
        elif isinstance(task.request, SpeechRequest):
            facts = {"duration_s": spoken_s(task.request)}
        return CallResult(task.slot, key, "application/octet-stream", facts, Path(), False, 0)

    async def _free_screenplay(self, request: ScreenplayRequest) -> Answer:
        writer = self._registry.default("screenplay")
        if not isinstance(writer.provider, Provider):
            raise TypeError(f"a dry run needs a default writer that answers at once, not {writer.spec}")
        return await writer.provider.call(writer.name, request, Context("", writer.name))


def spoken_s(request: SpeechRequest) -> float:
    """About how long these words take to say, in seconds."""
    if request.language == "zh":
        return len(request.text) / _CHARACTERS_PER_S
    return len(request.text.split()) / _WORDS_PER_S


@dataclass(frozen=True)
class EstimateLine:
    """The calls of one step to one model. `units` of `unit` in all; `to_make` of the `calls` are not there yet."""

    step: str
    model: str
    kind: Kind
    calls: int
    found: int
    units: Decimal
    unit: str
    unit_price_usd: Decimal
    cost_usd: Decimal
    estimated: bool


def summed(planned: Sequence[PlannedCall]) -> list[EstimateLine]:
    """The planned calls by step and model, in the order they would be made."""
    groups: dict[tuple[str, str, str, Decimal], list[PlannedCall]] = {}
    for call in planned:
        key = (call.step, call.model, call.quote.unit, call.quote.unit_price_usd)
        groups.setdefault(key, []).append(call)
    return [_line(calls) for calls in groups.values()]


def _line(calls: Sequence[PlannedCall]) -> EstimateLine:
    first, to_make = calls[0], [call for call in calls if not call.found]
    return EstimateLine(
        step=first.step,
        model=first.model,
        kind=first.kind,
        calls=len(calls),
        found=len(calls) - len(to_make),
        units=sum((call.quote.units for call in to_make), Decimal(0)),
        unit=first.quote.unit,
        unit_price_usd=first.quote.unit_price_usd,
        cost_usd=sum((call.quote.cost_usd for call in to_make), Decimal(0)),
        estimated=any(call.quote.estimated for call in to_make),
    )


def together(planned: Sequence[PlannedCall]) -> Decimal:
    """What all that is not there yet would cost, in dollars."""
    return sum((call.quote.cost_usd for call in planned if not call.found), Decimal(0))
