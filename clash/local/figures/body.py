"""Bodies: proportions, torso in its garment, neck, legs and shoes."""

from __future__ import annotations

import math
from dataclasses import dataclass

from clash.local.figures.canvas import Canvas, Colour, Point, Points, darker, mirrored, mix, smooth, tube
from clash.local.figures.look import Look

# How far below the chin a garment ends, in heads of an adult.
HEMS: dict[str, float] = {
    "shirt": 2.42,
    "sweater": 2.38,
    "hoodie": 2.5,
    "jacket": 2.36,
    "suit": 2.62,
    "coat": 3.85,
    "uniform": 2.55,
    "dress": 4.05,
    "robe": 5.12,
    "apron": 2.42,
    "cloak": 2.42,
    "plate": 2.5,
}
WIDE_SLEEVES = ("robe",)


@dataclass(frozen=True)
class Body:
    """The proportions of one body, in heads about the middle of its head."""

    look: Look
    turn: float
    seated: bool = False

    @property
    def hem(self) -> float:
        """How far below the chin the upper garment is seen whole: somebody who sits has its skirt over the lap."""
        hem = HEMS[self.look.garment]
        return min(hem, 2.62) if self.seated else hem

    @property
    def stretch(self) -> float:
        """The length below the chin, as a share of an adult's."""
        if self.look.age == "child":
            return 0.66
        return {"old": 0.93, "young": 0.98}.get(self.look.age, 1.0)

    @property
    def breadth(self) -> float:
        """The breadth, as a share of an average adult's."""
        wide = {"slim": 0.94, "medium": 1.0, "broad": 1.08}[self.look.build]
        if self.look.age == "child":
            return 0.70 * (0.5 + 0.5 * wide)
        return wide * (0.92 if self.look.gender == "woman" else 1.06)

    def y(self, below: float) -> float:
        """The height of what is `below` heads under an adult's chin."""
        return 0.47 + below * self.stretch

    @property
    def sole(self) -> float:
        """Where the feet stand."""
        return self.y(5.6)

    @property
    def shoulder(self) -> tuple[float, float]:
        """The right shoulder's joint."""
        return 0.645 * self.breadth, self.y(0.41)

    @property
    def middle(self) -> float:
        """How far the front of the body is turned from the middle."""
        return 0.16 * math.sin(self.turn) * self.breadth

    @property
    def hips(self) -> tuple[float, float]:
        """Half the width and the height of the hips."""
        return (0.58 if self.look.gender == "woman" else 0.54) * self.breadth, self.y(2.45)

    @property
    def bare(self) -> Colour:
        """The skin below the chin, a little in shade."""
        return darker(mix(self.look.skin, (190, 90, 70), 0.12), 0.10)

    def torso(self) -> Points:
        """The outline of the upper garment from the neck to its hem."""
        b, look = self.breadth, self.look
        hem = self.hem
        waist = 0.47 if look.gender == "woman" and look.age != "child" else 0.56
        if look.build == "broad":
            waist += 0.10
        hips, _ = self.hips
        half: list[tuple[float, float]] = [
            (0.16 * b, 0.06),
            (0.30 * b, 0.145),
            (0.60 * b, 0.235),
            (0.79 * b, 0.40),
            (0.78 * b, 0.80),
            (0.66 * b, 1.15),
        ]
        if self.seated:
            half += [((waist + 0.04) * b, 1.75), (hips + 0.06, 2.36), (hips + 0.10, hem)]
        elif look.garment == "dress":
            half += [
                (waist * b, 1.70),
                (waist * b + 0.02, 1.78),
                (hips + 0.10, 2.4),
                (hips + 0.32, 3.3),
                (hips + 0.44, hem),
            ]
        elif look.garment == "robe":
            half += [((waist + 0.05) * b, 1.75), (hips + 0.04, 2.5), (hips + 0.16, 3.9), (hips + 0.24, hem)]
        elif look.garment == "coat":
            half += [((waist + 0.05) * b, 1.70), (hips + 0.07, 2.45), (hips + 0.18, 3.3), (hips + 0.22, hem)]
        else:
            loose = 0.07 if look.garment in {"hoodie", "sweater", "jacket"} else 0.03
            half += [((waist + loose) * b, 1.75), (hips + 0.03, hem - 0.25), (hips + 0.02, hem)]
        right = [(x, self.y(d)) for x, d in half]
        bottom = right[-1]
        ring = [*right, bottom, (self.middle, bottom[1] + 0.05 * self.stretch), *mirrored([bottom]), *mirrored(right)]
        return smooth(ring, steps=6)

    def neck(self) -> Points:
        """The neck, from under the jaw to the collarbones."""
        w = (0.165 if self.look.gender == "woman" else 0.20) * (0.85 if self.look.age == "child" else 1.0)
        lean = 0.05 * math.sin(self.turn)
        low = self.y(0.24)
        return smooth(
            [
                (-w + lean, 0.22),
                (w + lean, 0.22),
                (w, self.y(0.12)),
                (w + 0.13, low - 0.05),
                (0.0, low + 0.14),
                (-w - 0.13, low - 0.05),
                (-w, self.y(0.12)),
            ]
        )


def draw_neck(canvas: Canvas, body: Body) -> None:
    """The neck under the head's shadow."""
    neck = body.neck()
    canvas.form(neck, body.bare, depth=0.10, shade=0.2)
    draw_chin_shadow(canvas, body, neck)


def draw_chin_shadow(canvas: Canvas, body: Body, region: Points) -> None:
    """The shadow that the head throws on what is bare below it."""
    shadow = [(-0.5, 0.0), (0.5, 0.0), (0.30, 0.53), (0.04 + 0.1 * body.turn, 0.62), (-0.30, 0.53)]
    canvas.within(region, smooth(shadow), darker(body.look.skin, 0.36), 0.6)


def draw_legs(canvas: Canvas, body: Body, stance: str, way: float) -> None:
    """Legs and shoes. `way` is +1 for a figure that looks to the right."""
    bare = body.look.garment == "dress"
    cloth = mix(body.look.skin, (120, 60, 50), 0.08) if bare else body.look.trousers
    hip_x, hip_y = 0.27 * body.breadth, body.y(2.55)
    long = body.stretch
    if stance == "walking":
        feet = [((-0.62 * long * way), body.sole - 0.16 * long, -0.12), ((0.52 * long * way), body.sole - 0.02, 0.06)]
    elif stance == "running":
        feet = [((-0.95 * long * way), body.sole - 0.75 * long, -0.25), ((0.50 * long * way), body.sole - 0.03, 0.30)]
    elif stance == "sitting":
        _sitting_legs(canvas, body, way, cloth)
        return
    else:
        feet = [(-0.30 * body.breadth, body.sole - 0.02, -0.03), (0.30 * body.breadth, body.sole, 0.03)]
    order = zip((-way, way) if stance in {"walking", "running"} else (-1.0, 1.0), feet, strict=True)
    for side, (x, y, bow) in order:
        start = (side * hip_x * (0.6 if stance in {"walking", "running"} else 1.0), hip_y)
        ankle = (x, y - 0.20 * long)
        knee = (
            (start[0] + ankle[0]) / 2 + bow + (0.10 * way if stance != "standing" else 0.0),
            (start[1] + ankle[1]) / 2 + (0.0 if stance != "running" else -0.1),
        )
        width = 0.26 * body.breadth if not bare else 0.175 * body.breadth
        leg = tube([start, knee, ankle], (width, width * 0.74, width * (0.60 if not bare else 0.46)))
        back = stance in {"walking", "running"} and side == -way
        canvas.form(leg, darker(cloth, 0.24 if back else 0.0), depth=0.13, shade=0.26)
        _shoe(canvas, body, x, y, way if stance != "standing" else (0.55 * side + 0.25 * way), back=back)


def _sitting_legs(canvas: Canvas, body: Body, way: float, cloth: Colour) -> None:
    """Thighs aside to where the figure looks, shins down, and the skirt of a long garment over the lap."""
    long, b, hip_y = body.stretch, body.breadth, body.hips[1]
    sole = hip_y + 1.62 * long
    skirt = body.look.garment in _SKIRTS
    for side, out, back in ((way, 0.86, True), (-way, 0.42, False)):
        knee = (way * out * (0.45 + 0.55 * b), hip_y + 0.22 * long)
        foot = (knee[0] + way * 0.03, sole - 0.16)
        tone = darker(cloth, 0.26 if back else 0.06)
        shin = tube([knee, ((knee[0] + foot[0]) / 2, (knee[1] + foot[1]) / 2), foot], (0.23 * b, 0.18 * b, 0.13 * b))
        canvas.form(shin, darker(tone, 0.10), depth=0.12)
        _shoe(canvas, body, foot[0], sole, way, back=back)
        thigh = tube([(side * 0.24 * b, hip_y - 0.04), knee], (0.29 * b, 0.245 * b))
        canvas.form(thigh, darker(body.look.cloth, 0.24 if back else 0.0) if skirt else tone, depth=0.14, shade=0.2)
        if skirt:
            _skirt(canvas, body, (side * 0.24 * b, hip_y), knee, back=back)


_SKIRTS: dict[str, float] = {"coat": 0.34, "dress": 0.66, "robe": 1.05, "apron": 0.40}
"""How far below the knees (heads of an adult) a garment falls when its wearer sits."""


def _skirt(canvas: Canvas, body: Body, hip: Point, knee: Point, *, back: bool) -> None:
    """The cloth over one thigh: bright above, its fall from the knee in shade."""
    look, wide = body.look, 0.25 * body.breadth + 0.03
    fall, way = _SKIRTS[look.garment] * body.stretch, 1.0 if knee[0] >= hip[0] else -1.0
    low = knee[1] + wide * 0.6 + fall
    front = [
        (knee[0] + way * wide, knee[1]),
        (knee[0] + way * wide * 0.92, low),
        (knee[0] - way * wide * 1.1, low + 0.04),
        (hip[0] - way * 0.10, knee[1] + wide * 0.9),
        (hip[0], knee[1]),
    ]
    canvas.form(front, darker(look.cloth, 0.40 if back else 0.24), depth=0.08)
    over = tube([hip, knee], (wide * 1.12, wide))
    canvas.form(over, darker(look.cloth, 0.22 if back else 0.0), depth=0.16, shade=0.24)


def sitting_sole(body: Body) -> float:
    """Where the feet of a sitting figure stand."""
    return body.hips[1] + 1.62 * body.stretch


def _shoe(canvas: Canvas, body: Body, x: float, y: float, way: float, *, back: bool) -> None:
    size = 1.05 * (0.55 + 0.45 * body.stretch)
    toe = 0.42 * way * size
    colour = darker(body.look.shoes, 0.2 if back else 0.0)
    heel = -0.16 * size if way >= 0 else 0.16 * size
    heel = heel if abs(way) > 0.5 else -0.17 * size
    toe = toe if abs(way) > 0.5 else 0.17 * size + 0.1 * toe
    shape = [
        (x + heel, y),
        (x + heel, y),
        (x + heel * 1.02, y - 0.24 * size),
        (x - heel * 0.8, y - 0.24 * size),
        (x + toe * 0.72, y - 0.15 * size),
        (x + toe, y - 0.03),
        (x + toe * 0.98, y),
        (x + toe * 0.98, y),
    ]
    canvas.form(smooth(shape, steps=5), colour, depth=0.06)
