"""`clash runs watch`: follow a run that any process executes, until it ends or waits."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, NamedTuple

import typer

from clash.cli.options import Json
from clash.cli.other_database import OtherDatabase, database_flags
from clash.cli.output import console_for, say_error
from clash.cli.progress import LiveProgress, plain_line
from clash.cli.streams import is_terminal
from clash.cli.text import visible
from clash.documents import SCHEMA
from clash.hints import command


class _Event(NamedTuple):
    """A change of the run, as the display of `clash run` shows it."""

    kind: str
    message: str
    thread_id: str
    step: str = ""
    done: int = 0
    total: int = 0
    cost_usd: Decimal = Decimal(0)
    elapsed_s: float = 0.0
    remaining_s: float | None = None


def watch(
    thread: Annotated[
        str | None,
        typer.Argument(
            metavar="[THREAD]",
            help="The id of a run; without it, the newest that is running, else the newest of all.",
            show_default=False,
        ),
    ] = None,
    _database: OtherDatabase = None,
    as_json: Json = False,
) -> None:
    """Follow a run, on whichever machine it runs, until it ends or waits; exit with its exit code.

    A pipe gets a line per change, and with --json a JSON document per line.
    """
    import asyncio

    from clash.cli.notices import warnings_shown
    from clash.cli.reading import first_run_named
    from clash.config import load_settings

    with warnings_shown():
        settings = load_settings(database_flags())
    with first_run_named(settings):
        last = asyncio.run(_follow(settings, thread, as_json=as_json))
    why = last["error"]["message"] if last["error"] else f"the run is {last['status']}"
    if last["status"] == "interrupted":
        say_error(f"the process of {last['thread_id']} is gone", command("resume", last["thread_id"]))
    elif last["exit_code"]:
        say_error(why, command("runs show", last["thread_id"]))
    raise typer.Exit(last["exit_code"])


async def _follow(settings: Any, thread: str | None, *, as_json: bool) -> dict[str, Any]:
    from clash.reports.watching import watch_run

    last: dict[str, Any] = {}
    with ExitStack() as stack:
        live: LiveProgress | None = None
        if not as_json and is_terminal(sys.stdout):
            live = LiveProgress(console_for(sys.stdout))
            stack.callback(live.close)
        async for standing in watch_run(settings, thread):
            document = {"schema": SCHEMA, **standing.dump()}
            if as_json:
                sys.stdout.write(f"{json.dumps(document)}\n")
            for event in () if as_json else changes(last, document):
                if live is not None:
                    live.observe(event)
                else:
                    sys.stdout.write(f"{visible(plain_line(event))}\n")
            sys.stdout.flush()
            if getattr(sys.stdout, "unread", False):
                # Nobody reads it any more: the run goes on, to watch it does not.
                raise typer.Exit(0)
            last = document
    return last


def changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[_Event]:
    """Return what is different between two standings of a run, one event each."""
    began = datetime.fromisoformat(now["started_at"])
    at = datetime.fromisoformat(now["ended_at"] or now["at"])
    thread, cost = str(now["thread_id"]), Decimal(now["cost_usd"])
    events: list[_Event] = [] if before else [_Event("thread", thread, thread)]
    steps: Mapping[str, Any] = before.get("steps") or {}
    for name, count in now["steps"].items():
        if steps.get(name) == count:
            continue
        done, total = count["done"], count["total"]
        kind = "step_finished" if done >= total else "progress" if done else "step_started"
        elapsed_s = (at - began).total_seconds()
        events.append(_Event(kind, name, thread, name, done, total, cost, elapsed_s))
    if now["status"] != before.get("status"):
        waits = f", waits for {now['waiting_for']}" if now["waiting_for"] else ""
        paid = f"${cost:.2f} paid"
        events.append(_Event("note", f"{now['status']}{waits}, {paid}", thread, cost_usd=cost))
    elif not events and now["cost_usd"] != before.get("cost_usd"):
        events.append(_Event("note", f"${cost:.2f} paid", thread, cost_usd=cost))
    return events
