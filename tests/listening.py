"""A receiver of webhooks, which keeps what it is sent and answers as a test says."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = b"a key of twenty-four byte"
SECRET = f"whsec_{base64.b64encode(KEY).decode()}"
HOOK = "/services/T0001/hook-5ecre7-part"


class Listener(ThreadingHTTPServer):
    """A receiver: keeps what it is sent, and answers with the next of `answers`, then always 204."""

    def __init__(self) -> None:
        self.got: list[tuple[str, dict[str, str], bytes]] = []
        self.answers: list[int] = []
        self.headers: dict[str, str] = {}
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                outer.got.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
                self.send_response(outer.answers.pop(0) if outer.answers else 204)
                for name, value in outer.headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Keep quiet."""

        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        """Its address, with a path that nobody else may know."""
        return f"http://127.0.0.1:{self.server_port}{HOOK}"

    @property
    def ids(self) -> list[str]:
        """The ids of what it was sent, in order."""
        return [headers["webhook-id"] for _, headers, _ in self.got]

    @property
    def types(self) -> list[str]:
        """The types of what it was sent, in order."""
        return [json.loads(body)["type"] for *_, body in self.got]


def is_signed(headers: dict[str, str], body: bytes) -> bool:
    """Whether the signature is the one of the Standard Webhooks specification, computed here from its text."""
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    digest = base64.b64encode(hmac.new(KEY, signed, hashlib.sha256).digest()).decode()
    return headers["webhook-signature"] == f"v1,{digest}"


@contextmanager
def listening() -> Generator[Listener]:
    """Start a receiver; it ends with the block."""
    with Listener() as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield server
        server.shutdown()
