"""What is set and what is missing: `clash doctor`."""

from __future__ import annotations

from clash.documents.base import Document, Item, Text


class SettingItem(Item):
    """A setting in force; of a key only the last four letters."""

    setting: str
    value: Text | None
    source: str


class ExtraItem(Item):
    """An optional package: its version, or how to install it."""

    package: str
    extra: str
    version: str | None
    install: str | None


class CheckItem(Item):
    """One check."""

    check: str
    ok: bool
    says: Text
    hint: Text | None


class Diagnosis(Document):
    """`clash doctor`."""

    version: str
    python: str
    platform: str
    preset: str | None
    models: dict[str, str]
    settings: list[SettingItem]
    extras: list[ExtraItem]
    checks: list[CheckItem]
    ok: bool
