"""Keys: from the environment or `.env`, else from the operating system's keyring, where that extra is installed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, cast

from pydantic import SecretStr

from clash.errors import SettingsError
from clash.providers.extras import installed, module
from clash.redaction import known

if TYPE_CHECKING:
    from clash.config import Settings

KEYRING_SERVICE = "clash"
KEY_VARIABLES = {"openai": "OPENAI_API_KEY", "fal": "FAL_KEY"}
"""The variable that holds each vendor's key. Other people's providers see to their own."""
_QUOTES = "\"'`"


def key_of(variable: str, setting: SecretStr | None) -> str | None:
    """The key that a setting holds, else the keyring's of this name (service `clash`); None if there is none."""
    if setting is not None and setting.get_secret_value().strip():
        return setting.get_secret_value().strip()
    return _from_keyring(variable)


def check_sendable(variable: str, value: str) -> None:
    """Raise `SettingsError` for a value that no HTTP header can carry, or that still has its quotes around it."""
    if (place := next((at for at, one in enumerate(value, 1) if not "!" <= one <= "~"), 0)) > 0:
        one = value[place - 1]
        what = "a space or a line break" if one.isspace() else "a character that no key has"
        raise SettingsError(
            f"{variable} holds {what} (character {place} of {len(value)})",
            code="bad_key",
            hint=f"copy the key again, as one line without spaces, into {variable}",
        )
    if value[0] in _QUOTES or value[-1] in _QUOTES:
        raise SettingsError(
            f"{variable} has quotes around its value", code="bad_key", hint=f"write {variable} without quotes"
        )


def vendor_key(vendor: str, settings: Settings) -> str | None:
    """The key of one of `KEY_VARIABLES`, wherever it is kept; None if there is none."""
    setting = {"openai": settings.openai_api_key, "fal": settings.fal_key}[vendor]
    return key_of(KEY_VARIABLES[vendor], setting)


def variable_of(name: str, *, from_keyring: bool = True) -> str | None:
    """The value of a variable that is no setting of clash: of the environment, else `.env`, else the keyring."""
    from clash.config import dotenv_values

    value = (os.environ.get(name) or dotenv_values().get(name) or "").strip()
    return value or (_from_keyring(name) if from_keyring else None)


def _from_keyring(variable: str) -> str | None:
    if not installed("keyring"):
        return None
    keyring = module("keyring")
    try:
        key = cast("str | None", keyring.get_password(KEYRING_SERVICE, variable)) or None
    except keyring.errors.KeyringError:
        # A machine without a keyring, or one that is locked, has no key in it.
        return None
    if key is not None:
        known().remember(variable, key)
    return key
