"""What every film needs and is the same for all of them, made once, before the first process is forked."""

from __future__ import annotations

from clash.film.typeface import drawable
from clash.local.screenwriter import write_screenplay
from clash.sound.soundtrack import SoundShot, soundtrack
from clash.story.places import place_kind
from clash.story.screenplay import Beat, Line, Story

PLACES = ("Harbour", "Forest", "Kitchen", "Street")
"""The places of the tests' stories."""


def warm_up() -> None:
    """Write and sound a short film: its word lists, loops and notes stay in memory.

    Nobody speaks: the voice brings a thread, and a forked process could not end.
    """
    beats = tuple(
        Beat(
            row=number + 2,
            shot=str(number + 1),
            location=place,
            characters=("Mara", "Jonas"),
            description=f"Mara carries box number {number} to the other side.",
            dialogue=(Line(speaker="MARA", text="Box is heavy."),),
            duration_s=1.0,
        )
        for number, place in enumerate(PLACES)
    )
    story = Story(title="Warm", kind="shot_list", language="en", beats=beats, sha256="0" * 64)
    screenplay = write_screenplay(story)
    for location in screenplay.locations:
        for _ in soundtrack([SoundShot(16.0, (), place_kind(location), "day", "clear")]):
            pass
    drawable(screenplay.title)
