"""The disk with the asset store, and on SQLite the database, fills up at any moment, and has room again later."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import ClassVar

from forks import Fork

from .disturbance import Disturbance, Tortured

_ROOMY = "512m"
"""More than eight answers in flight have reserved. Memory is taken only for what is written."""

_ATTEMPTS = 50


@contextmanager
def small_disk(folder: Path) -> Generator[bool]:
    """Mount a disk of its own at a folder, where that is allowed (root on Linux); whether it was."""
    mounted = sys.platform == "linux" and os.geteuid() == 0 and _mount(folder, f"size={_ROOMY}")
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", folder], check=False, capture_output=True)


def _mount(folder: Path, options: str) -> bool:
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    with suppress(OSError):
        return subprocess.run(command, check=False, capture_output=True).returncode == 0
    return False


class DiskFills(Disturbance):
    """The disk has room for a few kilobytes more.

    Without a disk of its own, no file of the process may grow past a limit that is drawn.
    """

    name: ClassVar[str] = "disk filling"
    codes: ClassVar[frozenset[str]] = frozenset({"disk_full"})

    def __init__(self, folder: Path, *, mounted: bool) -> None:
        super().__init__()
        self._folder = folder
        self._mounted = mounted

    def strike(self, run: Tortured, child: Fork) -> None:
        """Fill the disk, and leave the process alone with it for a while."""
        left = run.moments.choice([0, run.moments.randrange(0, 1 << 16)])
        if not (self._fill(left) if self._mounted else _limit(child, left)):
            return
        self.happened += 1
        child.ends_within(run.moments.uniform(0, 1.5))

    def relent(self) -> None:
        """Make room."""
        if self._mounted:
            self._resize(_ROOMY)

    def _fill(self, left: int) -> bool:
        # A size below what is used is refused, and the process writes meanwhile.
        sizes = ((shutil.disk_usage(self._folder).used + left) >> 10 for _ in range(_ATTEMPTS))
        return any(self._resize(f"{size}k") for size in sizes)

    def _resize(self, size: str) -> bool:
        return _mount(self._folder, f"remount,size={size}")


def _limit(child: Fork, size: int) -> bool:
    """Let no file of a process grow past a size; whether that was possible."""
    if sys.platform != "linux":
        return False
    import resource

    with suppress(ProcessLookupError):
        resource.prlimit(child.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
        return True
    return False
