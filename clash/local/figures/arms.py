"""Arms in their sleeves, and hands."""

from __future__ import annotations

import math

from clash.local.figures.body import WIDE_SLEEVES, Body
from clash.local.figures.canvas import Canvas, Colour, Point, Points, darker, mix, moved, smooth, tube
from clash.local.figures.look import trim_of
from clash.local.figures.pose import Arm
from clash.local.figures.props import draw_held

UPPER, FORE = 1.10, 0.98


def draw_arm(canvas: Canvas, body: Body, arm: Arm, side: float, torso: Points, prop: str = "") -> None:
    """One arm: `side` is +1 for the one on the right of the picture. It throws a shadow on `torso`."""
    look = body.look
    long = body.stretch
    joint_x, joint_y = body.shoulder
    shoulder = (side * joint_x, joint_y)
    wrist = (shoulder[0] + side * arm.wrist[0] * long, shoulder[1] + arm.wrist[1] * long)
    elbow, wrist = _elbow(shoulder, wrist, side, long, arm.slack)
    aim = math.atan2(wrist[1] - elbow[1], wrist[0] - elbow[0])
    if arm.aim is not None:
        aim = arm.aim if side > 0 else math.pi - arm.aim
    thick = 0.160 * body.breadth * (1.08 if look.garment in {"coat", "hoodie", "sweater", "jacket", "cloak"} else 1.0)
    cuff = thick * (1.6 if look.garment in WIDE_SLEEVES else 0.78)
    upper = tube([shoulder, elbow], (thick * 1.02, thick * 0.98))
    fore = tube([elbow, wrist], (thick * 0.98, cuff))
    sleeve = [upper, fore]
    canvas.shadow_on(
        torso, [moved(part, -canvas.light * 0.05, 0.05) for part in sleeve], darker(look.cloth, 0.42), 0.55
    )
    if arm.grip != "hidden" and not (prop and arm.grip == "hold"):
        draw_hand(canvas, wrist, aim, side, arm.grip, look.skin, 0.55 + 0.45 * long)
    elif prop:
        draw_hand(canvas, wrist, aim, side, "fist", look.skin, 0.55 + 0.45 * long)
    bare = look.garment in {"dress", "shirt"} and look.age == "child"
    if bare:
        canvas.form(tube([elbow, wrist], (thick * 0.66, thick * 0.52)), look.skin, depth=0.06)
        sleeve = [tube([shoulder, elbow], (thick, thick * 0.98))]
    cloth = look.shirt if look.garment == "apron" else look.cloth
    canvas.form_of(sleeve, cloth, depth=0.09, shade=0.3)
    if not bare and arm.grip != "hidden":
        _cuff(canvas, body, elbow, wrist, cuff, cloth)
    if canvas.fine(80):
        inner = math.atan2((shoulder[1] + wrist[1]) / 2 - elbow[1], (shoulder[0] + wrist[0]) / 2 - elbow[0])
        crease = [_ahead(elbow, inner, thick * 0.95), _ahead(elbow, inner + 0.5, thick * 0.1)]
        canvas.within(fore, tube(crease, (0.013, 0.003)), darker(cloth, 0.38), 0.8)
    if prop and arm.grip == "hold":
        held = _ahead(wrist, aim, 0.17 * (0.55 + 0.45 * long))
        draw_held(canvas, prop, held, long)
        _fingers_round(canvas, held, aim, look.skin, 0.55 + 0.45 * long)


def _elbow(shoulder: Point, wrist: Point, side: float, long: float, slack: float) -> tuple[Point, Point]:
    """The elbow of an arm whose wrist is to be at `wrist`, and the wrist where the arm can reach.

    An arm that comes towards us is seen shorter: no longer than `slack` times the way from shoulder to wrist. Of
    the two elbows that are possible, the lower and the outer is the natural one.
    """
    dx, dy = wrist[0] - shoulder[0], wrist[1] - shoulder[1]
    reach = max(math.hypot(dx, dy), 1e-6)
    seen = min(1.0, max(0.5, slack * reach / ((UPPER + FORE) * long)))
    upper, fore = UPPER * long * seen, FORE * long * seen
    most = (upper + fore) * 0.995
    if reach > most:
        dx, dy, reach = dx * most / reach, dy * most / reach, most
    near = max(reach, abs(upper - fore) + 0.02)
    bend = math.acos(max(-1.0, min(1.0, (upper**2 + near**2 - fore**2) / (2 * upper * near))))
    toward = math.atan2(dy, dx)
    both = [
        (shoulder[0] + upper * math.cos(toward + way * bend), shoulder[1] + upper * math.sin(toward + way * bend))
        for way in (-1, 1)
    ]
    elbow = max(both, key=lambda at: at[1] + 0.5 * side * at[0])
    return elbow, (shoulder[0] + dx, shoulder[1] + dy)


def _ahead(point: Point, angle: float, distance: float) -> Point:
    return point[0] + distance * math.cos(angle), point[1] + distance * math.sin(angle)


def _cuff(canvas: Canvas, body: Body, elbow: Point, wrist: Point, radius: float, cloth: Colour) -> None:
    angle = math.atan2(wrist[1] - elbow[1], wrist[0] - elbow[0])
    start, end = _ahead(wrist, angle, -0.05), _ahead(wrist, angle, radius * 0.55)
    across = angle + math.pi / 2
    corners = [
        _ahead(start, across, radius * 1.08),
        _ahead(end, across, radius * 1.02),
        _ahead(end, across, -radius * 1.02),
        _ahead(start, across, -radius * 1.08),
    ]
    colour = (
        trim_of(cloth) if body.look.garment in {"coat", "uniform", "robe", "hoodie", "sweater"} else darker(cloth, 0.16)
    )
    canvas.form(corners, colour, depth=0.08)


def draw_hand(canvas: Canvas, wrist: Point, aim: float, side: float, grip: str, skin: Colour, size: float) -> None:
    """A hand at `wrist` that points along `aim`; its thumb is on the body's side."""
    tone = mix(skin, (206, 104, 84), 0.06)
    thumb = side if math.sin(aim) > 0.35 else -side

    def put(points: Points) -> Points:
        cos, sin = math.cos(aim), math.sin(aim)
        return [
            (wrist[0] + size * (x * cos - y * thumb * sin), wrist[1] + size * (x * sin + y * thumb * cos))
            for x, y in points
        ]

    palm = put(
        smooth(
            [(-0.05, -0.075), (0.10, -0.105), (0.24, -0.105), (0.27, 0.0), (0.24, 0.105), (0.10, 0.10), (-0.05, 0.075)]
        )
    )
    line = darker(mix(skin, (170, 70, 60), 0.3), 0.18)
    if grip == "fist":
        fist = put(
            smooth(
                [(-0.03, -0.08), (0.10, -0.13), (0.25, -0.115), (0.29, 0.0), (0.24, 0.12), (0.08, 0.115), (-0.03, 0.08)]
            )
        )
        canvas.form(fist, tone, depth=0.05, shade=0.2)
        if canvas.fine(80):
            for y in (-0.055, 0.0, 0.055):
                canvas.within(fist, put(tube([(0.16, y), (0.27, y)], (0.004, 0.009))), line)
        canvas.fill(put(tube([(0.05, 0.10), (0.17, 0.065)], (0.045, 0.04))), darker(tone, 0.07))
        return
    canvas.form(palm, tone, depth=0.05, shade=0.2)
    if grip == "point":
        canvas.form(put(tube([(0.20, 0.055), (0.36, 0.05), (0.50, 0.04)], (0.042, 0.040, 0.030))), tone, depth=0.02)
        for y in (-0.07, -0.02):
            canvas.fill(put(tube([(0.22, y), (0.29, y + 0.015)], (0.044, 0.040))), darker(tone, 0.08))
        canvas.fill(put(tube([(0.08, 0.085), (0.21, 0.085)], (0.042, 0.034))), darker(tone, 0.1))
        return
    spread = 0.16 if grip == "open" else 0.04
    length = 0.24 if grip == "open" else 0.20
    for index, y in enumerate((-0.082, -0.028, 0.028, 0.080)):
        reach = length * (0.82, 0.97, 1.0, 0.9)[index]
        bend = (y / 0.08) * spread
        tip = (0.22 + reach * math.cos(bend), y + reach * math.sin(bend))
        canvas.fill(
            put(tube([(0.20, y), ((0.21 + tip[0]) / 2, (y + tip[1]) / 2), tip], (0.034, 0.032, 0.024))),
            tone if index % 2 else mix(tone, line, 0.10),
        )
    splay = (0.24, 0.20) if grip == "open" else (0.22, 0.125)
    canvas.fill(put(tube([(0.02, 0.07), (0.11, 0.13 if grip == "open" else 0.11), splay], (0.050, 0.042, 0.028))), tone)
    if canvas.fine(110) and grip != "open":
        for y in (-0.055, 0.0, 0.054):
            canvas.fill(put(tube([(0.22, y), (0.38, y * 1.1)], (0.003, 0.005))), line, 0.6)


def _fingers_round(canvas: Canvas, at: Point, aim: float, skin: Colour, size: float) -> None:
    """Four fingers in front of what is held."""
    tone = mix(skin, (206, 104, 84), 0.06)
    across = aim + math.pi / 2
    for index in range(4):
        centre = _ahead(at, across, (index - 1.5) * 0.062 * size)
        start, end = _ahead(centre, aim, -0.05 * size), _ahead(centre, aim, 0.075 * size)
        canvas.fill(tube([start, end], (0.034 * size, 0.032 * size)), tone if index % 2 else darker(tone, 0.07))
