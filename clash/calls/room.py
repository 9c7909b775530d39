"""Room on the disk of the asset store, for all calls of this process that are in flight together.

Before a call is made, what its kind of answer may weigh is reserved, so that each answer finds room though others
arrive at the same moment. A call that finds no room waits for one in flight to give its room back. If none is in
flight, there is none to wait for, and nothing is bought.
"""

from __future__ import annotations

import asyncio
import shutil
import threading
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from clash.assets.store import storage_error
from clash.errors import Action, Remedy, StorageError
from clash.providers.ports import Kind

_MAY_WEIGH: Final[dict[Kind, int]] = {
    "screenplay": 8 << 20,
    "image": 32 << 20,
    "video": 256 << 20,
    "speech": 32 << 20,
}
"""Bytes that a paid answer of each kind seldom passes. One that does is kept wherever there is room."""
_FREE_WEIGHS = 8 << 20
"""Bytes for an answer that costs nothing: if it finds no room, it is made again."""
_FOR_THE_REST = 8 << 20
"""Bytes that stay free for receipts and, where it is on the same disk, the database."""
_TICK_S = 0.1

_lock = threading.Lock()
_reserved: Counter[int] = Counter()
"""Bytes reserved per disk, by the number of its device: runs of one process may share a disk."""


def may_weigh(kind: Kind, *, paid: bool) -> int:
    """Return how many bytes are reserved for an answer."""
    return _MAY_WEIGH[kind] if paid else _FREE_WEIGHS


@asynccontextmanager
async def reserved_room(folder: Path, size: int, check_stop: Callable[[], None]) -> AsyncGenerator[None]:
    """Reserve `size` bytes on the disk of a folder, which need not be there yet, until the answer is kept.

    Waits while calls in flight hold room that they will give back. Raises `StorageError` (code `disk_full`) if there
    is too little and none is in flight, and what `check_stop` raises.
    """
    nearest, device = _disk_of(folder)
    while not _reserve(nearest, device, size):
        check_stop()
        await asyncio.sleep(_TICK_S)
    try:
        yield
    finally:
        with _lock:
            _reserved[device] -= size


def _reserve(folder: Path, device: int, size: int) -> bool:
    """Reserve the bytes if they are free; return False if calls in flight hold them. Raise if there are too few."""
    with _lock:
        try:
            free = shutil.disk_usage(folder).free
        except OSError as error:
            raise storage_error(error, str(folder)) from error
        if free - _reserved[device] >= size + _FOR_THE_REST:
            _reserved[device] += size
            return True
        if _reserved[device] > 0:
            return False
    raise StorageError(
        f"the disk is full: {free >> 20} MB are free where the assets are kept, and {(size + _FOR_THE_REST) >> 20} MB"
        " are needed before a call is made",
        code="disk_full",
        remedy=Remedy(Action.RESUME, "make room and resume; nothing was bought that could not have been kept"),
    )


def _disk_of(folder: Path) -> tuple[Path, int]:
    """Return the nearest folder that is there, and the number of its disk."""
    while True:
        try:
            return folder, folder.stat().st_dev
        except OSError as error:
            if isinstance(error, FileNotFoundError | NotADirectoryError) and folder != folder.parent:
                folder = folder.parent
                continue
            raise storage_error(error, str(folder)) from error
