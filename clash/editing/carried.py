"""What a fork takes over of the decisions about the slots of the run that it begins with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from clash.database.decisions import Decision
from clash.editing.takes import Takes
from clash.vocabulary import Decided


def decided_by(decisions: Sequence[Decision], changes: int | None) -> list[Decision]:
    """Return the decisions that a run had applied when it had applied so many changes; all if `changes` is None."""
    if changes is None:
        return list(decisions)
    found: list[Decision] = []
    for decision in decisions:
        if decision.decision != Decided.APPROVE:
            if not changes:
                break
            changes -= 1
        found.append(decision)
    return found


def carried(decisions: Sequence[Decision], slots: Mapping[str, str], *, batch: str) -> list[Decision]:
    """Return the decisions about these slots, each under the slot that it has afterwards.

    `slots`: slot of a shot or a card to its slot afterwards; decisions about others are left behind. Of each slot only
    the selected take is to be made again: the last rows, of this `batch`, select it.
    """
    found = [
        replace(decision, slot=slot)
        for decision in decisions
        if (slot := _afterwards(decision.slot, slots)) is not None
    ]
    takes = Takes(found)
    asked = [slot for slot in takes.slots if len(takes.to_make(slot)) > 1]
    return [*found, *(Decision(slot, Decided.SELECT, takes.selected(slot).number, batch) for slot in asked)]


def _afterwards(slot: str, slots: Mapping[str, str]) -> str | None:
    """`shot:008/keyframe` for `shot:007/keyframe`, where shot 7 is shot 8 afterwards."""
    whole, slash, part = slot.partition("/")
    return None if whole not in slots else f"{slots[whole]}{slash}{part}"
