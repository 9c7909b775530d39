"""The catalogue of models: `clash models`."""

from __future__ import annotations

from typing import Any

from clash.documents.base import Document, Item
from clash.documents.errors import ErrorItem


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


class RequestShown(Item):
    """A request that would be sent, with placeholders for keys, pictures and ids."""

    model: str
    step: str
    method: str
    url: str
    headers: dict[str, str]
    body: dict[str, Any] | None


class VendorModelItem(Item):
    """A model of a checked vendor file: what it can do, and what the shown request would cost."""

    kind: str
    model: str
    answers: str
    last_frame: bool
    sound: bool
    seed: bool
    references: int
    makes: str
    cost_usd: str | None
    price: str


class WorkflowInput(Item):
    """An input of a ComfyUI workflow that clash fills: which value goes into which input of which node."""

    value: str
    node: str
    class_type: str
    input: str


class VendorChecked(Document):
    """`clash models check`: a vendor's file, its models, and the requests that it would send. Nothing was sent.

    Of a ComfyUI workflow there are also its `inputs`, and `notes` on what it cannot do; it has no `checked_on`.
    """

    file: str
    provider: str
    title: str
    source: str
    checked_on: str | None
    base_url: str
    key: str | None
    key_present: bool
    overrides: str | None
    models: list[VendorModelItem]
    inputs: list[WorkflowInput]
    notes: list[str]
    requests: list[RequestShown]


class ModelList(Document):
    """`clash models`. A preset has its name and a model per kind. `error`: what is wrong with what is left out."""

    items: list[ModelItem]
    presets: list[dict[str, Any]]
    preset: str | None
    error: ErrorItem | None = None
