"""One run as this process works on it: its row, its recorded settings, what it is made with, and what failed so far."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from clash.assets import open_assets
from clash.calls.keeping import KeptElsewhere
from clash.calls.shared_calls import SharedCalls
from clash.config import Settings
from clash.database import reading
from clash.database.decisions import FilmCut, cuts_of, decisions_of
from clash.database.outbox import NewEvent
from clash.database.port import Database
from clash.database.rows import RunRow
from clash.database.run_settings import RunSettings
from clash.database.tracking import AsyncMetadataTracker
from clash.editing.takes import Takes
from clash.events import check_receivers
from clash.production.estimates import Left, left_to_pay
from clash.production.plan import RunPlan
from clash.production.progress import Event, Observer, Progress
from clash.production.spans import RunSpans
from clash.production.stopping import StopSignal
from clash.providers.ports import Kind
from clash.providers.registry import Model, Registry
from clash.transfer.decisions import keep_decisions
from clash.vocabulary import RunStatus

if TYPE_CHECKING:
    from clash.workflow.context import Failure


@dataclass(frozen=True)
class Continuation:
    """How a run is to continue. `budget`: dollars, its new budget; `changed`: a plan whose settings replace the old."""

    concurrency: int | None = None
    budget: Decimal | None = None
    retry_unknown: bool = False
    retry_failed_paid: bool = False
    remake_lost: bool = False
    changed: RunPlan | None = None
    review: tuple[str, ...] | None = None
    """The stages that are reviewed from now on; none where it is empty. None: as it is recorded."""
    output: Path | None = None
    """The folder to which the run is published from now on. None: the one that is recorded."""
    tried: Path | None = None
    """The folder of the run, if this process has just put a file into it."""


@dataclass
class ActiveRun:
    """A run that this process executes. `row` and `recorded` are as they were last read or written."""

    settings: Settings
    database: Database
    row: RunRow
    registry: Registry
    observe: Observer
    stop: StopSignal
    failures: list[Failure] = field(default_factory=list["Failure"])
    """Slots that could not be made."""
    kept_elsewhere: Mapping[str, KeptElsewhere] = field(default_factory=dict[str, KeptElsewhere])
    """Answers for which the asset store had no room."""
    takes: Takes = field(default_factory=Takes)
    """What people have decided about its slots, as it was last read."""
    cuts: tuple[FilmCut, ...] = ()
    """The cuts of its film."""
    told: list[NewEvent] = field(default_factory=list["NewEvent"])
    """What became of it here, as a webhook and a command are told."""
    shared: SharedCalls | None = None
    """What the calls of all runs of this process share; None: this run is the only one."""

    def __post_init__(self) -> None:
        """Open the asset store and read the settings. Raise `DamagedRowError` for settings that lack something.

        Raise `SettingsError` for a webhook or a command to be told that cannot be.
        """
        self.receiver = check_receivers(self.settings)
        self.thread_id = self.row.run_id
        self.recorded = RunSettings.from_row(self.row)
        self.tracker = AsyncMetadataTracker(self.database)
        self.assets = open_assets(self.settings)
        self.database.find_file = self.assets.keep
        self.spans = RunSpans(self.thread_id)
        self.progress = Progress(self.thread_id, self._observe, cost_micro=self.row.spent_micro)

    def _observe(self, event: Event) -> None:
        self.spans.observe(event)
        self.observe(event)

    @property
    def folder(self) -> Path:
        """Where the run's files get their names for people."""
        return self.recorded.output / self.thread_id

    @property
    def is_completed(self) -> bool:
        """Whether the film was finished when the row was last read."""
        return self.row.status == RunStatus.COMPLETED

    async def read_row(self) -> RunRow:
        """Return the run's row as it is now; `row` stays."""
        return await reading.run_row(self.database, self.thread_id)

    async def refresh(self) -> None:
        """Read the row and the settings again: another process may have continued the run meanwhile."""
        self.use_row(await self.read_row())

    def use_row(self, row: RunRow) -> None:
        """Go on with the run's row, and the settings in it, as they were read now."""
        self.row, self.recorded = row, RunSettings.from_row(row)

    async def read_decisions(self) -> None:
        """Read what people have decided about its slots, and the cuts of its film."""
        decisions, cuts = await asyncio.gather(
            decisions_of(self.database, self.thread_id), cuts_of(self.database, self.thread_id)
        )
        self.takes = Takes(decisions)
        await keep_decisions(self.assets, self.thread_id, self.row.start_time, decisions)
        # Only a film that is changed has another before it.
        self.cuts = tuple(cuts) or (await self._first_cut() if self.takes.changes else ())

    async def _first_cut(self) -> tuple[FilmCut, ...]:
        """Return the film of a run that an older clash completed: it is the film's first take."""
        rows = await reading.sound_assets(self.database, self.thread_id)
        files: dict[str, Mapping[str, object]] = {
            row.asset_type if row.slot == "film" else row.slot: {
                "sha256": row.sha256,
                "media_type": row.media_type,
                "facts": {},
            }
            for row in rows
            if row.slot == "film" or row.slot.startswith("subtitles:")
        }
        return (FilmCut(1, "", files, {}, self.row.start_time),) if "film" in files else ()

    def models(self) -> dict[Kind, Model]:
        """Return the models that the run calls. Raise `NotFoundError` for one that is not there."""
        return self.registry.models(self.recorded.models)

    async def left_to_pay(self, *, is_new: bool = False) -> Left:
        """Return what is not made yet, and what it will cost. `is_new`: nothing is made yet."""
        of_run = self.database, self.assets, self.registry, self.thread_id, self.recorded
        return await left_to_pay(*of_run, is_new=is_new)
