"""The content-addressed store: keeps every file that was made under the sha256 of its bytes.

    <root>/ab/cdef...            one file, never changed once it has its name
    <root>/receipts/<token>.json what a paid call returned, written before the database is told
    <root>/ab/cdef....<token>.json, <root>/runs/   records of paid calls and of runs (`clash.assets.records`)
    <root>/tmp/                  files being written; nothing reads them
    <root>/trash/                files that `clash gc` is deleting (`clash.assets.freshness`)
    <root>/databases/            which databases use the store (`clash.assets.databases`)

A file gets its name only when it is complete and on the disk (write, fsync, rename, fsync of the folder).
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import secrets
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypedDict, cast

from clash.assets.disk import on_disk_before
from clash.assets.freshness import mark_used, take_back
from clash.errors import Action, Remedy, SettingsError, StorageError
from clash.regular_files import NotRegularFileError, read_regular_file

_BLOCK = 1 << 20
_LOOKS = 3
_EXAMPLE = "for example ASSET_STORE=file://./data/assets"
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_UNSYNCABLE = {errno.EINVAL, errno.ENOTSUP}
"""How network file systems refuse to sync a folder; the file itself was synced."""
RECEIPT_BYTES = 1 << 20
"""The largest receipt; a larger file is not read as one."""
_DIGEST = re.compile(r"[0-9a-f]{64}")
_DRIVE = re.compile(r"/[A-Za-z]:(/|$)")


class StoredFile(TypedDict):
    """A file in the asset store, as settings and states name it."""

    sha256: str
    media_type: str


def storage_error(error: OSError, what: str) -> StorageError:
    """Return the error for what the disk refused, with a hint that says what to do."""
    if error.errno in _FULL:
        return StorageError(
            f"the disk is full: {what} could not be written",
            code="disk_full",
            remedy=Remedy(Action.RESUME, "make room and resume; nothing that was made is lost"),
        )
    reason = error.strerror or type(error).__name__
    return StorageError(f"{what} could not be written: {reason}", hint="check the folder and its permissions")


def parsed_receipt(content: bytes) -> dict[str, Any] | None:
    """Return the JSON object in a receipt's bytes; None if there is none, or it is nested too deeply to be read."""
    try:
        receipt = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return cast("dict[str, Any]", receipt) if isinstance(receipt, dict) else None


def sha256_of(content: bytes) -> str:
    """Return the hex digest of these bytes."""
    return hashlib.sha256(content).hexdigest()


def sha256_of_file(path: Path) -> str:
    """Return the hex digest of a file, read in blocks."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _sync_folder(folder: Path) -> None:
    # Windows can neither open nor sync a folder; its rename is journalled by NTFS.
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _UNSYNCABLE:
            raise
    finally:
        os.close(descriptor)


def _make_folder(folder: Path) -> None:
    """Make a folder and its parents, durably: their names survive a power cut too."""
    if not folder.is_dir():
        if folder != folder.parent:
            _make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        _sync_folder(folder.parent)


def _created(path: Path) -> int:
    """Create a file (mode 0600) in a folder that is made if need be; `clash gc` may remove one that is empty."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    for _ in range(_LOOKS):
        with suppress(FileNotFoundError):
            return os.open(path, flags, 0o600)
        _make_folder(path.parent)
    return os.open(path, flags, 0o600)


def write_durably(path: Path, content: bytes) -> None:
    """Write a file so that after a crash it is either complete or missing. Mode 0600. Raises `StorageError`."""
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        descriptor = _created(partial)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        partial.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise storage_error(error, path.name) from error


def _check_root(root: Path, url: str) -> None:
    """Raise `SettingsError` for what is no folder and can become none."""
    full = Path(os.path.abspath(root))  # noqa: PTH100 - `resolve` would follow links
    there = next((path for path in (full, *full.parents) if os.path.lexists(path)), full)
    if full == Path(full.anchor):
        wrong = "it is the root of the file system"
    elif not there.is_dir():
        wrong = f"{there} is not a folder"
    else:
        return
    raise SettingsError(f"ASSET_STORE {url!r} names no folder: {wrong}", hint=_EXAMPLE)


class AssetStore:
    """Keeps files by their content in a local folder. `clash.assets.shared` adds a bucket that machines share."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @classmethod
    def from_url(cls, url: str) -> AssetStore:
        """Return the store that `ASSET_STORE` names: `file://relative/path` or `file:///absolute/path`."""
        scheme, separator, path = url.partition("://")
        if scheme != "file" or not separator or not path or "\0" in path:
            raise SettingsError(f"ASSET_STORE {url!r} cannot be used", hint=_EXAMPLE)
        # file:///C:/assets: the slash before a drive's letter belongs to the URL, not to the path.
        root = Path(path[1:] if os.name == "nt" and _DRIVE.match(path) else path)
        _check_root(root, url)
        return cls(root)

    def make_root(self) -> None:
        """Make the store's folder. Raises `SettingsError` if it cannot be made or written, `StorageError`."""
        try:
            _make_folder(self.root)
            if not os.access(self.root, os.W_OK | os.X_OK):
                raise PermissionError(errno.EACCES, "permission denied")
        except OSError as error:
            if error.errno in _FULL:
                raise storage_error(error, str(self.root)) from error
            raise SettingsError(
                f"nothing can be kept in the folder {self.root}: {error.strerror}",
                hint="let ASSET_STORE (with s3://: ASSET_CACHE) name a folder that you may write",
            ) from error

    def path(self, sha256: str) -> Path:
        """Return where the file of this digest is, or would be."""
        if _DIGEST.fullmatch(sha256) is None:
            raise StorageError(f"{sha256!r} is not a sha256", retryable=False)
        return self.root / sha256[:2] / sha256[2:]

    def relative_path(self, sha256: str) -> str:
        """Return the same path, relative to the store's root, with `/`."""
        return f"{sha256[:2]}/{sha256[2:]}"

    def has(self, sha256: str) -> bool:
        """Return whether the file is on this disk or can be fetched."""
        return self.is_here(sha256)

    def exists(self, sha256: str) -> bool:
        """Return whether the file is there as far as can be told without reading it."""
        return self.path(sha256).is_file()

    def is_here(self, sha256: str) -> bool:
        """Return whether the file is on this disk and undamaged (its bytes are read and hashed).

        A file that is there counts as used now: `clash gc` leaves it alone for as long as it was told.
        """
        path = self.path(sha256)
        for _ in range(_LOOKS):
            try:
                mark_used(path)
                return sha256_of_file(path) == sha256
            except FileNotFoundError:
                # Between two looks `clash gc` may have put it back itself.
                take_back(self.root, sha256, path)
            except OSError as error:
                raise StorageError(f"the asset {sha256[:12]} could not be read: {error.strerror}") from error
        return False

    def fetch(self, sha256: str) -> Path:
        """Return where the file is on this disk, fetched if need be. Raises `StorageError` if it is nowhere."""
        path = self.path(sha256)
        if not path.exists() and not take_back(self.root, sha256, path):
            raise self.lost(sha256)
        return path

    async def restore(self, sha256: str) -> bool:
        """Make the file present on this disk without making it again. Return whether it is there, undamaged.

        Its bytes are read and hashed in a thread: a wave of clips looks for a picture each.
        """
        return await on_disk_before(self.is_here, sha256)

    async def keep(self, sha256: str) -> bool:
        """Make sure that a file is where other machines find it, whatever was deleted; return whether it is."""
        return await on_disk_before(self.is_here, sha256)

    async def share_run(self, thread_id: str) -> None:
        """Share the record of a run with other machines; a local folder has no others."""

    async def share_record(self, name: str) -> None:
        """Share a record, by its name below the root, with other machines; a local folder has no others."""

    async def forget_record(self, name: str) -> None:
        """Delete a record, by its name below the root, here and where it is shared. Raises `StorageError`."""
        try:
            (self.root / name).unlink(missing_ok=True)
        except OSError as error:
            raise storage_error(error, name) from error

    async def restore_records(self, under: str = "") -> None:
        """Make the records of all calls and runs present on this disk; in a local folder they are.

        `under`: those of this folder of the store only.
        """

    async def share(self, sha256: str, *, receipt: str | None = None) -> None:
        """Share the file, and the receipt of this token, with other machines; a local folder has no others."""

    def lost(self, sha256: str) -> StorageError:
        """Return the error for a file that is needed and is nowhere."""
        return StorageError(
            f"the asset {sha256[:12]} is missing",
            code="asset_lost",
            retryable=False,
            hint="a new thread of the same story finds all that is there, and makes only what is lost;"
            " or put the asset store's files back, where ASSET_STORE says",
        )

    def read(self, sha256: str) -> bytes:
        """Return the bytes of a file. Raises `StorageError` if it is missing or damaged."""
        try:
            content = self.fetch(sha256).read_bytes()
        except FileNotFoundError:
            raise self.lost(sha256) from None
        except OSError as error:
            raise StorageError(f"the asset {sha256[:12]} could not be read: {error.strerror}") from error
        if sha256_of(content) != sha256:
            raise StorageError(f"the asset {sha256[:12]} is damaged", code="damaged_asset")
        return content

    def put(self, content: bytes) -> str:
        """Keep these bytes and return their digest. A file that is already there and undamaged is left alone."""
        digest = sha256_of(content)
        path = self.path(digest)
        if not ((path.exists() or take_back(self.root, digest, path)) and self.is_here(digest)):
            write_durably(path, content)
        return digest

    def put_file(self, source: Path) -> str:
        """Move a finished file of `working_file` into the store and return its digest. The source no longer exists."""
        try:
            with source.open("r+b") as stream:
                os.fsync(stream.fileno())
            source.chmod(0o600)
            digest = sha256_of_file(source)
            target = self.path(digest)
            _make_folder(target.parent)
            source.replace(target)
            _sync_folder(target.parent)
        except OSError as error:
            raise storage_error(error, source.name) from error
        return digest

    @contextmanager
    def working_file(self, suffix: str) -> Generator[Path]:
        """Make an empty file (mode 0600) on the store's own disk for a big file to be written; remove it at the end."""
        folder = self.root / "tmp"
        path = folder / f"{secrets.token_hex(8)}{suffix}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            # Created here, because FFmpeg would create it readable by everybody.
            path.touch(mode=0o600, exist_ok=False)
        except OSError as error:
            raise storage_error(error, str(folder)) from error
        try:
            yield path
        finally:
            with suppress(OSError):
                path.unlink(missing_ok=True)

    # -- receipts ------------------------------------------------------------------------------------------

    def receipt_path(self, token: str) -> Path:
        """Return where the receipt of this call is, or would be."""
        if not token.isalnum():
            raise StorageError(f"{token!r} is not the token of a receipt", retryable=False)
        return self.root / "receipts" / f"{token}.json"

    def write_receipt(self, token: str, receipt: Mapping[str, Any]) -> None:
        """Write what the call `token` returned, before anything else can go wrong."""
        write_durably(self.receipt_path(token), json.dumps(receipt, ensure_ascii=False).encode())

    def read_receipt(self, token: str) -> dict[str, Any] | None:
        """Return the receipt of a call, or None. A damaged one counts as none: it was never complete on the disk."""
        try:
            return parsed_receipt(read_regular_file(self.receipt_path(token), RECEIPT_BYTES))
        except (FileNotFoundError, IsADirectoryError, NotRegularFileError):
            return None
        except OSError as error:
            raise StorageError(f"a receipt could not be read: {error.strerror}") from error

    def has_receipt(self, token: str) -> bool:
        """Return whether the call's receipt is on this disk."""
        return self.receipt_path(token).exists()

    async def find_receipt(self, token: str) -> dict[str, Any] | None:
        """Return the receipt of a call, or None; with a shared store also one that another machine wrote."""
        return self.read_receipt(token)

    async def unshare_receipt(self, token: str) -> None:
        """Delete a receipt that the database has recorded where other machines find it, if there is such a place."""

    def drop_receipt(self, token: str) -> None:
        """Delete a receipt that the database has recorded from this disk."""
        with suppress(OSError):
            self.receipt_path(token).unlink(missing_ok=True)
