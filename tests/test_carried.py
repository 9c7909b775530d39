"""What a fork takes over of the decisions about takes: in the slots of now, and no take is made twice."""

from __future__ import annotations

from clash.database.decisions import Decision
from clash.editing.carried import carried, decided_by
from clash.editing.takes import Takes
from clash.vocabulary import Decided

A, B, C = "1" * 64, "2" * 64, "3" * 64


def test_decisions_move_with_their_shots() -> None:
    """A clip, a keyframe and a line of shot 7 are those of shot 8 now; shot 9 is gone, and a card stays."""
    before = [
        Decision("shot:007", Decided.RETAKE, 2, "b1", of_take=2),
        Decision("shot:007/keyframe", Decided.RETAKE, 2, "b1", note="closer"),
        Decision("shot:007/speech-1", Decided.APPROVE, 1, "b2", judged_sha256=A),
        Decision("shot:009", Decided.RETAKE, 2, "b3"),
        Decision("character:mara", Decided.APPROVE, 1, "b4", judged_sha256=B),
    ]
    after = carried(before, {"shot:007": "shot:008", "character:mara": "character:mara"}, batch="fork")
    assert [(one.slot, one.decision, one.take) for one in after] == [
        ("shot:008", Decided.RETAKE, 2),
        ("shot:008/keyframe", Decided.RETAKE, 2),
        ("shot:008/speech-1", Decided.APPROVE, 1),
        ("character:mara", Decided.APPROVE, 1),
    ]
    takes = Takes(after)
    assert takes.selected("shot:008").of_take == 2
    assert takes.selected("shot:008/keyframe").note == "closer"
    assert takes.is_approved("character:mara", B)
    assert not takes.is_approved("character:mara", C)


def test_of_several_takes_only_the_selected_one_is_made() -> None:
    """Three were asked for together, and the last is in the film: the fork makes that one, if any."""
    three = [Decision("shot:001", Decided.RETAKE, number, "b1") for number in (2, 3, 4)]
    after = Takes(carried(three, {"shot:001": "shot:002"}, batch="fork"))
    assert [take.number for take in after.to_make("shot:002")] == [4]
    assert after.selected("shot:002").number == 4
    assert after.numbers("shot:002") == [1, 2, 3, 4], "the others can still be selected"


def test_a_checkpoint_knows_what_was_decided_before_it() -> None:
    """As many changes as its state has applied; approvals do not count."""
    decisions = [
        Decision("shot:001", Decided.RETAKE, 2, "b1"),
        Decision("shot:002", Decided.APPROVE, 1, "b2", judged_sha256=A),
        Decision("shot:003", Decided.RETAKE, 2, "b3"),
    ]
    assert decided_by(decisions, 0) == []
    assert decided_by(decisions, 1) == decisions[:2]
    assert decided_by(decisions, 2) == decided_by(decisions, None) == decisions
