"""Remove runs: their rows go, what they cost and the answers that were paid for stay."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from clash.assets import AssetStore, open_assets
from clash.assets.records import decision_record_name, decision_records, run_record, run_record_name
from clash.config import Settings, load_settings
from clash.database import reading, removal
from clash.database.batches import find_batch, ids_in_batch, standings
from clash.database.connection import open_database
from clash.database.lease import held_error, is_held, release_lease, take_lease
from clash.database.migrations import checked
from clash.database.port import Database
from clash.database.removed_runs import RemovedRun, unfinished_removals
from clash.database.rows import RunRow
from clash.documents.removals import RunsRemoved
from clash.errors import ClashError, ConflictError, NotFoundError, UsageError
from clash.hints import command
from clash.money import usd_text
from clash.production.settling import this_person
from clash.thread_ids import check_thread_id, has_wildcard
from clash.vocabulary import RunStatus

_MOST_NAMED = 5
_MANY_AT_ONCE = "`clash runs rm --batch NAME` removes all runs of a batch; `clash runs ls` lists names and batches"


@dataclass(frozen=True)
class RemovalOptions:
    """How runs are removed.

    `keep_film`: the film and its subtitles stay in the asset store. `forget_answers`: so do not the answers that were
    paid for; a later film that asks for the same pays again. `drop_unsettled`: also runs with calls that may have been
    paid and whose answers are not settled.
    """

    keep_film: bool = False
    forget_answers: bool = False
    drop_unsettled: bool = False


async def remove_runs(
    threads: Sequence[str],
    settings: Settings | None = None,
    options: RemovalOptions | None = None,
    *,
    dry_run: bool = False,
    batch: str | None = None,
) -> RunsRemoved:
    """Remove runs; the document of `clash runs rm`. `dry_run`: only say what would be removed, kept and freed.

    `batch`: all runs of this batch, instead of `threads`.

    All are looked at first: if one cannot be removed, none is. Raises `NotFoundError`, and `ConflictError` for a run
    that a process holds, that has calls which are not settled, or that a fork has yet to copy from.
    """
    settings, options = settings or load_settings(), options or RemovalOptions()
    if batch is not None and threads:
        raise UsageError("runs are named, and a batch as well", hint="give THREAD..., or --batch NAME")
    named = list(dict.fromkeys(_checked_id(thread) for thread in threads))
    async with open_database(settings.database_url, "read" if dry_run else "write") as database:
        interrupted = await checked(database, unfinished_removals(database))
        names = named if batch is None else await ids_in_batch(database, batch)
        await _require_all(database, names, interrupted)
        items = [
            await _planned(database, name, options)
            for name in names
            if not await _is_interrupted(database, name, interrupted)
        ]
        if not dry_run:
            assets = open_assets(settings)
            hidden = list(interrupted)
            for item in items:
                hidden.append(await _hide(database, item["thread_id"], options))
                item["removed_at"] = hidden[-1].removed_at
            for removed in hidden:
                await _finish(database, assets, removed)
    return RunsRemoved.of(
        {
            "dry_run": dry_run,
            "items": items,
            "finished": [removed.thread_id for removed in interrupted],
            "kept_answers": sum(item["kept_answers"] for item in items),
            "kept_answers_usd": usd_text(sum(item.pop("kept_micro") for item in items)),
            "freed_files": sum(item["freed_files"] for item in items),
            "freed_bytes": sum(item["freed_bytes"] for item in items),
        }
    )


def _checked_id(text: str) -> str:
    """Return an id. Raise `UsageError`; of a pattern with the command that removes many runs."""
    try:
        return check_thread_id(text)
    except UsageError as error:
        if not has_wildcard(text):
            raise
        raise error.with_(hint=_MANY_AT_ONCE) from None


async def _require_all(database: Database, names: Sequence[str], interrupted: Sequence[RemovedRun]) -> None:
    """Raise `NotFoundError` if one of several runs is not there, with the command that removes the others."""
    hidden = {removed.thread_id for removed in interrupted}
    there = await standings(database, [name for name in names if name not in hidden])
    missing = [name for name in names if name not in there and name not in hidden]
    others = [name for name in names if name not in missing]
    if not missing:
        return
    try:
        await reading.run_row(database, missing[0])
    except NotFoundError as error:
        if others:
            raise error.with_(hint=f"nothing was removed; {_without(missing, others)}") from None
        if await find_batch(database, missing[0]) is None:
            raise
        raise error.with_(hint=f"it is a batch: `clash runs rm --batch {missing[0]}`") from None


def _without(missing: Sequence[str], others: Sequence[str]) -> str:
    """Return how the other runs are removed."""
    if len(others) > _MOST_NAMED * 4:
        return f"leave {', '.join(missing)} out"
    dashes = "-- " if any(name.startswith("-") for name in others) else ""
    return f"the others: `clash runs rm {dashes}{' '.join(others)}`"


async def finish_removals(database: Database, assets: AssetStore) -> list[str]:
    """Finish the removals that a process has left when it died; return the ids that their runs had."""
    interrupted = await unfinished_removals(database)
    for removed in interrupted:
        await _finish(database, assets, removed)
    return [removed.thread_id for removed in interrupted]


async def _is_interrupted(database: Database, thread_id: str, interrupted: Sequence[RemovedRun]) -> bool:
    """Return whether a run is one whose removal was interrupted: there is no such run, and rows of it are left."""
    if all(removed.thread_id != thread_id for removed in interrupted):
        return False
    return await reading.find_run(database, thread_id) is None


async def _planned(database: Database, thread_id: str, options: RemovalOptions) -> dict[str, Any]:
    """Return what removing a run takes and leaves. Raises why it cannot be removed."""
    run = await reading.run_row(database, thread_id)
    await _require_removable(database, run, options)
    kept = await removal.answers_to_keep(database, thread_id)
    freed = await removal.files_to_free(
        database, thread_id, keep_film=options.keep_film, forget_answers=options.forget_answers
    )
    output: Any = run.settings.get("output")
    return {
        "thread_id": thread_id,
        "status": run.status.value,
        "title": run.story_title,
        "started_at": run.start_time,
        "cost_usd": usd_text(run.spent_micro),
        "rows": await removal.rows_of(database, thread_id),
        "kept_answers": 0 if options.forget_answers else kept.answers,
        "kept_answers_usd": usd_text(0 if options.forget_answers else kept.cost_micro),
        "kept_micro": 0 if options.forget_answers else kept.cost_micro,
        "forgotten_answers": kept.answers if options.forget_answers else 0,
        "forgotten_usd": usd_text(kept.cost_micro if options.forget_answers else 0),
        "keeps_film": options.keep_film,
        "output": f"{output}/{thread_id}" if isinstance(output, str) and output else None,
        "freed_files": freed.files,
        "freed_bytes": freed.bytes,
        "removed_at": None,
    }


async def _require_removable(database: Database, run: RunRow, options: RemovalOptions) -> None:
    thread_id = run.run_id
    if is_held(run):
        raise held_error(thread_id, str(run.lease_owner), str(run.lease_expires_at))
    if run.graph_version == 0 and run.status == RunStatus.RUNNING:
        raise ConflictError(
            f"the run {thread_id} of the workflow {run.workflow_name} has not ended",
            code="running",
            hint=f'end it first, for example: MetadataTracker("{thread_id}").fail_workflow("given up")',
        )
    if forks := await removal.waiting_forks(database, thread_id):
        raise ConflictError(
            f"{', '.join(forks)} was forked from {thread_id} and has yet to copy what it keeps of it",
            code="fork_waits",
            hint=f"`{command('resume', forks[0])}` goes on with the fork; or remove the fork first",
        )
    unsettled = await removal.open_calls(database, thread_id)
    if unsettled and not options.drop_unsettled:
        named = ", ".join(
            f"{call.slot} ({call.service}:{call.model}, {call.state})" for call in unsettled[:_MOST_NAMED]
        )
        more = f" and {len(unsettled) - _MOST_NAMED} more" if len(unsettled) > _MOST_NAMED else ""
        held = usd_text(sum(call.quoted_micro for call in unsettled))
        raise ConflictError(
            f"the run {thread_id} has calls that may have been paid and are not settled (${held}): {named}{more}",
            code="unsettled_calls",
            hint=f"`{command('resume', thread_id)}` settles what has come;"
            " --drop-unsettled removes the run all the same",
        )


async def _hide(database: Database, thread_id: str, options: RemovalOptions) -> RemovedRun:
    """Make a run a removed one. Raises `ConflictError` if a process has taken it, or called for it, meanwhile."""
    lease = await take_lease(database, thread_id)
    removed = None
    try:
        run = await reading.run_row(database, thread_id)
        unsettled = await removal.open_calls(database, thread_id)
        if not unsettled or options.drop_unsettled:
            removed = await removal.hide_run(
                database,
                lease,
                by=this_person(),
                keep_film=options.keep_film,
                forget_answers=options.forget_answers,
            )
    finally:
        if removed is None:
            with suppress(ClashError):
                await release_lease(database, lease)
    if removed is None:
        raise ConflictError(
            f"the run {run.run_id} was written meanwhile", code="written_meanwhile", hint="look again and repeat it"
        )
    return removed


async def _finish(database: Database, assets: AssetStore, removed: RemovedRun) -> None:
    """Delete what is left of a removed run: its records in the asset store, then its rows."""
    for name in await _records(database, assets, removed):
        await assets.forget_record(name)
    await removal.delete_rows(database, removed)


async def _records(database: Database, assets: AssetStore, removed: RemovedRun) -> list[str]:
    """Return the records that would bring the run back; a later run of the same id has records of its own."""
    batches = set(await removal.decision_batches(database, removed))
    for record in decision_records(assets, removed.thread_id):
        if record.get("start_time") == removed.start_time:
            batches.add(str(record.get("batch")))
    names = [decision_record_name(removed.thread_id, batch) for batch in sorted(batches)]
    # Where the record is in the bucket alone, nobody can say here whose it is: a later run of this id may need it.
    later = await reading.find_run(database, removed.thread_id)
    own = run_record(assets, removed.thread_id)
    if later is None if own is None else own.get("start_time") == removed.start_time:
        names.append(run_record_name(removed.thread_id))
    return [name for name in names if name is not None]
