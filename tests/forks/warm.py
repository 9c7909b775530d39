"""What every film needs and is the same for all of them, made once, before the first process is forked."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from clash.documents.schemas import model_of, schema_names
from clash.film.typeface import drawable
from clash.local import voice
from clash.local.illustrator import illustrate
from clash.local.screenwriter import write_screenplay
from clash.network.certificates import certificates
from clash.providers.ports import ImageRequest
from clash.providers.registry import provider_names
from clash.sound.soundtrack import SoundShot, soundtrack
from clash.story.places import place_kind
from clash.story.reader import read_story
from clash.story.screenplay import Beat, Line, Screenplay, Story

PLACES = ("Harbour", "Forest", "Kitchen", "Street")
"""The places of the tests' stories."""

TABLE = """\
shot,shot_size,movement,location,characters,description,dialogue,duration
1,WS,push in,Harbour,Mara,Mara does thing number 1.,MARA: Line 1.,1.0
2,CU,tilt up,Forest,Mara,Mara does thing number 2.,,1.0
"""


def warm_up() -> None:
    """Read, write, draw and sound a short film: its word lists, loops and notes stay in memory.

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
    read_story(TABLE.encode(), name="warm.csv")
    screenplay = write_screenplay(Story(title="Warm", kind="shot_list", language="en", beats=beats, sha256="0" * 64))
    draw(screenplay)
    for location in screenplay.locations:
        for _ in soundtrack([SoundShot(16.0, (), place_kind(location), "day", "clear")]):
            pass
    drawable(screenplay.title)
    provider_names()
    certificates()
    keep_pronunciation()
    build_models()


def draw(screenplay: Screenplay) -> None:
    """Draw each person, each place, and a keyframe, all tiny."""
    common: dict[str, Any] = {"prompt": "", "style": "", "width": 64, "height": 36}
    for character in screenplay.characters:
        illustrate(ImageRequest(subject="character", character=character, **common), {})
    for location in screenplay.locations:
        illustrate(ImageRequest(subject="location", location=location, **common), {})
    shot, place = screenplay.shots[0], screenplay.locations[0]
    illustrate(ImageRequest(subject="keyframe", shot=shot, location=place, cast=screenplay.characters, **common), {})


def keep_pronunciation() -> None:
    """Read the voice's dictionaries into tables, and let each process have those instead of reading them again."""
    tables: Any = voice
    with suppress(ImportError):  # an extra that is not installed
        rules = tables._pronunciation()
        tables._pronunciation = lambda: rules


def build_models() -> None:
    """Build the models of documents, each of which waits until it is first used."""
    for name in schema_names():
        model_of(name).model_rebuild()
