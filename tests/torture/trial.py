"""One run, killed and disturbed at random moments until it is made, and its books after each of them."""

from __future__ import annotations

import json
import os
import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from forks import Fork

from .books import PRICE_USD, SOUND_BYTES, Books
from .disturbance import Disturbance, Draw

WORKER = Path(__file__).parent / "worker.py"
ANSWERS_MAY_BREAK = {"answer_lost"}
"""With one of these codes a process may end whose answers broke off on their way."""
PLUGINS = Path(__file__).parent.parent / "plugins"


def worker_environment(folder: Path, **changes: str) -> dict[str, str]:
    """A child's environment: tiny sounds at a cent each, in the folder's own meter."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("CLASH_", "METER"))}
    fixed = {"PYTHONPATH": str(PLUGINS), "METER": str(folder / "meter"), "METER_TINY": str(SOUND_BYTES)}
    fixed["METER_COST"] = PRICE_USD
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

    `url`: of its database, if that is not a file in the folder. `disturbances`: what befalls its processes besides
    kills. `spare`: the folder for answers that find no room. `keeps_every_answer`: there is always a disk that takes
    one, sooner or later.
    """

    folder: Path
    kind: str
    count: int
    moments: random.Random
    longest_life_s: float = 0.25
    longest_work_s: float = 0.02
    url: str = ""
    disturbances: Sequence[Disturbance] = ()
    spare: Path | None = None
    keeps_every_answer: bool = True
    kills: int = 0
    kills_before_ready: int = 0
    processes: int = 0
    asked_about: int = 0
    faults: list[str] = field(default_factory=list[str])
    twice: list[str] = field(default_factory=list[str])
    lost: list[str] = field(default_factory=list[str])
    _receipts: dict[str, str] = field(default_factory=dict[str, str])
    _answered: set[str] = field(default_factory=set[str])
    _consented: dict[str, str] = field(default_factory=dict[str, str])
    _final: Books | None = None
    _rows_may_be_missing: bool = False
    _ended_with: int = 0
    _first_line: str = ""

    def run(self, kills: int) -> Trial:
        """Kill it so often, or until it is made; then let it be made, with consent where it asks; then audit."""
        consent, self._draw = False, Draw(self.disturbances, self.moments)
        while self.kills < kills:
            if self._killed(consent=consent):
                consent = False
                continue
            code = self._ended_with
            if code == 0:
                break
            consent = code == 8
        code = 8
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
        """Start a process, disturb it perhaps, and kill it; False if it had ended before, with `_ended_with`."""
        # Nobody consents to what is not told: the rows of a database that was replaced are restored first.
        consent = consent and not self._rows_may_be_missing
        if consent:
            self._consent()
        disturbance = self._draw.next()
        child = self._start(disturbance, consent=consent)
        early = self.moments.random() < 0.15
        if early:
            time.sleep(self.moments.uniform(0, 0.3))
        else:
            self._wait_until_ready(child)
            child.ends_within(self.moments.uniform(0, self.longest_life_s))
            if disturbance is not None and child.poll() is None:
                self._disturb(disturbance, child)
        if child.poll() is None and (disturbance is None or early or self.moments.random() < 0.7):
            self.kill(child)
            self.kills_before_ready += early
        if disturbance is not None:
            disturbance.relent()
        killed = child.poll() == -9
        if not killed:
            self._ended_with = self.end(child, disturbance.codes if disturbance is not None else frozenset())
        for kind in self.disturbances:
            kind.after(self)
        return killed

    def _disturb(self, disturbance: Disturbance, child: Fork) -> None:
        before = disturbance.happened
        disturbance.strike(self, child)
        if disturbance.happened > before:
            self._draw.came_about(disturbance)

    def _to_the_end(self, *, consent: bool) -> int:
        if consent:
            self._consent()
        child = self._start(consent=consent)
        self._wait_until_ready(child)
        return self.end(child)

    def _wait_until_ready(self, child: Fork) -> None:
        self._first_line = child.line()
        if self._first_line == "ready\n":
            # It has restored what its database had lost.
            self._rows_may_be_missing = False
            self._first_line = ""

    def _start(self, disturbance: Disturbance | None = None, *, consent: bool = False) -> Fork:
        self.processes += 1
        options = (*self._common, *(disturbance.options() if disturbance else ()), *(("--consent",) if consent else ()))
        delay = f"{self.moments.uniform(0, self.longest_work_s):.4f}"
        changes = disturbance.environment() if disturbance else {}
        return start(self.folder, self.kind, self.count, *options, url=self.url, METER_DELAY=delay, **changes)

    @property
    def _common(self) -> tuple[str, ...]:
        return () if self.spare is None else ("--spare", str(self.spare))

    def start_another(self, *options: str) -> Fork:
        """Start another process on the same run."""
        self.processes += 1
        return start(self.folder, self.kind, self.count, *self._common, *options, url=self.url)

    def kill(self, child: Fork) -> None:
        """Kill a process, count it, and look into the books."""
        child.kill()
        child.communicate()
        if child.poll() == -9:
            self.kills += 1
            self._look()

    def end(self, child: Fork, codes: frozenset[str] = frozenset(), *, alone: bool = True) -> int:
        """Wait for the end of a process, which may fail with these error codes; return its exit code.

        `alone`: no other process is alive.
        """
        out, err = child.communicate()
        if alone:
            # An error before it was ready.
            out, self._first_line = self._first_line + out, ""
        code = child.wait(0)
        if code not in (0, 8) and not _codes_of(out) <= codes | {"unknown_call"}:
            self.faults.append(f"a process ended with {code}: {out[-1500:]}{err[-2000:]}")
        self._look(answers_are_kept=alone and self.keeps_every_answer and not codes & ANSWERS_MAY_BREAK)
        return code

    def rows_may_be_missing(self) -> None:
        """The database was lost or replaced: until a process has restored them, rows of paid calls may be missing."""
        self._rows_may_be_missing = True

    # -- books -----------------------------------------------------------------------------------------------

    def books(self) -> Books:
        """Both accounts as they are now, or as they were at the end."""
        return self._final or Books.of(self.folder, self.url)

    def _consent(self) -> None:
        """What is unknown now, and was told by the process before, may be made again."""
        for row in self.books().rows:
            if row["state"] == "unknown":
                self._consented.setdefault(row["token"], row["slot"])

    def _look(self, *, answers_are_kept: bool = False) -> None:
        """Audit the books. `answers_are_kept`: each answer that came since the last time must be somewhere."""
        books = self.books()
        if answers_are_kept:
            self.lost += [f"the answer {key}" for key in books.answered if self._is_nowhere(key, books)]
        # A process that was killed may have taken with it what it had only just been answered.
        self._answered.update(books.answered)
        self.faults += books.faults(complete=not self._rows_may_be_missing)
        self._receipts.update(books.receipts)

    def _is_nowhere(self, key: str, books: Books) -> bool:
        row = books.paid_row(key)
        if key in self._answered or row is None or row["state"] not in ("intent", "submitted", "unknown"):
            return False
        token = str(row["token"])
        return token not in books.receipts and (self.spare is None or not (self.spare / f"{token}.json").exists())

    def _audit_the_end(self) -> None:
        books = self.books()
        self.faults += books.faults_at_the_end()
        allowed = Counter(f"speech:{slot}" for slot in self._consented.values())
        for slot, count in Counter(slot for _, slot in books.charges).items():
            if count > 1 + (allowed[slot] if self.kind != "metered" else 0):
                self.twice.append(slot)
        succeeded = {row["token"]: row["asset_sha256"] for row in books.rows if row["state"] == "succeeded"}
        self.lost += [token for token, digest in self._receipts.items() if succeeded.get(token) != digest]
        self.lost += [f"the file of {slot}" for slot in books.damaged_files()]
        made = {row["slot"].partition("#")[0] for row in books.rows if row["state"] == "succeeded"}
        if len(made) != self.count:
            self.faults.append(f"{len(made)} of {self.count} are made")
        self.asked_about = len(self._consented)
        # Its disk may be gone when the figures are printed.
        self._final = books


def _codes_of(out: str) -> set[str]:
    """The error codes that a worker names in its last line; one that no error has, if that is not JSON."""
    try:
        told = json.loads(out.splitlines()[-1])
    except (ValueError, IndexError):
        return {"crashed"}
    return {str(told["error"])} if "error" in told else set(told["errors"])
