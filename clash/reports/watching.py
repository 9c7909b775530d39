"""Watch one run, whichever process executes it: yield how it stands each time that something in it changes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from typing import Any

from clash.clock import now_text
from clash.config import Settings
from clash.database import changes, reading
from clash.database.connection import is_d1, open_database
from clash.database.lease import is_held
from clash.database.migrations import checked
from clash.database.port import Database, texts_of, values_of
from clash.database.rows import RunRow
from clash.database.run_rows import step_counts
from clash.documents.watching import RunStanding
from clash.errors import BudgetExceededError, ClashError, NotFoundError, PersonNeededError, StoppedError
from clash.money import usd_text
from clash.reports.rows import budget_of, progress_of, waiting_for
from clash.vocabulary import INTERRUPTED, RunStatus

EVERY_S = 0.5
EVERY_D1_S = 5.2
"""On D1 each look is a request: no more than 60 in 5 minutes, what opens the database included."""
_MOST_ERRORS = 20
"""Looks, one after another, that a database may fail before that is an error."""
_GONE_LOOKS = 2
"""Looks that must find no process before a run counts as interrupted: one may just hand it to another."""
_CODES = {
    **dict.fromkeys(("budget", "quota_reached"), BudgetExceededError.exit_code),
    "stopped": StoppedError.exit_code,
    **dict.fromkeys(("review", "unknown_call", "failed_paid"), PersonNeededError.exit_code),
}


async def watch_run(
    settings: Settings,
    thread_id: str | None = None,
    *,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> AsyncGenerator[RunStanding]:
    """Yield how a run stands, now and after each change; the last has an exit code. Raise `NotFoundError`.

    Without an id: the newest run that is running, else the newest. A database that fails for a while is waited for.
    """
    every_s = EVERY_D1_S if is_d1(settings.database_url) else EVERY_S
    async with open_database(settings.database_url, "read") as database:
        thread_id = thread_id or await checked(database, _newest(database))
        look = _Looks(database, thread_id)
        told: dict[str, Any] | None = None
        failed = 0
        while True:
            try:
                found = await look.again()
                failed = 0
            except ClashError as error:
                failed += 1
                if told is None or not error.retryable or failed >= _MOST_ERRORS:
                    raise
                await sleep(every_s)
                continue
            if found != told:
                told = found
                yield RunStanding.of({"at": now_text(), **found})
            if found["exit_code"] is not None:
                return
            await sleep(every_s)


class _Looks:
    """Looks at a run again and again; where the database says that nothing has changed, it is not asked."""

    def __init__(self, database: Database, thread_id: str) -> None:
        self._database = database
        self._thread_id = thread_id
        self._version: int | None = None
        self._read: tuple[RunRow, dict[str, int], dict[str, int]] | None = None
        self._gone = 0

    async def again(self) -> dict[str, Any]:
        """Return how the run stands now."""
        version = await changes.data_version(self._database)
        if self._read is None or version is None or version != self._version:
            question = asyncio.gather(
                reading.run_row(self._database, self._thread_id),
                step_counts(self._database, self._thread_id),
                _calls(self._database, self._thread_id),
            )
            self._read = await (checked(self._database, question) if self._read is None else question)
            self._version = version
        return self._standing(*self._read)

    def _standing(self, run: RunRow, made: Mapping[str, int], calls: Mapping[str, int]) -> dict[str, Any]:
        live = is_held(run)
        running = run.status == RunStatus.RUNNING
        self._gone = self._gone + 1 if running and not live else 0
        interrupted = self._gone >= _GONE_LOOKS
        return {
            "thread_id": run.run_id,
            "status": INTERRUPTED if interrupted else run.status.value,
            "live": live,
            "started_at": run.start_time,
            "ended_at": run.end_time,
            "steps": progress_of(run, made),
            "calls": dict(calls),
            "cost_usd": usd_text(run.spent_micro),
            "reserved_usd": usd_text(run.reserved_micro),
            "budget_usd": budget_of(run),
            "waiting_for": waiting_for(run),
            "error": {"code": run.error_code, "message": run.error_message} if run.error_code else None,
            # Not before its process has let go of it: what is published and told comes before that.
            "exit_code": None if live or (running and not interrupted) else exit_code_of(run),
        }


def exit_code_of(run: RunRow) -> int:
    """Return the exit code of the command that left a run as it is; 1 for one whose process is gone."""
    if run.status == RunStatus.COMPLETED:
        return 0
    return _CODES.get(run.error_code or "", 1) if run.status == RunStatus.PAUSED else 1


async def _calls(database: Database, thread_id: str) -> dict[str, int]:
    rows = await database.query(
        "SELECT state, count(*) AS n FROM api_logs WHERE run_id = ? GROUP BY state ORDER BY state", (thread_id,)
    )
    return dict(zip(texts_of(rows, "state"), map(int, values_of(rows, "n")), strict=True))


async def _newest(database: Database) -> str:
    rows = await database.query(
        "SELECT run_id FROM workflow_executions ORDER BY status = 'running' DESC, start_time DESC, run_id LIMIT 1"
    )
    if not rows:
        raise NotFoundError("there are no runs yet", hint="`clash run story.csv` makes the first")
    return str(rows[0]["run_id"])
