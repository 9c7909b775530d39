"""People, places and shots to be drawn."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from clash.local.illustrator import illustrate
from clash.local.staging import Frame, Player, stage
from clash.providers.ports import Answer, ImageRequest
from clash.story.screenplay import Character, Location, Shot, ShotSize

MARA = Character(
    slug="mara",
    name="Mara",
    description="Lighthouse keeper's daughter, back after eleven years.",
    look="Teal oilskin coat, copper hair.",
    voice="Low, unhurried.",
)
TOMAS = Character(slug="tomas", name="Tomas", description="The old keeper", look="navy coat and cap, white beard")
XIAOHE = Character(slug="小禾", name="小禾", description="十岁的女孩", look="红色毛衣，两条黑色麻花辫", voice="清脆")
HEADLAND = Location(slug="headland", name="Headland", description="A cliff above the sea")
ROOM = Location(slug="lamp-room", name="Lamp room", setting="interior")
FRAME = Frame(1280, 720, 0.88)


def shot(size: ShotSize = "medium", **more: object) -> Shot:
    """A shot of two people, unless said otherwise."""
    values: dict[str, object] = {
        "number": 1,
        "size": size,
        "location": "headland",
        "action": "They wait.",
        "duration_s": 3,
    }
    return Shot.model_validate(values | more)


def keyframe(
    of: Shot,
    cast: tuple[Character, ...] = (MARA, TOMAS),
    *,
    width: int = 320,
    height: int = 180,
    place: Location = HEADLAND,
) -> Answer:
    """The answer to a keyframe request."""
    request = ImageRequest(
        subject="keyframe", prompt="", style="", width=width, height=height, shot=of, location=place, cast=cast
    )
    return illustrate(request, {})


def pixels(answer: Answer) -> np.ndarray:
    """The decoded picture, RGB."""
    return np.asarray(Image.open(io.BytesIO(answer.content)).convert("RGB")).astype(int)


def players(of: Shot, cast: tuple[Character, ...] = (MARA, TOMAS), frame: Frame = FRAME) -> list[Player]:
    """The staged figures, from left to right."""
    return sorted(stage(of, cast, frame), key=lambda player: player.x)
