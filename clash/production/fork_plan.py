"""The plan of a fork: which run it will be, what it keeps, which shots change, and what is to be paid."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from typing import Any

from clash.assets import AssetStore, sha256_of
from clash.calls.content_key import canonical_json
from clash.calls.dry_run import DryRun
from clash.config import Settings
from clash.database import audit, fork
from clash.database.lease import is_held
from clash.database.port import Database, texts_of
from clash.database.rows import RunRow
from clash.database.run_settings import Basis, ForkedFrom
from clash.documents.edits import EditPlan
from clash.editing.merge import plan_merge
from clash.editing.shot_changes import shot_changes
from clash.editing.takes import Takes
from clash.money import to_micro
from clash.production.fork_request import ForkRequest, run_plan_of
from clash.production.fork_source import Carried, ForkSource, Target, beginning_of, carry
from clash.production.plan import RunPlan
from clash.production.prices import counts_document, price_document
from clash.providers.registry import Registry
from clash.story.alignment import Pair
from clash.story.screenplay import Screenplay, shot_slot
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
            story_title=run.story.title,
            settings=run.recorded(settings),
            settings_fingerprint=run.fingerprint,
            graph_version=GRAPH_VERSION,
            budget_micro=None if run.budget is None else to_micro(run.budget),
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
    run = run_plan_of(request, source, found.story, assets, settings, registry)
    forked_from = ForkedFrom(
        source.run_id, found.beginning.checkpoint_id, begins.step, request_digest(request, run), begins.kept_steps
    )
    basis = _basis(request, run, found)
    target = _target(run, basis, registry)
    files = [content for content in (run.given_content, run.cast.sheet.content() if run.cast else b"") if content]
    screenplay, is_exact, is_written = await _screenplay(database, assets, registry, target, files)
    pairs = _pairs(found, run, basis, screenplay)
    carried = await carry(database, assets, registry, found, target, pairs, files=files)
    price = price_document(carried.planned, exact_writer=is_exact)
    document = EditPlan.of(
        {
            "thread_id": request.thread_id,
            "forked_from": forked_from.document,
            "shots": _shots_document(pairs),
            "calls": counts_document(carried.planned),
            "price": price,
            "warnings": [*run.warnings, *await _warnings(database, source)],
        }
    )
    return ForkPlan(run, found, basis, forked_from, carried, not (is_written or is_exact), document)


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
    return hashlib.sha256(canonical_json(asked).encode()).hexdigest()


def _basis(request: ForkRequest, run: RunPlan, source: ForkSource) -> Basis:
    """What the screenplay of the fork comes from."""
    whole = run.basis
    if run.given is not None:
        return whole
    writer = request.models.get("screenplay")
    same_story = run.story.sha256 == source.story.sha256
    asks_another = (
        same_story and writer is not None and run.models["screenplay"] != source.recorded.models["screenplay"]
    )
    if not source.beginning.screenplay or request.step in _WRITER_STEPS or asks_another:
        return whole
    if same_story:
        return replace(whole, given=source.beginning.screenplay)
    return replace(whole, story=source.recorded.story, screenplay=source.beginning.screenplay)


def _target(run: RunPlan, basis: Basis, registry: Registry) -> Target:
    images = {
        name: StoredFile(sha256=sha256_of(content), media_type=media_type)
        for name, (media_type, content) in run.panels.items()
    }
    return Target(registry.models(run.models), run.film, run.story, images, basis)


async def _screenplay(
    database: Database, assets: AssetStore, registry: Registry, target: Target, files: Sequence[bytes]
) -> tuple[Screenplay, bool, bool]:
    """The screenplay of the fork, or what stands for it; whether it is the very one, and whether no writer is asked."""
    probe = DryRun(database, assets, target.models, registry, quick=True)
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


async def _warnings(database: Database, source: RunRow) -> list[str]:
    """What may be paid for twice: calls of the run that are not settled."""
    warnings: list[str] = []
    if is_held(source):
        warnings.append(
            f"{source.run_id} is being made by another process: what it is making now is not found, and would be made"
            " again"
        )
    unknown = texts_of(await audit.unknown_rows(database, source.run_id), "slot")
    if unknown:
        slots = ", ".join(sorted(set(unknown)))
        warnings.append(
            f"calls of {source.run_id} may have been paid for and their answers are lost ({slots}): the fork would"
            " make them anew"
        )
    return warnings
