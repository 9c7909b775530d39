"""SIGKILL at random moments of one run, resumed after each: the film is made, and nothing is made twice."""

from __future__ import annotations

import random
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from filming import METERED, SMALL, clash, command, environment, metered, query, shot_list

KILLS = 10
SHOTS = 16


def make_story(folder: Path) -> Path:
    """The same story in any folder."""
    return shot_list(folder / "story.csv", SHOTS, words=True)


def kill_once(folder: Path, arguments: tuple[str, ...], env: dict[str, str], after_s: float) -> bool:
    """Start it and kill it after so many seconds; False if it had ended before."""
    child = subprocess.Popen(
        command(*arguments), cwd=folder, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        child.wait(timeout=after_s)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
        return True
    return False


def succeeded_slots(folder: Path) -> set[str]:
    """What the tables say has succeeded, in the words of the meter."""
    if not (folder / "data/checkpoints.db").exists() or not query(
        folder, "SELECT 1 FROM sqlite_master WHERE name = 'api_logs'"
    ):
        return set()
    slots = {slot for (slot,) in query(folder, "SELECT slot FROM api_logs WHERE state = 'succeeded'")}
    return {re.sub(r"shot:0*(\d+)/speech-1", r"speech:Line_\1.", slot) for slot in slots}


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is a POSIX thing")
def test_a_run_killed_ten_times_makes_the_film_of_a_run_never_killed(tmp_path: Path) -> None:
    """Killed at ten random moments and resumed: one succeeded row a slot, no succeeded call repeated, the same film."""
    moments = random.Random(20261123)
    calm, rough = tmp_path / "calm", tmp_path / "rough"
    for folder in (calm, rough):
        folder.mkdir()
        make_story(folder)
    never_killed = clash(
        calm,
        "run",
        "story.csv",
        "--thread",
        "k",
        *SMALL,
        *METERED,
        "--json",
        env=environment(METER=str(calm / "meter")),
    )
    assert never_killed.code == 0, never_killed.err

    meter = rough / "meter"
    env = environment(METER=str(meter), METER_DELAY="0.1")
    arguments = ("run", "story.csv", "--thread", "k", *SMALL, *METERED, "--concurrency", "2")
    kills = 0
    repeated: set[str] = set()
    while kills < KILLS:
        succeeded, asked_before = succeeded_slots(rough), len(metered(meter))
        if not kill_once(rough, arguments, env, moments.uniform(0.8, 2.2)):
            break
        kills += 1
        repeated |= succeeded & set(metered(meter)[asked_before:])
    succeeded, asked_before = succeeded_slots(rough), len(metered(meter))
    ended = clash(rough, *arguments, "--json", env=environment(METER=str(meter)))
    assert ended.code == 0, ended.err
    repeated |= succeeded & set(metered(meter)[asked_before:])

    assert kills == KILLS, "the run ended before it was killed ten times"
    assert repeated == set(), "what had succeeded was called again"
    slots = Counter(slot for (slot,) in query(rough, "SELECT slot FROM api_logs WHERE state = 'succeeded'"))
    assert set(slots.values()) == {1}
    expected = {slot for (slot,) in query(calm, "SELECT slot FROM api_logs WHERE state = 'succeeded'")}
    assert set(slots) == expected
    assert ended.document["film"]["sha256"] == never_killed.document["film"]["sha256"]
    assert query(rough, "SELECT count(*) FROM api_logs WHERE state IN ('intent', 'submitted')") == [(0,)]
