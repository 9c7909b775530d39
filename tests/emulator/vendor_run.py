"""One call at a time of an emulated vendor, through the real ledger: what it brought, and what stands in the tables."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from clash.assets import AssetStore
from clash.calls.content_key import kind_of
from clash.calls.ledger import Ledger
from clash.calls.retry_policy import RetryPolicy
from clash.calls.spec import CallResult, CallSpec
from clash.config import Settings
from clash.database.lease import Lease
from clash.database.port import Database, Row
from clash.providers.ports import Request
from clash.providers.registry import Registry
from emulator import Emulator

QUICK = RetryPolicy(attempts=3, first_wait_s=0.001, longest_wait_s=0.002, rate_limit_s=4.0)


@dataclass
class VendorRun:
    """A run with its ledger, set to the emulator."""

    database: Database
    lease: Lease
    assets: AssetStore
    settings: Settings
    registry: Registry = field(init=False)

    def __post_init__(self) -> None:
        self.registry = Registry(self.settings)

    def set(self, **changes: Any) -> VendorRun:
        """The same run in another process, with other settings."""
        return VendorRun(self.database, self.lease, self.assets, self.settings.changed(**changes))

    async def call(self, spec: str, request: Request, slot: str = "slot", take: int = 1) -> CallResult:
        """Have a model asked. A ledger of its own: nothing is remembered but tables and disk."""
        kind = kind_of(request)
        model = self.registry.model(kind, spec)
        ledger = Ledger(
            self.database,
            self.lease,
            self.assets,
            {kind: model},
            registry=self.registry,
            reuse=False,
            retry_policy=QUICK,
        )
        return await ledger.call(CallSpec("step", slot, kind, request, take=take))

    async def rows(self) -> list[Row]:
        """The rows of `api_logs`, oldest first."""
        return await self.database.query("SELECT * FROM api_logs WHERE run_id = ? ORDER BY id", (self.lease.run_id,))

    async def states(self) -> list[str]:
        """Their states."""
        return [str(row["state"]) for row in await self.rows()]

    async def costs(self) -> list[int]:
        """What each cost, in micro-dollars."""
        return [int(row["cost_micro"]) for row in await self.rows()]


def settings_for(vendors: Emulator) -> Settings:
    """Settings that lead to the emulator, whatever stands in this machine's environment."""
    return Settings(**vendors.environment)
