"""What is checked before a call is written down as sent: whether it can be sent, and its file fetched afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from clash.providers.file_hosts import FileHosts, check_file_hosts
from clash.providers.ports import Quote
from clash.providers.registry import Model


class Readiness:
    """Checks each model of a run once per process, and the hosts of paid files before the first paid call."""

    def __init__(self, models: Iterable[Model]) -> None:
        self._hosts = {model.provider.name: model.provider for model in models if isinstance(model.provider, FileHosts)}
        self._sendable: set[str] = set()
        self._checking: asyncio.Task[None] | None = None

    async def check(self, model: Model, quote: Quote) -> None:
        """Raise `SettingsError` for what would fail before the first byte, or would refuse the file once it is paid.

        Raises `ProviderError`, which may be tried again, where the hosts of the files cannot be reached.
        """
        if model.spec not in self._sendable:
            model.require()
            self._sendable.add(model.spec)
        if quote.cost_usd > 0:
            await self._check_hosts()

    async def _check_hosts(self) -> None:
        """Check once, for all calls that wait for it; what failed is checked again by the next that asks."""
        if self._checking is None or (self._checking.done() and self._failed(self._checking)):
            self._checking = asyncio.create_task(self._check_all())
        await asyncio.shield(self._checking)

    @staticmethod
    def _failed(task: asyncio.Task[None]) -> bool:
        return task.cancelled() or task.exception() is not None

    async def _check_all(self) -> None:
        for provider in self._hosts.values():
            await check_file_hosts(provider)
