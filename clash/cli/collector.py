"""When Python looks for cyclic garbage: neither while a command is imported, nor as its process ends.

Both looks find nothing worth the time, a fifth of that of a command that reads: what imports make stays to the end,
and the end of a process gives back all of its memory.
"""

from __future__ import annotations

import atexit
import gc


def collect_later() -> None:
    """Look for no garbage until `collect_from_here`, nor when the interpreter ends."""
    gc.disable()
    atexit.register(gc.freeze)


def collect_from_here() -> None:
    """Look for garbage from now on, among what is made from now on: what there is stays."""
    gc.freeze()
    gc.enable()
