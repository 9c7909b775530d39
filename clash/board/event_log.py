"""What happened to runs, for browsers that listen: numbered, the latest kept, so that who was away misses nothing."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections import Counter, deque
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

MOST_KEPT = 1000
"""Events that are kept for those who were away, or are slow. Who misses more is told to load the page again."""
MOST_LISTENERS = 300
MOST_OF_AN_ACCOUNT = 60
"""How many of them may be one account's, so that no account keeps the others out."""
_LONGEST_ID = 64


@dataclass(frozen=True)
class Event:
    """Something that happened. `id` names the board's process, so that a number of an earlier one is not mistaken."""

    id: str
    name: str
    data: Mapping[str, Any]
    project: str | None = None
    """The project whose people are told; None: everybody is."""

    @property
    def wire(self) -> bytes:
        """Return it as server-sent events have it."""
        told = json.dumps(self.data, ensure_ascii=True, separators=(",", ":"))
        return f"id: {self.id}\nevent: {self.name}\ndata: {told}\n\n".encode()


class EventLog:
    """The latest events. A listener keeps only a number, so a slow one holds no memory."""

    def __init__(self, most: int = MOST_KEPT, most_listeners: int = MOST_LISTENERS) -> None:
        self._board = secrets.token_hex(4)
        self._kept: deque[Event] = deque(maxlen=most)
        self._number = 0
        self._news = asyncio.Event()
        self._most_listeners = most_listeners
        self._listeners = Counter[str]()
        self.closed = False

    @property
    def newest(self) -> str:
        """Return the id of the newest event."""
        return f"{self._board}-{self._number}"

    def publish(self, name: str, data: Mapping[str, Any], project: str | None = None) -> None:
        """Tell everybody who listens; or, of a project, those who may see its runs."""
        self._number += 1
        self._kept.append(Event(self.newest, name, data, project))
        self._wake()

    def close(self) -> None:
        """End all listening: the board ends."""
        self.closed = True
        self._wake()

    @property
    def listeners(self) -> int:
        """Return how many listen."""
        return self._listeners.total()

    def has_room(self) -> bool:
        """Return whether one more may listen."""
        return self.listeners < self._most_listeners and not self.closed

    def has_room_for(self, account: str) -> bool:
        """Return whether one more of an account may listen; "": of a board without accounts, where all are the same."""
        return not account or self._listeners[account] < MOST_OF_AN_ACCOUNT

    @contextmanager
    def listening(self, account: str) -> Generator[None]:
        """Count a listener of an account as long as it listens."""
        self._listeners[account] += 1
        try:
            yield
        finally:
            self._listeners[account] -= 1
            if not self._listeners[account]:
                del self._listeners[account]

    def number_of(self, event_id: str) -> int | None:
        """Return the number of an id of this board; None for any other text."""
        board, _, number = event_id[:_LONGEST_ID].partition("-")
        return int(number) if board == self._board and number.isdecimal() and len(number) < 16 else None

    def since(self, number: int | None) -> tuple[Sequence[Event], int]:
        """Return the events after a number, and the newest number.

        Where some are no longer kept, or the number is not of this board: one event, `reset`, in place of them.
        """
        oldest = self._number - len(self._kept)
        if number is None or number < oldest or number > self._number:
            return [Event(self.newest, "reset", {})], self._number
        return list(self._kept)[number - oldest :], self._number

    async def wait(self, number: int, longest_s: float) -> None:
        """Wait until there is an event after this number, the log is closed, or the time is over."""
        if self._number > number or self.closed:
            return
        news = self._news
        try:
            await asyncio.wait_for(news.wait(), longest_s)
        except TimeoutError:
            return

    def _wake(self) -> None:
        self._news.set()
        self._news = asyncio.Event()
