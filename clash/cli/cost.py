"""`clash cost`: what was paid, for one run or for all."""

from __future__ import annotations

from enum import StrEnum
from shlex import quote
from typing import Annotated

import typer

from clash.cli.calls import STEPS, calls_blocks, settlement_blocks
from clash.cli.layout import Block, Column, Record, Table
from clash.cli.options import Json, OfBatch, OfProject
from clash.cli.other_database import OtherDatabase
from clash.cli.output import Document, emit
from clash.cli.reading import report
from clash.cli.text import minute, money, money_if_any
from clash.errors import UsageError
from clash.project_names import check_project_name


class By(StrEnum):
    """What the cost is split by."""

    step = "step"
    provider = "provider"
    model = "model"
    day = "day"
    project = "project"


_TOTALS = (
    Column("thread_id", "thread"),
    Column("total_usd", "total", money),
    Column("billed_usd", "of which billed", money_if_any),
    Column("exact_usd", "by price", money_if_any),
    Column("estimated_usd", "estimated", money_if_any),
    Column("estimate_usd", "estimate at the start", money),
    Column("reserved_usd", "reserved", money),
    Column("unknown_usd", "perhaps paid", money_if_any),
    Column("budget_usd", "budget", money),
    Column("currency", at_terminal=False),
    Column("calls"),
    Column("failed_calls", "failed"),
    Column("reused_calls", "reused"),
    Column("unknown_calls", "unknown"),
)
_ALL = (
    Column("thread_id", "thread", fold=True),
    Column("status"),
    Column("total_usd", "total", money, right=True),
    Column("estimate_usd", "estimate", money, right=True),
    Column("reserved_usd", at_terminal=False),
    Column("unknown_usd", "perhaps paid", money_if_any, right=True),
    Column("budget_usd", "budget", money, right=True),
    Column("calls", right=True),
    Column("failed_calls", "failed", right=True),
    Column("reused_calls", "reused", right=True),
    Column("unknown_calls", "unknown", right=True),
    Column("started_at", at_terminal=False),
)
_REMOVED = (
    Column("thread_id", "removed run", fold=True),
    Column("title", at_terminal=False),
    Column("removed_at", "removed (UTC)", minute),
    Column("removed_by", "by"),
    Column("total_usd", "total", money, right=True),
    Column("unknown_usd", "perhaps paid", money_if_any, right=True),
    Column("calls", right=True),
    Column("failed_calls", "failed", right=True),
    Column("reused_calls", "reused", right=True),
    Column("unknown_calls", "unknown", right=True),
    Column("started_at", at_terminal=False),
)


def cost(
    thread: Annotated[
        str | None,
        typer.Argument(metavar="[THREAD]", help="The id of a run; without it, all runs.", show_default=False),
    ] = None,
    by: Annotated[
        By | None,
        typer.Option(
            "--by", metavar="WHAT", help="Sum the cost per step, provider, model, day or project.", show_default=False
        ),
    ] = None,
    calls: Annotated[bool, typer.Option("--calls", help="Also list every attempt at every call.")] = False,
    project: OfProject = None,
    batch: OfBatch = None,
    _database: OtherDatabase = None,
    as_json: Json = False,
) -> None:
    """Show what was paid, for one run or for all."""
    from clash.reports import costs

    if batch is not None:
        if thread is not None or calls or project is not None:
            raise UsageError(
                "--batch sums the runs of a batch: leave THREAD, --calls and --project out",
                hint=f"`clash cost --batch {quote(batch)} --by project` splits it by its runs' projects",
            )
        document = report(lambda settings: costs.cost_of_batch(settings, batch))
        emit(document, as_json=as_json, render=lambda document: render_batch_cost(document, by=by and by.value))
        return
    if calls and thread is None:
        raise UsageError("--calls needs a THREAD", hint="clash runs ls")
    if project is not None and thread is not None:
        raise UsageError("--project sums the runs of a project; a THREAD has one", hint=f"clash cost {thread}")
    of = None if project is None else (check_project_name(project),)
    document = report(lambda settings: costs.cost(settings, thread, calls=calls, projects=of))
    emit(document, as_json=as_json, render=lambda document: render_cost(document, by=by and by.value))


def render_cost(document: Document, *, by: str | None) -> list[Block]:
    """The totals, the split asked for (a run is split by step if none was), the calls if they were asked for."""
    blocks: list[Block] = []
    if "items" in document:
        blocks.append(Table(_ALL, document["items"], empty="no runs yet"))
        if removed := document.get("removed"):
            blocks.append(Table(_REMOVED, removed))
        blocks.append(Record((Column("total_usd", "total", money),), document))
    else:
        blocks.append(Record(_TOTALS, {**document, **_by_certainty(document)}))
        by = by or "step"
    if by is not None and f"by_{by}" in document:
        blocks.append(_split(document, by))
    if "calls_list" in document:
        blocks += calls_blocks(document["calls_list"]) + settlement_blocks(document["settlements"])
    return blocks


_BATCH = (
    Column("batch"),
    Column("total_usd", "total", money),
    Column("reserved_usd", "reserved", money),
    Column("budget_usd", "budget", money),
    Column("currency", at_terminal=False),
)


def render_batch_cost(document: Document, *, by: str | None) -> list[Block]:
    """One line per run of a batch, its totals, and the split if one was asked for."""
    removed = [Table(_REMOVED, document["removed"])] if document["removed"] else []
    split = [] if by is None else [_split(document, by)]
    return [Table(_ALL, document["items"], empty="no runs"), *removed, Record(_BATCH, document), *split]


def _by_certainty(document: Document) -> dict[str, str]:
    """How much of the total the provider billed, how much a price makes exactly, how much is estimated."""
    return {f"{part['precision']}_usd": part["cost_usd"] for part in document.get("by_precision") or ()}


def _split(document: Document, by: str) -> Table:
    columns = (Column(by, fold=True), *STEPS[1:])
    return Table(columns, document[f"by_{by}"], empty="no call was made")
