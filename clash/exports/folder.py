"""The folder of an export: everything is written beside it first, and gets its name when all of it is there.

What people put into the folder stays: a file that clash did not write, or that was changed since, is never replaced.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, cast

from clash.assets import is_copy
from clash.assets.store import storage_error
from clash.errors import UsageError
from clash.regular_files import NotRegularFileError, read_regular_file

MANIFEST = ".clash-export.json"
"""What clash wrote into the folder: of each document its sha256, of each other file its size and time."""
_MANIFEST_BYTES = 16 << 20


class ExportFolder:
    """Files on their way to the folder. `publish` gives all of them their names."""

    def __init__(self, folder: Path, staging: Path, *, link: bool) -> None:
        self._folder = folder
        self._staging = staging
        self._link = link
        self._before = _manifest(folder)
        """What the last export into this folder wrote."""
        self._now: dict[str, Any] = {}
        self._second_names: set[str] = set()

    @property
    def facts(self) -> Mapping[str, Any]:
        """What the last export into this folder noted about itself; empty for none."""
        return cast("Mapping[str, Any]", self._before.get("facts") or {})

    def __contains__(self, relative: str) -> bool:
        """Return whether a file is one of this export."""
        return relative in self._now

    def path(self, relative: str) -> Path:
        """Return where a file of the export is to be written. Its folder is made."""
        target = self._staging.joinpath(*relative.split("/"))
        target.parent.mkdir(parents=True, exist_ok=True)
        return target

    def write(self, relative: str, content: str | bytes) -> None:
        """Write a document. Raises `UsageError` where somebody changed the one that is there."""
        data = content.encode("utf-8", "replace") if isinstance(content, str) else content
        self._require_ours(relative, document=True)
        self.path(relative).write_bytes(data)
        self._now[relative] = hashlib.sha256(data).hexdigest()

    @contextmanager
    def document(self, relative: str) -> Generator[Path]:
        """Give the path at which a document is to be written. Raises as `write` does."""
        self._require_ours(relative, document=True)
        target = self.path(relative)
        yield target
        self._now[relative] = _digest(target)

    def copy(self, relative: str, source: Path, published: Path | None = None) -> None:
        """Copy a file of the asset store. `published`: its copy in the output folder, which a link may lead to.

        Nothing is ever linked to the store itself: editors write into the files that they open.
        """
        self._require_ours(relative)
        if not self._is_there(relative, source):
            target = self.path(relative)
            if not (self._link and published is not None and _linked(published, source, target)):
                shutil.copyfile(source, target)
                facts = source.stat()
                os.utime(target, ns=(facts.st_atime_ns, facts.st_mtime_ns))
        self.keep(relative, source)

    def keep(self, relative: str, like: Path) -> None:
        """Note a file as one of this export. `like`: the file whose size and time it has."""
        found = like.stat()
        self._now[relative] = [found.st_size, found.st_mtime_ns]

    def made(self, relative: str) -> None:
        """Note a file that was written to `path(relative)`. Raises `UsageError` where it would replace another's."""
        self._require_ours(relative)
        self.keep(relative, self.path(relative))

    def again(self, relative: str) -> bool:
        """Keep a file of the last export as it is, if it is there and unchanged. Return whether it is."""
        there = self._folder.joinpath(*relative.split("/"))
        if not there.is_file() or [there.stat().st_size, there.stat().st_mtime_ns] != self._files.get(relative):
            return False
        self.keep(relative, there)
        return True

    def share(self, relative: str, other: str) -> None:
        """Give a file of the export a second name, without a second copy where the disk can."""
        first = self.path(other) if self.path(other).exists() else self._folder.joinpath(*other.split("/"))
        self._require_ours(relative)
        target = self.path(relative)
        try:
            os.link(first, target)
            self._second_names.add(relative)
        except OSError:
            shutil.copy2(first, target)
        self.keep(relative, first)

    @property
    def bytes(self) -> int:
        """The size of the whole export; of a file with two names, once."""
        return sum(self._size(relative) for relative in self._now if relative not in self._second_names)

    def publish(self, facts: Mapping[str, Any]) -> None:
        """Give every file its name: media first, so that no timeline names a file that is not there yet."""
        manifest = {"facts": dict(facts), "files": {**self._files, **self._now}}
        if not self._folder.exists():
            self.path(MANIFEST).write_text(_json(manifest), encoding="utf-8")
            self._staging.rename(self._folder)
            return
        # Said before any file is replaced: an export that is killed here finds its own files again.
        coming = {**self._coming, **{name: [*self._coming.get(name, ()), now] for name, now in self._now.items()}}
        self._note({**self._before, "coming": coming})
        for relative in sorted(self._now, key=lambda name: ("/" not in name, name)):
            staged = self.path(relative)
            if staged.is_file():
                target = self._folder.joinpath(*relative.split("/"))
                _require_inside(self._folder, target)
                target.parent.mkdir(parents=True, exist_ok=True)
                staged.replace(target)
        self._note(manifest)

    def _note(self, manifest: Mapping[str, Any]) -> None:
        staged = self.path(MANIFEST)
        staged.write_text(_json(manifest), encoding="utf-8")
        staged.replace(self._folder / MANIFEST)

    # -- what is there already ---------------------------------------------------------------------------------

    @property
    def _files(self) -> Mapping[str, Any]:
        return cast("Mapping[str, Any]", self._before.get("files") or {})

    @property
    def _coming(self) -> Mapping[str, list[Any]]:
        """What exports that were cut short were about to put there."""
        return cast("Mapping[str, list[Any]]", self._before.get("coming") or {})

    def _size(self, relative: str) -> int:
        parts = relative.split("/")
        return next(
            (
                path.stat().st_size
                for root in (self._staging, self._folder)
                if (path := root.joinpath(*parts)).is_file()
            ),
            0,
        )

    def _is_there(self, relative: str, source: Path) -> bool:
        there = self._folder.joinpath(*relative.split("/"))
        return there.is_file() and not there.is_symlink() and is_copy(there, source)

    def _require_ours(self, relative: str, *, document: bool = False) -> None:
        there = self._folder.joinpath(*relative.split("/"))
        if not (there.exists() or there.is_symlink()):
            return
        known = [*([self._files[relative]] if relative in self._files else ()), *self._coming.get(relative, ())]
        if not known:
            raise UsageError(
                f"{there} exists already, and no export of clash wrote it",
                code="file_exists",
                hint="remove it, or name another folder with --output",
            )
        if document and (not there.is_file() or _digest(there) not in known):
            raise UsageError(
                f"{there} was changed since clash wrote it",
                code="file_exists",
                hint="rename it, or name another folder with --output",
            )


@contextmanager
def export_folder(folder: Path, *, link: bool) -> Generator[ExportFolder]:
    """Begin an export into a folder. What is not published is removed. Raises `StorageError`, `UsageError`."""
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file, not a folder", hint="name another folder with --output")
    folder = folder.resolve()
    staging = folder.parent / f".{folder.name}.{secrets.token_hex(4)}.part"
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        staging.mkdir()
        yield ExportFolder(folder, staging, link=link)
    except OSError as error:
        raise storage_error(error, str(folder)) from error
    finally:
        with suppress(OSError):
            shutil.rmtree(staging)


def _json(manifest: Mapping[str, Any]) -> str:
    return json.dumps(manifest, ensure_ascii=False, indent=1)


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _manifest(folder: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(read_regular_file(folder / MANIFEST, _MANIFEST_BYTES))
    except (OSError, ValueError, RecursionError, NotRegularFileError):
        return {}
    return cast("Mapping[str, Any]", found) if isinstance(found, dict) else {}


def _linked(published: Path, source: Path, target: Path) -> bool:
    """Link a file to the published copy of a stored one; return False if there is none, or the disk cannot."""
    try:
        if published.is_symlink() or not published.is_file() or not is_copy(published, source):
            return False
        os.link(published, target)
    except OSError:
        return False
    return True


def _require_inside(folder: Path, target: Path) -> None:
    """Raise `UsageError` if a link would lead a file out of the folder."""
    if not target.parent.resolve().is_relative_to(folder):
        raise UsageError(f"{target.parent} leads out of {folder}", hint="name another folder with --output")
