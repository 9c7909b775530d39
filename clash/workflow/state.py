"""The graph's state and the slices that fan-out tasks see: plain JSON types, names and content hashes, never bytes.

Every checkpoint holds the whole state, so what is big (the story, the screenplay, pictures) stands in the asset
store and the state names it by its sha256.
"""

from __future__ import annotations

from typing import Annotated, Any, NotRequired, TypedDict, TypeVar

from clash.assets.store import StoredFile as StoredFile
from clash.vocabulary import FILM_WORKFLOW

T = TypeVar("T")

WORKFLOW = FILM_WORKFLOW
STEPS = ("initialize", "generate_screenplay", "generate_assets", "generate_shots", "finalize")
GRAPH_VERSION = 1
"""Counted up when a run begun with the graph as it was cannot go on with the graph as it is."""


class Spoken(TypedDict):
    """Words of a shot: `start_s` to `end_s` in seconds from the shot's start; `file` holds their sound."""

    file: StoredFile
    start_s: float
    end_s: float
    speaker: str
    text: str


class FinishedShot(TypedDict):
    """A shot as the cut needs it; its length is in frames."""

    clip: StoredFile
    keyframe: StoredFile
    frames: int
    words: list[Spoken]
    has_sound: NotRequired[bool]
    """Whether sound of the clip's own was asked for, and is there."""


class FinishedFilm(TypedDict):
    """The film that passed its inspection."""

    sha256: str
    duration_s: float
    frames: int


def _together(old: dict[str, T], new: dict[str, T]) -> dict[str, T]:
    """Return the slots of both; the newer value of a slot that both have."""
    return old | new


class ProductionState(TypedDict):
    """What the five steps pass on; a key is there once its step is done. Slots (`shot:003`) are the maps' keys.

    `edits`: how many decisions about takes the run has applied (`Takes.changes`); 0 where it is missing.
    """

    story: str
    reference_images: dict[str, StoredFile]
    screenplay: str
    cards: Annotated[dict[str, StoredFile], _together]
    shots: Annotated[dict[str, FinishedShot], _together]
    film: FinishedFilm
    edits: int


class CardTask(TypedDict):
    """One character or location to be drawn; `subject` is its value from the screenplay."""

    slot: str
    style: str
    subject: dict[str, Any]


class Speaker(TypedDict):
    """Who says a line, and how."""

    slug: str
    voice: str
    voice_ids: NotRequired[dict[str, str]]
    """By language: the voice that the provider chose for the film."""


class ShotSlot(TypedDict):
    """The slot of a shot to be made, which is all that the state holds of it: a checkpoint holds all of them."""

    slot: str


class ShotTask(TypedDict):
    """One shot to be made, with what it refers to. The states of older clashes hold these whole.

    `ends_on`: the shot whose keyframe its clip ends on.
    """

    slot: str
    style: str
    language: str
    scene: str
    shot: dict[str, Any]
    place: dict[str, Any]
    cast: list[dict[str, Any]]
    references: list[dict[str, str]]
    speakers: dict[str, Speaker]
    ends_on: NotRequired[ShotTask]
