"""How the C library gives memory back while a film is made, on Linux with glibc; elsewhere nothing is changed.

Each thread takes the memory of pictures from a pool of its own, and by default up to 64 MB of each pool stay with the
process. A film is drawn by a dozen threads in turn: README's took 100 MB more than it needed.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
"""Names of settings in glibc's malloc.h."""
_MB = 1 << 20


def give_memory_back() -> bool:
    """Have freed memory given back early, unless the environment sets that itself. Return whether it could be set.

    To be called before threads are begun: a thread keeps the pool that it has.
    """
    if not sys.platform.startswith("linux") or any(
        name.startswith(("MALLOC_", "GLIBC_TUNABLES")) for name in os.environ
    ):
        return False
    with suppress(ImportError, OSError, AttributeError):  # another C library, or a Python without ctypes
        import ctypes

        mallopt = ctypes.CDLL(None).mallopt
        settings = (
            (_ARENA_MAX, max(2, os.cpu_count() or 1)),
            (_MMAP_THRESHOLD, 16 * _MB),
            (_TRIM_THRESHOLD, 4 * _MB),
        )
        return all(mallopt(name, value) == 1 for name, value in settings)
    return False
