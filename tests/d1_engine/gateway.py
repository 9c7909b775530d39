"""A network between processes and the engine: it turns requests away, and holds them up, as a test says."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal
from urllib.parse import urlsplit

from . import D1Engine

_STORM_EVERY = 10
_STORM_LASTS = 3


_OUT = (
    (500, "D1 DB storage operation exceeded timeout which caused object to be reset."),
    (400, "D1 DB reset because its code was updated."),
    (503, "D1 DB is overloaded. Too many requests queued."),
    (429, "Network connection lost."),
)
"""What D1 says while it is out, with which status."""


@dataclass
class Outage:
    """When D1 is out: from the first request with these words on, for so many requests (None: until it is told)."""

    marker: bytes
    requests: int | None
    executed: bool
    began: bool = False


class Gateway:
    """Listens on a port of its own; `environment` leads clash here.

    `storms`: three of ten requests are turned away with HTTP 429, in a row. `hold_up`: which request does not come
    back. `turned_away`: how many were. `held`: set when the request that is held up has come. `refused`: how many
    were while D1 was out; `refusing`: set at the first of them.
    """

    def __init__(self, engine: D1Engine) -> None:
        self.storms = False
        self.turned_away = 0
        self.held = threading.Event()
        self._engine = engine
        self._lock = threading.Lock()
        self._count = 0
        self._marker = b""
        self._where: Literal["arrived", "on its way"] = "arrived"
        self._kept: tuple[str, bytes, dict[str, str]] | None = None
        self._over = threading.Event()
        self._outage: Outage | None = None
        self.refused = 0
        self.refusing = threading.Event()
        self.port = 0

    @property
    def requests(self) -> int:
        """How many requests have come."""
        return self._count

    @property
    def environment(self) -> dict[str, str]:
        """The variables that lead clash here."""
        return {**self._engine.environment, "CLOUDFLARE_API_BASE_URL": f"http://127.0.0.1:{self.port}/client/v4"}

    @contextmanager
    def open(self) -> Generator[Gateway]:
        """Serve on a free port."""
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        server.daemon_threads = True
        self.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._over.set()
            server.shutdown()
            thread.join()
            server.server_close()

    def hold_up(self, marker: str, where: Literal["arrived", "on its way"]) -> None:
        """The next request that holds these words gets no answer: it has arrived and was executed, or not yet."""
        self._marker, self._where = marker.encode(), where

    def go_out(self, marker: str = "", *, requests: int | None = None, executed: bool = False) -> None:
        """From the next request that holds these words on, D1 is out: for so many requests, or until `come_back`.

        `executed`: the first of them is executed before it is refused.
        """
        with self._lock:
            self._outage = Outage(marker.encode(), requests, executed)

    def come_back(self) -> None:
        """D1 is well again."""
        with self._lock:
            self._outage = None

    def deliver(self) -> tuple[int, bytes]:
        """Let the request arrive at last that is on its way; the answer that nobody waits for."""
        assert self._kept is not None
        return self._forward("POST", *self._kept)

    # -- for the handler -------------------------------------------------------------------------------------

    def pass_on(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes] | None:
        """The answer to a request; None: there is none."""
        with self._lock:
            self._count += 1
            refused, executed = self._refuses(path.encode() + body)
            if refused and not executed:
                return refused
            if self.storms and self._count % _STORM_EVERY < _STORM_LASTS:
                self.turned_away += 1
                return 429, b'{"success": false, "errors": [{"code": 971, "message": "slow down"}]}'
            holding = bool(self._marker) and self._marker in body
            if holding:
                self._marker = b""
        if holding and self._where == "on its way":
            self._kept = (path, body, headers)
        if refused:
            self._forward(method, path, body, headers)
            return refused
        answer = None if holding and self._where == "on its way" else self._forward(method, path, body, headers)
        if holding:
            self.held.set()
            self._over.wait(60)
            return None
        return answer

    def _refuses(self, words: bytes) -> tuple[tuple[int, bytes] | None, bool]:
        """What a D1 that is out answers, if it is; and whether it executes the request all the same."""
        outage = self._outage
        if outage is None or not (outage.began or outage.marker in words):
            return None, False
        first, outage.began = not outage.began, True
        if outage.requests is not None:
            outage.requests -= 1
            if outage.requests <= 0:
                self._outage = None
        self.refused += 1
        self.refusing.set()
        status, message = _OUT[self.refused % len(_OUT)]
        error = {"success": False, "result": [], "errors": [{"code": 7500, "message": f"D1_ERROR: {message}"}]}
        return (status, json.dumps(error).encode()), first and outage.executed

    def _forward(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", urlsplit(self._engine.base_url).port or 0, timeout=60)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()


def _handler(gateway: Gateway) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.pass_on()

        def do_POST(self) -> None:
            self.pass_on()

        def pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            kept = {name: self.headers[name] for name in ("Authorization", "Content-Type") if name in self.headers}
            answer = gateway.pass_on(self.command, self.path, body, kept)
            if answer is None:
                self.close_connection = True
                return
            status, content = answer
            with suppress(OSError):  # who asked was killed
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                if status == 429:
                    self.send_header("Retry-After", "0")
                self.end_headers()
                self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    return Handler
