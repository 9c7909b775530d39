"""Who and what is in a film: what a table of the cast says of each."""

from __future__ import annotations

from typing import Literal

from clash.documents.base import Item


class CastMember(Item):
    """A character, place or prop. What is empty is left to the writer; `image` and `reference_audio` are files."""

    name: str
    kind: Literal["character", "location", "prop"] = "character"
    look: str = ""
    image: str = ""
    voice: str = ""
    reference_audio: str = ""
    age: str = ""
    gender: str = ""


class Cast(Item):
    """The cast of a film."""

    members: list[CastMember]
