"""Who may look at the board: links that are each good once, tokens, and the sessions that both open."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from clash.access import Access

LINK_S = 24 * 3600.0
"""Seconds after which a link that nobody opened is good no more."""
SESSION_S = 12 * 3600.0
"""Seconds after which an account logs in again."""
_MOST_LINKS = 64
_MOST_SESSIONS = 256
_MOST_OF_A_TOKEN = 16
_LONGEST = 200
"""Characters of what a browser sends: ours are 43."""


@dataclass(frozen=True)
class Session:
    """A browser that opened a link or logged in. Its cookie is kept only as a digest."""

    id: str
    """What tells sessions apart; no secret."""
    token: str
    """What scripts send with each write."""
    token_id: str = ""
    """The access token that it was opened with, on a board with accounts."""
    until: float = float("inf")


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
        return self._opened("", float("inf"))

    def open_for(self, access: Access) -> tuple[Session, str]:
        """Return a new session and its cookie for an account that logged in. Of too many of a token the oldest ends."""
        of_token = [name for name, one in self._sessions.items() if one.token_id == access.token_id]
        for name in of_token[: len(of_token) - _MOST_OF_A_TOKEN + 1]:
            del self._sessions[name]
        return self._opened(access.token_id, self._now() + SESSION_S)

    def of_account(self, access: Access) -> Session:
        """Return the session of an account that a proxy names: one for all its browsers, without a cookie."""
        name = f"account {access.account}"  # no digest of a cookie looks like this
        if name not in self._sessions:
            self._keep(name, Session(secrets.token_hex(8), secrets.token_urlsafe(32)))
        return self._sessions[name]

    def is_good(self, token: str) -> bool:
        """Return whether the token is that of a link which opens a session. The link stays good."""
        return len(token) <= _LONGEST and self._links.get(_digest(token), 0.0) > self._now()

    def of(self, cookie: str | None) -> Session | None:
        """Return the session of a cookie."""
        session = self._sessions.get(_digest(cookie)) if cookie and len(cookie) <= _LONGEST else None
        return session if session is not None and session.until > self._now() else None

    def end(self, session: Session) -> None:
        """End a session."""
        for name in [name for name, one in self._sessions.items() if one == session]:
            del self._sessions[name]

    def is_open(self, session: Session) -> bool:
        """Return whether a session has not ended."""
        return session.until > self._now() and session in self._sessions.values()

    def _opened(self, token_id: str, until: float) -> tuple[Session, str]:
        cookie = secrets.token_urlsafe(32)
        session = Session(secrets.token_hex(8), secrets.token_urlsafe(32), token_id, until)
        self._keep(_digest(cookie), session)
        return session, cookie

    def _keep(self, name: str, session: Session) -> None:
        self._sessions[name] = session
        while len(self._sessions) > _MOST_SESSIONS:
            del self._sessions[next(iter(self._sessions))]


def is_token_of(session: Session, token: str) -> bool:
    """Return whether a write carries its session's token."""
    return secrets.compare_digest(session.token.encode(), token.encode("utf-8", "replace")[:_LONGEST])


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
