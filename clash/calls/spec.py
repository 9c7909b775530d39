"""What a step wants made (`CallSpec`), and what it gets (`CallResult`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clash.providers.ports import Request


@dataclass(frozen=True)
class CallSpec:
    """What a step wants made.

    `slot` is the call's own, one a call (`shot:003`, `shot:003/keyframe`); the file is recorded under
    `asset_slot` and `asset_type` (`shot:003`, `keyframe`). `inspect` raises `ProviderError` for a whole file that the
    step cannot use: then the call has failed. What is once recorded as succeeded is served for ever.

    `take` is the number of the slot's take; `variation` is which of several answers to this very request it is, and
    part of the call's key (0: the take's number). `model` (`provider:model`) is asked instead of the run's. The file
    of the `selected` take is the run's for this slot; `reselect`: the run may have recorded another take's.

    `order`: of the calls that wait for one provider, the one with the lowest is sent first. The calls of a shot have
    its number, so that a shot is finished before the next one is begun, and money buys finished shots first.
    """

    step: str
    slot: str
    asset_type: str
    request: Request
    asset_slot: str = ""
    take: int = 1
    variation: int = 0
    model: str = ""
    selected: bool = True
    reselect: bool = False
    order: int = 0

    @property
    def key_take(self) -> int:
        """What stands for the take in the key of the call."""
        return self.variation or self.take

    inspect: Callable[[bytes], None] = lambda _: None


@dataclass(frozen=True)
class CallResult:
    """A file that a call made, now or before. `cost_micro` is what this run paid for it."""

    slot: str
    sha256: str
    media_type: str
    facts: Mapping[str, Any]
    path: Path
    reused: bool
    cost_micro: int
