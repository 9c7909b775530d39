"""SIGSTOP for longer than the lease, then SIGCONT; in between another process may take over the run."""

from __future__ import annotations

import signal
import time
from typing import ClassVar

from forks import Fork

from .disturbance import Disturbance, Tortured


class StopAndContinue(Disturbance):
    """A process sleeps for `stop_s` seconds, and its lease lasts `lease_s`; half of the times another takes over."""

    name: ClassVar[str] = "STOP and CONT"
    codes: ClassVar[frozenset[str]] = frozenset({"held", "lease_lost", "database_locked"})

    def __init__(self, lease_s: float, stop_s: float) -> None:
        super().__init__()
        self._lease_s = lease_s
        self._stop_s = stop_s
        self.taken_over = 0

    def options(self) -> tuple[str, ...]:
        """Give the process a lease that it outsleeps."""
        return ("--lease", str(self._lease_s), "--beat", str(self._lease_s / 3))

    def strike(self, run: Tortured, child: Fork) -> None:
        """Stop it, let another process work, continue it."""
        child.send_signal(signal.SIGSTOP)
        if child.poll() is not None:
            return
        self.happened += 1
        time.sleep(self._stop_s)
        if run.moments.random() < 0.5:
            child.send_signal(signal.SIGCONT)
            return
        # It may have been stopped while it held SQLite's lock: the other then waits until it continues.
        other = run.start_another()
        self.taken_over += 1
        other.ends_within(run.moments.uniform(0, 1.0))
        child.send_signal(signal.SIGCONT)
        other.ends_within(run.moments.uniform(0, 0.3))
        if other.poll() is None and run.moments.random() < 0.5:
            run.kill(other)
        else:
            run.end(other, self.codes, alone=False)
