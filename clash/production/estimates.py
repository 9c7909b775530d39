"""What a film would cost: beforehand, and what is left of one that has begun. Nothing is made or paid for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from clash.assets import AssetStore, open_assets, sha256_of
from clash.calls.dry_run import DryRun, EstimateLine, PlannedCall, summed, together
from clash.config import Settings, load_settings
from clash.database import call_log, reading
from clash.database.connection import database_exists, open_database
from clash.database.decisions import decisions_of
from clash.database.migrations import require_current
from clash.database.port import Database
from clash.database.quotas import ProjectMonth, project_month
from clash.database.run_settings import RunSettings
from clash.documents.outcome import DryRunDocument
from clash.editing.slots import SCREENPLAY
from clash.editing.takes import Takes
from clash.money import to_micro, usd_text
from clash.production.plan import RunRequest, check_same, prepare, with_unpriced
from clash.production.price_of_change import is_estimated
from clash.production.refitting import Recorded, after_screenplay
from clash.production.review_stages import checked_stages
from clash.providers.registry import Registry
from clash.reports.screenplays import screenplay_in
from clash.story.screenplay import Screenplay, Story
from clash.workflow.context import format_of
from clash.workflow.dry_run import collect_calls
from clash.workflow.state import StoredFile


async def dry_run(request: RunRequest, settings: Settings | None = None) -> DryRunDocument:
    """What a run of this story would call and pay, without making or writing anything.

    What earlier runs made is counted as found. How many shots a paid writer would make is the default writer's guess.
    Raises what `run` raises for a request that cannot be carried out.
    """
    settings = with_unpriced(settings or load_settings(), allowed=request.allow_unpriced)
    checked_stages(request.review)
    registry = Registry(settings)
    plan = prepare(request, settings, registry)
    models = registry.models(plan.models)
    assets = open_assets(settings)
    panels = {
        name: StoredFile(sha256=sha256_of(content), media_type=media_type)
        for name, (media_type, content) in plan.panels.items()
    }
    async with opened_to_look(settings.database_url) as database:
        run_id, takes, refit = request.thread_id, Takes(), None
        if database is not None and run_id is not None and (begun := await reading.find_run(database, run_id)):
            check_same(begun, plan, allow_changes=request.allow_changes)
            takes = Takes(await decisions_of(database, run_id))
            refit = _refitting(database, assets, registry, run_id, RunSettings.from_row(begun), takes)
        found = DryRun(database, assets, models, registry, run_id=run_id, project=plan.project, reuse=plan.reuse)
        if plan.cast:
            found.imagine(plan.cast.sheet.content())
        if plan.given:
            found.imagine(plan.given.model_dump_json(indent=2).encode())
        await collect_calls(plan.story, panels, plan.film, found, takes, plan.basis, refit=refit)
        month = None if database is None else await project_month(database, plan.project)
    lines = summed(found.planned)
    total = sum((line.cost_usd for line in lines), Decimal(0))
    guessed = not plan.given and models["screenplay"].spec != registry.default("screenplay").spec
    return DryRunDocument.of(
        {
            "thread_id": request.thread_id,
            "story": request.story,
            "project": plan.project,
            "dry_run": True,
            "currency": "USD",
            "total_usd": usd_text(to_micro(total)),
            "budget_usd": None if plan.budget is None else usd_text(to_micro(plan.budget)),
            "within_budget": plan.budget is None or total <= plan.budget,
            **_quota_document(month, to_micro(total)),
            "calls": sum(line.calls for line in lines),
            "found_calls": sum(line.found for line in lines),
            "estimated": guessed or any(line.estimated for line in lines),
            "by_step": [_line_document(line) for line in lines],
            "warnings": list(plan.warnings),
        }
    )


def _quota_document(month: ProjectMonth | None, cost_micro: int) -> dict[str, Any]:
    """The quota of a run's project in this month, what it has left, and whether that suffices."""
    quota, left = (None, None) if month is None else (month.quota_micro, month.left_micro)
    return {
        "quota_usd": None if quota is None else usd_text(quota),
        "quota_left_usd": None if left is None else usd_text(left),
        "within_quota": left is None or cost_micro == 0 or cost_micro <= left,
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
async def opened_to_look(url: str) -> AsyncGenerator[Database | None]:
    """The database if there is one to look into: an estimate makes nothing."""
    if not database_exists(url):
        yield None
        return
    async with open_database(url, "read") as database:
        await require_current(database)
        yield database


# -- a run that has begun ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Left:
    """Calls that are still to be made, and their cost in dollars. `estimated`: they may cost more than that."""

    calls: int
    cost_usd: Decimal
    estimated: bool = False


async def left_to_pay(
    database: Database,
    assets: AssetStore,
    registry: Registry,
    run_id: str,
    recorded: RunSettings,
    *,
    is_new: bool = False,
) -> Left:
    """Return what a run has not made yet, and what it will cost as far as prices are known.

    `is_new`: whether nothing is recorded of it yet.
    """
    takes = Takes(() if is_new else await decisions_of(database, run_id))
    planned = await planned_calls(database, assets, registry, run_id, recorded, takes, is_new=is_new)
    missing = [call for call in planned if not call.found]
    exact_writer = recorded.models["screenplay"] == registry.default("screenplay").spec
    return Left(len(missing), together(missing), estimated=is_estimated(planned, exact_writer=exact_writer))


async def planned_calls(
    database: Database,
    assets: AssetStore,
    registry: Registry,
    run_id: str,
    recorded: RunSettings,
    takes: Takes,
    *,
    now: bool = False,
    is_new: bool = False,
) -> list[PlannedCall]:
    """Return all calls that a run with these takes needs, those included whose answers are there.

    `now`: only those that it makes when it goes on, and not what waits for a review. `is_new`: it has made none yet.
    """
    models = registry.models(recorded.models)
    dry_run = DryRun(database, assets, models, registry, run_id=run_id, reuse=recorded.reuse, is_new=is_new)
    story = Story.model_validate_json(await asyncio.to_thread(assets.read, recorded.story))

    refit = _refitting(database, assets, registry, run_id, recorded, takes)
    film, stages = format_of(recorded), frozenset(recorded.review if now else ())
    await collect_calls(
        story, recorded.reference_images, film, dry_run, takes, recorded.basis, refit=refit, review=stages
    )
    return dry_run.planned


def _refitting(
    database: Database, assets: AssetStore, registry: Registry, run_id: str, recorded: RunSettings, takes: Takes
) -> Callable[[Screenplay, str], Awaitable[Takes]] | None:
    """Return what adds what follows from a screenplay that replaces another; None where none does."""

    async def refitted(after: Screenplay, sha256: str) -> Takes:
        rows, files = await asyncio.gather(
            call_log.rows_of_run(database, run_id), reading.sound_assets(database, run_id)
        )
        before = await screenplay_in(assets, files)
        if before is None:
            return takes
        run = Recorded(recorded, rows, assets, registry)
        return takes.with_(await after_screenplay(run, takes, before, after, sha256))

    return refitted if SCREENPLAY in takes.slots else None
