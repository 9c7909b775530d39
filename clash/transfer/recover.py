"""`clash db recover`: write the rows of paid calls again, from the records that lie beside their files.

Where the database does not know a paid call, or still has it as under way, because the database was lost or an older
copy of it was put back, the call's row is written as it was. Then a run finds what it paid for.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from clash.assets import AssetStore, open_assets
from clash.clock import now_text
from clash.config import Settings
from clash.database import call_log, paid_rows
from clash.database.connection import database_exists, open_database
from clash.database.lease import Lease, release_lease, still_held, take_lease
from clash.database.migrations import migrate, require_current, require_no_foreign_tables
from clash.database.port import Database, Statement
from clash.database.tracking import AsyncMetadataTracker
from clash.errors import ClashError, ConflictError
from clash.money import from_micro, usd_text
from clash.transfer.paid_calls import PaidCall, read_paid_calls, read_run
from clash.vocabulary import UNSETTLED, RunStatus

_HOLDER = "recovered"
"""The workflow of a run that only holds calls for which their own run has no place."""


async def recover_calls(settings: Settings, *, dry_run: bool = False) -> dict[str, Any]:
    """Restore the paid calls that the database does not know; the document of `clash db recover`.

    Idempotent. `dry_run`: only say what would be restored. Raises `SettingsError`, `VersionMismatchError`,
    `DatabaseError`, `StorageError`.
    """
    assets = open_assets(settings)
    created = not database_exists(settings.database_url)
    await assets.restore_records()
    calls, unreadable = read_paid_calls(assets)
    items: list[dict[str, Any]] = []
    runs: list[str] = []
    if created and dry_run:
        items = [_item(assets, call, "restored") for call in calls]
    else:
        async with open_database(settings.database_url, "read" if dry_run else "create") as database:
            await _prepare(database, dry_run=dry_run)
            recovery = _Recovery(database, assets, dry_run=dry_run)
            for run_id in sorted({call.run_id for call in calls}):
                await recovery.recover_run(run_id, [call for call in calls if call.run_id == run_id])
            items, runs = recovery.items, recovery.runs
    restored = [item for item in items if item["result"] == "restored"]
    return {
        "url": settings.database_url,
        "created": created,
        "dry_run": dry_run,
        "items": [{name: value for name, value in item.items() if name != "cost_micro"} for item in items],
        "runs": runs,
        "restored": len(restored),
        "restored_usd": usd_text(sum(item["cost_micro"] for item in restored)),
        "unreadable": unreadable,
    }


async def _prepare(database: Database, *, dry_run: bool) -> None:
    """Give an empty database its tables. Raises `VersionMismatchError` for one that is not up to date."""
    if not dry_run:
        await require_no_foreign_tables(database)
        # Cloudflare D1 keeps a table of its own, _cf_KV, in every database.
        if not await database.query("SELECT 1 FROM sqlite_master WHERE name NOT GLOB '_cf_*' LIMIT 1"):
            await migrate(database)
    await require_current(database)


def _item(assets: AssetStore, call: PaidCall, result: str) -> dict[str, Any]:
    return {
        "thread_id": call.run_id,
        "slot": call.row["slot"],
        "take": call.place[1],
        "provider": call.row["service"],
        "model": call.row.get("model", ""),
        "cost_usd": usd_text(call.cost_micro),
        "cost_micro": call.cost_micro,
        "sha256": call.asset and call.asset.sha256,
        "file_is_here": call.asset is not None and assets.path(call.asset.sha256).exists(),
        "job_id": call.row.get("job_id"),
        "started_at": call.row["started_at"],
        "result": result,
    }


class _Recovery:
    """Writes what is missing, run by run, each under its lease."""

    def __init__(self, database: Database, assets: AssetStore, *, dry_run: bool) -> None:
        self._database = database
        self._assets = assets
        self._dry_run = dry_run
        self.items: list[dict[str, Any]] = []
        self.runs: list[str] = []
        """The runs that were made for what was restored."""

    async def recover_run(self, run_id: str, calls: Sequence[PaidCall]) -> None:
        """Restore what is missing of one run's calls."""
        states = await paid_rows.states_of(self._database, [call.token for call in calls])
        missing = [call for call in calls if _is_missing(call, states.get(call.token))]
        result = "restored"
        if missing and not self._dry_run:
            try:
                await self._restore(await self._run_for(run_id), missing, states)
            except ConflictError:
                result = "held"
        lacking = {call.token for call in missing}
        self.items += [
            _item(self._assets, call, result if call.token in lacking else "already_there") for call in calls
        ]

    async def _restore(self, run_id: str, calls: Sequence[PaidCall], states: Mapping[str, str]) -> None:
        taken = await paid_rows.live_slots(self._database, run_id)
        fitting: list[PaidCall] = []
        others: list[PaidCall] = []
        for call in calls:
            free = call.token in states or taken.setdefault(call.place, call.token) == call.token
            (fitting if free else others).append(call)
        await self._write(run_id, fitting, states)
        if others:
            # The slot has another call by now. This one serves by its key, and what it cost is not forgotten.
            await self._write(await self._holder(run_id), others, states, apart=True)

    async def _write(
        self, run_id: str, calls: Sequence[PaidCall], states: Mapping[str, str], *, apart: bool = False
    ) -> None:
        if not calls:
            return
        columns = await paid_rows.columns_of_calls(self._database)
        lease = await take_lease(self._database, run_id)
        try:
            for call in calls:
                if call.token in states:
                    statements = _settled(lease, call)
                else:
                    slot = f"{call.place[0]}#{call.token[:8]}" if apart else call.place[0]
                    statements = _inserted(lease, call, columns, slot, with_asset=not apart)
                results = await self._database.batch([*statements, still_held(lease)])
                if not results[-1]:
                    raise ConflictError(f"run {run_id} is being written by another process", code="lease_lost")
        finally:
            with suppress(ClashError):
                await release_lease(self._database, lease)

    async def _run_for(self, run_id: str) -> str:
        """Return the run that a call belongs to, made from its record where it is lost too; else one to hold it."""
        tracker = AsyncMetadataTracker(self._database)
        if await tracker.run(run_id) is not None:
            return run_id
        row = read_run(self._assets, run_id)
        if row is None:
            return await self._holder(run_id)
        budget = row["budget_micro"]
        await tracker.start_workflow(
            run_id, row["workflow_name"], story_path=row["story_path"], story_sha256=row["story_sha256"],
            story_title=row["story_title"], settings=row["settings"],
            settings_fingerprint=row["settings_fingerprint"], graph_version=row["graph_version"],
            budget_usd=None if budget is None else from_micro(budget), metadata={"recovered_at": now_text()},
        )  # fmt: skip
        lease = await take_lease(self._database, run_id)
        await tracker.set_status(
            lease,
            RunStatus.FAILED,
            error_code="recovered",
            error_message="its paid calls were restored from the asset store",
        )
        await release_lease(self._database, lease)
        self.runs.append(run_id)
        return run_id

    async def _holder(self, run_id: str) -> str:
        holder, tracker = f"{_HOLDER}.{run_id}"[:128], AsyncMetadataTracker(self._database)
        if await tracker.start_workflow(holder, _HOLDER):
            await tracker.cancel(holder)
            self.runs.append(holder)
        return holder


def _is_missing(call: PaidCall, state: str | None) -> bool:
    # A job that is on record is polled by the next run, which finds its ticket.
    return state is None or (call.asset is not None and state in UNSETTLED)


def _inserted(lease: Lease, call: PaidCall, columns: frozenset[str], slot: str, *, with_asset: bool) -> list[Statement]:
    """Return what writes a call that the database does not know."""
    row = {**call.row, "run_id": lease.run_id, "slot": slot, "facts": json.dumps(dict(call.facts), ensure_ascii=False)}
    reserved = int(call.row.get("quoted_cost_micro", 0)) if call.asset is None else 0
    statements = [
        paid_rows.count_before_insert(lease, call.token, spent_micro=call.cost_micro, reserved_micro=reserved),
        paid_rows.insert_call(lease, paid_rows.as_params(row), columns),
    ]
    if call.asset is not None and with_asset:
        statements.append(paid_rows.insert_missing_asset(lease, call.asset, call.token))
    return statements


def _settled(lease: Lease, call: PaidCall) -> list[Statement]:
    """Return what settles a call that the database still has as under way, or as unknown."""
    if call.asset is None:
        return []
    receipt = {
        "cost_micro": call.cost_micro, "precision": call.row.get("precision", "exact"), "sha256": call.asset.sha256,
        "media_type": call.asset.media_type, "facts": dict(call.facts), "response": None,
    }  # fmt: skip
    return [
        call_log.add_spent(lease, call.token, call.cost_micro),
        paid_rows.insert_missing_asset(lease, call.asset, call.token),
        call_log.settle_succeeded(lease, call.token, receipt=receipt, ended_at=now_text(), duration_ms=None),
    ]
