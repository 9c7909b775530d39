"""Keep an answer that the asset store has no space for in another folder of this machine.

    <folder>/clash-kept-<user>/<token>.json     the receipt of the call, or the ticket of its job
    <folder>/clash-kept-<user>/<token>.answer   what the provider sent, where the store does not have it

The folders are tried in a fixed order, so that a later process finds what an earlier one has kept. Each belongs to
this user alone (mode 0700, its files 0600): a receipt that another user wrote must not settle anything.
"""

from __future__ import annotations

import json
import os
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from clash.assets.store import RECEIPT_BYTES, AssetStore, parsed_receipt, sha256_of, storage_error, write_durably
from clash.errors import StorageError
from clash.regular_files import NotRegularFileError, read_regular_file

_LARGEST_ANSWER = 2 << 30


def spare_folders() -> tuple[Path, ...]:
    """Return the folders that are tried, first the one for temporary files."""
    # In each of them a folder of this user's own is made; its owner and mode are checked before it is trusted.
    candidates = [Path(tempfile.gettempdir()), Path("/var/tmp"), Path("/dev/shm")]  # noqa: S108
    for find in (Path.cwd, Path.home):
        with suppress(RuntimeError, OSError):
            candidates.append(find())
    user = os.getuid() if hasattr(os, "getuid") else "0"
    folders = dict.fromkeys(folder / f"clash-kept-{user}" for folder in candidates if folder.is_dir())
    return tuple(folders)


def keep_elsewhere(token: str, receipt: Mapping[str, Any], content: bytes | None = None) -> Path:
    """Keep a call's receipt, and what it returned, in the first folder that takes both; return that folder.

    Raises `StorageError` if none does.
    """
    _check_token(token)
    refused: StorageError | None = None
    for folder in spare_folders():
        try:
            _make_private(folder)
            if content is not None:
                write_durably(folder / f"{token}.answer", content)
            write_durably(folder / f"{token}.json", json.dumps(receipt, ensure_ascii=False).encode())
        except OSError as error:
            if refused is None:
                # With its cause: a full disk may have room soon.
                refused = storage_error(error, str(folder))
                refused.__cause__ = error
        except StorageError as error:
            refused = refused or error
        else:
            return folder
        _remove(folder, token)
    raise refused or StorageError("there is no other folder than the asset store's that an answer could be kept in")


def find_kept(token: str) -> tuple[Path, dict[str, Any]] | None:
    """Return the folder that keeps a receipt of this call, and the receipt; None if none does."""
    _check_token(token)
    for folder in spare_folders():
        if not _is_private(folder):
            continue
        with suppress(OSError, NotRegularFileError):
            receipt = parsed_receipt(read_regular_file(folder / f"{token}.json", RECEIPT_BYTES))
            if receipt is not None:
                return folder, receipt
    return None


def take_back(assets: AssetStore, folder: Path, token: str, receipt: Mapping[str, Any]) -> bool:
    """Move what a spare folder keeps of a call into the asset store. Return whether the store has its file now.

    Raises `StorageError` where there is still no space.
    """
    try:
        content = read_regular_file(folder / f"{token}.answer", _LARGEST_ANSWER)
    except (OSError, NotRegularFileError):
        return False
    if sha256_of(content) != receipt.get("sha256"):
        return False
    assets.put(content)
    assets.write_receipt(token, receipt)
    _remove(folder, token)
    return True


def kept_tokens() -> set[str]:
    """Return the tokens of all calls of which the spare folders keep something."""
    tokens = set[str]()
    for folder in spare_folders():
        if _is_private(folder):
            with suppress(OSError):
                tokens |= {path.name.partition(".")[0] for path in folder.iterdir()}
    return tokens


def forget_kept(token: str) -> None:
    """Remove what the spare folders keep of a call that is settled."""
    for folder in spare_folders():
        if _is_private(folder):
            _remove(folder, token)


def _remove(folder: Path, token: str) -> None:
    for path in _files(folder, token):
        with suppress(OSError):
            path.unlink(missing_ok=True)
    with suppress(OSError):
        folder.rmdir()  # only if it is empty


def _files(folder: Path, token: str) -> Iterator[Path]:
    return (folder / f"{token}.{suffix}" for suffix in ("json", "answer"))


def _check_token(token: str) -> None:
    if not token.isalnum():
        raise StorageError(f"{token!r} is not the token of a receipt", retryable=False)


def _make_private(folder: Path) -> None:
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    if not _is_private(folder):
        raise PermissionError(f"{folder} belongs to another user, or others can write to it")


def _is_private(folder: Path) -> bool:
    """Return whether this is a folder of this user that no other user can write to or read."""
    try:
        status = folder.lstat()
    except OSError:
        return False
    if not stat.S_ISDIR(status.st_mode):
        return False
    return os.name == "nt" or (status.st_uid == os.getuid() and not stat.S_IMODE(status.st_mode) & 0o077)
