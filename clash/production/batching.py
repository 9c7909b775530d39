"""Film many stories as one batch: `clash batch`, and the Python API of it.

    report = await batch(BatchRequest(stories=["stories/*.csv"], name="night", budget=Decimal(20)))

A loop that any number of processes and machines may run at once: the leases share out the runs, the database keeps the
budget. What is completed is skipped; the same command goes on with what is not.
"""

from __future__ import annotations

import asyncio
import logging
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from clash.assets import open_assets
from clash.calls.shared_calls import SharedCalls
from clash.config import Settings, load_settings
from clash.database.batches import BatchRow, Standing, find_batch, runs_of_batch, standings
from clash.database.port import Database
from clash.database.reading import run_row
from clash.database.run_settings import RunSettings
from clash.documents.batches import BatchEstimate, BatchOutcome, BatchRun
from clash.errors import ClashError, DatabaseError, NotFoundError, UsageError
from clash.events import check_receivers
from clash.hints import batch_command, batch_option
from clash.money import from_micro, to_micro, usd_text
from clash.production.batch_executors import Work
from clash.production.batch_plan import BatchPlan, BatchRequest, BatchStory, check_batch, plan_batch
from clash.production.batch_run import StoryResult, already_completed, is_done
from clash.production.estimates import dry_run, left_to_pay, opened_to_look
from clash.production.executors import LOCAL, check_executor, executor_of
from clash.production.opened import Opened, opened_for_run
from clash.production.output_folder import OUTPUT_FOLDER, output_flags, require_writable
from clash.production.plan import with_unpriced
from clash.production.progress import Event, Observer, ignore
from clash.production.remedies import sufficient
from clash.production.review_stages import checked_stages
from clash.production.run_setup import rate_limits_of
from clash.production.stopping import StopSignal
from clash.providers.registry import Registry
from clash.transfer.batch_budgets import give_budget

logger = logging.getLogger(__name__)

OnResult = Callable[[StoryResult], None]
_SIGNALLED = 128
_PAUSING = (8, 6)
"""Exit codes of what only waits: for a person, for a bigger budget."""
_MOST_ESTIMATED = 20
"""Stories that were not begun and are estimated for a hint: a dry run of each takes a moment."""
_REFUSED = (2, 3, 4, 5)
"""Exit codes of what goes on only once something else was changed: a story, a file, a setting, another run."""


@dataclass(frozen=True)
class BatchReport:
    """How a batch ended: the JSON document of docs/commands.md, and the exit code that goes with it."""

    document: BatchOutcome
    exit_code: int


def _ignore_result(_: StoryResult) -> None:
    """Do nothing."""


async def batch(
    request: BatchRequest,
    settings: Settings | None = None,
    *,
    observe: Observer = ignore,
    on_result: OnResult = _ignore_result,
    stop: StopSignal | None = None,
) -> BatchReport:
    """Film all stories of a batch, or go on with them; one that fails does not end the others.

    `on_result` is told of each run as soon as it has ended here. Raises `UsageError`, `StoryError`, `NotFoundError`,
    `SettingsError`, `ConflictError` before anything is made; what fails later is in the report.
    """
    settings = with_unpriced(settings or load_settings(), allowed=request.each.allow_unpriced)
    stop = stop or StopSignal()
    check_batch(request)
    check_executor(request)
    check_receivers(settings)
    checked_stages(request.each.review)
    registry = Registry(settings)
    plan = plan_batch(request, settings, registry)
    if request.each.output is not None and request.executor == LOCAL:
        await asyncio.to_thread(require_writable, request.each.output)
    async with opened_for_run(settings.database_url, stop) as database:
        limits = rate_limits_of(settings, request.each.concurrency, lambda text: observe(Event("note", text)))
        opened = Opened(settings, database, registry, SharedCalls(limits))
        plan = plan if request.stories else await _plan_of_runs(opened, request)
        if request.budget is not None:
            await give_budget(database, open_assets(settings), request.name, to_micro(request.budget))
        for name in plan.left_out:
            observe(Event("note", f"{name} is left out: it is the cast of the stories beside it"))
        results = await _film_all(Work(request, opened, observe, stop), plan, on_result)
        row, warnings = await _sums_at_the_end(database, request, results)
        rest = await _rest_to_pay([result for result in results.values() if result.waits_for_batch], opened)
        return _report(plan, results, row, rest, warnings, settings)


async def _sums_at_the_end(
    database: Database, request: BatchRequest, results: dict[str, StoryResult]
) -> tuple[BatchRow | None, list[str]]:
    """Return the sums of a batch and, where they cannot be read, those of what ended here, with a warning."""
    try:
        return await find_batch(database, request.name), []
    except DatabaseError as error:
        spent = sum((Decimal(result.cost_usd or 0) for result in results.values()), Decimal(0))
        budget = None if request.budget is None else to_micro(request.budget)
        told = f"the sums of the batch could not be read, its cost is that of the runs listed here: {error.message}"
        return BatchRow(request.name, "", budget, to_micro(spent), 0), [told]


async def _plan_of_runs(opened: Opened, request: BatchRequest) -> BatchPlan:
    """Return the plan that goes on with the runs that a batch has. Raises `NotFoundError` if it has none."""
    runs = await runs_of_batch(opened.database, request.name)
    if not runs:
        raise NotFoundError(
            f"the batch {request.name} has no runs",
            hint=f"name its stories: `{batch_command(request.name)} 'stories/*.csv'`",
        )
    output = request.each.output
    stories = (BatchStory(run.run_id, title=run.story_title, story_path=run.story_path, output=output) for run in runs)
    return BatchPlan(request, tuple(stories))


async def _film_all(work: Work, plan: BatchPlan, on_result: OnResult) -> dict[str, StoryResult]:
    """Film what is not completed; return the result of each run, by its thread id."""
    database, settings = work.opened.database, work.opened.settings
    found = await standings(database, [story.thread_id for story in plan.stories])
    results: dict[str, StoryResult] = {}

    def tell(result: StoryResult) -> None:
        results[result.story.thread_id] = result
        work.observe(ended_event(result))
        on_result(result)

    for story in plan.stories:
        standing = found.get(story.thread_id)
        if is_done(story, standing):
            tell(already_completed(story, standing, settings))
    todo = [story for story in plan.stories if story.thread_id not in results]
    while todo and not (work.stop.requested and results):
        await executor_of(work).film(todo, tell)
        todo = await _with_room(work, results)
    return results


async def _with_room(work: Work, results: dict[str, StoryResult]) -> list[BatchStory]:
    """Return the stories to go on with: the batch's budget refused them, and has more room now than it had then.

    Bills may be below the quotes that were reserved when a story was refused.
    """
    refused = [result for result in results.values() if result.waits_for_batch]
    try:
        row = await find_batch(work.opened.database, work.request.name) if refused else None
    except DatabaseError:
        return []
    if row is None or row.left_micro is None or work.stop.requested:
        return []
    least = min((result.room_micro for result in refused if result.room_micro is not None), default=0)
    return [result.story for result in refused] if row.left_micro > max(least, 0) else []


def ended_event(result: StoryResult) -> Event:
    """Return the event that tells how a run of the batch ended."""
    why = f": {result.fault.message}" if result.fault is not None else ""
    cost = Decimal(result.cost_usd or 0)
    return Event("run_ended", f"{result.status}{why}", thread_id=result.story.thread_id, cost_usd=cost)


# -- the report ----------------------------------------------------------------------------------------------------


def _report(
    plan: BatchPlan,
    results: dict[str, StoryResult],
    row: BatchRow | None,
    rest: Decimal,
    warnings: list[str],
    settings: Settings,
) -> BatchReport:
    made = [results[story.thread_id] for story in plan.stories]
    code = exit_code_of([result.exit_code for result in made])
    counts: dict[str, int] = {}
    for result in made:
        counts[result.status] = counts.get(result.status, 0) + 1
    document = BatchOutcome.of(
        {
            "batch": plan.name,
            "status": "completed" if code == 0 else "incomplete",
            "exit_code": code,
            "counts": counts,
            "cost": {
                "total_usd": usd_text(row.spent_micro if row else 0),
                "reserved_usd": usd_text(row.reserved_micro if row else 0),
                "budget_usd": None if row is None or row.budget_micro is None else usd_text(row.budget_micro),
            },
            "runs": [run_item(result) for result in made],
            "left_out": list(plan.left_out),
            "warnings": warnings,
            "error": _error_of(plan.request, made, code, row, rest, settings),
        }
    )
    return BatchReport(document, code)


def exit_code_of(codes: Sequence[int]) -> int:
    """Return the exit code of a batch, from its runs': a signal's, else 8, else 6, else the one of all, or 1."""
    failed = [code for code in codes if code]
    if not failed:
        return 0
    if signalled := [code for code in failed if code > _SIGNALLED]:
        return signalled[0]
    for code in _PAUSING:
        if code in failed:
            return code
    return failed[0] if len(set(failed)) == 1 else 1


def run_item(result: StoryResult) -> BatchRun:
    """Return what the document of a batch says of one run."""
    fault, outcome, request = result.fault, result.outcome, result.story.request
    return BatchRun.of(
        {
            "thread_id": result.story.thread_id,
            "story": request.story if request else result.story.story_path or None,
            "title": result.story.title,
            "status": result.status,
            "exit_code": result.exit_code,
            "cost_usd": result.cost_usd,
            "film": result.film,
            "waiting_for": "budget" if result.waits_for_batch else outcome.waiting_for if outcome else None,
            "error": fault and {"code": fault.code, "message": fault.message, "hint": fault.hint},
            "outcome": outcome,
        }
    )


def _error_of(
    request: BatchRequest,
    made: Sequence[StoryResult],
    code: int,
    row: BatchRow | None,
    rest: Decimal,
    settings: Settings,
) -> dict[str, Any] | None:
    """Return what is told of a batch that is not completed: its leading run, how many there are, and what to type.

    `rest`: what is still to pay for the runs that wait for the batch's budget, in dollars.
    """
    if not code:
        return None
    leading = [result for result in made if result.exit_code == code] or [result for result in made if result.exit_code]
    first = next((result for result in leading if result.status != "not_begun"), leading[0])
    fault, missing = first.fault, sum(result.exit_code != 0 for result in made)
    error_code, text = (fault.code, fault.message) if fault else ("failed", "")
    message = f"{missing} of {len(made)} runs are not completed; {first.story.thread_id}: {text}"
    if row is not None and any(result.waits_for_batch for result in made):
        enough = sufficient(from_micro(row.committed_micro), max(rest, Decimal("0.01")), is_estimated=True)
        hint = f"raise the budget of the batch: `{command_of_batch(request, enough)}`"
    elif sum(result.fault is not None and result.fault.code == "review" for result in made) > 1 and code in _PAUSING:
        approves = batch_option("review approve", request.name, "--all")
        shows = f"`{batch_option('review ls', request.name)}` shows what is to be judged"
        hint = f"{shows}, `{approves}` approves all of it; then: `{command_of_batch(request)}`"
    elif code in _PAUSING and fault is not None and fault.hint:
        hint = f"{fault.hint}; then: `{command_of_batch(request)}`"
    elif fault is not None and fault.code == OUTPUT_FOLDER:
        hint = f"`{_command_with(request, *output_flags(settings))}` publishes the runs there from now on"
    elif fault is not None and fault.hint and first.exit_code in _REFUSED and not first.is_held:
        hint = fault.hint  # the same command again would be refused again
    else:
        hint = (
            command_of_batch(request)
            if code > _SIGNALLED
            else f"`{command_of_batch(request)}` goes on with what is not completed"
        )
    return {"code": error_code, "message": message, "hint": hint}


async def _rest_to_pay(waiting: Sequence[StoryResult], opened: Opened) -> Decimal:
    """Return the dollars that the runs which wait for the batch's budget still need, those not begun included.

    Of very many that were not begun, some are estimated, and the others count as much as these on average.
    """
    rest, estimated, unknown = Decimal(0), list[Decimal](), 0
    for result in waiting:
        if result.outcome is not None and result.outcome.left is not None:
            rest += Decimal(result.outcome.left.cost_usd)
        elif len(estimated) < _MOST_ESTIMATED and (left := await _left_of(result.story, opened)) is not None:
            estimated.append(left)
        else:
            unknown += 1
    return rest + sum(estimated, Decimal(0)) * (len(estimated) + unknown) / max(1, len(estimated))


async def _left_of(story: BatchStory, opened: Opened) -> Decimal | None:
    """Return the dollars that a run still needs which was not made here; None if nobody can tell."""
    try:
        if story.request is not None:
            return Decimal((await dry_run(story.request, opened.settings)).total_usd)
        recorded = RunSettings.from_row(await run_row(opened.database, story.thread_id))
        assets = open_assets(opened.settings)
        return (await left_to_pay(opened.database, assets, opened.registry, story.thread_id, recorded)).cost_usd
    except ClashError as error:
        logger.warning("what %s will cost is unknown: %s", story.thread_id, error.message)
        return None


def command_of_batch(request: BatchRequest, budget: Decimal | None = None) -> str:
    """Return the command that goes on with the batch."""
    return _command_with(request) if budget is None else _command_with(request, "--budget", f"{budget:f}")


def _command_with(request: BatchRequest, *option: str) -> str:
    """Return the command of the batch with an option and its value, in place of the ones that were typed."""
    if not request.typed:
        return batch_command(request.name, *map(shlex.quote, option))
    return shlex.join(["clash", "batch", *_with_option(request.typed, *option)])


def _with_option(typed: Sequence[str], name: str = "", value: str = "") -> list[str]:
    if not name:
        return list(typed)
    kept: list[str] = []
    skip = False
    for word in typed:
        if not skip and word != name and not word.startswith(f"{name}="):
            kept.append(word)
        skip = word == name and not skip
    return [*kept, name, value]


# -- the estimate --------------------------------------------------------------------------------------------------


async def batch_dry_run(request: BatchRequest, settings: Settings | None = None) -> BatchEstimate:
    """Return what a batch would call and pay, summed over its stories. Nothing is made or written.

    A call that several stories need counts for each of them; only the first pays it. Raises what `batch` raises.
    """
    settings = with_unpriced(settings or load_settings(), allowed=request.each.allow_unpriced)
    if not request.stories:
        typed = batch_command(request.name, "'stories/*.csv'", "--dry-run")
        raise UsageError("a dry run of a batch needs its stories", hint=typed)
    plan = plan_batch(request, settings, Registry(settings))
    row, found = await _standing_of(plan, settings)
    asked = [story for story in plan.stories if not is_done(story, found.get(story.thread_id))]
    runs = [await dry_run(story.request, settings) for story in asked if story.request is not None]
    total = sum((Decimal(run.total_usd) for run in runs), Decimal(0))
    spent = from_micro(row.committed_micro if row else 0)
    stored = None if row is None or row.budget_micro is None else from_micro(row.budget_micro)
    budget = stored if request.budget is None else request.budget
    return BatchEstimate.of(
        {
            "batch": request.name,
            "dry_run": True,
            "currency": "USD",
            "total_usd": usd_text(to_micro(total)),
            "spent_usd": usd_text(to_micro(spent)),
            "budget_usd": None if budget is None else usd_text(to_micro(budget)),
            "within_budget": budget is None or spent + total <= budget,
            "calls": sum(run.calls for run in runs),
            "found_calls": sum(run.found_calls for run in runs),
            "estimated": any(run.estimated for run in runs),
            "completed": len(plan.stories) - len(asked),
            "runs": runs,
            "left_out": list(plan.left_out),
        }
    )


async def _standing_of(plan: BatchPlan, settings: Settings) -> tuple[BatchRow | None, dict[str, Standing]]:
    async with opened_to_look(settings.database_url) as database:
        if database is None:
            return None, {}
        names = [story.thread_id for story in plan.stories]
        return await find_batch(database, plan.name), await standings(database, names)
