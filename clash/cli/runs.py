"""`clash runs`: what was run, and everything about one run."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, cast

import typer

from clash.cli import diffs
from clash.cli.calls import (
    STEPS,
    WHOLE,
    Screen,
    calls_blocks,
    failed_paid_blocks,
    failures,
    settlement_blocks,
    unknown_blocks,
)
from clash.cli.layout import Block, Column, Record, Remark, Table
from clash.cli.options import All, Json, Limit, OfBatch, OfProject, Thread
from clash.cli.other_database import OtherDatabase
from clash.cli.output import Document, emit, part_of
from clash.cli.reading import report
from clash.cli.removing import remove
from clash.cli.text import minute, moment, money, money_if_any, plain
from clash.cli.watch import watch
from clash.clock import clock_text
from clash.hints import command
from clash.project_names import DEFAULT_PROJECT
from clash.vocabulary import INTERRUPTED, standing

app = typer.Typer(help="Runs: list them, show one, follow one, compare two, or remove them.")


class Status(StrEnum):
    """What can be known of a run."""

    running = "running"
    interrupted = "interrupted"
    completed = "completed"
    failed = "failed"
    paused = "paused"
    cancelled = "cancelled"


def _holder(lease: Mapping[str, Any] | None) -> str | None:
    if not lease:
        return None
    process = f"process {lease['pid']} on {lease['host']}"
    return f"{process}, until {moment(lease['expires_at'])} UTC" if lease["live"] else f"{process}, which is gone"


_LIST = (
    Column("thread_id", "thread", fold=True),
    Column("status", of_row=standing),
    Column("story", fold=True),
    Column("started_at", "started (UTC)", minute),
    Column("steps_done", "steps", right=True),
    Column("cost_usd", "cost", money, right=True),
    Column("budget_usd", "budget", money, right=True),
    Column("workflow_name", at_terminal=False),
    Column("title", at_terminal=False),
    Column("batch", at_terminal=False),
    Column("ended_at", at_terminal=False),
    Column("updated_at", at_terminal=False),
    Column("lease", at_terminal=False),
    Column("error", at_terminal=False),
)


@app.command("ls")
def list_runs(
    status: Annotated[
        Status | None,
        typer.Option(
            "--status",
            metavar="STATUS",
            help="Show only running, interrupted, completed, failed, paused or cancelled runs. An interrupted one is a"
            " running one whose process is gone.",
            show_default=False,
        ),
    ] = None,
    project: OfProject = None,
    batch: OfBatch = None,
    limit: Limit = None,
    _database: OtherDatabase = None,
    as_json: Json = False,
) -> None:
    """List the runs, newest first."""
    from clash.reports import run_list

    wanted = status and status.value
    document = report(
        lambda settings: run_list.list_runs(settings, status=wanted, limit=limit, project=project, batch=batch)
    )
    emit(document, as_json=as_json, render=render_runs)


def render_runs(document: Document) -> list[Block]:
    """Show one line per run; below them which processes run them, and why others did not complete."""
    items: list[dict[str, Any]] = document["items"]
    return [
        Table(
            (*_LIST, _project_column(items), _FORK_OF),
            [_list_row(run) for run in items],
            empty="no runs yet: clash run STORY makes the first",
        ),
        *_holders(items),
        *failures(items, "thread_id"),
    ]


_FORK_OF = Column("fork_of", fold=True)


def _list_row(run: dict[str, Any]) -> dict[str, Any]:
    """A row of the list; a fork has the run that it was forked from."""
    return {**run, "fork_of": part_of(run, "forked_from").get("thread_id")}


def _project_column(items: list[dict[str, Any]]) -> Column:
    """The project of each run; people see it where there is more than the default one."""
    return Column("project", at_terminal=any(run.get("project", DEFAULT_PROJECT) != DEFAULT_PROJECT for run in items))


def _holders(items: list[dict[str, Any]]) -> list[Block]:
    remarks: list[Block] = []
    for run in items:
        thread, lease = run["thread_id"], run.get("lease")
        if lease and lease["live"]:
            remarks.append(Remark(f"{thread}: held by {_holder(lease)}", "cyan"))
        elif standing(run) == INTERRUPTED:
            remarks.append(Remark(f"{thread}: interrupted; {command('resume', thread)}", "yellow"))
    return remarks


_RUN = (
    Column("thread_id", "thread"),
    Column("project"),
    Column("status", of_row=standing),
    Column("held_by"),
    Column("fork_of"),
    Column("title"),
    Column("story"),
    Column("story_sha256", at_terminal=False),
    Column("started_at", "started (UTC)", moment),
    Column("ended_at", "ended (UTC)", moment),
    Column("updated_at", at_terminal=False),
    Column("workflow_name", at_terminal=False),
    Column("graph_version", at_terminal=False),
    Column("cost_usd", "cost", money),
    Column("estimate_usd", "estimate", money),
    Column("reserved_usd", "reserved", money_if_any),
    Column("budget_usd", "budget", money),
    Column("film"),
    Column("film_sha256", at_terminal=False),
    Column("length_s", "length", lambda seconds: clock_text(seconds) if seconds else ""),
    Column("error_code", at_terminal=False),
    Column("error"),
)
_PROGRESS = (STEPS[0], Column("done", right=True), Column("total", "of", right=True), *STEPS[1:])
_MOST_CALLS = 20
"""How many rows of each table of calls a terminal shows: the newest. A film of 5,000 shots has 15,000."""
_NOT_FOR_PEOPLE = (
    "settings.story",
    "settings.table",
    "settings.reference_images",
    "settings.screenplay",
    "settings.established",
    "settings.forked_from",
    "metadata.totals",
    "metadata.estimate_micro",
)


@app.command("show")
def show_run(thread: Thread, everything: All = False, _database: OtherDatabase = None, as_json: Json = False) -> None:
    """Show one run: its story and settings, its steps, its film, and the calls it made."""
    from clash.reports import runs

    screen = WHOLE if everything else Screen(_MOST_CALLS, command("runs show", thread, "--all"))
    document = report(lambda settings: runs.show_run(settings, thread))
    emit(document, as_json=as_json, render=lambda shown: render_run(shown, screen))


def render_run(document: Document, screen: Screen = WHOLE) -> list[Block]:
    """The run, its settings, its steps, its calls."""
    story, film, error = (part_of(document, key) for key in ("story", "film", "error"))
    facts = {
        **document,
        "held_by": _holder(document.get("lease")),
        "fork_of": part_of(document, "forked_from").get("thread_id"),
        "title": story.get("title"),
        "story": story.get("path"),
        "story_sha256": story.get("sha256"),
        "film": film.get("path"),
        "film_sha256": film.get("sha256"),
        "length_s": film.get("duration_s"),
        "error": error.get("message"),
        "error_code": error.get("code"),
    }
    chosen = {**_flat("settings", document.get("settings")), **_flat("metadata", document.get("metadata"))}
    return [
        Record((*_RUN, *(_chosen_column(name) for name in chosen)), {**facts, **chosen}),
        Table(_PROGRESS, _steps(document), empty="no step was begun"),
        *calls_blocks(document.get("calls") or (), screen),
        *settlement_blocks(document.get("settlements") or (), screen),
        *unknown_blocks(document.get("unknown") or (), screen),
        *failed_paid_blocks(document.get("failed_paid") or (), screen),
    ]


def _flat(name: str, value: Any) -> dict[str, Any]:
    """Nested settings as `settings.models.image`, so that each is a field of its own."""
    if not isinstance(value, Mapping):
        return {} if value is None else {name: value}
    items = cast("Mapping[str, Any]", value).items()
    return {key: item for part, inner in items for key, item in _flat(f"{name}.{part}", inner).items()}


def _chosen_column(name: str) -> Column:
    title = " ".join(name.split(".")[1:]).replace("_", " ")
    return Column(name, title, _listed, at_terminal=not name.startswith(_NOT_FOR_PEOPLE))


def _listed(value: Any) -> str:
    """Return a value for people; of a list of sentences, one after the other."""
    items = cast("list[Any]", value) if isinstance(value, list) else []
    return "; ".join(items) if items and all(isinstance(item, str) for item in items) else plain(value)


def _steps(document: Document) -> list[dict[str, Any]]:
    """How far each step is, beside what its calls cost."""
    rows: dict[str, dict[str, Any]] = {
        step: {"step": step, **count} for step, count in part_of(document, "progress").items()
    }
    for sums in document.get("steps") or ():
        rows.setdefault(sums["step"], {}).update(sums)
    return list(rows.values())


app.command("watch")(watch)
app.command("diff")(diffs.diff_runs)
app.command("rm")(remove)
