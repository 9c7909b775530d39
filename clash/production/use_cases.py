"""The use cases that change a run: begin it, resume it, cancel it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from clash.assets import open_assets
from clash.assets.records import has_records
from clash.assets.shared import local_assets
from clash.config import Settings, load_settings
from clash.database import reading
from clash.database.batches import join_batch
from clash.database.connection import database_exists, open_database
from clash.database.lease import is_held
from clash.database.migrations import checked
from clash.database.paid_rows import has_only_recovered
from clash.database.port import Database
from clash.database.quotas import told_of_new_project
from clash.database.rows import RunRow
from clash.database.store_users import use_store
from clash.database.tracking import AsyncMetadataTracker
from clash.documents.outcome import Cancelled
from clash.errors import ClashError, ConflictError, NotFoundError
from clash.events import check_receivers
from clash.production.active_run import Continuation
from clash.production.fork_command import fork_command, fork_of_run
from clash.production.fork_plan import in_words, plan_fork
from clash.production.opened import Opened, opened_for_resume, opened_for_run
from clash.production.output_folder import require_writable
from clash.production.plan import (
    RunPlan,
    RunRequest,
    check_budget,
    check_same,
    prepare,
    with_unpriced,
)
from clash.production.progress import Event, Observer, ignore
from clash.production.remedies import another_run_of
from clash.production.review_stages import checked_stages
from clash.production.run_project import check_project_of
from clash.production.run_report import RunReport
from clash.production.runner import Runner
from clash.production.stopping import StopSignal
from clash.project_names import DEFAULT_PROJECT
from clash.providers.registry import Registry, require_all
from clash.thread_ids import check_new_thread_id, check_thread_id
from clash.transfer import recover_before_run
from clash.workflow.state import GRAPH_VERSION, WORKFLOW


async def run(
    request: RunRequest,
    settings: Settings | None = None,
    *,
    observe: Observer = ignore,
    stop: StopSignal | None = None,
) -> RunReport:
    """Begin a film, or go on with one of the same story and settings.

    Without `settings`, those of the environment and `.env`. Raises `StoryError`, `UsageError`, `NotFoundError`,
    `SettingsError`, `ConflictError`, `VersionMismatchError` before anything is made; what fails later is in the report.
    """
    settings = with_unpriced(settings or load_settings(), allowed=request.allow_unpriced)
    check_receivers(settings)
    registry = Registry(settings)
    checked_stages(request.review)
    plan = prepare(request, settings, registry)
    stop, tried = stop or StopSignal(), None
    if not database_exists(settings.database_url) and not has_records(local_assets(settings)):
        # The run is certainly not there yet, so not even the database is made if it cannot begin.
        check_models(plan, registry)
        check_new_thread_id(plan.thread_id)
        open_assets(settings)
        tried = await asyncio.to_thread(require_writable, plan.output / plan.thread_id)
    async with opened_for_run(settings.database_url, stop) as database:
        opened = Opened(settings, database, registry)
        return await run_plan(opened, plan, request, observe=observe, stop=stop, tried=tried)


async def run_plan(
    opened: Opened,
    plan: RunPlan,
    request: RunRequest,
    *,
    observe: Observer,
    stop: StopSignal,
    batch: str | None = None,
    tried: Path | None = None,
) -> RunReport:
    """Begin the run of a plan, or go on with it, in an open database. `batch`: the batch that it belongs to.

    `tried`: its folder, if this process has just put a file into it.
    """
    stages = checked_stages(request.review)
    found = await _row_of(
        opened, plan, observe, allow_changes=request.allow_changes, batch=batch, publishes=True, tried=tried
    )
    run, changed = found.run, found.is_changed
    runner = Runner(opened, run, observe, stop, is_new=found.is_new)
    runner.progress.name_thread(f"thread {plan.thread_id}")
    for warning in (*plan.warnings, *found.warnings):
        runner.progress.warn(warning)
    return await runner.go_on(
        Continuation(
            concurrency=request.concurrency,
            budget=request.budget,
            retry_unknown=request.retry_unknown,
            retry_failed_paid=request.retry_failed_paid,
            changed=plan if changed else None,
            review=stages,
            output=request.output,
            tried=found.tried,
        )
    )


async def begin_run(opened: Opened, plan: RunPlan, *, observe: Observer, batch: str | None = None) -> RunRow:
    """Return the row of a plan's run, made if there is none yet: all that a resume needs is stored, nothing is called.

    Raises what `run` raises, also for a run that exists with another story or other settings.
    """
    found = await _row_of(opened, plan, observe, allow_changes=False, batch=batch)
    for warning in found.warnings:
        observe(Event("warning", warning, thread_id=plan.thread_id))
    return found.run


async def _use_store_once(opened: Opened) -> None:
    if opened.database.find_file is None:
        await use_store(opened.database, open_assets(opened.settings))


class _Found(NamedTuple):
    """The row of a run, whether the settings of one that existed are to change, and what to say of a new one.

    `tried`: its folder, if this process has just put a file into it.
    """

    run: RunRow
    is_changed: bool = False
    is_new: bool = False
    warnings: tuple[str, ...] = ()
    tried: Path | None = None


async def _row_of(
    opened: Opened,
    plan: RunPlan,
    observe: Observer,
    *,
    allow_changes: bool,
    batch: str | None,
    publishes: bool = False,
    tried: Path | None = None,
) -> _Found:
    """The run's row, made if there is none yet.

    `publishes`: whether this process publishes the run, so that its folder must be one that can be written here.
    `tried`: its folder, if that is known.
    """
    settings, database, registry = opened.settings, opened.database, opened.registry
    found, other, is_lost, _ = await asyncio.gather(
        reading.find_run(database, plan.thread_id),
        reading.same_but_for_case(database, plan.thread_id),
        has_only_recovered(database),
        _use_store_once(opened),
    )
    # A run that is not there is restored only where no run ever was.
    if (found is not None or is_lost) and await _restore_lost(database, settings, found, plan.thread_id, observe):
        found = await reading.find_run(database, plan.thread_id)
    if found is None:
        check_models(plan, registry)
        check_new_thread_id(plan.thread_id)
        _require_own_folder(plan.thread_id, other)
        if publishes and tried is None:
            tried = await asyncio.to_thread(require_writable, plan.output / plan.thread_id)
        told = None if plan.project == DEFAULT_PROJECT else await told_of_new_project(database, plan.project)
        started = await AsyncMetadataTracker(database).start_workflow(
            plan.thread_id,
            WORKFLOW,
            story_path=plan.story_path,
            story_sha256=plan.story.sha256,
            story_title=plan.story.title,
            settings=plan.recorded(await plan.store(open_assets(settings))),
            settings_fingerprint=plan.fingerprint,
            graph_version=GRAPH_VERSION,
            budget_usd=plan.budget,
            project=plan.project,
            batch=batch,
        )
        found = await reading.run_row(database, plan.thread_id)
        if started:
            return _Found(found, is_new=True, warnings=(told,) if told else (), tried=tried)
    if batch is not None:
        await _join(database, found, batch)
    try:
        return _Found(found, not check_same(found, plan, allow_changes=allow_changes))
    except ConflictError as error:
        if error.code != "other_story":
            raise
        hint = await _with_another_story(database, found, plan, settings, registry)
        raise ConflictError(error.message, code=error.code, hint=hint) from None


async def _join(database: Database, run: RunRow, batch: str) -> None:
    """Put a run that exists into a batch. Raise `ConflictError` for one that belongs to another batch."""
    if run.batch == batch or (run.batch is None and await join_batch(database, run.run_id, batch)):
        return
    raise ConflictError(
        f"the run {run.run_id} belongs to the batch {run.batch}",
        code="other_batch",
        hint="name this batch otherwise: --batch NAME",
    )


def check_models(plan: RunPlan, registry: Registry) -> None:
    """Raise `SettingsError` for all keys and packages that a run needs, before anything is written of it."""
    models = registry.models(plan.models).items()
    require_all(model for kind, model in models if kind != "screenplay" or not plan.basis.given)


async def _with_another_story(
    database: Database, run: RunRow, plan: RunPlan, settings: Settings, registry: Registry
) -> str:
    """What to type to make the film of a changed story: the fork of the run, with what it would cost."""
    with suppress(ClashError):
        if (request := await fork_of_run(database, run, plan)) is not None:
            fork = await plan_fork(database, request, run, settings, registry, open_assets(settings))
            return f"`{fork_command(request, run)}` makes the film of the changed story: {in_words(fork.document)}"
    again = await another_run_of(database, plan, settings, registry)
    return f"`{again}` begins another run: what is unchanged is found again and not paid for"


async def check_folder(database: Database, thread_id: str) -> None:
    """Raise `ConflictError` where a disk that takes `Demo` and `demo` for one would mix the files of two threads."""
    _require_own_folder(thread_id, await reading.same_but_for_case(database, thread_id))


def _require_own_folder(thread_id: str, other: str | None) -> None:
    if other is not None:
        raise ConflictError(
            f"the run {thread_id} would share its folder with {other} on disks that do not tell capitals apart",
            code="same_folder",
            hint="choose another --thread",
        )


async def resume(
    thread_id: str,
    settings: Settings | None = None,
    *,
    concurrency: int | None = None,
    budget: Decimal | None = None,
    retry_unknown: bool = False,
    retry_failed_paid: bool = False,
    remake_lost: bool = False,
    allow_unpriced: bool = False,
    review: Sequence[str] | None = None,
    project: str | None = None,
    output: Path | None = None,
    observe: Observer = ignore,
    stop: StopSignal | None = None,
) -> RunReport:
    """Resume a run where it stopped. Raises `NotFoundError` and what `run` raises.

    `budget`: dollars, the run's new budget. `retry_unknown`: make calls again that may have been paid already.
    `retry_failed_paid`: buy calls again that were paid for and failed. `remake_lost`: buy again what was paid for, and
    whose file is nowhere any more. `allow_unpriced`: call models whose price nobody knows. `review`: the stages at
    which the run waits for people from now on; an empty one ends that. `project`: the run must belong to it.
    `output`: the run is published to <output>/<thread> from now on, what is made already included.
    """
    check_thread_id(thread_id)
    check_budget(budget)
    stages = checked_stages(review)
    settings, stop = with_unpriced(settings or load_settings(), allowed=allow_unpriced), stop or StopSignal()
    check_receivers(settings)
    how = Continuation(
        concurrency=concurrency,
        budget=budget,
        retry_unknown=retry_unknown,
        retry_failed_paid=retry_failed_paid,
        remake_lost=remake_lost,
        review=stages,
        output=output,
    )
    async with opened_for_resume(settings, thread_id, stop) as database:
        opened = Opened(settings, database, Registry(settings))
        return await resume_run(opened, thread_id, how, observe=observe, stop=stop, project=project)


async def resume_run(
    opened: Opened,
    thread_id: str,
    how: Continuation,
    *,
    observe: Observer,
    stop: StopSignal,
    project: str | None = None,
) -> RunReport:
    """Resume a run of an open database. Raises what `resume` raises."""
    run, _ = await asyncio.gather(
        _row_to_resume(opened.database, opened.settings, thread_id, observe), _use_store_once(opened)
    )
    check_project_of(run, project)
    return await Runner(opened, run, observe, stop).go_on(how)


async def cancel(thread_id: str, settings: Settings | None = None) -> Cancelled:
    """Cancel a run: no new call starts, in whichever process it runs; those in flight are kept and settled.

    `clash resume` continues it. Raises `NotFoundError`, `ConflictError` for a run that is finished.
    """
    check_thread_id(thread_id)
    settings = settings or load_settings()
    async with open_database(settings.database_url, "write") as database:
        return await cancel_in(database, thread_id)


async def cancel_in(database: Database, thread_id: str) -> Cancelled:
    """Cancel a run of an open database. Raises what `cancel` raises."""
    run = await checked(database, film_row(database, thread_id))
    if not await AsyncMetadataTracker(database).cancel(thread_id):
        raise ConflictError(f"the run {thread_id} is {run.status}", code="finished")
    return Cancelled.of({"thread_id": thread_id, "status": "cancelled", "running": is_held(run)})


async def _row_to_resume(database: Database, settings: Settings, thread_id: str, observe: Observer) -> RunRow:
    """Return the run, restored if the database was lost. Raises `NotFoundError`."""
    run: RunRow | None = None
    with suppress(NotFoundError):
        run = await checked(database, film_row(database, thread_id))
    if await _restore_lost(database, settings, run, thread_id, observe) or run is None:
        return await checked(database, film_row(database, thread_id))
    return run


async def _restore_lost(
    database: Database, settings: Settings, run: RunRow | None, thread_id: str, observe: Observer
) -> bool:
    """Restore paid calls of which the database does not know, and say so; return whether there were any.

    `run`: the run that is to be begun or continued.
    """
    restored = await recover_before_run(database, settings, run, thread_id)
    if restored is not None:
        observe(Event("note", restored, thread_id=thread_id))
    return restored is not None


async def film_row(database: Database, thread_id: str) -> RunRow:
    """Return the row of a film's run. Raise `NotFoundError` for a run of another workflow, too."""
    run = await reading.run_row(database, thread_id)
    if run.workflow_name != WORKFLOW:
        raise NotFoundError(f"the run {thread_id} is not a clash film (workflow: {run.workflow_name})")
    return run
