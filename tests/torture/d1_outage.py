"""D1 does not answer for a while, from any kind of request on, the first of them executed or not."""

from __future__ import annotations

from typing import ClassVar

from d1_engine.gateway import Gateway
from forks import Fork

from .disturbance import Disturbance, Tortured

MARKERS = ("", "INSERT INTO api_logs", "UPDATE api_logs", "UPDATE workflow_executions", "SELECT")


class D1Outage(Disturbance):
    """The process reaches D1 through a gateway, which refuses everything for up to `longest_s` seconds."""

    name: ClassVar[str] = "D1 outage"

    def __init__(self, gateway: Gateway, longest_s: float = 2.5) -> None:
        super().__init__()
        self._gateway = gateway
        self._longest_s = longest_s

    def environment(self) -> dict[str, str]:
        """Lead the process to the gateway."""
        return self._gateway.environment

    def strike(self, run: Tortured, child: Fork) -> None:
        """Let D1 go out, and come back later or when the process is dead."""
        self._gateway.refusing.clear()
        self._gateway.go_out(run.moments.choice(MARKERS), executed=run.moments.random() < 0.5)
        if self._gateway.refusing.wait(1.0):
            self.happened += 1
            child.ends_within(run.moments.uniform(0, self._longest_s))

    def relent(self) -> None:
        """D1 is well again."""
        self._gateway.come_back()
