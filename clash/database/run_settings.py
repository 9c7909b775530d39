"""The recorded settings of a film's run: what `workflow_executions.settings` holds, as typed values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clash.database.row_checks import DamagedRowError
from clash.database.rows import RunRow
from clash.vocabulary import Kind

if TYPE_CHECKING:
    from clash.assets.store import StoredFile

_NEEDED = ("models", "size", "fps", "output", "reuse", "story", "reference_images")


@dataclass(frozen=True)
class Basis:
    """What a run's screenplay comes from beside its story: sha256 digests of files in the asset store, or "".

    `given`: this screenplay is shot, no writer is asked. Else, with `story` and `screenplay`: what is established; only
    rows of the run's story that are not in that story are written. `cast`: the cast that a person gave.
    """

    given: str = ""
    story: str = ""
    screenplay: str = ""
    cast: str = ""


@dataclass(frozen=True)
class ForkedFrom:
    """What a fork was begun with: a checkpoint of another run (None: it had none), and the step that came next.

    `request`: the digest of what was asked for. `kept_steps`: the steps of which calls are kept whatever the models
    are. `document` is what reports say of it.
    """

    thread_id: str
    checkpoint_id: str | None
    step: str | None
    request: str = ""
    kept_steps: tuple[str, ...] = ()

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> ForkedFrom:
        """Return what the recorded settings of a fork say."""
        return cls(
            str(document.get("thread_id", "")),
            document.get("checkpoint_id"),
            document.get("step"),
            str(document.get("request", "")),
            tuple(document.get("kept_steps", ())),
        )

    @property
    def document(self) -> dict[str, str | None]:
        """The run, the checkpoint and the step."""
        return {"thread_id": self.thread_id, "checkpoint_id": self.checkpoint_id, "step": self.step}


@dataclass(frozen=True)
class RunSettings:
    """The settings that a run was begun with; all that a resume must know."""

    models: Mapping[Kind, str]
    """`provider:model` of each kind."""
    size: str
    """`WIDTHxHEIGHT` in pixels."""
    fps: int
    output: Path
    """The folder in which the run's folder is."""
    reuse: bool
    """Whether what earlier runs made may serve again."""
    story: str
    """The sha256 of the story in the asset store."""
    reference_images: Mapping[str, StoredFile]
    """The story's own pictures in the asset store, by their names in the story."""
    story_choice: str | None
    """Which story of a table that holds several."""
    basis: Basis
    """What the screenplay comes from, if a writer does not write all of it."""
    screenplay_path: str | None
    """The file of the screenplay that was given."""
    review: tuple[str, ...]
    """The stages whose files need an approval before the run goes on."""
    forked_from: ForkedFrom | None
    """What the run was begun with, if it is a fork."""
    document: Mapping[str, Any]
    """The settings as they are stored, with the ones that only reports and comparisons read."""

    @classmethod
    def from_row(cls, run: RunRow) -> RunSettings:
        """Return the settings of a sound row. Raise `DamagedRowError` if one is missing that a film needs."""
        document = run.settings
        if missing := [name for name in _NEEDED if name not in document]:
            raise DamagedRowError(
                "workflow_executions", f"the run {run.run_id}", f"settings lacks {', '.join(missing)}"
            )
        return cls.of(document)

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> RunSettings:
        """Return the settings of a document that holds all of them, as `RunPlan.recorded` makes it."""
        given: Mapping[str, str] = document.get("screenplay") or {}
        established: Mapping[str, str] = document.get("established") or {}
        return cls(
            models=document["models"],
            size=document["size"],
            fps=document["fps"],
            output=Path(document["output"]),
            reuse=document["reuse"],
            story=document["story"],
            reference_images=document["reference_images"],
            story_choice=document.get("story_choice"),
            basis=Basis(
                given=given.get("sha256", ""),
                story=established.get("story", ""),
                screenplay=established.get("screenplay", ""),
                cast=str(document.get("cast", "")),
            ),
            screenplay_path=document.get("screenplay_path"),
            review=tuple(document.get("review", ())),
            forked_from=ForkedFrom.of(document["forked_from"]) if document.get("forked_from") else None,
            document=document,
        )
