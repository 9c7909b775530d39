"""`python server.py SOCKET [FOLDER]`: imports clash, forks a process for each connection, until standard input ends.

Before that it makes what every film needs and keeps in memory (`warm.py`). With a folder, what the local models made
is kept there for all processes (`remembered.py`).

A connection brings two file descriptors (standard output and error) and one JSON document: `argv` as an interpreter
takes it (a script, or `-m` and a module), `env`, `cwd`. It is answered by the process id, and by the exit code at the
end.
"""

from __future__ import annotations

import atexit
import ctypes
import gc
import importlib
import json
import os
import pkgutil
import runpy
import select
import signal
import socket
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn, cast

NOT_NEEDED = ("clash.__main__",)
"""Modules that run when imported."""
SDKS = ("openai",)
"""What a provider imports when it is first asked."""


def import_clash() -> None:
    """Import every room of clash, and what its processes import or build later."""
    import clash

    for module in pkgutil.walk_packages(clash.__path__, "clash."):
        if not module.name.startswith(NOT_NEEDED):
            with suppress(ImportError):  # an extra that is not installed
                importlib.import_module(module.name)
    for name in ("clash_metered", *SDKS):
        with suppress(ImportError):  # an extra that is not installed
            importlib.import_module(name)
    tree = importlib.import_module("clash.cli.commands")
    tree.commands(None, None)
    for name in tree.COMMANDS:
        for child in (None, *tree.names_within(name)):
            tree.commands(name, child)


def main() -> list[str]:
    """Serve; returns only in a forked process, with what it is to run."""
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listening.bind(sys.argv[1])
    listening.listen(256)
    print("ready", flush=True)  # who connects waits
    if sys.argv[2:]:
        importlib.import_module("remembered").remember_in(Path(sys.argv[2]))
    import_clash()
    importlib.import_module("warm").warm_up()
    gc.collect()
    gc.freeze()  # what is never collected is never copied
    in_huge_pages()
    return Serving(listening).serve()


class Serving:
    """Who is served, and the processes that live: each begun by one fork, and buried here."""

    def __init__(self, listening: socket.socket) -> None:
        self._listening = listening
        self._living: dict[int, socket.socket] = {}
        self._woken, waking = os.pipe()
        for descriptor in (self._woken, waking):
            os.set_blocking(descriptor, False)
        signal.signal(signal.SIGCHLD, _noticed)
        signal.set_wakeup_fd(waking, warn_on_full_buffer=False)
        self._waking = waking

    def serve(self) -> list[str]:
        """Begin what is asked for and tell how it ended. Returns in a forked process only."""
        while True:
            ready, _, _ = select.select([self._listening, self._woken, sys.stdin], [], [])
            if sys.stdin in ready:
                os._exit(0)
            if self._woken in ready:
                os.read(self._woken, 4096)
                self._bury()
            if self._listening in ready:
                connection, _ = self._listening.accept()
                with suppress(OSError, ValueError):  # who asked is there no more
                    connection.settimeout(20)
                    argv = self._begin(connection)
                    if argv is not None:
                        return argv

    def _begin(self, connection: socket.socket) -> list[str] | None:
        """Fork the process and tell its id. Returns what to run, in that process only."""
        _, fds, _, _ = socket.recv_fds(connection, 1, 2)
        try:
            order: dict[str, Any] = json.loads(b"".join(iter(lambda: connection.recv(65536), b"")))
            pid = os.fork()
            if pid:
                self._living[pid] = connection
                connection.sendall(f"{pid}\n".encode())
                return None
            self._leave(connection)
            become(order, [os.dup(descriptor) for descriptor in fds])
            return order["argv"]
        finally:
            for descriptor in fds:
                os.close(descriptor)

    def _leave(self, connection: socket.socket) -> None:
        """In a forked process: let go of all that is the server's."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for held in (self._listening, connection, *self._living.values()):
            held.close()
        os.close(self._woken)
        os.close(self._waking)

    def _bury(self) -> None:
        """Tell how each process ended that has ended."""
        while self._living:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            with self._living.pop(pid) as connection, suppress(OSError):  # nobody waits for it any more
                connection.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())


def _noticed(number: int, frame: object) -> None:
    """Let the signal through to the descriptor that wakes `select`."""


def in_huge_pages() -> None:
    """Ask the kernel to keep this memory in pages of two megabytes: a fork copies one entry for each, not 512.

    Where the kernel cannot, nothing is changed.
    """
    if sys.platform != "linux":
        return
    huge, collapse = 2 << 20, 25
    madvise = ctypes.CDLL(None).madvise
    for line in Path("/proc/self/maps").read_text(encoding="ascii", errors="replace").splitlines():
        addresses, kind, _, _, inode = line.split(maxsplit=5)[:5]
        begin, end = (int(address, 16) for address in addresses.split("-"))
        begin, end = -(-begin // huge) * huge, end // huge * huge
        if kind.startswith("rw") and inode == "0" and begin < end:
            madvise(ctypes.c_void_p(begin), ctypes.c_size_t(end - begin), collapse)


def become(order: dict[str, Any], fds: list[int]) -> None:
    """Take on the environment, the folder and the streams of a process."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    for number, descriptor in enumerate([nothing, *fds]):
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.environ.clear()
    os.environ.update(order["env"])
    os.chdir(order["cwd"])
    # It has read its variable already.
    importlib.reload(sys.modules["clash.faults"])


def run(argv: list[str]) -> None:
    """What `python ARGV...` does."""
    if argv[0] == "-m":
        sys.argv = argv[1:]
        runpy.run_module(argv[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = argv
        sys.path.insert(0, os.path.dirname(os.path.abspath(argv[0])))  # noqa: PTH100, PTH120
        runpy.run_path(argv[0], run_name="__main__")


def run_to_its_end(argv: list[str]) -> NoReturn:
    """Do what `python ARGV...` does, and end as it does, but for freeing what it had in memory object by object.

    That would touch, and copy, every page that the process shares with the one that it was forked from: most of what a
    short command takes. Threads are waited for, exit functions are called, and streams are flushed.
    """
    code = 0
    try:
        run(argv)
    except SystemExit as ended:
        code = _exit_code(ended.code)
    except Exception:  # noqa: BLE001 - as the interpreter does
        sys.excepthook(*cast(Any, sys.exc_info()))
        code = 1
    cast(Any, threading)._shutdown()
    cast(Any, atexit)._run_exitfuncs()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError):
        code = code or 120
    os._exit(code & 0xFF)


def _exit_code(code: object) -> int:
    if code is None or isinstance(code, int):
        return int(code or 0)
    print(code, file=sys.stderr)
    return 1


if __name__ == "__main__":
    run_to_its_end(main())
