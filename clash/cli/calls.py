"""The tables of steps and of provider calls, which several commands show: the audit trail of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from clash.cli.layout import Block, Column, Remark, Table
from clash.cli.text import milliseconds, minute, money, money_if_any

STEPS = (
    Column("step"),
    Column("calls", right=True),
    Column("failed_calls", "failed", right=True),
    Column("reused_calls", "reused", right=True),
    Column("cost_usd", "cost", money, right=True),
    Column("duration_ms", "time", milliseconds, right=True),
)


def _provider_and_model(call: Mapping[str, Any]) -> str:
    return f"{call['service']}:{call['model']}"


def _cost(call: Mapping[str, Any]) -> str:
    return "?" if call["state"] == "unknown" else money(call["cost_usd"])


_CALLS = (
    Column("slot", fold=True),
    Column("kind", at_terminal=False),
    Column("model", fold=True, of_row=_provider_and_model),
    Column("state"),
    Column("take", show=lambda take: str(take) if take and take > 1 else "", right=True),
    Column("attempt", "try", lambda attempt: str(attempt) if attempt and attempt > 1 else "", right=True),
    Column("reused", show=lambda reused: "yes" if reused else ""),
    Column("quoted_cost_usd", "quoted", money_if_any, right=True),
    Column("cost_usd", "cost", right=True, of_row=_cost),
    Column("precision", at_terminal=False),
    Column("duration_ms", "time", milliseconds, right=True),
    Column("job_id", "job", fold=True),
    Column("idempotency_key", at_terminal=False),
    Column("file", at_terminal=False),
    Column("id", at_terminal=False),
    Column("step", at_terminal=False),
    Column("service", at_terminal=False),
    Column("status_code", at_terminal=False),
    Column("started_at", at_terminal=False),
    Column("ended_at", at_terminal=False),
    Column("error_code", at_terminal=False),
    Column("error", at_terminal=False),
)
_UNKNOWN = (
    Column("slot", fold=True),
    Column("model", fold=True, of_row=_provider_and_model),
    Column("service", at_terminal=False),
    Column("started_at", "sent (UTC)", minute),
    Column("quoted_cost_usd", "may have cost", money, right=True),
    Column("idempotency_key", "key given to it", fold=True),
    Column("job_id", "job", fold=True),
    Column("id", at_terminal=False),
    Column("step", at_terminal=False),
    Column("error", at_terminal=False),
)
_FAILED_PAID = (
    Column("slot", fold=True),
    Column("model", fold=True, of_row=_provider_and_model),
    Column("service", at_terminal=False),
    Column("started_at", "sent (UTC)", minute),
    Column("cost_usd", "cost", money, right=True),
    Column("idempotency_key", "key given to it", fold=True),
    Column("job_id", "job", fold=True),
    Column("file", "what came", fold=True),
    Column("id", at_terminal=False),
    Column("step", at_terminal=False),
    Column("error_code", at_terminal=False),
    Column("error", at_terminal=False),
)


def with_labels(columns: Sequence[Column], items: Sequence[Mapping[str, Any]]) -> tuple[Column, ...]:
    """The columns of a table of slots, with the labels that the story's table gives the shots, where it gives any."""
    if not any(item.get("label") for item in items):
        return tuple(columns)
    after = 1 + next(at for at, column in enumerate(columns) if column.key == "slot")
    return (*columns[:after], Column("label"), *columns[after:])


def shot_told(shot: str, labels: Mapping[str, Any]) -> str:
    """A shot's slot, and in brackets the label that the story's table gives it: `shot:007 (1A)`."""
    return f"{shot} ({labels[shot]})" if shot in labels else shot


class Screen(NamedTuple):
    """What a terminal shows of a long table: its last `most` rows (None: all), and the command that shows all."""

    most: int | None = None
    all_by: str = ""


WHOLE = Screen()


def calls_blocks(calls: Sequence[Mapping[str, Any]], screen: Screen = WHOLE) -> list[Block]:
    """One line per call, and below it what was answered to those that failed."""
    told = failures(calls, "slot")
    hidden = 0 if screen.most is None else max(0, len(told) - screen.most)
    more = [Remark(f"{hidden:,} earlier calls failed too; all of them: {screen.all_by}", "dim")] if hidden else []
    return [_table(with_labels(_CALLS, calls), calls, screen, empty="no call was made"), *more, *told[hidden:]]


def unknown_blocks(calls: Sequence[Mapping[str, Any]], screen: Screen = WHOLE) -> list[Block]:
    """The calls that only a person can clear up, each with what it may have cost."""
    if not calls:
        return []
    return [Remark("Sent, and never answered; perhaps paid:", "yellow"), _table(_UNKNOWN, calls, screen)]


def failed_paid_blocks(calls: Sequence[Mapping[str, Any]], screen: Screen = WHOLE) -> list[Block]:
    """The calls that were paid for and failed, and are not bought again unless a person says so."""
    if not calls:
        return []
    return [Remark("Paid for, and failed:", "yellow"), _table(_FAILED_PAID, calls, screen)]


def _table(columns: Sequence[Column], rows: Sequence[Mapping[str, Any]], screen: Screen, empty: str = "") -> Table:
    return Table(columns, rows, empty=empty, most=screen.most, all_by=screen.all_by)


_SETTLEMENTS = (
    Column("slot", fold=True),
    Column("idempotency_key", "key given to the provider", fold=True),
    Column("billed_usd", "billed", money, right=True),
    Column("settled_by", "by", fold=True),
    Column("settled_at", "at (UTC)", minute),
    Column("was_state", "was"),
    Column("was_cost_usd", "cost then", money_if_any, right=True),
    Column("was_held_usd", "reserved then", money_if_any, right=True),
    Column("was_error", at_terminal=False),
)


def settlement_blocks(settlements: Sequence[Mapping[str, Any]], screen: Screen = WHOLE) -> list[Block]:
    """What people said of calls by the provider's own record."""
    if not settlements:
        return []
    return [Remark("Settled by hand:", "dim"), _table(_SETTLEMENTS, settlements, screen)]


def failures(items: Sequence[Mapping[str, Any]], name: str) -> list[Remark]:
    """A sentence for each item with an `error`, after the item's `name`: too long for a column of a table."""
    return [Remark(f"{item[name]}: {item['error']}", "red") for item in items if item.get("error")]
