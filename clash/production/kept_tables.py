"""The table of a story as its file holds it: kept with a run, found again for a fork, and read by today's reader."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import Any

from clash.assets import AssetStore, sha256_of
from clash.database.rows import RunRow
from clash.database.run_settings import RunSettings
from clash.errors import ClashError, StorageError, UsageError
from clash.production.story_files import read_file
from clash.regular_files import read_regular_file
from clash.story.archives import DAMAGED
from clash.story.encoding import LARGEST_BYTES
from clash.story.reader import Options, Reading, read
from clash.version import __version__

_MOST_BYTES = 16 << 20
"""A larger file is not kept; a table with 5,000 rows of prose is a tenth of it."""
_MOST_UNPACKED = 4 * _MOST_BYTES
_ARCHIVE = b"PK\x03\x04"
_PARTS = (".xml", ".rels")
"""The parts of a workbook that hold cells; pictures and the like are not kept."""


@dataclass(frozen=True)
class KeptTable:
    """The file of a table, without pictures. `reader`: the version of clash that first read it, "" if unknown."""

    name: str
    content: bytes
    reader: str = ""

    @property
    def sha256(self) -> str:
        """The digest of the content."""
        return sha256_of(self.content)

    @property
    def can_be_kept(self) -> bool:
        """Whether it is small enough to be put beside a run."""
        return len(self.content) <= _MOST_BYTES

    @property
    def document(self) -> dict[str, str]:
        """What a run's settings hold of it."""
        return {"name": self.name, "sha256": self.sha256, "reader": self.reader}


def kept_table(name: str, content: bytes) -> KeptTable | None:
    """Return what a run keeps of the file of its story; None if that is too large. `name`: the file's name."""
    if content.startswith(_ARCHIVE):
        try:
            content = _without_pictures(content)
        except DAMAGED:
            return None  # it was read all the same, but not by `zipfile`
    table = KeptTable(name, content, __version__)
    return table if table.can_be_kept else None


def _without_pictures(content: bytes) -> bytes:
    """Return a workbook with its cells alone. The same workbook gives the same bytes."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as archive, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as kept:
        parts = [one for one in archive.infolist() if one.filename == "mimetype" or one.filename.endswith(_PARTS)]
        if sum(part.file_size for part in parts) > _MOST_UNPACKED:
            raise ValueError("too large")
        for part in parts:
            kept.writestr(zipfile.ZipInfo(part.filename), archive.read(part), zipfile.ZIP_DEFLATED)
    return made.getvalue()


def recorded_table(recorded: RunSettings, assets: AssetStore) -> KeptTable | None:
    """Return the table that a run keeps; None for a run that keeps none, or whose file is lost."""
    document: Mapping[str, Any] = recorded.document.get("table") or {}
    if not document:
        return None
    with suppress(StorageError):
        content = assets.read(str(document["sha256"]))
        return KeptTable(str(document["name"]), content, str(document["reader"]))
    return None


def table_of_run(run: RunRow, recorded: RunSettings, story_sha256: str, assets: AssetStore) -> KeptTable | None:
    """Return the table that a run was made of: as it keeps it, else the file that still is where it was.

    `story_sha256`: the digest of the file that its story was read from.
    """
    if (table := recorded_table(recorded, assets)) is not None:
        return table
    path = Path(run.story_path)
    with suppress(OSError, ValueError):
        content = read_regular_file(path, LARGEST_BYTES)
        return _unpictured(path.name, content) if sha256_of(content) == story_sha256 else None
    return None


def named_table(path: str, story_sha256: str, thread_id: str) -> KeptTable:
    """Return the table at a path, which must be the one that a run was made of.

    Raises `UsageError` if it is another one, and what reading the file raises.
    """
    name, _, content = read_file(path)
    if sha256_of(content) != story_sha256:
        raise UsageError(
            f"{path} is not the table that {thread_id} was made of: it has other bytes",
            hint="name the file as it was then: --original FILE",
        )
    return _unpictured(name, content)


def _unpictured(name: str, content: bytes) -> KeptTable:
    return replace(kept_table(name, content) or KeptTable(name, content), reader="")


def read_again(table: KeptTable, recorded: RunSettings) -> Reading | None:
    """Return how today's clash reads the table of a run, with the run's own settings; None if it refuses it."""
    document = recorded.document
    options = Options(
        choice=recorded.story_choice,
        columns=document.get("columns", {}),
        language=document.get("language"),
        fps=recorded.fps,
    )
    with suppress(ClashError):
        return read(table.content, name=PurePath(table.name).name, options=options)
    return None
