"""From `name:model` to a provider, through the entry-point group `clash.providers`.

An entry point names a class (or function) that is called without arguments and returns a `Provider`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from typing import Protocol, runtime_checkable

from clash.config import FIELDS, Settings
from clash.errors import ClashError, SettingsError, UsageError
from clash.providers.ports import AnyProvider, JobProvider, Kind, Provider
from clash.providers.vendor_names import vendor_names
from clash.redaction import safe_exception

GROUP = "clash.providers"


@runtime_checkable
class Configurable(Protocol):
    """A provider that is to work with the settings of a run rather than those it finds for itself."""

    def configure(self, settings: Settings) -> None:
        """Work with these settings. Raises `SettingsError`."""
        ...


@runtime_checkable
class Demanding(Protocol):
    """A provider that needs something before it can be called: a key, a package, a proxy that can be used."""

    def require(self, model: str) -> None:
        """Raise `SettingsError` for all that would fail before the first byte of a call is sent. Calls nobody.

        It runs before each purchase is written down, so it is quick.
        """
        ...


@runtime_checkable
class DemandingPerCraft(Protocol):
    """A provider whose crafts have servers and keys of their own."""

    def require_for(self, kind: Kind, model: str) -> None:
        """Raise `SettingsError` as `Demanding.require` does, for requests of this kind."""
        ...


@runtime_checkable
class Probed(Protocol):
    """A provider that has a call which costs nothing and says whether the key is good."""

    async def probe(self) -> str:
        """What the provider says, in a few words. Raises `ClashError`."""
        ...


@runtime_checkable
class ProbedPerModel(Protocol):
    """A provider whose free call also says whether a model is there."""

    async def probe_model(self, kind: Kind, model: str) -> str:
        """What the server of this craft says, in a few words. Raises `ClashError` where the model is not there."""
        ...

    def style_of(self, model: str) -> str | None:
        """How a text model of it is asked for JSON, where this process has learned that."""
        ...


@runtime_checkable
class Extended(Protocol):
    """A provider whose models are the user's own, who can add one of a kind that is missing."""

    def how_to_add(self, kind: Kind) -> str | None:
        """What to do to have a model of this kind; None where there can be none."""
        ...


@runtime_checkable
class Choosing(Protocol):
    """A provider whose models are the user's own, which is told by its name alone to take the first of a kind."""

    def choices(self, kind: Kind) -> tuple[str, ...]:
        """The models of this kind that can be used, the one that is taken first."""
        ...


@dataclass(frozen=True)
class Model:
    """A provider and the model of it that is to be used."""

    provider: AnyProvider
    name: str
    kind: Kind | None = field(default=None, compare=False)

    @property
    def spec(self) -> str:
        """`provider:model`."""
        return f"{self.provider.name}:{self.name}"

    def require(self) -> None:
        """Raises `SettingsError` where what a call needs, a key or a package, is missing."""
        if self.kind is not None and isinstance(self.provider, DemandingPerCraft):
            self.provider.require_for(self.kind, self.name)
        elif isinstance(self.provider, Demanding):
            self.provider.require(self.name)


def require_all(models: Iterable[Model]) -> None:
    """Raise `SettingsError` for all that is missing to call these models, as `Model.require` does for one."""
    missing: dict[str, SettingsError] = {}
    for model in models:
        try:
            model.require()
        except SettingsError as error:
            missing.setdefault(error.message, error)
    if len(missing) == 1:
        raise next(iter(missing.values()))
    if missing:
        first = next(iter(missing.values()))
        hints = dict.fromkeys(error.hint for error in missing.values() if error.hint)
        raise SettingsError("; ".join(missing), code=first.code, hint="; ".join(hints) or None)


def _entry_points() -> Mapping[str, EntryPoint]:
    return _entry_points_of(tuple((folder, _changed_at(folder or ".")) for folder in sys.path))


def _changed_at(folder: str) -> int:
    try:
        return os.stat(folder).st_mtime_ns  # noqa: PTH116 - a Path for each folder costs more than the answer
    except OSError:
        return 0


@lru_cache(maxsize=4)
def _entry_points_of(_: tuple[tuple[str, int], ...]) -> Mapping[str, EntryPoint]:
    """Read what is installed, once for the folders of `sys.path` as they are: it takes milliseconds."""
    # Sorted, the first of a name wins: two packages that claim one name must not take turns.
    found = sorted(entry_points(group=GROUP), key=lambda entry: (entry.name, entry.value))
    return {entry.name: entry for entry in reversed(found)}


def provider_names(settings: Settings | None = None) -> tuple[str, ...]:
    """The names of all providers: those that are installed, and the vendors that are described by files."""
    return tuple(sorted({*_entry_points(), *vendor_names(settings)}))


def installed_names() -> frozenset[str]:
    """The names of the providers that are installed as packages: no file of a vendor can take one of them."""
    return frozenset(_entry_points())


class Registry:
    """Providers by name, each made once, on first use."""

    def __init__(self, settings: Settings | None = None) -> None:
        self._settings = settings
        self._made: dict[str, AnyProvider] = {}

    def provider(self, name: str) -> AnyProvider:
        """The provider of this name. Raises `UsageError` naming the known ones."""
        if name not in self._made:
            self._made[name] = self._make(name)
        return self._made[name]

    def _make(self, name: str) -> AnyProvider:
        known = _entry_points()
        if name not in known and name in vendor_names(self._settings):
            from clash.providers.http.provider import http_provider

            return http_provider(name, self._settings)
        if name not in known:
            raise UsageError(
                f"there is no provider {name!r}; known: {', '.join(provider_names(self._settings))}",
                code="unknown_provider",
                hint="a model is written PROVIDER:MODEL, for example local:illustrator",
            )
        try:
            provider = known[name].load()()
        except ClashError:
            raise
        except Exception as error:
            raise SettingsError(
                f"the provider {name!r} ({known[name].value}) cannot be loaded: {safe_exception(error)}",
                code="broken_provider",
            ) from error
        if not isinstance(provider, Provider | JobProvider):
            raise SettingsError(
                f"the provider {name!r} ({known[name].value}) is neither a Provider nor a JobProvider"
                " (clash.providers.ports)",
                code="broken_provider",
            )
        if provider.name != name:
            raise SettingsError(
                f"the provider {name!r} ({known[name].value}) calls itself {provider.name!r}: a run that names it so"
                " could not be resumed",
                code="broken_provider",
            )
        if self._settings is not None and isinstance(provider, Configurable):
            provider.configure(self._settings)
        return provider

    def model(self, kind: Kind, spec: str) -> Model:
        """The model that `provider:model` names; of `provider` alone, its first of this kind. Raises `UsageError`."""
        provider_name, _, model = spec.partition(":")
        provider = self.provider(provider_name)
        known = provider.models().get(kind, ())
        if not known:
            added = provider.how_to_add(kind) if isinstance(provider, Extended) else None
            raise UsageError(
                f"the provider {provider_name!r} makes no {kind}",
                code="unknown_model",
                hint=added or f"`clash models --kind {kind}` lists the models that do",
            )
        if not model:
            return Model(provider, known[0], kind)
        if model not in known and "*" not in known:
            raise UsageError(
                f"the provider {provider_name!r} has no {kind} model {model!r}; known: {', '.join(known)}",
                code="unknown_model",
                hint=f"`clash models --kind {kind}` lists the models of all providers",
            )
        return Model(provider, model, kind)

    def default(self, kind: Kind) -> Model:
        """The free model that clash uses for this kind when nothing is set."""
        return self.model(kind, str(FIELDS[f"{kind}_model"].default))

    def all_default(self, models: Mapping[Kind, Model]) -> bool:
        """Whether each of these is the free model that clash uses when nothing is set."""
        return all(model.spec == self.default(kind).spec for kind, model in models.items())

    def models(self, specs: Mapping[Kind, str]) -> dict[Kind, Model]:
        """All models of a run."""
        return {kind: self.model(kind, spec) for kind, spec in specs.items()}
