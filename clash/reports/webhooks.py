"""The events that webhooks were told, or are still to be told."""

from __future__ import annotations

import asyncio
from typing import Any

from clash.config import Settings
from clash.database.outbox import OutboxRow, listed_events
from clash.database.port import Database
from clash.database.reading import run_row
from clash.documents.webhooks import WebhookList
from clash.reports.rows import read

_ALL = 1_000_000


async def list_webhooks(settings: Settings, thread_id: str | None = None, *, limit: int | None = None) -> WebhookList:
    """List the events of the outbox, of one run or of all, oldest first. Raises `NotFoundError` for an unknown run."""

    async def rows(database: Database) -> list[OutboxRow]:
        listed = listed_events(database, thread_id, limit=_ALL if limit is None else limit)
        if thread_id is None:
            return await listed
        found, _ = await asyncio.gather(listed, run_row(database, thread_id))
        return found

    return WebhookList.of({"items": [_item(row) for row in await read(settings, rows)]})


def _item(row: OutboxRow) -> dict[str, Any]:
    return {
        "event_id": row.event_id,
        "thread_id": row.run_id,
        "type": row.type,
        "created_at": row.created_at,
        "receiver": row.receiver,
        "state": "pending" if row.delivered_at is None else "delivered",
        "attempts": row.attempts,
        "attempted_at": row.attempted_at,
        "delivered_at": row.delivered_at,
        "last_error": row.last_error,
    }
