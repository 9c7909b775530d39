"""A short torture: SIGKILLs at random moments, and every other disturbance. The long one is `tests/torture`."""

from __future__ import annotations

import random
import secrets
import sys
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from d1_engine import D1Engine
from d1_engine.gateway import Gateway
from torture.disturbance import counts
from torture.runs import NAMES, Plan, disturbed_run
from torture.trial import Trial

KILLS = 40
CALLS = 40
RUNS = ("metered", "oneshot", "queued", "oneshot", "queued")
KILLS_ON_D1 = 12
CALLS_ON_D1 = 15
RUNS_ON_D1 = ("metered", "oneshot", "queued")
ROUNDS = 12
"""How often more runs are made, if what the test needs has not come about."""


def torture(trials: Sequence[Trial], kills: int) -> None:
    """Kill each of the runs so often, let it be made, and check what was promised."""
    for trial in trials:
        trial.folder.mkdir()
    with ThreadPoolExecutor(2) as pool:
        for future in [pool.submit(trial.run, kills) for trial in trials]:
            future.result()
    for trial in trials:
        assert trial.faults == [], trial.kind
        assert trial.twice == [], f"{trial.kind}: charged twice without consent"
        assert trial.lost == [], f"{trial.kind}: lost after the receipt"


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is a POSIX thing")
def test_forty_kills_cost_nothing_and_lose_nothing(tmp_path: Path) -> None:
    """Nothing charged twice without consent, no result lost after its receipt, the sums those of the meter."""
    trials: list[Trial] = []
    # A fast machine makes a run before it has been killed so often, or between its calls: then there are more runs.
    for _ in range(ROUNDS):
        numbers = enumerate(RUNS, start=len(trials))
        batch = [
            Trial(
                tmp_path / f"{number}-{kind}",
                kind,
                CALLS,
                random.Random(f"{number}"),
                longest_life_s=0.15,
                longest_work_s=0.05,
            )
            for number, kind in numbers
        ]
        torture(batch, KILLS // len(RUNS) + 2)
        trials += batch
        unknown = sum(len(trial.books().charges_of_unknown()) for trial in trials)
        if unknown and sum(trial.kills for trial in trials) >= KILLS:
            return
    pytest.fail("too few kills, or none between a charge and its answer: the torture proves nothing")


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is a POSIX thing")
def test_a_dozen_kills_on_d1_cost_nothing_and_lose_nothing(
    d1_engine: D1Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same on Cloudflare's engine, where what a killed process had sent may still arrive after its death.

    Three of ten requests are turned away as too many (HTTP 429), several in a row.
    """
    with Gateway(d1_engine).open() as gateway:
        gateway.storms = True
        for variable, value in gateway.environment.items():
            monkeypatch.setenv(variable, value)
        trials: list[Trial] = []
        for number in range(ROUNDS):
            (tmp_path / str(number)).mkdir()
            trials += torture_on_d1(d1_engine, tmp_path / str(number))
            if sum(trial.kills for trial in trials) >= KILLS_ON_D1 and gateway.turned_away > 30:
                return
    pytest.fail("the runs ended before they were killed so often")


def torture_on_d1(d1_engine: D1Engine, tmp_path: Path) -> list[Trial]:
    """A run of each kind, each in a database of its own."""
    trials: list[Trial] = []
    for kind in RUNS_ON_D1:
        name = f"torture-{kind}-{secrets.token_hex(8)}"
        d1_engine.make_database(name)
        moments = random.Random(f"d1/{kind}")
        trials.append(Trial(tmp_path / kind, kind, CALLS_ON_D1, moments, longest_life_s=0.25, url=f"d1://{name}"))
    torture(trials, KILLS_ON_D1 // len(RUNS_ON_D1) + 2)
    for trial in trials:
        books = trial.books()
        print(
            f"\n{trial.kind}: {trial.kills} kills ({trial.kills_before_ready} early), {trial.processes} processes,"
            f" {len(books.charges)} charges, {trial.asked_about} asked about, {books.spent} micro-dollars",
            end="",
        )
    return trials


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is a POSIX thing")
@pytest.mark.parametrize("where", ["SQLite", "D1"])
def test_every_disturbance_costs_and_loses_nothing(
    where: str, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Answers cut, the disk full, processes stopped past their lease, the database replaced, D1 out; and kills."""
    engine: D1Engine | None = None
    if where == "D1":
        engine = request.getfixturevalue("d1_engine")
        for variable, value in engine.environment.items():
            monkeypatch.setenv(variable, value)
    expected = set(NAMES) - (set() if engine else {"D1 outage"})
    if sys.platform != "linux":
        expected.remove("disk filling")
    happened = Counter[str]()
    for number in range(ROUNDS * len(RUNS_ON_D1)):
        if number >= len(RUNS_ON_D1) and all(happened[name] for name in expected):
            break
        seed = f"{secrets.token_hex(4)}/{number}"
        plan = Plan(seed, calls=20, lease_s=0.6, stop_s=1.0, engine=engine)
        with disturbed_run(plan, tmp_path / str(number), RUNS_ON_D1[number % len(RUNS_ON_D1)]) as trial:
            trial.run(6)
        assert (trial.faults, trial.twice, trial.lost) == ([], [], []), (seed, trial.kind, trial.disturbances)
        happened.update(counts(trial.disturbances))
    assert {name for name in expected if not happened[name]} == set()
