"""Let a fork whose screenplay a writer has just written keep what is unchanged of the run that it was forked from."""

from __future__ import annotations

import asyncio

from clash.database import reading
from clash.database.fork import Kept, write_kept
from clash.database.lease import Lease
from clash.database.run_settings import Basis
from clash.editing.merge import plan_merge
from clash.editing.shot_changes import shot_changes
from clash.errors import NotFoundError
from clash.production.active_run import ActiveRun
from clash.production.fork_source import ForkSource, Target, beginning_again, carry
from clash.providers.ports import screenplay_of
from clash.story.screenplay import Story
from clash.workflow.context import format_of


async def keep_of_source(run: ActiveRun, lease: Lease, screenplay: str) -> None:
    """Write what the fork keeps: calls in the slots that they have now, and the decisions about them.

    `screenplay`: the sha256 of the one that is written. A source that is there no more leaves nothing to keep; what it
    paid for is still found by its key. Raises `ConflictError` if the lease is lost.
    """
    kept = Kept()
    forked_from = run.recorded.forked_from
    source = None if forked_from is None else await reading.find_run(run.database, forked_from.thread_id)
    if forked_from is not None and source is not None:
        try:
            begins = await beginning_again(run.database, forked_from, run.recorded.basis)
        except NotFoundError:
            begins = None
        if begins is not None:
            found = await ForkSource.read(run.database, run.assets, run.registry, source, begins)
            kept = await _kept(run, found, screenplay)
    await write_kept(run.database, lease, kept)


async def _kept(run: ActiveRun, source: ForkSource, screenplay: str) -> Kept:
    recorded, assets = run.recorded, run.assets
    after = screenplay_of(await asyncio.to_thread(assets.read, screenplay))
    story = Story.model_validate_json(await asyncio.to_thread(assets.read, recorded.story))
    if source.screenplay is None:
        return Kept()
    merge = plan_merge(source.story, source.screenplay, story) if recorded.basis.screenplay else None
    pairs = shot_changes(source.screenplay, after, merge)
    basis = Basis(given=screenplay, cast=recorded.basis.cast)
    target = Target(run.models(), format_of(recorded), story, recorded.reference_images, basis)
    return (await carry(run.database, assets, run.registry, source, target, pairs)).kept
