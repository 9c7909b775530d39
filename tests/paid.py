"""Paid providers of the three kinds inside the test's own process, and the bills that they write.

The bills are what a provider's own invoice would say: they are kept outside of our tables, and outlive a `Ledger`
that is thrown away as if its process had died. What the next call for a text does is told by a script.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import pytest
from plugins.clash_metered import tiny_sound

from clash.assets import AssetStore
from clash.calls.ledger import Ledger
from clash.calls.retry_policy import RetryPolicy
from clash.calls.spec import CallResult, CallSpec
from clash.database import call_log
from clash.database.lease import Lease, release_lease, take_lease
from clash.database.metadata import AsyncMetadataTracker
from clash.database.migrations import migrate
from clash.database.port import Database, Row
from clash.database.rows import CallRow
from clash.errors import AmbiguousError, ProviderError
from clash.money import to_micro
from clash.providers.ports import Answer, AnyProvider, Context, Job, JobStatus, Kind, Quote, Request, SpeechRequest
from clash.providers.registry import Model

Act = Literal["refuse", "busy", "broken", "unsent", "drop", "empty", "junk"]
"""What a call does instead of working: `unsent` and `drop` both lose the connection, before and after the charge."""
KINDS = ("keyed", "oneshot", "queued")
QUICK = RetryPolicy(attempts=3, first_wait_s=0.001, longest_wait_s=0.002)


@dataclass
class Bills:
    """Every charge, as `(text, key)`: the key is the idempotency key, or the job's id."""

    charges: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    micro: int = 0
    amounts: dict[str, int] = field(default_factory=dict[str, int])
    """Micro-dollars by key."""
    asked: Counter[str] = field(default_factory=Counter[str])
    """How often a provider was asked to make each text, charged or not."""

    def charge(self, text: str, key: str, cost: Decimal) -> None:
        """Take money."""
        self.charges.append((text, key))
        self.micro += to_micro(cost)
        self.amounts[key] = to_micro(cost)

    def times(self, text: str) -> int:
        """How often a text was charged."""
        return sum(1 for charged, _ in self.charges if charged == text)


@dataclass
class _Paid:
    bills: Bills
    price: Decimal = Decimal("0.10")
    bill: Decimal | None = None
    """What is billed in truth; None: the price, and the answer does not say."""
    script: dict[str, list[Act]] = field(default_factory=dict[str, list[Act]])
    """What the next calls for a text do; one that is not (or no longer) in it is made."""
    work_s: float = 0.0
    gated: bool = False
    """Whether work waits for `gate`."""
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    concurrency: int = 64
    endpoint: str = "https://paid.example/v1"
    errors: Mapping[str, Callable[[], Exception]] = field(default_factory=dict[str, Callable[[], Exception]])
    failures_free: bool = False
    """Whether the vendor says that errors of its server are not billed."""
    in_flight: int = 0
    most_in_flight: int = 0
    began: list[float] = field(default_factory=list[float])

    def models(self) -> Mapping[Kind, tuple[str, ...]]:
        return {"speech": ("voice",)}

    def revision(self, model: str, request: Request) -> str:
        return "1"

    def quote(self, model: str, request: Request) -> Quote:
        return Quote(self.price, unit_price_usd=self.price)

    def failure_is_free(self, status: int) -> bool:
        return self.failures_free

    @property
    def cost(self) -> Decimal:
        return self.price if self.bill is None else self.bill

    def next_act(self, text: str) -> Act | None:
        acts = self.script.get(text, [])
        return acts.pop(0) if acts else None

    async def begin(self, text: str) -> Act | None:
        self.bills.asked[text] += 1
        self.began.append(asyncio.get_running_loop().time())
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            await asyncio.sleep(self.work_s)
            if self.gated:
                await self.gate.wait()
        finally:
            self.in_flight -= 1
        act = self.next_act(text)
        if act in self.errors:
            raise self.errors[act]()
        if act == "refuse":
            raise ProviderError("content policy: no harbours [/b]", code="content_policy", status_code=400)
        if act == "busy":
            raise ProviderError("too many requests", retryable=True, retry_after_s=0.01, status_code=429)
        if act == "broken":
            raise ProviderError("internal server error", retryable=True, status_code=500)
        if act == "unsent":
            raise AmbiguousError("the connection was closed")
        return act

    def answer(self, text: str, act: Act | None) -> Answer:
        content = {"empty": b"", "junk": b"<html>"}.get(act or "", tiny_sound(text))
        return Answer(content, "audio/wav", cost_usd=self.bill, facts={"duration_s": 0.05})


@dataclass
class Keyed(_Paid):
    """Answers at once and charges a key once."""

    name: str = "keyed"
    idempotent: bool = True

    async def call(self, model: str, request: Request, context: Context) -> Answer:
        text = text_of(request)
        act = await self.begin(text)
        if (text, context.key) not in self.bills.charges:
            self.bills.charge(text, context.key, self.cost)
        if act == "drop":
            raise AmbiguousError("no answer within 30 s")
        return self.answer(text, act)


@dataclass
class OneShot(_Paid):
    """Answers at once, knows no keys, charges every call."""

    name: str = "oneshot"
    idempotent: bool = False

    async def call(self, model: str, request: Request, context: Context) -> Answer:
        text = text_of(request)
        act = await self.begin(text)
        self.bills.charge(text, context.key, self.cost)
        if act == "drop":
            raise TimeoutError("no answer within 30 s")
        return self.answer(text, act)


@dataclass
class Queued(_Paid):
    """Takes jobs and charges every submit."""

    name: str = "queued"
    idempotent: bool = False
    poll_every_s: float = 0.001
    jobs: dict[str, str] = field(default_factory=dict[str, str])
    polls: list[Act] = field(default_factory=list[Act])
    """What the next polls do."""
    polled: int = 0
    fetched: Counter[str] = field(default_factory=Counter[str])
    status: JobStatus = field(default_factory=lambda: JobStatus("succeeded"))

    async def submit(self, model: str, request: Request, context: Context) -> Job:
        text = text_of(request)
        act = await self.begin(text)
        job = f"job-{len(self.jobs)}"
        self.jobs[job] = text
        self.bills.charge(text, job, self.cost)
        if act == "drop":
            raise AmbiguousError("no answer within 30 s")
        if act is not None:
            self.script.setdefault(text, []).insert(0, act)  # of the download
        return Job(job, self.endpoint)

    async def poll(self, model: str, job: Job) -> JobStatus:
        await asyncio.sleep(0)
        self.polled += 1
        if self.polls and (act := self.polls.pop(0)) in self.errors:
            raise self.errors[act]()
        return self.status if job.id in self.jobs else JobStatus("failed", message=f"there is no job {job.id}")

    async def fetch(self, model: str, job: Job) -> Answer:
        text = self.jobs[job.id]
        self.fetched[text] += 1
        return self.answer(text, self.next_act(text))


def provider_of(kind: str, bills: Bills, **settings: Any) -> Keyed | OneShot | Queued:
    """A provider of this kind."""
    made: dict[str, type[Keyed | OneShot | Queued]] = {"keyed": Keyed, "oneshot": OneShot, "queued": Queued}
    return made[kind](bills, **settings)


def text_of(request: Request) -> str:
    """What is to be said, which is what the bills know a call by."""
    assert isinstance(request, SpeechRequest)
    return request.text


def task(text: str) -> CallSpec:
    """Have something said."""
    return CallSpec("speak", text, "speech", SpeechRequest(text=text, speaker="narrator", language="en"))


@dataclass
class PaidRun:
    """A run that ledgers take one after the other, as processes would."""

    database: Database
    assets: AssetStore
    run_id: str
    lease: Lease

    async def ledger(
        self, provider: AnyProvider, *, consent: bool = False, buy_again: bool = False, **settings: Any
    ) -> Ledger:
        """A ledger as a fresh process would have it: a new lease, nothing remembered but tables and disk."""
        await release_lease(self.database, self.lease)
        self.lease = await take_lease(self.database, self.run_id)
        await AsyncMetadataTracker(self.database).set_status(self.lease, "running")
        newest = await call_log.newest_id(self.database, self.run_id)
        accept, again = (newest if agreed else 0 for agreed in (consent, buy_again))
        return Ledger(
            self.database,
            self.lease,
            self.assets,
            {"speech": Model(provider, "voice")},
            **{
                "reuse": False,
                "retry_policy": QUICK,
                "accept_unknown_until": accept,
                "accept_failed_paid_until": again,
                **settings,
            },
        )

    async def rows(self, text: str = "%") -> list[Row]:
        """The rows of `api_logs`, oldest first."""
        return await self.database.query(
            "SELECT * FROM api_logs WHERE run_id = ? AND slot LIKE ? ORDER BY id", (self.run_id, text)
        )

    async def calls(self, text: str = "%") -> list[CallRow]:
        """Return the same rows as the typed values that the ledger reads."""
        return [CallRow.from_row(row) for row in await self.rows(text)]

    async def states(self, text: str = "%") -> list[str]:
        """Their states."""
        return [str(row["state"]) for row in await self.rows(text)]

    async def money(self) -> tuple[int, int]:
        """Spent and reserved, in micro-dollars, after seeing that the two levels agree (at one moment)."""
        (row,) = await self.database.query(
            "SELECT spent_micro, reserved_micro, (SELECT coalesce(sum(cost_micro), 0) FROM api_logs WHERE run_id = ?)"
            " AS paid, (SELECT coalesce(sum(quoted_cost_micro), 0) FROM api_logs WHERE run_id = ?"
            " AND state IN ('intent', 'submitted', 'unknown')) AS held FROM workflow_executions WHERE run_id = ?",
            (self.run_id, self.run_id, self.run_id),
        )
        spent, reserved = int(row["spent_micro"]), int(row["reserved_micro"])
        assert (spent, reserved) == (int(row["paid"]), int(row["held"]))
        assert await wrong_months(self.database) == []
        return spent, reserved


async def wrong_months(database: Database) -> list[tuple[object, ...]]:
    """Each month of a project whose sums are not those of its calls: project, month, what is told, what is right."""
    rows = await database.query(
        "SELECT project, month, sum(spent) AS spent, sum(reserved) AS reserved FROM ("
        "SELECT run.project AS project, substr(call.started_at, 1, 7) AS month, call.cost_micro AS spent,"
        " iif(call.state IN ('intent', 'submitted', 'unknown'), call.quoted_cost_micro, 0) AS reserved"
        " FROM api_logs AS call JOIN workflow_executions AS run USING (run_id)"
        " UNION ALL SELECT project, month, -spent_micro, -reserved_micro FROM project_months)"
        " GROUP BY project, month HAVING sum(spent) <> 0 OR sum(reserved) <> 0"
    )
    return [tuple(row.values()) for row in rows]


async def paid_run_in(database: Database, folder: Path) -> PaidRun:
    """A run in a database that is empty yet, its files in the folder."""
    await migrate(database)
    await AsyncMetadataTracker(database).start_workflow("run", "w")
    return PaidRun(database, AssetStore(folder / "assets"), "run", await take_lease(database, "run"))


async def asked_often(bills: Bills, times: int) -> None:
    """Wait until the provider was asked so often."""
    for _ in range(20_000):
        if bills.asked.total() >= times:
            return
        await asyncio.sleep(0.001)
    pytest.fail(f"the provider was asked {bills.asked.total()} times, not {times}")


async def all_of(ledger: Ledger, texts: list[str]) -> list[CallResult | BaseException]:
    """Ask for all of them at once, as a step does; errors come back in their places."""
    return await asyncio.gather(*(ledger.call(task(text)) for text in texts), return_exceptions=True)
