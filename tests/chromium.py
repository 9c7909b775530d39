"""A real Chromium for tests of the board, and a board with a folder of its own to look at.

`CLASH_TEST_CHROMIUM` names the browser, or it is found on the PATH; `CLASH_TEST_AXE` names axe-core's script. Where
they are missing tests skip; in CI they fail.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from filming import METERED, SMALL, Ran, clash, environment, forked, shot_list
from forks import Fork

WAIT_MS = 120_000
"""The longest wait of a browser: what it waits for comes sooner, but other tests share the processor."""
PHONE, DESKTOP = (390, 844), (1440, 900)


def found_or_skip(path: str | None, name: str) -> str:
    """Return a path that is there. Without it the test skips, but in CI it fails."""
    if path and Path(path).is_file():
        return path
    if os.environ.get("CI") == "true":
        pytest.fail(f"{name} is missing: .ci/run installs it")
    pytest.skip(f"{name} is not installed")


@contextmanager
def chromium() -> Generator[Any]:
    """A browser without a window."""
    path = found_or_skip(os.environ.get("CLASH_TEST_CHROMIUM") or shutil.which("chromium"), "chromium")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        found_or_skip(None, "playwright")
        raise
    with sync_playwright() as playwright:
        # Root, as which CI runs, may have no sandbox; the pages are the board's own.
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


def axe_script() -> str:
    """Return axe-core's script."""
    return Path(found_or_skip(os.environ.get("CLASH_TEST_AXE"), "axe-core")).read_text(encoding="utf-8")


@dataclass
class BoardRoom:
    """A folder with a database and metered models, and a board that shows it."""

    folder: Path
    changes: Mapping[str, str] = field(default_factory=dict[str, str])

    def __post_init__(self) -> None:
        """Make the folder, and start the board."""
        self.folder.mkdir()
        meter = {"METER": str(self.folder / "meter"), "METER_COST": "0.05", "METER_TAKES": "1"}
        self.env = environment(**meter, **self.changes)
        self._board = forked(self.folder, "board", "--port", "0", "--invite", env=self.env)
        told = [self._board.line() for _ in range(6)]
        self.links = [match[0] for line in told if (match := re.search(r"http://\S+/login\S+", line))]
        assert self.links, told
        self.url = self.links[0].partition("/login")[0]

    def close(self) -> None:
        """End the board."""
        self._board.kill()
        self._board.wait(30)

    def type(self, *arguments: str, **changes: str) -> Ran:
        """Type a command with `--json`."""
        return clash(self.folder, *arguments, "--json", env={**self.env, **changes})

    def ok(self, *arguments: str, **changes: str) -> dict[str, Any]:
        """Type a command that works; its document."""
        ran = self.type(*arguments, **changes)
        assert ran.code == 0, (arguments, ran.out, ran.err)
        return ran.document

    def story(self, name: str, shots: int = 3) -> str:
        """Write a story of so many shots; its name."""
        shot_list(self.folder / f"{name}.csv", shots, seconds=1.0, words=False)
        return f"{name}.csv"

    def begin(self, name: str, *flags: str, **changes: str) -> Fork:
        """Begin a run of a story in another process, with metered models."""
        arguments = ("run", self.story(name), "--thread", name, *SMALL, *METERED, *flags)
        return forked(self.folder, *arguments, env={**self.env, **changes})

    def resume(self, thread: str) -> Fork:
        """Go on with a run in another process."""
        return forked(self.folder, "resume", thread, env=self.env)

    def sha256(self, thread: str, kind: str) -> str:
        """Return the digest of the file of a kind that a run has one of."""
        (digest,) = (item["sha256"] for item in self.ok("assets", "ls", thread)["items"] if item["kind"] == kind)
        return digest

    def selected(self, thread: str) -> dict[str, int]:
        """Return the take of each slot that is in the film."""
        items = self.ok("takes", "ls", thread)["items"]
        return {item["slot"]: item["take"] for item in items if item["selected"]}

    def forked(self, source: str) -> tuple[str, str]:
        """Fork a run at two of its steps, with nothing left to make but the film; the new threads."""
        early, late = f"{source}-early", f"{source}-late"
        self.ok("fork", source, "--thread", early, "--step", "generate_shots", "--captions", "none")
        self.ok("fork", source, "--thread", late, "--step", "finalize", "--captions", "none")
        return early, late
