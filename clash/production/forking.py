"""Fork a run: say what a fork will do and cost, begin it with what its source had, and make it."""

from __future__ import annotations

import asyncio
from decimal import Decimal

from clash.assets import open_assets
from clash.config import Settings, load_settings
from clash.database import reading
from clash.database.connection import open_database
from clash.database.fork import Origin, write_fork
from clash.database.migrations import checked
from clash.database.rows import RunRow
from clash.database.run_settings import RunSettings
from clash.database.store_users import use_store
from clash.documents.edits import EditPlan
from clash.errors import ConflictError
from clash.events import check_receivers
from clash.hints import command
from clash.money import to_micro, usd_text
from clash.production.active_run import Continuation
from clash.production.fork_plan import ForkPlan, plan_fork, request_digest
from clash.production.fork_request import ForkRequest, run_plan_of
from clash.production.fork_source import story_of
from clash.production.opened import Opened
from clash.production.output_folder import require_writable
from clash.production.plan import RunPlan, check_budget, with_unpriced
from clash.production.progress import Event, Observer, ignore
from clash.production.run_project import check_project_of, told_of_quota
from clash.production.run_report import RunReport
from clash.production.runner import Runner
from clash.production.stopping import StopSignal
from clash.production.use_cases import check_folder, film_row
from clash.providers.registry import Registry, require_all
from clash.thread_ids import check_new_thread_id


async def fork_plan(request: ForkRequest, settings: Settings | None = None) -> EditPlan:
    """What a fork would keep, change and pay, without making or writing anything. Raises what `fork` raises."""
    settings = with_unpriced(settings or load_settings(), allowed=request.allow_unpriced)
    request.check()
    async with open_database(settings.database_url, "read") as database:
        source = await checked(database, film_row(database, request.source))
        registry, assets = Registry(settings), open_assets(settings)
        existing = await reading.find_run(database, request.thread_id)
        if existing is None:
            return (await plan_fork(database, request, source, settings, registry, assets)).document
        story = await story_of(assets, source)
        check_same_fork(existing, request, run_plan_of(request, source, story, assets, settings, registry))
        return (await plan_fork(database, request, source, settings, registry, assets)).document


async def fork(
    request: ForkRequest,
    settings: Settings | None = None,
    *,
    observe: Observer = ignore,
    stop: StopSignal | None = None,
) -> RunReport:
    """Make a run that begins with what another had, and go on with it; one that exists already goes on.

    Raises `NotFoundError`, `UsageError`, `StoryError`, `SettingsError`, and `ConflictError` if the thread is another
    run's, before anything is made; what fails later is in the report.
    """
    settings = with_unpriced(settings or load_settings(), allowed=request.allow_unpriced)
    check_receivers(settings)
    request.check()
    check_budget(request.budget)
    stop, registry, assets = stop or StopSignal(), Registry(settings), open_assets(settings)
    async with open_database(settings.database_url, "write", stopping=lambda: stop.requested) as database:
        source = await checked(database, film_row(database, request.source))
        await use_store(database, assets)
        run = await reading.find_run(database, request.thread_id)
        is_there, warnings, tried = run is not None, list[str](), None
        if run is None:
            check_new_thread_id(request.thread_id)
            await check_folder(database, request.thread_id)
            plan = await plan_fork(database, request, source, settings, registry, assets)
            if not request.retry_unknown:
                plan.check_open()
            require_all(registry.models(plan.run.models).values())
            observe(Event("note", _told(request, plan), thread_id=request.thread_id))
            price_micro = to_micro(Decimal(plan.document.price.total_usd))
            of_quota = await told_of_quota(database, source.project, price_micro)
            warnings += [*plan.document.warnings, *_of_budget(plan), *filter(None, (of_quota,))]
            tried = await asyncio.to_thread(require_writable, plan.run.output / request.thread_id)
            stored = await plan.run.store(assets)
            origin = Origin(request.source, plan.forked_from.checkpoint_id)
            await write_fork(database, plan.new_run(stored), origin, plan.kept(assets, stored))
            run = await reading.run_row(database, request.thread_id)
        else:
            story = await story_of(assets, source)
            check_same_fork(run, request, run_plan_of(request, source, story, assets, settings, registry))
        runner = Runner(Opened(settings, database, registry), run, observe, stop)
        runner.progress.name_thread(f"thread {request.thread_id}")
        for warning in warnings:
            runner.progress.warn(warning)
        return await runner.go_on(
            Continuation(
                concurrency=request.concurrency,
                budget=request.budget,
                retry_unknown=is_there and request.retry_unknown,
                output=request.output if is_there else None,
                tried=tried,
            )
        )


def check_same_fork(run: RunRow, request: ForkRequest, plan: RunPlan) -> None:
    """Raise `ConflictError` unless the run is the very fork that is asked for."""
    check_project_of(run, request.project)
    forked_from = RunSettings.from_row(run).forked_from
    thread = request.thread_id
    if forked_from is not None and forked_from.request == request_digest(request, plan):
        return
    if forked_from is None or forked_from.thread_id != request.source:
        what = "exists and is no fork" if forked_from is None else f"exists as a fork of {forked_from.thread_id}"
    else:
        what = f"was forked from {request.source} with other changes"
    raise ConflictError(
        f"the run {thread} {what}",
        code="other_fork",
        hint=f"`{command('resume', thread)}` goes on with it; or choose another --thread",
    )


def _told(request: ForkRequest, plan: ForkPlan) -> str:
    shots, calls = plan.document.shots, plan.document.calls
    labels, removed = plan.document.labels or {}, plan.document.removed_labels or {}

    def told(shot: str, state: str) -> str:
        label = (removed if state == "removed" else labels).get(shot)
        return f"{shot} ({label})" if label else shot

    parts = [f"{shots.kept} shots kept"]
    parts += [
        f"{name} {', '.join(told(shot, name) for shot in found)}"
        for name in ("moved", "changed", "added", "removed")
        if (found := getattr(shots, name))
    ]
    price = plan.document.price
    about = "about " if price.estimated else ""
    steps = ", ".join(f"{step.step} {step.calls}" for step in price.by_step)
    to_make = f"{calls.to_make} to make ({steps})" if steps else "none to make"
    return (
        f"{request.thread_id}, a fork of {request.source}: {'; '.join(parts)}; calls: {calls.found} found, {to_make};"
        f" price: {about}${price.total_usd}"
    )


def _of_budget(plan: ForkPlan) -> list[str]:
    budget, price = plan.run.budget, Decimal(plan.document.price.total_usd)
    if budget is None or price <= budget:
        return []
    return [
        f"the budget of ${usd_text(to_micro(budget))} will not suffice: about ${plan.document.price.total_usd}"
        " is to pay. It will pause there"
    ]
