"""SIGKILL at random moments of one run, resumed after each: the film is made, and nothing is made twice."""

from __future__ import annotations

import random
import re
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from conftest import on_both_databases
from filming import METERED, SMALL, environment, forked, forked_clash, metered, rows_of, shot_list

from clash.database.connection import is_d1

KILLS = 10
KILLS_ON_D1 = 5
SHOTS = 12


def make_story(folder: Path) -> Path:
    """The same story in any folder."""
    return shot_list(folder / "story.csv", SHOTS, words=True)


def kill_once(
    folder: Path, arguments: tuple[str, ...], env: dict[str, str], *, after_calls: int, after_s: float
) -> bool:
    """Start it and kill it so many seconds after it has made so many calls; False if it had ended before."""
    meter = Path(env["METER"])
    enough = len(metered(meter)) + after_calls
    child = forked(folder, *arguments, env=env)
    while len(metered(meter)) < enough and child.poll() is None:
        time.sleep(0.005)
    time.sleep(after_s)
    child.kill()
    child.communicate()
    return child.wait(0) == -9


def succeeded_slots(url: str) -> set[str]:
    """What the tables say has succeeded, in the words of the meter."""
    slots = {slot for (slot,) in rows_of(url, "SELECT slot FROM api_logs WHERE state = 'succeeded'")}
    return {re.sub(r"shot:0*(\d+)/speech-1", r"speech:Line_\1.", slot) for slot in slots}


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is a POSIX thing")
@on_both_databases
def test_a_run_killed_ten_times_makes_the_same_film(tmp_path: Path, database_url: str) -> None:
    """Killed at ten random moments and resumed: one succeeded row a slot, no succeeded call repeated, the same film.

    On D1 five times, against a run on SQLite that is left alone: the film does not tell where its rows were kept.
    """
    moments = random.Random(20261123)
    calm, rough = tmp_path / "calm", tmp_path / "rough"
    for folder in (calm, rough):
        folder.mkdir()
        make_story(folder)
    calm_url = f"sqlite:///{(calm / 'clash.db').as_posix()}"
    begin = ("run", "story.csv", "--thread", "k", *SMALL, *METERED)
    quiet = environment(DATABASE_URL=calm_url, METER=str(calm / "meter"))
    never_killed = forked_clash(calm, *begin, "--json", env=quiet)
    assert never_killed.code == 0, never_killed.err

    meter = rough / "meter"
    env = environment(DATABASE_URL=database_url, METER=str(meter))
    assert forked_clash(rough, "db", "init", env=env).code == 0
    arguments = (*begin, "--concurrency", "2")
    wanted = KILLS_ON_D1 if is_d1(database_url) else KILLS
    kills = 0
    repeated: set[str] = set()
    while kills < wanted:
        succeeded, asked_before = succeeded_slots(database_url), len(metered(meter))
        # Counted in calls, so that a slow machine is not killed before its first one each time.
        after_calls, after_s = moments.randint(0, 2), moments.uniform(0.0, 0.25)
        slow = {**env, "METER_DELAY": "0.25"}
        if not kill_once(rough, arguments, slow, after_calls=after_calls, after_s=after_s):
            break
        kills += 1
        repeated |= succeeded & set(metered(meter)[asked_before:])
    succeeded, asked_before = succeeded_slots(database_url), len(metered(meter))
    ended = forked_clash(rough, *arguments, "--json", env=env)
    assert ended.code == 0, ended.err
    repeated |= succeeded & set(metered(meter)[asked_before:])

    assert kills == wanted, "the run ended before it was killed so often"
    assert asked_before > 0, "it was never killed in the middle of its work"
    assert repeated == set(), "what had succeeded was called again"
    slots = Counter(slot for (slot,) in rows_of(database_url, "SELECT slot FROM api_logs WHERE state = 'succeeded'"))
    assert set(slots.values()) == {1}
    expected = {slot for (slot,) in rows_of(calm_url, "SELECT slot FROM api_logs WHERE state = 'succeeded'")}
    assert set(slots) == expected
    assert ended.document["film"]["sha256"] == never_killed.document["film"]["sha256"]
    assert rows_of(database_url, "SELECT count(*) FROM api_logs WHERE state IN ('intent', 'submitted')") == [(0,)]
