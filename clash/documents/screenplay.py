"""The screenplay of a run, and what there is to say of one in a file: `clash screenplay show` and `check`."""

from __future__ import annotations

from clash.documents.base import DamagedItem, Document, Number, Text
from clash.story.screenplay import Screenplay


class ScreenplayShown(Document):
    """`clash screenplay show`: the screenplay that a run is shot from, and the file that people find it in."""

    thread_id: str
    sha256: str
    path: str | None
    screenplay: Screenplay
    damaged: list[DamagedItem]


class ScreenplayChecked(Document):
    """`clash screenplay check`: a screenplay that can be shot, in figures. `length_s` is planned, in seconds."""

    path: Text
    title: Text
    language: str
    scenes: int
    shots: int
    characters: int
    locations: int
    length_s: Number
    warnings: list[Text]
