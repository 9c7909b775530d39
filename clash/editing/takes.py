"""The takes of a run as people have decided: which are to be made, which is in the film, which files are approved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from clash.calls.spec import CallSpec
from clash.database.decisions import Decision
from clash.providers.ports import ImageRequest, Request, SpeechRequest, VideoRequest
from clash.vocabulary import Decided


@dataclass(frozen=True)
class Take:
    """One making of a slot. `number` counts from 1.

    `variation`: which of several answers to the same request. `of_take`: the take of the keyframe that a clip is made
    of; 0: the selected one. `note` is added to what the model is told, `prompt` replaces it; `model`: who is asked
    instead of the run's model.
    """

    number: int = 1
    variation: int = 1
    of_take: int = 0
    note: str = ""
    prompt: str = ""
    model: str = ""
    actor: str = ""


FIRST = Take()


class Takes:
    """The decisions of a run, as they were when they were read."""

    def __init__(self, decisions: Sequence[Decision] = ()) -> None:
        self.decisions = tuple(decisions)
        self._of_slot: dict[str, list[Decision]] = {}
        for decision in decisions:
            self._of_slot.setdefault(decision.slot, []).append(decision)

    @property
    def changes(self) -> int:
        """How many decisions there are that change the film: the run is up to date once it has applied as many."""
        return sum(decision.decision != Decided.APPROVE for decision in self.decisions)

    @property
    def slots(self) -> tuple[str, ...]:
        """The slots that have other takes than the first, or had."""
        return tuple(slot for slot in self._of_slot if self._newest(slot) is not None)

    def with_(self, decisions: Sequence[Decision]) -> Takes:
        """Return these takes with more decisions."""
        return Takes((*self.decisions, *decisions))

    def take(self, slot: str, number: int) -> Take:
        """Return a take of a slot by its number."""
        retakes = (row for row in self._of_slot.get(slot, ()) if row.decision == Decided.RETAKE and row.take == number)
        return next((_take_of(row) for row in retakes), replace(FIRST, number=number))

    def selected(self, slot: str) -> Take:
        """Return the take that is in the film."""
        newest = self._newest(slot)
        if newest is None:
            return FIRST
        take = self.take(slot, newest.take)
        # A clip that was selected alone: it stays the clip of its own keyframe.
        return replace(take, of_take=newest.of_take) if newest.of_take else take

    def to_make(self, slot: str) -> list[Take]:
        """Return the takes that the run must have: those asked for last, the selected one at the end."""
        rows = self.newest_retake(slot)
        return [_take_of(row) for row in rows] if rows else [self.selected(slot)]

    def newest_retake(self, slot: str) -> tuple[Decision, ...]:
        """Return the rows of the retake that was decided last, if nothing else was decided of the slot since."""
        newest = self._newest(slot)
        if newest is None or newest.decision != Decided.RETAKE:
            return ()
        rows = self._of_slot[slot]
        return tuple(row for row in rows if row.decision == Decided.RETAKE and row.batch == newest.batch)

    def numbers(self, slot: str) -> list[int]:
        """Return the numbers of the takes that were asked for, the first included."""
        return [1, *(row.take for row in self._of_slot.get(slot, ()) if row.decision == Decided.RETAKE)]

    def verdict(self, slot: str, sha256: str) -> Decision | None:
        """Return the newest verdict about this very file of a slot: an approval, or the retake that rejects it."""
        about = (row for row in reversed(self._of_slot.get(slot, ())) if row.judged_sha256 == sha256 != "")
        return next((row for row in about if row.decision != Decided.SELECT), None)

    def is_approved(self, slot: str, sha256: str) -> bool:
        """Return whether this very file of a slot is approved."""
        verdict = self.verdict(slot, sha256)
        return verdict is not None and verdict.decision == Decided.APPROVE

    def selection(self) -> Mapping[str, int]:
        """Return the selected take of every slot that has another than its first."""
        return {slot: take.number for slot in self.slots if (take := self.selected(slot)).number != 1}

    def batch_of(self, slot: str) -> str:
        """Return the batch of the newest decision that changed a slot; "" if there is none."""
        newest = self._newest(slot)
        return newest.batch if newest is not None else ""

    def _newest(self, slot: str) -> Decision | None:
        rows = self._of_slot.get(slot, ())
        return next((row for row in reversed(rows) if row.decision != Decided.APPROVE), None)


def _take_of(row: Decision) -> Take:
    return Take(row.take, row.variation, row.of_take, row.note, row.prompt, row.model, row.actor)


def spec_of_take(spec: CallSpec, take: Take, *, selected: bool, recorded: bool = True) -> CallSpec:
    """Return the call that makes this take. `recorded`: whether the run has decisions about the slot."""
    return replace(
        spec,
        take=take.number,
        variation=take.variation,
        model=take.model,
        selected=selected,
        reselect=selected and recorded,
        request=told(spec.request, take.note, take.prompt),
    )


def told(request: Request, note: str = "", prompt: str = "") -> Request:
    """Return the request with a note added to what the model is told, or with a prompt in its place."""
    if not note and not prompt:
        return request
    if isinstance(request, ImageRequest | VideoRequest):
        return request.model_copy(update={"prompt": _joined(prompt or request.prompt, note)})
    if isinstance(request, SpeechRequest):
        return request.model_copy(update={"voice": _joined(request.voice, note, between="; ")})
    return request.model_copy(update={"note": _joined(prompt, note)})


def _joined(text: str, note: str, *, between: str = "\n") -> str:
    return between.join(part.strip() for part in (text, note) if part.strip())
