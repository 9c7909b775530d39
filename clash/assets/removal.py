"""Delete files and records of the asset store that nothing names, such that one which is used meanwhile stays.

A file is moved out of its place first, and deleted only if it was not used lately by then (`clash.assets.freshness`).
If this process dies in between, a process that needs the file puts it back, and so does the next `clash gc`.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from clash import faults
from clash.assets.freshness import take_back, trash_path
from clash.assets.inventory import Stored
from clash.assets.shared import SharedAssetStore
from clash.assets.store import AssetStore
from clash.errors import StorageError

_AT_ONCE = 8


def delete_files(assets: AssetStore, digests: Sequence[str], before: float, until: float) -> set[str]:
    """Delete files here and in the bucket; return those that are gone. One that was used since `before` stays.

    Nothing is deleted after `until`, in seconds since 1970. Raises `StorageError` then, and `StorageError`,
    `SettingsError` if the bucket cannot be asked or refuses.
    """
    wanted = set(digests)
    if isinstance(assets, SharedAssetStore):
        wanted -= _used_in_bucket(assets, digests, before)
    gone: set[str] = set()
    for sha256 in digests:
        _check_time(until)
        if sha256 in wanted and _delete_here(assets, sha256, before):
            gone.add(sha256)
    if isinstance(assets, SharedAssetStore):
        _check_time(until)
        assets.bucket.delete(*(assets.relative_path(sha256) for sha256 in sorted(gone)))
    return gone


def _check_time(until: float) -> None:
    # This machine may have slept: the claim on the files may be over.
    if time.time() > until:
        raise StorageError("to delete files took too long", retryable=True, hint="run `clash gc` again")


def _used_in_bucket(assets: SharedAssetStore, digests: Sequence[str], before: float) -> set[str]:
    """Return the files that a machine has put into the bucket since then."""

    def is_used(sha256: str) -> bool:
        changed_at = assets.bucket.changed_at(assets.relative_path(sha256))
        return changed_at is not None and changed_at >= before

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return {sha256 for sha256, used in zip(digests, pool.map(is_used, digests), strict=True) if used}


def _delete_here(assets: AssetStore, sha256: str, before: float) -> bool:
    """Delete a file on this disk; return whether it is not here any more."""
    path, trashed = assets.path(sha256), trash_path(assets.root, sha256)
    try:
        if path.stat().st_mtime >= before:
            return False
        trashed.parent.mkdir(mode=0o700, exist_ok=True)
        path.replace(trashed)
    except FileNotFoundError:
        return not trashed.exists()
    except OSError:
        return False
    faults.point("gc.moved")
    try:
        if trashed.stat().st_mtime >= before:
            take_back(assets.root, sha256, path)
            return False
        trashed.unlink()
    except OSError:
        return False  # somebody has just put it back
    return True


def delete_records(assets: AssetStore, records: Sequence[Stored], before: float) -> list[Stored]:
    """Delete records and temporary files, here and in the bucket; return those that are gone.

    Raises `StorageError`, `SettingsError` if the bucket cannot be asked or refuses.
    """
    if isinstance(assets, SharedAssetStore):
        assets.bucket.delete(*(record.name for record in records if record.in_bucket))
    return [record for record in records if record.in_bucket or _unlinked(assets.root / record.name, before)]


def _unlinked(path: Path, before: float) -> bool:
    try:
        if path.stat().st_mtime >= before:
            return False
        path.unlink()
    except OSError:
        return False
    return True


def put_trash_back(assets: AssetStore) -> None:
    """Put every file back into its place that a `clash gc` which died was deleting."""
    with suppress(OSError):
        for trashed in sorted((assets.root / "trash").iterdir()):
            try:
                path = assets.path(trashed.name)
            except StorageError:
                continue
            if path.exists():
                trashed.unlink(missing_ok=True)
            else:
                take_back(assets.root, trashed.name, path)


def remove_folders(folders: Iterable[Path]) -> int:
    """Remove empty folders; return how many were."""
    removed = 0
    for folder in folders:
        with suppress(OSError):  # something was put into it meanwhile
            folder.rmdir()
            removed += 1
    return removed
