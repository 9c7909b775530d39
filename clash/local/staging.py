"""Staging: who stands where in the frame, how large, and which way they look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from clash.local.backdrops.scene import standing_side
from clash.local.figures import words
from clash.local.figures.body import Body
from clash.local.figures.figure import Stance, feet_of
from clash.local.figures.look import Digest, Look, look_of
from clash.local.figures.pose import (
    POSES,
    TOGETHER,
    bystander_pose,
    expression_of,
    mood_of,
    pose_of,
)
from clash.local.figures.props import thing_in
from clash.local.seating import Seat, Seated, Seats, names_of, seated_in
from clash.local.takes import mirrored
from clash.story.screenplay import Angle, Character, Shot, ShotSize

MOST_DRAWN = 5
MOST_SILHOUETTES = 9
ADULT_HEADS = 6.57
FULL_FIGURES: frozenset[ShotSize] = frozenset({"extreme_wide", "wide", "full"})

# The height of an adult's head and the place of its middle, as shares of the frame's height.
HEAD_SIZES: dict[ShotSize, float] = {
    "extreme_wide": 0.235 / ADULT_HEADS,
    "wide": 0.47 / ADULT_HEADS,
    "full": 0.72 / ADULT_HEADS,
    "medium_wide": 0.185,
    "medium": 0.285,
    "medium_close_up": 0.39,
    "close_up": 0.54,
    "extreme_close_up": 1.06,
    "insert": 0.54,
}
HEAD_PLACES: dict[ShotSize, float] = {
    "medium_wide": 0.215,
    "medium": 0.29,
    "medium_close_up": 0.34,
    "close_up": 0.385,
    "extreme_close_up": 0.35,
    "insert": 0.385,
}
SINGLES: frozenset[ShotSize] = frozenset({"close_up", "extreme_close_up", "insert"})
FACE_ENDS = 0.69
"""No chin is below this share of the height in a usual framing: captions are laid over what is below."""


SEATED: dict[ShotSize, tuple[float, float]] = {"medium_wide": (0.92, 0.035), "medium": (0.77, 0.02)}
"""Where somebody sits: by how much the camera goes back and the head comes down, so that lap or table is seen."""
SHARED: frozenset[Seat] = frozenset({"bench", "wall", "thwart"})


@dataclass(frozen=True)
class Player:
    """One figure in the frame: the middle of its head and the height of a head, in pixels."""

    look: Look
    stance: Stance
    x: float
    y: float
    unit: float
    whole: bool
    part: Literal["player", "foreground", "silhouette"] = "player"
    seat: Seat = ""
    """What the figure sits on, or "" who stands."""
    at_table: bool = False


@dataclass(frozen=True)
class Frame:
    """A frame of `width` x `height` pixels; full figures stand at `ground` (a share of the height)."""

    width: int
    height: int
    ground: float
    path: bool = False
    """Whether one stands on a path here, which leads to `standing_side` of the middle."""
    seats: Seats = field(default_factory=Seats)
    """What there is to sit on."""
    take: int = 1

    @property
    def mirrored(self) -> bool:
        """Whether somebody alone is on the other side in this take; not where a path or a boat says where."""
        return mirrored(self.take) and not self.path and not self.seats.everybody


def stage(shot: Shot, cast: Sequence[Character], frame: Frame) -> list[Player]:
    """Return the figures of a shot, farthest first; none for a thing, an empty place or a point-of-view shot."""
    focus = focus_of(shot, cast)
    if focus is None or nobody(shot, cast):
        return []
    if shot.angle == "over_shoulder":
        return _over_shoulder(shot, cast, focus, frame)
    if shot.size in SINGLES:
        return [_single(shot, cast, focus, frame)]
    return _group(shot, cast, focus, frame)


def nobody(shot: Shot, cast: Sequence[Character]) -> bool:
    """Return whether the frame is empty of people: an empty place, or a point-of-view shot."""
    return not cast or (shot.angle == "pov" and len(cast) == 1 and not shot.dialogue)


def focus_of(shot: Shot, cast: Sequence[Character]) -> Character | None:
    """Whom the shot is about: who speaks, else who is named first in the action, else the first of the cast."""
    for line in shot.dialogue:
        for character in cast:
            if line.speaker and line.speaker.casefold() in {character.name.casefold(), character.slug}:
                return character
    return actor_of(shot, cast)


def actor_of(shot: Shot, cast: Sequence[Character]) -> Character | None:
    """Return who acts: the first of the cast that the action names."""
    text = shot.action.casefold()
    named = [(text.find(name), index) for index, c in enumerate(cast) for name in names_of(c) if name in text]
    if named:
        return cast[min(named)[1]]
    return cast[0] if cast else None


def _speaks(shot: Shot, character: Character, cast: Sequence[Character]) -> bool:
    speakers = {line.speaker.casefold() for line in shot.dialogue}
    if speakers & {character.name.casefold(), character.slug}:
        return True
    return bool(shot.dialogue) and speakers == {""} and cast[0] == character


def seed_of_shot(shot: Shot) -> str:
    """Return what decides what the words leave open: what is seen in the shot, and not where it stands in the story."""
    return "/".join((shot.location, shot.size, shot.angle, shot.action))


def _stance(
    shot: Shot,
    cast: Sequence[Character],
    character: Character,
    way: float,
    *,
    whole: bool,
    frontal: bool = False,
    seated: Seated | None = None,
    take: int = 1,
) -> Stance:
    look = look_of(character)
    speaking = _speaks(shot, character, cast)
    seed = f"{character.slug}/{seed_of_shot(shot)}"
    together = words.pattern(TOGETHER).search(shot.action) is not None
    acting = together or actor_of(shot, cast) == character
    mood = mood_of(shot.emotion, shot.action)
    expression = expression_of(mood, shot.action if acting else "", speaking=speaking)
    pose = pose_of(
        look,
        action=shot.action if acting else "",
        mood=mood,
        speaking=speaking,
        prop=thing_in(shot.action) if acting else "",
        whole=whole,
        seed=seed,
        posture=seated.posture if seated else "",
        take=take,
    )
    if shot.size == "medium_close_up" and pose.name == "holding" and pose.prop:  # else it is below the frame
        pose = replace(pose, near=replace(pose.near, wrist=(-0.16, 0.60), slack=1.7))
    turn = 0.06 if frontal else 0.30 + 0.10 * Digest(seed).share("turn" if take == 1 else f"turn {take}")
    return Stance(way * turn, pose, replace(expression, gaze=0.0 if frontal else way * 0.55))


def _unit(shot: Shot, frame: Frame, count: int) -> float:
    """Pixels of one adult head, so that `count` figures fit side by side."""
    unit = HEAD_SIZES[shot.size] * frame.height
    unit *= {"low": 1.05, "high": 0.93, "overhead": 0.88}.get(shot.angle, 1.0)
    if shot.size == "extreme_close_up":
        return min(unit, frame.width * 1.1)
    room = 0.66 if shot.size in SINGLES else 0.94 / (0.6 + 1.45 * count)
    return min(unit, frame.width * room)


def _own_unit(look: Look, unit: float) -> float:
    return unit * {"child": 0.92, "old": 0.98}.get(look.age, 1.0)


def _single(shot: Shot, cast: Sequence[Character], focus: Character, frame: Frame) -> Player:
    """One face: a little out of the middle, looking into the free side."""
    way = _way_of(focus, cast, shot, frame)
    unit = _unit(shot, frame, 1)
    look = look_of(focus)
    stance = _stance(shot, cast, focus, way, whole=False, frontal=shot.angle == "pov", take=frame.take)
    if shot.size == "extreme_close_up" or frame.width < 1.2 * frame.height:  # no room for a gesture
        stance = replace(stance, pose=replace(stance.pose, near=POSES["standing"].near, far=POSES["standing"].far))
    aside = 0.0 if shot.size == "extreme_close_up" else 0.07
    y = _head_place(shot, frame, unit)
    return Player(look, stance, frame.width * (0.5 - way * aside), y, unit, whole=False)


def _way_of(character: Character, cast: Sequence[Character], shot: Shot, frame: Frame) -> float:
    """Which way a character looks: across the line to its partner, the same in all shots of the two.

    Somebody alone looks from the side of the frame where `_spots` puts it into the free side.
    """
    order = sorted(c.slug for c in cast)
    if len(order) > 1:
        return 1.0 if order.index(character.slug) < len(order) / 2 else -1.0
    return -_side_of(shot, frame)


def _side_of(shot: Shot, frame: Frame) -> float:
    """On which side of the frame somebody alone is in this place: -1 left, +1 right."""
    side = float(standing_side(shot.location))
    near = shot.size in SINGLES  # neither path nor boat is seen
    return -side if frame.mirrored or (near and mirrored(frame.take)) else side


def _head_place(shot: Shot, frame: Frame, unit: float) -> float:
    """The height of the middle of a head; kept so that hats fit above and the chin is clear of the captions."""
    share = HEAD_PLACES.get(shot.size, 0.3) + {"low": -0.02, "high": 0.03, "overhead": 0.05}.get(shot.angle, 0.0)
    y = share * frame.height
    if shot.size == "extreme_close_up":
        return y
    return min(y, FACE_ENDS * frame.height - 0.5 * unit)


def _over_shoulder(shot: Shot, cast: Sequence[Character], focus: Character, frame: Frame) -> list[Player]:
    """A shoulder in front, out of focus; beyond it the one who is looked at, or the place."""
    others = [c for c in cast if c != focus]
    nearer = others[0] if others else focus
    way = _way_of(focus, cast, shot, frame)
    near_shot = shot.model_copy(update={"size": "medium_close_up" if shot.size not in SINGLES else "close_up"})
    unit = min(_unit(near_shot, frame, 1), frame.width * 0.24) if others else _unit(near_shot, frame, 1) * 0.8
    players: list[Player] = []
    if others:
        y = _head_place(near_shot, frame, unit)
        stance = _stance(shot, cast, focus, way, whole=False, take=frame.take)
        players.append(
            Player(
                look_of(focus),
                stance,
                frame.width * (0.5 - way * 0.13),
                y,
                _own_unit(look_of(focus), unit),
                whole=False,
            )
        )
    big = unit * (1.45 if others else 1.15)
    x = frame.width * 0.5 + way * (frame.width * 0.5 - 0.30 * big)
    behind = replace(_stance(shot, cast, nearer, -way, whole=False), pose=POSES["standing"], behind=True)
    players.append(
        Player(
            look_of(nearer), behind, x, frame.height * 0.52, big, whole=False, part="foreground" if others else "player"
        )
    )
    return players


def _group(shot: Shot, cast: Sequence[Character], focus: Character, frame: Frame) -> list[Player]:
    """Everybody side by side, turned to each other; more than five are silhouettes behind."""
    drawn = _chosen(cast, focus)
    rest = [c for c in cast if c not in drawn][:MOST_SILHOUETTES]
    whole = shot.size in FULL_FIGURES
    seated = seated_in(shot, cast, frame.seats)
    unit = _unit(shot, frame, len(drawn)) * (SEATED.get(shot.size, (1.0, 0.0))[0] if seated else 1.0)
    players: list[Player] = []
    for index, (character, x) in enumerate(zip(drawn, _spots(len(drawn), unit, frame, shot), strict=True)):
        look = look_of(character)
        way = _way_of(character, drawn, shot, frame)
        seat = seated.get(character.slug)
        stance = _stance(
            shot, cast, character, way, whole=whole, frontal=shot.angle == "pov", seated=seat, take=frame.take
        )
        own = _own_unit(look, unit) * (0.94 if _in_back_row(index, len(drawn)) else 1.0)
        shorter = max(0.0, ADULT_HEADS - 0.5 - feet_of(look, replace(stance.pose, legs="standing"))) * own
        lower = 0.55 * shorter if len(drawn) > 1 else 0.0
        if seat:
            lower += SEATED.get(shot.size, (1.0, 0.0))[1] * frame.height
            lower += 0.75 * unit if len(seated) < len(drawn) else 0.0
        y = min(_head_place(shot, frame, unit) + lower, FACE_ENDS * frame.height - 0.5 * own)
        players.append(
            Player(
                look,
                stance,
                x,
                y,
                own,
                whole=whole or shot.size == "medium_wide",
                seat=seat.seat if seat else "",
                at_table=seat.table if seat else False,
            )
        )
    crowd = _crowd(shot, rest, frame, unit)
    feet_shown = all(p.y + feet_of(p.look, p.stance.pose, shot.angle) * p.unit < frame.height for p in players)
    if not whole and not feet_shown:
        return crowd + _side_by_side(players)
    ground = _ground(players, frame, shot.angle)
    standing = [
        _on(player, ground - (0.25 * player.unit if _in_back_row(index, len(players)) else 0.0), shot.angle)
        for index, player in enumerate(players)
    ]
    return [
        *(_on(player, ground - 0.6 * unit, shot.angle) for player in crowd),
        *sorted(_side_by_side(standing), key=lambda player: player.unit),
    ]


def _side_by_side(players: Sequence[Player]) -> list[Player]:
    """The players; those who share a seat sit at one height on it, so that a child's feet do not reach the ground."""
    seats = {id(p): p.y + Body(p.look, 0.0).hips[1] * p.unit for p in players if p.seat in SHARED}
    if len(seats) < 2:
        return list(players)
    height = min(seats.values())
    return [replace(p, y=p.y + height - seats[id(p)]) if id(p) in seats else p for p in players]


def _in_back_row(index: int, count: int) -> bool:
    """Of three or more, every other one stands a little behind."""
    return count > 2 and index % 2 == 1


def _ground(players: Sequence[Player], frame: Frame, angle: Angle) -> float:
    """Where everybody stands, in pixels: on the ground of the place, or behind it when a face would be too low."""
    lowest = [FACE_ENDS * frame.height + (feet_of(p.look, p.stance.pose, angle) - 0.5) * p.unit for p in players]
    return min(min(frame.ground, 0.93) * frame.height, *lowest)


def _on(player: Player, ground: float, angle: Angle) -> Player:
    """The figure, standing at `ground` (pixels)."""
    return replace(player, y=ground - feet_of(player.look, player.stance.pose, angle) * player.unit)


def _chosen(cast: Sequence[Character], focus: Character) -> list[Character]:
    """Those who are drawn, from left to right: sorted, so that nobody changes sides between shots."""
    first = [focus, *(c for c in cast if c != focus)][:MOST_DRAWN]
    return sorted(first, key=lambda character: character.slug)


def _spots(count: int, unit: float, frame: Frame, shot: Shot) -> list[float]:
    """Where the heads are from left to right, in pixels."""
    if count == 1 and frame.seats.seat == "thwart":
        return [frame.width * 0.5]  # a boat is balanced
    if count == 1:
        aside = {"extreme_wide": 0.15, "wide": 0.13, "full": 0.06}.get(shot.size, 0.06)
        if frame.path:
            aside = {"extreme_wide": 0.10, "full": 0.11}.get(shot.size, aside)
        return [frame.width * (0.5 + _side_of(shot, frame) * aside)]
    apart = {2: 2.35, 3: 1.95}.get(count, 1.75) * unit
    apart = min(apart, (frame.width - 1.5 * unit) / (count - 1))
    middle = frame.width / 2
    if frame.path and shot.size in FULL_FIGURES:
        apart = min(apart, 1.9 * unit)
        aside = {"extreme_wide": 0.09, "wide": 0.095}.get(shot.size, 0.11) * frame.width
        middle += _side_of(shot, frame) * min(aside, middle - (count - 1) / 2 * apart - 0.8 * unit)
    return [middle + (index - (count - 1) / 2) * apart for index in range(count)]


def _crowd(shot: Shot, rest: Sequence[Character], frame: Frame, unit: float) -> list[Player]:
    """Return the characters that do not fit in the frame, as dark shapes in the background."""
    players: list[Player] = []
    for index, character in enumerate(rest):
        look = look_of(character)
        share = (index + 0.5) / len(rest)
        stance = Stance(0.2 if share < 0.5 else -0.2, bystander_pose(character.slug), expression_of("", ""))
        x, y = frame.width * (0.06 + 0.88 * share), _head_place(shot, frame, unit) - 0.12 * unit
        players.append(Player(look, stance, x, y, _own_unit(look, unit) * 0.86, whole=True, part="silhouette"))
    return players
