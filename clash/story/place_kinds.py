"""The kinds of places that a film can show."""

from __future__ import annotations

from typing import Literal

PlaceKind = Literal[
    "sea",
    "harbour",
    "lighthouse",
    "beach",
    "cliff",
    "crag",
    "river",
    "lake",
    "forest",
    "field",
    "mountain",
    "snowfield",
    "desert",
    "street",
    "alley",
    "market",
    "square",
    "park",
    "village",
    "city",
    "rooftop",
    "road",
    "footpath",
    "bridge",
    "station",
    "sky",
    "space",
    "exterior",
    "room",
    "bedroom",
    "kitchen",
    "shop",
    "office",
    "classroom",
    "hall",
    "corridor",
    "tower_room",
    "cellar",
    "cave",
    "vehicle",
    "spaceship",
    "lab",
    "hospital",
    "interior",
]

INTERIORS: frozenset[PlaceKind] = frozenset(
    {
        "room",
        "bedroom",
        "kitchen",
        "shop",
        "office",
        "classroom",
        "hall",
        "corridor",
        "tower_room",
        "cellar",
        "cave",
        "vehicle",
        "spaceship",
        "lab",
        "hospital",
        "interior",
    }
)
"""The kinds that have a ceiling. A station and a market may be either and are drawn as open."""
