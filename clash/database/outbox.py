"""The outbox: events of runs that a webhook is to be told, each stored with the status that it tells, then delivered.

An event is sent by one process at a time, and those of a run in their order.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from clash.clock import now_text, to_text
from clash.database.lease import is_dead
from clash.database.port import Database, Row, Statement

HOLDS_BACK = 20
"""An event that failed this often no longer holds back those after it."""

_UNTIL_DELIVERED = (
    " AND NOT EXISTS (SELECT 1 FROM webhook_events AS earlier WHERE earlier.run_id = webhook_events.run_id"
    " AND earlier.receiver_digest = webhook_events.receiver_digest AND earlier.id < webhook_events.id"
    " AND earlier.delivered_at IS NULL AND earlier.attempts < ?)"
)


@dataclass(frozen=True)
class NewEvent:
    """An event that is not stored yet."""

    event_id: str
    type: str
    created_at: str
    receiver: str
    receiver_digest: str
    body: str


@dataclass(frozen=True)
class OutboxRow:
    """A row of `webhook_events`. See the migration for what the columns mean."""

    id: int
    event_id: str
    run_id: str
    type: str
    created_at: str
    receiver: str
    receiver_digest: str
    body: str
    attempts: int
    attempted_at: str | None
    sender: str | None
    sending_until: str | None
    last_error: str | None
    delivered_at: str | None

    @classmethod
    def from_row(cls, row: Row) -> OutboxRow:
        """Return the event of a whole row."""
        return cls(
            id=int(row["id"]),
            event_id=str(row["event_id"]),
            run_id=str(row["run_id"]),
            type=str(row["type"]),
            created_at=str(row["created_at"]),
            receiver=str(row["receiver"]),
            receiver_digest=str(row["receiver_digest"]),
            body=str(row["body"]),
            attempts=int(row["attempts"]),
            attempted_at=row["attempted_at"],
            sender=row["sender"],
            sending_until=row["sending_until"],
            last_error=row["last_error"],
            delivered_at=row["delivered_at"],
        )

    @property
    def is_being_sent(self) -> bool:
        """Whether another process sends it at this moment."""
        return bool(self.sender) and str(self.sending_until) > now_text() and not is_dead(str(self.sender))


def insert_event(run_id: str, event: NewEvent, *, generation: int, status: str, ended_at: str) -> Statement:
    """Store an event, if the status that it tells was written by the statement before it in the same batch."""
    return Statement(
        "INSERT INTO webhook_events (event_id, run_id, type, created_at, receiver, receiver_digest, body)"
        " SELECT ?, ?, ?, ?, ?, ?, ? WHERE EXISTS (SELECT 1 FROM workflow_executions WHERE run_id = ?"
        " AND lease_generation = ? AND status = ? AND end_time = ?) ON CONFLICT (event_id) DO NOTHING RETURNING id",
        (
            event.event_id,
            run_id,
            event.type,
            event.created_at,
            event.receiver,
            event.receiver_digest,
            event.body,
            run_id,
            generation,
            status,
            ended_at,
        ),
        recall=Statement("SELECT id FROM webhook_events WHERE event_id = ?", (event.event_id,)),
    )


async def pending_events(database: Database, run_id: str | None = None, *, limit: int = 1000) -> list[OutboxRow]:
    """Return the events that are not delivered, of one run or of all, oldest first."""
    rows = await database.query(
        "SELECT * FROM webhook_events WHERE delivered_at IS NULL AND (? IS NULL OR run_id = ?) ORDER BY id LIMIT ?",
        (run_id, run_id, limit),
    )
    return [OutboxRow.from_row(row) for row in rows]


async def listed_events(database: Database, run_id: str | None, *, limit: int) -> list[OutboxRow]:
    """Return the newest events, of one run or of all, delivered or not, oldest first. Their bodies are left out."""
    rows = await database.query(
        "SELECT id, event_id, run_id, type, created_at, receiver, receiver_digest, '' AS body, attempts, attempted_at,"
        " sender, sending_until, last_error, delivered_at FROM webhook_events"
        " WHERE ? IS NULL OR run_id = ? ORDER BY id DESC LIMIT ?",
        (run_id, run_id, limit),
    )
    return [OutboxRow.from_row(row) for row in reversed(rows)]


async def begin_attempt(database: Database, event: OutboxRow, sender: str, *, longest_s: float) -> bool:
    """Count an attempt to send an event, and keep other processes from sending it for `longest_s` seconds.

    False, and nothing changes, where it is delivered, another process sends it, or an earlier one of its run waits.
    """
    if event.is_being_sent and event.sender != sender:
        return False
    now = datetime.now(UTC)
    until = to_text(now + timedelta(seconds=longest_s))
    (begun,) = await database.batch(
        [
            Statement(
                "UPDATE webhook_events SET attempts = attempts + 1, attempted_at = ?, sender = ?, sending_until = ?"
                " WHERE id = ? AND delivered_at IS NULL AND (sender IS ? OR sender IS ?)"
                f"{_UNTIL_DELIVERED} RETURNING id",
                (to_text(now), sender, until, event.id, event.sender, sender, HOLDS_BACK),
                recall=Statement(
                    "SELECT id FROM webhook_events WHERE id = ? AND sender = ? AND sending_until = ?",
                    (event.id, sender, until),
                ),
            )
        ]
    )
    return bool(begun)


async def end_attempt(
    database: Database, event: OutboxRow, sender: str, *, error: str | None, receiver: str, receiver_digest: str
) -> None:
    """Record how an attempt ended. Without an `error` the event is delivered, and its body is not needed any more.

    `receiver`, `receiver_digest`: the address that was asked, which may not be the one that it was meant for.
    """
    change = "delivered_at = coalesce(delivered_at, ?), body = '', receiver = ?, receiver_digest = ?,"
    delivered = change if error is None else ""
    told = (now_text(), receiver, receiver_digest) if error is None else ()
    await database.batch(
        [
            Statement(
                f"UPDATE webhook_events SET {delivered} last_error = ?, sender = NULL, sending_until = NULL"
                f" WHERE id = ?{'' if error is None else ' AND delivered_at IS NULL AND sender = ?'}",
                (*told, error, event.id, *(() if error is None else (sender,))),
            )
        ]
    )
