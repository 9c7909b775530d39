"""Refit slots to what was decided of others: of each, select the take that was made of just that, or ask for one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence

from clash.calls.dry_run import PlannedCall
from clash.database.decisions import Decision
from clash.editing.made import Made
from clash.editing.retakes import follow, select
from clash.editing.slots import is_clip, is_keyframe, keyframe_of
from clash.editing.takes import Takes

Probe = Callable[[Takes], Awaitable[Mapping[str, PlannedCall]]]
"""Returns what a run with these takes would ask for, by slot: of each, the call of its selected take."""


async def refit(
    takes: Takes,
    before: tuple[Takes, Mapping[str, PlannedCall]],
    probe: Probe,
    made: Made,
    batch: str,
    *,
    decided: Sequence[str] = (),
    actor: str = "",
) -> list[Decision]:
    """Return the decisions about slots whose selected take was made of something else than what is selected now.

    `before`: the takes before, and what was asked for then; a slot that is asked for the very same is left alone.
    `takes` hold what was decided; `decided`: slots that a person has decided about. A slot that was never made needs no
    decision.
    """
    found: list[Decision] = []
    takes_before, asked_before = before
    for level in _levels([slot for slot in made.slots if slot not in decided]):
        after = await probe(takes.with_(_of_other_keyframes(level, takes_before, takes)))
        changed = [slot for slot in level if _is_changed(slot, takes, asked_before, after, made)]
        new = await _decisions(changed, takes, probe, made, batch, actor)
        takes = takes.with_(new)
        found += new
    return found


def _levels(slots: Sequence[str]) -> Iterator[list[str]]:
    """Slots that depend on no other first, then those that depend on these."""
    yield [slot for slot in slots if not is_keyframe(slot) and not is_clip(slot) and slot != "screenplay"]
    yield [slot for slot in slots if is_keyframe(slot)]
    yield [slot for slot in slots if is_clip(slot)]


def _of_other_keyframes(slots: Sequence[str], before: Takes, takes: Takes) -> list[Decision]:
    """Return the selected clips, each made of the keyframe that is selected now, where it is another one by now."""
    clips = ((slot, keyframe_of(slot)) for slot in slots if is_clip(slot))
    return [
        select(clip, takes.selected(clip).number, "", of_take=takes.selected(keyframe).number)
        for clip, keyframe in clips
        if takes.selected(keyframe).number != before.selected(keyframe).number
    ]


def _is_changed(
    slot: str, takes: Takes, before: Mapping[str, PlannedCall], after: Mapping[str, PlannedCall], made: Made
) -> bool:
    row, call = made.take(slot, takes.selected(slot).number), after.get(slot)
    if row is None or call is None:
        return False
    if slot in before and before[slot].keys[0] == call.keys[0]:
        return False
    return not call.is_answered_by(row)


async def _decisions(
    slots: Sequence[str], takes: Takes, probe: Probe, made: Made, batch: str, actor: str
) -> list[Decision]:
    """Return, for each slot, the newest take that answers what is asked for now, or one that is to be made."""
    candidates = {slot: list(reversed(list(made.takes(slot)))) for slot in slots}
    chosen: dict[str, Decision] = {}
    for place in range(max(map(len, candidates.values()), default=0)):
        tried = {
            slot: select(slot, numbers[place], batch, of_take=_keyframe_now(slot, takes), actor=actor)
            for slot, numbers in candidates.items()
            if slot not in chosen and place < len(numbers)
        }
        after = await probe(takes.with_(list(tried.values())))
        for slot, decision in tried.items():
            row, call = made.take(slot, decision.take), after.get(slot)
            if row is not None and call is not None and call.is_answered_by(row):
                chosen[slot] = decision
    return [chosen.get(slot) or follow(slot, takes, made, batch, actor) for slot in slots]


def _keyframe_now(slot: str, takes: Takes) -> int:
    return takes.selected(keyframe_of(slot)).number if is_clip(slot) else 0
