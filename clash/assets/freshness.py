"""When a file was used last, by its time of change, and the folder in which a file lies for a moment before its end.

`clash gc` deletes no file that was used lately. A process that looks for a file before naming it in a database marks it
as used, and `clash gc` moves a file out of its place before it looks at that time: a file that is found is either
marked as used before it is moved, and then put back, or it is not found.

    <root>/trash/<sha256>            a file that `clash gc` is deleting; put back by a process that needs it
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

USED_EVERY_S = 600
"""A file that was used since is not marked again."""


def trash_path(root: Path, sha256: str) -> Path:
    """Return where a file lies while it is being deleted."""
    return root / "trash" / sha256


def mark_used(path: Path) -> None:
    """Note that a file is used now. Raises `FileNotFoundError`; a file of another user stays as it is."""
    if time.time() - path.stat().st_mtime > USED_EVERY_S:
        try:
            os.utime(path)
        except FileNotFoundError:
            raise
        except OSError:
            return


def take_back(root: Path, sha256: str, path: Path) -> bool:
    """Put a file that is being deleted back into its place; return whether there was one."""
    trashed = trash_path(root, sha256)
    if not trashed.exists():
        return False
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        trashed.replace(path)
        return True
    return False
