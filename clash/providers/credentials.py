"""Keys: from the environment or `.env`, else from the operating system's keyring, where that extra is installed."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from pydantic import SecretStr

from clash.providers.extras import installed, module

if TYPE_CHECKING:
    from clash.config import Settings

KEYRING_SERVICE = "clash"
KEY_VARIABLES = {"openai": "OPENAI_API_KEY", "fal": "FAL_KEY"}
"""The variable that holds each vendor's key. Other people's providers see to their own."""


def key_of(variable: str, setting: SecretStr | None) -> str | None:
    """The key that a setting holds, else the keyring's of this name (service `clash`); None if there is none."""
    if setting is not None and setting.get_secret_value().strip():
        return setting.get_secret_value().strip()
    return _from_keyring(variable)


def vendor_key(vendor: str, settings: Settings) -> str | None:
    """The key of one of `KEY_VARIABLES`, wherever it is kept; None if there is none."""
    setting = {"openai": settings.openai_api_key, "fal": settings.fal_key}[vendor]
    return key_of(KEY_VARIABLES[vendor], setting)


def _from_keyring(variable: str) -> str | None:
    if not installed("keyring"):
        return None
    keyring = module("keyring")
    try:
        return cast("str | None", keyring.get_password(KEYRING_SERVICE, variable)) or None
    except keyring.errors.KeyringError:
        # A machine without a keyring, or one that is locked, has no key in it.
        return None
