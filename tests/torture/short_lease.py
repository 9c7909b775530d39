"""The command line of clash with a lease of one second in place of thirty, so that a test can outwait it."""

from __future__ import annotations

import sys
from functools import partial

from clash.cli.app import main
from clash.database.lease import Heartbeat, take_lease
from clash.production import runner

LEASE_S = 1.0

if __name__ == "__main__":
    runner.take_lease = partial(take_lease, duration_s=LEASE_S)
    runner.Heartbeat = partial(Heartbeat, every_s=LEASE_S / 3, duration_s=LEASE_S)  # type: ignore[misc,assignment]
    sys.exit(main())
