"""Give the system back the memory that was freed in this process."""

from __future__ import annotations

import ctypes
import sys
from functools import cache
from typing import Any


def give_back_memory() -> None:
    """Give back what was freed, where the C library can.

    A picture takes 60 MB for a moment. Each thread has a heap of its own, which would keep them for its next picture.
    """
    if (trim := _trim()) is not None:
        trim(0)


@cache
def _trim() -> Any:
    """Return glibc's `malloc_trim`; None where there is none."""
    return getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
