"""One run, killed at random moments until it is made, and its books after each of them."""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from forks import Fork

from .books import PRICE_USD, Books

WORKER = Path(__file__).parent / "worker.py"
PLUGINS = Path(__file__).parent.parent / "plugins"


def worker_environment(folder: Path, **changes: str) -> dict[str, str]:
    """A child's environment: tiny sounds at a cent each, in the folder's own meter."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("CLASH_", "METER"))}
    fixed = {"PYTHONPATH": str(PLUGINS), "METER": str(folder / "meter"), "METER_TINY": "800", "METER_COST": PRICE_USD}
    return {**kept, **fixed, **changes}


def start(folder: Path, kind: str, count: int, *options: str, url: str = "", **changes: str) -> Fork:
    """A worker on the folder's run. `url`: of its database, if that is not a file in the folder."""
    return Fork(
        [str(WORKER), str(folder), kind, str(count), *options],
        env=worker_environment(folder, TORTURE_DATABASE_URL=url, **changes),
    )


@dataclass
class Trial:
    """One run of `count` calls. `twice`: slots charged again without consent; `lost`: results lost after a receipt.

    `url`: of its database, if that is not a file in the folder.
    """

    folder: Path
    kind: str
    count: int
    moments: random.Random
    longest_life_s: float = 0.25
    url: str = ""
    kills: int = 0
    kills_before_ready: int = 0
    processes: int = 0
    asked_about: int = 0
    faults: list[str] = field(default_factory=list[str])
    twice: list[str] = field(default_factory=list[str])
    lost: list[str] = field(default_factory=list[str])
    _receipts: dict[str, str] = field(default_factory=dict[str, str])
    _consented: dict[str, str] = field(default_factory=dict[str, str])

    def run(self, kills: int) -> Trial:
        """Kill it so often, or until it is made; then let it be made, with consent where it asks; then audit."""
        consent = False
        while self.kills < kills:
            if self._killed(consent=consent):
                consent = False
                continue
            code = self._ended_with
            if code == 0:
                break
            consent = code == 8
        for _ in range(20):
            code = self._to_the_end(consent=False)
            if code != 8:
                break
            self._to_the_end(consent=True)
        if code != 0:
            self.faults.append(f"it ended with {code}")
        self._audit_the_end()
        return self

    # -- processes -------------------------------------------------------------------------------------------

    def _killed(self, *, consent: bool) -> bool:
        """Start a process and kill it; False if it had ended before, with `_ended_with`."""
        if consent:
            self._consent()
        child = self._start(consent=consent)
        early = self.moments.random() < 0.15
        if early:
            time.sleep(self.moments.uniform(0, 0.3))
        else:
            child.line()
            time.sleep(self.moments.uniform(0, self.longest_life_s))
        if child.poll() is None:
            child.kill()
            child.communicate()
            self.kills += 1
            self.kills_before_ready += early
            self._look()
            return True
        self._ended_with = self._end(child)
        return False

    def _to_the_end(self, *, consent: bool) -> int:
        if consent:
            self._consent()
        return self._end(self._start(consent=consent))

    def _start(self, *, consent: bool) -> Fork:
        self.processes += 1
        options = ("--consent",) if consent else ()
        delay = f"{self.moments.uniform(0, 0.02):.4f}"
        return start(self.folder, self.kind, self.count, *options, url=self.url, METER_DELAY=delay)

    def _end(self, child: Fork) -> int:
        out, err = child.communicate()
        code = child.wait(0)
        if code not in (0, 8):
            self.faults.append(f"a process ended with {code}: {out[-500:]}{err[-2000:]}")
        self._look()
        return code

    # -- books -----------------------------------------------------------------------------------------------

    def books(self) -> Books:
        """Both accounts as they are now."""
        return Books.of(self.folder, self.url)

    def _consent(self) -> None:
        """What is unknown now, and was told by the process before, may be made again."""
        for row in self.books().rows:
            if row["state"] == "unknown":
                self._consented.setdefault(row["token"], row["slot"])

    def _look(self) -> None:
        books = self.books()
        self.faults += books.faults()
        self._receipts.update(books.receipts)

    def _audit_the_end(self) -> None:
        books = self.books()
        self.faults += books.faults_at_the_end()
        allowed = Counter(f"speech:{slot}" for slot in self._consented.values())
        for slot, count in Counter(slot for _, slot in books.charges).items():
            if count > 1 + (allowed[slot] if self.kind != "metered" else 0):
                self.twice.append(slot)
        succeeded = {row["token"]: row["asset_sha256"] for row in books.rows if row["state"] == "succeeded"}
        self.lost += [token for token, digest in self._receipts.items() if succeeded.get(token) != digest]
        made = {row["slot"] for row in books.rows if row["state"] == "succeeded"}
        if len(made) != self.count:
            self.faults.append(f"{len(made)} of {self.count} are made")
        self.asked_about = len(self._consented)
