"""The catalogue of models: `clash models`."""

from __future__ import annotations

from typing import Any

from clash.documents.base import Document, Item


class PriceItem(Item):
    """A published price: dollars per unit, when it was checked and where."""

    unit: str
    variant: str | None
    usd: str
    checked_on: str | None
    source: str


class ModelItem(Item):
    """A model, what it costs, and the key that it needs."""

    kind: str
    model: str
    summary: str
    prices: list[PriceItem]
    price: str
    key: str | None
    key_present: bool
    package: str | None
    install: str | None
    presets: list[str]


class ModelList(Document):
    """`clash models`. A preset has its name and a model per kind."""

    items: list[ModelItem]
    presets: list[dict[str, Any]]
    preset: str | None
