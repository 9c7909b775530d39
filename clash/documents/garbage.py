"""The document of `clash gc`."""

from __future__ import annotations

from clash.documents.base import Document, Item, Text
from clash.documents.errors import ErrorItem


class FreedKind(Item):
    """How much of one kind is deleted. `bytes`: on this disk; `bucket_bytes`: in the bucket.

    `kind`: `file`, `call_record`, `run_record`, `decision_record`, `receipt`, `open_call` or `temporary`.
    """

    kind: str
    count: int
    bytes: int
    bucket_bytes: int


class FilesKept(Item):
    """Files that stay. `named`: by a database or a receipt; `recent`: by nothing, but used lately.

    `recoverable`: those of paid calls and of runs that no database has, for which `clash db recover` is.
    `unsure`: those that may be sounds of a cast whose run does not say which it was given.
    """

    named: int
    recent: int
    recoverable: int
    unsure: int


class AskedDatabase(Item):
    """A database that uses the store. `asked` is false for one that `--ignore-database` names."""

    id: str
    url: Text
    asked: bool


class GarbageCollected(Document):
    """`clash gc`. `deleted` is false where it only says what would be deleted."""

    asset_store: Text
    older_than_s: int
    dry_run: bool
    deleted: bool
    files: int
    bytes: int
    bucket_bytes: int
    by_kind: list[FreedKind]
    kept: FilesKept
    databases: list[AskedDatabase]
    databases_complete: bool
    warnings: list[Text]
    error: ErrorItem | None = None
