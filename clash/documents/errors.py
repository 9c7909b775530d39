"""The document of a command that failed before it had one of its own."""

from __future__ import annotations

from clash.documents.base import Document, Item


class ErrorItem(Item):
    """What went wrong and what to do. `code` is a stable word; `row` and `column` are there for a story."""

    code: str
    message: str
    hint: str | None
    row: int | None = None
    column: str | None = None


class ErrorDocument(Document):
    """A command that failed."""

    error: ErrorItem
