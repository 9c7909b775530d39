"""What the calls of a run add up to, and which of them only a person can clear up. Reads only."""

from __future__ import annotations

from typing import NamedTuple

from clash.database.port import Database, Row, Rows, texts_of
from clash.database.row_checks import SOUND_CALL
from clash.database.staging import NOT_STAGED
from clash.vocabulary import UNSETTLED


class CallTotals(NamedTuple):
    """What the calls of a run add up to. `unknown_micro`: the quotes of the calls that nobody knows to be paid."""

    run_id: str
    calls: int = 0
    cost_micro: int = 0
    failed: int = 0
    reused: int = 0
    unknown: int = 0
    unknown_micro: int = 0

    @classmethod
    def from_row(cls, row: Row) -> CallTotals:
        """Return the totals of a row of sums."""
        return cls(str(row["run_id"]), *(int(row[name]) for name in _TOTALS))


_TOTALS = ("calls", "cost_micro", "failed", "reused", "unknown", "unknown_micro")


class CallSums(NamedTuple):
    """What the calls of one step, provider, model or day add up to; `name` says of which."""

    name: str
    calls: int
    failed: int
    reused: int
    cost_micro: int
    duration_ms: int

    @classmethod
    def from_row(cls, row: Row) -> CallSums:
        """Return the sums of a row of sums."""
        return cls(
            name=str(row["name"]),
            calls=int(row["calls"]),
            failed=int(row["failed"]),
            reused=int(row["reused"]),
            cost_micro=int(row["cost_micro"]),
            duration_ms=int(row["duration_ms"]),
        )


class PrecisionSum(NamedTuple):
    """What the paid calls of one precision add up to."""

    precision: str
    calls: int
    cost_micro: int

    @classmethod
    def from_row(cls, row: Row) -> PrecisionSum:
        """Return the sum of a row of sums."""
        return cls(str(row["precision"]), int(row["calls"]), int(row["cost_micro"]))


async def totals_by_run(database: Database, run_id: str | None = None) -> dict[str, CallTotals]:
    """Return the totals of every run that made any call, or of one."""
    rows = await database.query(
        "SELECT run_id, count(*) AS calls, sum(cost_micro) AS cost_micro, sum(state = 'failed') AS failed,"
        " sum(reused) AS reused, sum(state = 'unknown') AS unknown,"
        " sum(CASE WHEN state = 'unknown' THEN quoted_cost_micro ELSE 0 END) AS unknown_micro"
        f" FROM api_logs WHERE (run_id = ? OR (? IS NULL AND {NOT_STAGED})) AND {SOUND_CALL} GROUP BY run_id",
        (run_id, run_id),
    )
    return {totals.run_id: totals for totals in map(CallTotals.from_row, rows)}


async def totals_of(database: Database, run_id: str) -> CallTotals:
    """Return the totals of one run, also if it made no call yet."""
    return (await totals_by_run(database, run_id)).get(run_id, CallTotals(run_id))


async def sums_by_precision(database: Database, run_id: str | None = None) -> list[PrecisionSum]:
    """How sure the paid total is: what the provider billed, what a price makes exactly, what is estimated.

    That of all runs has the removed ones, too.
    """
    rows = await database.query(
        "SELECT precision, sum(calls) AS calls, sum(cost_micro) AS cost_micro FROM ("
        "SELECT precision, count(*) AS calls, sum(cost_micro) AS cost_micro FROM api_logs"
        f" WHERE (run_id = ? OR (? IS NULL AND {NOT_STAGED})) AND reused = 0"
        f" AND (state = 'succeeded' OR cost_micro > 0) AND {SOUND_CALL} GROUP BY precision"
        " UNION ALL SELECT precision, sum(priced_calls), sum(cost_micro)"
        " FROM removed_costs WHERE ? IS NULL AND priced_calls > 0 GROUP BY precision"
        ") GROUP BY precision ORDER BY precision",
        (run_id, run_id, run_id),
    )
    return [PrecisionSum.from_row(row) for row in rows]


async def unsound_calls(database: Database, run_id: str | None = None) -> Rows:
    """The calls of a run, or of all, that the sums leave out, because they hold what clash never writes."""
    return await database.query(
        f"SELECT * FROM api_logs WHERE (run_id IS ? OR (? IS NULL AND run_id IS NOT NULL AND {NOT_STAGED})"
        f" OR (? IS NULL AND run_id IS NULL)) AND ({SOUND_CALL}) IS NOT TRUE ORDER BY id LIMIT 100",
        (run_id, run_id, run_id),
    )


async def unknown_rows(database: Database, run_id: str) -> Rows:
    """The calls that hold a run up: perhaps paid, answer lost, and not made again since."""
    return await _newest_of_their_slots(database, run_id, "lost.state = 'unknown'")


async def open_keys(database: Database, run_id: str) -> frozenset[str]:
    """Return the content keys of the calls of a run whose answer may still come or is lost."""
    open_states = ", ".join(f"'{state}'" for state in UNSETTLED)
    rows = await database.query(
        f"SELECT DISTINCT key FROM api_logs WHERE run_id = ? AND state IN ({open_states})", (run_id,)
    )
    return frozenset(texts_of(rows, "key"))


async def failed_paid_rows(database: Database, run_id: str) -> Rows:
    """The calls that hold a run up: paid for, failed, and not made again since. A lost file is another matter."""
    paid = "lost.state = 'failed' AND lost.cost_micro > 0 AND lost.error_code IS NOT 'asset_lost'"
    return await _newest_of_their_slots(database, run_id, paid)


async def _newest_of_their_slots(database: Database, run_id: str, condition: str) -> Rows:
    return await database.query(
        f"SELECT * FROM api_logs AS lost WHERE run_id = ? AND {condition} AND NOT EXISTS (SELECT 1 FROM api_logs"
        " AS later WHERE later.run_id = lost.run_id AND later.slot = lost.slot AND later.take = lost.take"
        " AND later.id > lost.id) ORDER BY id",
        (run_id,),
    )
