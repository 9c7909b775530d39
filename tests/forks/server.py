"""`python server.py SOCKET`: imports clash, then forks a process for each connection, until standard input ends.

Before that it makes what every film needs and keeps in memory (`warm.py`).

A connection brings two file descriptors (standard output and error) and one JSON document: `argv` as an interpreter
takes it (a script, or `-m` and a module), `env`, `cwd`. It is answered by the process id, and by the exit code at the
end.
"""

from __future__ import annotations

import atexit
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
    for name in (None, *tree.COMMANDS):
        tree.commands(name)


def main() -> list[str]:
    """Serve; returns only in a forked process, with what it is to run."""
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listening.bind(sys.argv[1])
    listening.listen(64)
    import_clash()
    importlib.import_module("warm").warm_up()
    gc.collect()
    gc.freeze()  # what is never collected is never copied
    print("ready", flush=True)
    # The kernel buries who watches over a process.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        ready, _, _ = select.select([listening, sys.stdin], [], [])
        if sys.stdin in ready:
            os._exit(0)
        connection, _ = listening.accept()
        if os.fork() == 0:
            listening.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            return watch_over(connection)
        connection.close()


def watch_over(connection: socket.socket) -> list[str]:
    """Fork the process itself and tell of its beginning and its end. Returns in that process only."""
    _, fds, _, _ = socket.recv_fds(connection, 1, 2)
    text = b"".join(iter(lambda: connection.recv(65536), b""))
    order: dict[str, Any] = json.loads(text)
    pid = os.fork()
    if pid == 0:
        connection.close()
        become(order, fds)
        return order["argv"]
    for descriptor in fds:
        os.close(descriptor)
    with suppress(BrokenPipeError):  # nobody waits for it any more
        connection.sendall(f"{pid}\n".encode())
        _, status = os.waitpid(pid, 0)
        connection.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())
    os._exit(0)


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
