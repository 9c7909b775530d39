"""Real processes in milliseconds: forked off one interpreter that has imported clash already.

    child = Fork(["tests/torture/worker.py", "..."], env=environment)     # as Popen([sys.executable, ...])

A process that is to be killed a hundred times would spend its life on imports. Each of these is a process of its own,
with its own environment, folder and standard streams, and dies by SIGKILL as any other does; it merely begins where
the imports end.
"""

from __future__ import annotations

import array
import atexit
import json
import os
import select
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

HERE = Path(__file__).parent
_ROOT = HERE.parent.parent

_SHARED = "FORKS_OF_CLASH_TESTS"
"""The environment variable with the address of a server that several test processes share."""
_starting = threading.Lock()
_server: _Server | None = None


class _Server:
    """The interpreter that forks. Who connects before it has its imports behind it waits."""

    def __init__(self, *, remembers: bool) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="clash-forks-")
        self.address = str(Path(self._folder.name) / "socket")
        made = [str(Path(self._folder.name) / "made")] if remembers else []
        env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE.parent / "plugins"), str(_ROOT)])}
        self._process = subprocess.Popen(
            [sys.executable, str(HERE / "server.py"), self.address, *made],
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._process.stdout is not None
        if self._process.stdout.readline() != b"ready\n":
            raise RuntimeError(f"the server of forks ended with {self._process.wait()}")
        atexit.register(self.close)

    def close(self) -> None:
        """It ends when its standard input does."""
        self._process.communicate()
        self._folder.cleanup()


def _address() -> str:
    """Where the server listens: the one that is shared, or this process' own, started when it is first asked for."""
    global _server
    with _starting:
        if _SHARED in os.environ:
            return os.environ[_SHARED]
        if _server is None:
            _server = _Server(remembers=False)
        return _server.address


def share_one_server() -> None:
    """Start the server for this process and for those that it starts from now on. It remembers what was drawn."""
    global _server
    if hasattr(socket, "AF_UNIX"):
        _server = _Server(remembers=True)
        os.environ[_SHARED] = _server.address


class Fork:
    """A child process, with what tests need of `subprocess.Popen`. Both streams are text."""

    def __init__(self, argv: Sequence[str], *, env: Mapping[str, str], cwd: Path | None = None) -> None:
        self.returncode: int | None = None
        self._said = b""
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed with it
        self._stdout, writing = os.pipe()
        self._connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._connection.connect(_address())
        order = json.dumps({"argv": [str(part) for part in argv], "env": dict(env), "cwd": str(cwd or Path.cwd())})
        fds = array.array("i", [writing, self._errors.fileno()])
        self._connection.sendmsg([b"\n"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)])
        self._connection.sendall(order.encode())
        self._connection.shutdown(socket.SHUT_WR)
        os.close(writing)
        self._news = self._connection.makefile("r", encoding="ascii")
        begun = self._news.readline()
        if not begun:
            raise RuntimeError("the server of forks has ended")
        self.pid = int(begun)

    # -- its life --------------------------------------------------------------------------------------------

    def poll(self) -> int | None:
        """Its exit code (-9: killed), or None while it lives."""
        return self._ended(0)

    def wait(self, timeout: float) -> int:
        """Its exit code. Raises `TimeoutError` if it lives on after so many seconds."""
        code = self._ended(timeout)
        if code is None:
            raise TimeoutError(f"process {self.pid} lives on after {timeout} s")
        return code

    def ends_within(self, seconds: float) -> bool:
        """Wait so many seconds at most; whether it has ended."""
        return self._ended(seconds) is not None

    def _ended(self, seconds: float) -> int | None:
        if self.returncode is None and select.select([self._connection], [], [], seconds)[0]:
            self.returncode = int(self._news.readline())
        return self.returncode

    def send_signal(self, number: int) -> None:
        """As `kill` does, if it is still there."""
        if self.poll() is None:
            # It may have ended since, and its end may not be told yet.
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        """SIGKILL."""
        self.send_signal(9)

    # -- what it says ----------------------------------------------------------------------------------------

    def line(self, timeout: float = 60) -> str:
        """The next line that it writes to standard output, "" at its end."""
        deadline = time.monotonic() + timeout
        while b"\n" not in self._said and self._read(deadline):
            pass
        first, newline, self._said = self._said.partition(b"\n")
        return (first + newline).decode()

    def communicate(self, timeout: float = 120) -> tuple[str, str]:
        """Wait for its end; the rest of its standard output, and all of its standard error."""
        deadline = time.monotonic() + timeout
        while self._read(deadline):
            pass
        self.wait(max(0.0, deadline - time.monotonic()))
        self._errors.seek(0)
        return self._said.decode(), self._errors.read().decode()

    def _read(self, deadline: float) -> bool:
        if self._stdout < 0:
            return False
        if not select.select([self._stdout], [], [], max(0.0, deadline - time.monotonic()))[0]:
            raise TimeoutError(f"process {self.pid} neither speaks nor ends")
        content = os.read(self._stdout, 65536)
        self._said += content
        if not content:
            os.close(self._stdout)
            self._stdout = -1
        return bool(content)

    def __del__(self) -> None:
        if getattr(self, "_stdout", -1) >= 0:
            os.close(self._stdout)
        if hasattr(self, "_news"):
            self._news.close()
        if hasattr(self, "_connection"):
            self._connection.close()
        self._errors.close()
