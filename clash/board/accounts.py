"""The accounts of a board: who a request is from, logins and their failures, and what the audit is told of them."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass

from starlette.datastructures import Headers

from clash.access import EVERYTHING, Access, AuditEntry, TokenWatch, record, record_login, record_use
from clash.access.tokens import id_of
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
_STILL_S = 0.5
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
        bearer = [line for line in headers.getlist("authorization") if line[: len(_BEARER)].lower() == _BEARER]
        if bearer and not (seen.user and id_of(_text_of(bearer)) is None):
            return await self._of_bearer(_text_of(bearer), seen)
        if seen.user:  # what else its proxy sends in `Authorization` is not for the board
            return await self._of_user(seen)
        session = self._sessions.of(cookie)
        if session is None:
            return None
        await self._look()
        access = self.tokens.of_id(session.token_id)
        if access is None:
            self._sessions.end(session)
            return None
        await self._note_use(access)
        return Identity(access, session, seen.address)

    async def is_still(self, identity: Identity) -> bool:
        """Return whether what was identified is good, with the same roles as then.

        All who listen ask this, so it is looked up once in half a second for all of them together.
        """
        await self.tokens.look(within_s=_STILL_S)
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
        entry = AuditEntry("login", access.account, access.token_id, address=seen.address)
        with _not_told():
            await record_login(self._settings, entry)
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
        await self._look(again=True)
        access = self.tokens.of_text(text)
        if access is None:
            await self.audit.failed(seen.address)
            return None
        self.limits.succeeded(counted_as(seen.address))
        return access

    async def _of_bearer(self, text: str, seen: Seen) -> Identity:
        await self._look()
        access = self.tokens.of_text(text) or await self._of_text(text, seen)
        if access is None:
            raise RefusedError(401, "the token is not good", code="no_session")
        await self._note_use(access)
        return Identity(access, None, seen.address)

    async def _of_user(self, seen: Seen) -> Identity:
        await self._look()
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
            try:
                await record_use(self._settings, access.token_id)
            except ClashError as error:  # a list is not worth a page
                logger.warning("the use of a token is not written: %s", safe_exception(error))

    async def _look(self, *, again: bool = False) -> None:
        with _not_told():
            await self.tokens.look(again=again)


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


@contextmanager
def _not_told() -> Generator[None]:
    """Keep what is wrong with the database from those who have not logged in; the terminal is told."""
    try:
        yield
    except ClashError as error:
        logger.warning("the board cannot ask who may log in: %s", safe_exception(error))
        raise RefusedError(
            503, "the board cannot ask its database", hint="wait a minute, and try again", code="busy"
        ) from error


def _text_of(lines: list[str]) -> str:
    """The token of a request; "" where it has several."""
    return lines[0][len(_BEARER) :].strip() if len(lines) == 1 else ""


def too_many_failures() -> RefusedError:
    """Return the refusal of a login that may not be tried now."""
    return RefusedError(
        429, "too many failed logins", hint="wait half a minute, and log in again", code="too_many_failures"
    )
