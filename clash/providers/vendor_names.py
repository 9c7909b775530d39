"""Which vendors are described by files: those that come with clash, and those in the folder CLASH_PROVIDERS_DIR.

Only the names of the files are looked at, so that a process that asks no vendor reads none of them.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from clash.config import Settings
from clash.errors import SettingsError

SUFFIX = ".toml"
OWN_SERVERS = frozenset({"ollama", "lmstudio", "comfyui"})
"""Providers that are servers of one's own: they need no key, so only their use says that they should be there."""


def vendor_names(settings: Settings | None) -> tuple[str, ...]:
    """Return the names of all vendors. Raises `SettingsError` for a folder that is none."""
    return tuple(sorted({*shipped_files(), *own_files(settings)}))


@cache
def shipped_files() -> dict[str, Traversable]:
    """Return the files that come with clash, by vendor."""
    # Not by the package's own name, which would import the provider.
    folder = files("clash.providers") / "http" / "vendors"
    return {one.name.removesuffix(SUFFIX): one for one in folder.iterdir() if one.name.endswith(SUFFIX)}


def own_files(settings: Settings | None) -> dict[str, Path]:
    """Return the user's files, by vendor. Raises `SettingsError` for a folder that is none."""
    folder = settings.providers_dir if settings is not None else None
    if folder is None:
        return {}
    if not folder.is_dir():
        raise SettingsError(f"CLASH_PROVIDERS_DIR {folder} is not a folder", hint="it holds one TOML file per vendor")
    return {path.stem: path for path in sorted(folder.glob(f"*{SUFFIX}"))}
