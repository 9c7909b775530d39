"""A batch that several processes make, some of them killed: a short proof. The long one is `tests/many_machines`."""

from __future__ import annotations

import os
import random
import sys
from pathlib import Path

import pytest
from many_machines.audit import audit
from many_machines.batches import CALLS_PER_STORY, Crowd, make_with_processes, write_stories
from many_machines.cluster import a_cluster, make_on_cluster
from many_machines.farm import farm
from many_machines.model import Plan, calculate

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are forked off one that has imported clash")
STORIES = int(os.environ.get("MANY_MACHINES_STORIES", "2"))
LIMIT_S = 240.0


def test_killed_processes_make_each_film_once(tmp_path: Path) -> None:
    """Two processes run one command; one is killed and started again: each film once, no call charged twice."""
    threads = write_stories(tmp_path / "stories", STORIES)
    with farm(tmp_path, where="sqlite", call_s=0.0) as kept:
        crowd = Crowd(kept, random.Random(17), len(threads) * CALLS_PER_STORY, forks=True)
        make_with_processes(crowd, ("--jobs", "2"), processes=2, kills=1, limit_s=LIMIT_S)
        found = audit(kept, threads)
    assert crowd.faults + found.faults == []
    assert (found.completed, found.twice, found.left) == (STORIES, 0, 0)


def test_killed_workers_make_each_film_once(tmp_path: Path) -> None:
    """A Dask worker is killed, then the client: the same command goes on, and no call is charged twice."""
    threads = write_stories(tmp_path / "stories", STORIES)
    with farm(tmp_path, where="sqlite", call_s=0.0) as kept:
        crowd = Crowd(kept, random.Random(4), len(threads) * CALLS_PER_STORY, forks=True)
        with a_cluster(crowd, host="127.0.0.1", workers=2, threads=2, apart=False) as cluster:
            make_on_cluster(cluster, (), strikes=["worker", "client"], limit_s=LIMIT_S)
        found = audit(kept, threads)
    assert crowd.faults + found.faults == []
    assert (found.completed, found.twice, found.left) == (STORIES, 0, 0)


def test_the_model_says_when_d1_holds_a_batch_up() -> None:
    """Calls of a minute keep ten machines busy on the REST API's limit; calls of two seconds do not."""
    slow = calculate(Plan(40, 10, 60.0, jobs=5, part=110))
    quick = calculate(Plan(40, 10, 2.0, jobs=5, part=110))
    free = calculate(Plan(40, 10, 2.0, jobs=5))
    assert slow.throughput > 2 * quick.throughput
    assert quick.throughput < free.throughput < 1
    assert quick.requests < free.requests
