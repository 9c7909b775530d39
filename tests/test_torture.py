"""A short torture: forty SIGKILLs at random moments over runs of forty calls. The long one is `tests/torture`."""

from __future__ import annotations

import random
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from torture.books import Books
from torture.trial import Trial

KILLS = 40
CALLS = 40
RUNS = ("metered", "oneshot", "queued", "oneshot", "queued")


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is a POSIX thing")
def test_forty_kills_cost_nothing_and_lose_nothing(tmp_path: Path) -> None:
    """Nothing charged twice without consent, no result lost after its receipt, the sums those of the meter."""
    trials = [
        Trial(tmp_path / f"{number}-{kind}", kind, CALLS, random.Random(f"{number}"), longest_life_s=0.15)
        for number, kind in enumerate(RUNS)
    ]
    for trial in trials:
        trial.folder.mkdir()
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda trial: trial.run(KILLS // len(RUNS) + 2), trials))
    for trial in trials:
        assert trial.faults == [], trial.kind
        assert trial.twice == [], f"{trial.kind}: charged twice without consent"
        assert trial.lost == [], f"{trial.kind}: lost after the receipt"
    assert sum(trial.kills for trial in trials) >= KILLS, "the runs ended before they were killed so often"
    unknown = sum(len(Books.of(trial.folder).charges_of_unknown()) for trial in trials)
    assert unknown > 0, "no kill fell between a charge and its answer: the torture proves nothing"
