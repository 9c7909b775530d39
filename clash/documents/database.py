"""The database: `clash db init`, `status`, `recover`, `export` and `import`."""

from __future__ import annotations

from pydantic import Field

from clash.documents.base import DamagedItem, Document, Item, Text, Time, Usd
from clash.documents.errors import ErrorItem


class DatabaseInitialized(Document):
    """`clash db init`: what was applied just now, and all migrations that there are."""

    url: Text
    created: bool
    applied: list[str]
    known: list[str]


class AppliedMigration(Item):
    """A migration, and when it was applied."""

    name: str
    applied_at: Time | None


class DatabaseStatus(Document):
    """`clash db status`. With `--check` and pending migrations there is also `error`.

    `wal_bytes`: the write-ahead log beside a SQLite file; `free_bytes`: room in the file that `clash db vacuum` gives
    back; `table_bytes`: each table with its indexes. They are null where the engine does not say.
    """

    url: Text
    kind: str
    path: Text | None
    size_bytes: int | None
    applied: list[AppliedMigration]
    pending: list[str]
    rows: dict[str, int]
    wal_bytes: int | None = None
    free_bytes: int | None = None
    table_bytes: dict[str, int] | None = None
    error: ErrorItem | None = None


class DatabaseVacuumed(Document):
    """`clash db vacuum`. `done` is false where there is nothing to do: D1 gives room back by itself.

    `before_bytes` and `after_bytes`: the file and its write-ahead log.
    """

    url: Text
    kind: str
    path: Text | None
    done: bool
    before_bytes: int | None
    after_bytes: int | None
    freed_bytes: int
    note: Text


class RecoveredItem(Item):
    """A paid call whose record is in the asset store. `result`: `restored`, `already_there` or `held`."""

    thread_id: str
    slot: str
    take: int
    provider: str
    model: str
    cost_usd: Usd
    sha256: str | None
    file_is_here: bool
    job_id: str | None
    started_at: Time
    result: str


class DatabaseRecovered(Document):
    """`clash db recover`. `decisions`: how many of takes and verdicts were restored; `cuts`: of films."""

    url: Text
    created: bool
    dry_run: bool
    items: list[RecoveredItem]
    runs: list[str]
    restored: int
    restored_usd: Usd
    decisions: int = 0
    cuts: int = 0
    unreadable: list[Text]


class ExportedRun(Item):
    """A run of an export."""

    thread_id: str
    status: str | None
    rows: int


class RunsExported(Document):
    """`clash db export`. `size_bytes` is there if it went to a file.

    `removed`: of how many removed runs it has the sums and the answers that were paid for.
    """

    file: Text | None
    url: Text
    exported_at: Time
    items: list[ExportedRun]
    rows: dict[str, int]
    sha256: str
    unfinished: list[str]
    removed: int = 0
    damaged: list[DamagedItem]
    size_bytes: int | None = None


class ImportedRun(ExportedRun):
    """A run of an export that was read. `result`: `imported`, `already_there`, or `removed` from this database."""

    result: str


class NamedFiles(Item):
    """How many files the runs name, and how many of them are not on this machine; None where a bucket has them."""

    named: int
    missing_here: int | None


class RunsImported(Document):
    """`clash db import`."""

    file: Text | None
    url: Text
    source: Text = Field(alias="from")
    exported_at: Time
    items: list[ImportedRun]
    rows: dict[str, int]
    assets: NamedFiles
    unfinished: list[str]
    removed: int = 0
