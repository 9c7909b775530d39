"""Delete the checkpoints that nobody needs, of one run or of all."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from clash.clock import to_text
from clash.config import Settings, load_settings
from clash.database import pruning, reading
from clash.database.batches import ids_in_batch
from clash.database.connection import open_database
from clash.database.lease import Lease, held_error, is_held, release_lease, take_lease
from clash.database.migrations import checked
from clash.database.port import Database
from clash.database.pruning import KeepPolicy
from clash.documents.removals import CheckpointsPruned
from clash.errors import ClashError, ConflictError, NotFoundError, UsageError

PRUNED, WOULD_BE, HELD, NOTHING = "pruned", "would_be_pruned", "held", "nothing_to_prune"


def keep_policy(
    *, latest: bool = False, last: int | None = None, older_than: timedelta | None = None, now: datetime | None = None
) -> KeepPolicy:
    """Return which checkpoints are kept: without arguments the newest of each step. Raises `UsageError`."""
    if (latest, last is not None, older_than is not None).count(True) > 1:
        raise UsageError(
            "--keep-latest, --keep-last and --older-than say different things: give one of them",
            hint="`clash checkpoints prune --help` says what each of them keeps",
        )
    since = None if older_than is None else to_text((now or datetime.now(UTC)) - older_than)
    return KeepPolicy(latest=latest, last=last, since=since)


async def prune_checkpoints(
    thread_id: str | None = None,
    settings: Settings | None = None,
    policy: KeepPolicy | None = None,
    *,
    dry_run: bool = False,
    batch: str | None = None,
) -> CheckpointsPruned:
    """Delete the checkpoints of a run, or of all runs, that a policy does not keep; the document of the command.

    `batch`: of all runs of this batch, instead of `thread_id`.

    What a run needs in order to resume is always kept, and a run that a process holds is left alone. Raises
    `NotFoundError` for an unknown thread or batch, `ConflictError` if the one that is named is held.
    """
    if batch is not None and thread_id is not None:
        raise UsageError("a run is named, and a batch as well", hint="give THREAD, or --batch NAME")
    settings, policy = settings or load_settings(), policy or KeepPolicy()
    async with open_database(settings.database_url, "read" if dry_run else "write") as database:
        if batch is not None:
            names = await checked(database, ids_in_batch(database, batch))
        elif thread_id is None:
            names = await checked(database, pruning.threads_with_checkpoints(database))
        else:
            names = [thread_id]
        items = [
            await checked(database, _pruned(database, name, policy, dry_run=dry_run, named=thread_id is not None))
            for name in names
        ]
    done = [item for item in items if item["result"] in (PRUNED, WOULD_BE)]
    return CheckpointsPruned.of(
        {
            "dry_run": dry_run,
            "items": items,
            "pruned": sum(item["pruned"] for item in done),
            "bytes": sum(item["bytes"] for item in done),
        }
    )


async def prune_run(database: Database, lease: Lease, policy: KeepPolicy) -> int:
    """Prune the checkpoints of a run that this process holds; return how many were deleted."""
    plan = await pruning.plan_pruning(database, lease.run_id, policy)
    if not plan.pruned:
        return 0
    return plan.pruned if await pruning.prune(database, plan, lease) else 0


async def _pruned(
    database: Database, thread_id: str, policy: KeepPolicy, *, dry_run: bool, named: bool
) -> dict[str, Any]:
    """Prune one thread; return its item of the document."""
    run = await reading.find_run(database, thread_id)
    plan = await pruning.plan_pruning(database, thread_id, policy)
    if run is None and not plan.checkpoints:
        raise NotFoundError(f"there is no run {thread_id}", hint="`clash runs ls` lists the runs")
    item: dict[str, Any] = {
        "thread_id": thread_id,
        "checkpoints": plan.checkpoints,
        "pruned": plan.pruned,
        "bytes": plan.bytes,
        "result": WOULD_BE if plan.pruned else NOTHING,
    }
    if run is not None and is_held(run):
        if named:
            raise held_error(thread_id, str(run.lease_owner), str(run.lease_expires_at))
        return {**item, "pruned": 0, "bytes": 0, "result": HELD}
    if dry_run or not plan.pruned:
        return item
    if run is None:
        await pruning.prune(database, plan, None)
        return {**item, "result": PRUNED}
    try:
        lease = await take_lease(database, thread_id)
    except ConflictError:
        if named:
            raise
        return {**item, "pruned": 0, "bytes": 0, "result": HELD}
    try:
        # Looked at again under the lease: the run may have gone on meanwhile.
        plan = await pruning.plan_pruning(database, thread_id, policy)
        pruned = not plan.pruned or await pruning.prune(database, plan, lease)
    finally:
        with suppress(ClashError):
            await release_lease(database, lease)
    return {**item, "pruned": plan.pruned, "bytes": plan.bytes, "result": PRUNED if pruned else HELD}
