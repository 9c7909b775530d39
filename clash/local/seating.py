"""Who sits in a shot, and on what, read from a story's words, in English and Chinese."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from clash.local.figures import words
from clash.story.place_kinds import INTERIORS
from clash.story.places import boat_at, place_kind
from clash.story.screenplay import Character, Location, Shot

Seat = Literal["", "chair", "stool", "bench", "wall", "rock", "thwart"]

_ROWING = r"\b(?:rows|rowing|rowed|paddles|paddling)\b(?! of\b)|[划摇][船桨橹着]"
_SITS = re.compile(rf"\b(?:sits?|sitting|sat|seated)\b|坐(?![标船车])|{_ROWING}", re.IGNORECASE)
_ROWS = re.compile(_ROWING, re.IGNORECASE)
_EVERYBODY = re.compile(
    r"\b(?:they|both|all|together|everyone|everybody|two|three|four|five|opposite|across from|facing|beside (?:him|her)"
    r"|next to (?:him|her))\b|他们|她们|[两二三四五]人|[两二三四五]个|大家|众人|一起|对面|身边|身旁|旁边",
    re.IGNORECASE,
)
_AT_TABLE = re.compile(
    r"\b(?:tables?|desk|counter|opposite|across from|supper|dinner|lunch|breakfast|meal)\b"
    r"|桌|柜台|吧台|对面|晚饭|早饭|午饭",
    re.IGNORECASE,
)
_SEATS: Mapping[str, Seat] = {
    "wall|quay|parapet|ledge|steps|step|stairs|kerb|curb|edge|墙|台阶|石阶|石级|堤|栏杆|岸边|边沿": "wall",
    "rock|rocks|stone|boulder|log|stump|ground|grass|sand|hay|石头|岩石|礁石|树桩|地上|草地|沙滩": "rock",
    "bench|pew|bed|长椅|长凳|板凳|床": "bench",
    "stool|barstool|bar|凳子|凳|吧台": "stool",
    "chair|armchair|sofa|couch|throne|椅子|椅|沙发": "chair",
}
_WALLS = frozenset({"harbour", "lighthouse", "rooftop", "bridge", "river"})
_BENCHES = frozenset({"square", "street", "alley", "park", "station", "village", "city", "market"})
_TABLES = frozenset({"shop", "kitchen"})


@dataclass(frozen=True)
class Seats:
    """What a place has to sit on where the words do not say."""

    seat: Seat = "chair"
    tables: bool = False
    """Whether people sit at tables here."""
    everybody: bool = False
    """Whether nobody stands here: a small boat."""


def seats_of(location: Location) -> Seats:
    """The seats of a place."""
    kind, boat = place_kind(location), boat_at(location)
    if boat:
        return Seats("bench" if boat == "ship" else "thwart", everybody=boat == "rowing boat")
    if kind in INTERIORS:
        return Seats("rock" if kind == "cave" else "chair", tables=kind in _TABLES)
    return Seats("wall" if kind in _WALLS else "bench" if kind in _BENCHES else "rock")


@dataclass(frozen=True)
class Seated:
    """How somebody sits: on what, at a table or not, rowing or not."""

    seat: Seat
    table: bool = False
    rows: bool = False

    @property
    def posture(self) -> str:
        """The pose of `figures.pose` for it."""
        return "rowing" if self.rows else "at_table" if self.table else "sitting"


def seated_in(shot: Shot, cast: Sequence[Character], seats: Seats) -> dict[str, Seated]:
    """Those of the cast who sit, by slug."""
    seated: dict[str, Seated] = {}
    if seats.everybody and not re.search(r"\bst(?:ands?|anding|ood)\b|站", shot.action):
        seated = {character.slug: Seated(seats.seat) for character in cast}
    for sentence in re.split(r"[.!?;。！？；]", shot.action):
        said = _SITS.search(sentence)
        if said is None:
            continue
        seat = words.said(_SEATS, [sentence[said.end() :]]) or seats.seat
        at_chair = seat in {"chair", "stool"}
        table = at_chair and (seats.tables or _AT_TABLE.search(sentence) is not None)
        rows = _ROWS.search(sentence) is not None and seats.seat == "thwart"
        for character in _subjects(sentence, said.start(), cast):
            seated[character.slug] = Seated(seats.seat if rows else seat, table, rows)
    return seated


def _subjects(sentence: str, verb: int, cast: Sequence[Character]) -> Sequence[Character]:
    """Return whom a verb is about: everybody, or the last one named before it, else the first of the cast."""
    if _EVERYBODY.search(sentence):
        return cast
    text = sentence.casefold()
    named = [(text.rfind(name, 0, verb), -index) for index, c in enumerate(cast) for name in names_of(c)]
    at, index = max(named, default=(-1, 0))
    return [cast[-index]] if at >= 0 else cast[:1]


def names_of(character: Character) -> tuple[str, ...]:
    """The names by which a text may call a character: the whole name, or a part of it (of Latin letters)."""
    whole = character.name.casefold()
    parts = tuple(part for part in whole.split() if len(part) > 2 and part not in {"the", "old", "miss", "mrs."})
    return (whole, *parts)
