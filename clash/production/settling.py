"""Settle a call by hand: a person has looked at the provider's record, and says what it billed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from decimal import Decimal

from clash.actors import this_person
from clash.assets import AssetStore, open_assets
from clash.assets.records import forget_open_call
from clash.calls.consent import is_paid_failure
from clash.calls.keeping import Keeper
from clash.clock import now_text
from clash.config import Settings
from clash.database import call_log, reading
from clash.database.connection import open_database
from clash.database.lease import release_lease, take_lease
from clash.database.migrations import checked
from clash.database.port import Database
from clash.database.rows import CallRow
from clash.database.settlements import Settlement
from clash.database.settlements import settle_call as write_settlement
from clash.documents.calls import SettledCall
from clash.editing.slots import call_slots
from clash.errors import ConflictError, NotFoundError, UsageError
from clash.hints import command
from clash.money import to_micro, usd_text
from clash.production.plan import check_thread_id
from clash.reports.shot_labels import read_labels
from clash.vocabulary import UNSETTLED

_LARGEST_BILL_USD = 1_000_000


async def settle_call(
    thread_id: str, slot: str, settings: Settings, *, billed: Decimal | None, call_id: int | None = None
) -> SettledCall:
    """Settle the call of a slot that is unknown, was never settled, or was paid for and failed.

    `billed`: dollars that the provider's record shows for it; None if it was not billed. `call_id`: which call, where
    the slot has several. What was reserved or counted for it gives way to the bill; who said so, when, and how the
    call stood before is kept. Returns the document of docs/commands.md. Raises `NotFoundError`, `UsageError`, and
    `ConflictError` if a process holds the run or the call's answer is here.
    """
    check_thread_id(thread_id)
    if billed is not None and not (billed.is_finite() and 0 <= billed <= _LARGEST_BILL_USD):
        raise UsageError(f"a bill of {billed} is not between 0 and {_LARGEST_BILL_USD} dollars")
    async with open_database(settings.database_url, "write") as database:
        assets = open_assets(settings)
        slot = await _slot_meant(database, assets, thread_id, slot)
        lease = await take_lease(database, thread_id)
        try:
            row = _chosen(await call_log.rows_of_run(database, thread_id), thread_id, slot, call_id)
            if "sha256" in await Keeper(assets, lambda: None).receipt(row):
                raise ConflictError(
                    f"the answer for {row.slot} is here, and what it cost with it",
                    code="answered",
                    hint=f"{command('resume', thread_id)} settles it",
                )
            settlement = Settlement(row, to_micro(billed or Decimal(0)), this_person(), now_text())
            if not await write_settlement(database, lease, settlement):
                raise ConflictError(
                    f"the call for {row.slot} was changed meanwhile", code="written_meanwhile", hint="look again"
                )
            # If the database is lost later, nobody is asked about this call again.
            forget_open_call(assets, row.token)
            run = await reading.run_row(database, thread_id)
        finally:
            await release_lease(database, lease)
    return SettledCall.of(
        {
            "thread_id": thread_id,
            "id": row.id,
            "slot": row.slot,
            "service": row.service,
            "model": row.model,
            "idempotency_key": row.token,
            "job_id": row.job_id,
            "billed_usd": usd_text(settlement.billed_micro),
            "settled_by": settlement.by,
            "settled_at": settlement.at,
            "was_state": row.state.value,
            "was_cost_usd": usd_text(row.cost_micro),
            "was_held_usd": usd_text(row.quoted_cost_micro if row.state in UNSETTLED else 0),
            "cost": {"total_usd": usd_text(run.spent_micro), "reserved_usd": usd_text(run.reserved_micro)},
        }
    )


async def _slot_meant(database: Database, assets: AssetStore, thread_id: str, slot: str) -> str:
    """Return the slot of calls that a person means: clash's, or by the label that the story's table gives the shot."""
    run, files = await checked(
        database, asyncio.gather(reading.run_row(database, thread_id), reading.sound_assets(database, thread_id))
    )
    named = (await read_labels(assets, run, files)).slot(slot)
    return call_slots(named)[-1] if "/" in named else named


def _chosen(rows: Sequence[CallRow], thread_id: str, slot: str, call_id: int | None) -> CallRow:
    """Return the call that is meant: an open or unknown one rather than one that was paid for and failed."""
    named = [row for row in rows if row.slot == slot] or [row for row in rows if row.slot.startswith(f"{slot}/")]
    if call_id is not None:
        named = [row for row in named if row.id == call_id]
    found = [row for row in named if row.state in UNSETTLED] or [row for row in named if is_paid_failure(row)]
    if not found:
        raise NotFoundError(
            f"no call for {slot} in {thread_id} is open, unknown, or failed and paid for",
            hint=f"`{command('cost', thread_id, '--calls')}` lists the calls",
        )
    if len(found) > 1:
        listed = ", ".join(f"{row.id} ({row.slot}, {row.state}, {row.started_at})" for row in found)
        raise UsageError(f"{slot} has several such calls: {listed}", hint="--call ID says which one")
    return found[0]
