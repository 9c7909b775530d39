"""One of two processes that try to take the same runs at the same moments: `contender.py DATABASE_URL FOLDER`.

Each line on standard input names a run: it is taken and two calls are made in it, then the line `finish` is waited for
and the run released; or it is held by the other. The answer on standard output is `ran N`, N calls made, or the error's
code.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from clash_metered import OneShotProvider
from worker import request_for

from clash.assets import AssetStore
from clash.calls.ledger import Ledger
from clash.calls.spec import CallSpec
from clash.database.connection import open_database
from clash.database.lease import Heartbeat, release_lease, take_lease
from clash.database.metadata import AsyncMetadataTracker
from clash.errors import ClashError
from clash.providers.registry import Model


async def contend(url: str, folder: Path, run_id: str) -> None:
    """Take the run if nobody has it, and hold it until told to finish."""
    async with open_database(url, "write") as database:
        await AsyncMetadataTracker(database).start_workflow(run_id, "contention")
        lease = await take_lease(database, run_id)
        with Heartbeat(url, lease):
            models = {"speech": Model(OneShotProvider(), "voice")}
            ledger = Ledger(database, lease, AssetStore(folder / "assets"), models, reuse=False)
            texts = [f"{run_id}-{number}" for number in range(2)]
            made = await asyncio.gather(
                *(ledger.call(CallSpec("speak", text, "speech", request_for(text))) for text in texts)
            )
            print(f"ran {len(made)}", flush=True)
            await asyncio.to_thread(sys.stdin.readline)
        await release_lease(database, lease)


def main() -> None:
    """Contend for every run that is named, until there are no more."""
    print("ready", flush=True)
    for line in iter(sys.stdin.readline, ""):
        try:
            asyncio.run(contend(sys.argv[1], Path(sys.argv[2]), line.strip()))
        except ClashError as error:
            print(error.code, flush=True)


if __name__ == "__main__":
    main()
