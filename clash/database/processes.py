"""The names of processes: whose lease or whose mark it is, and whether that process is known to have ended."""

from __future__ import annotations

import os
import secrets
import socket
from pathlib import Path


def _start_time(pid: int) -> str:
    """When a process of this host started, as its kernel counts it; "" where that cannot be known cheaply.

    "0", which no process has, for one that has ended and that its parent has not buried yet.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
    fields = stat.rpartition(")")[2].split()
    return "0" if fields[0] in ("Z", "X") else fields[19]


def _namespace() -> str:
    """Among which processes this one counts: containers can share a host's name, and each counts its own."""
    try:
        return str(Path("/proc/self/ns/pid").stat().st_ino)
    except OSError:
        return ""


def this_process() -> str:
    """The owner's name: host, process id, its namespace and start (a number may be used again), and a nonce."""
    pid = os.getpid()
    return f"{socket.gethostname()}/{pid}/{_namespace()}.{_start_time(pid)}/{secrets.token_hex(4)}"


def is_dead(owner: str) -> bool:
    """Whether the process of this owner is known to be gone. One of another host never is: it may be asleep."""
    host, _, rest = owner.rpartition("/")[0].partition("/")
    pid_text, _, identity = rest.partition("/")
    namespace, _, started = identity.partition(".")
    if (host, namespace) != (socket.gethostname(), _namespace()) or not pid_text.isdecimal() or os.name == "nt":
        return False
    pid = int(pid_text)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False
    return bool(started) and _start_time(pid) != started
