"""Seats behind those who sit, the table before them, and the oars of who rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

from clash.local.figures.body import Body
from clash.local.figures.canvas import Canvas, Colour, darker, ellipse, lighter, smooth, tube
from clash.local.figures.figure import Light, drawn
from clash.local.figures.props import draw_thing, foot_of
from clash.local.staging import Player

WOOD: Colour = (128, 92, 66)
STONE: Colour = (132, 126, 122)
ON_TABLES = frozenset({"bowl", "cup", "bottle", "lantern"})
_THICK = 0.17


@dataclass(frozen=True)
class _Place:
    """Where one sits: middle, seat, and feet, in heads of the first who sits, from the middle of the picture's top."""

    x: float
    seat: float
    sole: float
    broad: float


def draw_seats(picture: Image.Image, players: Sequence[Player], light: Light, *, thwart: float = 0.0) -> None:
    """What the seated of `players` sit on, to be drawn before them.

    `thwart` is half the inner breadth of the boat, in pixels.
    """
    seated = [player for player in players if player.seat]
    if not seated:
        return
    width, height = picture.size
    unit = seated[0].unit
    canvas = Canvas(width, height, origin=(width / 2, 0.0), unit=unit, light=light.side)
    places = [_place(player, width, unit) for player in seated]
    half = width / 2 / unit + 0.5
    for place in places:
        canvas.fill(ellipse(place.x, place.sole, 1.25, 0.20), (8, 8, 20), 0.45)
    kind = seated[0].seat
    if kind == "wall":
        _wall(canvas, places, half)
    elif kind == "thwart":
        _thwart(canvas, places, thwart / unit if thwart else half)
    elif kind == "bench":
        _bench(canvas, places)
    else:
        for place in places:
            {"rock": _rock, "stool": _stool}.get(kind, _chair)(canvas, place)
    for player, place in zip(seated, places, strict=True):
        if player.stance.pose.name == "rowing":
            _oars(canvas, player, place, thwart / unit if thwart else half)
    drawn(canvas, unit, light).onto(picture, (0, 0), light)


def draw_table(picture: Image.Image, players: Sequence[Player], light: Light, thing: str) -> None:
    """The table before those who sit at one, over their laps; `thing` stands on it, or "" nothing."""
    seated = [player for player in players if player.at_table]
    if not seated:
        return
    width, height = picture.size
    unit = seated[0].unit
    canvas = Canvas(width, height, origin=(width / 2, 0.0), unit=unit, light=light.side)
    top = max(_place(player, width, unit).seat for player in seated) - 0.52
    half, wood = width / 2 / unit + 0.5, WOOD
    canvas.fill(
        [(-half, top - 0.10), (half, top - 0.10), (half, top + 0.06), (-half, top + 0.06)], darker(wood, 0.7), 0.35
    )
    canvas.form([(-half, top), (half, top), (half, top + 0.42), (-half, top + 0.42)], lighter(wood, 0.06), depth=0.3)
    canvas.fill([(-half, top), (half, top), (half, top + 0.03), (-half, top + 0.03)], lighter(wood, 0.28))
    canvas.fill(
        [(-half, top + 0.42), (half, top + 0.42), (half, height / unit), (-half, height / unit)], darker(wood, 0.42)
    )
    canvas.fill([(-half, top + 0.42), (half, top + 0.42), (half, top + 0.50), (-half, top + 0.50)], darker(wood, 0.68))
    if thing in ON_TABLES:
        middle = sum(_place(player, width, unit).x for player in seated) / len(seated)
        aside = 0.0 if len(seated) > 1 else 0.95 * (1.0 if seated[0].stance.turn >= 0 else -1.0)
        size = 1.15
        canvas.fill(
            smooth(
                [
                    (middle + aside - 0.5, top + 0.22),
                    (middle + aside, top + 0.13),
                    (middle + aside + 0.5, top + 0.22),
                    (middle + aside, top + 0.31),
                ]
            ),
            darker(wood, 0.7),
            0.5,
        )
        canvas.at(middle + aside, top + 0.24 - size * foot_of(thing), scale=size)
        draw_thing(canvas, thing)
    drawn(canvas, unit, light).onto(picture, (0, 0), light)


def _place(player: Player, width: int, unit: float) -> _Place:
    body, own = Body(player.look, 0.0, seated=True), player.unit / unit
    hips, hip_y = body.hips
    top = player.y / unit
    return _Place((player.x - width / 2) / unit, top + (hip_y + 0.18) * own, top + (hip_y + 1.62) * own, hips * own)


def _plank(canvas: Canvas, x0: float, x1: float, y: float, wood: Colour, deep: float = 0.20) -> None:
    """A seat seen a little from above: its top, its front edge, the shade below."""
    canvas.fill([(x0 + 0.05, y - deep), (x1 - 0.05, y - deep), (x1, y), (x0, y)], lighter(wood, 0.10))
    canvas.form([(x0, y), (x1, y), (x1, y + _THICK), (x0, y + _THICK)], darker(wood, 0.18), depth=0.08)
    canvas.fill([(x0, y), (x1, y), (x1, y + 0.025), (x0, y + 0.025)], lighter(wood, 0.26))


def _chair(canvas: Canvas, at: _Place) -> None:
    """A plain chair: back legs and back, seat, front legs."""
    half, wood = max(0.96, at.broad + 0.42), WOOD
    top = at.seat - 2.25
    for side in (-1, 1):
        x = at.x + side * half * 0.96
        canvas.form(
            tube([(x, at.sole - 0.12), (x, at.seat), (x + side * 0.05, top)], (0.085, 0.085, 0.075)),
            darker(wood, 0.20),
            depth=0.05,
        )
    for y, thick in ((top + 0.16, 0.15), (top + 0.74, 0.10), (top + 1.26, 0.10)):
        rail = [(at.x - half, y - thick), (at.x + half, y - thick), (at.x + half, y + thick), (at.x - half, y + thick)]
        canvas.form(rail, darker(wood, 0.08), depth=0.06)
    for side in (-1, 1):
        x = at.x + side * (half - 0.06)
        canvas.form(tube([(x, at.seat + 0.1), (x, at.sole)], (0.09, 0.075)), darker(wood, 0.1), depth=0.05)
    _plank(canvas, at.x - half - 0.04, at.x + half + 0.04, at.seat, wood, 0.3)


def _stool(canvas: Canvas, at: _Place) -> None:
    half, wood = at.broad + 0.30, WOOD
    for side in (-1, 1):
        leg = tube([(at.x + side * half * 0.7, at.seat), (at.x + side * half * 1.05, at.sole)], (0.08, 0.07))
        canvas.form(leg, darker(wood, 0.25), depth=0.05)
    rung = at.seat + (at.sole - at.seat) * 0.62
    canvas.fill(tube([(at.x - half * 0.9, rung), (at.x + half * 0.9, rung)], (0.05, 0.05)), darker(wood, 0.35))
    _plank(canvas, at.x - half, at.x + half, at.seat, (150, 60, 52), 0.2)


def _bench(canvas: Canvas, places: Sequence[_Place]) -> None:
    """One bench for all, with a back of two boards."""
    left, right = min(at.x for at in places) - 1.5, max(at.x for at in places) + 1.5
    seat, sole = max(at.seat for at in places), max(at.sole for at in places)
    iron: Colour = (62, 62, 70)
    for x in (left + 0.25, right - 0.25):
        canvas.form(tube([(x, seat - 1.5), (x, sole)], (0.07, 0.09)), iron, depth=0.05)
    for up in (1.36, 0.86):
        board = [
            (left, seat - up - 0.17),
            (right, seat - up - 0.17),
            (right, seat - up + 0.17),
            (left, seat - up + 0.17),
        ]
        canvas.form(board, darker(WOOD, 0.06), depth=0.08)
    _plank(canvas, left, right, seat, WOOD, 0.26)


def _wall(canvas: Canvas, places: Sequence[_Place], half: float) -> None:
    """A wall of dressed stone across the picture."""
    seat, foot = max(at.seat for at in places), max(at.sole for at in places)
    canvas.form([(-half, seat), (half, seat), (half, foot), (-half, foot)], darker(STONE, 0.22), depth=0.5)
    row, long, high = 0, 1.35, 0.40
    y = seat + 0.24
    while y < foot:
        canvas.fill([(-half, y), (half, y), (half, y + 0.022), (-half, y + 0.022)], darker(STONE, 0.52), 0.8)
        x = -half + (row % 2) * long / 2
        while x < half:
            if y + high < foot + 0.2:
                canvas.fill(
                    [(x, y), (x + 0.022, y), (x + 0.022, min(foot, y + high)), (x, min(foot, y + high))],
                    darker(STONE, 0.52),
                    0.8,
                )
            x += long * (0.85 + 0.3 * ((row * 7 + round(x * 3)) % 3) / 2)
        y, row = y + high, row + 1
    _plank(canvas, -half, half, seat, lighter(STONE, 0.06), 0.16)
    canvas.fill([(-half, foot - 0.10), (half, foot - 0.10), (half, foot), (-half, foot)], darker(STONE, 0.72), 0.6)


def _rock(canvas: Canvas, at: _Place) -> None:
    half = at.broad + 0.62
    outline = [
        (at.x - half * 1.25, at.sole),
        (at.x - half * 1.12, at.seat + 0.5),
        (at.x - half * 0.72, at.seat - 0.06),
        (at.x + half * 0.55, at.seat - 0.14),
        (at.x + half * 1.02, at.seat + 0.36),
        (at.x + half * 1.3, at.sole),
    ]
    canvas.form(smooth([outline[0], *outline, outline[-1]], steps=5), darker(STONE, 0.20), depth=0.5, shade=0.4)
    top = [outline[2], outline[3], (at.x + half * 0.70, at.seat + 0.18), (at.x - half * 0.62, at.seat + 0.22)]
    canvas.fill(smooth(top, steps=5), lighter(STONE, 0.10), 0.8)


def _thwart(canvas: Canvas, places: Sequence[_Place], half: float) -> None:
    """The board across an open boat, its shade on the bottom boards."""
    middle = sum(at.x for at in places) / len(places)
    seat = max(at.seat for at in places)
    left, right = middle - half, middle + half
    shade = [(left + 0.3, seat + 0.1), (right - 0.3, seat + 0.1), (right - 0.7, seat + 0.75), (left + 0.7, seat + 0.75)]
    canvas.fill(shade, (10, 8, 18), 0.45)
    _plank(canvas, left, right, seat, (150, 112, 78), 0.30)


def _oars(canvas: Canvas, player: Player, at: _Place, half: float) -> None:
    """Two oars from the hands over the gunwales into the water."""
    body = Body(player.look, 0.0, seated=True)
    joint, wrist = body.shoulder, player.stance.pose.near.wrist
    hand_x, hand_y = joint[0] + (wrist[0] + 0.05) * body.stretch, joint[1] + (wrist[1] + 0.14) * body.stretch
    top = at.seat - body.hips[1] - 0.18
    wood: Colour = (176, 138, 92)
    for side in (-1, 1):
        grip = (at.x + side * (hand_x - 0.22), top + hand_y - 0.03)
        lock = (at.x + side * (half + 0.12), at.seat - 0.30)
        reach = max(2.2, half * 0.75)
        blade = (lock[0] + side * reach, lock[1] + 0.40 + 0.10 * reach)
        start = (blade[0] - side * 1.5, blade[1] - (blade[1] - lock[1]) * 1.5 / reach)
        canvas.form(tube([grip, lock, start], (0.050, 0.075, 0.065)), wood, depth=0.03)
        canvas.form(tube([start, blade], (0.07, 0.24)), darker(wood, 0.08), depth=0.04)
        canvas.form(
            tube([(lock[0], lock[1] - 0.16), (lock[0], lock[1] + 0.25)], (0.07, 0.09)), (52, 50, 54), depth=0.03
        )
