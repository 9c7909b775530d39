"""Film one story of a batch, and say what became of it. Every executor calls this, in whichever process it films.

    result = await film_one_story(story, batch="night", opened=opened, observe=ignore, stop=StopSignal())

It raises nothing that is the story's own fault: one failure must not end the others. A story that another process is
filming is `held`, unless `wait_s` says how often to look whether it is free: then it is waited for, and filmed if
that process has not.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from clash.assets import published_path
from clash.calls.funds import BATCH_BUDGET
from clash.config import Settings
from clash.database.batches import Standing, batch_of_run, standings
from clash.database.port import Database
from clash.documents.outcome import Outcome
from clash.errors import ClashError, DatabaseError
from clash.money import usd_text
from clash.production.active_run import Continuation
from clash.production.batch_plan import BatchStory
from clash.production.opened import Opened
from clash.production.plan import RunRequest, prepare
from clash.production.progress import Observer
from clash.production.review_stages import checked_stages
from clash.production.run_report import RunReport
from clash.production.stopping import StopSignal
from clash.production.use_cases import resume_run, run_plan
from clash.redaction import safe_exception
from clash.vocabulary import AssetType, RunStatus

logger = logging.getLogger(__name__)

HELD = ("held", "lease_lost")
"""Codes of what ended a run here because another process is making it."""
_PAUSING = (6, 8)
_TICK_S = 0.25


@dataclass(frozen=True)
class Fault:
    """Why a story has no film yet."""

    code: str
    message: str
    hint: str | None = None

    @classmethod
    def of(cls, error: ClashError) -> Fault:
        """Return what an error says."""
        return cls(error.code, error.message, error.hint)


@dataclass(frozen=True)
class StoryResult:
    """What became of a story. `status`: of the run, or `held` by another process, or `not_begun`.

    `outcome`: the document of a run that was made here. `film`: its path on this disk, if it is there.
    `room_micro`: what the batch's budget had left when the story was refused by it.
    """

    story: BatchStory
    status: str
    exit_code: int
    cost_usd: str | None = None
    fault: Fault | None = None
    outcome: Outcome | None = field(default=None, repr=False)
    film: str | None = None
    room_micro: int | None = None

    @property
    def is_held(self) -> bool:
        """Whether another process is making it."""
        return self.status == "held"

    @property
    def waits_for_batch(self) -> bool:
        """Whether it waits for a bigger budget of the batch."""
        return self.fault is not None and self.fault.code == BATCH_BUDGET

    @property
    def has_failed(self) -> bool:
        """Whether it failed, rather than waits for somebody or something."""
        return self.exit_code not in (0, *_PAUSING) and not self.is_held and self.exit_code < 128


async def film_one_story(
    story: BatchStory,
    *,
    batch: str,
    opened: Opened,
    observe: Observer,
    stop: StopSignal,
    each: RunRequest | None = None,
    wait_s: float | None = None,
) -> StoryResult:
    """Begin the run of a story, or go on with it, to its end; return what became of it.

    `each`: how a run that is resumed is to continue: its consents, budget and concurrency. `wait_s`: look this often
    whether a run that another process holds is free; None: return that it is held.
    """
    while True:
        result = await _film(story, batch, opened, observe, stop, each)
        if wait_s is None or not result.is_held:
            return result
        try:
            if not await wait_until_free(opened.database, story, wait_s, stop):
                return result
            standing = (await standings(opened.database, [story.thread_id])).get(story.thread_id)
        except DatabaseError as error:
            return StoryResult(story, "failed", error.exit_code, fault=Fault.of(error))
        if is_done(story, standing):
            return already_completed(story, standing, opened.settings)


async def _film(
    story: BatchStory, batch: str, opened: Opened, observe: Observer, stop: StopSignal, each: RunRequest | None
) -> StoryResult:
    try:
        with stop.for_one_of_several() as own_stop:
            report = await _report(story, batch, opened, observe, own_stop, each)
    except ClashError as error:
        status = "held" if error.code in HELD else "failed"
        return StoryResult(story, status, error.exit_code, fault=Fault.of(error))
    except Exception as error:
        # A fault of ours: the log has it in full, and the other stories go on.
        logger.exception("the run %s ended by itself", story.thread_id)
        return StoryResult(story, "failed", 1, fault=Fault("internal", safe_exception(error)[:2000]))
    result = _result(story, report)
    if not result.waits_for_batch:
        return result
    try:
        row = await batch_of_run(opened.database, story.thread_id)
    except ClashError:
        return result  # how this run ended is known; one look at its batch must not end the other runs
    return replace(result, room_micro=None if row is None else row.left_micro)


async def _report(
    story: BatchStory, batch: str, opened: Opened, observe: Observer, stop: StopSignal, each: RunRequest | None
) -> RunReport:
    if story.request is not None:
        plan = prepare(story.request, opened.settings, opened.registry)
        return await run_plan(opened, plan, story.request, observe=observe, stop=stop, batch=batch)
    asked = each or RunRequest(story="")
    how = Continuation(
        concurrency=asked.concurrency,
        budget=asked.budget,
        retry_unknown=asked.retry_unknown,
        retry_failed_paid=asked.retry_failed_paid,
        review=checked_stages(asked.review),
        output=asked.output,
    )
    return await resume_run(opened, story.thread_id, how, observe=observe, stop=stop, project=asked.project)


def _result(story: BatchStory, report: RunReport) -> StoryResult:
    document, error = report.document, report.document.error
    is_held = error is not None and error.code in HELD
    return StoryResult(
        story,
        "held" if is_held else document.status,
        report.exit_code,
        cost_usd=document.cost.total_usd,
        fault=None if error is None else Fault(error.code, error.message, error.hint),
        outcome=document,
        film=None if document.film is None else document.film.path,
    )


def is_done(story: BatchStory, standing: Standing | None) -> bool:
    """Return whether a run is the one that is asked for, completed, and published where it is to be."""
    if standing is None or standing.status != RunStatus.COMPLETED:
        return False
    if story.output is not None and story.output != Path(standing.output):
        return False
    asked = (story.story_sha256, story.fingerprint, story.project)
    return story.request is None or asked == (standing.story_sha256, standing.settings_fingerprint, standing.project)


def already_completed(story: BatchStory, standing: Standing | None, settings: Settings) -> StoryResult:
    """Return the result of a run that is completed: by an earlier command, or by another process meanwhile."""
    output = standing.output if standing is not None and standing.output else settings.output_dir
    film = published_path(Path(output) / story.thread_id, AssetType.FILM, "film", "video/mp4")
    return StoryResult(
        story,
        "already_completed",
        0,
        cost_usd=None if standing is None else usd_text(standing.spent_micro),
        film=film.as_posix() if film is not None and film.exists() else None,
    )


async def wait_until_free(database: Database, story: BatchStory, every_s: float, stop: StopSignal) -> bool:
    """Wait until no process holds the run of a story; False if this process is told to stop before."""
    while not stop.requested:
        if await free_among(database, [story]):
            return True
        await pause(every_s, stop)
    return False


async def free_among(database: Database, stories: Sequence[BatchStory]) -> list[BatchStory]:
    """Return those of some stories whose runs no process holds now, with one request."""
    found = await standings(database, [story.thread_id for story in stories])
    return [story for story in stories if story.thread_id not in found or not found[story.thread_id].is_held]


async def pause(seconds: float, stop: StopSignal) -> None:
    """Wait for some seconds, or until this process is told to stop."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while not stop.requested and (left := end - loop.time()) > 0:  # noqa: ASYNC110 - a signal sets no event
        await asyncio.sleep(min(_TICK_S, left))
