"""The receiver of webhooks: its address, and the keys with which what it is sent is signed."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import urlsplit

from clash.config import Settings
from clash.errors import SettingsError

PREFIX = "whsec_"
_LEAST_BYTES = 16
_MAKE_ONE = (
    "set CLASH_WEBHOOK_SECRET=whsec_... in the environment or .env: `openssl rand -base64 24` makes what follows"
)


@dataclass(frozen=True)
class Receiver:
    """Where events are sent. `shown`: its scheme and host, which may be printed and stored, unlike the address."""

    url: str = field(repr=False)
    keys: tuple[bytes, ...] = field(repr=False)
    shown: str
    digest: str

    @classmethod
    def of(cls, settings: Settings) -> Receiver | None:
        """Return the receiver that the settings name; None if they name none.

        Raises `SettingsError` for an address that would send events unprotected, and for a secret that is none.
        """
        if settings.webhook is None:
            return None
        url = settings.webhook.get_secret_value()
        parts = urlsplit(url)
        shown = f"{parts.scheme.lower()}://{parts.netloc.rpartition('@')[2]}"
        if parts.scheme.lower() == "http" and not _may_be_plain(parts.hostname or "", parts.port, settings):
            raise SettingsError(
                f"the webhook {shown} would send events unencrypted",
                hint="use https://; or name the host in CLASH_ALLOW_HOSTS, if the network between is yours",
            )
        if settings.webhook_secret is None:
            raise SettingsError("a webhook needs a secret to sign what it sends", hint=_MAKE_ONE)
        keys = keys_of(settings.webhook_secret.get_secret_value())
        return cls(url, keys, shown, hashlib.sha256(url.encode()).hexdigest()[:32])

    def sign(self, event_id: str, timestamp: int, body: bytes) -> str:
        """Return the header `webhook-signature`: one signature for each key, parted by spaces."""
        signed = b"%s.%d.%s" % (event_id.encode(), timestamp, body)
        digests = (hmac.digest(key, signed, "sha256") for key in self.keys)
        return " ".join(f"v1,{base64.b64encode(digest).decode()}" for digest in digests)


def keys_of(text: str) -> tuple[bytes, ...]:
    """Return the keys of a setting `whsec_BASE64`; several are parted by spaces. Raises `SettingsError`."""
    keys: list[bytes] = []
    for secret in text.split():
        try:
            key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if key and len(key) < _LEAST_BYTES:
            raise SettingsError(
                f"CLASH_WEBHOOK_SECRET holds a key of {len(key)} bytes, and one of fewer than {_LEAST_BYTES} can be"
                " guessed",
                hint=_MAKE_ONE,
            )
        if not key:
            raise SettingsError("CLASH_WEBHOOK_SECRET is not whsec_ and base64", hint=_MAKE_ONE)
        keys.append(key)
    if not keys:
        raise SettingsError("CLASH_WEBHOOK_SECRET is empty", hint=_MAKE_ONE)
    return tuple(keys)


def _may_be_plain(host: str, port: int | None, settings: Settings) -> bool:
    """Return whether http is safe enough: on this machine, or on a host that is named as allowed."""
    if host == "localhost" or {host, f"{host}:{port}"} & set(settings.allow_hosts):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
