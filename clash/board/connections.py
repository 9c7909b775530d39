"""Connections of the board: a client that does not send its request is not waited for."""

from __future__ import annotations

import asyncio
from typing import ClassVar

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol


class Connection(H11Protocol):
    """Uvicorn's HTTP connection, closed when a whole request does not come in time."""

    request_s: ClassVar[float] = 10.0
    """Seconds that a request may take to come, head and body: of 64,000 bytes at most."""
    most_waiting: ClassVar[int] = 300
    """How many connections may wait for a request at the same time; of more, the oldest are closed."""

    _closing: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first request."""
        super().connection_made(transport)
        self._time_the_request()
        waiting = [one for one in self.connections if isinstance(one, Connection) and one.waits_until is not None]
        if len(waiting) > self.most_waiting:
            min(waiting, key=lambda one: one.waits_until or 0.0).give_up()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing more."""
        self._stop_timing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take a piece of a request."""
        super().data_received(data)
        self._time_the_request()

    def on_response_complete(self) -> None:
        """Wait for the next request, which may have come already."""
        super().on_response_complete()
        self._time_the_request()

    @property
    def waits_until(self) -> float | None:
        """When the connection is closed for want of a request, on the loop's clock; None while it is answered."""
        return self._closing.when() if self._closing else None

    def give_up(self) -> None:
        """Close the connection."""
        self._stop_timing()
        self.transport.close()

    def _time_the_request(self) -> None:
        if self.conn.their_state not in (h11.IDLE, h11.SEND_BODY) or self.transport.is_closing():
            self._stop_timing()
        elif self._closing is None:
            self._closing = self.loop.call_later(self.request_s, self.give_up)

    def _stop_timing(self) -> None:
        if self._closing is not None:
            self._closing.cancel()
            self._closing = None
