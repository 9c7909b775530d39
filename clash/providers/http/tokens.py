"""Tokens that are signed with a key (RFC 7519, HS256), for vendors that want one instead of the key itself."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping

_LASTS_S = 1800
_RENEWED_S = 600
"""A token is signed anew when it is good for less than this: a call may wait on its way."""
_CLOCKS_DIFFER_S = 5


def signed_token(key: str, secret: str, now: int) -> str:
    """Return a token that names the key and is good for half an hour from `now`, signed with the secret."""
    claims = {"iss": key, "exp": now + _LASTS_S, "nbf": now - _CLOCKS_DIFFER_S}
    signed = f"{_part({'alg': 'HS256', 'typ': 'JWT'})}.{_part(claims)}"
    return f"{signed}.{_letters(hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest())}"


class Tokens:
    """The token of a vendor's keys, signed anew when it is nearly out of date or the keys are others."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._signed: tuple[str, str, int, str] | None = None

    def token(self, key: str, secret: str) -> str:
        """Return a token that is good for ten minutes at least."""
        now = int(self._clock())
        if self._signed is None or self._signed[:2] != (key, secret) or not self._lasts(self._signed[2], now):
            self._signed = (key, secret, now, signed_token(key, secret, now))
        return self._signed[3]

    def _lasts(self, signed_at: int, now: int) -> bool:
        return signed_at <= now <= signed_at + _LASTS_S - _RENEWED_S


def _part(value: Mapping[str, object]) -> str:
    return _letters(json.dumps(value, separators=(",", ":")).encode())


def _letters(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode("ascii")
