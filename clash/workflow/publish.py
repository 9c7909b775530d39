"""Publish files: give each its name in the output folder as soon as it is made, so that a stopped run can be viewed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

from clash.assets import AssetStore, publish_copy, published_path
from clash.calls.spec import CallResult, CallSpec
from clash.providers.voices import Person, VoiceIds
from clash.workflow.context import CallLedger, GroupingLedger


def publish_file(assets: AssetStore, folder: Path, asset_type: str, slot: str, sha256: str, media_type: str) -> None:
    """Give a file of the store its name in the run's folder, if it gets one. Raises `StorageError`."""
    target = published_path(folder, asset_type, slot, media_type)
    if target is not None:
        publish_copy(assets.fetch(sha256), target)


class PublishingLedger:
    """A ledger that also publishes each file as soon as it is made."""

    def __init__(
        self, ledger: CallLedger, assets: AssetStore, folder: Path, *, made: Callable[[CallSpec], None] = lambda _: None
    ) -> None:
        """`made` is told of each call that has come back: it was made, or found."""
        self._ledger = ledger
        self._made = made
        self._assets = assets
        self._folder = folder

    def cast_voices(self, people: Sequence[Person]) -> VoiceIds:
        """See `Ledger.cast_voices`."""
        return self._ledger.cast_voices(people)

    @contextmanager
    def together(self, order: int, plan: Callable[[CallLedger], Awaitable[object]]) -> Generator[CallLedger]:
        """See `Ledger.together`."""
        if not isinstance(self._ledger, GroupingLedger):
            yield self
            return
        with self._ledger.together(order, plan) as grouped:
            yield PublishingLedger(grouped, self._assets, self._folder, made=self._made)

    async def call(self, task: CallSpec) -> CallResult:
        """See `Ledger.call`."""
        made = await self._ledger.call(task)
        self._made(task)
        if not task.selected:
            return made
        slot = task.asset_slot or task.slot
        await asyncio.to_thread(
            publish_file, self._assets, self._folder, task.asset_type, slot, made.sha256, made.media_type
        )
        return made
