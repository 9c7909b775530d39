"""Colours of a place by time of day and weather.

A painter names the colour a thing has in plain daylight; `Palette.tone` says how it looks now and from afar.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

from clash.story.screenplay import TimeOfDay, Weather

RGB = tuple[int, int, int]

BLACK: RGB = (0, 0, 0)
WHITE: RGB = (255, 255, 255)
LAMP: RGB = (255, 206, 120)
"""The warm light of lamps and lit windows."""


def rgb(code: str) -> RGB:
    """The colour of a code such as `#2b1b4a`."""
    return int(code[1:3], 16), int(code[3:5], 16), int(code[5:7], 16)


def mix(a: RGB, b: RGB, share: float) -> RGB:
    """From `a` (share 0) to `b` (share 1)."""
    t = min(1.0, max(0.0, share))
    return round(a[0] + (b[0] - a[0]) * t), round(a[1] + (b[1] - a[1]) * t), round(a[2] + (b[2] - a[2]) * t)


def scaled(a: RGB, factors: tuple[float, float, float]) -> RGB:
    """The colour under a coloured light: each channel times its factor, within 0..255."""
    r, g, b = (min(255, max(0, round(v * f))) for v, f in zip(a, factors, strict=True))
    return r, g, b


GRASS = rgb("#5f8a54")
EARTH = rgb("#b79b72")
OAK, WALNUT = rgb("#a57a52"), rgb("#6b4a35")
AWNINGS = tuple(rgb(code) for code in ("#b8453c", "#2f7f78", "#d29a3a", "#3f5f9a", "#7c4a86"))


def lighter(a: RGB, share: float) -> RGB:
    """Towards white."""
    return mix(a, WHITE, share)


def darker(a: RGB, share: float) -> RGB:
    """Towards black."""
    return mix(a, BLACK, share)


def grey(a: RGB, share: float) -> RGB:
    """Towards the grey of the same brightness."""
    value = round(0.30 * a[0] + 0.59 * a[1] + 0.11 * a[2])
    return mix(a, (value, value, value), share)


@dataclass(frozen=True)
class Palette:
    """The light of one time and weather. Shares and strengths run from 0 to 1."""

    time: TimeOfDay
    weather: Weather
    sky: tuple[RGB, ...]
    """From the zenith to the horizon."""
    haze: RGB
    """What far things fade into."""
    sun: RGB
    """The disc of sun or moon."""
    key: RGB
    """The light on the bright side of figures and things."""
    ambient: RGB
    """The light in their shadows."""
    ink: RGB
    """The darkest silhouettes."""
    tint: tuple[float, float, float]
    """What daylight colours are multiplied with."""
    sunlight: float
    """How strongly sun or moon shows."""
    lamps: float
    """How many lamps and windows are lit."""
    density: float
    """How much haze lies between near and far."""

    @property
    def wet(self) -> bool:
        """Streets mirror the lights."""
        return self.weather in ("rain", "storm")

    @property
    def snowy(self) -> bool:
        """Roofs and ground are white."""
        return self.weather == "snow"

    def tone(self, local: RGB, depth: float = 0.0, light: float = 1.0) -> RGB:
        """How a thing of colour `local` looks, `depth` away (0 here, 1 the horizon), lit by `light` (0..1.3)."""
        r, g, b = self.tint
        lit = scaled(local, (r * light, g * light, b * light))
        lit = mix(lit, self.ink, 0.12 * max(0.0, 1.0 - light))
        return mix(lit, self.haze, 1.0 - (1.0 - min(1.0, depth)) ** (0.6 + 1.8 * self.density))

    def ground(self, local: RGB, depth: float = 0.0, light: float = 1.0) -> RGB:
        """As `tone`, for what snow would lie on."""
        if not self.snowy:
            return self.tone(local, depth, light)
        gleam = 1.5 if self.time == "night" else 1.0  # snow is the brightest thing of a night
        return self.tone(mix(local, (236, 240, 248), 0.82), depth * 0.8, light * gleam)


_CLEAR: dict[TimeOfDay, Palette] = {
    "dawn": Palette(
        "dawn",
        "clear",
        sky=(rgb("#3a4d86"), rgb("#8f83b4"), rgb("#eeaaa6"), rgb("#ffdcae")),
        haze=rgb("#e6b3a8"),
        sun=rgb("#fff0cc"),
        key=rgb("#ffd0a0"),
        ambient=rgb("#8f86b4"),
        ink=rgb("#2c2648"),
        tint=(0.80, 0.68, 0.76),
        sunlight=0.85,
        lamps=0.30,
        density=0.50,
    ),
    "day": Palette(
        "day",
        "clear",
        sky=(rgb("#2c78bf"), rgb("#62abdf"), rgb("#a9d8ee"), rgb("#e6f3ec")),
        haze=rgb("#bfdce8"),
        sun=rgb("#fffae2"),
        key=rgb("#fff0cf"),
        ambient=rgb("#a5c4dc"),
        ink=rgb("#1f3a4a"),
        tint=(1.0, 1.0, 1.0),
        sunlight=0.8,
        lamps=0.0,
        density=0.35,
    ),
    "dusk": Palette(
        "dusk",
        "clear",
        sky=(rgb("#2a1c4d"), rgb("#7b3769"), rgb("#dc6a5f"), rgb("#ffb569")),
        haze=rgb("#c2646a"),
        sun=rgb("#ffe3a3"),
        key=rgb("#ffb374"),
        ambient=rgb("#6a4b84"),
        ink=rgb("#1d1333"),
        tint=(0.74, 0.50, 0.58),
        sunlight=1.0,
        lamps=0.75,
        density=0.45,
    ),
    "night": Palette(
        "night",
        "clear",
        sky=(rgb("#070d24"), rgb("#101f47"), rgb("#1f3868"), rgb("#456292")),
        haze=rgb("#2b4575"),
        sun=rgb("#f6efd6"),
        key=rgb("#a9c2ec"),
        ambient=rgb("#2c3f70"),
        ink=rgb("#060a1c"),
        tint=(0.22, 0.28, 0.44),
        sunlight=0.75,
        lamps=1.0,
        density=0.45,
    ),
}


@dataclass(frozen=True)
class _Change:
    """What a weather does: sky towards grey, then towards `veil`, times `dim`."""

    veil: RGB
    greyed: float
    veiled: float
    dim: float
    sunlight: float
    lamps: float
    density: float


_CHANGES: dict[Weather, _Change] = {
    "cloud": _Change(rgb("#b8c0c8"), 0.50, 0.16, 0.92, 0.30, 0.10, 0.10),
    "rain": _Change(rgb("#6f8492"), 0.60, 0.34, 0.74, 0.0, 0.35, 0.25),
    "storm": _Change(rgb("#33474f"), 0.60, 0.42, 0.55, 0.0, 0.55, 0.25),
    "snow": _Change(rgb("#dfe6ee"), 0.60, 0.42, 0.94, 0.0, 0.25, 0.22),
    "fog": _Change(rgb("#c9d0d2"), 0.50, 0.36, 0.92, 0.12, 0.30, 0.62),
}


@cache
def palette_of(time: TimeOfDay, weather: Weather) -> Palette:
    """The palette of a time and a weather."""
    clear = _CLEAR[time]
    change = _CHANGES.get(weather)
    if change is None:
        return clear
    brightness = max(clear.tint)
    glow = 0.17 if time == "night" else 0.07  # clouds at night give back the lights below
    r, g, b = clear.tint
    veil = scaled(change.veil, (r * 0.9 + glow, g * 0.9 + glow * 1.1, b * 0.9 + glow * 1.2))
    dim = change.dim if time != "night" else 1.0 - (1.0 - change.dim) * 0.3

    def under(colour: RGB, more: float = 0.0) -> RGB:
        veiled = mix(grey(colour, change.greyed), veil, min(1.0, change.veiled + more))
        return scaled(veiled, (dim, dim, dim))

    flat = 0.3 if weather == "fog" else 0.0
    grey_tint = sum(clear.tint) / 3
    tint = tuple((t + (grey_tint - t) * change.greyed * 0.7) * (0.25 + 0.75 * dim) for t in clear.tint)
    return replace(
        clear,
        weather=weather,
        sky=tuple(under(stop, flat) for stop in clear.sky),
        haze=under(clear.haze, 0.25),
        key=mix(grey(clear.key, change.greyed * 0.8), veil, 0.15),
        ambient=under(clear.ambient, 0.1),
        ink=mix(clear.ink, veil, 0.10 if brightness > 0.5 else 0.04),
        tint=(tint[0], tint[1], tint[2]),
        sunlight=clear.sunlight * change.sunlight,
        lamps=min(1.0, clear.lamps + change.lamps),
        density=min(1.0, clear.density + change.density),
    )


_INDOORS: dict[TimeOfDay, tuple[float, float, float]] = {
    "dawn": (0.80, 0.70, 0.70),
    "day": (0.98, 0.95, 0.90),
    "dusk": (0.82, 0.58, 0.48),
    "night": (0.60, 0.45, 0.37),
}


def indoors(outside: Palette, *, cool: bool = False) -> Palette:
    """The light within walls while it is `outside` out there; `cool` rooms have white lamps instead of warm ones."""
    daylight = {"dawn": 0.45, "day": 0.55, "dusk": 0.35, "night": 0.10}[outside.time]
    dim = 1.0 - daylight * (1.0 - max(outside.tint) / max(_CLEAR[outside.time].tint))
    r, g, b = _INDOORS[outside.time]
    if cool:
        even = (r + g + b) / 3
        even = even if outside.time == "day" else even * 0.8 + 0.12
        r, g, b = even * 0.92, even * 1.02, even * 1.08
    lit = 1.0 if outside.time == "day" else 0.4 + 0.6 * outside.lamps
    lamp: RGB = (214, 232, 240) if cool else LAMP
    return replace(
        outside,
        haze=scaled((206, 196, 180), (r * dim, g * dim, b * dim)),
        key=mix(outside.key, lamp, 0.75 * lit if outside.time != "day" else 0.1),
        ambient=mix(scaled((150, 132, 120), (r * dim, g * dim, b * dim)), outside.ambient, 0.35),
        ink=rgb("#101a22") if cool else rgb("#1b120f"),
        tint=(r * dim, g * dim, b * dim),
        lamps=max(outside.lamps, 0.12),
        density=0.2,
    )
