"""How a run ended: from the slots that failed, and what came from outside, to a status, an exit code and an error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from clash.calls.keeping import KeptElsewhere
from clash.errors import ClashError, ConflictError, FilmError
from clash.hints import command
from clash.money import usd_text
from clash.production.progress import about_slot
from clash.vocabulary import RunStatus

if TYPE_CHECKING:
    from clash.workflow.context import Failure

_SIGNALLED = 128
_PAUSING = (8, 6)
"""Exit codes of what only waits: for a person, for a bigger budget."""
_FIRST = ("content_refused", "no_credit")
"""Of several failures these are told: to go on without doing something about them fails again."""


@dataclass(frozen=True)
class Outcome:
    """`document` is the `error` of the JSON contract; None when all went well."""

    status: RunStatus
    exit_code: int
    document: dict[str, Any] | None
    waiting_for: str | None = None
    """What a paused run waits for: `budget`, `unknown_call`, `failed_paid` ..."""

    @property
    def code(self) -> str | None:
        """The error's code."""
        return self.document["code"] if self.document else None

    @property
    def message(self) -> str | None:
        """The error's message."""
        return self.document["message"] if self.document else None


def leading_failures(failures: Sequence[Failure]) -> list[Failure]:
    """The failures that decide how a run ended, the one that is told first."""
    if called_off := [failure for failure in failures if failure.code == "cancelled"]:
        return called_off
    code = _exit_code(failures)
    leading = [failure for failure in failures if failure.exit_code == code] or list(failures)
    rank = {word: place for place, word in enumerate(_FIRST)}
    return sorted(leading, key=lambda failure: rank.get(failure.code, len(rank)))


def outcome_of(
    thread_id: str, failures: Sequence[Failure], error: ClashError | None, remedies: Mapping[str, str] | None = None
) -> Outcome:
    """How the run stands. What came from outside a step outweighs what failed within one.

    A run that was cancelled stays so, whatever else happened to it until it had stopped. `remedies`: the hint for an
    error's code, where more is known of this run than the error knew.
    """
    remedies = remedies or {}
    if error is not None:
        document = _document(
            error.code,
            error.message,
            remedies.get(error.code) or _outer_hint(thread_id, error),
            error.retryable,
            list(error.slots),
        )
        return Outcome(
            RunStatus.PAUSED if error.exit_code > _SIGNALLED else RunStatus.FAILED, error.exit_code, document
        )
    if not failures:
        return Outcome(RunStatus.COMPLETED, 0, None)
    called_off = any(failure.code == "cancelled" for failure in failures)
    code, leading = _exit_code(failures), leading_failures(failures)
    slots = sorted({_asset_slot(slot) for failure in leading for slot in failure.slots})
    remedy = None if code > _SIGNALLED else remedies.get(leading[0].code)
    document = _document(
        leading[0].code,
        _message(leading, slots),
        remedy or (command("resume", thread_id) if code > _SIGNALLED else _hint(thread_id, leading[0], code)),
        any(failure.retryable for failure in leading),
        slots,
    )
    if called_off:
        return Outcome(RunStatus.CANCELLED, code, document)
    paused = code in _PAUSING or code > _SIGNALLED
    return Outcome(RunStatus.PAUSED if paused else RunStatus.FAILED, code, document, leading[0].waiting_for)


def with_kept_elsewhere(outcome: Outcome, kept: Sequence[KeptElsewhere]) -> Outcome:
    """Return the outcome with a count of the answers that are not in the asset store, for want of room there."""
    if not kept or outcome.document is None:
        return outcome
    folders = ", ".join(sorted({answer.folder for answer in kept}))
    paid = usd_text(sum(answer.cost_micro for answer in kept))
    answers = "1 answer is" if len(kept) == 1 else f"{len(kept)} answers are"
    message = f"{outcome.document['message']}; {answers} at risk (${paid}): kept in {folders} until there is room"
    return replace(outcome, document={**outcome.document, "message": message})


def _exit_code(failures: Sequence[Failure]) -> int:
    codes = [failure.exit_code for failure in failures]
    if stopped := [code for code in codes if code > _SIGNALLED]:
        return stopped[0]
    if any(failure.code == "cancelled" for failure in failures):
        return ClashError.exit_code
    for pausing in _PAUSING:
        if pausing in codes:
            return pausing
    return codes[0] if len(set(codes)) == 1 else 1


def _asset_slot(slot: str) -> str:
    """`shot:003` of the call `shot:003/keyframe`."""
    return slot.partition("/")[0]


def _message(leading: Sequence[Failure], slots: Sequence[str]) -> str:
    first = leading[0]
    if first.code in ("stopped", "cancelled"):
        return f"{first.code} with {len(slots)} left to make in {first.step}"
    about = about_slot(_asset_slot(first.slots[0]), first.message)
    if len(leading) == 1:
        return about
    return f"{len(slots)} {'wait' if first.exit_code in _PAUSING else 'failed'} in {first.step}; {about}"


def _hint(thread_id: str, failed: Failure | ClashError, code: int) -> str:
    """Return what to do, and the one command that goes on, with the flags of the remedy.

    A command stands between backquotes, or is all that the hint says.
    """
    if failed.code == FilmError.code and failed.slots:
        # To resume would cut the same clips once more.
        shots = " ".join(dict.fromkeys(map(_asset_slot, failed.slots)))
        return f"make another take of what is named, which also cuts the film: `{command('retake', thread_id)} {shots}`"
    if failed.remedy is not None:
        return failed.remedy.hint(command("resume", thread_id, *failed.remedy.action.split()))
    resume = command("resume", thread_id)
    if not failed.hint:
        return resume
    if code == ConflictError.exit_code:
        return failed.hint  # another process executes it: to go on here is what must not be done
    return f"{failed.hint}; then: `{resume}`"


def _outer_hint(thread_id: str, error: ClashError) -> str:
    """As `_hint`; but a resume does not always help after an error from outside, whose own hint then says so."""
    if error.hint and error.remedy is None:
        return error.hint
    return _hint(thread_id, error, error.exit_code)


def _document(code: str, message: str, hint: str, retryable: bool, slots: list[str]) -> dict[str, Any]:
    return {"code": code, "message": message, "hint": hint, "retryable": retryable, "slots": slots}
