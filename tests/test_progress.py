"""What a person sees while a film is made: counts that are true also after a resume, each warning once."""

from __future__ import annotations

import signal
import threading
from decimal import Decimal

import pytest

from clash.errors import StoppedError
from clash.production.progress import Event, Progress
from clash.production.stopping import StopSignal


def told(*, cost_micro: int = 0) -> tuple[Progress, list[Event]]:
    events: list[Event] = []
    return Progress("t", events.append, cost_micro=cost_micro), events


def test_a_step_is_told_from_its_beginning_to_its_end() -> None:
    """0/3, 1/3, 2/3, 3/3, with the thread's id and the totals in every event."""
    progress, events = told()
    progress.begin("generate_shots", 3)
    for number in (3, 1, 2):
        progress.finish("generate_shots", f"shot:{number:03d}")
    assert [(event.kind, event.message) for event in events] == [
        ("step_started", "generate_shots: 0/3 shots"),
        ("progress", "generate_shots: 1/3 shots"),
        ("progress", "generate_shots: 2/3 shots"),
        ("step_finished", "generate_shots: 3/3 shots"),
    ]
    assert [(event.done, event.total, event.thread_id) for event in events] == [(n, 3, "t") for n in range(4)]


def test_one_thing_counts_once() -> None:
    """A slot that is told twice is one slot, and is told of once: a step that is entered again finds it."""
    progress, events = told()
    progress.begin("generate_assets", 2)
    progress.finish("generate_assets", "character:mara")
    progress.finish("generate_assets", "character:mara")
    assert [event.done for event in events] == [0, 1]


def test_a_step_of_one_thing_is_started_and_done() -> None:
    """No "1/1" where there is nothing to count."""
    progress, events = told()
    progress.begin("generate_screenplay", 1)
    progress.finish("generate_screenplay", "screenplay")
    assert [event.message for event in events] == ["generate_screenplay: started", "generate_screenplay: done"]


def test_a_step_of_nothing_is_finished_at_once() -> None:
    """A story that names nobody and no place has no cards to draw."""
    progress, events = told()
    progress.begin("generate_assets", 0)
    assert [event.kind for event in events] == ["step_started", "step_finished"]
    assert events[1].message == "generate_assets: nothing to make"


def test_a_resume_counts_on_from_what_was_made() -> None:
    """Of 12 shots 10 are there: the first one made here is the eleventh, whether its step begins again or not."""
    for begins in (False, True):
        progress, events = told(cost_micro=1_500_000)
        made = {"generate_shots": {f"shot:{n:03d}" for n in range(10)}}
        progress.recall(made, {"generate_shots": 12})
        if begins:
            progress.begin("generate_shots", 12)
        progress.finish("generate_shots", "shot:010")
        progress.finish("generate_shots", "shot:011")
        assert [(event.done, event.total) for event in events[-2:]] == [(11, 12), (12, 12)]
        assert events[-1].kind == "step_finished"
        assert events[-1].cost_usd == Decimal("1.5")


def test_what_is_told_of_an_unknown_step_breaks_nothing() -> None:
    """A run begun by an older version may know no totals."""
    progress, events = told()
    progress.finish("generate_shots", "shot:001")
    assert (events[0].done, events[0].total) == (1, 1)


def test_the_cost_so_far_stands_in_every_event() -> None:
    """Exactly, to the micro-dollar."""
    progress, events = told(cost_micro=1)
    progress.spend(99_999)
    progress.note("x")
    assert events[0].cost_usd == Decimal("0.1")


def test_time_left_is_told_once_something_was_made_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """From the pace of this process alone: what earlier ones made says nothing of it."""
    now = [100.0]
    monkeypatch.setattr("clash.production.progress.time.monotonic", lambda: now[0])
    progress, events = told()
    progress.recall({"generate_shots": {"shot:001"}}, {"generate_shots": 4})
    progress.begin("generate_shots", 4)
    now[0] = 110.0
    progress.finish("generate_shots", "shot:002")
    now[0] = 120.0
    progress.finish("generate_shots", "shot:003")
    progress.finish("generate_shots", "shot:004")
    assert [event.remaining_s for event in events] == [None, 20.0, 10.0, 0.0]
    assert [event.elapsed_s for event in events] == [0.0, 10.0, 20.0, 20.0]


def test_a_warning_is_told_once() -> None:
    """A film of 300 shots without a voice has one warning, not 300."""
    progress, events = told()
    for _ in range(300):
        progress.warn("no voice for zh: timed silence")
    progress.warn("another")
    assert [event.message for event in events] == ["no voice for zh: timed silence", "another"]


def test_a_failure_names_its_slots_once_and_keeps_its_words() -> None:
    """Also words that look like markup."""
    progress, events = told()
    progress.fail("generate_shots", ("shot:003",), "the model is overloaded [/b]")
    progress.fail("generate_shots", ("shot:003",), "shot:003 would cost $2")
    assert [event.message for event in events] == [
        "shot:003: the model is overloaded [/b]",
        "shot:003 would cost $2",
    ]
    assert {event.kind for event in events} == {"slot_failed"}


def test_a_stop_is_heard_from_any_thread_and_says_which_signal() -> None:
    """Before it nothing happens; after it every check raises, with exit code 128 + signal."""
    stop = StopSignal()
    stop.check()
    assert not stop.requested
    thread = threading.Thread(target=stop.request, args=(signal.SIGTERM,))
    thread.start()
    thread.join()
    for _ in range(2):
        with pytest.raises(StoppedError) as stopped:
            stop.check()
        assert stopped.value.exit_code == 143
    assert stop.requested
    assert StoppedError.exit_code == 130
