"""Who may look at the board: links that are each good once, and the sessions that they open."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

LINK_S = 24 * 3600.0
"""Seconds after which a link that nobody opened is good no more."""
_MOST_LINKS = 64
_MOST_SESSIONS = 256
_LONGEST = 200
"""Characters of what a browser sends: ours are 43."""


@dataclass(frozen=True)
class Session:
    """A browser that opened a link. Its cookie is kept only as a digest."""

    id: str
    """What tells sessions apart; no secret."""
    token: str
    """What scripts send with each write."""


class Sessions:
    """Links and sessions of one board: they end with its process."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._links: dict[str, float] = {}
        self._sessions: dict[str, Session] = {}

    def invite(self) -> str:
        """Return the token of a new link. Of too many links the oldest is good no more."""
        token = secrets.token_urlsafe(32)
        self._links[_digest(token)] = self._now() + LINK_S
        while len(self._links) > _MOST_LINKS:
            del self._links[next(iter(self._links))]
        return token

    def open(self, token: str) -> tuple[Session, str] | None:
        """Return a new session and its cookie for the token of a link; None if it is not good, or was used."""
        until = self._links.pop(_digest(token), 0.0) if len(token) <= _LONGEST else 0.0
        if until <= self._now():
            return None
        cookie = secrets.token_urlsafe(32)
        session = Session(secrets.token_hex(8), secrets.token_urlsafe(32))
        self._sessions[_digest(cookie)] = session
        while len(self._sessions) > _MOST_SESSIONS:
            del self._sessions[next(iter(self._sessions))]
        return session, cookie

    def is_good(self, token: str) -> bool:
        """Return whether the token is that of a link which opens a session. The link stays good."""
        return len(token) <= _LONGEST and self._links.get(_digest(token), 0.0) > self._now()

    def of(self, cookie: str | None) -> Session | None:
        """Return the session of a cookie."""
        return self._sessions.get(_digest(cookie)) if cookie and len(cookie) <= _LONGEST else None


def is_token_of(session: Session, token: str) -> bool:
    """Return whether a write carries its session's token."""
    return secrets.compare_digest(session.token.encode(), token.encode("utf-8", "replace")[:_LONGEST])


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
