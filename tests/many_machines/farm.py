"""Where a batch is kept and what its processes share: database, asset store, meter, and a way to each of them."""

from __future__ import annotations

import os
import re
import socket
import threading
from collections import Counter
from collections.abc import Generator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from unittest import mock
from urllib.parse import urlsplit

from d1_engine import D1Engine
from filming import environment
from s3_server import s3_server

PRICE_USD = "0.01"
PRICE_MICRO = 10_000


@dataclass
class Farm:
    """What the processes of a batch share. `requests`: how many went to D1 and to the bucket, by kind."""

    folder: Path
    call_s: float
    where: str
    host: str = "127.0.0.1"
    env: dict[str, str] = field(default_factory=dict[str, str])
    requests: Counter[str] = field(default_factory=Counter[str])

    @property
    def url(self) -> str:
        """The database's."""
        return self.env["DATABASE_URL"]

    @property
    def meter(self) -> Path:
        """One line per charge and per answer, whichever process asked."""
        return self.folder / "meter"

    def count_rows(self, name: str, answer: bytes) -> None:
        """Add the rows that D1 says it has read and written."""
        for kind in ("read", "written") if name == "D1" else ():
            self.requests[f"rows {kind}"] += sum(map(int, re.findall(rb'"rows_%b":(\d+)' % kind.encode(), answer)))

    def machine(self, name: str) -> dict[str, str]:
        """The environment of a process on a machine: a folder of its own for what it fetches."""
        cache = self.folder / "machines" / name
        cache.mkdir(parents=True, exist_ok=True)
        shared = {"ASSET_CACHE": str(cache)} if self.where == "d1" else {}
        return {**self.env, **shared}


@contextmanager
def farm(folder: Path, *, where: str, call_s: float, host: str = "127.0.0.1") -> Generator[Farm]:
    """Prepare a farm in an empty folder. `where`: `sqlite` (a file and a folder) or `d1` (the engine and a bucket).

    `host`: the address of this machine that the others see.
    """
    made = Farm(folder, call_s, where, host)
    common = {
        "METER": str(made.meter),
        "METER_COST": PRICE_USD,
        "METER_DELAY": str(call_s),
        "CLASH_OUTPUT_DIR": str(folder / "films"),
        "OMP_NUM_THREADS": "1",
    }
    with ExitStack() as stack:
        if where == "sqlite":
            kept = {"DATABASE_URL": f"sqlite:///{folder / 'clash.db'}", "ASSET_STORE": f"file://{folder / 'assets'}"}
        else:
            kept = _on_d1(made, stack)
        made.env = environment(**common, **kept)
        # The audit reads the database from this process.
        stack.enter_context(
            mock.patch.dict(os.environ, {name: made.env[name] for name in kept if "CLOUDFLARE" in name})
        )
        yield made


def _on_d1(made: Farm, stack: ExitStack) -> dict[str, str]:
    engine = stack.enter_context(D1Engine.start())
    engine.make_database("batch")
    server = stack.enter_context(s3_server())
    bucket = server.make_bucket()
    d1 = stack.enter_context(_counting(made, "D1", engine.base_url))
    s3 = stack.enter_context(_counting(made, "S3", server.url))
    return {
        **engine.environment,
        **server.environment,
        "CLOUDFLARE_API_BASE_URL": f"{d1}/client/v4",
        "AWS_ENDPOINT_URL": s3,
        "DATABASE_URL": "d1://batch",
        "ASSET_STORE": f"s3://{bucket}/clash",
    }


@contextmanager
def _counting(made: Farm, name: str, url: str) -> Generator[str]:
    """Pass requests on to a server, to be reached at `made.host`, and count them by kind."""
    target, lock = urlsplit(url).netloc, threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            with lock:
                made.requests[f"{name} {self.command}"] += 1
            connection = HTTPConnection(target, timeout=120)
            try:
                connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
                for header, value in self.headers.items():
                    connection.putheader(header, value)
                connection.endheaders(body)
                answer = connection.getresponse()
                content = answer.read()
                made.count_rows(name, content)
                headers = [pair for pair in answer.getheaders() if pair[0].lower() not in _OF_THE_CONNECTION]
            finally:
                connection.close()
            with suppress(OSError):  # who asked was killed
                self.send_response_only(answer.status)
                for header, value in headers:
                    self.send_header(header, value)
                if self.command == "HEAD":
                    self.send_header("Content-Length", answer.getheader("Content-Length") or "0")
                else:
                    self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

        do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = pass_on

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 256

        def handle_error(self, *_: object) -> None:
            """A process was killed in the middle of a request."""

    server = Server((made.host, 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://{made.host}:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


_OF_THE_CONNECTION = frozenset({"content-length", "transfer-encoding", "connection", "keep-alive"})


def free_port(host: str) -> int:
    """A port that nobody uses just now."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def is_root() -> bool:
    """Whether networks can be made."""
    return hasattr(os, "geteuid") and os.geteuid() == 0
