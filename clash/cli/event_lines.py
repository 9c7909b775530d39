"""`--events`: what happens in a run as JSON on standard output, one line per event, as it happens."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from clash.clock import now_text
from clash.errors import ClashError
from clash.money import to_micro, usd_text

if TYPE_CHECKING:
    from clash.cli.output import Document
    from clash.production import CallChange, Event

_LEAVING_S = 1.0
_NAMES = {
    "run_started": "run.started",
    "step_started": "step.started",
    "progress": "step.progress",
    "step_finished": "step.completed",
    "slot_failed": "slot.failed",
    "warning": "warning",
    "note": "note",
}


class EventLines:
    """Writes the events of runs.

    A reader that is gone ends the lines, not the run; one that does not read holds up the last line, and not the run.
    """

    def __init__(self) -> None:
        from clash.cli.line_pipe import standard_output

        self._lines = standard_output()

    def observe(self, event: Event) -> None:
        """Write an event of a run; what has no name for programs is left out."""
        if event.call is not None:
            self._write(f"call.{event.call.state}", event.thread_id, _call(event.call))
        elif event.kind in ("warning", "note"):
            self._write(event.kind, event.thread_id, {"message": event.message})
        elif event.kind in _NAMES:
            self._write(_NAMES[event.kind], event.thread_id, _progress(event))

    def end(self, document: Document) -> None:
        """Write the outcome, the last line of a run. Raises `StorageError` if a line before it was not written."""
        thread = str(document["thread_id"])
        if document.get("waiting_for"):
            self._write("run.waiting", thread, {"waiting_for": document["waiting_for"]})
        self._write("outcome", thread, document)
        self._finish()

    def run_ended(self, item: Document) -> None:
        """Write how a run of a batch ended."""
        self._write("run.ended", str(item["thread_id"]), {key: item[key] for key in item if key != "thread_id"})

    def end_batch(self, document: Document) -> None:
        """Write the outcome of a batch, the last line. Raises `StorageError` if a line before it was not written."""
        self._write("outcome", None, document)
        self._finish()

    def fail(self, error: ClashError) -> None:
        """Write that there was no run, or none that has an outcome."""
        facts = {"code": error.code, "message": error.message, "hint": error.hint}
        self._write("outcome", None, {"schema": 1, "error": facts})
        if self._lines is not None:
            self._lines.drain()

    def leave(self) -> None:
        """Write what can be written at once; the process ends for another reason than that of a run."""
        if self._lines is not None:
            self._lines.drain(_LEAVING_S)

    def _write(self, name: str, thread_id: str | None, facts: Document) -> None:
        line = json.dumps({"event": name, "at": now_text(), "thread_id": thread_id, **facts})
        if self._lines is not None:
            self._lines.put(f"{line}\n")
        else:
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()

    def _finish(self) -> None:
        """Wait for the reader. A disk that is full does not end what is being paid for; it is told here."""
        if self._lines is not None:
            self._lines.drain()
            if self._lines.error is not None:
                raise self._lines.error


def _progress(event: Event) -> dict[str, Any]:
    facts: dict[str, Any] = {"cost_usd": usd_text(to_micro(event.cost_usd))}
    if event.kind == "run_started":
        return facts
    facts = {"step": event.step, "slot": event.slot or None, "done": event.done, "total": event.total, **facts}
    if event.kind == "slot_failed":
        return {**facts, "message": event.message}
    return {**facts, "remaining_s": None if event.remaining_s is None else round(event.remaining_s, 1)}


def _call(call: CallChange) -> dict[str, Any]:
    return {
        "call": call.call,
        "step": call.step,
        "slot": call.slot,
        "take": call.take,
        "kind": call.kind,
        "model": f"{call.service}:{call.model}",
        "state": call.state,
        "quoted_usd": usd_text(call.quoted_micro) if call.state == "reserved" else None,
        "cost_usd": usd_text(call.cost_micro),
        "duration_ms": call.duration_ms,
        "error": call.error,
    }
