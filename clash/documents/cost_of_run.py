"""What a run cost, call by call: `clash cost THREAD --calls`."""

from __future__ import annotations

from clash.documents.calls import CallItem, SettlementItem
from clash.documents.costs import SumsOfRun


class CostOfRun(SumsOfRun):
    """`clash cost THREAD`. With `--calls` also every attempt at every call, and what people settled."""

    calls_list: list[CallItem] | None = None
    settlements: list[SettlementItem] | None = None
