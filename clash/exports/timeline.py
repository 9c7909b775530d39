"""The timeline of a film as every format is written from it: exact frame rates, whole frames, relative media paths."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

START_HOUR = 1
"""Timelines begin at 01:00:00:00, as editors are used to."""


@dataclass(frozen=True)
class Rate:
    """A frame rate, exact. 23.976 is `Rate(Fraction(24000, 1001))`.

    >>> Rate(Fraction(24000, 1001)).base, Rate(Fraction(24000, 1001)).is_ntsc, Rate(Fraction(25)).is_ntsc
    (24, True, False)
    """

    exact: Fraction

    @property
    def base(self) -> int:
        """How many frames a second of timecode has."""
        return math.ceil(self.exact)

    @property
    def is_ntsc(self) -> bool:
        """Whether the rate is 1000/1001 of a whole number."""
        return self.exact.denominator == 1001

    @property
    def start(self) -> int:
        """The frame number of 01:00:00:00."""
        return START_HOUR * 3600 * self.base

    def seconds(self, frames: int) -> Fraction:
        """Return how long a number of frames lasts."""
        return frames / self.exact

    def frames(self, seconds: float | Fraction) -> int:
        """Return the nearest number of frames."""
        return math.floor(Fraction(seconds) * self.exact + Fraction(1, 2))

    def whole_frames(self, seconds: float | Fraction) -> int:
        """Return the number of frames that fit. A thousandth of a frame is forgiven, for lengths that were rounded."""
        return math.floor(Fraction(seconds) * self.exact + Fraction(1, 1000))

    def timecode(self, frame: int) -> str:
        """Return the timecode of a frame number, without dropped frames.

        >>> Rate(Fraction(25)).timecode(90_012)
        '01:00:00:12'
        """
        seconds, frames = divmod(frame, self.base)
        minutes, second = divmod(seconds, 60)
        hour, minute = divmod(minutes, 60)
        return f"{hour:02d}:{minute:02d}:{second:02d}:{frames:02d}"


def rate_of(fps: float | Fraction) -> Rate:
    """Return the exact rate of a number of frames per second: 23.976 and 29.97 are those of NTSC.

    >>> rate_of(29.97).exact, rate_of(24).exact
    (Fraction(30000, 1001), Fraction(24, 1))
    """
    nearest = round(fps)
    ntsc = Fraction(nearest * 1000, 1001)
    if fps != nearest and abs(float(fps) - float(ntsc)) < 0.005:
        return Rate(ntsc)
    return Rate(Fraction(fps).limit_denominator(1001))


@dataclass(frozen=True)
class Media:
    """A file of the export. `path` is relative to the export's folder, with slashes.

    `seconds` is how long it lasts. Size and rate are those of its picture; a file of sound has none.
    """

    path: str
    seconds: Fraction
    width: int = 0
    height: int = 0
    rate: Rate | None = None
    channels: int = 0
    """Channels of sound; 0 for none."""

    @property
    def name(self) -> str:
        """The file's name: `SH006_T2.mp4`."""
        return self.path.rpartition("/")[2]

    @property
    def stem(self) -> str:
        """The file's name without its ending: `SH006_T2`."""
        return self.name.rpartition(".")[0] or self.name


@dataclass(frozen=True)
class Take:
    """A take of a shot, by its number."""

    number: int
    media: Media


@dataclass(frozen=True)
class Shot:
    """A shot on the timeline: `frames` from `start` on, counted from the film's first frame.

    `takes` are all that are exported, the selected one first; none for a shot that is not made yet. `shown` is how many
    frames the selected take has for it: a file may be a frame or two too short, and the rest is a gap.
    """

    name: str
    start: int
    frames: int
    shown: int
    takes: tuple[Take, ...]
    action: str = ""
    notes: tuple[str, ...] = ()
    scene: str = ""
    label: str = ""
    """What stands behind its name: the label of the story's table, ` (3A)`."""

    @property
    def labelled(self) -> str:
        """Its name with the label of the story's table: `SH003 (3A)`."""
        return f"{self.name}{self.label}"

    @property
    def selected(self) -> Take | None:
        """The take that is in the film."""
        return self.takes[0] if self.takes else None

    @property
    def note(self) -> str:
        """What its marker says: the action, and then each note on a line."""
        return "\n".join(text for text in (self.action, *self.notes) if text)


@dataclass(frozen=True)
class Sound:
    """A sound on the timeline: `frames` of a file, from its beginning, heard from `start` on."""

    media: Media
    start: int
    frames: int
    seconds: Fraction
    """The exact time at which it is heard, from the film's first frame on."""
    speaker: str = ""
    text: str = ""
    gain_db: float = 0.0
    """How much louder than its file it is in the film."""


@dataclass(frozen=True)
class Track:
    """Sounds that follow each other: dialogue, music or effects."""

    name: str
    sounds: tuple[Sound, ...]


@dataclass(frozen=True)
class Timeline:
    """A film as an editor opens it."""

    name: str
    title: str
    language: str
    rate: Rate
    width: int
    height: int
    shots: tuple[Shot, ...]
    tracks: tuple[Track, ...]

    @property
    def frames(self) -> int:
        """The length of the picture."""
        return sum(shot.frames for shot in self.shots)

    @property
    def media(self) -> tuple[Media, ...]:
        """Every file that is used, once."""
        pictures = (take.media for shot in self.shots for take in shot.takes)
        sounds = (sound.media for track in self.tracks for sound in track.sounds)
        return tuple({media.path: media for media in (*pictures, *sounds)}.values())
