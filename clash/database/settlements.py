"""What a person says of a call whose bill the tables do not know for sure: billed, and how much, or not billed."""

from __future__ import annotations

from typing import NamedTuple

from clash.database.lease import FENCE, Lease
from clash.database.port import Database, Row, Rows, Statement
from clash.database.rows import CallRow
from clash.vocabulary import UNSETTLED, sql_list

BILLED, NOT_BILLED = "billed", "not_billed"
"""Error codes of a call that a person has settled."""
_OPEN = sql_list(UNSETTLED)
_AS_IT_WAS = "token = ? AND state = ? AND cost_micro = ?"


class Settlement(NamedTuple):
    """What is said of a call, by whom and when. `row`: the call as it was looked at."""

    row: CallRow
    billed_micro: int
    by: str
    at: str

    @property
    def code(self) -> str:
        """The error code that the call has from now on."""
        return BILLED if self.billed_micro else NOT_BILLED


class SettlementRow(NamedTuple):
    """A row of `call_settlements`: what was said of a call, and how the call was before."""

    call: str
    slot: str
    settled_at: str
    settled_by: str
    billed_micro: int
    was_state: str
    was_cost_micro: int
    was_held_micro: int
    was_error: str | None

    @classmethod
    def from_row(cls, row: Row) -> SettlementRow:
        """Return the settlement of a whole row that is sound."""
        return cls(
            call=str(row["call"]),
            slot=str(row["slot"]),
            settled_at=str(row["settled_at"]),
            settled_by=str(row["settled_by"]),
            billed_micro=int(row["billed_micro"]),
            was_state=str(row["was_state"]),
            was_cost_micro=int(row["was_cost_micro"]),
            was_held_micro=int(row["was_held_micro"]),
            was_error=row["was_error"],
        )


async def settlements_of(database: Database, run_id: str) -> Rows:
    """The settlements of a run, oldest first."""
    return await database.query("SELECT * FROM call_settlements WHERE run_id = ? ORDER BY id", (run_id,))


async def settle_call(database: Database, lease: Lease, settlement: Settlement) -> bool:
    """Write a settlement down, and count what it says instead of what was counted or reserved for the call.

    Returns False, and changes nothing, if the call is no longer as it was, or the lease is lost.
    """
    row, token = settlement.row, settlement.row.token
    as_it_was = (token, row.state.value, row.cost_micro)
    said = "not billed" if settlement.code == NOT_BILLED else "billed"
    message = f"settled by {settlement.by} as {said}; before: {row.error_message or row.state}"[:2000]
    money = Statement(
        "UPDATE workflow_executions SET spent_micro = spent_micro + ?"
        " - (SELECT cost_micro FROM api_logs WHERE token = ?),"
        f" reserved_micro = reserved_micro - (SELECT CASE WHEN state IN {_OPEN} THEN quoted_cost_micro ELSE 0 END"
        " FROM api_logs WHERE token = ?)"
        " WHERE run_id = ? AND lease_generation = ?"
        f" AND EXISTS (SELECT 1 FROM api_logs WHERE {_AS_IT_WAS}) RETURNING spent_micro",
        (settlement.billed_micro, token, token, *lease.fence, *as_it_was),
        recall=Statement("SELECT spent_micro FROM workflow_executions WHERE run_id = ?", (lease.run_id,)),
    )
    record = Statement(
        "INSERT INTO call_settlements (run_id, call, slot, settled_at, settled_by, billed_micro, was_state,"
        " was_cost_micro, was_held_micro, was_error)"
        " SELECT run_id, token, coalesce(slot, ''), ?, ?, ?, state, cost_micro,"
        f" CASE WHEN state IN {_OPEN} THEN quoted_cost_micro ELSE 0 END, error_message"
        f" FROM api_logs WHERE {_AS_IT_WAS} AND {FENCE} RETURNING id",
        (settlement.at, settlement.by, settlement.billed_micro, *as_it_was, *lease.fence),
        recall=Statement("SELECT id FROM call_settlements WHERE call = ? AND settled_at = ?", (token, settlement.at)),
    )
    settled = Statement(
        "UPDATE api_logs SET state = 'failed', cost_micro = ?, precision = 'billed', error_code = ?,"
        " error_message = ?, retryable = 0, ended_at = coalesce(ended_at, ?)"
        f" WHERE {_AS_IT_WAS} AND {FENCE} RETURNING id",
        (settlement.billed_micro, settlement.code, message, settlement.at, *as_it_was, *lease.fence),
        recall=Statement(
            "SELECT id FROM api_logs WHERE token = ? AND error_code = ? AND error_message = ?",
            (token, settlement.code, message),
        ),
    )
    results = await database.batch([money, record, settled])
    return bool(results[-1])
