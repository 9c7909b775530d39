"""Any number of calls at once, under a budget that changes, in processes that die at any fault point.

`test_ledger_states.py` follows one call at a time through every answer that a provider can give. Here many are under
way when the process dies, so that each is at a point of its own; after every step our tables are compared with the
bills to the micro-dollar, and at the end everything must still be makeable.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from conftest import on_both_databases
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from paid import KINDS, Act, Bills, all_of, paid_run_in, provider_of

from clash import faults
from clash.calls.consent import stands_in_the_way
from clash.calls.ledger import Ledger
from clash.calls.rate_limits import RateLimits
from clash.calls.spec import CallResult
from clash.database.connection import is_d1, open_database
from clash.database.metadata import AsyncMetadataTracker
from clash.database.port import Database, Param, Row, Rows, Statement
from clash.database.rows import CallRow
from clash.errors import ClashError
from clash.money import to_micro

TEXTS = ("a", "b", "c", "d")
_OTHERS = ("writes", "checkpoint", "publish", "fork", "kept", "event", "webhook")
POINTS = tuple(point for point in faults.POINTS if not point.startswith(_OTHERS))
PRICE = Decimal("0.10")
SOME = st.lists(st.sampled_from(TEXTS), min_size=1, max_size=4, unique=True)
SCRIPTS: st.SearchStrategy[dict[str, list[Act]]] = st.dictionaries(
    st.sampled_from(TEXTS), st.lists(st.sampled_from(["busy", "unsent", "drop", "empty"]), max_size=3), max_size=3
)
UNSETTLED = ("intent", "submitted", "unknown")


class Died(BaseException):
    """The process is gone."""


class Mortal:
    """A database that a dead process can no longer reach."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.url = database.url
        self.dead = False

    async def batch(self, statements: Sequence[Statement]) -> list[Rows]:
        if self.dead:
            raise Died
        return await self.database.batch(statements)

    async def query(self, sql: str, params: Sequence[Param] = ()) -> Rows:
        if self.dead:
            raise Died
        return await self.database.query(sql, params)

    async def close(self) -> None:
        await self.opened.__aexit__(None, None, None)


class Runs(RuleBasedStateMachine):
    """One run of four texts at one provider."""

    kind = "keyed"
    url_of: Callable[[Path], str]

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="clash-test-"))
        self.runner = asyncio.Runner()
        self.bills = Bills()
        self.allowed: Counter[str] = Counter()
        """How often a text may be charged beyond once: for each consent."""
        self.receipts: dict[str, str] = {}
        self.budget = 10**9

    @initialize(bill=st.sampled_from([None, Decimal("0.04"), Decimal("0.10"), Decimal("0.25")]))
    def begin(self, bill: Decimal | None) -> None:
        self.provider = provider_of(self.kind, self.bills, price=PRICE, bill=bill)
        self.runner.run(self._begin())

    async def _begin(self) -> None:
        self.opened = open_database(self.url_of(self.folder), "create")
        self.database = await self.opened.__aenter__()
        self.paid_run = await paid_run_in(self.database, self.folder)

    def teardown(self) -> None:
        try:
            if hasattr(self, "paid_run"):
                self.runner.run(self._make_the_rest())
        finally:
            if hasattr(self, "paid_run"):
                self.runner.run(self.opened.__aexit__(None, None, None))
            self.runner.close()
            shutil.rmtree(self.folder)

    # -- what can happen ---------------------------------------------------------------------------------------

    @rule(micro=st.sampled_from([0, 99_999, 100_000, 250_000, 420_000, 10**9]))
    def change_the_budget(self, micro: int) -> None:
        """A person gives more, or takes it back."""
        self.budget = micro
        self.runner.run(AsyncMetadataTracker(self.database).set_budget(self.paid_run.lease, Decimal(micro) / 10**6))

    @rule(texts=SOME, script=SCRIPTS, consent=st.booleans(), places=st.sampled_from([1, 2, 8]))
    def work(self, texts: list[str], script: Mapping[str, list[Act]], consent: bool, places: int) -> None:
        """A process asks for these at once, and lives."""
        self.runner.run(self._process(texts, script, consent=consent, places=places))

    @rule(
        texts=SOME,
        script=SCRIPTS,
        consent=st.booleans(),
        places=st.sampled_from([1, 8]),
        point=st.sampled_from(POINTS),
        passing=st.integers(1, 5),
    )
    def die(
        self, texts: list[str], script: Mapping[str, list[Act]], consent: bool, places: int, point: str, passing: int
    ) -> None:
        """A process asks for these at once, and dies when this point is passed for so-manieth time."""
        self.runner.run(self._process(texts, script, consent=consent, places=places, fate=(point, passing)))

    async def _process(
        self,
        texts: list[str],
        script: Mapping[str, list[Act]],
        *,
        consent: bool = False,
        places: int = 8,
        fate: tuple[str, int] | None = None,
    ) -> list[CallResult | BaseException]:
        self.provider.script = {text: list(acts) for text, acts in script.items()}
        before = await self.paid_run.rows()
        level = sum(await self.paid_run.money())
        ledger = await self.paid_run.ledger(
            self.provider, consent=consent, buy_again=consent, rate_limits=RateLimits(concurrency=places, limits={})
        )
        if consent:
            self._count_consent(texts, before)
        results = await self._until_dead(ledger, texts, fate)
        self._remember_receipts()
        for result in results:
            assert isinstance(result, CallResult | ClashError | Died), repr(result)
        if self.provider.cost <= PRICE:
            assert sum(await self.paid_run.money()) <= max(level, self.budget), "the budget was passed"
        return results

    async def _until_dead(
        self, ledger: Ledger, texts: list[str], fate: tuple[str, int] | None
    ) -> list[CallResult | BaseException]:
        mortal = Mortal(self.database)
        for part in (ledger, ledger._store, ledger._store._history):
            part._database = mortal  # type: ignore[assignment]
        left = 0 if fate is None else fate[1]

        def point(name: str) -> None:
            nonlocal left
            left -= fate is not None and name == fate[0]
            if mortal.dead or (fate is not None and left <= 0):
                mortal.dead = True
                raise Died

        plain, faults.point = faults.point, point
        try:
            return await asyncio.wait_for(all_of(ledger, texts), timeout=60)
        finally:
            faults.point = plain

    # -- what a person was told --------------------------------------------------------------------------------

    def _count_consent(self, texts: list[str], rows: list[Row]) -> None:
        newest = {row["slot"]: row for row in rows}
        self.allowed.update(
            text for text in texts if text in newest and stands_in_the_way(CallRow.from_row(newest[text]))
        )

    def _remember_receipts(self) -> None:
        for path in (self.paid_run.assets.root / "receipts").glob("*.json"):
            receipt = self.paid_run.assets.read_receipt(path.stem) or {}
            if "sha256" in receipt:
                self.receipts[path.stem] = receipt["sha256"]

    # -- what is always true -----------------------------------------------------------------------------------

    @invariant()
    def the_tables_agree_with_the_bills(self) -> None:
        """Spent is, to the micro-dollar, what was charged for the calls that are settled; the rest is held back."""
        if hasattr(self, "paid_run"):
            self.runner.run(self._compare())

    async def _compare(self) -> list[Row]:
        spent, _ = await self.paid_run.money()
        rows = await self.paid_run.rows()
        by_key: dict[Any, Row] = {row["token"]: row for row in rows}
        by_key |= {row["job_id"]: row for row in rows if row["job_id"]}
        waiting = {row["slot"] for row in rows if row["state"] in ("intent", "unknown")}
        settled = 0
        for text, key in self.bills.charges:
            row = by_key.get(key)
            if row is None:
                assert text in waiting, f"the charge for {text} is on no row"
            elif row["state"] not in UNSETTLED:
                settled += self.bills.amounts[key]
        assert spent == settled
        live = Counter(row["slot"] for row in rows if row["state"] in ("intent", "submitted", "succeeded"))
        assert all(count == 1 for count in live.values())
        return rows

    @invariant()
    def nothing_is_bought_twice_unasked(self) -> None:
        """One charge a text, and one more for each consent."""
        for text, times in Counter(text for text, _ in self.bills.charges).items():
            assert times <= 1 + self.allowed[text], text

    # -- how it ends -------------------------------------------------------------------------------------------

    async def _make_the_rest(self) -> None:
        """Money enough, nothing fails, consent where it is asked for: all is made, and no receipt was lost."""
        await AsyncMetadataTracker(self.database).set_budget(self.paid_run.lease, Decimal(1000))
        self.budget = 10**9
        for consent in (False, True):
            results = await self._process(list(TEXTS), {}, consent=consent)
        assert all(isinstance(result, CallResult) for result in results), results
        self.nothing_is_bought_twice_unasked()
        rows = await self._compare()
        assert not [row for row in rows if row["state"] in ("intent", "submitted")]
        succeeded = {row["token"]: row["asset_sha256"] for row in rows if row["state"] == "succeeded"}
        assert {token: succeeded.get(token) for token in self.receipts} == self.receipts
        unknown = sum(row["state"] == "unknown" for row in rows)
        assert (await self.paid_run.money())[1] == unknown * to_micro(PRICE)


@on_both_databases
@pytest.mark.parametrize("kind", KINDS)
def test_the_tables_agree_with_the_bills_after_any_death(
    database_url: str, database_of: Callable[[Path], str], kind: str
) -> None:
    """25 random histories of up to 10 events for each kind of provider, 4 of them on D1 too."""
    run_state_machine_as_test(
        type(f"{kind.title()}Runs", (Runs,), {"kind": kind, "url_of": staticmethod(database_of)}),
        settings=settings(
            max_examples=4 if is_d1(database_url) else 25,
            stateful_step_count=10,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
