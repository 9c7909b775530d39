"""The recorded calls of each slot of a run, kept in memory: under the lease no other process writes these rows.

On Cloudflare D1 every read is a request, and Cloudflare counts them. So a run reads its rows once, and again only
those of a slot that it has written to since.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from clash.calls.consent import stands_in_the_way
from clash.database import call_log
from clash.database.port import Database
from clash.database.rows import CallRow
from clash.database.settlements import BILLED, NOT_BILLED
from clash.vocabulary import LIVE, CallState

_Slot = tuple[str, int]
"""A slot's name and its take."""


@dataclass(frozen=True)
class SlotHistory:
    """The rows of one slot and take, oldest first; `other`: a call of another slot, of the same request."""

    rows: tuple[CallRow, ...]
    other: CallRow | None

    @property
    def live(self) -> CallRow | None:
        """The row that is under way or has succeeded."""
        return next((row for row in self.rows if row.state in LIVE), None)

    @property
    def newest(self) -> CallRow | None:
        """The newest row, however it ended."""
        return self.rows[-1] if self.rows else None

    @property
    def unknown(self) -> list[CallRow]:
        """The rows that were given up as unknown, newest first."""
        return [row for row in reversed(self.rows) if row.state == CallState.UNKNOWN]

    @property
    def settled_by_hand(self) -> list[CallRow]:
        """The rows that a person settled; an answer may come to light all the same."""
        return [row for row in self.rows if row.error_code in (BILLED, NOT_BILLED)]

    @property
    def attempts(self) -> int:
        """How many attempts are recorded; a row counts each try at it under its key."""
        return max((row.attempt for row in self.rows), default=0)

    @property
    def in_the_way(self) -> CallRow | None:
        """The newest call of this slot, or a call of another slot that asked for the very same, if it needs consent.

        That is a call that may have been paid and is unknown, or one that was paid for and failed.
        """
        newest = self.newest
        return newest if newest is not None and stands_in_the_way(newest) else self.other


class CallHistory:
    """The rows of `api_logs` of one run, slot by slot, oldest first."""

    def __init__(self, database: Database, run_id: str, *, is_new: bool = False) -> None:
        """`is_new`: the run has no calls yet."""
        self._database = database
        self._run_id = run_id
        self._rows: dict[_Slot, list[CallRow]] | None = {} if is_new else None
        self._written: set[_Slot] = set()
        self._in_the_way: dict[str, CallRow] = {}
        self._reading = asyncio.Lock()

    async def of(self, slot: str, take: int, key: str) -> SlotHistory:
        """Return what is recorded of a slot and take. `key`: of the request that is about to be made."""
        rows = await self._of(slot, take)
        other = self._in_the_way.get(key)
        same = other is None or (other.slot, other.take) == (slot, take)
        return SlotHistory(tuple(rows), None if same else other)

    def put_in_the_way(self, row: CallRow) -> None:
        """To be told of a call that became unknown, or failed and was paid for."""
        self._in_the_way[row.key] = row

    def written(self, slot: str, take: int) -> None:
        """To be told before a row of this slot is written: what is remembered of it no longer holds."""
        self._written.add((slot, take))

    async def _of(self, slot: str, take: int) -> list[CallRow]:
        if self._rows is None:
            # The first of many parallel calls reads for all of them.
            async with self._reading:
                if self._rows is None:
                    found: dict[_Slot, list[CallRow]] = {}
                    for row in await call_log.rows_of_run(self._database, self._run_id):
                        found.setdefault((row.slot, row.take), []).append(row)
                    self._in_the_way |= {
                        rows[-1].key: rows[-1] for rows in found.values() if stands_in_the_way(rows[-1])
                    }
                    # Not before all is read: a call that looks meanwhile must wait, not find nothing.
                    self._rows = found
        if (slot, take) in self._written:
            rows = await call_log.rows_of_slot(self._database, self._run_id, slot, take)
            self._rows[slot, take] = rows
            self._written.discard((slot, take))
        return self._rows.get((slot, take), [])
