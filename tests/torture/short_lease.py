"""The command line of clash with a lease of one second in place of thirty, so that a test can outwait it."""

from __future__ import annotations

import sys

from clash.cli.app import main
from clash.database import lease
from clash.database.lease import LeaseTerms

LEASE_S = 1.0
TERMS = LeaseTerms(duration_s=LEASE_S, renew_every_s=LEASE_S / 3)

if __name__ == "__main__":
    lease.lease_terms = lambda _: TERMS
    sys.exit(main())
