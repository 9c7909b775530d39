"""What a person types after a run has ended, filled in for this very run: a command that works as it stands."""

from __future__ import annotations

import re
import shlex
from decimal import ROUND_UP, Decimal

from clash.config import Settings
from clash.database import reading
from clash.database.batches import BatchRow
from clash.database.port import Database
from clash.database.quotas import ProjectMonth, raise_quota
from clash.database.rows import RunRow
from clash.database.run_settings import RunSettings
from clash.database.tracking import AsyncMetadataTracker
from clash.errors import ClashError
from clash.hints import batch_command, command
from clash.money import from_micro
from clash.production.estimates import Left
from clash.production.plan import RunPlan
from clash.providers.choice import models_for
from clash.providers.ports import Kind
from clash.providers.registry import Registry

_CENT = Decimal("0.01")
_MARGIN = Decimal("1.1")
"""What is estimated may cost more; a budget that is named must suffice."""
_NUMBERED = re.compile(r"(.*[^0-9])-([0-9]{1,2})")
_LONGEST_ID = 120
_STDIN = "-"

NEEDS_ANOTHER_RUN = ("content_refused", "damaged_checkpoint", "graph_version")
"""Codes of errors after which no resume helps: the story must change, or the run needs a new thread."""


def enough(run: RunRow, left: Left) -> Decimal:
    """Dollars that suffice as a budget for the rest of a run: spent, reserved, and what is left, in whole cents."""
    return sufficient(from_micro(run.committed_micro), left.cost_usd, is_estimated=left.estimated)


def sufficient(committed: Decimal, rest: Decimal, *, is_estimated: bool) -> Decimal:
    """Dollars that suffice as a budget: what is spent or reserved, and what is left to pay, in whole cents."""
    total = committed + (rest * _MARGIN if is_estimated else rest)
    return total.quantize(_CENT, rounding=ROUND_UP)


def bigger_budget(run: RunRow, left: Left) -> str:
    """The command that goes on with a budget that suffices."""
    return command("resume", run.run_id, "--budget", f"{enough(run, left):f}")


def bigger_batch_budget(batch: BatchRow, left: Left) -> str:
    """The command that goes on with a budget of the batch that suffices for what is left."""
    enough_for_it = sufficient(from_micro(batch.committed_micro), left.cost_usd, is_estimated=left.estimated)
    return batch_command(batch.name, "--budget", f"{enough_for_it:f}")


def bigger_quota(thread_id: str, month: ProjectMonth, left: Left) -> str:
    """The commands that raise the quota of a run's project to what suffices for the run, and go on."""
    rest = left.cost_usd * _MARGIN if left.estimated else left.cost_usd
    return f"{raise_quota(month, rest)}; then: `{command('resume', thread_id)}`"


async def another_run(database: Database, run: RunRow, settings: Settings, registry: Registry) -> str:
    """The command that makes a run's film under a new thread; what is unchanged is found there, and not paid for."""
    budget = None if run.budget_micro is None else from_micro(run.budget_micro)
    thread = await free_thread(database, run.run_id)
    return _run_command(run.story_path, thread, RunSettings.from_row(run), budget, run.project, settings, registry)


async def another_run_of(database: Database, plan: RunPlan, settings: Settings, registry: Registry) -> str:
    """The command that runs what was asked for under a thread that is free."""
    thread = await free_thread(database, plan.thread_id)
    return _run_command(plan.story_path, thread, plan, plan.budget, plan.project, settings, registry)


def _run_command(
    story: str,
    thread: str,
    film: RunPlan | RunSettings,
    budget: Decimal | None,
    project: str,
    settings: Settings,
    registry: Registry,
) -> str:
    """`clash run` with every flag that the settings in force do not give by themselves."""
    flags = ["--thread", thread] if not thread.startswith("-") else [f"--thread={thread}"]
    if film.story_choice is not None:
        flags += [f"--story={film.story_choice}"]
    if film.screenplay_path is not None:
        flags += [f"--screenplay={film.screenplay_path}"]
    usual = _usual_models(settings, registry)
    flags += [
        part for kind, spec in film.models.items() if usual.get(kind) != spec for part in (f"--{kind}-model", spec)
    ]
    if film.size != settings.size:
        flags += ["--size", film.size]
    if film.fps != settings.fps:
        flags += ["--fps", str(film.fps)]
    if film.output != settings.output_dir:
        flags += ["--output", film.output.as_posix()]
    if budget is not None and budget != settings.budget:
        flags += ["--budget", f"{budget.normalize():f}"]
    if project != settings.project:
        flags += ["--project", project]
    if settings.allow_unpriced:
        flags += ["--allow-unpriced"]
    path = f"./{story}" if story.startswith("-") and story != _STDIN else story
    return shlex.join(["clash", "run", path, *flags])


def _usual_models(settings: Settings, registry: Registry) -> dict[Kind, str]:
    try:
        return {kind: registry.model(kind, spec).spec for kind, spec in models_for(settings).items()}
    except ClashError:
        return {}  # settings that cannot be used themselves: every model is named


async def free_thread(database: Database, thread_id: str) -> str:
    """Return the next free id: `demo-2` after `demo`, `demo-3` after `demo-2`: the first that no run has."""
    numbered = _NUMBERED.fullmatch(thread_id)
    stem, number = (numbered[1], int(numbered[2])) if numbered else (thread_id, 1)
    tracker = AsyncMetadataTracker(database)
    while True:
        number += 1
        candidate = f"{stem[:_LONGEST_ID]}-{number}"
        taken = await tracker.run(candidate) or await reading.same_but_for_case(database, candidate)
        if not taken:
            return candidate
