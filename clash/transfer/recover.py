"""Write the rows of paid calls again from the records beside their files, for `clash db recover` and a lost database.

After a database was lost, or an older copy of it was restored, it may not have a paid call, or may have it as still
running. Its row is written again as it was, so that a run finds what it paid for. A call that was sent and not settled
is open again: the run continues with it as after a kill.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from clash import faults
from clash.assets import AssetStore, open_assets
from clash.assets.records import has_records, job_tickets, names_of_call_records, open_calls, run_record
from clash.assets.shared import local_assets
from clash.clock import now_text
from clash.config import Settings
from clash.database import call_log, paid_rows
from clash.database.batches import find_batch, set_batch_budget, standings
from clash.database.connection import database_exists, open_database
from clash.database.lease import Lease, release_lease, still_held, take_lease
from clash.database.migrations import migrate, require_current, require_no_foreign_tables
from clash.database.port import Database, Statement
from clash.database.removed_runs import RemovedRun, removed_runs
from clash.database.rows import RunRow
from clash.database.store_users import use_store
from clash.database.tracking import AsyncMetadataTracker
from clash.documents.database import DatabaseRecovered
from clash.errors import ClashError, ConflictError
from clash.money import from_micro, usd_text
from clash.project_names import DEFAULT_PROJECT
from clash.transfer.batch_budgets import batches_with_budgets, last_batch_budget
from clash.transfer.decisions import restore_decisions, runs_decided_about
from clash.transfer.film_cuts import restore_cuts
from clash.transfer.paid_calls import PaidCall, read_paid_calls, read_run
from clash.vocabulary import UNSETTLED, RunStatus


async def recover_calls(settings: Settings, *, dry_run: bool = False) -> DatabaseRecovered:
    """Restore the paid calls that the database does not know; the document of `clash db recover`.

    Idempotent. `dry_run`: only report what would be restored. Raises `SettingsError`, `VersionMismatchError`,
    `DatabaseError`, `StorageError`.
    """
    assets = open_assets(settings)
    created = not database_exists(settings.database_url)
    await assets.restore_records()
    calls, unreadable = read_paid_calls(assets)
    items: list[dict[str, Any]] = []
    runs: list[str] = []
    decided = _Decided()
    if created and dry_run:
        items = [_item(assets, call, "restored") for call in calls]
        for run_id in runs_decided_about(assets):
            decided += await _decisions_restored(None, assets, run_id, dry_run=True)
    else:
        async with open_database(settings.database_url, "read" if dry_run else "create") as database:
            await _prepare(database, dry_run=dry_run)
            if not dry_run:
                await use_store(database, assets)
            recovery = _Recovery(database, assets, dry_run=dry_run)
            removed = await removed_runs(database)
            await recovery.recover([call for call in calls if not _is_of_removed(call, removed)])
            items, runs = recovery.items, recovery.runs
            for run_id in runs_decided_about(assets):
                if _is_removed(assets, run_id, removed):
                    continue
                await recovery.bring_back(run_id)
                decided += await _decisions_restored(database, assets, run_id, dry_run=dry_run)
            await recovery.bring_budgets_back()
    restored = [item for item in items if item["result"] == "restored"]
    return DatabaseRecovered.of(
        {
            "url": settings.database_url,
            "created": created,
            "dry_run": dry_run,
            "items": [{name: value for name, value in item.items() if name != "cost_micro"} for item in items],
            "runs": runs,
            "restored": len(restored),
            "restored_usd": usd_text(sum(item["cost_micro"] for item in restored)),
            "decisions": decided.decisions,
            "cuts": decided.cuts,
            "unreadable": unreadable,
        }
    )


async def recover_before_run(
    database: Database, settings: Settings, run: RunRow | None, thread_id: str | None = None
) -> str | None:
    """Restore the paid calls that this disk has records of, before a run is begun or continued.

    `run`: the run, or None. If no run was ever begun in the database, it was lost: all calls are restored with all that
    was decided, and the run `thread_id`, if this disk has a record of it, so that no other story takes its film. If the
    database is an older copy, the later calls of this run are restored. Returns a sentence that says what was restored;
    None if nothing was. The records of a bucket are not asked for: a bucket may be that of many databases, and listing
    it takes long.
    Raises `ConflictError` if another process restores the same calls, `DatabaseError`, `StorageError`.
    """
    assets = local_assets(settings)
    is_older_copy = False
    if run is not None and run.error_code != paid_rows.RECOVERED:
        is_older_copy = True
        calls, why = await _later_calls(database, assets, run), "the database is an older copy"
    # A run that was restored and not continued: the process that restored it may have died before the others.
    elif has_records(assets, thread_id) and await paid_rows.has_only_recovered(database):
        calls, why = read_paid_calls(assets)[0], "the database had no runs"
    else:
        return None
    recovery = _Recovery(database, assets, dry_run=False)
    await recovery.recover(calls)
    if held := sorted({item["thread_id"] for item in recovery.items if item["result"] == "held"}):
        raise ConflictError(
            f"another process restores or continues {', '.join(held)}", code="held", hint="try again when it has ended"
        )
    restored = [item for item in recovery.items if item["result"] == "restored"]
    runs = {item["thread_id"] for item in restored}
    decided: set[str] = set()
    # Of a run whose calls were all free there is no call to restore; what was decided about it is lost all the same.
    own = {thread_id} if thread_id is not None else set[str]()
    for run_id in sorted(runs if is_older_copy else {*runs, *own, *runs_decided_about(assets)}):
        await recovery.bring_back(run_id)
        if await _decisions_restored(database, assets, run_id):
            decided.add(run_id)
    if restored or recovery.runs:
        await recovery.bring_budgets_back()
    return _told(why, restored, {*runs, *decided, *recovery.runs}, decided=bool(decided))


def _is_of_removed(call: PaidCall, removed: Sequence[RemovedRun]) -> bool:
    """Return whether the run that made a call was removed: its sums are kept, and its answer, unless that went too."""
    return any(run.had(call.run_id, call.started_at) for run in removed)


def _is_removed(assets: AssetStore, run_id: str, removed: Sequence[RemovedRun]) -> bool:
    """Return whether the run of a record that this disk has was removed: another machine may have removed it."""
    record = run_record(assets, run_id) or {}
    return any(run.thread_id == run_id and record.get("start_time") in (None, run.start_time) for run in removed)


def _told(why: str, restored: Sequence[Mapping[str, Any]], runs: Collection[str], *, decided: bool) -> str | None:
    """Say what was restored; None if nothing was."""
    if not runs:
        return None
    cost, told = usd_text(sum(item["cost_micro"] for item in restored)), ", ".join(sorted(runs))
    if restored:
        return f"{why}: {len(restored)} paid calls (${cost}) of {told} were restored from the asset store"
    what = "what was decided about" if decided else "the story and the settings of"
    return f"{why}: {what} {told} was restored from the asset store; free calls are made again"


@dataclass(frozen=True)
class _Decided:
    """How much was restored of what was decided about runs, and of their films."""

    decisions: int = 0
    cuts: int = 0

    def __add__(self, more: _Decided) -> _Decided:
        return _Decided(self.decisions + more.decisions, self.cuts + more.cuts)

    def __bool__(self) -> bool:
        return self.decisions + self.cuts > 0


async def _decisions_restored(
    database: Database | None, assets: AssetStore, run_id: str, *, dry_run: bool = False
) -> _Decided:
    """Write what was decided about a run after its calls: takes, the chosen ones, verdicts; and cuts of its film."""
    run = None if database is None else await AsyncMetadataTracker(database).run(run_id)
    if run is None and not dry_run:
        return _Decided()
    record = run_record(assets, run_id) or {}
    start_time = str(record.get("start_time")) if run is None else str(run["start_time"])
    return _Decided(
        await restore_decisions(database, assets, run_id, start_time, dry_run=dry_run),
        await restore_cuts(database, assets, run_id, start_time, dry_run=dry_run),
    )


async def _later_calls(database: Database, assets: AssetStore, run: RunRow) -> list[PaidCall]:
    """Return the calls of an unfinished run that were paid for after this copy of the database was made."""
    record = run_record(assets, run.run_id)
    # A run of another database may have the same name.
    if run.status == RunStatus.COMPLETED or record is None or record.get("start_time") != run.start_time:
        return []
    unsettled = (token for records in (job_tickets(assets), open_calls(assets)) for token, _ in records)
    tokens = [*names_of_call_records(assets), *unsettled]
    missing = set(tokens) - (await paid_rows.states_of(database, tokens)).keys()
    if not missing:
        return []
    calls, _ = read_paid_calls(assets)
    removed = await removed_runs(database)
    own = (call for call in calls if call.token in missing and call.run_id == run.run_id)
    return [call for call in own if not _is_of_removed(call, removed)]


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
        "slot": call.slot,
        "take": call.take,
        "provider": call.service,
        "model": call.model,
        "cost_usd": usd_text(call.cost_micro),
        "cost_micro": call.cost_micro,
        "sha256": call.asset and call.asset.sha256,
        "file_is_here": call.asset is not None and assets.path(call.asset.sha256).exists(),
        "job_id": call.job_id,
        "started_at": call.started_at,
        "result": result,
    }


class _Recovery:
    """Writes the missing rows of each run under the run's lease."""

    def __init__(self, database: Database, assets: AssetStore, *, dry_run: bool) -> None:
        self._database = database
        self._assets = assets
        self._dry_run = dry_run
        self.items: list[dict[str, Any]] = []
        self.runs: list[str] = []
        """The runs that were created for restored calls."""
        self._budgets: dict[str, int | None] = {}

    async def recover(self, calls: Sequence[PaidCall]) -> None:
        """Restore the missing ones of these calls, run by run."""
        for run_id in sorted({call.run_id for call in calls}):
            await self.recover_run(run_id, [call for call in calls if call.run_id == run_id])

    async def recover_run(self, run_id: str, calls: Sequence[PaidCall]) -> None:
        """Restore the missing calls of one run."""
        states = await paid_rows.states_of(self._database, [call.token for call in calls])
        missing = [call for call in calls if _is_missing(call, states.get(call.token))]
        result = "restored"
        if missing and not self._dry_run:
            try:
                await self._restore(await self._run_for(run_id, missing[0].project), missing, states)
            except ConflictError:
                result = "held"
        to_restore = {call.token for call in missing}
        self.items += [
            _item(self._assets, call, result if call.token in to_restore else "already_there") for call in calls
        ]

    async def _restore(self, run_id: str, calls: Sequence[PaidCall], states: Mapping[str, str]) -> None:
        taken = await paid_rows.live_slots(self._database, run_id)
        sent = [call for call in calls if call.is_open]
        # Of several calls that were sent for one slot, all but the newest had been given up.
        for call in (*(call for call in calls if not call.is_open), *reversed(sent)):
            taken.setdefault(call.slot_and_take, call.token)
        fitting: list[PaidCall] = []
        others: list[PaidCall] = []
        for call in calls:
            if call.token in states or taken[call.slot_and_take] == call.token:
                fitting.append(call)
            elif call.is_open:
                fitting.append(call.given_up())
            else:
                others.append(call)
        await self._write(run_id, fitting, states)
        if others:
            # The slot has another call by now. This one is found by its key, and its cost is counted.
            separate = await self._separate_run(run_id, others[0].project)
            await self._write(separate, others, states, separate=True)

    async def _write(
        self, run_id: str, calls: Sequence[PaidCall], states: Mapping[str, str], *, separate: bool = False
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
                    slot = f"{call.slot}#{call.token[:8]}" if separate else call.slot
                    statements = _inserted(lease, call, columns, slot, with_asset=not separate)
                results = await self._database.batch([*statements, still_held(lease)])
                if not results[-1]:
                    raise ConflictError(f"run {run_id} is being written by another process", code="lease_lost")
        finally:
            with suppress(ClashError):
                await release_lease(self._database, lease)

    async def bring_back(self, run_id: str) -> None:
        """Create a run that is lost from its record, if there is one: of a film whose calls were all free."""
        if not self._dry_run and read_run(self._assets, run_id) is not None:
            await self._run_for(run_id, DEFAULT_PROJECT)

    async def bring_budgets_back(self) -> None:
        """Give batches the budgets that people gave them last.

        Those that are lost, and, in an older copy of the database, those of runs whose calls were restored, if it is
        less than what they have.
        """
        if self._dry_run:
            return
        restored = {item["thread_id"] for item in self.items if item["result"] == "restored"}
        older = {run.batch for run in (await standings(self._database, sorted(restored))).values()}
        for batch in batches_with_budgets(self._assets):
            there = await find_batch(self._database, batch)
            budget = await last_batch_budget(self._database, self._assets, batch)
            has_more = there is not None and (there.budget_micro is None or there.budget_micro > (budget or 0))
            if budget is not None and (there is None or (batch in older and has_more)):
                await set_batch_budget(self._database, batch, budget)

    async def _run_for(self, run_id: str, project: str) -> str:
        """Return the run of a call, created from its record if it is lost too; without a record, a separate run.

        `project`: that of the call, for a separate run.
        """
        tracker = AsyncMetadataTracker(self._database)
        if await tracker.run(run_id) is not None:
            return run_id
        row = read_run(self._assets, run_id)
        if row is None:
            return await self._separate_run(run_id, project)
        columns = dict(row)
        if (batch := columns["batch"]) is not None:
            if batch not in self._budgets:
                self._budgets[batch] = await last_batch_budget(self._database, self._assets, batch)
            columns["batch_budget_micro"] = self._budgets[batch]
        workflow_name, budget = columns.pop("workflow_name"), columns.pop("budget_micro")
        budget_usd = None if budget is None else from_micro(budget)
        # Marked in the same commit: a run that is not tells the next process that nothing was lost.
        await tracker.start_workflow(
            run_id,
            workflow_name,
            **columns,
            budget_usd=budget_usd,
            metadata={"recovered_at": now_text()},
            error_code=paid_rows.RECOVERED,
            error_message="it was restored from the asset store",
        )
        faults.point("recovery.run.after")
        self.runs.append(run_id)
        return run_id

    async def _separate_run(self, run_id: str, project: str) -> str:
        separate, tracker = f"{paid_rows.RECOVERED}.{run_id}"[:128], AsyncMetadataTracker(self._database)
        if await tracker.start_workflow(separate, paid_rows.RECOVERED, project=project):
            await tracker.cancel(separate)
            self.runs.append(separate)
        return separate


def _is_missing(call: PaidCall, state: str | None) -> bool:
    # A job whose row exists is polled by the next run, which finds its ticket.
    return state is None or (call.asset is not None and state in UNSETTLED)


def _inserted(lease: Lease, call: PaidCall, columns: frozenset[str], slot: str, *, with_asset: bool) -> list[Statement]:
    """Return the statements that write a call which the database does not have."""
    row = {**call.row, "run_id": lease.run_id, "slot": slot, "facts": json.dumps(dict(call.facts), ensure_ascii=False)}
    statements = [
        paid_rows.count_before_insert(
            lease, call.token, spent_micro=call.cost_micro, reserved_micro=call.reserved_micro
        ),
        paid_rows.insert_call(lease, call.token, paid_rows.as_params(row), columns),
    ]
    if call.asset is not None and with_asset:
        statements.append(call_log.insert_asset(lease, call.asset, token=call.token, replaces=False))
    return statements


def _settled(lease: Lease, call: PaidCall) -> list[Statement]:
    """Return the statements that settle a call which the database still has as running, or as unknown."""
    if call.asset is None:
        return []
    receipt = {
        "cost_micro": call.cost_micro,
        "precision": call.precision,
        "sha256": call.asset.sha256,
        "media_type": call.asset.media_type,
        "facts": dict(call.facts),
        "response": None,
    }
    return [
        call_log.add_spent(lease, call.token, call.cost_micro),
        call_log.insert_asset(lease, call.asset, token=call.token, replaces=False),
        call_log.settle_succeeded(lease, call.token, receipt=receipt, ended_at=now_text(), duration_ms=None),
    ]
