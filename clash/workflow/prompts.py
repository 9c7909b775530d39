"""Prompts for the cards, and the slate: what a picture model is told when the story gives no prompt of its own."""

from __future__ import annotations

from clash.story.screenplay import Character, Location, Movement, Shot, ShotSize

_SIZES: dict[ShotSize, str] = {
    "extreme_wide": "EWS",
    "wide": "WS",
    "full": "FS",
    "medium_wide": "MWS",
    "medium": "MS",
    "medium_close_up": "MCU",
    "close_up": "CU",
    "extreme_close_up": "ECU",
    "insert": "INSERT",
}
_MOVES: dict[Movement, str] = {
    "static": "STATIC",
    "push_in": "PUSH IN",
    "pull_out": "PULL OUT",
    "pan_left": "PAN LEFT",
    "pan_right": "PAN RIGHT",
    "tilt_up": "TILT UP",
    "tilt_down": "TILT DOWN",
}


def character_prompt(character: Character) -> str:
    """What a character's card should show."""
    parts = (f"Character card of {character.name}", character.look, character.description)
    return ". ".join(part.strip().rstrip(".") for part in parts if part.strip())


def location_prompt(location: Location) -> str:
    """What a location's card should show."""
    parts = (f"Location card of {location.name}, {location.setting}", location.description)
    return ". ".join(part.strip().rstrip(".") for part in parts if part.strip())


def size_label(shot: Shot) -> str:
    """The shot's size as a crew writes it: `MS`."""
    return _SIZES[shot.size]


def slate(scene: str, shot: Shot, label: str = "") -> str:
    """The technical line in the corner of a pre-visualisation: `SC 02   SHOT 003   MS   PUSH IN`.

    `label`: what stands right behind the shot's number, ` (3A)`.
    """
    number = f"{int(scene):02d}" if scene.isdecimal() else scene[:12]
    return f"SC {number}   SHOT {shot.number:03d}{label}   {size_label(shot)}   {_MOVES[shot.movement]}"
