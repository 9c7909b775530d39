"""Cloudflare's own D1 engine on this machine, without an account: workerd from npm behind the addresses of D1's API.

    with D1Engine.start() as engine:
        url = engine.make_database("stories")     # d1://stories
        os.environ.update(engine.environment)

`python tests/d1_engine` starts one and prints what to export, for trying clash on D1.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from from_npm import ProgramMissing, kept, unpacked
from plain_http import NO_CERTIFICATES

HERE = Path(__file__).parent
PACKAGE = "@cloudflare/workerd-linux-64"
VERSION = "1.20260801.1"
"""Pinned: newer ones take larger values than D1 does."""
SHA512 = "r0vAxCZH+Jih9Unm1yoyiByPNWNgawcKciOHDm5Q37ZVGOkKLsT9AtLe3yLSaul76WrKqtf+JP2n0WW32VBLJg=="
TOKEN = "token-of-the-tests"  # noqa: S105
ACCOUNT = "account-of-the-tests"


@dataclass
class D1Engine:
    """A running engine, whose databases live in `state`. `base_url`: what CLOUDFLARE_API_BASE_URL is to Cloudflare."""

    state: Path
    base_url: str = ""
    _process: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> dict[str, str]:
        """The variables that lead clash here."""
        return {
            "CLOUDFLARE_ACCOUNT_ID": ACCOUNT,
            "CLOUDFLARE_API_TOKEN": TOKEN,
            "CLOUDFLARE_API_BASE_URL": self.base_url,
        }

    def make_database(self, name: str, *, account: str = ACCOUNT) -> str:
        """Make a new, empty database; its id."""
        answer = httpx.post(
            f"{self.base_url}/accounts/{account}/d1/database",
            json={"name": name},
            headers={"Authorization": f"Bearer {TOKEN}"},
            verify=NO_CERTIFICATES,
        )
        answer.raise_for_status()
        return str(answer.json()["result"]["uuid"])

    @classmethod
    @contextmanager
    def start(cls, state: Path | None = None) -> Generator[D1Engine]:
        """Start the engine on a free port; its databases live in `state`, or until its end."""
        with tempfile.TemporaryDirectory() as folder:
            engine = cls(state or Path(folder))
            engine.serve()
            try:
                yield engine
            finally:
                engine.end()

    def serve(self) -> None:
        """Begin to serve: on a free port, or where it served before."""
        reading, writing = os.pipe()
        port = httpx.URL(self.base_url).port if self.base_url else 0
        self._process = subprocess.Popen(
            [
                workerd(),
                "serve",
                HERE / "d1.capnp",
                f"--directory-path=files={self.state}",
                f"--socket-addr=http=127.0.0.1:{port}",
                f"--control-fd={writing}",
            ],
            pass_fds=[writing],
            env={"D1_ENGINE_TOKEN": TOKEN},
            stdout=subprocess.DEVNULL,
        )
        os.close(writing)
        with os.fdopen(reading, encoding="utf-8") as events:
            port = next(event["port"] for event in map(json.loads, events) if event["event"] == "listen")
        self.base_url = f"http://127.0.0.1:{port}/client/v4"

    def kill(self) -> None:
        """End it at once, whatever it is doing. It can `serve` again, with what it had written."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(10)

    def end(self) -> None:
        """End it."""
        assert self._process is not None
        self._process.terminate()
        self._process.wait(10)


def workerd() -> Path:
    """The engine's program, fetched from npm if it is not here yet. Raises `ProgramMissing`."""
    if given := os.environ.get("CLASH_WORKERD"):
        return Path(given)
    binary = kept(f"workerd-{VERSION}")
    if not binary.exists():
        if sys.platform != "linux" or platform.machine() != "x86_64":
            raise ProgramMissing(f"the D1 engine of these tests, {PACKAGE}@{VERSION}, runs on 64-bit Linux only")
        with unpacked(PACKAGE, VERSION, SHA512, beside=binary, variable="CLASH_WORKERD") as package:
            program = package / "bin" / "workerd"
            program.chmod(0o755)
            program.replace(binary)
    return binary
