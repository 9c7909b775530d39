"""What was exported of a run: `clash export`."""

from __future__ import annotations

from clash.documents.base import DamagedItem, Document, Item, Text


class ExportedFile(Item):
    """A document of an export, by its format. That of `jianying` is a folder."""

    format: str
    path: Text


class Exported(Document):
    """`clash export`: the documents that were written. `media` counts clips, `sounds` spoken lines and stems."""

    thread_id: str
    output: Text
    files: list[ExportedFile]
    media: int
    sounds: int
    bytes: int
    warnings: list[Text]
    damaged: list[DamagedItem]
