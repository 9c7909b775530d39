"""What a checkpoint says of itself: which step made it and which steps come next.

Read from LangGraph's own checkpoint (langgraph 1.2: a node that is due has a channel `branch:to:<node>`, a `Send`
that is due stands in `__pregel_tasks`, an input that is not yet taken in stands in `__start__`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from clash.clock import from_text, to_text

_DUE = "branch:to:"
_SENDS = "__pregel_tasks"
_INPUT = "__start__"


class CheckpointFacts(NamedTuple):
    """The facts of one checkpoint. `created_at` is ISO 8601 UTC; `next_steps` has one name a task."""

    checkpoint_id: str
    created_at: str
    source: str
    step_index: int
    step_name: str
    next_steps: tuple[str, ...]


def next_steps(checkpoint: Mapping[str, Any]) -> tuple[str, ...]:
    """The nodes that are due, one name a task, sorted."""
    values: Mapping[str, Any] = checkpoint["channel_values"]
    due = [name.removeprefix(_DUE) for name in values if name.startswith(_DUE)]
    due += [str(send.node) for send in values.get(_SENDS) or ()]
    return ("start",) if _INPUT in values and not due else tuple(sorted(due))


def step_name(source: str, due_before: Sequence[str]) -> str:
    """The name of what made a checkpoint: the nodes that were due before it, or how it came otherwise."""
    if source != "loop":
        return source
    return ", ".join(sorted(set(due_before))) or "start"


def facts_of(checkpoint: Mapping[str, Any], metadata: Mapping[str, Any], due_before: Sequence[str]) -> CheckpointFacts:
    """The facts of a checkpoint as the saver holds it. `due_before`: `next_steps` of its parent."""
    source = str(metadata.get("source", ""))
    return CheckpointFacts(
        checkpoint_id=str(checkpoint["id"]),
        created_at=to_text(from_text(str(checkpoint["ts"]))),
        source=source,
        step_index=int(metadata.get("step", 0)),
        step_name=step_name(source, due_before),
        next_steps=next_steps(checkpoint),
    )
