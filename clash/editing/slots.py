"""Slots as people name them, and the slots of calls: `shot:007/clip` is the call `shot:007`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from clash.providers.ports import Kind
from clash.story.screenplay import Screenplay, shot_slot
from clash.vocabulary import AssetType

SCREENPLAY = "screenplay"
FILM = "film"
_CLIP = "clip"
_KEYFRAME = "keyframe"
_SHOT = re.compile(r"shot:(\d{1,9})(?:/(.+))?")
_CARDS = ("character:", "location:")
_DIGITS = re.compile(r"(\d+)")


def slot_named(text: str) -> str:
    """Return a slot as clash writes it: narrow digits, three of a shot's number at least.

    >>> slot_named("shot:7/clip"), slot_named("ｓｈｏｔ：００７"), slot_named("character:mara")
    ('shot:007/clip', 'shot:007', 'character:mara')
    """
    plain = unicodedata.normalize("NFKC", text).strip()
    found = _SHOT.fullmatch(plain)
    if found is None:
        return plain
    part = f"/{found[2]}" if found[2] else ""
    return f"{shot_slot(int(found[1]))}{part}"


def call_slots(slot: str) -> tuple[str, ...]:
    """Return the slots of calls that a person means: of a whole shot, its keyframe and its clip.

    >>> call_slots("shot:007"), call_slots("shot:007/clip"), call_slots("location:pier")
    (('shot:007/keyframe', 'shot:007'), ('shot:007',), ('location:pier',))
    """
    found = _SHOT.fullmatch(slot)
    if found is None:
        return (slot,)
    shot = shot_slot(int(found[1]))
    if found[2] is None:
        return keyframe_of(shot), shot
    return (shot,) if found[2] == _CLIP else (f"{shot}/{found[2]}",)


def people_slot(slot: str) -> str:
    """Return the slot of a call as people name it: the call `shot:007` makes `shot:007/clip`."""
    return f"{slot}/{_CLIP}" if is_clip(slot) else slot


def is_clip(slot: str) -> bool:
    """Return whether this is the call of a shot's clip."""
    found = _SHOT.fullmatch(slot)
    return found is not None and found[2] is None


def is_keyframe(slot: str) -> bool:
    """Return whether this is the call of a shot's keyframe."""
    return slot.startswith("shot:") and slot.endswith(f"/{_KEYFRAME}")


def is_card(slot: str) -> bool:
    """Return whether this is the call of a character's or a location's card."""
    return slot.startswith(_CARDS)


def asset_of(slot: str) -> tuple[str, str]:
    """Return the slot and the type under which the file of a call is recorded."""
    if is_keyframe(slot):
        return shot_of(slot), AssetType.KEYFRAME
    if is_card(slot):
        return slot, f"{slot.partition(':')[0]}_image"
    if slot == SCREENPLAY:
        return slot, AssetType.SCREENPLAY
    return slot, AssetType.SHOT if is_clip(slot) else AssetType.SPEECH


def keyframe_of(shot: str) -> str:
    """Return the slot of the keyframe of a shot."""
    return f"{shot}/{_KEYFRAME}"


def shot_of(slot: str) -> str:
    """Return the shot that the call of a slot is for, which is the slot of its clip; "" if it is for none."""
    return slot.partition("/")[0] if slot.startswith("shot:") else ""


def kind_of_slot(slot: str) -> Kind:
    """Return the kind of the calls that fill a slot."""
    if slot == SCREENPLAY:
        return "screenplay"
    if is_clip(slot):
        return "video"
    return "image" if is_card(slot) or is_keyframe(slot) else "speech"


def in_film_order(slots: Iterable[str]) -> list[str]:
    """Return slots of calls in the order in which a run makes them."""
    return sorted(slots, key=place_in_film)


def place_in_film(slot: str) -> tuple[int, list[tuple[int, int | str]]]:
    """Return what sorts slots of calls in the order in which a run makes them."""
    if slot == SCREENPLAY:
        return 0, []
    if is_card(slot):
        return (1 if slot.startswith(_CARDS[0]) else 2), [(1, slot)]
    if shot := shot_of(slot):
        part = slot.partition("/")[2]
        rank = 2 if not part else 0 if part == _KEYFRAME else 1
        return 3, [*_natural(shot), (0, rank), *_natural(part)]
    return (5 if slot == FILM else 6 if slot.startswith("subtitles:") else 4), [(1, slot)]


def _natural(text: str) -> list[tuple[int, int | str]]:
    return [(0, int(part)) if part.isdecimal() else (1, part) for part in _DIGITS.split(text) if part]


def shots_with(card: str, screenplay: Screenplay) -> list[str]:
    """Return the shots that refer to a card, in the film's order."""
    kind, _, slug = card.partition(":")
    return [
        shot_slot(shot.number)
        for shot in screenplay.shots
        if (slug in shot.characters if kind == "character" else slug == shot.location)
    ]
