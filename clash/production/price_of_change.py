"""The price of a change, before anything is made: the document of a dry run's calls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from clash.calls.content_key import references_of
from clash.calls.dry_run import PlannedCall, together
from clash.editing.slots import keyframe_of
from clash.money import to_micro, usd_text
from clash.providers.ports import VideoRequest


def counts_document(
    planned: Sequence[PlannedCall], once_approved: Sequence[PlannedCall] | None = None
) -> dict[str, int]:
    """Return how many of the planned calls are found, and how many are to be made. `once_approved`: see below."""
    to_make = sum(not call.found for call in planned)
    in_all = {} if once_approved is None else {"once_approved": sum(not call.found for call in once_approved)}
    return {"found": len(planned) - to_make, "to_make": to_make, **in_all}


def price_document(
    planned: Sequence[PlannedCall], *, exact_writer: bool, once_approved: Sequence[PlannedCall] | None = None
) -> dict[str, Any]:
    """Return the price of the planned calls that are to be made.

    `once_approved`: of a run under review, also the calls that it makes when all that waits is approved.

    `exact_writer`: what stands in the dry run for a screenplay that is still to be written is what will be written.
    """
    missing = [call for call in planned if not call.found]
    steps = dict.fromkeys(call.step for call in missing)
    return {
        "total_usd": usd_text(to_micro(together(missing))),
        "estimated": is_estimated(planned, exact_writer=exact_writer),
        "at_most": is_at_most(planned),
        **({} if once_approved is None else {"once_approved_usd": usd_text(to_micro(together(once_approved)))}),
        "by_step": [
            {
                "step": step,
                "calls": sum(call.step == step for call in missing),
                "cost_usd": usd_text(to_micro(together([call for call in missing if call.step == step]))),
            }
            for step in steps
        ],
    }


def budget_document(budget_micro: int | None, taken_micro: int, planned: Sequence[PlannedCall]) -> dict[str, Any]:
    """Return a run's budget, and whether the planned calls fit in it. `taken_micro`: what is spent and reserved."""
    cost = to_micro(together([call for call in planned if not call.found]))
    return {
        "budget_usd": None if budget_micro is None else usd_text(budget_micro),
        "within_budget": budget_micro is None or cost == 0 or taken_micro + cost <= budget_micro,
    }


def is_at_most(planned: Sequence[PlannedCall]) -> bool:
    """Return whether the bill may be less: what is made of a picture is found if that one comes out as it was."""
    missing = [call for call in planned if not call.found]
    again = {call.slot for call in missing if call.kind == "image" and call.task.take > 1}
    return any(call.quote.cost_usd and not again.isdisjoint(_pictures_of(call)) for call in missing)


def _pictures_of(call: PlannedCall) -> list[str]:
    """Return the slots of the pictures that a call refers to."""
    if isinstance(call.task.request, VideoRequest):
        return [keyframe_of(call.slot)]
    return [reference.role for reference in references_of(call.task.request)]


def is_estimated(planned: Sequence[PlannedCall], *, exact_writer: bool) -> bool:
    """Return whether the bill may differ: a quote is a guess, or a clip's length or the number of shots is."""
    missing = [call for call in planned if not call.found]
    if any(call.quote.estimated for call in missing):
        return True
    if not exact_writer and any(call.kind == "screenplay" for call in missing):
        return True
    # How long a line takes to say is known only afterwards, and so how long its clip is. A picture that is drawn for
    # nothing may come out as it was: then its clip is found.
    open_slots = {
        call.slot.partition("/")[0]
        for call in missing
        if call.kind == "speech" or (call.kind == "image" and not call.quote.cost_usd)
    }
    return any(call.kind == "video" and call.quote.cost_usd and call.slot in open_slots for call in planned)
