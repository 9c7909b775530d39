"""The vendors on this machine: npm `@copilotkit/aimock` as a child process, and a store of real files beside it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from from_npm import ProgramMissing, kept, unpacked
from plain_http import NO_CERTIFICATES

HERE = Path(__file__).parent
PACKAGE = "@copilotkit/aimock"
VERSION = "1.43.0"
SHA512 = "V8D8cjSMtAR4rHaD2ulp3DR/ZguXQjDNOqwKDNvjb/OJL/KR1I0SDf5xpRCd+TYKjhmf9fM8Xpg3QBKPmV9Kmw=="


@dataclass(frozen=True)
class Emulator:
    """A running emulator at `url`; what its file store has is in the folder `files`."""

    url: str
    files: Path

    @property
    def environment(self) -> dict[str, str]:
        """The variables that lead clash here. The keys are none."""
        return {
            "OPENAI_API_KEY": "sk-of-the-tests-0123456789",
            "OPENAI_BASE_URL": f"{self.url}/v1",
            "FAL_KEY": "key-of-the-tests:0123456789",
            "FAL_BASE_URL": f"{self.url}/fal",
            "CLASH_ALLOW_HOSTS": self.url.removeprefix("http://"),
        }

    def file(self, name: str, content: bytes) -> str:
        """Put a file into the store; its address."""
        (self.files / name).write_bytes(content)
        return f"{self.url}/files/{name}"

    def answers(self, *fixtures: Mapping[str, Any]) -> None:
        """Fixtures of aimock; they override those that are there."""
        self._post("__emulator/fixtures", list(fixtures))

    def fault(self, path: str, action: str, *, times: int = 1, **facts: Any) -> None:
        """A fault of the next `times` requests whose path matches; see emulator.mjs."""
        self._post("__emulator/faults", [{"path": path, "action": action, "times": times, **facts}])

    def peace(self) -> None:
        """No faults any more."""
        self._post("__emulator/peace", {})

    def chaos(self, **rates: float) -> None:
        """aimock's own faults for every request: `rateLimitRate`, `malformedRate`, `disconnectRate`, `latencyMs`."""
        self._post("__aimock/chaos", rates)

    def calm(self) -> None:
        """No chaos any more."""
        httpx.delete(f"{self.url}/__aimock/chaos", verify=NO_CERTIFICATES).raise_for_status()

    def reset(self) -> None:
        """Forget fixtures, faults, jobs and the journal."""
        self._post("__emulator/reset", {})

    def journal(self) -> list[dict[str, Any]]:
        """Every request that reached a vendor, in order."""
        return list(httpx.get(f"{self.url}/__aimock/journal", verify=NO_CERTIFICATES).json())

    def fetched(self) -> list[str]:
        """The files that were fetched, in order."""
        return list(httpx.get(f"{self.url}/__emulator/fetched", verify=NO_CERTIFICATES).json())

    def seeds(self) -> list[int | None]:
        """The seed of every request of JSON to a vendor, in order."""
        return list(httpx.get(f"{self.url}/__emulator/seeds", verify=NO_CERTIFICATES).json())

    def submits(self) -> list[dict[str, Any]]:
        """The calls that cost money: chats, pictures, jobs handed in."""
        paid = ("/v1/chat/completions", "/v1/images/", "/fal/")
        return [entry for entry in self.journal() if entry["method"] == "POST" and str(entry["path"]).startswith(paid)]

    def _post(self, path: str, value: object) -> None:
        httpx.post(f"{self.url}/{path}", json=value, verify=NO_CERTIFICATES).raise_for_status()

    @classmethod
    @contextmanager
    def start(cls, files: Path) -> Generator[Emulator]:
        """Start one on a free port. Raises `ProgramMissing`."""
        node, package = _node(), aimock()
        process = subprocess.Popen(
            [node, HERE / "emulator.mjs", package, files], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        try:
            assert process.stdout is not None
            port = process.stdout.readline().strip()
            if not port:
                raise ProgramMissing("the emulator did not start; it needs Node 20.15 or newer")
            yield cls(f"http://127.0.0.1:{port}", files)
        finally:
            process.terminate()
            process.wait(10)
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    stream.close()


def _node() -> str:
    node = shutil.which("node")
    if node is None:
        raise ProgramMissing("install Node 20.15 or newer: the emulator of vendors runs on it")
    return node


def aimock() -> Path:
    """The emulator's folder, fetched from npm if it is not here yet. Raises `ProgramMissing`."""
    if given := os.environ.get("CLASH_AIMOCK"):
        return Path(given)
    folder = kept(f"aimock-{VERSION}-{SHA512[:8].replace('/', '_')}")
    if not folder.exists():
        with unpacked(PACKAGE, VERSION, SHA512, beside=folder, variable="CLASH_AIMOCK") as package:
            if not folder.exists():
                package.replace(folder)
    return folder


def paths(entries: Sequence[Mapping[str, Any]]) -> list[str]:
    """Where requests of the journal went."""
    return [str(entry["path"]) for entry in entries]
