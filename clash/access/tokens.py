"""The texts of tokens: `clash_<id>_<secret>`, of which only the sha256 is kept."""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from clash.clock import to_text
from clash.errors import UsageError

_SECRET_BYTES = 32
_TOKEN = re.compile(r"clash_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,99}")
_SPAN = re.compile(r"(\d{1,5})([mhdw])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


@dataclass(frozen=True)
class NewToken:
    """A token that was just made. `text` is shown once, and kept nowhere."""

    id: str
    text: str
    sha256: str


def new_token() -> NewToken:
    """Return a new token of 256 random bits. Its id is no secret: lists show it."""
    name = secrets.token_hex(6)
    text = f"clash_{name}_{secrets.token_urlsafe(_SECRET_BYTES)}"
    return NewToken(name, text, digest(text))


def digest(text: str) -> str:
    """Return the sha256 of a token's text."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def id_of(text: str) -> str | None:
    """Return the id that a token's text names; None for a text that is no token.

    >>> id_of("clash_0123456789ab_" + "x" * 43), id_of("password")
    ('0123456789ab', None)
    """
    match = _TOKEN.fullmatch(text)
    return match[1] if match else None


def check_account(name: str) -> str:
    """Return an account's name, if it can be one. Raises `UsageError`."""
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"the account {name[:60]!r} cannot be used",
            code="account_name",
            hint="1 to 100 of A-Z a-z 0-9 . _ @ + -, beginning with a letter or a digit",
        )
    return name


def expiry_of(span: str, now: datetime | None = None) -> str | None:
    """Return when a token that is good for a span ends; None for `never`. Raises `UsageError`.

    >>> expiry_of("90d", datetime(2026, 11, 27, tzinfo=UTC)), expiry_of("never")
    ('2027-02-25T00:00:00.000Z', None)
    """
    if span == "never":
        return None
    match = _SPAN.fullmatch(span)
    if match is None or int(match[1]) == 0:
        raise UsageError(f"{span[:40]!r} is no span of time", hint="for example --expires 90d, 12h or never")
    return to_text((now or datetime.now(UTC)) + timedelta(**{_UNITS[match[2]]: int(match[1])}))
