"""What a model can make, as data: sizes, shapes, durations, references, voices; and what of it fits a request."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict, Field, field_validator

from clash.config import Kind
from clash.errors import UsageError
from clash.providers.ports import ImageRequest, SpeechRequest, VideoRequest

STEP = 16
"""Sides of free pictures are multiples of this."""
_MOST_SECONDS = 3600
_SIZE = re.compile(r"[1-9][0-9]{0,4}x[1-9][0-9]{0,4}")
_SHAPE = re.compile(r"([0-9]{1,4}(?:\.[0-9]{1,4})?):([0-9]{1,4}(?:\.[0-9]{1,4})?)")
_FEMALE = re.compile(r"\b(woman|girl|female|lady|mother|grandmother|aunt|sister|she|her)\b|[女母姐妹]|奶奶")
_MALE = re.compile(r"\b(man|boy|male|father|grandfather|uncle|brother|he|his)\b|[男父哥弟]|爷爷")


class ModelData(BaseModel):
    """Read from TOML: frozen, and no key that is not known."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def checked_seconds(lengths: Iterable[int]) -> None:
    """Raise `ValueError` where these are no lengths of clips: none at all, or one below a second."""
    lengths = tuple(lengths)
    if not lengths:
        raise ValueError("is empty: leave it out, or name whole seconds: [4, 8]")
    for seconds in lengths:
        if not 1 <= seconds <= _MOST_SECONDS:
            raise ValueError(f"{seconds} is not a length in whole seconds, from 1 to {_MOST_SECONDS}")


class Voices(ModelData):
    """The voices of a speech model for one language, and the endpoint that has them ("" for the model's own)."""

    endpoint: str = ""
    narrator: str
    female: tuple[str, ...] = Field(min_length=1)
    male: tuple[str, ...] = Field(min_length=1)

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of all voices, the narrator's first."""
        return tuple(dict.fromkeys((self.narrator, *self.female, *self.male)))

    def voice(self, request: SpeechRequest) -> str:
        """A voice for the speaker, always the same one.

        A voice that is named by its id is that one; else what the prose says of the voice decides between the two.
        """
        if request.voice in self.ids:
            return request.voice
        if request.speaker == "narrator":
            return self.narrator
        prose = request.voice.lower()
        digest = hashlib.sha256(request.speaker.encode()).digest()
        if _FEMALE.search(prose):
            chosen = self.female
        elif _MALE.search(prose):
            chosen = self.male
        else:
            chosen = self.female + self.male
        return chosen[int.from_bytes(digest[:4], "big") % len(chosen)]


class ModelLimits(ModelData):
    """One model and what it can make. `free`: its calls cost nothing.

    `duration_suffix` stands behind the seconds where a model wants `8s`; `duration_as_text` is for `"8"`.
    """

    provider: str
    id: str
    kind: Kind
    summary: str = ""
    free: bool = False
    most_references: int = Field(default=0, ge=0)
    most_prompt_characters: int = Field(default=20_000, ge=100)
    sizes: tuple[str, ...] = ()
    aspect_ratios: tuple[str, ...] = ()
    most_pixels: int | None = Field(default=None, ge=STEP * STEP)
    resolutions: dict[str, int] = Field(default_factory=dict)
    durations_s: tuple[int, ...] = ()
    duration_range_s: tuple[int, int] | None = None
    duration_as_text: bool = False
    duration_suffix: str = ""
    languages: dict[str, Voices] = Field(default_factory=dict)

    @field_validator("id")
    @classmethod
    def _is_named(cls, value: str) -> str:
        if not value.strip():
            raise ValueError("must not be empty")
        return value

    @field_validator("sizes")
    @classmethod
    def _are_sizes(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for size in value:
            if not _SIZE.fullmatch(size):
                raise ValueError(f"{size!r} is not a width and a height in pixels: `1280x720`")
        return value

    @field_validator("aspect_ratios")
    @classmethod
    def _are_shapes(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for shape in value:
            sides = _SHAPE.fullmatch(shape)
            if sides is None or not all(float(side) for side in sides.groups()):
                raise ValueError(f"{shape!r} is not a width and a height, both more than 0: `16:9`")
        return value

    @field_validator("resolutions")
    @classmethod
    def _have_lines(cls, value: dict[str, int]) -> dict[str, int]:
        for name, lines in value.items():
            if lines < 1:
                raise ValueError(f'{name!r} is {lines} lines high; it must be at least 1: {{ "1080p" = 1080 }}')
        return value

    @field_validator("durations_s")
    @classmethod
    def _are_lengths(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        checked_seconds(value)
        return value

    @field_validator("duration_range_s")
    @classmethod
    def _is_a_range(cls, value: tuple[int, int] | None) -> tuple[int, int] | None:
        if value is not None:
            checked_seconds(value)
            if value[0] > value[1]:
                raise ValueError(f"the shortest comes first: [{value[1]}, {value[0]}]")
        return value

    @property
    def spec(self) -> str:
        """`provider:id`, as `--image-model` takes it."""
        return f"{self.provider}:{self.id}"

    def size(self, request: ImageRequest) -> tuple[int, int]:
        """The picture's size that the model can make and is nearest to what is asked: first in shape, then in area."""
        if self.sizes:
            return min((_sides(size) for size in self.sizes), key=lambda size: _distance(size, request))
        width, height = request.width, request.height
        scale = min(1.0, math.sqrt(self.most_pixels / (width * height))) if self.most_pixels else 1.0
        return _multiple(width * scale), _multiple(height * scale)

    def aspect_ratio(self, request: ImageRequest | VideoRequest) -> str | None:
        """The nearest of the model's shapes, `16:9`; None where it is not asked for one."""
        wanted = request.width / request.height
        return min(self.aspect_ratios, key=lambda ratio: _apart(_ratio(ratio), wanted), default=None)

    def resolution(self, request: VideoRequest) -> str | None:
        """The smallest of the model's resolutions that is no smaller than the film; else its largest."""
        short = min(request.width, request.height)
        enough = [(lines, name) for name, lines in self.resolutions.items() if lines >= short]
        if enough:
            return min(enough)[1]
        return max(((lines, name) for name, lines in self.resolutions.items()), default=(0, None))[1]

    def duration_s(self, request: VideoRequest) -> int:
        """The shortest whole seconds that the model can make and that the shot fits into; else its longest.

        What is too much is cut off in the film. Raises `UsageError` for a shot that no clip of it can fill.
        """
        seconds = request.frames / request.fps
        can = self.durations_s
        if not can and self.duration_range_s is not None:
            can = tuple(range(self.duration_range_s[0], self.duration_range_s[1] + 1))
        if not can:
            return math.ceil(seconds)
        enough = [length for length in can if length >= seconds - 1 / request.fps]
        if not enough:
            raise UsageError(
                f"shot {request.shot.number} lasts {seconds:.1f} s; {self.spec} makes clips of at most {max(can)} s",
                code="too_long_for_model",
                hint="shorten the shot in the story, or choose another --video-model",
            )
        return min(enough)

    def duration(self, request: VideoRequest) -> int | str:
        """The same, as the model wants it written."""
        return self.duration_words(self.duration_s(request))

    def duration_words(self, seconds: int) -> int | str:
        """So many seconds, as the model wants them written: 8, "8", or "8s"."""
        return f"{seconds}{self.duration_suffix}" if self.duration_as_text or self.duration_suffix else seconds

    def voices(self, request: SpeechRequest) -> Voices:
        """The voices for the words' language. Raises `UsageError` for one that the model does not speak."""
        found = spoken_in(request.language, tuple(self.languages))
        if found is None:
            known = ", ".join(sorted(self.languages)) or "none"
            raise UsageError(
                f"{self.spec} has no voice for the language {request.language!r}; known: {known}",
                code="no_voice",
                hint="choose another --speech-model, or add the language to CLASH_MODELS_FILE",
            )
        return self.languages[found]


def spoken_in(language: str, known: Iterable[str]) -> str | None:
    """Return which of the known BCP 47 tags serves a language: the tag itself, else its language, else a cousin.

    >>> spoken_in("zh-Hant-TW", ["en", "zh"]), spoken_in("pt", ["pt-BR"]), spoken_in("es", ["en"])
    ('zh', 'pt-BR', None)
    """
    wanted = language.casefold()
    tags = {tag.casefold(): tag for tag in known}
    parts = wanted.split("-")
    wider = ("-".join(parts[:end]) for end in range(len(parts), 0, -1))
    exact = next((tags[tag] for tag in wider if tag in tags), None)
    return exact or next((tag for folded, tag in tags.items() if folded.split("-")[0] == parts[0]), None)


def _sides(size: str) -> tuple[int, int]:
    width, _, height = size.partition("x")
    return int(width), int(height)


def _ratio(text: str) -> float:
    width, _, height = text.partition(":")
    return float(width) / float(height)


def _apart(one: float, other: float) -> float:
    return abs(math.log(one / other))


def _distance(size: tuple[int, int], request: ImageRequest) -> tuple[float, float]:
    shape = _apart(size[0] / size[1], request.width / request.height)
    return round(shape, 6), _apart(size[0] * size[1], request.width * request.height)


def _multiple(side: float) -> int:
    return max(STEP, round(side / STEP) * STEP)
