"""Runs that are disturbed in every way, each in a folder and a database of its own."""

from __future__ import annotations

import random
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from d1_engine import D1Engine
from d1_engine.gateway import Gateway

from .cut_bodies import CutBodies
from .d1_outage import D1Outage
from .database_replaced import D1Replaced, DatabaseReplaced
from .disk_fills import DiskFills, small_disk
from .disturbance import Disturbance
from .stop_and_continue import StopAndContinue
from .trial import Trial
from .vendor import Vendor

NAMES = ("cut bodies", "disk filling", "STOP and CONT", "database replaced", "D1 outage")
"""All kinds of disturbance, as the tables of the torture name them."""


@dataclass(frozen=True)
class Plan:
    """How runs are tortured. `engine`: where their databases are, unless they are SQLite files."""

    seed: str
    calls: int = 40
    lease_s: float = 1.0
    stop_s: float = 1.5
    longest_life_s: float = 0.25
    engine: D1Engine | None = None


@contextmanager
def disturbed_run(plan: Plan, folder: Path, kind: str) -> Generator[Trial]:
    """Prepare a run in a folder, for its life in this context. `kind`: of the provider."""
    moments = random.Random(plan.seed)
    work = folder / "work"
    work.mkdir(parents=True)
    with ExitStack() as stack:
        mounted = stack.enter_context(small_disk(work))
        # The meter is outside: it always has room.
        (folder / "meter").touch()
        (folder / "meter.jobs").mkdir()
        for name in ("meter", "meter.jobs"):
            (work / name).symlink_to(folder / name)
        trial = Trial(work, kind, plan.calls, moments, longest_life_s=plan.longest_life_s, longest_work_s=0.06)
        trial.keeps_every_answer = mounted
        trial.spare = (work if moments.random() < 0.5 else folder) / "spare"
        vendor = stack.enter_context(Vendor(work / "meter", random.Random(f"{plan.seed}/vendor")).open())
        disturbances: list[Disturbance] = [
            CutBodies(vendor),
            DiskFills(work, mounted=mounted),
            StopAndContinue(plan.lease_s, plan.stop_s),
        ]
        if plan.engine is None:
            disturbances.append(DatabaseReplaced(work / "clash.db", trial.rows_may_be_missing))
        else:
            disturbances += _on_d1(plan, trial, plan.engine, stack)
        trial.disturbances = disturbances
        yield trial


def _on_d1(plan: Plan, trial: Trial, engine: D1Engine, stack: ExitStack) -> list[Disturbance]:
    gateway = stack.enter_context(Gateway(engine).open())
    count = 0

    def replace() -> None:
        nonlocal count
        count += 1
        name = f"torture-{plan.seed.replace('/', '-')}-{count}"
        engine.make_database(name)
        trial.url = f"d1://{name}"
        trial.rows_may_be_missing()

    replace()
    return [D1Outage(gateway), D1Replaced(replace)]
