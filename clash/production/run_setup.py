"""What a run's graph is given: the ledger, the step context, and the first input."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from clash.calls.content_key import kind_of
from clash.calls.ledger import Ledger
from clash.calls.rate_limits import RateLimit, RateLimits
from clash.calls.retry_policy import RetryPolicy
from clash.calls.spec import CallResult
from clash.calls.waiting import TimeLimits
from clash.clock import now_text
from clash.config import Settings
from clash.database import call_log
from clash.database.connection import check_there
from clash.database.decisions import FilmCut, add_decisions, decisions_of, insert_cut
from clash.database.lease import Lease
from clash.editing.slots import SCREENPLAY
from clash.editing.takes import Takes
from clash.errors import ConflictError
from clash.hints import command
from clash.production.active_run import ActiveRun, Continuation
from clash.production.refitting import Recorded, after_screenplay
from clash.production.stopping import CALLS_SHARE
from clash.providers.ports import screenplay_of
from clash.story.screenplay import Screenplay
from clash.transfer.decisions import keep_decisions
from clash.transfer.film_cuts import keep_cuts
from clash.workflow.context import Failure, FileRecord, StepContext, finish_of, format_of
from clash.workflow.publish import PublishingLedger


async def make_ledger(run: ActiveRun, lease: Lease, how: Continuation) -> Ledger:
    """Return the ledger of a run, with the limits of the settings and what `how` agrees to."""
    settings = run.settings
    retry_policy = retry_policy_of(settings)
    consents = how.retry_unknown or how.retry_failed_paid
    newest = await call_log.newest_id(run.database, run.thread_id) if consents else 0
    return Ledger(
        run.database,
        lease,
        run.assets,
        run.models(),
        registry=run.registry,
        reuse=run.recorded.reuse,
        rate_limits=run.shared.rate_limits
        if run.shared
        else rate_limits_of(settings, how.concurrency, run.progress.note),
        same_keys=run.shared.same_keys if run.shared else None,
        retry_policy=retry_policy,
        accept_unknown_until=newest if how.retry_unknown else 0,
        accept_failed_paid_until=newest if how.retry_failed_paid else 0,
        remake_lost=how.remake_lost,
        check_stop=lambda: check_stop(run, lease),
        on_settled=lambda made: _on_settled(run, made),
        on_change=run.progress.call_changed,
        time_limits=TimeLimits(settings.call_timeout_s, settings.job_timeout_s, settings.stop_timeout_s * CALLS_SHARE),
        say=run.progress.note,
    )


def retry_policy_of(settings: Settings) -> RetryPolicy:
    """Return how often, and for how long, a call is tried again."""
    return RetryPolicy(settings.attempts, settings.retry_wait_s, rate_limit_s=settings.rate_limit_wait_s)


def rate_limits_of(settings: Settings, concurrency: int | None, say: Callable[[str], None]) -> RateLimits:
    """Return the limits of all providers. `concurrency`: calls in flight at once; without it, as the settings say."""
    limits = {name: RateLimit(limit.concurrency, limit.requests_per_minute) for name, limit in settings.limits.items()}
    return RateLimits(
        concurrency=concurrency or settings.concurrency,
        limits=limits,
        retry_policy=retry_policy_of(settings),
        say=say,
    )


def make_step_context(run: ActiveRun, lease: Lease, ledger: Ledger, found: Mapping[str, Any]) -> StepContext:
    """Return what the steps of a run may use; what they report goes to the tables and to the progress.

    `found`: the graph's state as it was saved last, filled in before the graph runs.
    """
    run.progress.times = ledger.times
    return StepContext(
        ledger=PublishingLedger(
            ledger, run.assets, run.folder, made=lambda task: run.progress.call_made(task.step, kind_of(task.request))
        ),
        assets=run.assets,
        format=format_of(run.recorded),
        folder=run.folder,
        record=lambda files: _record(run, lease, files),
        plan=lambda step, total: _begin_step(run, lease, step, total),
        done=run.progress.finish,
        failed=lambda failure: _on_failure(run, failure),
        check_stop=lambda: check_stop(run, lease),
        finish=finish_of(run.recorded),
        basis=run.recorded.basis,
        takes=run.takes,
        saved_state=lambda: found,
        review=frozenset(run.recorded.review),
        expect=run.progress.expect,
        follow_screenplay=lambda before, after: _follow_screenplay(run, before, after),
        cuts=run.cuts,
        record_cut=lambda cut: _record_cut(run, lease, cut),
    )


def first_input(run: ActiveRun) -> dict[str, Any]:
    """Return the state that a new run's graph begins with."""
    return {
        "story": run.recorded.story,
        "reference_images": run.recorded.reference_images,
        "cards": {},
        "shots": {},
        "edits": run.takes.changes,
    }


def check_stop(run: ActiveRun, lease: Lease) -> None:
    """Raise `StoppedError` after a stop, `DatabaseError` if the database is gone, `ConflictError` without a lease."""
    run.stop.check()
    # Before the lease: in another database, or in none, it is always lost.
    check_there(run.database)
    if lease.lost.is_set():
        raise ConflictError(
            f"run {run.thread_id} was taken over by another process",
            code="lease_lost",
            hint=f"`{command('runs show', run.thread_id)}` says who holds it",
        )


async def _begin_step(run: ActiveRun, lease: Lease, step: str, total: int) -> None:
    await run.tracker.set_step_total(lease, step, total)
    run.progress.begin(step, total)


async def _record(run: ActiveRun, lease: Lease, files: Sequence[FileRecord]) -> None:
    for file in files:
        await run.assets.share(file.sha256)
    await run.database.batch([call_log.insert_asset(lease, _asset_row(run, file)) for file in files])


def _asset_row(run: ActiveRun, file: FileRecord) -> call_log.NewAsset:
    return call_log.NewAsset(
        step=file.step,
        slot=file.slot,
        asset_type=file.asset_type,
        media_type=file.media_type,
        sha256=file.sha256,
        path=run.assets.relative_path(file.sha256),
        bytes=run.assets.path(file.sha256).stat().st_size,
        facts=file.facts,
        cost_micro=0,
        created_at=now_text(),
    )


async def _record_cut(run: ActiveRun, lease: Lease, cut: FilmCut) -> None:
    first = [made for made in run.cuts if not made.cut]  # a film of an older clash, which recorded no cuts
    await run.database.batch([insert_cut(lease, made) for made in (*first, cut)])
    run.cuts = (*run.cuts, cut)
    await keep_cuts(run.assets, run.thread_id, run.row.start_time, run.cuts)


async def _follow_screenplay(run: ActiveRun, before: str, after: str) -> Takes:
    """Decide which slots are to be made again of another screenplay, and return all takes then."""
    if SCREENPLAY not in run.takes.slots:
        return run.takes  # a fork of a changed story: what it keeps was decided when it was begun
    old, replacement = [await _read_screenplay(run, sha256) for sha256 in (before, after)]
    added = False
    while not added:
        decisions = await decisions_of(run.database, run.thread_id)
        run.takes = Takes(decisions)
        recorded = Recorded(
            run.recorded, await call_log.rows_of_run(run.database, run.thread_id), run.assets, run.registry
        )
        new = await after_screenplay(recorded, run.takes, old, replacement, after)
        added = not new or await add_decisions(run.database, run.thread_id, new, seen=len(decisions))
        run.takes = run.takes.with_(new if added else ())
    await keep_decisions(run.assets, run.thread_id, run.row.start_time, run.takes.decisions)
    return run.takes


async def _read_screenplay(run: ActiveRun, sha256: str) -> Screenplay:
    if not await run.assets.restore(sha256):
        raise run.assets.lost(sha256)
    return screenplay_of(await asyncio.to_thread(run.assets.read, sha256))


def _on_settled(run: ActiveRun, made: CallResult) -> None:
    run.progress.spend(made.cost_micro)
    if warning := made.facts.get("warning"):
        run.progress.warn(str(warning))


def _on_failure(run: ActiveRun, failure: Failure) -> None:
    run.failures.append(failure)
    if failure.code not in ("stopped", "cancelled", "review"):
        run.progress.fail(failure.step, failure.slots, failure.message)
