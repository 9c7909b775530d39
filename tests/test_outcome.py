"""How a run ended: one status, one exit code and one error, from whatever failed and in whatever order."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from clash.errors import DO, Action, ClashError, ConflictError, DatabaseError, Remedy, SettingsError, StorageError
from clash.production.outcome import outcome_of
from clash.workflow.context import Failure


def failure(slot: str = "shot:003", **changes: Any) -> Failure:
    plain = {
        "step": "generate_shots",
        "slots": (slot,),
        "code": "overloaded",
        "message": "the model is overloaded",
        "hint": None,
        "exit_code": 1,
        "retryable": True,
    }
    return Failure(**{**plain, **changes})


STOPPED = failure(
    "shot:009", code="stopped", message="stopped before this was made", remedy=Remedy(Action.RESUME), exit_code=130
)
PERSON = failure(
    "shot:004",
    code="unknown_call",
    message="its answer never came back",
    exit_code=8,
    retryable=False,
    remedy=Remedy(Action.RETRY_UNKNOWN, f"look at the provider's own record of calls; {DO} makes it again"),
)
BUDGET = failure(
    "shot:005",
    code="budget",
    message="shot:005 would cost $2",
    exit_code=6,
    retryable=False,
    remedy=Remedy(Action.RAISE_BUDGET, f"raise the budget: {DO}"),
)
REFUSED = failure("shot:006", code="content_policy", message="no harbours", retryable=False)
CANCELLED = failure("shot:007", code="cancelled", message="the run t was cancelled")
LOST = failure(
    "shot:008", code="lease_lost", message="taken over", exit_code=5, retryable=False, hint="see who holds it"
)


def document(*failures: Failure, error: ClashError | None = None) -> dict[str, Any]:
    found = outcome_of("t", failures, error).document
    assert found is not None
    return found


def test_a_run_without_failures_is_completed() -> None:
    """Exit 0, no error."""
    outcome = outcome_of("t", [], None)
    assert (outcome.status, outcome.exit_code, outcome.document) == ("completed", 0, None)
    assert (outcome.code, outcome.message) == (None, None)


@pytest.mark.parametrize(
    ("failures", "status", "exit_code", "code"),
    [
        ([REFUSED], "failed", 1, "content_policy"),
        ([failure(), REFUSED], "failed", 1, None),
        ([failure(), PERSON], "paused", 8, "unknown_call"),
        ([failure(), BUDGET], "paused", 6, "budget"),
        ([BUDGET, PERSON], "paused", 8, "unknown_call"),
        ([failure(), BUDGET, PERSON, STOPPED], "paused", 130, "stopped"),
        ([failure("shot:009", code="stopped", exit_code=143)], "paused", 143, "stopped"),
        ([CANCELLED], "cancelled", 1, "cancelled"),
        ([LOST], "failed", 5, "lease_lost"),
    ],
)
def test_what_only_waits_pauses_a_run_and_what_failed_fails_it(
    failures: list[Failure], status: str, exit_code: int, code: str | None
) -> None:
    """A stop before a person before a budget before a failure, in whatever order they came."""
    for order in itertools.permutations(failures):
        outcome = outcome_of("t", list(order), None)
        assert (outcome.status, outcome.exit_code) == (status, exit_code)
        assert code in (None, outcome.code)


def test_the_error_names_each_slot_once_in_order() -> None:
    """The two calls of one shot are one slot; those that failed otherwise than the leading ones are not among them."""
    failures = [failure("shot:010"), failure("shot:002/keyframe"), failure("shot:002/speech-1"), failure("shot:002")]
    assert document(*failures)["slots"] == ["shot:002", "shot:010"]
    assert document(*failures, PERSON)["slots"] == ["shot:004"]


def test_the_message_tells_one_in_its_words_and_many_by_number() -> None:
    """A person reads what happened, not a list of three hundred."""
    assert document(failure())["message"] == "shot:003: the model is overloaded"
    many = document(*(failure(f"shot:{n:03d}") for n in range(1, 301)))["message"]
    assert many == "300 failed in generate_shots; shot:001: the model is overloaded"
    assert document(STOPPED)["message"] == "stopped with 1 left to make in generate_shots"
    assert document(BUDGET)["message"] == "shot:005 would cost $2"


@pytest.mark.parametrize(
    ("failed", "hint"),
    [
        (failure(), "clash resume t"),
        (failure(hint="wait a while"), "wait a while; then: `clash resume t`"),
        (STOPPED, "clash resume t"),
        (PERSON, "look at the provider's own record of calls; `clash resume --retry-unknown t` makes it again"),
        (BUDGET, "raise the budget: `clash resume --budget USD t`"),
        (LOST, "see who holds it"),
    ],
)
def test_the_hint_is_a_command_that_can_be_pasted(failed: Failure, hint: str) -> None:
    """With the flag that it needs; and none at all where another process is at work."""
    assert document(failed)["hint"] == hint


def test_a_thread_that_looks_like_a_flag_can_be_pasted_too() -> None:
    """`-x` is a valid id, and `clash resume -x` is none of its commands."""
    found = outcome_of("-x", [failure()], None).document
    assert found is not None
    assert found["hint"] == "clash resume -- -x"


def test_one_retryable_failure_makes_the_run_retryable() -> None:
    """Of those that lead; a script may try again."""
    assert document(REFUSED, failure())["retryable"] is True
    assert document(REFUSED)["retryable"] is False
    assert document(failure(), PERSON)["retryable"] is False


@pytest.mark.parametrize(
    ("error", "exit_code"),
    [
        (
            DatabaseError(
                "the disk is full",
                code="disk_full",
                retryable=True,
                remedy=Remedy(Action.RESUME, "make room and resume"),
            ),
            1,
        ),
        (ConflictError("taken over", code="lease_lost", hint="see who holds it"), 5),
        (SettingsError("no key", code="credentials", hint="set OPENAI_API_KEY"), 4),
        (StorageError("gone", slots=("shot:001",)), 1),
        (ClashError("KeyError: 'x'", code="internal"), 1),
    ],
)
def test_what_came_from_outside_outweighs_what_failed_within(error: ClashError, exit_code: int) -> None:
    """Its code, words and slots stand in the document, with a hint in any case."""
    outcome = outcome_of("t", [failure(), PERSON, STOPPED], error)
    assert (outcome.status, outcome.exit_code, outcome.code, outcome.message) == (
        "failed",
        exit_code,
        error.code,
        error.message,
    )
    found = document(error=error)
    assert found["slots"] == list(error.slots)
    assert found["retryable"] == error.retryable
    assert found["hint"]
    assert (error.hint or "resume").split()[0] in found["hint"]


def test_a_faulty_film_wants_other_takes() -> None:
    """To resume would cut the same clips again; the hint names a command for just the shots that are at fault."""
    faulty = failure(
        step="finalize",
        slots=("shot:004", "shot:011"),
        code="film",
        message="the film is faulty: shot:004 is still for 1.1 s; shot:011 is black for 2.0 s",
        retryable=False,
        remedy=Remedy(Action.RESUME, "make the shots named again"),
    )
    assert document(faulty)["hint"].endswith("`clash retake t shot:004 shot:011`")
