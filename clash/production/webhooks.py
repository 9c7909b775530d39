"""Send what is pending in the outbox of a database: `clash webhooks flush`."""

from __future__ import annotations

from clash.config import Settings, load_settings
from clash.database.connection import open_database
from clash.database.migrations import require_current
from clash.database.reading import run_row
from clash.documents.webhooks import Flushed
from clash.errors import SettingsError
from clash.events.delivery import deliver
from clash.events.receivers import Receiver
from clash.thread_ids import check_thread_id


async def flush_webhooks(
    thread_id: str | None = None, settings: Settings | None = None, *, every: bool = False
) -> Flushed:
    """Send the events that the receiver does not have yet, of one run or of all.

    `every`: also what was meant for another address, as when the receiver has moved. Raises `SettingsError` where no
    webhook is set, `NotFoundError` for a run that is not there.
    """
    settings = settings or load_settings()
    receiver = Receiver.of(settings)
    if receiver is None:
        raise SettingsError("no webhook is set", hint="set CLASH_WEBHOOK, or name one with --webhook URL")
    if thread_id is not None:
        check_thread_id(thread_id)
    async with open_database(settings.database_url, "write") as database:
        await require_current(database)
        if thread_id is not None:
            await run_row(database, thread_id)
        found = await deliver(database, receiver, thread_id, every=every)
    return Flushed.of(
        {
            "receiver": receiver.shown,
            "delivered": len(found.delivered),
            "pending": found.pending,
            "elsewhere": found.elsewhere,
            "last_error": found.error,
        }
    )
