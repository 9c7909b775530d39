"""The tables of steps and of provider calls, which several commands show."""

from __future__ import annotations

from clash.cli.layout import Column
from clash.cli.text import milliseconds, money

STEPS = (
    Column("step"),
    Column("calls", right=True),
    Column("cost_usd", "cost", money, right=True),
    Column("duration_ms", "time", milliseconds, right=True),
)

CALLS = (
    Column("slot", fold=True),
    Column("kind"),
    Column("model", fold=True),
    Column("state"),
    Column("attempt", "try", right=True),
    Column("reused", show=lambda reused: "yes" if reused else ""),
    Column("cost_usd", "cost", money, right=True),
    Column("duration_ms", "time", milliseconds, right=True),
    Column("error", fold=True),
    Column("id", at_terminal=False),
    Column("step", at_terminal=False),
    Column("service", at_terminal=False),
    Column("quoted_cost_usd", at_terminal=False),
    Column("precision", at_terminal=False),
    Column("status_code", at_terminal=False),
    Column("started_at", at_terminal=False),
    Column("ended_at", at_terminal=False),
)
