"""`clash runs`: what was run, and everything about one run."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import typer

from clash.cli.calls import STEPS, calls_blocks, failures
from clash.cli.layout import Block, Column, Record, Table
from clash.cli.options import Json, Limit, Thread
from clash.cli.output import Document, emit
from clash.cli.reading import report
from clash.cli.text import clock, minute, moment, money

app = typer.Typer(help="Runs: what was made, and how far it came.")


class Status(StrEnum):
    """What can be known of a run."""

    running = "running"
    completed = "completed"
    failed = "failed"
    paused = "paused"
    cancelled = "cancelled"


_LIST = (
    Column("thread_id", "thread", fold=True),
    Column("status"),
    Column("story", fold=True),
    Column("started_at", "started (UTC)", minute),
    Column("steps_done", "steps", right=True),
    Column("cost_usd", "cost", money, right=True),
    Column("budget_usd", "budget", money, right=True),
    Column("workflow_name", at_terminal=False),
    Column("ended_at", at_terminal=False),
    Column("updated_at", at_terminal=False),
    Column("error", at_terminal=False),
)


@app.command("ls")
def list_runs(
    status: Annotated[
        Status | None, typer.Option("--status", help="Only runs of this status.", show_default=False)
    ] = None,
    limit: Limit = None,
    as_json: Json = False,
) -> None:
    """List the runs, newest first."""
    from clash import reporting

    document = report(lambda settings: reporting.list_runs(settings, status=status and status.value, limit=limit))
    emit(document, as_json=as_json, render=render_runs)


def render_runs(document: Document) -> list[Block]:
    """A line a run, and below it why runs ended that did not complete."""
    items: list[dict[str, Any]] = document["items"]
    return [Table(_LIST, items, empty="no runs yet: clash run STORY makes the first"), *failures(items, "thread_id")]


_RUN = (
    Column("thread_id", "thread"),
    Column("status"),
    Column("title"),
    Column("story"),
    Column("story_sha256", at_terminal=False),
    Column("started_at", "started (UTC)", moment),
    Column("ended_at", "ended (UTC)", moment),
    Column("cost_usd", "cost", money),
    Column("budget_usd", "budget", money),
    Column("settings"),
    Column("film"),
    Column("film_sha256", at_terminal=False),
    Column("length_s", "length", lambda seconds: clock(seconds) if seconds else ""),
    Column("metadata"),
    Column("error"),
)


@app.command("show")
def show_run(thread: Thread, as_json: Json = False) -> None:
    """Show one run: its story and settings, its steps, its film, and every call it made."""
    from clash import reporting

    emit(report(lambda settings: reporting.show_run(settings, thread)), as_json=as_json, render=render_run)


def render_run(document: Document) -> list[Block]:
    """The run, its steps, its calls."""
    story, film = document.get("story") or {}, document.get("film") or {}
    facts = {
        **document,
        "title": story.get("title"),
        "story": story.get("path"),
        "story_sha256": story.get("sha256"),
        "settings": words(document.get("settings")),
        "metadata": words(document.get("metadata")),
        "film": film.get("path"),
        "film_sha256": film.get("sha256"),
        "length_s": film.get("duration_s"),
    }
    return [
        Record(_RUN, facts),
        Table(STEPS, document.get("steps") or (), empty="no step was begun"),
        *calls_blocks(document.get("calls") or ()),
    ]


def words(facts: dict[str, Any] | None) -> str:
    """Small facts on one line: `size 1280x720, fps 24`."""
    return ", ".join(f"{name} {value}" for name, value in (facts or {}).items() if value not in (None, "", {}, []))
