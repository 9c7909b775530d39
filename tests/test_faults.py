"""SIGKILL at every named fault point, for each kind of paid provider: what the meter charged is what the tables say.

The points of the ledger are tripped in a small worker over the production code, one call at a time, so that what must
come of each is known exactly; those of the graph in the real command line.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from conftest import on_both_databases
from filming import SMALL, Ran, environment, forked_clash, metered, rows_of, shot_list
from torture.books import PRICE_MICRO, Books
from torture.trial import start

from clash import faults
from clash.database.connection import is_d1

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is a POSIX thing")

KINDS = ("metered", "oneshot", "queued")
OF_THE_GRAPH = ("writes.after", "checkpoint.after", "publish.before", "publish.after", "cut.after")
OF_FORKS = ("fork.before", "fork.after", "kept.before", "kept.after")
"""`tests/test_fork_faults.py` trips these."""
OF_DECISIONS = ("decisions.before", "decisions.after", "decisions.applied")
"""`tests/test_takes_faults.py` trips these."""
OF_RECOVERY = ("recovery.run.after",)
"""`tests/test_recover.py` trips these."""
OF_WEBHOOKS = ("event.stored", "webhook.sent")
"""`tests/test_webhook_runs.py` trips these."""
OF_LARGE_STATES = ("chunks.after",)
"""`tests/test_large_states.py` trips these."""
OF_GC = tuple(point for point in faults.POINTS if point.startswith("gc."))
"""`tests/test_gc_kills.py` trips these."""
OF_RETENTION = ("prune.before", "prune.after", "removal.before", "removal.hidden", "removal.piece", "removal.after")
"""`tests/test_pruning.py` and `tests/test_removal.py` trip these."""
OTHERS = {*OF_THE_GRAPH, *OF_LARGE_STATES, *OF_FORKS, *OF_DECISIONS, *OF_RECOVERY, *OF_WEBHOOKS, *OF_GC, *OF_RETENTION}
OF_THE_LEDGER = tuple(point for point in faults.POINTS if point not in OTHERS)
ONLY_OF_JOBS = ("submit.after", "ticket.after", "job.after")
CALLS = 4
VICTIM = "speech:t01"
"""With one call at a time, the second passing of a point is that of the second call."""

UNKNOWN: Mapping[str, tuple[str, ...]] = {
    "metered": (),
    "oneshot": ("intent.after", "answer.after", "content.after"),
    "queued": ("intent.after", "submit.after"),
}
"""Where nobody can know whether the call was made: after these a person is asked."""


def ended(folder: Path, url: str, kind: str, *options: str, **changes: str) -> int:
    """Let a worker run to its end."""
    child = start(folder, kind, CALLS, "--concurrency", "1", *options, url=url, **changes)
    child.communicate()
    return child.wait(0)


@on_both_databases
@pytest.mark.parametrize("point", OF_THE_LEDGER)
def test_killed_at_a_point_of_the_ledger(
    tmp_path: Path, database_url: str, database_of: Callable[[Path], str], point: str
) -> None:
    """Resumed, all is made; asked about exactly where nobody can know; charged twice only with consent."""
    kinds = kinds_for(point, OF_THE_LEDGER, database_url)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda kind: kill_a_worker(tmp_path / kind, database_of(tmp_path / kind), kind, point), kinds))


def kinds_for(point: str, points: Sequence[str], url: str) -> Sequence[str]:
    """All kinds on SQLite. On D1, where everything takes longer: each point with one kind, each kind at some points."""
    if not is_d1(url):
        return KINDS
    if point in ONLY_OF_JOBS:
        return ["queued"]
    return [KINDS[points.index(point) % len(KINDS)]]


def kill_a_worker(folder: Path, url: str, kind: str, point: str) -> None:
    """Kill it in its second call, let the next process go on, and compare their tables with the meter."""
    folder.mkdir()
    killed = ended(folder, url, kind, CLASH_FAULT=f"{point}:2")
    if point in ONLY_OF_JOBS and kind != "queued":
        assert killed == 0, "a provider that answers at once has no jobs"
        return
    assert killed == -9
    books = Books.of(folder, url)
    assert books.faults() == []
    before = len(books.charges)
    resumed = ended(folder, url, kind)
    if point in UNKNOWN[kind]:
        assert resumed == 8
        books = Books.of(folder, url)
        assert [row["slot"] for row in books.rows if row["state"] == "unknown"] == ["t01"]
        assert VICTIM not in [slot for _, slot in books.charges[before:]], "charged without consent"
        assert books.reserved == PRICE_MICRO
        assert ended(folder, url, kind) == 8, "asked again, not called again"
        resumed = ended(folder, url, kind, "--consent")
    assert resumed == 0
    books = Books.of(folder, url)
    assert books.faults_at_the_end() == []
    charged = Counter(slot for _, slot in books.charges)
    sent_before = point not in ("intent.before", "intent.after")
    expected = 2 if point in UNKNOWN[kind] and sent_before else 1
    assert charged == {f"speech:t{number:02d}": expected if number == 1 else 1 for number in range(CALLS)}
    assert sorted(row["slot"] for row in books.rows if row["state"] == "succeeded") == ["t00", "t01", "t02", "t03"]
    assert books.spent == CALLS * PRICE_MICRO


def test_every_point_is_tripped_here() -> None:
    """A point that is added to the code is a point of this test."""
    assert set(OF_THE_LEDGER) | OTHERS == set(faults.POINTS)
    assert set(ONLY_OF_JOBS) < set(OF_THE_LEDGER)


# -- the graph ---------------------------------------------------------------------------------------------------------


def film(folder: Path, url: str, kind: str, *arguments: str, **changes: str) -> Ran:
    """Run or resume the thread `f` of a folder."""
    env = environment(DATABASE_URL=url, METER=str(folder / "meter"), METER_COST="0.01", **changes)
    models = ("--image-model", kind, "--video-model", kind)
    if arguments:
        return forked_clash(folder, "resume", "f", *arguments, "--json", env=env)
    return forked_clash(
        folder, "run", "story.csv", "--thread", "f", *SMALL, *models, "--concurrency", "1", "--json", env=env
    )


@pytest.fixture(scope="module")
def never_killed(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The sha256 of the film that a run makes that is left alone."""
    folder = tmp_path_factory.mktemp("calm")
    shot_list(folder / "story.csv", 1)
    return film(folder, f"sqlite:///{(folder / 'clash.db').as_posix()}", "metered").document["film"]["sha256"]


@on_both_databases
@pytest.mark.parametrize("point", OF_THE_GRAPH)
def test_killed_at_a_point_of_the_graph(
    tmp_path: Path, database_url: str, database_of: Callable[[Path], str], never_killed: str, point: str
) -> None:
    """Resumed, the film is that of a run never killed, with one checkpoint row a checkpoint and no charge too many."""

    def kill(kind: str) -> None:
        folder = tmp_path / kind
        folder.mkdir()
        kill_a_film(folder, database_of(folder), kind, point, never_killed)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(kill, kinds_for(point, OF_THE_GRAPH, database_url)))


def kill_a_film(folder: Path, url: str, kind: str, point: str, expected: str) -> None:
    """Kill it at the point, resume it, compare its tables with the meter."""
    shot_list(folder / "story.csv", 1)
    passing = {"writes.after": 4, "checkpoint.after": 4}.get(point, 1)
    assert film(folder, url, kind, CLASH_FAULT=f"{point}:{passing}").code == -9
    before = Counter(metered(folder / "meter"))
    resumed = film(folder, url, kind, "--json")
    if resumed.code == 8:
        # Only where the kill fell into another call, one that was in flight beside the saving.
        assert kind != "metered"
        unknown = [slot for (slot,) in rows_of(url, "SELECT slot FROM api_logs WHERE state = 'unknown'")]
        assert len(unknown) == 1
        assert Counter(metered(folder / "meter"))[unknown[0]] == before[unknown[0]], "charged without consent"
        resumed = film(folder, url, kind, "--retry-unknown")
    assert resumed.code == 0, resumed.err
    assert resumed.document["film"]["sha256"] == expected
    unknown_calls = Counter(slot for (slot,) in rows_of(url, "SELECT slot FROM api_logs WHERE state = 'unknown'"))
    for slot, count in Counter(metered(folder / "meter")).items():
        assert count <= 1 + unknown_calls[slot], slot
    ((spent, rows),) = rows_of(
        url, "SELECT spent_micro, (SELECT sum(cost_micro) FROM api_logs) FROM workflow_executions"
    )
    succeeded = rows_of(url, "SELECT slot FROM api_logs WHERE state = 'succeeded' AND service <> 'local'")
    assert spent == rows == len(succeeded) * 10_000
    assert len(succeeded) == len(set(succeeded))
    missing = rows_of(url, "SELECT checkpoint_id FROM checkpoints EXCEPT SELECT checkpoint_id FROM checkpoint_metadata")
    assert missing == []
