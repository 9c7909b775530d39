"""The models that clash knows, as data: `models.toml`, and before it the file that CLASH_MODELS_FILE names."""

from __future__ import annotations

import hashlib
import json
import math
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from clash.config import Kind, Settings
from clash.errors import SettingsError, UsageError
from clash.providers.ports import ImageRequest, SpeechRequest, VideoRequest
from clash.regular_files import read_regular_file
from clash.vocabulary import KINDS

_Model = TypeVar("_Model", bound=BaseModel)
_Model = TypeVar("_Model", bound=BaseModel)
_FIRST_FIELDS = {
    "provider",
    "id",
    "kind",
    "arguments",
    "result",
    "with_references",
    "most_references",
    "most_prompt_characters",
    "sizes",
    "aspect_ratios",
    "most_pixels",
    "resolutions",
    "durations_s",
    "duration_range_s",
    "duration_as_text",
    "languages",
}
"""The fields of a card in clash 0.1."""
_STEP = 16
"""Sides of free pictures are multiples of this."""
_FEMALE = re.compile(r"\b(woman|girl|female|lady|mother|grandmother|aunt|sister|she|her)\b|[女母姐妹]|奶奶")
_MALE = re.compile(r"\b(man|boy|male|father|grandfather|uncle|brother|he|his)\b|[男父哥弟]|爷爷")


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Voices(_Data):
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


class Card(_Data):
    """One model: what it is asked (`arguments`), what it can make, and where in its answer the file's address is.

    `with_references` is the endpoint that takes pictures beside the prompt, where that is another one. `free`: its
    calls cost nothing. Arguments that a model may have: `seed_argument` takes a seed, `last_frame_argument` the
    picture that a clip ends on, `sound_argument` whether a clip has sound.
    """

    provider: str
    id: str
    kind: Kind
    summary: str = ""
    free: bool = False
    arguments: dict[str, Any] = Field(default_factory=dict)
    seed_argument: str = ""
    last_frame_argument: str = ""
    sound_argument: str = ""
    result: str = ""
    with_references: str = ""
    most_references: int = Field(default=0, ge=0)
    most_prompt_characters: int = Field(default=20_000, ge=100)
    sizes: tuple[str, ...] = ()
    aspect_ratios: tuple[str, ...] = ()
    most_pixels: int | None = Field(default=None, ge=_STEP * _STEP)
    resolutions: dict[str, int] = Field(default_factory=dict)
    durations_s: tuple[int, ...] = ()
    duration_range_s: tuple[int, int] | None = None
    duration_as_text: bool = False
    languages: dict[str, Voices] = Field(default_factory=dict)

    @property
    def spec(self) -> str:
        """`provider:id`, as `--image-model` takes it."""
        return f"{self.provider}:{self.id}"

    @property
    def first_digest(self) -> str:
        """Of all that a card said in clash 0.1, where it was part of a call's key."""
        text = json.dumps(self.model_dump(mode="json", include=_FIRST_FIELDS), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

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
        seconds = self.duration_s(request)
        return str(seconds) if self.duration_as_text else seconds

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


class _File(_Data):
    models: tuple[Card, ...] = ()
    presets: dict[str, dict[Kind, str]] = Field(default_factory=dict)
    file_hosts: dict[str, tuple[str, ...]] = Field(default_factory=dict)


class Catalogue:
    """All cards and presets, by name."""

    def __init__(
        self,
        cards: Sequence[Card],
        presets: Mapping[str, Mapping[Kind, str]],
        file_hosts: Mapping[str, tuple[str, ...]] | None = None,
    ) -> None:
        """`file_hosts`: per provider, the hosts that the files it makes are fetched from."""
        self.file_hosts = dict(file_hosts or {})
        self._cards = {(card.provider, card.id): card for card in cards}
        self.presets = {name: dict(models) for name, models in presets.items()}

    @property
    def cards(self) -> tuple[Card, ...]:
        """All models, by kind, then in the order of the files."""
        return tuple(sorted(self._cards.values(), key=lambda card: KINDS.index(card.kind)))

    def of(self, provider: str, model: str) -> Card | None:
        """The card of a model, if it is known."""
        return self._cards.get((provider, model))

    def ids(self, provider: str) -> dict[Kind, tuple[str, ...]]:
        """The models of a provider per kind, in the order of the files."""
        found: dict[Kind, tuple[str, ...]] = {}
        for card in self._cards.values():
            if card.provider == provider:
                found[card.kind] = (*found.get(card.kind, ()), card.id)
        return found


def load_catalogue(settings: Settings) -> Catalogue:
    """What clash knows, with what the user's own file and settings lay over it. Raises `SettingsError`."""
    own = _read_own(settings.models_file) if settings.models_file else _File()
    shipped = _shipped()
    hidden = {(card.provider, card.id) for card in own.models}
    cards = [*own.models, *(card for card in shipped.models if (card.provider, card.id) not in hidden)]
    presets = {**shipped.presets, **own.presets, **settings.presets}
    return Catalogue(cards, presets, {**shipped.file_hosts, **own.file_hosts})


@cache
def _shipped() -> _File:
    return _File.model_validate(tomllib.loads((files("clash.providers") / "models.toml").read_text(encoding="utf-8")))


def _read_own(path: Path) -> _File:
    return read_toml(path, "CLASH_MODELS_FILE", _File)


_MOST_TOML_BYTES = 16 << 20


def read_toml(path: Path, setting: str, model: type[_Model]) -> _Model:
    """A user's TOML file as a checked value. Raises `SettingsError` that says what is wrong, and where."""
    try:
        return model.model_validate(tomllib.loads(read_regular_file(path, _MOST_TOML_BYTES).decode("utf-8")))
    except OSError as error:
        raise SettingsError(f"{setting} {path} cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{setting} {path} is no TOML: {error}") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise SettingsError(f"{setting} {path}: {where}: {first['msg']}") from None


def filled(template: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """The template with every "$name" replaced by its value; what has none (None, an empty list) is left out.

    >>> filled({"prompt": "$prompt", "size": {"width": "$width"}, "images": "$images"}, {"prompt": "a", "width": 64})
    {'prompt': 'a', 'size': {'width': 64}}
    """
    made: dict[str, Any] = {}
    for name, value in template.items():
        if isinstance(value, Mapping):
            value = filled(cast("Mapping[str, Any]", value), values)
        elif isinstance(value, str) and value.startswith("$"):
            value = values.get(value[1:])
        if value is not None and value != []:
            made[name] = value
    return made


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
    return max(_STEP, round(side / _STEP) * _STEP)
