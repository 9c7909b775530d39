"""A vendor on this machine that charges a run's meter before it answers, and breaks off some of its answers."""

from __future__ import annotations

import base64
import json
import random
import secrets
import socket
import struct
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from .books import sound_of

ADDRESS = "TORTURE_VENDOR"
"""The variable that leads a worker here; `wire.py` reads it."""
CUT_SHARE = 0.3
_STALL_SHARE = 0.05
_STALL_S = 3.0
_LONGEST_WORK_S = 0.05


class Vendor:
    """Answers `wire.py`. `cuts`: how many answers it broke off, at any byte, by an end, a reset or a stall."""

    def __init__(self, meter: Path, draws: random.Random) -> None:
        self.cuts = 0
        self.url = ""
        self._meter = meter
        self._draws = draws
        self._lock = threading.Lock()

    @contextmanager
    def open(self) -> Generator[Vendor]:
        """Serve on a free port."""
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        server.daemon_threads = True
        server.handle_error = lambda *_: None  # type: ignore[method-assign] # the client was killed
        self.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            thread.join()
            server.server_close()

    def answer(self, path: str, body: dict[str, str]) -> dict[str, str]:
        """Do what is asked for, and charge it before it is answered."""
        kind, *rest = path.strip("/").split("/")
        with self._lock:
            pause = self._draws.uniform(0, _LONGEST_WORK_S)
        if rest:
            slot = str(json.loads(self._job(rest[0]).read_text(encoding="utf-8"))["slot"])
            return {} if len(rest) == 1 else _sound(slot)
        if kind == "queued":
            job = secrets.token_hex(8)
            self._job(job).parent.mkdir(exist_ok=True)
            described = {"slot": body["slot"], "media_type": "audio/wav", "facts": {"duration_s": 0.05}, "polls": 0}
            self._job(job).write_text(json.dumps(described), encoding="utf-8")
            self._charge(job, body["slot"])
            time.sleep(pause)
            return {"job": job}
        self._charge(body["key"], body["slot"], once=kind == "metered")
        time.sleep(pause)
        return _sound(body["slot"])

    def cut_of(self, size: int) -> tuple[int, str] | None:
        """Draw after how many bytes an answer breaks off, and how; None if it is sent completely."""
        with self._lock:
            if self._draws.random() > CUT_SHARE:
                return None
            self.cuts += 1
            how = "stall" if self._draws.random() < _STALL_SHARE else self._draws.choice(["end", "reset"])
            return self._draws.randrange(size), how

    def _job(self, job: str) -> Path:
        return Path(f"{self._meter}.jobs") / f"{job}.json"

    def _charge(self, key: str, slot: str, *, once: bool = False) -> None:
        with self._lock:
            lines = self._meter.read_text(encoding="utf-8").splitlines() if self._meter.exists() else []
            if not once or f"charge {key} {slot}" not in lines:
                with self._meter.open("a", encoding="utf-8") as meter:
                    meter.write(f"charge {key} {slot}\n")


def _sound(slot: str) -> dict[str, str]:
    return {"sound": base64.b64encode(sound_of(slot)).decode()}


def _handler(vendor: Vendor) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.answer({})

        def do_POST(self) -> None:
            self.answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        def answer(self, body: dict[str, str]) -> None:
            content = json.dumps(vendor.answer(self.path, body)).encode()
            head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
            if len(content) % 2:
                whole = f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content
            else:
                chunk = f"{len(content):x}\r\n".encode() + content + b"\r\n0\r\n\r\n"
                whole = f"{head}Transfer-Encoding: chunked\r\n\r\n".encode() + chunk
            cut = vendor.cut_of(len(whole))
            with suppress(OSError):  # who asked was killed
                self.wfile.write(whole if cut is None else whole[: cut[0]])
                if cut is not None:
                    self.break_off(cut[1])

        def break_off(self, how: str) -> None:
            self.close_connection = True
            if how == "stall":
                time.sleep(_STALL_S)
            elif how == "reset":
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    return Handler
