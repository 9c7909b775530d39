"""`clash gc` killed at random points beside runs and processes that name what it deletes; what is named is there.

Every sweep has work that nothing takes from it (garbage that is never named), so its death can be drawn from the
effects that this work surely has (`dying.py`): nearly every sweep that is to die does.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from filming import METERED, SMALL, Ran, environment, forked, forked_clash, metered, rows_of, shot_list
from forks import Fork

from clash import faults
from clash.assets import AssetStore
from clash.database import call_log
from clash.database.connection import open_database
from clash.database.lease import take_lease
from clash.database.metadata import AsyncMetadataTracker
from clash.database.named_files import named_files
from clash.database.rows import NewAsset
from clash.errors import ClashError

POINTS = tuple(point for point in faults.POINTS if point.startswith("gc."))
PRICE_MICRO = 10_000
_OLD_S = 30 * 86_400
_DYING = Path(__file__).parent / "dying.py"
_SURE = 5
"""Files in each sweep that are certainly deleted by it, if it does not die before."""


@dataclass
class Sweeps:
    """A folder with films, garbage, and a store in which everything was used last a month ago.

    `named`: what was named while a sweep was at work; `faults`: what is not as it must be.
    """

    folder: Path
    url: str
    moments: random.Random
    sweeps: int = 0
    kills: int = 0
    named: int = 0
    garbage: set[str] = field(default_factory=set[str])
    faults: list[str] = field(default_factory=list[str])
    _contents: dict[str, bytes] = field(default_factory=dict[str, bytes])
    _films: list[str] = field(default_factory=list[str])

    @property
    def assets(self) -> AssetStore:
        """The store."""
        return AssetStore(self.folder / "data" / "assets")

    def clash(self, *arguments: str, **changes: str) -> Ran:
        """Run a command to its end, or to its death."""
        return forked_clash(self.folder, *arguments, env=self._environment(**changes))

    def film(self, shots: int = 2) -> str:
        """Make a film that is paid for; return its thread."""
        thread = f"film-{len(self._films)}"
        story = shot_list(self.folder / f"{thread}.csv", shots, words=True, seconds=0.5)
        ran = self.clash("run", story.name, "--thread", thread, *SMALL, *METERED)
        if ran.code != 0:
            self.faults.append(f"{thread} ended with {ran.code}: {ran.err[-300:]}")
        self._films.append(thread)
        return thread

    def killed(self, at: Mapping[str, str]) -> None:
        """Let a sweep die (`at`: `CLASH_FAULT` or `DIES_AT`) while files are named that nothing had named."""
        self._add_garbage(2 * _SURE, named=False)
        self._add_garbage(2 * _SURE, named=True)
        self._add_leftover()
        self.age()
        script = [str(_DYING)] if "DIES_AT" in at else ["-m", "clash"]
        sweep = ("gc", "--yes", "--older-than", "1h")
        child = Fork([*script, *sweep], env=self._environment(**at), cwd=self.folder)
        asyncio.run(self._name_beside(lambda: child.poll() is not None))
        _, err = child.communicate(timeout=300)
        self.sweeps += 1
        code = child.wait(0)
        if code in (-signal.SIGKILL, 128 + signal.SIGKILL):
            self.kills += 1
        elif code != 0:
            self.faults.append(f"a sweep ended with {code}: {err[-300:]}")
        self.audit()

    def killed_beside_a_run(self, at: Mapping[str, str], shots: int = 2) -> None:
        """The same, while a film is made."""
        thread = f"film-{len(self._films)}"
        story = shot_list(self.folder / f"{thread}.csv", shots, words=True, seconds=0.5)
        beside = forked(self.folder, "run", story.name, "--thread", thread, *SMALL, *METERED, env=self._environment())
        self.killed(at)
        _, err = beside.communicate(timeout=300)
        if (code := beside.wait(0)) != 0:
            self.faults.append(f"{thread} ended with {code} beside a sweep: {err[-300:]}")
        self._films.append(thread)
        self.audit()

    def age(self) -> None:
        """Let everything in the store have been used last a month ago: what is named stays only for being named."""
        then = time.time() - _OLD_S
        for path in self.assets.root.rglob("*"):
            try:
                if path.is_file() and "databases" not in path.parts:
                    os.utime(path, (then, then))
            except FileNotFoundError:
                continue

    def end(self) -> None:
        """Let a sweep do all of its work, then use everything that is left."""
        self.age()
        ran = self.clash("gc", "--yes", "--older-than", "1h")
        if ran.code != 0:
            self.faults.append(f"the last sweep ended with {ran.code}: {ran.err[-300:]}")
        self.audit()
        left = {path.parent.name + path.name for path in self.assets.root.glob("[0-9a-f][0-9a-f]/*") if not path.suffix}
        if surplus := left - asyncio.run(self._named()):
            self.faults.append(f"{len(surplus)} files are left that nothing names")
        if trash := list((self.assets.root / "trash").glob("*")):
            self.faults.append(f"{len(trash)} files are left in the trash")
        for thread in self._films:
            self._expect(0, "resume", thread)
        first = self._films[0]
        self._expect(0, "retake", first, "shot:001", "--note", "closer")
        self._expect(0, "takes", "use", first, "shot:001", "1")
        self._expect(0, "fork", first, "--thread", "fork", "--step", "generate_shots")
        self._audit_money()

    def _expect(self, code: int, *arguments: str) -> None:
        ran = self.clash(*arguments)
        if ran.code != code:
            self.faults.append(f"{' '.join(arguments)} ended with {ran.code}: {ran.err[-400:]}")

    def audit(self) -> None:
        """Look for files that are named and missing, or damaged."""
        assets = self.assets
        for slot, sha256 in rows_of(
            self.url,
            "SELECT slot, sha256 FROM generated_assets UNION SELECT slot, asset_sha256 FROM api_logs"
            " WHERE state = 'succeeded'",
        ):
            if not assets.is_here(sha256):
                self.faults.append(f"{slot} is named and missing: {sha256[:12]}")
        for (settings,) in rows_of(self.url, "SELECT json_extract(settings, '$.story') FROM workflow_executions"):
            if settings and not assets.is_here(settings):
                self.faults.append(f"a story is missing: {settings[:12]}")

    def _audit_money(self) -> None:
        charged = len(metered(self.folder / "meter")) * PRICE_MICRO
        rows = rows_of(self.url, "SELECT sum(cost_micro) FROM api_logs")[0][0]
        spent, held = rows_of(self.url, "SELECT sum(spent_micro), sum(reserved_micro) FROM workflow_executions")[0]
        if not charged == rows == spent or held:
            self.faults.append(f"charged {charged}, the rows say {rows}, the runs {spent}, held {held}")

    # -- beside a sweep --------------------------------------------------------------------------------------

    def _add_garbage(self, count: int, *, named: bool) -> None:
        """Put files that nothing names into the store. `named`: some of them will be, beside a sweep."""
        for _ in range(count):
            content = self.moments.randbytes(200)
            sha256 = self.assets.put(content)
            if named:
                self.garbage.add(sha256)
                self._contents[sha256] = content

    def _add_leftover(self) -> None:
        """Put a temporary file into the store, as a process leaves it that dies while it writes."""
        folder = self.assets.root / "ab"
        folder.mkdir(exist_ok=True)
        (folder / f".{self.moments.randbytes(4).hex()}.{self.moments.randbytes(4).hex()}.part").write_bytes(b"x")

    async def _name_beside(self, over: Callable[[], bool]) -> None:
        assets, run = self.assets, f"namer-{self.kills}-{len(self._contents)}"
        async with open_database(self.url, "write") as database:
            database.find_file = assets.keep
            await AsyncMetadataTracker(database).start_workflow(run, "names")
            lease = await take_lease(database, run)
            while not over():
                if not self.garbage:
                    self._add_garbage(5, named=True)
                    await asyncio.sleep(0.01)
                    continue
                sha256 = self.moments.choice(sorted(self.garbage))
                await asyncio.to_thread(assets.put, self._contents[sha256])
                row = NewAsset(
                    "s",
                    f"file:{sha256[:8]}",
                    "keyframe",
                    "image/png",
                    sha256,
                    "x",
                    1,
                    {},
                    0,
                    "2026-11-27T00:00:00.000Z",
                )
                try:
                    await database.batch([call_log.insert_asset(lease, row)])
                except ClashError as error:
                    self.faults.append(f"{sha256[:12]} could not be named: {error.message}")
                else:
                    self.garbage.discard(sha256)
                    self.named += 1
                await asyncio.sleep(self.moments.uniform(0, 0.2))

    async def _named(self) -> set[str]:
        async with open_database(self.url, "read") as database:
            return {sha256 async for page in named_files(database) for sha256 in page}

    def _environment(self, **changes: str) -> dict[str, str]:
        cloudflare = {name: value for name, value in os.environ.items() if name.startswith("CLOUDFLARE_")}
        meter = {"METER": str(self.folder / "meter"), "METER_COST": "0.01"}
        return environment(DATABASE_URL=self.url, **meter, **cloudflare, **changes)


def deaths(moments: random.Random, count: int) -> list[dict[str, str]]:
    """Return so many ways to die: every fault point in turn, then effects and moments that no point names."""
    return [
        {"CLASH_FAULT": _passing(moments, POINTS[number])} if number < len(POINTS) else _drawn(moments, number)
        for number in range(count)
    ]


def _drawn(moments: random.Random, number: int) -> dict[str, str]:
    if number % 3 == 0:
        return {"CLASH_FAULT": _passing(moments, moments.choice(POINTS))}
    later = f"+{moments.uniform(0, 0.01):.4f}" if number % 3 == 1 else ""
    return {"DIES_AT": f"{moments.randrange(1, 2 * _SURE + 4)}{later}"}


def _passing(moments: random.Random, point: str) -> str:
    """A point, and the passing of it at which to die: only one is passed once per file."""
    return f"{point}:{moments.randint(1, _SURE)}" if point == "gc.moved" else point
