"""One of many processes that spend the quotas of two projects: `quota_racer.py DATABASE_URL FOLDER FIRST RUNS STEP`.

It waits for a line on standard input, so that all begin at one moment. Then it makes four calls at once in each run of
`FIRST`, `FIRST + STEP` and so on below `RUNS`; even ones belong to the project `even`, odd ones to `odd`. On standard
output it says how many calls were made and how many the quota refused: `made 3 refused 1`.
"""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from pathlib import Path

from clash_metered import OneShotProvider
from worker import request_for

from clash.assets import AssetStore
from clash.calls.ledger import Ledger
from clash.calls.spec import CallSpec
from clash.database.connection import open_database
from clash.database.lease import release_lease, take_lease
from clash.database.metadata import AsyncMetadataTracker
from clash.errors import QuotaReachedError
from clash.providers.registry import Model

CALLS = 4


async def race(url: str, folder: Path, runs: range) -> Counter[str]:
    """Make what the quotas allow."""
    counted = Counter[str]()
    async with open_database(url, "write") as database:
        for number in runs:
            run_id = f"run-{number}"
            await AsyncMetadataTracker(database).start_workflow(run_id, "race", project="odd" if number % 2 else "even")
            lease = await take_lease(database, run_id)
            models = {"speech": Model(OneShotProvider(), "voice")}
            ledger = Ledger(database, lease, AssetStore(folder), models, reuse=False)
            texts = [f"{run_id}-{line}" for line in range(CALLS)]
            ended = await asyncio.gather(
                *(ledger.call(CallSpec("speak", text, "speech", request_for(text))) for text in texts),
                return_exceptions=True,
            )
            for one in ended:
                if isinstance(one, BaseException) and not isinstance(one, QuotaReachedError):
                    raise one
                counted["refused" if isinstance(one, QuotaReachedError) else "made"] += 1
            await release_lease(database, lease)
    return counted


def main() -> None:
    """Wait for the start, race, and say what came of it."""
    url, folder, first, runs, step = sys.argv[1:]
    print("ready", flush=True)
    sys.stdin.readline()
    counted = asyncio.run(race(url, Path(folder), range(int(first), int(runs), int(step))))
    print(f"made {counted['made']} refused {counted['refused']}", flush=True)


if __name__ == "__main__":
    main()
