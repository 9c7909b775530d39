"""What steps may use: the ledger, the asset store, the film's format, and callbacks that report progress."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

from clash.assets import AssetStore
from clash.calls.spec import CallResult, CallSpec
from clash.database.decisions import FilmCut
from clash.database.run_settings import Basis, RunSettings
from clash.editing.takes import Takes
from clash.errors import Remedy
from clash.frame_size import parse_size
from clash.providers.ports import Kind
from clash.providers.voices import Person, VoiceIds

_LONGEST_SIDE = 3840


@dataclass(frozen=True)
class Format:
    """The film's format: pixels and frames a second; and what its clips have.

    `chain`: clips end on the keyframe of the next shot at the same place. `generate_audio`: clips have sound of their
    own.
    """

    width: int
    height: int
    fps: int
    chain: bool = False
    generate_audio: bool = False

    @property
    def still_size(self) -> tuple[int, int]:
        """The size of pictures: twice the film's, so that a camera can move in, but no side over 3,840 pixels."""
        scale = max(1.0, min(2.0, _LONGEST_SIDE / max(self.width, self.height)))
        return round(self.width * scale / 2) * 2, round(self.height * scale / 2) * 2


Captions = Literal["soft", "burned", "none"]
"""How the words are shown: as a track that players show, laid over the picture, or only in the file beside the film."""


@dataclass(frozen=True)
class Finish:
    """How the film is cut. `titles`: a title card at the beginning. `on_screen_text`: the story's words on the screen.

    `music`: "" for the composed score, "none" for none, else the sha256 of a file in the asset store, which is played
    `music_volume` decibels louder than the score.
    """

    captions: Captions = "soft"
    slate: bool = False
    titles: bool = False
    music: str = ""
    music_volume: float = 0.0
    on_screen_text: bool = True


def format_of(recorded: RunSettings) -> Format:
    """Return the picture's size and rate, from a run's recorded settings."""
    width, height = parse_size(recorded.size)
    document = recorded.document
    return Format(
        width, height, recorded.fps, bool(document.get("chain", False)), bool(document.get("generate_audio", False))
    )


def finish_of(recorded: RunSettings) -> Finish:
    """Return what is laid over the clips, from a run's recorded settings."""
    document = recorded.document
    return Finish(
        captions=document.get("captions", "soft"),
        slate=bool(document.get("slate", False)),
        titles=bool(document.get("titles", False)),
        music=str(document.get("music", "")),
        music_volume=float(document.get("music_volume", 0.0)),
        on_screen_text=bool(document.get("on_screen_text", True)),
    )


class CallLedger(Protocol):
    """Where calls go: the ledger, or its double in a dry run."""

    async def call(self, task: CallSpec) -> CallResult:
        """See `Ledger.call`."""
        ...

    def cast_voices(self, people: Sequence[Person]) -> VoiceIds:
        """See `Ledger.cast_voices`."""
        ...


@runtime_checkable
class GroupingLedger(Protocol):
    """A ledger that buys the calls of a shot together, where the budget does not suffice for all shots."""

    def together(
        self, order: int, plan: Callable[[CallLedger], Awaitable[object]]
    ) -> AbstractContextManager[CallLedger]:
        """See `Ledger.together`."""
        ...


@dataclass(frozen=True)
class FileRecord:
    """A file that a step made without a provider, to be recorded as an asset of the run."""

    step: str
    slot: str
    asset_type: str
    media_type: str
    sha256: str
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class Failure:
    """A slot that could not be made, as it stands in the interrupt and in the report."""

    step: str
    slots: tuple[str, ...]
    code: str
    message: str
    hint: str | None
    exit_code: int
    retryable: bool
    waiting_for: str | None = None
    remedy: Remedy | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON types. The remedy is in the hint, in words."""
        return {name: value for name, value in self.__dict__.items() if name != "remedy"} | {"slots": list(self.slots)}


@dataclass(frozen=True)
class StepContext:
    """Everything a step may use."""

    ledger: CallLedger
    assets: AssetStore
    format: Format
    folder: Path
    """Where the finished files get their names for people."""
    record: Callable[[Sequence[FileRecord]], Awaitable[None]]
    """Record files of the run, all in one transaction."""
    plan: Callable[[str, int], Awaitable[None]]
    """Say that a step begins, and how many things it is to make."""
    done: Callable[[str, str], None]
    """Say that one of them is made: step, slot."""
    failed: Callable[[Failure], None]
    check_stop: Callable[[], None]
    """Raises `StoppedError` when the process is being stopped."""
    basis: Basis = field(default_factory=Basis)
    """What the screenplay comes from beside the story."""
    takes: Takes = field(default_factory=Takes)
    """What people have decided about the slots."""
    finish: Finish = field(default_factory=Finish)
    """What is laid over the clips."""
    cuts: tuple[FilmCut, ...] = ()
    """The cuts of the film that there are."""
    record_cut: Callable[[FilmCut], Awaitable[None]] | None = None
    """Record another cut of the film."""
    follow_screenplay: Callable[[str, str], Awaitable[Takes]] | None = None
    """Given the digests of a screenplay and of the one that takes its place: decide what follows, return all takes."""
    saved_state: Callable[[], Mapping[str, Any]] = dict[str, Any]
    """The graph's state as this process found it: what another one sent to tasks that this one runs."""
    expect: Callable[[str, Mapping[Kind, int]], None] = lambda _, __: None
    """Say which calls a part of a step needs: step, how many of each kind."""
    review: frozenset[str] = frozenset()
    """The stages whose files need an approval before the run goes on."""
