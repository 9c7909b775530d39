"""Keys: from the environment or `.env`, else from the operating system's keyring, where that extra is installed."""

from __future__ import annotations

from typing import cast

from pydantic import SecretStr

from clash.providers.extras import installed, module

KEYRING_SERVICE = "clash"


def key_of(variable: str, setting: SecretStr | None) -> str | None:
    """The key that a setting holds, else the keyring's of this name (service `clash`); None if there is none."""
    if setting is not None and setting.get_secret_value().strip():
        return setting.get_secret_value().strip()
    return _from_keyring(variable)


def _from_keyring(variable: str) -> str | None:
    if not installed("keyring"):
        return None
    keyring = module("keyring")
    try:
        return cast("str | None", keyring.get_password(KEYRING_SERVICE, variable)) or None
    except keyring.errors.KeyringError:
        # A machine without a keyring, or one that is locked, has no key in it.
        return None
