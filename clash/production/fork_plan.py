"""The plan of a fork: which run it will be, what it keeps, which shots change, and what is to be paid."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from typing import Any

from clash.assets import AssetStore, sha256_of
from clash.calls.content_key import canonical_json
from clash.calls.dry_run import DryRun, PlannedCall
from clash.config import Settings
from clash.database import audit, fork
from clash.database.lease import is_held
from clash.database.port import Database
from clash.database.rows import RunRow
from clash.database.run_settings import Basis, ForkedFrom
from clash.documents.edits import EditPlan
from clash.editing.merge import plan_merge
from clash.editing.shot_changes import shot_changes
from clash.editing.slots import people_slot
from clash.editing.takes import Takes
from clash.errors import ConflictError, PersonNeededError
from clash.hints import command
from clash.money import to_micro
from clash.production.fork_reading import told_of_differences
from clash.production.fork_request import ForkRequest, run_plan_of
from clash.production.fork_source import Carried, ForkSource, Target, beginning_of, carry
from clash.production.plan import RunPlan
from clash.production.price_of_change import budget_document, counts_document, price_document
from clash.production.run_project import check_project_of
from clash.providers.registry import Registry
from clash.reports.shot_labels import NO_LABELS, labels_of
from clash.story.alignment import Pair
from clash.story.screenplay import Screenplay, Story, shot_slot
from clash.workflow.generate_screenplay import make_screenplay
from clash.workflow.state import GRAPH_VERSION, WORKFLOW, StoredFile

_WRITER_STEPS = ("initialize", "generate_screenplay")


@dataclass(frozen=True)
class ForkPlan:
    """A fork that can be made. `awaits_writer`: what it keeps is known only once its screenplay is written."""

    run: RunPlan
    source: ForkSource
    basis: Basis
    forked_from: ForkedFrom
    carried: Carried
    awaits_writer: bool
    document: EditPlan
    open_slots: tuple[str, ...] = ()
    """What the fork would buy though the source may have paid for just that: the answers are not there, or lost."""

    def check_open(self) -> None:
        """Raise `PersonNeededError` if something would be bought that the source may have paid for."""
        if not self.open_slots:
            return
        source, named = self.source.run, ", ".join(self.open_slots[:12]) + (" ..." if self.open_slots[12:] else "")
        if is_held(source):
            raise ConflictError(
                f"{source.run_id} is being made by another process, which is paying for {named} now",
                code="held",
                hint=f"`{command('runs show', source.run_id)}` shows when it has ended; then fork it",
                slots=self.open_slots,
            )
        raise PersonNeededError(
            f"{source.run_id} may have paid for {named}, and has no answer: the fork would pay again",
            code="unknown_call",
            hint=f"`{command('resume', source.run_id)}` finds out what it can; or fork with --retry-unknown, which"
            " makes these calls again",
            slots=self.open_slots,
        )

    @property
    def title(self) -> str:
        """What the run is called: as its story says if that is another title, else as the source is.

        The name of another file is no title: `story-v2.csv` is a version of the story, and its film is called the same.
        """
        run, source = self.run, self.source
        return run.story.title if run.is_titled and run.story.title != source.story.title else source.run.story_title

    def new_run(self, stored: Mapping[str, Any]) -> fork.NewRun:
        """Return the row of the run. `stored`: what `RunPlan.store` has put into the asset store."""
        run, basis = self.run, self.basis
        settings: dict[str, Any] = {**stored, "forked_from": asdict(self.forked_from)}
        if basis.given and run.given is None:
            settings["screenplay"] = {"sha256": basis.given}
        if basis.screenplay:
            settings["established"] = {"story": basis.story, "screenplay": basis.screenplay}
        if self.source.recorded.review:
            settings["review"] = list(self.source.recorded.review)
        price = self.document.price
        return fork.NewRun(
            run_id=run.thread_id,
            workflow_name=WORKFLOW,
            story_path=run.story_path,
            story_sha256=run.story.sha256,
            story_title=self.title,
            settings=run.recorded(settings),
            settings_fingerprint=run.fingerprint,
            graph_version=GRAPH_VERSION,
            budget_micro=None if run.budget is None else to_micro(run.budget),
            project=run.project,
            metadata={
                "totals": {"initialize": 1},
                "estimate_micro": to_micro(Decimal(price.total_usd)),
                **({fork.AWAITS: True} if self.awaits_writer else {}),
            },
        )

    def kept(self, assets: AssetStore, stored: Mapping[str, Any]) -> fork.Kept:
        """Return what the run is written with."""
        story = stored["story"]
        file = fork.KeptFile(
            step="initialize",
            slot="story",
            asset_type="story",
            media_type="application/json",
            sha256=story,
            path=assets.relative_path(story),
            bytes=assets.path(story).stat().st_size,
            facts={"rows": len(self.run.story.beats)},
        )
        kept = self.carried.kept
        return fork.Kept((), [file]) if self.awaits_writer else fork.Kept(kept.calls, [file], kept.decisions)


async def plan_fork(
    database: Database, request: ForkRequest, source: RunRow, settings: Settings, registry: Registry, assets: AssetStore
) -> ForkPlan:
    """Plan a fork of a run; nothing is written.

    Raises `NotFoundError`, `StoryError`, `UsageError`, and `StorageError` for a story or screenplay that is lost.
    """
    begins = await beginning_of(database, source.run_id, checkpoint_id=request.checkpoint_id, step=request.step)
    found = await ForkSource.read(database, assets, registry, source, begins)
    check_project_of(source, request.project)
    run = run_plan_of(request, source, found.story, assets, settings, registry)
    forked_from = ForkedFrom(
        source.run_id, found.beginning.checkpoint_id, begins.step, request_digest(request, run), begins.kept_steps
    )
    basis = _basis(request, run, found)
    target = _target(run, basis, registry)
    files = [content for content in (run.given_content, run.cast.sheet.content() if run.cast else b"") if content]
    screenplay, is_exact, is_written = await _screenplay(database, assets, registry, target, files, run.project)
    pairs = _pairs(found, run, basis, screenplay)
    carried = await carry(database, assets, registry, found, target, pairs, files=files)
    price = price_document(carried.planned, exact_writer=is_exact)
    slots = _open_slots(await audit.open_keys(database, source.run_id), carried.planned)
    document = EditPlan.of(
        {
            "thread_id": request.thread_id,
            "forked_from": forked_from.document,
            "shots": (shots := _shots_document(pairs)),
            "labels": labels_among([*shots["moved"], *shots["changed"], *shots["added"]], run.story, screenplay),
            "removed_labels": labels_among(shots["removed"], found.story, found.screenplay),
            "calls": counts_document(carried.planned),
            "price": price,
            **budget_document(None if run.budget is None else to_micro(run.budget), 0, carried.planned),
            "warnings": [
                *run.warnings,
                *told_of_differences(source.run_id, run.differences, screenplay),
                *_warnings(source, slots),
            ],
        }
    )
    return ForkPlan(run, found, basis, forked_from, carried, not (is_written or is_exact), document, slots)


def labels_among(shots: Sequence[str], story: Story, screenplay: Screenplay | None) -> dict[str, str]:
    """Return the labels that a story's table gives some shots, by their slots."""
    labels = labels_of(story, screenplay) if screenplay and shots else NO_LABELS
    return {shot: label for shot in shots if (label := labels.of(shot))}


def in_words(plan: EditPlan) -> str:
    """Return in one sentence what a fork would do: `1 shot changes, 3 calls to make: $0.310000`."""
    changed = len(plan.shots.changed) + len(plan.shots.added)
    counted = "1 shot changes" if changed == 1 else f"{changed} shots change"
    removed = f", {len(plan.shots.removed)} removed" if plan.shots.removed else ""
    about = "about " if plan.price.estimated else ""
    return f"{counted}{removed}, {plan.calls.to_make} calls to make: {about}${plan.price.total_usd}"


def request_digest(request: ForkRequest, run: RunPlan) -> str:
    """Return the digest of what is asked for: a fork that is asked for again is the same fork."""
    asked = [request.source, request.checkpoint_id, request.step, run.story.sha256, run.identity]
    asked += [] if request.reread is None else ["reread" if request.reread else "no-reread"]
    return hashlib.sha256(canonical_json(asked).encode()).hexdigest()


def _basis(request: ForkRequest, run: RunPlan, source: ForkSource) -> Basis:
    """What the screenplay of the fork comes from."""
    whole = run.basis
    if run.given is not None:
        return whole
    writer = request.models.get("screenplay")
    same_story = run.story.sha256 == source.story.sha256 and not request.reread and _is_read_alike(run, source)
    asks_another = (
        same_story and writer is not None and run.models["screenplay"] != source.recorded.models["screenplay"]
    )
    if not source.beginning.screenplay or request.step in _WRITER_STEPS or asks_another:
        return whole
    if same_story:
        return replace(whole, given=source.beginning.screenplay)
    return replace(whole, story=source.recorded.story, screenplay=source.beginning.screenplay)


def _is_read_alike(run: RunPlan, source: ForkSource) -> bool:
    """Whether nobody has said anew what a column is, or which language the film speaks."""
    recorded = source.recorded.document
    return all(run.reading.get(name) == (recorded.get(name) or None) for name in ("columns", "language"))


def _target(run: RunPlan, basis: Basis, registry: Registry) -> Target:
    images = {
        name: StoredFile(sha256=sha256_of(content), media_type=media_type)
        for name, (media_type, content) in run.panels.items()
    }
    return Target(registry.models(run.models), run.film, run.story, images, basis)


async def _screenplay(
    database: Database, assets: AssetStore, registry: Registry, target: Target, files: Sequence[bytes], project: str
) -> tuple[Screenplay, bool, bool]:
    """The screenplay of the fork, or what stands for it; whether it is the very one, and whether no writer is asked."""
    probe = DryRun(database, assets, target.models, registry, project=project, quick=True)
    for content in files:
        probe.imagine(content)
    made = await make_screenplay(target.story, target.basis, probe, Takes(), read=probe.read, put=probe.imagine)
    is_default = target.models["screenplay"].spec == registry.default("screenplay").spec
    return made.screenplay, is_default, all(call.found for call in probe.planned)


def _pairs(source: ForkSource, run: RunPlan, basis: Basis, screenplay: Screenplay) -> list[Pair]:
    if source.screenplay is None:
        return [Pair("added", None, shot) for shot in screenplay.shots]
    merge = plan_merge(source.story, source.screenplay, run.story) if basis.screenplay else None
    return shot_changes(source.screenplay, screenplay, merge)


def _shots_document(pairs: Sequence[Pair]) -> dict[str, Any]:
    slots: dict[str, list[str]] = {state: [] for state in ("moved", "changed", "added", "removed")}
    for pair in pairs:
        shot = pair.b or pair.a
        if pair.state != "kept" and shot is not None:
            slots[pair.state].append(shot_slot(shot.number))
    return {"kept": sum(pair.state == "kept" for pair in pairs), **slots}


def _open_slots(keys: frozenset[str], planned: Sequence[PlannedCall]) -> tuple[str, ...]:
    """Return the slots of calls that are to be paid for and may have been: the source has asked for just the same."""
    again = (call for call in planned if not call.found and call.quote.cost_usd and not keys.isdisjoint(call.keys))
    return tuple(dict.fromkeys(people_slot(call.slot) for call in again))


def _warnings(source: RunRow, slots: Sequence[str]) -> list[str]:
    """What may be paid for twice: calls of the run that are not settled."""
    if not slots:
        return []
    how = "is being made by another process, which is paying for" if is_held(source) else "may have paid for"
    return [f"{source.run_id} {how} {', '.join(slots)}: the fork would pay again, and needs --retry-unknown for it"]
