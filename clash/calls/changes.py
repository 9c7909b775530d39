"""What a run is told of its calls as they go: reserved, settled, failed, unknown, reused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from clash.providers.ports import Kind

State = Literal["reserved", "settled", "failed", "unknown", "reused"]


@dataclass(frozen=True)
class CallChange:
    """A call that is now in another state. Each is told after it is stored.

    `cost_micro`: what this change adds to what the run has spent. `call`: the call's idempotency key, the same for all
    that is told of it.
    """

    call: str
    state: State
    step: str
    slot: str
    take: int
    kind: Kind
    service: str
    model: str
    quoted_micro: int = 0
    cost_micro: int = 0
    duration_ms: int | None = None
    error: str | None = None
