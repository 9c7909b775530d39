"""One run, held by this process under its lease: the graph is run as far as it goes, and the outcome told."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clash.assets import open_assets, publish_copy, published_path
from clash.assets.records import write_run_record
from clash.calls.carry_over import carry_over
from clash.calls.keeping import KeptElsewhere
from clash.calls.ledger import Ledger
from clash.calls.rate_limits import RateLimit, RateLimits
from clash.calls.retry_policy import RetryPolicy
from clash.calls.spec import CallResult
from clash.calls.waiting import TimeLimits
from clash.clock import now_text
from clash.config import Settings
from clash.database import call_log, reading
from clash.database.connection import check_there, verify_there
from clash.database.lease import Heartbeat, Lease, release_lease, take_lease
from clash.database.port import Database, Row
from clash.database.row_checks import require_film_settings
from clash.database.tracking import AsyncMetadataTracker
from clash.documents.outcome import Outcome
from clash.errors import ClashError, ConflictError, VersionMismatchError
from clash.hints import command
from clash.money import to_micro, usd_text
from clash.production.estimates import Left, format_of, left_to_pay
from clash.production.outcome import leading_failures, outcome_of, with_kept_elsewhere
from clash.production.plan import RunPlan
from clash.production.progress import Observer, Progress
from clash.production.remedies import NEEDS_ANOTHER_RUN, another_run, bigger_budget, enough
from clash.production.stopping import CALLS_SHARE, GRAPH_SHARE, StopSignal, pause_from_outside, within_a_stop
from clash.production.tracing import tracing_as_allowed
from clash.providers.ports import Kind
from clash.providers.registry import Model, Registry
from clash.redaction import safe_exception
from clash.reports.runs import run_document
from clash.vocabulary import RunStatus
from clash.workflow.context import Format, StepContext
from clash.workflow.publish import PublishingLedger
from clash.workflow.state import GRAPH_VERSION

if TYPE_CHECKING:
    from clash.workflow.context import Failure, FileRecord

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class RunReport:
    """How a run stands: the JSON document of docs/commands.md, and the exit code that goes with it."""

    document: Outcome
    exit_code: int


@dataclass(frozen=True)
class Continuation:
    """How a run is to go on. `budget`: dollars, its new budget; `changed`: a plan whose settings replace the old."""

    concurrency: int | None = None
    budget: Decimal | None = None
    retry_unknown: bool = False
    retry_failed_paid: bool = False
    remake_lost: bool = False
    changed: RunPlan | None = None


class Runner:
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
        self._tracker = AsyncMetadataTracker(database)
        self._row = row
        self._recorded = require_film_settings(row)
        self._assets = open_assets(settings)
        self._registry = registry
        self._stop = stop
        self._failures: list[Failure] = []
        self._kept_elsewhere: Mapping[str, KeptElsewhere] = {}
        self.progress = Progress(self.thread_id, observe, cost_micro=int(row["spent_micro"]))

    @property
    def folder(self) -> Path:
        """Where the run's files get their names for people."""
        return Path(self._recorded["output"]) / self.thread_id

    async def go_on(self, how: Continuation) -> RunReport:
        """Run what is left of the graph, and report."""
        if self._row["status"] == "completed":
            return await self._already_completed()
        await self._check_graph_version()
        lease = await take_lease(self._database, self.thread_id)
        self._stop.on_abandon(lambda: pause_from_outside(self._settings.database_url, lease))
        try:
            # Again, now that nobody else writes it: another process may have gone on with it meanwhile.
            self._row = await reading.run_row(self._database, self.thread_id)
            self._recorded = require_film_settings(self._row)
            if self._row["status"] == "completed":
                return await self._already_completed()
            with Heartbeat(self._settings.database_url, lease):
                error = await self._run_graph(lease, how)
                return await self._report(lease, error)
        finally:
            with suppress(ClashError):
                await release_lease(self._database, lease)
            self._stop.on_abandon(None)

    async def _check_graph_version(self) -> None:
        if (recorded := int(self._row["graph_version"])) != GRAPH_VERSION:
            again = await another_run(self._database, self._row, self._settings, self._registry)
            raise VersionMismatchError(
                f"the thread {self.thread_id} was begun with graph version {recorded}; this clash has {GRAPH_VERSION}",
                code="graph_version",
                hint=f"`{again}` makes it under a new thread: what was made is found again, not paid for again",
            )

    # -- the graph -------------------------------------------------------------------------------------------

    async def _run_graph(self, lease: Lease, how: Continuation) -> ClashError | None:
        """Run the graph; the error that ended it from outside a step, if any. Failed slots are in `_failures`."""
        longest_s = self._settings.stop_timeout_s * GRAPH_SHARE
        try:
            await within_a_stop(self._take_up_and_invoke(lease, how), self._stop, longest_s)
        except ClashError as error:
            return error
        except Exception as error:
            # A fault of ours or of LangGraph's: the run is said to have failed, and the log has it in full.
            logger.exception("the graph of %s failed", self.thread_id)
            return ClashError(safe_exception(error)[:2000], code="internal")
        return None

    async def _take_up_and_invoke(self, lease: Lease, how: Continuation) -> None:
        await self._take_up(lease, how)
        await carry_over(self._database, self._registry)
        ledger = await self._ledger(lease, how)
        self._kept_elsewhere = ledger.keeper.elsewhere
        with tracing_as_allowed(self._settings):
            await self._invoke(lease, ledger)

    async def _take_up(self, lease: Lease, how: Continuation) -> None:
        """Change what the run is to change, say that it runs, and estimate what it will cost."""
        if how.changed is not None:
            kept = {name: self._recorded[name] for name in ("story", "reference_images")}
            self._recorded = how.changed.recorded(kept)
            await self._tracker.set_settings(lease, self._recorded, fingerprint=how.changed.fingerprint)
        if how.budget is not None:
            await self._tracker.set_budget(lease, how.budget)
        await self._tracker.set_status(lease, RunStatus.RUNNING)
        await self._recall_progress()
        first = "estimate_micro" not in json.loads(self._row["metadata"])
        if first or how.changed is not None:
            for model in self._models().values():
                model.require()
        await self._keep_record(how)
        if first or how.budget is not None:
            left = await self._left_to_pay()
            if first:
                await self._tracker.set_estimate(lease, to_micro(left.cost_usd))
            await self._warn_of_budget(left)

    async def _warn_of_budget(self, left: Left) -> None:
        """Say before the first call that the budget will not suffice: the run then stops in the middle."""
        row = await reading.run_row(self._database, self.thread_id)
        if row["budget_micro"] is None or left.cost_usd == 0:
            return
        spent, budget = int(row["spent_micro"]) + int(row["reserved_micro"]), int(row["budget_micro"])
        if (cost := to_micro(left.cost_usd)) > budget - spent:
            used = f", of which ${usd_text(spent)} is spent or reserved" if spent else ""
            self.progress.warn(
                f"the budget of ${usd_text(budget)}{used} will not suffice: about ${usd_text(cost)} is still to pay."
                f" It will pause there; --budget {enough(row, left):f} would be enough"
            )

    async def _keep_record(self, how: Continuation) -> None:
        """Keep in the asset store what the run is, before its first call: what it pays for outlives its database."""
        row = self._row
        facts = {
            name: row[name]
            for name in ("workflow_name", "story_path", "story_sha256", "story_title", "graph_version", "start_time")
        }
        fingerprint = row["settings_fingerprint"] if how.changed is None else how.changed.fingerprint
        budget_micro = row["budget_micro"] if how.budget is None else to_micro(how.budget)
        record = {
            **facts,
            "settings": self._recorded,
            "settings_fingerprint": fingerprint,
            "budget_micro": budget_micro,
        }
        if write_run_record(self._assets, self.thread_id, record):
            await self._assets.share_run(self.thread_id)

    async def _ledger(self, lease: Lease, how: Continuation) -> Ledger:
        settings = self._settings
        limits = {
            name: RateLimit(limit.concurrency, limit.requests_per_minute) for name, limit in settings.limits.items()
        }
        retry_policy = RetryPolicy(settings.attempts, settings.retry_wait_s, rate_limit_s=settings.rate_limit_wait_s)
        consents = how.retry_unknown or how.retry_failed_paid
        newest = await call_log.newest_id(self._database, self.thread_id) if consents else 0
        return Ledger(
            self._database,
            lease,
            self._assets,
            self._models(),
            registry=self._registry,
            reuse=bool(self._recorded["reuse"]),
            rate_limits=RateLimits(
                concurrency=how.concurrency or settings.concurrency,
                limits=limits,
                retry_policy=retry_policy,
                say=self.progress.note,
            ),
            retry_policy=retry_policy,
            accept_unknown_until=newest if how.retry_unknown else 0,
            accept_failed_paid_until=newest if how.retry_failed_paid else 0,
            remake_lost=how.remake_lost,
            check_stop=lambda: self._check_stop(lease),
            on_settled=self._on_settled,
            time_limits=TimeLimits(
                settings.call_timeout_s, settings.job_timeout_s, settings.stop_timeout_s * CALLS_SHARE
            ),
            say=self.progress.note,
        )

    def _models(self) -> dict[Kind, Model]:
        specs: Mapping[Kind, str] = self._recorded["models"]
        return self._registry.models(specs)

    async def _left_to_pay(self) -> Left:
        return await left_to_pay(self._database, self._assets, self._registry, self.thread_id, self._recorded)

    def _format(self) -> Format:
        return format_of(self._recorded)

    def _check_stop(self, lease: Lease) -> None:
        self._stop.check()
        # Before the lease: in another database, or in none, it is always lost.
        check_there(self._database)
        if lease.lost.is_set():
            raise ConflictError(
                f"run {self.thread_id} was taken over by another process",
                code="lease_lost",
                hint=f"`{command('runs show', self.thread_id)}` says who holds it",
            )

    async def _invoke(self, lease: Lease, ledger: Ledger) -> None:
        from clash.database.checkpointer import check_newest, repair_metadata, run_saver
        from clash.workflow.video_production import build_graph

        context = self._step_context(lease, ledger)
        async with run_saver(self._database, lease) as saver:
            graph: Any = build_graph(context).compile(checkpointer=saver)
            config = {"configurable": {"thread_id": self.thread_id}}
            try:
                state = await graph.aget_state(config)
            except ClashError:
                raise
            except Exception:
                # Only what cannot be read is damaged; what can is held up by a fault of ours or of LangGraph's.
                await check_newest(saver, self.thread_id)
                raise
            await repair_metadata(self._database, saver, lease)
            if state.created_at is None:
                await graph.ainvoke(self._first_input(), config, durability="sync")
            elif state.tasks:
                # Not `state.next`: after a kill between a task's writes and the next checkpoint it is empty.
                await graph.ainvoke(None, config, durability="sync")

    def _step_context(self, lease: Lease, ledger: Ledger) -> StepContext:
        return StepContext(
            ledger=PublishingLedger(ledger, self._assets, self.folder),
            assets=self._assets,
            format=self._format(),
            folder=self.folder,
            record=lambda file: self._record(lease, file),
            plan=lambda step, total: self._begin_step(lease, step, total),
            done=self.progress.finish,
            failed=self._on_failure,
            check_stop=lambda: self._check_stop(lease),
        )

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
        await self._assets.share(file.sha256)
        row = call_log.NewAsset(
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

    def _on_settled(self, made: CallResult) -> None:
        self.progress.spend(made.cost_micro)
        if warning := made.facts.get("warning"):
            self.progress.warn(str(warning))

    def _on_failure(self, failure: Failure) -> None:
        self._failures.append(failure)
        if failure.code not in ("stopped", "cancelled"):
            self.progress.fail(failure.step, failure.slots, failure.message)

    # -- how it ended ------------------------------------------------------------------------------------------

    async def _report(self, lease: Lease, error: ClashError | None) -> RunReport:
        leading = error or (leading_failures(self._failures)[0] if self._failures else None)
        left = await self._left_after(leading.waiting_for if leading else None)
        remedies = await self._remedies(leading.code if leading else "", left, error)
        kept = list(self._kept_elsewhere.values())
        outcome = with_kept_elsewhere(outcome_of(self.thread_id, self._failures, error, remedies), kept)
        # A database that is gone is told as such: what failed in its absence is no fault of the run.
        await verify_there(self._database)
        with suppress(ClashError) if error else nullcontext():
            # After an outside error (disk full, lease lost) the status may not be writable; the report still is.
            await self._tracker.set_status(
                lease, outcome.status, error_code=outcome.code, error_message=outcome.message
            )
        document = await run_document(self._database, self.thread_id, self._assets)
        if outcome.document is not None:
            document["error"] = outcome.document
            document["waiting_for"] = outcome.waiting_for
            document["kept_elsewhere"] = [answer.document for answer in kept]
            if left is not None:
                document["left"] = {"calls": left.calls, "cost_usd": usd_text(to_micro(left.cost_usd))}
        await verify_there(self._database)
        return RunReport(
            Outcome.of({**document, **self._warnings(document), "status": outcome.status}), outcome.exit_code
        )

    async def _left_after(self, waiting_for: str | None) -> Left | None:
        """What is left to pay, where that is what a person has to decide about."""
        return await self._left_to_pay() if waiting_for in ("budget", "unknown_call", "failed_paid") else None

    async def _remedies(self, code: str, left: Left | None, error: ClashError | None) -> dict[str, str]:
        """The hint for this error code, where it takes a look at the run to know the command."""
        with suppress(ClashError):
            if code == "budget" and left is not None:
                row = await reading.run_row(self._database, self.thread_id)
                return {code: f"raise the budget: `{bigger_budget(row, left)}`"}
            if code in NEEDS_ANOTHER_RUN:
                again = f"`{await another_run(self._database, self._row, self._settings, self._registry)}`"
                if code == "content_refused":
                    return {code: _after_refused_content(again, from_a_pipe=self._row["story_path"] == "-")}
                return {code: f"{error.hint if error else 'run the story under a new thread'}: {again}"}
        return {}

    async def _already_completed(self) -> RunReport:
        await self._republish()
        document = await run_document(self._database, self.thread_id, self._assets)
        return RunReport(Outcome.of({**document, **self._warnings(document), "status": "already_completed"}), 0)

    def _warnings(self, document: Mapping[str, Any]) -> dict[str, list[str]]:
        """What was warned of when the story was read, and while the run was made."""
        return {"warnings": list(dict.fromkeys((*document["warnings"], *self.progress.warnings)))}

    async def _republish(self) -> None:
        """Give back the names of files that were deleted since, from the store."""
        for asset in await reading.asset_rows(self._database, self.thread_id):
            path = published_path(self.folder, asset["asset_type"], asset["slot"], asset["media_type"])
            if path is not None and not path.exists() and await self._assets.restore(asset["sha256"]):
                publish_copy(self._assets.path(asset["sha256"]), path)


def _after_refused_content(again: str, *, from_a_pipe: bool) -> str:
    """What to do when a provider will not make what the story says: a resume would ask for the same words again."""
    story = "and pipe the changed story into" if from_a_pipe else "then"
    return (
        f"change what the story says there, {story}: {again} (what is unchanged is found again and not paid for);"
        " or name another model in that command"
    )
