"""`clash run --dry-run`: every call that a run would make, and what it would cost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from clash.cli.layout import Block, Column, Record, Remark, Table
from clash.cli.output import Document, emit, say
from clash.cli.reading import report
from clash.cli.text import money, money_if_any

if TYPE_CHECKING:
    from clash.production import RunRequest


def _yes(wanted: bool) -> str:
    return "yes" if wanted else "no"


def _within(totals: Mapping[str, Any]) -> str:
    return "" if totals["budget_usd"] is None else _yes(totals["within_budget"])


BUDGET = (
    Column("budget_usd", "budget", money),
    Column("within_budget", of_row=_within),
)
_LINES = (
    Column("step"),
    Column("model", fold=True),
    Column("kind", at_terminal=False),
    Column("calls", right=True),
    Column("found_calls", "found", right=True),
    Column("units", right=True, of_row=lambda line: f"{line['units']} {line['unit']}"),
    Column("unit", at_terminal=False),
    Column("unit_price_usd", "each", money, right=True),
    Column("cost_usd", "cost", money, right=True),
    Column("estimated", show=lambda estimated: "yes" if estimated else ""),
)
_TOTALS = (
    Column("calls"),
    Column("found_calls", "found, so free"),
    Column("total_usd", "total", money),
    *BUDGET,
    Column("quota_left_usd", "left of the quota", money_if_any),
    Column("within_quota", of_row=lambda totals: "" if totals["quota_usd"] is None else _yes(totals["within_quota"])),
    Column("estimated", at_terminal=False),
    Column("currency", at_terminal=False),
    Column("thread_id", at_terminal=False),
)


def show_estimate(request: RunRequest, *, as_json: bool) -> None:
    """Print the estimate of a run. Raises what the run would raise before it makes anything.

    An estimate above the budget is a warning: the run itself would stop in time, and may be given more by then.
    """
    print_estimate(estimate_document(request), as_json=as_json)


def estimate_document(request: RunRequest) -> Document:
    """The estimate of a run as a JSON document."""
    from clash import production

    return report(lambda settings: production.dry_run(request, settings))


def print_estimate(document: Document, *, as_json: bool = False) -> None:
    """Print an estimate, and what there is to warn of on standard error."""
    emit(document, as_json=as_json, render=render_estimate)
    for warning in document["warnings"]:
        say(warning, label="warning", style="yellow")
    if over := over_budget(document, document["total_usd"]):
        say(over, label="warning", style="yellow")
    if not document["within_quota"]:
        total, left, project = money(document["total_usd"]), money(document["quota_left_usd"]), document["project"]
        say(
            f"{total} is more than the {left} that the project {project} has left of its quota of this month: the run"
            " would pause there",
            label="warning",
            style="yellow",
        )


def over_budget(document: Mapping[str, Any], total_usd: str) -> str:
    """Return what there is to warn of if a run's budget does not suffice for what a dry run would make, else ""."""
    if document["within_budget"]:
        return ""
    total, budget = money(total_usd), money(document["budget_usd"])
    return f"{total} is more than is left of the budget of {budget}: the run would pause there"


def render_estimate(document: Document) -> list[Block]:
    """One line per step and model, then the sums. What is found was made by an earlier run; it is not made again."""
    blocks: list[Block] = [Table(_LINES, document["by_step"], empty="nothing to call"), Record(_TOTALS, document)]
    if document["estimated"]:
        blocks.append(
            Remark("some of it is estimated: the bill, or how many shots the writer makes, may differ", "dim")
        )
    return blocks
