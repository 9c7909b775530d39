"""Whether files can be put into a folder, found out by doing it: rights alone do not say it (root, /proc, a mount)."""

from __future__ import annotations

import errno
import os
import tempfile
from contextlib import suppress
from pathlib import Path

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""How a disk says that it has no room: the folder is the right one, and there may be room later."""


def why_not_writable(folder: Path, *, keep: bool = True) -> str | None:
    """Return why no file can be put into a folder; None if one can. It is made if it is missing.

    A small file is made in it and removed again. `keep`: whether the folders that were made stay.
    """
    made: list[Path] = []
    place = folder
    try:
        missing = [path for path in (folder, *folder.parents) if not (path.exists() or path.is_symlink())]
        for place in reversed(missing):
            place.mkdir(exist_ok=True)
            made.append(place)
        place = folder
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".clash-"):
            pass
    except (NotADirectoryError, FileExistsError):
        return f"{place if os.path.exists(place) else place.parent} is no folder"  # noqa: PTH110 - raises nothing
    except OSError as error:
        reason = error.strerror or type(error).__name__
        what = "written" if os.path.isdir(place) else "made"  # noqa: PTH112 - raises nothing
        return None if error.errno in FULL else f"{place} cannot be {what}: {reason}"
    finally:
        if not keep:
            for path in reversed(made):
                with suppress(OSError):  # somebody has put a file into it meanwhile
                    path.rmdir()
    return None
