"""Say which model is taken where a provider alone is named and the user's own models of it leave a choice."""

from __future__ import annotations

from collections.abc import Mapping

from clash.config import Settings
from clash.providers.choice import models_for, told_choice
from clash.providers.registry import Choosing, Registry


def taken_of_several(
    named: Mapping[str, str], preset: str | None, settings: Settings, registry: Registry
) -> tuple[str, ...]:
    """Return a warning for each kind whose model is the first of several, as of a preset that names `comfyui`."""
    warnings: list[str] = []
    for kind, spec in models_for(settings, named=named, preset=preset).items():
        name, _, model = spec.partition(":")
        provider = registry.provider(name)
        if not model and isinstance(provider, Choosing):
            told = told_choice(kind, name, provider.choices(kind))
            warnings += [told] if told else []
    return tuple(warnings)
