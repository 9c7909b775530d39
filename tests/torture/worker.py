"""One process that works on a run of many calls: the production code of ledger, lease and database, without a film.

    PYTHONPATH=tests/plugins METER=... python tests/torture/worker.py FOLDER PROVIDER COUNT [--consent]

Starts in a fraction of a second, says `ready` when it begins, ends like `clash run`: 0 all made, 8 a person is needed,
5 the run is held or was lost, 6 over budget; the last line on standard output is JSON. `BUDGET` may be set, and
`TORTURE_DATABASE_URL`, if the database is not to be a file in the folder; `TORTURE_VENDOR`, if the provider is to be
asked over HTTP. A database that was lost is restored first, as `clash run` does.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

from clash_metered import KeyedProvider, OneShotProvider, QueuedProvider
from wire import VENDOR, WIRED

from clash.assets import AssetStore, spare
from clash.assets.records import write_run_record
from clash.calls.ledger import Ledger
from clash.calls.rate_limits import RateLimits
from clash.calls.retry_policy import RetryPolicy
from clash.calls.spec import CallResult, CallSpec
from clash.config import Settings
from clash.database import call_log, migrations, reading
from clash.database.connection import check_there, open_database, verify_there
from clash.database.lease import Heartbeat, Lease, release_lease, take_lease
from clash.database.metadata import AsyncMetadataTracker
from clash.database.port import Database
from clash.errors import ClashError, ConflictError
from clash.providers.ports import SpeechRequest
from clash.providers.registry import Model
from clash.transfer import recover_before_run

RUN = "torture"
STORY: dict[str, Any] = {
    "story_path": "torture.csv",
    "story_sha256": "0" * 64,
    "story_title": "Torture",
    "settings": {},
    "settings_fingerprint": "0" * 64,
    "graph_version": 1,
}
PROVIDERS = {"metered": KeyedProvider, "oneshot": OneShotProvider, "queued": QueuedProvider}


def arguments() -> argparse.Namespace:
    """What to work on."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("provider", choices=sorted(PROVIDERS))
    parser.add_argument("count", type=int)
    parser.add_argument("--consent", action="store_true", help="make unknown calls again")
    parser.add_argument("--lease", type=float, default=30.0, help="seconds that the lease lasts")
    parser.add_argument("--beat", type=float, default=10.0, help="seconds between two renewals")
    parser.add_argument("--concurrency", type=int, default=8, help="1: each call begins when the last one has ended")
    parser.add_argument("--attempts", type=int, default=3)
    parser.add_argument("--spare", type=Path, help="the only folder for answers that find no room in the store")
    return parser.parse_args()


async def work(chosen: argparse.Namespace) -> tuple[int, dict[str, object]]:
    """Go on with the run as far as it goes."""
    url = os.environ.get("TORTURE_DATABASE_URL") or f"sqlite:///{(chosen.folder / 'clash.db').as_posix()}"
    if chosen.spare is not None:
        spare.spare_folders = lambda: (chosen.spare,)
    async with open_database(url, "create") as database:
        await migrations.migrate(database)
        await begin(database, url, chosen)
        lease = await take_lease(database, RUN, duration_s=chosen.lease)
        try:
            await keep_record(database, chosen)
            with Heartbeat(url, lease, every_s=chosen.beat, duration_s=chosen.lease):
                return await make_all(database, lease, chosen)
        finally:
            with suppress(ClashError):
                await release_lease(database, lease)


async def begin(database: Database, url: str, chosen: argparse.Namespace) -> None:
    """Restore what the database has lost, and begin the run if there is none."""
    tracker = AsyncMetadataTracker(database)
    settings = Settings(**{"DATABASE_URL": url, "ASSET_STORE": f"file://{chosen.folder / 'assets'}"})
    await recover_before_run(database, settings, await reading.find_run(database, RUN))
    await tracker.start_workflow(RUN, "torture", **STORY)


async def keep_record(database: Database, chosen: argparse.Namespace) -> None:
    """Keep the run's record in the asset store, as the runner does before the first call."""
    row = await AsyncMetadataTracker(database).run(RUN)
    assert row is not None
    facts = {name: row[name] for name in ("workflow_name", "start_time", "budget_micro")}
    write_run_record(AssetStore(chosen.folder / "assets"), RUN, {**facts, **STORY})


async def make_all(database: Database, lease: Lease, chosen: argparse.Namespace) -> tuple[int, dict[str, object]]:
    """Ask for every text at once; how it ended."""
    tracker = AsyncMetadataTracker(database)
    await tracker.set_status(lease, "running")
    if "BUDGET" in os.environ:
        await tracker.set_budget(lease, Decimal(os.environ["BUDGET"]))
    accept = await call_log.newest_id(database, RUN) if chosen.consent else 0
    ledger = Ledger(
        database,
        lease,
        AssetStore(chosen.folder / "assets"),
        {"speech": Model((WIRED if VENDOR in os.environ else PROVIDERS)[chosen.provider](), "voice")},
        reuse=False,
        rate_limits=RateLimits(concurrency=chosen.concurrency, limits={}),
        accept_unknown_until=accept,
        retry_policy=RetryPolicy(chosen.attempts, 0.001, 0.01),
        check_stop=lambda: check_stop(database, lease),
    )
    texts = [f"t{number:02d}" for number in range(chosen.count)]
    print("ready", flush=True)
    results = await _ask_for(ledger, texts, together=chosen.concurrency > 1)
    errors = [result for result in results if isinstance(result, BaseException)]
    codes = Counter(error.code if isinstance(error, ClashError) else repr(error) for error in errors)
    code = max((error.exit_code if isinstance(error, ClashError) else 1 for error in errors), default=0)
    await tracker.set_status(lease, "paused" if errors else "completed")
    if not errors:
        await verify_there(database)
    return code, {
        "made": len(results) - len(errors),
        "errors": dict(codes),
        "messages": [str(error) for error in errors],
    }


def check_stop(database: Database, lease: Lease) -> None:
    """Raise when no call may begin any more, as the runner does."""
    check_there(database)
    if lease.lost.is_set():
        raise ConflictError("another process has taken over", code="lease_lost")


async def _ask_for(ledger: Ledger, texts: Sequence[str], *, together: bool) -> list[CallResult | BaseException]:
    calls = (ledger.call(CallSpec("speak", text, "speech", request_for(text))) for text in texts)
    if together:
        return await asyncio.gather(*calls, return_exceptions=True)
    # Not by the ledger's limit, which lets the next call begin while the row of the last one is being settled.
    return [(await asyncio.gather(call, return_exceptions=True))[0] for call in calls]


def request_for(text: str) -> SpeechRequest:
    """Have a text said."""
    return SpeechRequest(text=text, speaker="narrator", language="en")


def main() -> int:
    """Work, and say how it ended."""
    try:
        code, document = asyncio.run(work(arguments()))
    except ClashError as error:
        code, document = error.exit_code, {"error": error.code, "message": error.message}
    print(json.dumps(document), flush=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
