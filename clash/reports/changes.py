"""Watch a database: which runs have changed since the last look."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import AsyncExitStack
from dataclasses import dataclass

from clash.config import Settings
from clash.database import changes
from clash.database.connection import is_d1, open_database
from clash.database.port import Database
from clash.errors import DatabaseError, NotFoundError
from clash.money import usd_text

_BEING_MADE_LOOKS = 20
"""Looks during which a database that lacks tables may still be in the making."""
_ANEW_EVERY = 120
"""Looks after which a SQLite file is opened again: where a disk is read-only, no version tells of changes."""


@dataclass(frozen=True)
class RunChange:
    """A run that has changed, and how it stands now. `live`: whether a process holds it."""

    thread_id: str
    status: str
    live: bool
    cost_usd: str
    reserved_usd: str
    project: str

    @property
    def document(self) -> dict[str, object]:
        """Return it as JSON tells it."""
        return {
            "thread_id": self.thread_id,
            "project": self.project,
            "status": self.status,
            "live": self.live,
            "cost_usd": self.cost_usd,
            "reserved_usd": self.reserved_usd,
        }


class RunWatch:
    """Looks which runs have changed, over one connection that stays open. The first look finds nothing changed."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._open = AsyncExitStack()
        self._database: Database | None = None
        self._file: object = None
        self._version: int | None = None
        self._looks = 0
        self._marks: changes.Marks | None = None
        self._states: dict[str, changes.RunState] | None = None
        self._live: dict[str, bool] = {}
        self._lacked = 0

    @property
    def is_remote(self) -> bool:
        """Whether each look is a request to Cloudflare."""
        return is_d1(self._settings.database_url)

    async def look(self, watched: Collection[str] = ()) -> list[RunChange]:
        """Return the runs that have changed: the newest ones, those that are held, and the watched ones.

        Raises `NotFoundError` while there is no database or it is being made, and `DatabaseError`.
        """
        try:
            found = await self._look(watched)
        except DatabaseError as error:
            if "no such table" not in error.message or self._lacked >= _BEING_MADE_LOOKS:
                raise
            # The first run makes its tables at this moment.
            self._lacked += 1
            self._states, self._marks = {}, None
            await self.close()
            raise NotFoundError("the database has no tables yet") from error
        self._lacked = 0
        return found

    async def _look(self, watched: Collection[str]) -> list[RunChange]:
        try:
            database = await self._opened()
        except NotFoundError:
            self._states, self._marks = {}, None  # whatever is there when the database is made is new
            raise
        version = await changes.data_version(database)
        self._looks += 1
        is_anew = version is not None and self._looks % _ANEW_EVERY == 0
        if self._states is not None and version is not None and version == self._version and not is_anew:
            return self._changes_of(self._ended())
        known = self._states or {}
        held = {name for name, live in self._live.items() if live}
        watched = {*watched, *held, *self._held_before(known)}
        marks, grown, states = await changes.look(database, self._marks, watched)
        if unseen := grown - states.keys():
            states |= await changes.run_states(database, unseen)
        changed = self._changed(known, states, grown)
        if not changed and version is None:
            changed = held & states.keys()
        elif not changed and version != self._version:
            # A row was changed in place, a call settled without cost for example: only held runs do that.
            changed = {name for name, state in states.items() if state.is_held}
        is_first, self._states = self._states is None, states
        self._marks, self._version = marks, version
        self._live = {name: state.is_held for name, state in states.items()}
        if is_anew:
            await self.close()
        return [] if is_first else self._changes_of(changed)

    async def close(self) -> None:
        """Let go of the database; the next look opens it again."""
        self._database = None
        self._version = None
        await self._open.aclose()

    async def _opened(self) -> Database:
        if self._database is not None and changes.opened_file(self._database) != self._file:
            # Another file was put in its place: what was seen of the old one says nothing about it.
            self._marks, self._states = None, {}
            await self.close()
        if self._database is None:
            self._open = AsyncExitStack()
            opened = open_database(self._settings.database_url, "read")
            self._database = await self._open.enter_async_context(opened)
            self._file = changes.opened_file(self._database)
        return self._database

    @staticmethod
    def _held_before(known: dict[str, changes.RunState]) -> set[str]:
        return {name for name, state in known.items() if state.holder.lease_owner}

    def _changed(
        self, known: dict[str, changes.RunState], states: dict[str, changes.RunState], grown: Collection[str]
    ) -> set[str]:
        found = {
            name
            for name, state in states.items()
            if name not in known or known[name].marks != state.marks or self._live.get(name) != state.is_held
        }
        return found | {name for name in grown if name in states}

    def _ended(self) -> set[str]:
        """The runs whose process has died, or whose lease has run out, since the last look: no row says so."""
        states = self._states or {}
        found = {name for name, live in self._live.items() if live and name in states and not states[name].is_held}
        self._live |= dict.fromkeys(found, False)
        return found

    def _changes_of(self, names: Collection[str]) -> list[RunChange]:
        states = self._states or {}
        return [
            RunChange(
                name,
                states[name].status,
                self._live.get(name, False),
                usd_text(states[name].spent_micro),
                usd_text(states[name].reserved_micro),
                states[name].project,
            )
            for name in sorted(names)
            if name in states
        ]
