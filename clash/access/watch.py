"""The tokens that are good now, kept in memory and read again when the database has changed."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable
from contextlib import AsyncExitStack

from clash.access.roles import Access, Role, together
from clash.access.tokens import digest, id_of
from clash.clock import now_text
from clash.config import Settings
from clash.database import changes
from clash.database.access import TokenRow, good_tokens
from clash.database.connection import is_d1, open_database
from clash.database.migrations import checked
from clash.database.port import Database
from clash.errors import ClashError, NotFoundError

ON_D1_S = 5.0
"""Seconds that what was read on D1 is trusted: a token that is revoked is good for so long at most."""
_NOBODY = digest("")
"""What the text of an unknown token is compared with, so that it takes as long as that of a known one."""


class TokenWatch:
    """Knows the tokens that are good, over one connection that stays open."""

    def __init__(self, settings: Settings, now: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._now = now
        self._trusted_s = ON_D1_S if is_d1(settings.database_url) else 0.0
        self._reading = asyncio.Lock()
        self._open = AsyncExitStack()
        self._database: Database | None = None
        self._file: object = None
        self._version: int | None = None
        self._looked_at: float | None = None
        self._tokens: dict[str, TokenRow] = {}

    async def look(self, *, again: bool = False, within_s: float = 0.0) -> None:
        """Read the tokens, where the database has changed since. `again`: on D1 also within the 5 seconds.

        On SQLite, whether it has changed is asked each time, but not within `within_s` after the last time that it was.
        Raises `DatabaseError` where it cannot be asked.
        """
        trusted_s = 0.0 if again else max(self._trusted_s, within_s)
        asked_at = self._now()
        async with self._reading:
            if self._looked_at is not None and self._now() - self._looked_at < trusted_s:
                return
            if self._looked_at is not None and self._looked_at > asked_at:
                return  # another request has looked while this one waited
            try:
                await self._look()
            except NotFoundError:
                self._tokens, self._version = {}, None  # there is no database yet, so there is no token
            except ClashError:
                await self.close()
                raise
            self._looked_at = self._now()

    def of_text(self, text: str) -> Access | None:
        """Return the access of a token's text; None if it is unknown, expired or revoked."""
        token = self._tokens.get(id_of(text) or "")
        is_same = secrets.compare_digest(token.sha256 if token else _NOBODY, digest(text))
        return _access(token) if token and is_same and _is_good(token) else None

    def of_id(self, token_id: str) -> Access | None:
        """Return the access of a token that was shown before; None if it is good no more."""
        token = self._tokens.get(token_id)
        return _access(token) if token and _is_good(token) else None

    def of_account(self, account: str) -> Access | None:
        """Return what the good tokens of an account give it together; None if it has none."""
        found = [
            _access(token).grants for token in self._tokens.values() if token.account == account and _is_good(token)
        ]
        return together(account, found) if found else None

    async def close(self) -> None:
        """Let go of the database; the next look opens it again."""
        self._database = None
        self._version = None
        await self._open.aclose()

    async def _look(self) -> None:
        database = await self._opened()
        version = await changes.data_version(database)
        if version is not None and version == self._version:
            return
        tokens = await checked(database, good_tokens(database))
        self._tokens = {token.id: token for token in tokens}
        self._version = version

    async def _opened(self) -> Database:
        if self._database is not None and changes.opened_file(self._database) != self._file:
            await self.close()  # another file was put in its place
        if self._database is None:
            self._open = AsyncExitStack()
            opened = open_database(self._settings.database_url, "read")
            self._database = await self._open.enter_async_context(opened)
            self._file = changes.opened_file(self._database)
        return self._database


def _is_good(token: TokenRow) -> bool:
    return token.state(now_text()) == "good"


def _access(token: TokenRow) -> Access:
    return Access(token.account, token.id, {project: Role(role) for project, role in token.grants.items()})
