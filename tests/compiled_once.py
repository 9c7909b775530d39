"""What is compiled once for all processes of the tests: clash, and the tests with their rewritten assertions.

There are a thousand processes, and four workers that collect the same files. Bytecode is kept beside the sources also
where the environment asks for none (`PYTHONDONTWRITEBYTECODE`), and of the workers one compiles a file while the
others wait for it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path


def keep_bytecode() -> None:
    """Keep bytecode in this process and in those that it starts from now on."""
    sys.dont_write_bytecode = False
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


@contextmanager
def one_at_a_time(path: Path) -> Generator[None]:
    """Until it is left, no other process has entered with the same file (but on Windows, where all enter)."""
    if sys.platform == "win32":
        yield
        return
    import fcntl

    with path.open("rb") as locked:
        fcntl.flock(locked, fcntl.LOCK_EX)
        yield
