"""Read from the database what a run has made: its screenplay, its shots with their takes, and how the film is cut."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from clash.assets import AssetStore
from clash.config import Settings
from clash.database import reading
from clash.database.decisions import decisions_of
from clash.database.port import Database
from clash.database.rows import RunRow
from clash.database.run_settings import RunSettings
from clash.editing.takes import Takes
from clash.errors import NotFoundError
from clash.hints import command
from clash.reports.rows import Damaged, read
from clash.reports.screenplays import screenplay_in
from clash.reports.shot_labels import ShotLabels, read_labels
from clash.story.screenplay import Screenplay, Shot, shot_slot
from clash.vocabulary import RunStatus
from clash.workflow.context import Finish, Format, finish_of, format_of
from clash.workflow.state import WORKFLOW, FinishedShot, StoredFile


@dataclass(frozen=True)
class TakeFile:
    """A clip that was made for a shot, by the number of its take."""

    number: int
    file: StoredFile


@dataclass(frozen=True)
class Film:
    """All that is exported of a run.

    `finished`: what was made of each shot, by slot. `cut`: the sha256 of the film; "" if it is not cut yet.
    """

    run: RunRow
    format: Format
    finish: Finish
    screenplay: Screenplay
    labels: ShotLabels
    """The labels that the story's table gives the shots."""
    finished: Mapping[str, FinishedShot]
    takes: Mapping[str, Sequence[TakeFile]]
    cut: str
    pictures: Mapping[str, StoredFile]
    """The story's own pictures, by their names in the story."""
    warnings: tuple[str, ...]
    damaged: Sequence[Mapping[str, Any]]

    @property
    def shots(self) -> list[tuple[Shot, FinishedShot | None]]:
        """Every shot in order, with what was made of it."""
        return [(shot, self.finished.get(shot_slot(shot.number))) for shot in self.screenplay.shots]

    @property
    def is_whole(self) -> bool:
        """Whether every shot is made."""
        return all(done is not None for _, done in self.shots)


async def collect(settings: Settings, assets: AssetStore, thread_id: str) -> Film:
    """Return what a run has made. Raises `NotFoundError`, also for a run without a screenplay, and `StorageError`."""
    run, rows, calls, decisions, state = await read(
        settings,
        lambda database: asyncio.gather(
            reading.run_row(database, thread_id),
            reading.asset_rows(database, thread_id),
            reading.takes_of_calls(database, thread_id),
            decisions_of(database, thread_id),
            _newest_state(database, thread_id),
        ),
    )
    if run.workflow_name != WORKFLOW:
        raise NotFoundError(f"the run {thread_id} is not a clash film (workflow: {run.workflow_name})")
    damaged = Damaged()
    files = damaged.assets(rows)
    screenplay = await screenplay_in(assets, files)
    if screenplay is None:
        raise NotFoundError(
            f"the run {thread_id} has no screenplay yet: there is nothing to export",
            code="nothing_to_export",
            hint=f"`{command('resume', thread_id)}` goes on with it",
        )
    recorded = RunSettings.from_row(run)
    finished = cast("Mapping[str, FinishedShot]", state.get("shots") or {})
    takes = Takes(decisions)
    film: Mapping[str, Any] = state.get("film") or {}
    return Film(
        run=run,
        format=format_of(recorded),
        finish=finish_of(recorded),
        screenplay=screenplay,
        labels=await read_labels(assets, run, files, fetch=True),
        finished=finished,
        takes={slot: _takes_of(slot, done, calls, takes) for slot, done in finished.items()},
        cut=str(film.get("sha256", "")),
        pictures=recorded.reference_images,
        warnings=tuple(_warnings(run, screenplay, finished, takes.changes - int(state.get("edits") or 0))),
        damaged=damaged.items,
    )


async def _newest_state(database: Database, thread_id: str) -> Mapping[str, Any]:
    """Return the state of a run's newest checkpoint, with the shots that tasks have finished since."""
    items = await reading.checkpoint_items(database, thread_id, limit=1)
    if not items:
        return {}
    newest = items[0]["checkpoint_id"]
    (checkpoint, _), pending = await asyncio.gather(
        reading.load_checkpoint(database, thread_id, newest),
        reading.pending_values(database, thread_id, newest, "shots"),
    )
    values: dict[str, Any] = dict(checkpoint["channel_values"])
    shots: dict[str, FinishedShot] = dict(values.get("shots") or {})
    for more in pending:
        shots |= more
    return {**values, "shots": shots}


def _takes_of(
    slot: str, done: FinishedShot, calls: Sequence[reading.TakeOfCall], decided: Takes
) -> tuple[TakeFile, ...]:
    """Return the takes of a shot, by number, each once; the one that is in the film first."""
    made = {
        call.take: StoredFile(sha256=call.sha256, media_type=call.media_type)
        for call in calls
        if call.slot == slot and call.sha256
    }
    clip = done["clip"]
    numbers = [number for number, file in made.items() if file["sha256"] == clip["sha256"]]
    wanted = decided.selected(slot).number
    # A fork has the clip, and perhaps no call of its own that made it.
    selected = wanted if wanted in numbers or not numbers else max(numbers)
    others = [TakeFile(number, file) for number, file in sorted(made.items()) if number != selected]
    return (TakeFile(selected, clip), *others)


def _warnings(run: RunRow, screenplay: Screenplay, finished: Mapping[str, FinishedShot], undone: int) -> list[str]:
    warnings: list[str] = []
    go_on = f"`{command('resume', run.run_id)}` goes on with it"
    missing = [shot.number for shot in screenplay.shots if shot_slot(shot.number) not in finished]
    if missing:
        told = ", ".join(f"{number:03d}" for number in missing[:8]) + (" ..." if len(missing) > 8 else "")
        warnings.append(
            f"{len(missing)} of {len(screenplay.shots)} shots are not made yet ({told}):"
            f" the timelines have gaps for them. {go_on}"
        )
    elif undone > 0:
        warnings.append(
            f"{undone} decisions about takes are not in the film yet: it is exported as it was cut. {go_on}"
        )
    elif run.status != RunStatus.COMPLETED:
        warnings.append(f"the run is {run.status.value}: it is exported as far as it was made. {go_on}")
    return warnings
