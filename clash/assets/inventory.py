"""What is in an asset store: every file and record, on this disk and in the bucket, told by its name."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from clash.assets.shared import SharedAssetStore
from clash.assets.store import AssetStore


class StoredKind(StrEnum):
    """What a name in the store belongs to."""

    FILE = "file"
    CALL_RECORD = "call_record"
    RECEIPT = "receipt"
    OPEN_CALL = "open_call"
    RUN_RECORD = "run_record"
    DECISION_RECORD = "decision_record"
    TEMPORARY = "temporary"
    TRASH = "trash"


@dataclass(frozen=True)
class Stored:
    """A file or a record. `name` is relative to the store's root; `changed_at` in seconds since 1970.

    `sha256`: of the file that it is, or whose call it records. `token`: of the call. `run_id`: of the run.
    """

    name: str
    kind: StoredKind
    bytes: int
    changed_at: float
    in_bucket: bool
    sha256: str = ""
    token: str = ""
    run_id: str = ""


_PATTERNS: tuple[tuple[StoredKind, re.Pattern[str]], ...] = (
    (StoredKind.FILE, re.compile(r"(?P<folder>[0-9a-f]{2})/(?P<rest>[0-9a-f]{62})")),
    (
        StoredKind.CALL_RECORD,
        re.compile(r"(?P<folder>[0-9a-f]{2})/(?P<rest>[0-9a-f]{62})\.(?P<token>[0-9a-z]{1,128})\.json"),
    ),
    (StoredKind.RECEIPT, re.compile(r"receipts/(?P<token>[0-9A-Za-z]{1,128})\.json")),
    (StoredKind.OPEN_CALL, re.compile(r"open/(?P<token>[0-9A-Za-z]{1,128})\.json")),
    (StoredKind.RUN_RECORD, re.compile(r"runs/(?P<run_id>[A-Za-z0-9_-][A-Za-z0-9._-]{0,127})\.json")),
    (
        StoredKind.DECISION_RECORD,
        re.compile(r"decisions/(?P<run_id>[A-Za-z0-9_-][A-Za-z0-9._-]{0,127})/[A-Za-z0-9_-]{1,128}\.json"),
    ),
    (StoredKind.TRASH, re.compile(r"trash/(?P<folder>[0-9a-f]{2})(?P<rest>[0-9a-f]{62})")),
    (StoredKind.TEMPORARY, re.compile(r"tmp/[^/]+|(?:[^/]+/){0,2}\.[^/]+\.[0-9a-f]{8}\.part")),
)


def on_disk(assets: AssetStore, under: str = "") -> Iterator[Stored]:
    """Yield what is in the store's folder on this disk. What clash did not put there is left out, and links are."""
    for path, status in _files(assets.root, assets.root / under):
        found = _told(path, status.st_size, status.st_mtime, in_bucket=False)
        if found is not None:
            yield found


def in_bucket(assets: AssetStore, under: str = "") -> Iterator[Stored]:
    """Yield what is in the bucket, read page by page; nothing if the store has none."""
    if isinstance(assets, SharedAssetStore):
        for page in assets.bucket.pages(under):
            for item in page:
                if found := _told(item.key, item.bytes, item.changed_at, in_bucket=True):
                    yield found


def is_empty(assets: AssetStore) -> bool:
    """Return whether nothing was ever put into the store, here or in the bucket."""
    try:
        with os.scandir(assets.root) as entries:
            if any(True for _ in entries):
                return False
    except FileNotFoundError:
        pass
    except OSError:
        return False
    return not isinstance(assets, SharedAssetStore) or next(assets.bucket.pages(), None) is None


def empty_folders(assets: AssetStore, before: float) -> Iterator[Path]:
    """Yield the folders below the store's own that nothing is in, and in which nothing was since `before`."""
    for pattern in ("[0-9a-f][0-9a-f]", "decisions/*"):
        for folder in assets.root.glob(pattern):
            if folder.is_dir() and not folder.is_symlink() and folder.stat().st_mtime < before:
                with os.scandir(folder) as entries:
                    if not any(True for _ in entries):
                        yield folder


def _files(root: Path, folder: Path) -> Iterator[tuple[str, os.stat_result]]:
    try:
        entries = os.scandir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return
    with entries:
        for entry in entries:
            try:
                if entry.is_dir(follow_symlinks=False):
                    yield from _files(root, Path(entry.path))
                elif entry.is_file(follow_symlinks=False):
                    yield Path(entry.path).relative_to(root).as_posix(), entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue  # gone since the folder was read


def _told(name: str, size: int, changed_at: float, *, in_bucket: bool) -> Stored | None:
    for kind, pattern in _PATTERNS:
        if match := pattern.fullmatch(name):
            parts = match.groupdict()
            return Stored(
                name,
                kind,
                size,
                changed_at,
                in_bucket,
                sha256=parts.get("folder", "") + parts.get("rest", ""),
                token=parts.get("token", ""),
                run_id=parts.get("run_id", ""),
            )
    return None
