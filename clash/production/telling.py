"""Tell a webhook and a command what became of a run: after its status is stored, and without ever failing the run."""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
from collections.abc import Mapping
from typing import Any

from clash import faults
from clash.clock import now_text
from clash.database.outbox import NewEvent
from clash.documents import SCHEMA
from clash.errors import ClashError
from clash.events.commands import LONGEST_S, run_command
from clash.events.delivery import ONE_ATTEMPT, Attempts, Delivery, deliver
from clash.production.active_run import ActiveRun
from clash.production.outcome import Outcome
from clash.redaction import hide, safe_exception
from clash.vocabulary import RunStatus

logger = logging.getLogger(__name__)

_MOST_BYTES = 900_000
"""A row of Cloudflare D1 holds no more than 2 MB."""
_STOPPING_S = 5.0
"""The seconds that a command may take while the process is to end."""
_TYPES = {
    RunStatus.COMPLETED: "run.completed",
    RunStatus.FAILED: "run.failed",
    RunStatus.CANCELLED: "run.cancelled",
    RunStatus.PAUSED: "run.paused",
}
_WAITING = {"review": "review.requested", "budget": "budget.reached", "quota": "quota.reached"}


def wants_to_be_told(run: ActiveRun) -> bool:
    """Return whether a webhook or a command is to be told what becomes of the run."""
    return run.receiver is not None or run.settings.on_event is not None


def event_type(ended: Outcome) -> str:
    """Return the type of the event that tells how a run ended: one event for each end."""
    return _WAITING.get(ended.waiting_for or "") or _TYPES[ended.status]


def new_event(run: ActiveRun, ended: Outcome, document: Mapping[str, Any]) -> NewEvent:
    """Return the event that tells how a run ended. `document`: the outcome, as `clash run --json` prints it."""
    now, kind = now_text(), event_type(ended)
    body: dict[str, Any] = {"type": kind, "timestamp": now, "data": {"schema": SCHEMA, **document}}
    text = _text(body)
    if len(text) > _MOST_BYTES:
        data: dict[str, Any] = body["data"]
        text = _text({**body, "outputs_left_out": len(data["outputs"]), "data": {**data, "outputs": []}})
    receiver = run.receiver
    return NewEvent(
        event_id=f"msg_{secrets.token_hex(16)}",
        type=kind,
        created_at=now,
        receiver="" if receiver is None else receiver.shown,
        receiver_digest="" if receiver is None else receiver.digest,
        body=hide(text),
    )


def _text(body: Mapping[str, Any]) -> str:
    # In ASCII: halves of surrogate pairs, which a story may hold, are no UTF-8.
    return json.dumps(body, separators=(",", ":"), default=str)


def stored(run: ActiveRun, event: NewEvent | None) -> NewEvent | None:
    """Return the event if it goes into the outbox: a command alone is told at once or never."""
    return event if run.receiver is not None else None


def note(run: ActiveRun, event: NewEvent | None) -> None:
    """Note that the run stands as this event says, since that is stored now."""
    if event is not None:
        run.told.append(event)
        faults.point("event.stored")


async def tell_earlier(run: ActiveRun) -> None:
    """Send what earlier processes left in the outbox, once: the run is to begin."""
    await _tell_webhook(run, ONE_ATTEMPT, is_end=False)


async def tell(run: ActiveRun) -> None:
    """Tell what became of the run, now that it is stored and the lease is released."""
    if not (run.told or run.is_completed):
        return
    stopping = run.stop.requested
    await asyncio.gather(
        _tell_webhook(run, ONE_ATTEMPT if stopping else Attempts(), is_end=True),
        _tell_command(run, _STOPPING_S if stopping else LONGEST_S),
    )


async def _tell_webhook(run: ActiveRun, attempts: Attempts, *, is_end: bool) -> None:
    if run.receiver is None:
        return
    try:
        found = await deliver(run.database, run.receiver, run.thread_id, attempts=attempts, stopped=_newly_stopped(run))
    except ClashError as error:
        found = Delivery(error=error.message)
    except Exception as error:
        # A fault of ours: the film is made and paid for all the same.
        logger.exception("the webhook of %s was not told", run.thread_id)
        found = Delivery(error=safe_exception(error)[:300])
    if is_end and (found.error or found.pending):
        many = f"{found.pending} events are" if found.pending > 1 else "1 event is"
        why = f": {found.error}" if found.error else ""
        run.progress.warn(
            f"the webhook {run.receiver.shown} was not told{why}; {many} kept, and sent by the next command that"
            " writes this run, or by `clash webhooks flush`"
        )


def _newly_stopped(run: ActiveRun) -> Any:
    """Return what says whether somebody asks to stop who had not done so yet."""
    before = run.stop.requested
    return lambda: run.stop.requested and not before


async def _tell_command(run: ActiveRun, longest_s: float) -> None:
    if run.settings.on_event is None:
        return
    for event in run.told:
        try:
            fault = await run_command(run.settings.on_event, event.body, longest_s=longest_s)
        except ClashError as error:
            fault = error.message
        if fault:
            run.progress.warn(f"the command of --on-event was told {event.type}, and failed: {fault}")
