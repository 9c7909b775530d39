"""What a film was charged by the meter, what its database records, and how the two are compared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filming import rows_of

PRICE_MICRO = 10_000
PRICE_USD = "0.01"
_ROWS = "SELECT run_id, slot, take, state, token, job_id, cost_micro, quoted_cost_micro, asset_sha256 FROM api_logs"
_RUNS = "SELECT coalesce(sum(spent_micro), 0), coalesce(sum(reserved_micro), 0) FROM workflow_executions"


@dataclass(frozen=True)
class Row:
    """A call, as the database has it."""

    run: str
    slot: str
    take: int
    state: str
    token: str
    job: str
    cost: int
    quoted: int
    sha256: str

    @classmethod
    def of(cls, row: Sequence[Any]) -> Row:
        """Return it from a row of the table."""
        run, slot, take, state, token, job, cost, quoted, sha256 = row
        return cls(run, slot, int(take), state, token or "", job or "", int(cost), int(quoted), str(sha256))


@dataclass(frozen=True)
class Charges:
    """The calls of all runs, their sums, and the meter's charges `(key, slot)` (`made`). Money is in micro-dollars."""

    rows: list[Row]
    spent: int
    reserved: int
    made: list[tuple[str, str]]

    @classmethod
    def of(cls, url: str, meter: Path) -> Charges:
        """Read both. No command may be running."""
        rows = [Row.of(row) for row in rows_of(url, _ROWS)]
        ((spent, reserved),) = rows_of(url, _RUNS)
        lines = meter.read_text(encoding="utf-8").splitlines() if meter.exists() else []
        events = [line.split() for line in lines]
        return cls(rows, int(spent), int(reserved), [(key, slot) for kind, key, slot in events if kind == "charge"])

    @property
    def unknown(self) -> list[Row]:
        """Calls of which nobody knows whether they were charged: a person consented to make them again."""
        return [row for row in self.rows if row.state == "unknown"]

    def settled(self) -> Counter[str]:
        """The charges that belong to answers which the database has, by what was charged for."""
        paid = {key for row in self.rows if row.state == "succeeded" for key in (row.token, row.job)}
        return Counter(slot for key, slot in self.made if key in paid)

    def consented(self) -> int:
        """How many charges belong to unknown calls."""
        return len(self.made) - self.settled().total()

    def faults(self, assets: Path) -> list[str]:
        """What must hold when no command is running and nothing is left to make, and does not. `assets`: the store."""
        found = list[str]()
        settled = PRICE_MICRO * self.settled().total()
        if self.spent != sum(row.cost for row in self.rows) or self.spent != settled:
            found.append(
                f"the tables say {self.spent}, their rows {sum(row.cost for row in self.rows)}, the meter {settled}"
            )
        if self.reserved != sum(row.quoted for row in self.unknown):
            found.append(f"{self.reserved} is reserved, for {len(self.unknown)} unknown calls")
        if self.consented() > len(self.unknown):
            found.append(f"{self.consented()} charges are in no row, and {len(self.unknown)} calls are unknown")
        found += [
            f"{row.slot} of {row.run} is {row.state}" for row in self.rows if row.state in ("intent", "submitted")
        ]
        paid = Counter((row.run, row.slot, row.take) for row in self.rows if row.cost)
        found += [f"{slot}, take {take}, of {run} is paid {n} times" for (run, slot, take), n in paid.items() if n > 1]
        made = {(row.slot, row.sha256) for row in self.rows if row.state == "succeeded"}
        found += [f"the file of {slot} is lost" for slot, sha in made if not (assets / sha[:2] / sha[2:]).exists()]
        return found
