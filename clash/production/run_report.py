"""The report of a run that has ended here: its status is written, and its document and exit code returned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from typing import Any

from clash.calls.funds import BATCH_BUDGET
from clash.calls.keeping import KeptElsewhere
from clash.database.batches import batch_of_run
from clash.database.connection import verify_there
from clash.database.lease import Lease
from clash.database.outbox import NewEvent
from clash.database.quotas import project_month
from clash.documents.outcome import Outcome
from clash.errors import ClashError
from clash.hints import command
from clash.money import to_micro, usd_text
from clash.production.active_run import ActiveRun
from clash.production.estimates import Left
from clash.production.outcome import Outcome as HowItEnded
from clash.production.outcome import leading_failures, outcome_of, with_kept_elsewhere
from clash.production.publishing import hint_of_folder, republish
from clash.production.remedies import (
    NEEDS_ANOTHER_RUN,
    another_run,
    bigger_batch_budget,
    bigger_budget,
    bigger_quota,
)
from clash.production.review_items import review_items
from clash.production.takes_of_run import read_takes
from clash.production.telling import new_event, note, stored, wants_to_be_told
from clash.reports.runs import run_document
from clash.vocabulary import RunStatus


@dataclass(frozen=True)
class RunReport:
    """How a run stands: the JSON document of docs/commands.md, and the exit code that goes with it."""

    document: Outcome
    exit_code: int


async def report(run: ActiveRun, lease: Lease, error: ClashError | None) -> RunReport:
    """Write how the run ended, and return it. `error`: what ended it from outside a step."""
    leading = error or (leading_failures(run.failures)[0] if run.failures else None)
    left = await _left_after(run, leading.waiting_for if leading else None)
    remedies = await _remedies(run, leading.code if leading else "", left, error)
    kept = list(run.kept_elsewhere.values())
    outcome = with_kept_elsewhere(outcome_of(run.thread_id, run.failures, error, remedies), kept)
    # A database that is gone is told as such: what failed in its absence is no fault of the run.
    await verify_there(run.database)
    event = await _ended_event(run, outcome, kept, left)
    with suppress(ClashError) if error else nullcontext():
        # After an outside error (disk full, lease lost) the status may not be writable; the report still is.
        if outcome.status != RunStatus.COMPLETED:  # that was written when the last decision was applied
            await run.tracker.set_status(
                lease,
                outcome.status,
                error_code=outcome.code,
                error_message=outcome.message,
                event=stored(run, event),
            )
            note(run, event)
    document = await _document(run, outcome, kept, left)
    await verify_there(run.database)
    return RunReport(document, outcome.exit_code)


async def _document(
    run: ActiveRun, ended: HowItEnded, kept: Sequence[KeptElsewhere] = (), left: Left | None = None
) -> Outcome:
    document = await run_document(run.database, run.thread_id, run.assets)
    if ended.document is not None:
        document["error"] = ended.document
        document["waiting_for"] = ended.waiting_for
        document["kept_elsewhere"] = [answer.document for answer in kept]
        if ended.waiting_for == "review":
            document["review"] = await _to_judge(run)
        if left is not None:
            document["left"] = {"calls": left.calls, "cost_usd": usd_text(to_micro(left.cost_usd))}
    return Outcome.of({**document, **_warnings(run, document), "status": ended.status})


async def completed_event(run: ActiveRun) -> NewEvent | None:
    """Return what is told of the run once it is completed; None where nobody wants to be told."""
    return await _ended_event(run, HowItEnded(RunStatus.COMPLETED, 0, None))


async def _ended_event(
    run: ActiveRun, ended: HowItEnded, kept: Sequence[KeptElsewhere] = (), left: Left | None = None
) -> NewEvent | None:
    if not wants_to_be_told(run):
        return None
    try:
        document = (await _document(run, ended, kept, left)).dump()
    except ClashError:
        # Its tables cannot be read now: that it ended is told all the same.
        document = {"thread_id": run.thread_id, "status": ended.status.value, "error": ended.document}
    return new_event(run, ended, document)


async def report_completed(run: ActiveRun) -> RunReport:
    """Return the report of a run that was completed before; files of it that were deleted get their names again."""
    await republish(run)
    document = await run_document(run.database, run.thread_id, run.assets)
    return RunReport(Outcome.of({**document, **_warnings(run, document), "status": "already_completed"}), 0)


_ASKS_FOR_MONEY = ("budget", "quota", "unknown_call", "failed_paid", "review")
"""What a run waits for where a person has to know what is left to pay."""


async def _left_after(run: ActiveRun, waiting_for: str | None) -> Left | None:
    """Return what is left to pay, where that is what a person has to decide about."""
    return await run.left_to_pay() if waiting_for in _ASKS_FOR_MONEY else None


async def _to_judge(run: ActiveRun) -> list[dict[str, Any]]:
    """Return the files that have no verdict yet."""
    found = await read_takes(run.database, run.settings, run.registry, run.thread_id)
    return [item for item in review_items(found, set(found.made.slots)) if item["verdict"] is None]


async def _remedies(run: ActiveRun, code: str, left: Left | None, error: ClashError | None) -> dict[str, str]:
    """Return the hint for this error code, where only a look at the run tells the command."""
    if code == "storage" and (hint := hint_of_folder(run)):
        return {code: hint}
    with suppress(ClashError):
        if code == "review":
            return {code: _how_to_judge(run.thread_id)}
        if code == "budget" and left is not None:
            return {code: f"raise the budget: `{bigger_budget(await run.read_row(), left)}`"}
        if code == BATCH_BUDGET and left is not None:
            batch = await batch_of_run(run.database, run.thread_id)
            return (
                {} if batch is None else {code: f"raise the budget of the batch: `{bigger_batch_budget(batch, left)}`"}
            )
        if code == "quota_reached" and left is not None:
            month = await project_month(run.database, run.row.project)
            return {code: bigger_quota(run.thread_id, month, left)}
        if code in NEEDS_ANOTHER_RUN:
            again = f"`{await another_run(run.database, run.row, run.settings, run.registry)}`"
            if code == "content_refused":
                return {code: _after_refused_content(again, from_a_pipe=run.row.story_path == "-")}
            return {code: f"{error.hint if error else 'run the story under a new thread'}: {again}"}
    return {}


def _how_to_judge(thread_id: str) -> str:
    look, approve = command("review ls", thread_id), command("review approve", thread_id, "--all")
    return f"`{look}` shows what is to be judged, `{approve}` approves it; then `{command('resume', thread_id)}`"


def _after_refused_content(again: str, *, from_a_pipe: bool) -> str:
    """Return what to do about a story that a provider refused: a resume would ask for the same words again."""
    story = "and pipe the changed story into" if from_a_pipe else "then"
    return (
        f"change what the story says there, {story}: {again} (what is unchanged is found again and not paid for);"
        " or name another model in that command"
    )


def _warnings(run: ActiveRun, document: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the warnings from when the story was read and from when the run was made."""
    return {"warnings": list(dict.fromkeys((*document["warnings"], *run.progress.warnings)))}
