"""How the board is reached, and what only it shows: a run with its shots, and a run with its forks."""

from __future__ import annotations

from clash.documents.base import DamagedItem, Document, Item, Number, Text, Time, Usd
from clash.documents.calls import FailedPaidCall, UnknownCall
from clash.documents.checkpoints import CheckpointItem
from clash.documents.costs import SumsOfDay, SumsOfModel
from clash.documents.forks import ForkedFrom
from clash.documents.outcome import FilmItem
from clash.documents.run_list import LeaseItem
from clash.project_names import DEFAULT_PROJECT


class BoardStarted(Document):
    """`clash board`: the address of the board, and links that are each good once; of the login page with accounts."""

    url: str
    links: list[str]
    read_only: bool
    accounts: bool = False


class RunProblem(Item):
    """Why a run did not complete, and the command to type."""

    code: str
    message: Text | None
    hint: str


class StepOnBoard(Item):
    """A step: how many slots are done, when its first call began and its last one ended, and what its calls cost.

    `retaken` counts the calls of second and later takes.
    """

    step: str
    done: int
    total: int
    calls: int
    failed_calls: int
    reused_calls: int
    retaken: int
    cost_usd: Usd
    duration_ms: int
    began_at: Time | None
    ended_at: Time | None


class CardOnBoard(Item):
    """The picture of a character or a place. `sha256` is null before it is made."""

    slot: str
    name: Text
    sha256: str | None
    takes: int
    cost_usd: Usd


class SpokenWords(Item):
    """Words of a shot; `speaker` is empty where the story does not say who speaks, and for narration."""

    speaker: Text
    text: Text
    narrator: bool


class ShotOnBoard(Item):
    """A shot: its picture and clip (null before they are made), words, planned length in seconds, takes and cost."""

    slot: str
    label: Text | None
    number: int
    scene: Text
    action: Text
    words: list[SpokenWords]
    on_screen_text: Text
    """Words that the audience reads on the screen."""
    length_s: Number
    keyframe: str | None
    clip: str | None
    takes: int
    failed_calls: int
    cost_usd: Usd


class RunOnBoard(Document):
    """A run as the board shows it: how it stands, its steps, its cost, and one page of its shots.

    `shots_from` counts from 1. `waiting_for` is null, `budget`, `quota`, `review`, `unknown_call` or `failed_paid`.
    """

    thread_id: str
    project: str = DEFAULT_PROJECT
    status: str
    title: Text | None
    story: Text | None
    forked_from: ForkedFrom | None
    started_at: Time | None
    ended_at: Time | None
    updated_at: Time | None
    cost_usd: Usd
    estimate_usd: Usd | None
    reserved_usd: Usd
    budget_usd: Usd | None
    lease: LeaseItem | None
    waiting_for: str | None
    problem: RunProblem | None
    unknown: list[UnknownCall]
    failed_paid: list[FailedPaidCall]
    warnings: list[Text]
    steps: list[StepOnBoard]
    by_model: list[SumsOfModel]
    by_day: list[SumsOfDay]
    film: FilmItem | None
    contact_sheet: str | None
    cards: list[CardOnBoard]
    shots: list[ShotOnBoard]
    shots_from: int
    shots_total: int
    damaged: list[DamagedItem]


class FamilyMember(Item):
    """A run of a family of forks, with its checkpoints, newest first."""

    thread_id: str
    project: str = DEFAULT_PROJECT
    title: Text | None
    status: str
    forked_from: ForkedFrom | None
    checkpoints: list[CheckpointItem]


class RunFamily(Document):
    """A run, the runs that it was forked from, and all forks of these, each with its checkpoints."""

    thread_id: str
    runs: list[FamilyMember]
    damaged: list[DamagedItem]
