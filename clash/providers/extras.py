"""Libraries that come as extras: imported when they are needed, and named with how to install them when missing."""

from __future__ import annotations

import importlib
import importlib.util
from types import ModuleType
from typing import Any

from clash.errors import SettingsError
from clash.installation import install_command

EXTRAS: dict[str, str] = {
    "openai": "openai",
    "genai_prices": "openai",
    "fal_client": "fal",
    "hibari": "voice",
    "onnxruntime": "voice",
    "pypinyin": "voice-zh",
    "obstore": "s3",
    "starlette": "board",
    "uvicorn": "board",
    "keyring": "keyring",
    "distributed": "dask",
    "python_calamine": "xlsx",
}
"""Each module, and the extra of clash that brings it."""


def package_of(name: str) -> str:
    """What a module is installed as."""
    return "hibari-tts" if name == "hibari" else name.replace("_", "-")


def installed(name: str) -> bool:
    """Whether a module is there (it is not imported)."""
    return importlib.util.find_spec(name) is not None


def module(name: str) -> Any:
    """The module, imported now. Raises `SettingsError` (code `missing_extra`) that says how to install it."""
    try:
        found: ModuleType = importlib.import_module(name)
    except ImportError as error:
        extra = EXTRAS[name]
        raise SettingsError(
            f"the package {package_of(name)} is not installed ({error})",
            code="missing_extra",
            hint=install_command(extra),
        ) from None
    return found
