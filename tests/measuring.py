"""What a child process took, measured from a small process.

Linux counts to a process' largest memory what the process that started it had in memory, so a test process that has
grown would measure itself.
"""

from __future__ import annotations

import multiprocessing
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Used:
    """How a process ended, the CPU seconds that it took, and its largest memory in bytes."""

    code: int
    seconds: float
    peak_bytes: int


def used_by(argv: Sequence[str], folder: Path, env: dict[str, str], *, killed_at: str | None = None) -> Used:
    """Run a command to its end; it is killed when it writes what `killed_at` matches to standard error."""
    with multiprocessing.get_context("forkserver").Pool(1) as pool:
        return pool.apply(_used_by, (list(argv), str(folder), env, killed_at))


def _used_by(argv: list[str], folder: str, env: dict[str, str], killed_at: str | None) -> Used:
    with subprocess.Popen(argv, cwd=folder, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as child:
        assert child.stderr is not None
        for line in child.stderr:
            if killed_at is not None and re.search(killed_at, line.decode()):
                child.kill()
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    unit = 1 if sys.platform == "darwin" else 1024
    return Used(child.returncode, used.ru_utime + used.ru_stime, used.ru_maxrss * unit)
