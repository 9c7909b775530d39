"""What is different: `clash runs diff` and `clash checkpoints diff`."""

from __future__ import annotations

from typing import Any, Literal

from clash.documents.base import DamagedItem, Document, Item, Text, Usd


class FieldDifference(Item):
    """A field in which the two differ, with the value that it has in each."""

    field: str
    a: Any
    b: Any


class ShotDifference(Item):
    """A shot of both: `a` and `b` are its slots; None where it is not there. `fields`: what changed in it.

    `a_label` and `b_label`: its labels in the stories' tables, such as `1A`.
    """

    state: Literal["kept", "moved", "changed", "added", "removed"]
    a: str | None
    b: str | None
    a_label: Text | None = None
    b_label: Text | None = None
    fields: list[FieldDifference]


class CastDifference(Item):
    """A character or a location that is not the same in both."""

    state: Literal["changed", "added", "removed"]
    slot: str
    fields: list[FieldDifference]


class TakeDifference(Item):
    """A slot of which the two films hold different takes. `a_slot` and `b_slot`: its name in each."""

    a_slot: str
    b_slot: str
    a_take: int
    b_take: int


class CostDifference(Item):
    """What each of the two has paid."""

    a_usd: Usd
    b_usd: Usd


class RunsDifference(Document):
    """`clash runs diff`: what is different between two runs, shot by shot, and in their settings, takes and cost."""

    a: str
    b: str
    shots: list[ShotDifference]
    cast: list[CastDifference]
    screenplay: list[FieldDifference]
    settings: list[FieldDifference]
    takes: list[TakeDifference]
    cost: CostDifference
    warnings: list[Text]
    damaged: list[DamagedItem]


class ValueDifference(Item):
    """A value of the state that is not the same in both. `slot`: where `key` holds one value per slot."""

    state: Literal["changed", "added", "removed"]
    key: str
    slot: str | None
    a: Any
    b: Any


class CheckpointsDifference(Document):
    """`clash checkpoints diff`: what is different between the states of two checkpoints, by keys and slots."""

    thread_id: str
    a: str
    b: str
    items: list[ValueDifference]
    next: FieldDifference
