"""The use cases: begin a film, go on with it, and say how it stands. The Python API beside the command line.

    report = await run(ProductionRequest(story="story.csv"), load_settings())

LangGraph is imported only once a graph is about to run.
"""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clash.assets import AssetStore, place
from clash.calls.ledger import Ledger, Made
from clash.clock import now_text
from clash.config import Settings, parse_size
from clash.database import call_log, reading
from clash.database.connection import database_exists, open_database
from clash.database.lease import Heartbeat, Lease, release_lease, take_lease
from clash.database.metadata import MetadataTracker
from clash.database.migrations import migrate, require_current
from clash.database.port import Database, Row
from clash.errors import ClashError, ConflictError, NotFoundError, VersionMismatchError
from clash.outcome import Outcome, outcome_of
from clash.progress import Event, Observer, Progress, StopSignal, ignore
from clash.providers.ports import Kind
from clash.providers.registry import Model, Registry
from clash.published import published_path
from clash.reporting import run_document
from clash.run_plan import ProductionRequest, check_same, check_thread_id, prepare
from clash.workflow.state import GRAPH_VERSION, WORKFLOW

if TYPE_CHECKING:
    from clash.workflow.studio import Failure, FileRecord, Studio

__all__ = ["Event", "Observer", "ProductionRequest", "Report", "StopSignal", "resume", "run"]


logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Report:
    """How a run stands: the JSON document of docs/commands.md, and the exit code that goes with it."""

    document: dict[str, Any]
    exit_code: int


async def run(
    request: ProductionRequest,
    settings: Settings,
    *,
    observe: Observer = ignore,
    stop: StopSignal | None = None,
) -> Report:
    """Begin a film, or go on with one of the same story and settings.

    Raises `StoryError`, `UsageError`, `NotFoundError`, `SettingsError`, `ConflictError`, `VersionMismatchError`
    before anything is made; what fails later is in the report.
    """
    registry = Registry()
    plan = prepare(request, settings, registry)
    async with _opened_for_run(settings.database_url) as database:
        tracker = MetadataTracker(database)
        row = await tracker.run(plan.thread_id)
        if row is None:
            assets = AssetStore.from_url(settings.asset_store)
            started = await tracker.start_workflow(
                plan.thread_id,
                WORKFLOW,
                story_path=plan.story_path,
                story_sha256=plan.story.sha256,
                story_title=plan.story.title,
                settings=plan.recorded(plan.store(assets)),
                settings_fingerprint=plan.fingerprint,
                graph_version=GRAPH_VERSION,
            )
            row = await reading.run_row(database, plan.thread_id)
            if not started:
                check_same(row, plan)
        else:
            check_same(row, plan)
        production = _Production(settings, database, row, registry, observe, stop or StopSignal())
        production.progress.name_thread(f"thread {plan.thread_id}")
        for warning in plan.story.warnings:
            production.progress.warn(warning)
        return await production.go_on(concurrency=request.concurrency)


async def resume(
    thread_id: str,
    settings: Settings,
    *,
    concurrency: int | None = None,
    observe: Observer = ignore,
    stop: StopSignal | None = None,
) -> Report:
    """Go on with a film where it stopped. Raises `NotFoundError` and what `run` raises."""
    check_thread_id(thread_id)
    async with open_database(settings.database_url, "write") as database:
        await require_current(database)
        row = await reading.run_row(database, thread_id)
        if row["workflow_name"] != WORKFLOW:
            raise NotFoundError(f"the thread {thread_id} is no film of clash but a {row['workflow_name']}")
        production = _Production(settings, database, row, Registry(), observe, stop or StopSignal())
        return await production.go_on(concurrency=concurrency)


@asynccontextmanager
async def _opened_for_run(url: str) -> AsyncGenerator[Database]:
    """The database, made and migrated if there is none yet; one that exists must be up to date."""
    new = not database_exists(url)
    async with open_database(url, "create") as database:
        # A file without a single table is one that an earlier process had only just made.
        if new or not await _any_table(database):
            await migrate(database)
        await require_current(database)
        yield database


async def _any_table(database: Database) -> bool:
    return bool(await database.query("SELECT 1 FROM sqlite_master LIMIT 1"))


class _Production:
    """One run, held by this process."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        row: Row,
        registry: Registry,
        observe: Observer,
        stop: StopSignal,
    ) -> None:
        self.thread_id = str(row["run_id"])
        self._settings = settings
        self._database = database
        self._tracker = MetadataTracker(database)
        self._row = row
        self._recorded: dict[str, Any] = json.loads(row["settings"])
        self._assets = AssetStore.from_url(settings.asset_store)
        self._registry = registry
        self._stop = stop
        self._lease: Lease | None = None
        self._failures: list[Failure] = []
        self.progress = Progress(self.thread_id, observe, cost_micro=int(row["spent_micro"]))

    @property
    def folder(self) -> Path:
        """Where the run's files get their names for people."""
        return Path(self._recorded["output"]) / self.thread_id

    async def go_on(self, *, concurrency: int | None) -> Report:
        """Run what is left of the graph, and report."""
        if self._row["status"] == "completed":
            return await self._already_completed()
        self._check_graph_version()
        models = self._models()
        lease = self._lease = await take_lease(self._database, self.thread_id)
        try:
            with Heartbeat(self._settings.database_url, lease):
                error = await self._run_graph(lease, models, concurrency)
                return await self._report(lease, error)
        finally:
            with suppress(ClashError):
                await release_lease(self._database, lease)

    def _check_graph_version(self) -> None:
        if (recorded := int(self._row["graph_version"])) != GRAPH_VERSION:
            raise VersionMismatchError(
                f"the thread {self.thread_id} was begun with graph version {recorded}; this clash has {GRAPH_VERSION}",
                code="graph_version",
                hint="run the same story under a new thread: all that was made is found again and not paid for again",
            )

    def _models(self) -> dict[Kind, Model]:
        specs: Mapping[Kind, str] = self._recorded["models"]
        return self._registry.models(specs)

    # -- the graph -------------------------------------------------------------------------------------------

    async def _run_graph(
        self, lease: Lease, models: Mapping[Kind, Model], concurrency: int | None
    ) -> ClashError | None:
        """Run the graph; the error that ended it from outside a step, if any. Failed slots are in `_failures`."""
        try:
            await self._tracker.set_status(lease, "running")
            await self._recall_progress()
            ledger = Ledger(
                self._database,
                lease,
                self._assets,
                models,
                reuse=bool(self._recorded["reuse"]),
                concurrency=concurrency or self._settings.concurrency,
                check_stop=lambda: self._check_stop(lease),
                on_settled=self._on_settled,
            )
            await self._invoke(lease, ledger)
        except ClashError as error:
            return error
        except Exception as error:
            # A fault of ours or of LangGraph's: the run is said to have failed, and the log has it in full.
            logger.exception("the graph of %s failed", self.thread_id)
            return ClashError(f"{type(error).__name__}: {error}"[:2000], code="internal")
        return None

    def _check_stop(self, lease: Lease) -> None:
        self._stop.check()
        if lease.lost.is_set():
            raise ConflictError(
                f"run {self.thread_id} was taken over by another process", code="lease_lost",
                hint=f"`clash runs show {self.thread_id}` says who holds it",
            )  # fmt: skip

    async def _invoke(self, lease: Lease, ledger: Ledger) -> None:
        from clash.database.checkpointer import repair_metadata, run_saver
        from clash.workflow.video_production import build_graph

        studio = self._studio(lease, ledger)
        async with run_saver(self._database, lease) as saver:
            graph: Any = build_graph(studio).compile(checkpointer=saver)
            config = {"configurable": {"thread_id": self.thread_id}}
            state = await self._state(graph, config)
            await repair_metadata(self._database, saver, lease)
            if state.created_at is None:
                await graph.ainvoke(self._first_input(), config, durability="sync")
            elif state.tasks:
                # Not `state.next`: after a kill between a task's writes and the next checkpoint it is empty.
                await graph.ainvoke(None, config, durability="sync")

    def _studio(self, lease: Lease, ledger: Ledger) -> Studio:
        from clash.workflow.studio import Format, Studio

        width, height = parse_size(self._recorded["size"])
        return Studio(
            ledger=ledger,
            assets=self._assets,
            format=Format(width, height, int(self._recorded["fps"])),
            folder=self.folder,
            record=lambda file: self._record(lease, file),
            plan=lambda step, total: self._begin_step(lease, step, total),
            done=self.progress.finish,
            failed=self._on_failure,
            check_stop=lambda: self._check_stop(lease),
        )

    async def _state(self, graph: Any, config: Mapping[str, Any]) -> Any:
        try:
            return await graph.aget_state(config)
        except ClashError:
            raise
        except Exception as error:
            raise reading.damaged_checkpoint(self.thread_id, None) from error

    def _first_input(self) -> dict[str, Any]:
        return {
            "story": self._recorded["story"],
            "reference_images": self._recorded["reference_images"],
            "cards": {},
            "shots": {},
        }

    async def _recall_progress(self) -> None:
        made: dict[str, set[str]] = {}
        for asset in await reading.asset_rows(self._database, self.thread_id):
            if asset["asset_type"] not in ("keyframe", "speech", "subtitles", "contact_sheet"):
                made.setdefault(asset["step"], set()).add(asset["slot"])
        self.progress.recall(made, json.loads(self._row["metadata"]).get("totals", {}))

    async def _begin_step(self, lease: Lease, step: str, total: int) -> None:
        await self._tracker.set_step_total(lease, step, total)
        self.progress.begin(step, total)

    async def _record(self, lease: Lease, file: FileRecord) -> None:
        row = call_log.AssetRow(
            step=file.step,
            slot=file.slot,
            asset_type=file.asset_type,
            media_type=file.media_type,
            sha256=file.sha256,
            path=self._assets.relative_path(file.sha256),
            bytes=self._assets.path(file.sha256).stat().st_size,
            facts=file.facts,
            cost_micro=0,
            created_at=now_text(),
        )
        await self._database.batch([call_log.insert_asset(lease, row)])

    def _on_settled(self, made: Made) -> None:
        self.progress.spend(made.cost_micro)
        if warning := made.facts.get("warning"):
            self.progress.warn(str(warning))

    def _on_failure(self, failure: Failure) -> None:
        self._failures.append(failure)
        if failure.code != "stopped":
            self.progress.fail(failure.step, failure.slots, failure.message)

    # -- how it ended ------------------------------------------------------------------------------------------

    async def _report(self, lease: Lease, error: ClashError | None) -> Report:
        outcome = outcome_of(self.thread_id, self._failures, error)
        with suppress(ClashError) if error else nullcontext():
            # After an outside error (disk full, lease lost) the status may not be writable; the report still is.
            await self._tracker.set_status(
                lease, outcome.status, error_code=outcome.code, error_message=outcome.message
            )
        document = await run_document(self._database, self.thread_id)
        return self._reported(document, outcome)

    async def _already_completed(self) -> Report:
        await self._republish()
        document = await run_document(self._database, self.thread_id)
        return Report({**document, "status": "already_completed"}, 0)

    async def _republish(self) -> None:
        """Give back the names of files that were deleted since, from the store."""
        for asset in await reading.asset_rows(self._database, self.thread_id):
            path = published_path(self.folder, asset["asset_type"], asset["slot"], asset["media_type"])
            stored = self._assets.path(asset["sha256"])
            if path is not None and not path.exists() and stored.exists():
                place(stored, path)

    def _reported(self, document: dict[str, Any], outcome: Outcome) -> Report:
        status: str = document["status"] if outcome.status == "completed" else outcome.status
        return Report({**document, "status": status, "error": outcome.document}, outcome.exit_code)
