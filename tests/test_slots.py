"""Slots as people name them, what follows from a retake, and which takes are selected: without a database."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from clash.database.decisions import Decision
from clash.database.rows import CallRow
from clash.editing.made import Made, is_asked_for, keyframe_take
from clash.editing.retakes import Retake, followers_of, is_repeated, plan_retake, select
from clash.editing.slots import call_slots, in_film_order, kind_of_slot, people_slot, slot_named
from clash.editing.takes import Takes
from clash.story.screenplay import Screenplay, Shot
from clash.vocabulary import CallState, Decided, Precision


def call(slot: str, take: int = 1, *, state: CallState = CallState.SUCCEEDED, request: str = "{}") -> CallRow:
    """A recorded call; its file's digest names slot and take."""
    values: dict[str, Any] = dict.fromkeys(CallRow._fields, None)
    values |= {"id": 1, "run_id": "r", "slot": slot, "take": take, "state": state, "request": request}
    values |= {"asset_sha256": f"{slot}#{take}", "precision": Precision.EXACT, "key": ""}
    return CallRow(**values)


def finished(shots: int = 2) -> Made:
    """A film in which all is made."""
    parts = [f"shot:{n:03d}{part}" for n in range(1, shots + 1) for part in ("/keyframe", "/speech-1", "")]
    return Made([call(slot) for slot in ("screenplay", "character:mara", "location:pier", *parts)])


def film(shots: int = 2) -> Screenplay:
    """A film whose first shot has Mara in it, and whose others have nobody."""
    return Screenplay.model_validate(
        {
            "title": "t",
            "logline": "",
            "style": "",
            "language": "en",
            "characters": [{"slug": "mara", "name": "Mara"}],
            "locations": [{"slug": "pier", "name": "Pier"}],
            "scenes": [
                {
                    "number": "1",
                    "location": "pier",
                    "shots": [
                        Shot(
                            number=n,
                            location="pier",
                            characters=("mara",) if n == 1 else (),
                            action="a",
                            duration_s=1.0,
                        ).model_dump()
                        for n in range(1, shots + 1)
                    ],
                }
            ],
        }
    )


def told(decisions: list[Decision]) -> list[tuple[str, int, int, int]]:
    """Slot, take, variation and keyframe of each."""
    return [(row.slot, row.take, row.variation, row.of_take) for row in decisions]


def retaken(*slots: str, takes: Takes | None = None, made: Made | None = None, **wish: Any) -> list[Decision]:
    """The decisions of a retake."""
    return plan_retake(Retake(slots, **wish), takes or Takes(), made or finished(), film(), "b1")


def test_a_slot_is_named_as_people_do() -> None:
    """The clip is the call of the whole shot; a number may be typed without its zeros."""
    assert slot_named("shot:7/clip") == "shot:007/clip"
    assert call_slots("shot:007") == ("shot:007/keyframe", "shot:007")
    assert [call_slots(people_slot(slot)) for slot in ("shot:007", "shot:007/speech-1", "character:mara")] == [
        ("shot:007",),
        ("shot:007/speech-1",),
        ("character:mara",),
    ]
    assert [kind_of_slot(slot) for slot in ("shot:007", "shot:007/keyframe", "shot:007/speech-2", "location:a")] == [
        "video",
        "image",
        "speech",
        "image",
    ]


def test_slots_are_in_the_order_of_the_film() -> None:
    """Shot 2 comes before shot 10, line 2 before line 10, the screenplay first, the film last."""
    order = ["screenplay", "character:a", "location:a", "shot:002/keyframe", "shot:002/speech-2", "shot:002/speech-10"]
    order += ["shot:002", "shot:010/keyframe", "shot:1000", "film"]
    assert in_film_order(reversed(order)) == order


def test_the_takes_of_a_whole_shot_are_pairs() -> None:
    """Each new clip is made of the new keyframe that was asked for with it."""
    assert told(retaken("shot:001", count=2)) == [
        ("shot:001/keyframe", 2, 2, 0),
        ("shot:001/keyframe", 3, 3, 0),
        ("shot:001", 2, 2, 2),
        ("shot:001", 3, 3, 3),
    ]


def test_one_clip_follows_from_keyframes() -> None:
    """It is of the selected keyframe, which is the last; it repeats the variation that was selected."""
    decisions = retaken("shot:001/keyframe", count=3)
    assert told(decisions)[-1] == ("shot:001", 2, 1, 0)
    assert [is_asked_for(row) for row in decisions] == [True, True, True, False]


def test_what_a_card_is_in_follows_from_it() -> None:
    """The keyframes of the shots that refer to it, and their clips; no other shot."""
    assert [row.slot for row in retaken("character:mara")] == ["character:mara", "shot:001/keyframe", "shot:001"]
    assert followers_of(["location:pier"], finished(), film(), {}) == [
        "shot:001/keyframe",
        "shot:002/keyframe",
        "shot:001",
        "shot:002",
    ]


def test_what_was_never_made_does_not_follow() -> None:
    """A shot whose clip is not made yet makes its first one of the new keyframe."""
    made = Made([call("shot:001/keyframe")])
    assert [row.slot for row in retaken("shot:001/keyframe", made=made)] == ["shot:001/keyframe"]


def test_a_clip_that_follows_keeps_its_words() -> None:
    """What was asked for with the selected clip is asked for again, of the new keyframe."""
    takes = Takes([Decision("shot:001", Decided.RETAKE, 2, "b0", variation=2, note="slower", model="fal:x")])
    made = Made([call("shot:001/keyframe"), call("shot:001"), call("shot:001", 2)])
    follower = retaken("shot:001/keyframe", takes=takes, made=made)[-1]
    assert (follower.take, follower.variation, follower.note, follower.model) == (3, 2, "slower", "fal:x")


def test_the_same_retake_is_known_until_it_is_made() -> None:
    """Repeated while one of its takes is missing it is the same; with other words, or when all is made, it is not."""
    wish = Retake(("shot:001/clip",), note="n", count=2)
    takes = Takes(plan_retake(wish, Takes(), finished(), film(), "b1"))
    half = Made([call("shot:001"), call("shot:001", 2)])
    assert is_repeated(wish, takes, half)
    assert not is_repeated(replace(wish, note="other"), takes, half)
    assert not is_repeated(replace(wish, count=3), takes, half)
    assert not is_repeated(wish, takes, Made([call("shot:001", take) for take in (1, 2, 3)]))


@pytest.mark.parametrize(
    ("state", "pending"), [(CallState.FAILED, False), (CallState.UNKNOWN, True), (CallState.SUBMITTED, True)]
)
def test_a_retake_that_failed_is_not_waited_for(state: CallState, pending: bool) -> None:
    """What a model refused can be asked for with other words, or be given up."""
    takes = Takes(retaken("shot:001/clip"))
    assert finished().is_pending("shot:001", takes)
    assert Made([call("shot:001"), call("shot:001", 2, state=state)]).is_pending("shot:001", takes) is pending
    back = takes.with_([select("shot:001", 1, "b2")])
    assert not finished().is_pending("shot:001", back)


def test_a_clip_names_the_keyframe_it_was_made_of() -> None:
    """By the digest in its request; by what the retake said; by nothing where neither tells."""
    keyframes = {take: call("shot:001/keyframe", take) for take in (1, 2)}
    clip = call("shot:001", request='{"keyframe":{"role":"keyframe","sha256":"shot:001/keyframe#2"}}')
    assert keyframe_take(clip, keyframes) == 2
    assert keyframe_take(call("shot:001", request='{"cut": '), keyframes, of_take=1) == 1
    assert keyframe_take(call("shot:001"), keyframes) == 0


def test_a_clip_selected_alone_stays_of_its_keyframe() -> None:
    """The selection names the keyframe, whichever one is selected itself."""
    takes = Takes([*retaken("shot:001", count=2), select("shot:001", 2, "b2", of_take=2)])
    assert (takes.selected("shot:001").number, takes.selected("shot:001").of_take) == (2, 2)
    assert takes.selected("shot:001/keyframe").number == 3
