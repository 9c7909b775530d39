"""Plan a retake: the takes that a person asks for, and those that follow from them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from clash.database.decisions import Decision
from clash.editing.made import Made, is_asked_for
from clash.editing.slots import call_slots, is_card, is_clip, keyframe_of, shot_of, shots_with
from clash.editing.takes import Takes
from clash.story.screenplay import Screenplay
from clash.vocabulary import Decided


@dataclass(frozen=True)
class Retake:
    """What a person asks for. `slots` as people name them; `models`: by slot of a call, what is asked instead.

    `note` is added to what the model is told, `prompt` replaces it. `count`: how many takes of each slot.
    `judged`: by slot of a call, the sha256 of the file that is rejected.
    """

    slots: tuple[str, ...]
    note: str = ""
    prompt: str = ""
    count: int = 1
    models: Mapping[str, str] = field(default_factory=dict[str, str])
    judged: Mapping[str, str] = field(default_factory=dict[str, str])
    actor: str = ""

    @property
    def call_slots(self) -> tuple[str, ...]:
        """The slots of the calls, each once, a keyframe before the clip of it."""
        return tuple(dict.fromkeys(part for slot in self.slots for part in call_slots(slot)))

    @property
    def wishes(self) -> Counter[tuple[str, str, str, str]]:
        """What is asked for, to be compared with what was asked for before."""
        return Counter(
            {(slot, self.note, self.prompt, self.models.get(slot, "")): self.count for slot in self.call_slots}
        )


def plan_retake(
    retake: Retake,
    takes: Takes,
    made: Made,
    screenplay: Screenplay | None,
    batch: str,
    endings: Mapping[str, Sequence[str]] | None = None,
) -> list[Decision]:
    """Return the decisions of a retake: what is asked for, then what follows from it. All are of one batch.

    `endings`: by keyframe, the clips that end on it. The takes of a whole shot (`shot:007`) are pairs: the n-th new
    clip is made of the n-th new keyframe.
    """
    planned: list[Decision] = []
    first: dict[str, int] = {}
    for slot in retake.call_slots:
        number = first[slot] = made.next_number(slot, takes)
        keyframe = first.get(keyframe_of(slot), 0) if _is_pair(slot, retake) else 0
        planned += [
            Decision(
                slot=slot,
                decision=Decided.RETAKE,
                take=number + place,
                variation=number + place,
                of_take=keyframe + place if keyframe else 0,
                judged_sha256=retake.judged.get(slot, ""),
                note=retake.note,
                prompt=retake.prompt,
                model=retake.models.get(slot, ""),
                batch=batch,
                actor=retake.actor,
            )
            for place in range(retake.count)
        ]
    followers = followers_of(retake.call_slots, made, screenplay, endings or {})
    return planned + [follow(slot, takes, made, batch, retake.actor) for slot in followers]


def _is_pair(slot: str, retake: Retake) -> bool:
    return is_clip(slot) and slot in retake.slots


def followers_of(
    slots: Sequence[str], made: Made, screenplay: Screenplay | None, endings: Mapping[str, Sequence[str]]
) -> list[str]:
    """Return the slots that were made and depend on one of these: the keyframes of a card, the clip of a shot's parts.

    A clip depends on the keyframe that it ends on, too (`endings`). Slots that are not made yet are made of what is
    selected then.
    """
    shots: dict[str, None] = {}
    keyframes: dict[str, None] = {}
    for slot in slots:
        if is_card(slot) and screenplay is not None:
            for shot in shots_with(slot, screenplay):
                keyframes[keyframe_of(shot)] = shots[shot] = None
        elif not is_clip(slot) and (shot := shot_of(slot)):
            shots[shot] = None
    for keyframe in (*keyframes, *slots):
        shots.update(dict.fromkeys(endings.get(keyframe, ())))
    return [slot for slot in (*keyframes, *shots) if slot not in slots and made.is_made(slot)]


def follow(slot: str, takes: Takes, made: Made, batch: str, actor: str = "") -> Decision:
    """Return the take of a slot that follows from another retake: the selected one once more, of what is selected then.

    It is the same variation: if nothing of its request changed, the ledger finds the file that there is.
    """
    selected = takes.selected(slot)
    return Decision(
        slot=slot,
        decision=Decided.RETAKE,
        take=made.next_number(slot, takes),
        variation=selected.variation,
        note=selected.note,
        prompt=selected.prompt,
        model=selected.model,
        batch=batch,
        actor=actor,
    )


def is_repeated(retake: Retake, takes: Takes, made: Made) -> bool:
    """Return whether just this was asked for before, in one command, and is not made yet."""
    rows = [row for slot in retake.call_slots for row in made.unmade(slot, takes)]
    batches = {row.batch for row in rows}
    if len(batches) != 1:
        return False
    asked = [row for row in takes.decisions if row.batch in batches and is_asked_for(row)]
    return Counter((row.slot, row.note, row.prompt, row.model) for row in asked) == retake.wishes


def select(slot: str, take: int, batch: str, *, of_take: int = 0, actor: str = "") -> Decision:
    """Return the decision that this take is in the film. `of_take`: the take of the keyframe that a clip is made of."""
    return Decision(slot=slot, decision=Decided.SELECT, take=take, of_take=of_take, batch=batch, actor=actor)


def pending_slots(decisions: Sequence[Decision], takes: Takes, made: Made) -> list[str]:
    """Return the slots of decisions whose retake is still to be made: they cannot be decided about again yet."""
    return [slot for slot in dict.fromkeys(row.slot for row in decisions) if made.is_pending(slot, takes)]
