"""The use cases: begin a film, go on with it, call it off, say beforehand what it would cost."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

from clash.assets import open_assets, sha256_of
from clash.calls.rehearsal import EstimateLine, Rehearsal, summed
from clash.config import Settings, parse_size
from clash.database import reading
from clash.database.connection import database_exists, open_database
from clash.database.lease import is_held
from clash.database.metadata import MetadataTracker
from clash.database.migrations import migrate, require_current
from clash.database.port import Database, Row
from clash.errors import ConflictError, NotFoundError
from clash.money import to_micro, usd_text
from clash.production.held_run import Continuation, HeldRun, Report
from clash.production.plan import ProductionRequest, RunPlan, check_budget, check_same, check_thread_id, prepare
from clash.production.progress import Observer, StopSignal, ignore
from clash.providers.registry import Registry
from clash.workflow.rehearsing import rehearse
from clash.workflow.state import GRAPH_VERSION, WORKFLOW, StoredFile
from clash.workflow.studio import Format


async def run(
    request: ProductionRequest,
    settings: Settings,
    *,
    observe: Observer = ignore,
    stop: StopSignal | None = None,
) -> Report:
    """Begin a film, or go on with one of the same story and settings.

    Raises `StoryError`, `UsageError`, `NotFoundError`, `SettingsError`, `ConflictError`, `VersionMismatchError`
    before anything is made; what fails later is in the report.
    """
    settings = _with_unpriced(settings, allowed=request.allow_unpriced)
    registry = Registry(settings)
    plan = prepare(request, settings, registry)
    async with _opened_for_run(settings.database_url) as database:
        row, changed = await _row_of(database, plan, settings, allow_changes=request.allow_changes)
        held = HeldRun(settings, database, row, registry, observe, stop or StopSignal())
        held.progress.name_thread(f"thread {plan.thread_id}")
        for warning in plan.story.warnings:
            held.progress.warn(warning)
        return await held.go_on(
            Continuation(
                concurrency=request.concurrency,
                budget=request.budget,
                retry_unknown=request.retry_unknown,
                changed=plan if changed else None,
            )
        )


async def _row_of(database: Database, plan: RunPlan, settings: Settings, *, allow_changes: bool) -> tuple[Row, bool]:
    """The run's row, made if there is none yet; and whether the settings of one that existed are to change."""
    tracker = MetadataTracker(database)
    if (row := await tracker.run(plan.thread_id)) is None:
        started = await tracker.start_workflow(
            plan.thread_id,
            WORKFLOW,
            story_path=plan.story_path,
            story_sha256=plan.story.sha256,
            story_title=plan.story.title,
            settings=plan.recorded(await plan.store(open_assets(settings))),
            settings_fingerprint=plan.fingerprint,
            graph_version=GRAPH_VERSION,
            budget_usd=plan.budget,
        )
        row = await reading.run_row(database, plan.thread_id)
        if started:
            return row, False
    return row, not check_same(row, plan, allow_changes=allow_changes)


async def resume(
    thread_id: str,
    settings: Settings,
    *,
    concurrency: int | None = None,
    budget: Decimal | None = None,
    retry_unknown: bool = False,
    remake_lost: bool = False,
    allow_unpriced: bool = False,
    observe: Observer = ignore,
    stop: StopSignal | None = None,
) -> Report:
    """Go on with a film where it stopped. Raises `NotFoundError` and what `run` raises.

    `budget`: dollars, the run's new budget. `retry_unknown`: make calls again that may have been paid already.
    `remake_lost`: buy again what was paid for, and whose file is nowhere any more. `allow_unpriced`: call models whose
    price nobody knows.
    """
    check_thread_id(thread_id)
    check_budget(budget)
    settings = _with_unpriced(settings, allowed=allow_unpriced)
    async with open_database(settings.database_url, "write") as database:
        await require_current(database)
        row = await _film_row(database, thread_id)
        held = HeldRun(settings, database, row, Registry(settings), observe, stop or StopSignal())
        return await held.go_on(
            Continuation(concurrency=concurrency, budget=budget, retry_unknown=retry_unknown, remake_lost=remake_lost)
        )


def _with_unpriced(settings: Settings, *, allowed: bool) -> Settings:
    """The settings, models without a price allowed if the run allows them."""
    return settings.model_copy(update={"allow_unpriced": settings.allow_unpriced or allowed})


async def cancel(thread_id: str, settings: Settings) -> dict[str, Any]:
    """Call a film off: no new call starts, in whichever process it runs; those in flight are kept and settled.

    `clash resume` takes it up again. Raises `NotFoundError`, `ConflictError` for a film that is finished.
    """
    check_thread_id(thread_id)
    async with open_database(settings.database_url, "write") as database:
        await require_current(database)
        row = await _film_row(database, thread_id)
        if not await MetadataTracker(database).cancel(thread_id):
            raise ConflictError(f"the thread {thread_id} is {row['status']}", code="finished")
        return {"thread_id": thread_id, "status": "cancelled", "running": is_held(row)}


async def _film_row(database: Database, thread_id: str) -> Row:
    row = await reading.run_row(database, thread_id)
    if row["workflow_name"] != WORKFLOW:
        raise NotFoundError(f"the thread {thread_id} is no film of clash but a {row['workflow_name']}")
    return row


async def estimate(request: ProductionRequest, settings: Settings) -> dict[str, Any]:
    """What a run of this story would call and pay, without making or writing anything.

    What earlier runs made is counted as found. How many shots a paid writer would make is guessed by the local one.
    Raises what `run` raises for a request that cannot be carried out.
    """
    settings = _with_unpriced(settings, allowed=request.allow_unpriced)
    registry = Registry(settings)
    plan = prepare(request, settings, registry)
    models = registry.models(plan.models)
    assets = open_assets(settings)
    width, height = parse_size(plan.size)
    panels = {
        name: StoredFile(sha256=sha256_of(content), media_type=media_type)
        for name, (media_type, content) in plan.panels.items()
    }
    async with _opened_to_look(settings.database_url) as database:
        run_id = request.thread_id
        rehearsal = Rehearsal(database, assets, models, registry, run_id=run_id, reuse=plan.reuse)
        await rehearse(plan.story, panels, Format(width, height, plan.fps), rehearsal)
    lines = summed(rehearsal.planned)
    total = sum((line.cost_usd for line in lines), Decimal(0))
    return {
        "thread_id": request.thread_id,
        "dry_run": True,
        "currency": "USD",
        "total_usd": usd_text(to_micro(total)),
        "budget_usd": None if plan.budget is None else usd_text(to_micro(plan.budget)),
        "within_budget": plan.budget is None or total <= plan.budget,
        "calls": sum(line.calls for line in lines),
        "found_calls": sum(line.found for line in lines),
        "estimated": any(line.estimated for line in lines) or not plan.models["screenplay"].startswith("local:"),
        "by_step": [_line_document(line) for line in lines],
    }


def _line_document(line: EstimateLine) -> dict[str, Any]:
    return {
        "step": line.step,
        "model": line.model,
        "kind": line.kind,
        "calls": line.calls,
        "found_calls": line.found,
        "units": f"{line.units.normalize():f}",
        "unit": line.unit,
        "unit_price_usd": usd_text(to_micro(line.unit_price_usd)),
        "cost_usd": usd_text(to_micro(line.cost_usd)),
        "estimated": line.estimated,
    }


@asynccontextmanager
async def _opened_to_look(url: str) -> AsyncGenerator[Database | None]:
    """The database if there is one to look into: an estimate makes nothing."""
    if not database_exists(url):
        yield None
        return
    async with open_database(url, "read") as database:
        await require_current(database)
        yield database


@asynccontextmanager
async def _opened_for_run(url: str) -> AsyncGenerator[Database]:
    """The database, made and migrated if there is none yet; one that exists must be up to date."""
    new = not database_exists(url)
    async with open_database(url, "create") as database:
        # A file without a single table is one that an earlier process had only just made.
        if new or not await _any_table(database):
            await migrate(database)
        await require_current(database)
        yield database


async def _any_table(database: Database) -> bool:
    # Cloudflare D1 keeps a table of its own, _cf_KV, in every database.
    return bool(await database.query("SELECT 1 FROM sqlite_master WHERE name NOT GLOB '_cf_*' LIMIT 1"))
