"""The files of a run: `clash assets ls`."""

from __future__ import annotations

from typing import Any

from clash.documents.base import DamagedItem, Document, Item, Text, Time, Usd


class AssetItem(Item):
    """A file: `path` is its published name, `stored_path` where it is in the asset store.

    `take`: which take of its slot it is; null for a file that no call made.
    """

    slot: str
    take: int | None
    kind: str
    media_type: str
    sha256: str
    path: Text | None
    stored_path: Text
    bytes: int
    facts: Any
    step: str | None
    cost_usd: Usd
    created_at: Time


class AssetList(Document):
    """`clash assets ls`: all files of a run."""

    thread_id: str
    items: list[AssetItem]
    damaged: list[DamagedItem]
