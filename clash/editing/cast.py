"""The cast that a person gives: it overrides what a writer says of people, places and props; its pictures are cards.

It is stored as one JSON file of the run: the rows of its table, and the pictures in the asset store by their slots.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from clash.assets.store import StoredFile
from clash.database.run_settings import Basis
from clash.providers.ports import CastMember, Reference
from clash.story.cast_table import CastEntry
from clash.story.screenplay import Character, Location, Screenplay, Shot, Story, slug
from clash.story.speakers import name_key
from clash.story.words import fold, has_cjk

_FIELDS = ("name", "kind", "look", "image", "voice", "reference_audio", "age", "gender")


@dataclass(frozen=True)
class CastSheet:
    """The rows of a cast's table. `pictures`: slot (`character:mara`, `prop:lantern`) to the file of its picture."""

    entries: tuple[CastEntry, ...] = ()
    pictures: Mapping[str, StoredFile] = field(default_factory=dict[str, StoredFile])

    def content(self) -> bytes:
        """Return the sheet as it is stored. The same sheet gives the same bytes."""
        members = [{name: getattr(entry, name) for name in _FIELDS} for entry in self.entries]
        document = {"members": members, "pictures": dict(self.pictures)}
        return json.dumps(document, ensure_ascii=False, sort_keys=True, indent=1).encode()

    @classmethod
    def of(cls, content: bytes) -> CastSheet:
        """Return the sheet of what was stored."""
        document: dict[str, Any] = json.loads(content)
        return cls(tuple(CastEntry(**member) for member in document["members"]), document["pictures"])

    def members(self, story: Story) -> tuple[CastMember, ...]:
        """Return what the writer of this story is told of the cast; people whom it does not name are left out."""
        absent = {entry.slot for entry in self.not_named(story)}
        present = (entry for entry in self.entries if entry.slot not in absent)
        return tuple(CastMember(name=entry.name, kind=entry.kind, look=look_of(entry)) for entry in present)

    def not_named(self, story: Story) -> list[CastEntry]:
        """Return the people that a story does not name."""
        people = [entry for entry in self.entries if entry.kind == "character"]
        told = fold("\n".join(_texts(story)))
        return [entry for entry in people if fold(entry.name) not in told]

    def of_character(self, character: Character) -> CastEntry | None:
        """Return the row of a character of the screenplay."""
        return self._find("character", character.slug, character.name)

    def of_location(self, location: Location) -> CastEntry | None:
        """Return the row of a place of the screenplay."""
        return self._find("location", location.slug, location.name)

    @property
    def props(self) -> tuple[CastEntry, ...]:
        """The things, as distinct from people and places."""
        return tuple(entry for entry in self.entries if entry.kind == "prop")

    def _find(self, kind: str, own_slug: str, name: str) -> CastEntry | None:
        same_kind = [entry for entry in self.entries if entry.kind == kind]
        exact = (entry for entry in same_kind if slug(entry.name) == own_slug)
        named = (entry for entry in same_kind if name_key(entry.name) == name_key(name))
        return next(exact, None) or next(named, None)


def _texts(story: Story) -> Iterator[str]:
    yield story.title
    for beat in story.beats:
        yield from (beat.description, beat.title, beat.narration, beat.image_prompt, beat.notes, *beat.characters)
        yield from (text for line in beat.dialogue for text in (line.speaker, line.text))


async def read_cast_sheet(basis: Basis, read: Callable[[str], bytes]) -> CastSheet:
    """Return the cast that a person gave; an empty one if there is none. `read` reads stored files."""
    return CastSheet.of(await asyncio.to_thread(read, basis.cast)) if basis.cast else CastSheet()


def look_of(entry: CastEntry) -> str:
    """Return what is to be seen, in the table's own words: gender and age before the look."""
    parts = [part.strip().rstrip("。.") for part in (entry.gender, _age(entry.age), entry.look) if part.strip()]
    return ("，" if any(map(has_cjk, parts)) else ", ").join(parts)


def _age(age: str) -> str:
    """Return the age in words that a picture model takes for an age: a bare number is one of years."""
    return f"{age.strip()} years old" if age.strip().isdecimal() else age


def with_cast(screenplay: Screenplay, sheet: CastSheet) -> Screenplay:
    """Return the screenplay with the looks and voices of the sheet. What the sheet leaves open stays."""
    characters = tuple(_character(one, sheet.of_character(one)) for one in screenplay.characters)
    locations = tuple(_location(one, sheet.of_location(one)) for one in screenplay.locations)
    return screenplay.model_copy(update={"characters": characters, "locations": locations})


def _character(character: Character, entry: CastEntry | None) -> Character:
    if entry is None:
        return character
    changes = {"look": look_of(entry), "voice": _voice(entry)}
    return character.model_copy(update={name: value for name, value in changes.items() if value})


def _voice(entry: CastEntry) -> str:
    """Return the voice as the table names it, else what age and gender say of it."""
    return entry.voice or ", ".join(part for part in (entry.gender, _age(entry.age)) if part)


def _location(location: Location, entry: CastEntry | None) -> Location:
    look = look_of(entry) if entry is not None else ""
    return location.model_copy(update={"description": look}) if look else location


def given_cards(screenplay: Screenplay, sheet: CastSheet) -> dict[str, StoredFile]:
    """Return the cards that are given, by their slots in this screenplay: no picture is asked for."""
    found = [(f"character:{one.slug}", sheet.of_character(one)) for one in screenplay.characters]
    found += [(f"location:{one.slug}", sheet.of_location(one)) for one in screenplay.locations]
    return {
        slot: sheet.pictures[entry.slot] for slot, entry in found if entry is not None and entry.slot in sheet.pictures
    }


def props_in(shot: Shot, sheet: CastSheet) -> list[CastEntry]:
    """Return the props that a shot names."""
    told = fold(" ".join((shot.action, shot.image_prompt)))
    return [entry for entry in sheet.props if fold(entry.name) in told]


def prop_references(props: Iterable[CastEntry], sheet: CastSheet) -> list[Reference]:
    """Return the pictures of props as references of a keyframe."""
    return [Reference(role=entry.slot, **sheet.pictures[entry.slot]) for entry in props if entry.slot in sheet.pictures]


def prop_words(props: Iterable[CastEntry]) -> str:
    """Return what the props look like, for the prompt of a keyframe."""
    return "; ".join(f"{entry.name}: {look}" for entry in props if (look := look_of(entry)))
