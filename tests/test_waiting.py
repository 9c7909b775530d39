"""What a person sees while Cloudflare makes a command wait: one plain line on stderr, whatever the command."""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
from conftest import on_d1
from filming import SMALL, clash, environment, shot_list
from plain_http import NO_CERTIFICATES

SAID = "warning: Cloudflare asks to wait 2 s; nothing is lost"


AGAIN = re.compile(r"warning: Cloudflare D1 answers again, after \d+ s")
"""The line at the end of the wait."""


@contextmanager
def crowded(base_url: str, *, after: int) -> Generator[str]:
    """A way to the engine that turns everyone away for two seconds after so many requests; its address."""
    asked, opens_at = 0, 0.0

    class CallLedger(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            nonlocal asked, opens_at
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            asked += 1
            if asked == after:
                opens_at = time.monotonic() + 1.9
            if time.monotonic() < opens_at:
                self._answer(429, b"", **{"Retry-After": "2"})
                return
            headers = {name: self.headers[name] for name in ("Authorization", "Content-Type") if name in self.headers}
            answer = httpx.request(
                self.command,
                f"{base_url}{self.path}",
                content=body,
                headers=headers,
                timeout=30,
                verify=NO_CERTIFICATES,
            )
            self._answer(answer.status_code, answer.content)

        do_POST = do_GET

        def _answer(self, status: int, body: bytes, **headers: str) -> None:
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), CallLedger) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@on_d1
def test_a_command_that_has_to_wait_says_so_once(tmp_path: Path, database_url: str) -> None:
    """In the middle of a run, and of a report; with --json too, where stdout holds the document alone."""
    shot_list(tmp_path / "story.csv", 1)
    variables = {name: value for name, value in os.environ.items() if name.startswith("CLOUDFLARE_")}
    with crowded(variables["CLOUDFLARE_API_BASE_URL"], after=9) as address:
        env = environment(DATABASE_URL=database_url, **variables | {"CLOUDFLARE_API_BASE_URL": address})
        ran = clash(tmp_path, "run", "story.csv", "--thread", "busy", *SMALL, "--json", env=env)
    assert ran.code == 0, ran.err
    assert ran.err.splitlines().count(SAID) == 1
    assert "warning" not in AGAIN.sub("", ran.err.replace(SAID, ""))
    assert ran.document["status"] == "completed"
    with crowded(variables["CLOUDFLARE_API_BASE_URL"], after=2) as address:
        env = environment(DATABASE_URL=database_url, **variables | {"CLOUDFLARE_API_BASE_URL": address})
        listed = clash(tmp_path, "runs", "ls", env=env)
    assert (listed.code, AGAIN.sub("", listed.err).strip()) == (0, SAID)
    assert "busy" in listed.out
