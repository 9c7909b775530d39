"""The voices: `clash voices ls`, `clash voices get`, `clash models --voices MODEL`."""

from __future__ import annotations

from clash.documents.base import Document, Item


class VoiceItem(Item):
    """A voice. `id` is what the cast's column `voice` takes; `gender` and `age` are null where nobody says."""

    model: str
    id: str
    language: str
    gender: str | None
    age: str | None
    narrator: bool
    installed: bool


class VoicePackItem(Item):
    """Files that a language's voices need.

    `get` fetches them, and is null when they are here; `install` adds a missing Python package.
    """

    language: str
    name: str
    license: str
    sources: list[str]
    download_bytes: int
    disk_bytes: int
    folder: str
    present: bool
    get: str | None
    install: str | None


class VoiceList(Document):
    """Voices of a speech model, and the files that they need."""

    items: list[VoiceItem]
    packs: list[VoicePackItem]
