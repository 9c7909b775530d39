"""Execute one run under its lease: run the graph as far as it goes, and report."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from clash import faults
from clash.assets.records import write_run_record
from clash.calls.carry_over import carry_over
from clash.clock import now_text
from clash.database import reading
from clash.database.fork import AWAITS
from clash.database.lease import Heartbeat, Lease, release_lease, take_run
from clash.database.reading import sound_run
from clash.database.rows import RunRow
from clash.database.run_settings import RunSettings
from clash.editing.slots import FILM, SCREENPLAY
from clash.errors import ClashError, VersionMismatchError
from clash.money import to_micro, usd_text
from clash.production.active_run import ActiveRun, Continuation
from clash.production.estimates import Left
from clash.production.keeping import keep_of_source
from clash.production.opened import Opened
from clash.production.output_folder import require_recorded, require_writable
from clash.production.progress import Observer, Progress
from clash.production.publishing import publish_elsewhere
from clash.production.remedies import another_run, enough
from clash.production.run_project import told_of_quota
from clash.production.run_report import RunReport, completed_event, report, report_completed
from clash.production.run_setup import first_input, make_ledger, make_step_context
from clash.production.stopping import GRAPH_SHARE, StopSignal, pause_from_outside, within_a_stop
from clash.production.telling import note, stored, tell, tell_earlier
from clash.production.tracing import tracing_as_allowed
from clash.redaction import safe_exception
from clash.retention_policy import RetentionPolicy
from clash.vocabulary import PARTS, Decided, RunStatus
from clash.workflow.state import GRAPH_VERSION

if TYPE_CHECKING:
    from clash.calls.ledger import Ledger
    from clash.editing.takes import Takes

logger = logging.getLogger(__name__)

_KEPT = ("story", "table", "reference_images", "established", "forked_from", "review", "output")
"""Settings that stay when a run goes on with others."""


class Runner:
    """Executes one run in this process."""

    def __init__(
        self, opened: Opened, row: RunRow, observe: Observer, stop: StopSignal, *, is_new: bool = False
    ) -> None:
        """`is_new`: whether this process has begun the run."""
        self._is_new = is_new
        self._run = ActiveRun(
            opened.settings, opened.database, row, opened.registry, observe, stop, shared=opened.shared
        )

    @property
    def progress(self) -> Progress:
        """What the observer is told through."""
        return self._run.progress

    async def go_on(self, how: Continuation) -> RunReport:
        """Run what is left of the graph, and report; then tell what became of it to those who want to be told."""
        ended = await self._go_on(how)
        await tell(self._run)
        return ended

    async def _go_on(self, how: Continuation) -> RunReport:
        run = self._run
        if run.is_completed and self._reviews_as(how) and how.output in (None, run.recorded.output):
            return await report_completed(run)
        if not run.is_completed:
            await self._check_graph_version()
        lease, row = await take_run(run.database, run.row, is_new=self._is_new)
        run.stop.on_abandon(lambda: pause_from_outside(run.settings.database_url, lease))
        try:
            if row is None:
                await run.refresh()
            else:
                run.use_row(sound_run(row, run.thread_id))
            if run.is_completed:
                await self._set_review(lease, how)
                await self._set_output(lease, how)
                return await report_completed(run)
            await self._check_graph_version()
            await asyncio.to_thread(_require_folder, run, how)
            with Heartbeat(run.settings.database_url, lease):
                await tell_earlier(run)
                with run.spans.of_run():
                    error = await self._run_graph(lease, how)
                    if error is None and run.settings.retention is not None and not run.failures:
                        await self._apply_retention(lease, run.settings.retention)
                    ended = await report(run, lease, error)
                    document = ended.document
                    code = document.error.code if document.error else None
                    run.spans.ended(document.status, code, document.cost.total_usd)
                return ended
        finally:
            with suppress(ClashError):
                await release_lease(run.database, lease)
            run.stop.on_abandon(None)

    async def _apply_retention(self, lease: Lease, policy: RetentionPolicy) -> None:
        from clash.production.retention import apply_retention  # only where somebody has set it

        warning = await apply_retention(self._run.database, lease, policy)
        if warning is not None:
            self.progress.warn(warning)

    async def _check_graph_version(self) -> None:
        run = self._run
        if run.row.graph_version != GRAPH_VERSION:
            again = await another_run(run.database, run.row, run.settings, run.registry)
            raise VersionMismatchError(
                f"the run {run.thread_id} was begun with graph version {run.row.graph_version};"
                f" this clash has {GRAPH_VERSION}",
                code="graph_version",
                hint=f"`{again}` makes it under a new thread: what was made is found again, not paid for again",
            )

    # -- the graph -------------------------------------------------------------------------------------------

    async def _run_graph(self, lease: Lease, how: Continuation) -> ClashError | None:
        """Run the graph; return the error that ended it from outside a step, if any."""
        longest_s = self._run.settings.stop_timeout_s * GRAPH_SHARE
        try:
            await within_a_stop(self._take_up_and_invoke(lease, how), self._run.stop, longest_s)
        except ClashError as error:
            return error
        except Exception as error:
            # A fault of ours or of LangGraph's: the run is said to have failed, and the log has it in full.
            logger.exception("the graph of %s failed", self._run.thread_id)
            return ClashError(safe_exception(error)[:2000], code="internal")
        return None

    async def _take_up_and_invoke(self, lease: Lease, how: Continuation) -> None:
        run = self._run
        await self._take_up(lease, how)
        await asyncio.gather(carry_over(run.database, run.registry), run.read_decisions())
        knows_decisions = AWAITS not in run.row.metadata
        if not knows_decisions and not await self._keep_more(lease, how):
            return
        ledger = await make_ledger(run, lease, how)
        run.kept_elsewhere = ledger.keeper.elsewhere
        with tracing_as_allowed(run.settings):
            done = False
            while not done:
                if not knows_decisions:
                    await run.read_decisions()
                knows_decisions = False
                await self._invoke(lease, ledger)
                # Somebody may have decided about a take meanwhile: a film is complete with all that was decided.
                if run.failures:
                    done = not await self._is_judged_meanwhile()
                else:
                    done = await self._complete(lease)

    async def _complete(self, lease: Lease) -> bool:
        """Say that the run is completed; False if people have decided about takes meanwhile."""
        run = self._run
        event = await completed_event(run)
        if not await run.tracker.complete(lease, changes=run.takes.changes, event=stored(run, event)):
            return False
        note(run, event)
        return True

    async def _is_judged_meanwhile(self) -> bool:
        """Return whether the run waits for reviews alone, and people have decided while it ran: then it goes on."""
        run = self._run
        if any(failure.code != "review" for failure in run.failures):
            return False
        known = len(run.takes.decisions)
        await run.read_decisions()
        if len(run.takes.decisions) == known:
            return False
        run.failures.clear()
        return True

    async def _keep_more(self, lease: Lease, how: Continuation) -> bool:
        """Have the screenplay of a fork written, then keep what is unchanged. False if it could not be written."""
        run = self._run
        ledger = await make_ledger(run, lease, how)
        run.kept_elsewhere = ledger.keeper.elsewhere
        with tracing_as_allowed(run.settings):
            await run.read_decisions()
            screenplay = await self._invoke(lease, ledger, before="generate_assets")
        if run.failures or not screenplay:
            return False
        await keep_of_source(run, lease, screenplay)
        await run.refresh()
        return True

    async def _invoke(self, lease: Lease, ledger: Ledger, *, before: str | None = None) -> str:
        """Run the graph to its end, or `before` a step; return the sha256 of the screenplay, "" without one."""
        from clash.database.checkpointer import check_newest, repair_metadata, run_saver
        from clash.workflow.video_production import build_graph

        run = self._run
        found: dict[str, Any] = {}
        context = make_step_context(run, lease, ledger, found)
        async with run_saver(run.database, lease) as saver:
            builder: Any = build_graph(context)
            graph = builder.compile(checkpointer=saver)
            config = {"configurable": {"thread_id": run.thread_id}}
            try:
                state = await graph.aget_state(config)
            except ClashError:
                raise
            except Exception:
                # Only what cannot be read is damaged; what can is held up by a fault of ours or of LangGraph's.
                await check_newest(saver, run.thread_id)
                raise
            found.update(state.values)
            if state.created_at is not None:
                await repair_metadata(run.database, saver, lease)
            stop: dict[str, Any] = {} if before is None else {"interrupt_before": [before]}
            if state.created_at is None:
                await graph.ainvoke(first_input(run), config, durability="sync", **stop)
            elif _is_copied(run, state):
                await graph.aupdate_state(config, _fork_input(run), as_node="initialize")
                await graph.ainvoke(None, config, durability="sync", **stop)
            elif (applied := int(state.values.get("edits", 0))) != run.takes.changes:
                step = _step_before(run.takes, applied, has_screenplay="screenplay" in state.values)
                await self._recall_progress(_changed_slots(run.takes, applied))
                # Another screenplay is applied by the step that brings it, and not before: a kill may come first.
                edits = applied if step == "initialize" else run.takes.changes
                await graph.aupdate_state(config, {"edits": edits}, as_node=step)
                faults.point("decisions.applied")
                await graph.ainvoke(None, config, durability="sync", **stop)
            elif state.tasks and (before is None or before not in state.next):
                # Not `state.next`: after a kill between a task's writes and the next checkpoint it is empty.
                await graph.ainvoke(None, config, durability="sync", **stop)
            if before is None:
                return ""
            return str((await graph.aget_state(config)).values.get("screenplay") or "")

    # -- before the graph --------------------------------------------------------------------------------------

    async def _take_up(self, lease: Lease, how: Continuation) -> None:
        """Change what the run is to change, say that it runs, and estimate what it will cost."""
        run = self._run
        if how.changed is not None:
            kept = {name: run.recorded.document[name] for name in _KEPT if name in run.recorded.document}
            run.recorded = RunSettings.of(how.changed.recorded(kept))
            await run.tracker.set_settings(lease, run.recorded.document, fingerprint=how.changed.fingerprint)
        await self._set_review(lease, how)
        if await publish_elsewhere(run, how.output):
            await self._record_settings(lease, how)
        is_raised = how.budget is not None and to_micro(how.budget) != run.row.budget_micro
        if how.budget is not None and is_raised:
            await run.tracker.set_budget(lease, how.budget)
        if not lease.of_new_run:  # which was written down as running
            await run.tracker.set_status(lease, RunStatus.RUNNING)
        run.progress.run_started()
        if not lease.of_new_run:
            await self._recall_progress()
        first = "estimate_micro" not in run.row.metadata
        if first or how.changed is not None:
            for kind, model in run.models().items():
                if kind != "screenplay" or not run.recorded.basis.given:
                    model.require()
        await self._keep_record(how)
        if first or how.budget is not None:
            left = await run.left_to_pay(is_new=lease.of_new_run)
            if first:
                await run.tracker.set_estimate(lease, to_micro(left.cost_usd))
            await self._warn_of_budget(left, await run.read_row() if is_raised else run.row)

    def _reviews_as(self, how: Continuation) -> bool:
        return how.review is None or how.review == self._run.recorded.review

    async def _set_review(self, lease: Lease, how: Continuation) -> None:
        """Record the stages that are reviewed from now on. They are no part of what the film is."""
        run = self._run
        if how.review is None or self._reviews_as(how):
            return
        document = {name: value for name, value in run.recorded.document.items() if name != "review"}
        run.recorded = RunSettings.of({**document, "review": list(how.review)} if how.review else document)
        await self._record_settings(lease, how)

    async def _set_output(self, lease: Lease, how: Continuation) -> None:
        """Publish a completed run to another folder, and record that; nothing of it is made."""
        run = self._run
        if how.output is not None:
            await asyncio.to_thread(require_writable, how.output / run.thread_id)
        if await publish_elsewhere(run, how.output):
            await self._record_settings(lease, Continuation())
            await self._keep_record(Continuation())

    async def _record_settings(self, lease: Lease, how: Continuation) -> None:
        run = self._run
        fingerprint = run.row.settings_fingerprint if how.changed is None else how.changed.fingerprint
        await run.tracker.set_settings(lease, run.recorded.document, fingerprint=fingerprint)

    async def _recall_progress(self, changed: Collection[str] = ()) -> None:
        """Tell the progress what is made. `changed`: slots that people have decided about, which are yet to be made."""
        run = self._run
        made: dict[str, set[str]] = {}
        for asset in await reading.sound_assets(run.database, run.thread_id):
            if asset.asset_type not in PARTS and asset.slot not in changed:
                made.setdefault(asset.step, set()).add(asset.slot)
        run.progress.recall(made, run.row.step_totals)

    async def _keep_record(self, how: Continuation) -> None:
        """Keep in the asset store what the run is, before its first call: what it pays for outlives its database."""
        run, row = self._run, self._run.row
        run.assets.make_root()
        record = {
            "workflow_name": row.workflow_name,
            "story_path": row.story_path,
            "story_sha256": row.story_sha256,
            "story_title": row.story_title,
            "graph_version": row.graph_version,
            "start_time": row.start_time,
            "settings": run.recorded.document,
            "settings_fingerprint": row.settings_fingerprint if how.changed is None else how.changed.fingerprint,
            "budget_micro": row.budget_micro if how.budget is None else to_micro(how.budget),
            "project": row.project,
            **_batch_of(row),
        }
        if write_run_record(run.assets, run.thread_id, record):
            await run.assets.share_run(run.thread_id)

    async def _warn_of_budget(self, left: Left, row: RunRow) -> None:
        """Say before the first call that the budget will not suffice: the run then stops in the middle."""
        if left.cost_usd == 0:
            return
        if told := await told_of_quota(self._run.database, row.project, to_micro(left.cost_usd)):
            self._run.progress.warn(told)
        if row.budget_micro is None:
            return
        committed, budget = row.committed_micro, row.budget_micro
        if (cost := to_micro(left.cost_usd)) > budget - committed:
            used = f", of which ${usd_text(committed)} is spent or reserved" if committed else ""
            self._run.progress.warn(
                f"the budget of ${usd_text(budget)}{used} will not suffice: about ${usd_text(cost)} is still to pay."
                f" It will pause there; --budget {enough(row, left):f} would be enough"
            )


def _require_folder(run: ActiveRun, how: Continuation) -> None:
    """Raise `UsageError` unless the folder that the run is published to can be written."""
    if how.tried == (how.output or run.recorded.output) / run.thread_id:
        return
    if how.output is None:
        require_recorded(run.thread_id, run.recorded.output, run.settings)
    else:
        require_writable(how.output / run.thread_id)


def _batch_of(row: RunRow) -> dict[str, Any]:
    """Return what the record of a run says of its batch, and when the run saw that budget; {} for a run of none.

    The budget of a batch may be raised and lowered again: what its runs saw last is restored.
    """
    if row.batch is None:
        return {}
    return {"batch": row.batch, "batch_budget_micro": row.batch_budget_micro, "batch_budget_at": now_text()}


def _is_copied(run: ActiveRun, state: Any) -> bool:
    """Return whether a fork has not begun yet: its newest checkpoint is the one that was copied."""
    copied = run.recorded.forked_from
    newest: str | None = state.config["configurable"].get("checkpoint_id")
    return copied is not None and copied.checkpoint_id is not None and newest == copied.checkpoint_id


def _fork_input(run: ActiveRun) -> dict[str, Any]:
    """Return the state that a fork goes on with: nothing that its source had stays in it."""
    nothing: dict[str, Any] = {}
    # Without it the reducers of these keys would add to what the source had.
    overwritten = {name: {"__overwrite__": nothing} for name in ("cards", "shots")}
    return {**first_input(run), **overwritten}


def _changed_slots(takes: Takes, applied: int) -> set[str]:
    """Return the slots under which files are counted that the new decisions are about; the film is cut again anyway."""
    return {FILM, *(slot.partition("/")[0] for slot in _changed(takes, applied))}


def _changed(takes: Takes, applied: int) -> list[str]:
    return [decision.slot for decision in takes.decisions if decision.decision != Decided.APPROVE][applied:]


def _step_before(takes: Takes, applied: int, *, has_screenplay: bool) -> str:
    """Return the step after which a run goes on to apply the decisions that are new.

    Whatever is made already is found again by the steps that follow, at no cost. Only these two steps lead to one that
    is known beforehand; the others send themselves their tasks.
    """
    made_before = has_screenplay and SCREENPLAY not in _changed(takes, applied)
    return "generate_screenplay" if made_before else "initialize"
