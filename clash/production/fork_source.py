"""The run that a fork begins with: where it begins, what was made until then, and what of it another run keeps."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from clash.assets import AssetStore
from clash.assets.store import StoredFile
from clash.calls.content_key import KEY_VERSION
from clash.calls.dry_run import DryRun, PlannedCall
from clash.calls.kept_calls import KeptCalls
from clash.database import reading
from clash.database.decisions import Decision, decisions_of
from clash.database.fork import Kept, KeptCall, KeptFile
from clash.database.port import Database
from clash.database.rows import CallRow, RunRow
from clash.database.run_settings import Basis, ForkedFrom, RunSettings
from clash.editing.carried import carried, decided_by
from clash.editing.shot_changes import slots_kept
from clash.editing.takes import Takes
from clash.errors import NotFoundError
from clash.hints import command
from clash.providers.ports import Kind, screenplay_of
from clash.providers.registry import Model, Registry
from clash.story.alignment import Pair
from clash.story.screenplay import Screenplay, Story
from clash.workflow.context import Format, format_of
from clash.workflow.dry_run import collect_calls
from clash.workflow.state import GRAPH_VERSION, STEPS

_SCREENPLAY = "screenplay"


@dataclass(frozen=True)
class Beginning:
    """Where a fork begins. `checkpoint_id` is None where the run has no checkpoint; `step` is the one that comes next.

    `screenplay`: the sha256 of the run's screenplay, "" before there is one. `changes`: how many decisions about takes
    the run had applied; None: all that there are. In `kept_steps` calls are kept whatever the models are.
    """

    checkpoint_id: str | None
    step: str | None
    screenplay: str
    changes: int | None = None
    kept_steps: tuple[str, ...] = ()


async def beginning_of(
    database: Database, thread_id: str, *, checkpoint_id: str | None = None, step: str | None = None
) -> Beginning:
    """Return where a fork begins: after a checkpoint, before a step, or with all there is. Raise `NotFoundError`."""
    if checkpoint_id is None and step is None:
        items, assets = await asyncio.gather(
            reading.checkpoint_items(database, thread_id, limit=1), reading.sound_assets(database, thread_id)
        )
        found = [row.sha256 for row in assets if (row.slot, row.asset_type) == (_SCREENPLAY, _SCREENPLAY)]
        screenplay = found[0] if found else ""
        return Beginning(items[0]["checkpoint_id"], _next(items[0]), screenplay) if items else Beginning(None, None, "")
    items = await reading.checkpoint_items(database, thread_id)
    item = _before(items, thread_id, step) if step else _named(items, thread_id, checkpoint_id or "")
    chosen: str = item["checkpoint_id"]
    checkpoint, _ = await reading.load_checkpoint(database, thread_id, chosen)
    values: Mapping[str, Any] = checkpoint["channel_values"]
    following = step or _next(item)
    return Beginning(
        chosen,
        following,
        str(values.get(_SCREENPLAY) or ""),
        int(values.get("edits", 0)),
        STEPS if following is None else STEPS[: STEPS.index(following)],
    )


async def beginning_again(database: Database, fork: ForkedFrom, basis: Basis) -> Beginning:
    """Return where a fork that exists began. Raise `NotFoundError` if that checkpoint is gone.

    A run that has gone on since is taken as it is: what it has made meanwhile is found as well.
    """
    if fork.checkpoint_id is None:
        return Beginning(None, None, basis.screenplay)
    begins = await beginning_of(database, fork.thread_id, checkpoint_id=fork.checkpoint_id)
    return replace(begins, screenplay=basis.screenplay or begins.screenplay, kept_steps=fork.kept_steps)


def _next(item: Mapping[str, Any]) -> str | None:
    """The step that comes next at a checkpoint; the first one where an input is still to be taken in."""
    due = [step for step in item["next"] if step in STEPS]
    return due[0] if due else STEPS[0] if item["next"] else None


def _named(items: Sequence[Mapping[str, Any]], thread_id: str, checkpoint_id: str) -> Mapping[str, Any]:
    for item in items:
        if item["checkpoint_id"] == checkpoint_id:
            return item
    raise NotFoundError(
        f"the run {thread_id} has no checkpoint {checkpoint_id}",
        hint=f"`{command('checkpoints ls', thread_id)}` lists them",
    )


def _before(items: Sequence[Mapping[str, Any]], thread_id: str, step: str) -> Mapping[str, Any]:
    """The checkpoint before a step was last begun: the first of those, one after another, at which it comes next."""
    newest = next((place for place, item in enumerate(items) if step in item["next"]), None)
    if newest is None:
        raise _no_checkpoint_before(items, thread_id, step)
    while newest + 1 < len(items) and step in items[newest + 1]["next"]:
        newest += 1
    return items[newest]


def _no_checkpoint_before(items: Sequence[Mapping[str, Any]], thread_id: str, step: str) -> NotFoundError:
    """Return the error for a step before which there is no checkpoint: not yet, or not any more."""
    listed = f"`{command('checkpoints ls', thread_id)}` lists what it has saved"
    following = _next(items[0]) if items else STEPS[0]
    if following is not None and STEPS.index(following) <= STEPS.index(step):
        return NotFoundError(f"the run {thread_id} has not come to the step {step}", hint=listed)
    left = [name for name in STEPS if any(name in item["next"] for item in items)]
    typed = [f"`{command('fork', thread_id, '--step', name, '--thread', f'{thread_id}-fork')}`" for name in left[:1]]
    return NotFoundError(
        f"the run {thread_id} has no checkpoint before the step {step} any more: it was pruned"
        " (`clash checkpoints prune`, CLASH_RETENTION), or the run is a fork that began after it",
        hint="; ".join((*(f"{one} begins at the first step that is left" for one in typed), listed)),
    )


async def story_of(assets: AssetStore, run: RunRow) -> Story:
    """Return the story of a run. Raise `StorageError` if it is lost."""
    return Story.model_validate_json(await asyncio.to_thread(assets.read, RunSettings.from_row(run).story))


@dataclass(frozen=True)
class ForkSource:
    """A run as a fork begins with it: its story and screenplay, what people decided, and the calls that it has made."""

    run: RunRow
    recorded: RunSettings
    beginning: Beginning
    story: Story
    screenplay: Screenplay | None
    decisions: list[Decision]
    calls: KeptCalls
    sizes: Mapping[str, int]
    """The sizes in bytes of its files, by their sha256."""

    @classmethod
    async def read(
        cls, database: Database, assets: AssetStore, registry: Registry, run: RunRow, beginning: Beginning
    ) -> ForkSource:
        """Read a run. Raise `StorageError` for a story or a screenplay that is lost, `UsageError` for lost models."""
        recorded, story = RunSettings.from_row(run), await story_of(assets, run)
        if run.graph_version != GRAPH_VERSION:
            # The graph of today does not go on from its checkpoints; its calls are kept all the same.
            beginning = replace(beginning, checkpoint_id=None)
        decided, sizes = await asyncio.gather(
            decisions_of(database, run.run_id), reading.asset_sizes(database, run.run_id)
        )
        decisions = decided_by(decided, beginning.changes)
        if not beginning.screenplay:
            return cls(run, recorded, beginning, story, None, decisions, KeptCalls((), registry), sizes)
        content = await asyncio.to_thread(assets.read, beginning.screenplay)
        made = DryRun(
            database,
            assets,
            registry.models(recorded.models),
            registry,
            run_id=run.run_id,
            reuse=False,
            quick=True,
        )
        film = format_of(recorded)
        takes = Takes([decision for decision in decisions if decision.slot != _SCREENPLAY])
        basis = Basis(given=beginning.screenplay, cast=recorded.basis.cast)
        await collect_calls(story, recorded.reference_images, film, made, takes, basis)
        calls = KeptCalls(made.planned, registry, whatever_model=beginning.kept_steps, card_size=film.still_size)
        return cls(run, recorded, beginning, story, screenplay_of(content), decisions, calls, sizes)


@dataclass(frozen=True)
class Target:
    """The run that keeps something of another: all that decides about its calls."""

    models: Mapping[Kind, Model]
    film: Format
    story: Story
    reference_images: Mapping[str, StoredFile]
    basis: Basis


@dataclass(frozen=True)
class Carried:
    """What a run keeps of another, and all calls of its steps, made already or not."""

    kept: Kept
    planned: list[PlannedCall]
    found: DryRun


async def carry(
    database: Database,
    assets: AssetStore,
    registry: Registry,
    source: ForkSource,
    target: Target,
    pairs: Sequence[Pair],
    *,
    files: Sequence[bytes] = (),
) -> Carried:
    """Find out what a run keeps of another, whose shots are paired with its own. Nothing is written.

    `files`: what the run begins with and is not in the asset store yet.
    """
    slots = {slot: slot for slot in _cards(source.screenplay)} | slots_kept(pairs)
    decisions = carried(source.decisions, slots, batch=secrets.token_hex(8))
    found = DryRun(
        database,
        assets,
        target.models,
        registry,
        project=source.run.project,
        find_kept=source.calls.find,
        quick=True,
    )
    for content in files:
        found.imagine(content)
    takes = Takes(decisions)
    await collect_calls(target.story, target.reference_images, target.film, found, takes, target.basis)
    calls = [call for call in (_kept_call(source, assets, call) for call in _settled(found.planned)) if call]
    return Carried(Kept(calls, (), decisions), found.planned, found)


def _cards(screenplay: Screenplay | None) -> list[str]:
    if screenplay is None:
        return []
    people = [f"character:{character.slug}" for character in screenplay.characters]
    return [*people, *(f"location:{location.slug}" for location in screenplay.locations)]


def _settled(planned: Sequence[PlannedCall]) -> list[PlannedCall]:
    """The calls that are found, without clips whose length is only guessed: a line of theirs is still to be spoken."""
    unspoken = {call.slot.partition("/")[0] for call in planned if call.kind == "speech" and call.row is None}
    return [call for call in planned if call.row is not None and (call.kind != "video" or call.slot not in unspoken)]


def _kept_call(source: ForkSource, assets: AssetStore, call: PlannedCall) -> KeptCall | None:
    found = source.calls.look_up(call.task, call.key)
    if found is None or call.row is None or found[1].id != call.row.id:
        return None
    key, row = found
    task = call.task
    version = row.key_version if key == row.key else KEY_VERSION
    file = _file_of(call, row, assets, source.sizes) if task.selected else None
    return KeptCall(row.id, task.step, task.slot, task.take, key, version, file)


def _file_of(call: PlannedCall, row: CallRow, assets: AssetStore, sizes: Mapping[str, int]) -> KeptFile:
    task, sha256 = call.task, row.asset_sha256
    path = assets.path(sha256)
    return KeptFile(
        step=task.step,
        slot=task.asset_slot or task.slot,
        asset_type=task.asset_type,
        media_type=row.media_type,
        sha256=sha256,
        path=assets.relative_path(sha256),
        bytes=sizes.get(sha256) or (path.stat().st_size if path.is_file() else 0),
        facts=row.facts,
    )
