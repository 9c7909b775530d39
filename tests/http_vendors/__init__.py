"""Emulators of vendors with an HTTP API: strict servers on loopback, each written from its vendor's documentation.

A vendor here refuses what its documentation does not know: an unknown field, a missing header, a value outside of its
limits. It keeps a journal of what it charged, and can be told to fail: see `Fault`.
"""

from __future__ import annotations

import json
import re
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, Literal
from urllib.parse import parse_qs, urlsplit

Fault = Literal[
    "rate_limit", "refuse_content", "no_credit", "lost", "cut_body", "fail", "refuse_result", "expire", "cut_file"
]
"""What goes wrong, once each time it is asked for.

Of a call: too many requests; content refused; no credit; the answer is lost, or cut short, after the charge. Of a job:
it fails; what it made is refused. Of a file: its address has expired; it breaks off.
"""
KEY = "key-of-the-tests-0123456789"


@dataclass(frozen=True)
class Charge:
    """Something that was charged: what for, and how much."""

    model: str
    usd: Decimal


@dataclass
class Refusal(Exception):
    """A refusal in the vendor's own form."""

    status: int
    body: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Asked:
    """A request as a vendor sees it."""

    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: dict[str, Any]
    parts: tuple[str, ...]


@dataclass
class Job:
    """A job that a vendor has taken."""

    model: str
    usd: Decimal
    looks: int = 0
    fault: Fault | None = None
    asked: dict[str, Any] = field(default_factory=dict)


class Hangup(Exception):
    """The connection breaks: after these bytes of the body."""

    def __init__(self, part: bytes = b"") -> None:
        self.part = part


Route = Callable[["Vendor", Asked], Any]


def route(method: str, pattern: str) -> Callable[[Any], Any]:
    """Say which requests a method answers; groups of the pattern are `Asked.parts`."""

    def marked(function: Any) -> Any:
        function.route = (method, re.compile(pattern))
        return function

    return marked


class Vendor(ABC):
    """A vendor at `url`. Subclasses have the routes, and say how an error looks."""

    prefix: ClassVar[str] = ""
    variables: ClassVar[tuple[str, str]] = ("", "")
    """The variables of the key and of the address."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files = files
        self.journal: list[Charge] = []
        self.requests: list[str] = []
        self.bodies: list[dict[str, Any]] = []
        self.jobs: dict[str, Job] = {}
        self.looks = 1
        """At which look a job is done."""
        self.held = False
        """Whether no job ends, so that a process can be killed while it waits."""
        self._faults: list[Fault] = []
        self._lock = threading.Lock()
        self.url = ""

    @property
    def environment(self) -> dict[str, str]:
        """The variables that lead clash here."""
        key, base = self.variables
        return {key: KEY, base: f"{self.url}{self.prefix}", "CLASH_ALLOW_HOSTS": self.url.removeprefix("http://")}

    @property
    def charged(self) -> Decimal:
        """All that was charged, in dollars."""
        return sum((charge.usd for charge in self.journal), Decimal(0))

    def fault(self, kind: Fault, times: int = 1) -> None:
        """Let this go wrong, so often."""
        self._faults += [kind] * times

    def due(self, *kinds: Fault) -> Fault | None:
        """Take a fault of these kinds, if one is to happen."""
        found = next((one for one in self._faults if one in kinds), None)
        if found is not None:
            self._faults.remove(found)
        return found

    def charge(self, model: str, usd: Decimal) -> None:
        """Write down a charge; then lose the answer, if that is to happen."""
        self.journal.append(Charge(model, usd))
        if self.due("lost"):
            raise Hangup

    def take(self, job_id: str, model: str, usd: Decimal, asked: dict[str, Any]) -> str:
        """Take a job, charged when it is taken unless it will fail."""
        fault = self.due("fail", "refuse_result")
        self.jobs[job_id] = Job(model, usd, fault=fault, asked=asked)
        if fault is None:
            self.charge(model, usd)
        return job_id

    def looked_at(self, job_id: str) -> Literal["queued", "running", "done"]:
        """How a job stands at this look."""
        job = self.jobs[job_id]
        job.looks += 1
        if self.held or job.looks < self.looks:
            return "queued" if job.looks == 1 else "running"
        return "done"

    def file_url(self, name: str) -> str:
        """Where a file is fetched."""
        return f"{self.url}/files/{name}"

    # -- the server ------------------------------------------------------------------------------------------

    def answer(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        """Answer a request: status, headers, body. Raises `Hangup`."""
        address = urlsplit(target)
        with self._lock:
            self.requests.append(f"{method} {address.path}")
            if address.path.startswith("/files/"):
                return self._file(address.path.removeprefix("/files/"))
            query = {name: values[0] for name, values in parse_qs(address.query).items()}
            for name in dir(type(self)):
                found = getattr(getattr(type(self), name), "route", None)
                match = found[1].fullmatch(address.path.removeprefix(self.prefix)) if found else None
                if found and match and found[0] == method and address.path.startswith(self.prefix):
                    return self._json(getattr(self, name), Asked(headers, query, _parsed(body), match.groups()))
        return 404, {}, b"<html>not found</html>"

    def _json(self, function: Any, asked: Asked) -> tuple[int, dict[str, str], bytes]:
        try:
            self.check_headers(asked)
            self.bodies.append(asked.body)
            status, body, headers = 200, function(asked), dict[str, str]()
        except Refusal as refusal:
            status, body, headers = refusal.status, refusal.body, dict(refusal.headers)
        content = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        if status == 200 and asked.body and self.due("cut_body"):
            raise Hangup(content[: len(content) // 2])
        kind = "application/octet-stream" if isinstance(body, bytes) else "application/json"
        return status, {"content-type": kind, **headers}, content

    def _file(self, name: str) -> tuple[int, dict[str, str], bytes]:
        if self.due("expire"):
            return 403, {"content-type": "application/xml"}, b"<Error><Code>AccessDenied</Code></Error>"
        content = self.files[name]
        return 200, {}, content[: len(content) // 2] if self.due("cut_file") else content

    @abstractmethod
    def check_headers(self, asked: Asked) -> None:
        """Refuse a wrong or missing key. `Refusal`."""


def check_fields(body: Mapping[str, Any], required: Mapping[str, Any], optional: Mapping[str, Any]) -> str | None:
    """Say what is wrong with an object: a field that is missing, unknown, or of another type or value."""
    for name, value in body.items():
        wanted = required.get(name, optional.get(name))
        if wanted is None:
            return f"unknown field {name}"
        if isinstance(wanted, type | tuple) and all(isinstance(one, type) for one in _as_tuple(wanted)):
            if not isinstance(value, wanted) or (isinstance(value, bool) and bool not in _as_tuple(wanted)):
                return f"field {name} has the wrong type"
        elif value not in wanted:
            return f"field {name} is not one of {wanted}"
    return next((f"missing field {name}" for name in required if name not in body), None)


def _as_tuple(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


def _parsed(body: bytes) -> dict[str, Any]:
    return json.loads(body) if body else {}


@contextmanager
def served(vendor: Vendor) -> Generator[Vendor]:
    """Serve a vendor on a free port of loopback."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _any(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            try:
                status, extra, content = vendor.answer(self.command, self.path, headers, body)
            except Hangup as hangup:
                if hangup.part:
                    self.send_response(200)
                    self.send_header("content-length", str(len(hangup.part) * 2))
                    self.end_headers()
                    self.wfile.write(hangup.part)
                self.close_connection = True
                return
            self.send_response(status)
            for name, value in {**extra, "content-length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_HEAD = _any

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    vendor.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield vendor
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
