"""Whatever happens to calls, in whatever order: every charge is accounted for, and nothing is bought twice unasked.

A machine that makes calls, lets providers fail, lets the process die at any write, loses files and gives consent. After
each step our tables are compared with the bills, which are what the provider's own invoice would say.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from conftest import on_both_databases
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from paid import Act, Bills, paid_run_in, provider_of, task

from clash.calls.consent import stands_in_the_way
from clash.calls.spec import CallResult
from clash.database.connection import is_d1, open_database
from clash.database.port import Database, Row, Rows, Statement
from clash.database.rows import CallRow
from clash.errors import ClashError, DatabaseError, PersonNeededError

TEXTS = st.sampled_from(["a", "b"])
ACTS: st.SearchStrategy[list[Act]] = st.builds(
    lambda refused, others: [*refused, *others],
    st.sampled_from([[], ["refuse"]]),
    st.lists(st.sampled_from(["busy", "broken", "unsent", "drop", "empty", "junk"]), max_size=4),
)


class Dying:
    """A database whose process dies at its nth batch: before or after it is applied."""

    def __init__(self, database: Database, at: int, *, applied: bool) -> None:
        self._database, self._left, self._applied = database, at, applied
        self.url = database.url

    async def batch(self, statements: list[Statement]) -> list[Rows]:
        self._left -= 1
        if self._left < 0 or (self._left == 0 and not self._applied):
            raise DatabaseError("dead")
        results = await self._database.batch(statements)
        if self._left == 0:
            raise DatabaseError("dead")
        return results

    async def query(self, sql: str, params: Any = ()) -> Rows:
        if self._left <= 0:
            raise DatabaseError("dead")
        return await self._database.query(sql, params)


class Calls(RuleBasedStateMachine):
    """One run, one provider of `kind`, and everything that can befall them."""

    kind = "keyed"
    url_of: Callable[[Path], str]
    price = Decimal("0.10")

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="clash-test-"))
        self.runner = asyncio.Runner()
        self.bills = Bills()
        self.provider = provider_of(self.kind, self.bills, price=self.price)
        self.allowed: Counter[str] = Counter()
        """How often each text may have been charged: once, and once more for each consent."""

    def run(self, work: Any) -> Any:
        return self.runner.run(work)

    @initialize()
    def begin(self) -> None:
        self.run(self._begin())

    async def _begin(self) -> None:
        self.opened = open_database(self.url_of(self.folder), "create")
        self.database = await self.opened.__aenter__()
        self.paid_run = await paid_run_in(self.database, self.folder)

    def teardown(self) -> None:
        if hasattr(self, "database"):
            self.run(self.opened.__aexit__(None, None, None))
        self.runner.close()
        shutil.rmtree(self.folder)

    # -- what can happen ---------------------------------------------------------------------------------------

    @rule(text=TEXTS, acts=ACTS, consent=st.booleans(), reuse=st.booleans())
    def call(self, text: str, acts: list[Act], consent: bool, reuse: bool) -> None:
        """A process asks for a text; the provider behaves as it likes."""
        self.run(self._call(text, acts, consent=consent, reuse=reuse))

    async def _call(self, text: str, acts: list[Act], *, consent: bool, reuse: bool) -> None:
        before = await self.paid_run.rows(text)
        self._script(text, acts, before)
        asked = self.bills.asked[text]
        whole = [row for row in before if row["state"] == "succeeded" and self.paid_run.assets.has(row["asset_sha256"])]
        if consent and before and stands_in_the_way(CallRow.from_row(before[-1])):
            self.allowed[text] += 1
        ledger = await self.paid_run.ledger(self.provider, consent=consent, buy_again=consent, reuse=reuse)
        try:
            made = await ledger.call(task(text))
        except PersonNeededError as error:
            code = error.code
            assert self.kind != "keyed" or code == "failed_paid"
        except ClashError as error:
            named = error.slots
            assert named == (text,)
        else:
            assert isinstance(made, CallResult)
            assert self.paid_run.assets.has(made.sha256)
        if whole:
            assert self.bills.asked[text] == asked, "it was there, and was asked for again"
        self.provider.script.clear()

    @rule(text=TEXTS, at=st.integers(1, 4), applied=st.booleans(), acts=ACTS)
    def die(self, text: str, at: int, applied: bool, acts: list[Act]) -> None:
        """A process asks for a text and dies at one of its writes."""
        self.run(self._die(text, at, applied=applied, acts=acts))

    async def _die(self, text: str, at: int, *, applied: bool, acts: list[Act]) -> None:
        before = await self.paid_run.rows(text)
        self._script(text, acts, before)
        ledger = await self.paid_run.ledger(self.provider)
        ledger._database = ledger._store._database = Dying(self.database, at, applied=applied)
        await asyncio.gather(ledger.call(task(text)), return_exceptions=True)
        self.provider.script.clear()

    def _script(self, text: str, acts: list[Act], rows: list[Row]) -> None:
        """A provider that has charged a call, and knows its key, does not refuse that very call later."""
        taken = any(row["state"] == "intent" and (text, row["token"]) in self.bills.charges for row in rows)
        self.provider.script[text] = [act for act in acts if not (taken and act == "refuse")]

    @rule(text=TEXTS)
    def lose_and_put_back(self, text: str) -> None:
        """A file is gone for a while: nothing that was paid for is bought again meanwhile."""
        self.run(self._lose_and_put_back(text))

    async def _lose_and_put_back(self, text: str) -> None:
        for row in await self.paid_run.rows(text):
            if row["state"] == "succeeded":
                path = self.paid_run.assets.path(row["asset_sha256"])
                content, charged = path.read_bytes(), list(self.bills.charges)
                path.unlink()
                with pytest.raises(ClashError):
                    await (await self.paid_run.ledger(self.provider)).call(task(text))
                assert self.bills.charges == charged
                path.write_bytes(content)

    # -- what is always true -----------------------------------------------------------------------------------

    @invariant()
    def every_charge_is_accounted_for(self) -> None:
        """What is billed is in our tables as spent, or is reserved for calls of which nobody knows."""
        if hasattr(self, "paid_run"):
            spent, reserved = self.run(self.paid_run.money())
            assert self.bills.micro <= spent + reserved

    @invariant()
    def nothing_is_bought_twice_unasked(self) -> None:
        """One charge a text, and one more for each consent."""
        for text, times in Counter(text for text, _ in self.bills.charges).items():
            assert times <= 1 + self.allowed[text]

    @invariant()
    def a_slot_is_live_in_one_row(self) -> None:
        """Under way or succeeded, never both, never two."""
        if hasattr(self, "paid_run"):
            live = Counter(
                row["slot"]
                for row in self.run(self.paid_run.rows())
                if row["state"] in ("intent", "submitted", "succeeded")
            )
            assert all(count == 1 for count in live.values())


@on_both_databases
@pytest.mark.parametrize("kind", ["keyed", "oneshot", "queued"])
def test_whatever_happens_every_charge_is_accounted_for(
    database_url: str, database_of: Callable[[Path], str], kind: str
) -> None:
    """20 random histories of up to 12 events for each kind of provider, 4 of them on D1 too."""
    machine = type(f"{kind.title()}Calls", (Calls,), {"kind": kind, "url_of": staticmethod(database_of)})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=4 if is_d1(database_url) else 20,
            stateful_step_count=12,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],
        ),
    )
