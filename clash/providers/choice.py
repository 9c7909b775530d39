"""Which model makes what: named for a run, by a preset, in the settings, or by default."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from clash.config import Kind, Settings
from clash.errors import UsageError
from clash.providers.catalogue import load_catalogue
from clash.vocabulary import KINDS


def models_for(
    settings: Settings, *, named: Mapping[str, str] | None = None, preset: str | None = None
) -> dict[Kind, str]:
    """`provider:model` per kind; the first that is given of: named, the preset, the setting, the settings' preset.

    Raises `UsageError` for a kind or a preset that is not known.
    """
    named = named or {}
    if unknown := sorted(set(named) - set(KINDS)):
        raise UsageError(f"there is no kind of model {unknown[0]!r}; known: {', '.join(KINDS)}")
    of_preset, of_settings = models_of_preset(preset, settings), models_of_preset(settings.preset, settings)
    chosen: dict[Kind, str] = {}
    for kind in KINDS:
        setting = f"{kind}_model"
        value = cast("str", getattr(settings, setting))
        given = named.get(kind) or of_preset.get(kind)
        if not given and setting not in settings.given:
            given = of_settings.get(kind)
        chosen[kind] = given or value
    return chosen


def models_of_preset(name: str | None, settings: Settings) -> Mapping[Kind, str]:
    """The models that a preset names; none without one. Raises `UsageError` for a preset that is not known."""
    if name is None:
        return {}
    known = load_catalogue(settings).presets
    if name not in known:
        raise UsageError(
            f"there is no preset {name!r}; known: {', '.join(sorted(known))}",
            code="unknown_preset",
            hint="`clash models` shows them; CLASH_PRESETS defines your own",
        )
    return known[name]


def told_choice(kind: Kind, provider: str, names: tuple[str, ...]) -> str:
    """Return which of several models is taken, and how another is; "" where there is no choice.

    >>> told_choice("video", "comfyui", ("ltx", "wan"))
    '--video-model comfyui takes comfyui:ltx, the first by name of ltx, wan; another: --video-model comfyui:wan'
    """
    if len(names) < 2:
        return ""
    flag, some = f"--{kind}-model", ", ".join(names[:8]) + (" ..." if names[8:] else "")
    return (
        f"{flag} {provider} takes {provider}:{names[0]}, the first by name of {some};"
        f" another: {flag} {provider}:{names[1]}"
    )
