"""The models that clash knows, as data: `models.toml`, and before it the file that CLASH_MODELS_FILE names."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar, cast

from pydantic import BaseModel, Field, ValidationError

from clash.config import Kind, Settings
from clash.errors import SettingsError
from clash.providers.model_limits import ModelData, ModelLimits
from clash.regular_files import read_regular_file
from clash.vocabulary import KINDS

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


class Card(ModelLimits):
    """One model: what it is asked (`arguments`), what it can make, and where in its answer the file's address is.

    `with_references` is the endpoint that takes pictures beside the prompt, where that is another one. Arguments that
    a model may have: `seed_argument` takes a seed, `last_frame_argument` the picture that a clip ends on,
    `sound_argument` whether a clip has sound. A model whose clips with a last frame are made at another endpoint has
    `with_last_frame` and, where that one names things differently, `arguments_with_last_frame`.
    `first_languages`: those that it had in clash 0.1, where it has more today.
    """

    arguments: dict[str, Any] = Field(default_factory=dict)
    seed_argument: str = ""
    last_frame_argument: str = ""
    sound_argument: str = ""
    result: str = ""
    with_references: str = ""
    with_last_frame: str = ""
    arguments_with_last_frame: dict[str, Any] = Field(default_factory=dict)
    first_languages: tuple[str, ...] = ()

    @property
    def takes_last_frame(self) -> bool:
        """Whether it has a way to be told the picture that a clip ends on."""
        return bool(self.last_frame_argument or self.arguments_with_last_frame)

    @property
    def first_digest(self) -> str:
        """Of all that a card said in clash 0.1, where it was part of a call's key."""
        said = self.model_dump(mode="json", include=_FIRST_FIELDS)
        if self.first_languages:
            said["languages"] = {one: said["languages"][one] for one in self.first_languages}
        text = json.dumps(said, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]


class _File(ModelData):
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
        raise SettingsError(
            f"{setting} {path} cannot be read: {error.strerror}", hint=f"correct {setting}, or unset it"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{setting} {path} is no TOML: {error}", hint="docs/models.md shows such a file") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        words = first["msg"].removeprefix("Value error, ")
        raise SettingsError(f"{setting} {path}: {where}: {words}") from None


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
