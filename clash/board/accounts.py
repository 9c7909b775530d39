"""The accounts of a board: who a request is from, logins and their failures, and what the audit is told of them."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from starlette.datastructures import Headers

from clash.access import EVERYTHING, Access, AuditEntry, TokenWatch, record, record_login, record_use
from clash.board.answers import RefusedError
from clash.board.origins import Seen, counted_as
from clash.board.rates import FailureLimits
from clash.board.sessions import Session, Sessions
from clash.config import Settings
from clash.errors import ClashError
from clash.redaction import safe_exception

logger = logging.getLogger(__name__)

FAILURES_EVERY_S = 60.0
"""Failed logins within this many seconds are one entry of the audit."""
_USE_EVERY_S = 3600.0
_BEARER = "bearer "


@dataclass(frozen=True)
class Identity:
    """Who a request is from. `session`: of the browser that sent it; None for a program that sent its token."""

    access: Access
    session: Session | None
    address: str = ""

    @property
    def client(self) -> str:
        """What the requests of one client are counted under."""
        return f"session {self.session.id}" if self.session else f"token {self.access.token_id}"


class LinkHolders:
    """A board without accounts: a browser with a session may do everything."""

    has_accounts = False

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def identify(self, seen: Seen, headers: Headers, cookie: str | None) -> Identity | None:
        """Return who a request is from; None for a browser without a session."""
        del headers
        session = self._sessions.of(cookie)
        return Identity(EVERYTHING, session, seen.address) if session else None

    async def is_still(self, identity: Identity) -> bool:
        """Return whether an identity is good: a session of a board without accounts ends with the board."""
        del identity
        return True

    async def close(self) -> None:
        """Let go of nothing."""


class Accounts:
    """A board with accounts: tokens, the sessions that they open, and users that a stated proxy names."""

    has_accounts = True

    def __init__(self, settings: Settings, sessions: Sessions, now: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._sessions = sessions
        self._now = now
        self.tokens = TokenWatch(settings, now)
        self.limits = FailureLimits(now)
        self.audit = Audit(settings, now)
        self._used: dict[str, float] = {}

    async def identify(self, seen: Seen, headers: Headers, cookie: str | None) -> Identity | None:
        """Return who a request is from: by its token, its session, or the user that a proxy names; None for nobody.

        Raises `RefusedError` for a token that is not good, and for a user who has no token here.
        """
        bearer = headers.getlist("authorization")
        if bearer:
            return await self._of_bearer(bearer, seen)
        if seen.user:
            return await self._of_user(seen)
        session = self._sessions.of(cookie)
        if session is None:
            return None
        await self.tokens.look()
        access = self.tokens.of_id(session.token_id)
        if access is None:
            self._sessions.end(session)
            return None
        await self._note_use(access)
        return Identity(access, session, seen.address)

    async def is_still(self, identity: Identity) -> bool:
        """Return whether what was identified is good, with the same roles as then."""
        await self.tokens.look()
        access = identity.access
        found = self.tokens.of_id(access.token_id) if access.token_id else self.tokens.of_account(access.account)
        if found != access:
            return False
        return identity.session is None or self._sessions.is_open(identity.session)

    async def log_in(self, text: str, seen: Seen) -> tuple[Session, str] | None:
        """Open a session for a token; None where it is unknown, expired or revoked. Raises `RefusedError` (429)."""
        access = await self._of_text(text, seen)
        if access is None:
            return None
        await record_login(self._settings, AuditEntry("login", access.account, access.token_id, address=seen.address))
        self._used[access.token_id] = self._now()
        return self._sessions.open_for(access)

    async def log_out(self, identity: Identity) -> None:
        """End a session."""
        if identity.session is not None:
            self._sessions.end(identity.session)
            access = identity.access
            await self.audit.add(AuditEntry("logout", access.account, access.token_id, address=identity.address))

    async def close(self) -> None:
        """Write what is not written yet, and let go of the database."""
        await self.audit.flush()
        await self.tokens.close()

    async def _of_text(self, text: str, seen: Seen) -> Access | None:
        if not self.limits.take(counted_as(seen.address)):
            raise too_many_failures()
        await self.tokens.look(again=True)
        access = self.tokens.of_text(text)
        if access is None:
            await self.audit.failed(seen.address)
            return None
        self.limits.succeeded(counted_as(seen.address))
        return access

    async def _of_bearer(self, lines: list[str], seen: Seen) -> Identity:
        text = lines[0][len(_BEARER) :].strip() if lines[0][: len(_BEARER)].lower() == _BEARER else ""
        await self.tokens.look()
        access = self.tokens.of_text(text) if len(lines) == 1 else None
        if access is None:
            access = await self._of_text(text if len(lines) == 1 else "", seen)
        if access is None:
            raise RefusedError(401, "the token is not good", code="no_session")
        await self._note_use(access)
        return Identity(access, None, seen.address)

    async def _of_user(self, seen: Seen) -> Identity:
        await self.tokens.look()
        access = self.tokens.of_account(seen.user)
        if access is None:
            raise RefusedError(
                403,
                "you have no access to this board",
                hint="ask an owner for a token in your name",
                code="no_account",
            )
        return Identity(access, self._sessions.of_account(access), seen.address)

    async def _note_use(self, access: Access) -> None:
        at = self._used.get(access.token_id)
        if access.token_id and (at is None or self._now() - at >= _USE_EVERY_S):
            self._used[access.token_id] = self._now()
            await record_use(self._settings, access.token_id)


class Audit:
    """Adds entries to the audit; failed logins are counted, and written once in a minute at most."""

    def __init__(self, settings: Settings, now: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._now = now
        self._failures = 0
        self._address = ""
        self._written_at: float | None = None

    async def add(self, entry: AuditEntry) -> None:
        """Add an entry. Raises `DatabaseError`: what cannot be recorded is not done."""
        await record(self._settings, entry)

    async def failed(self, address: str) -> None:
        """Count a failed login; the first one after a quiet minute is written at once."""
        self._failures += 1
        self._address = address
        if self._written_at is None or self._now() - self._written_at >= FAILURES_EVERY_S:
            await self.flush()

    async def flush(self) -> None:
        """Write the failed logins that were counted since. A database that cannot be written gets them later."""
        if not self._failures:
            return
        count, self._failures, self._written_at = self._failures, 0, self._now()
        try:
            await self.add(AuditEntry("login failed", address=self._address[:64], times=count))
        except ClashError as error:
            self._failures += count
            logger.warning("%s failed logins are not in the audit yet: %s", count, safe_exception(error))

    async def run(self) -> None:
        """Write what is counted, once in a minute, until the task is cancelled."""
        while True:
            await asyncio.sleep(FAILURES_EVERY_S)
            await self.flush()


def too_many_failures() -> RefusedError:
    """Return the refusal of a login that may not be tried now."""
    return RefusedError(
        429, "too many failed logins", hint="wait half a minute, and log in again", code="too_many_failures"
    )
