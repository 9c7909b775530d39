"""`clash batch --executor dask://HOST:PORT`: workers of a Dask cluster make the films, and get no more than a name."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import threading
from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from filming import NO_VOICES, PLUGINS, metered, shot_list

from clash import production
from clash.database.connection import open_database
from clash.errors import SettingsError, UsageError
from clash.production import dask_cluster, dask_worker
from clash.production.dask_cluster import DaskCluster
from clash.production.dask_worker import Order, check_worker, make_run
from clash.production.progress import ignore

SECRET = "k3y-that-no-task-may-hold"  # noqa: S105
EACH = production.RunRequest(
    story="",
    size="128x72",
    fps=8,
    models={"image": "metered:illustrator", "video": "metered:cinematographer"},
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two stories, which is where this process works, and the settings of a batch in it."""
    for number in (1, 2):
        story = shot_list(tmp_path / f"s{number}.csv", 1)
        story.write_text(
            story.read_text().replace("Mara", f"Mara{number}").replace("Forest", f"Forest {number}"), encoding="utf-8"
        )
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(PLUGINS)
    for name, value in {
        "DATABASE_URL": f"sqlite:///{tmp_path / 'clash.db'}",
        "ASSET_STORE": f"file://{tmp_path / 'assets'}",
        "METER": str(tmp_path / "meter"),
        "METER_COST": "0.01",
        "CLASH_KOKORO_DIR": str(NO_VOICES),
        "FAL_KEY": SECRET,
    }.items():
        monkeypatch.setenv(name, value)
    return tmp_path


@asynccontextmanager
async def a_cluster() -> AsyncGenerator[str]:
    """A scheduler and a worker in this process, which talk over TCP as others do; what `--executor` is told."""
    from distributed import LocalCluster

    async with LocalCluster(
        n_workers=1,
        threads_per_worker=2,
        processes=False,
        protocol="tcp",
        dashboard_address=None,
        worker_dashboard_address=None,
        asynchronous=True,
    ) as cluster:
        yield cluster.scheduler_address.replace("tcp://", "dask://")


def a_batch(executor: str, **changes: Any) -> production.BatchRequest:
    """Ask for both stories."""
    return production.BatchRequest(stories=("s1.csv", "s2.csv"), executor=executor, each=EACH, **changes)


async def an_order(folder: Path) -> Order:
    """Begin the first run as the executor does, and return the order for it."""
    from clash.config import load_settings
    from clash.production.opened import Opened, opened_for_run
    from clash.production.plan import prepare
    from clash.production.stopping import StopSignal
    from clash.production.use_cases import begin_run
    from clash.providers.registry import Registry

    settings, request = load_settings(), dataclasses.replace(EACH, story="s1.csv", thread_id="batch-s1")
    registry = Registry(settings)
    async with opened_for_run(settings.database_url, StopSignal()) as database:
        plan = prepare(request, settings, registry)
        row = await begin_run(Opened(settings, database, registry), plan, observe=ignore, batch="batch")
    return Order.of(row, "batch", request)


async def test_workers_make_each_film_once(folder: Path) -> None:
    """Two films, each call charged once; the same command once more calls nothing."""
    async with a_cluster() as executor:
        made = await production.batch(a_batch(executor))
        assert (made.exit_code, made.document.counts) == (0, {"completed": 2})
        assert [Path(run.film or "").is_file() for run in made.document.runs] == [True, True]
        slots = metered(folder / "meter")
        assert len(slots) == 8  # for each film a card of the person, one of the place, a keyframe and a clip
        again = await production.batch(a_batch(executor))
    assert again.document.counts == {"already_completed": 2}
    assert metered(folder / "meter") == slots


def test_all_threads_of_a_worker_share_one_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tasks that begin at the same moment find the same event loop, for they share what belongs to it."""
    monkeypatch.setattr(dask_worker, "_loops", [])
    together = threading.Barrier(8)

    def ask(_: int) -> object:
        together.wait(30)
        return dask_worker._loop()

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(ask, range(8)))) == 1
    loop = dask_worker._loop()
    loop.call_soon_threadsafe(loop.stop)


async def test_every_thread_of_the_workers_gets_a_story(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two threads make two stories at once: the first does not end before the second is begun."""
    begun: list[str] = []
    both = asyncio.Event()

    async def make(_: DaskCluster, order: Order) -> dict[str, Any]:
        begun.append(order.thread_id)
        if len(begun) == 2:
            both.set()
        await both.wait()
        return {"status": "failed", "exit_code": 1, "fault": None, "outcome": None, "room_micro": None}

    monkeypatch.setattr(DaskCluster, "make", make)
    async with a_cluster() as executor, DaskCluster.connect(executor) as cluster:
        assert await cluster.threads() == 2
        await production.batch(a_batch(executor))
    assert sorted(begun) == ["batch-s1", "batch-s2"]


async def test_a_story_that_fails_does_not_end_the_others(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a worker could not make is told with its error; the exit code is that of the failure."""
    monkeypatch.setenv("METER_CONTENT", "character:mara1")
    async with a_cluster() as executor:
        made = await production.batch(a_batch(executor))
    statuses = {run.thread_id: (run.status, run.error and run.error.code) for run in made.document.runs}
    assert statuses["batch-s2"] == ("completed", None)
    assert statuses["batch-s1"][1] == "content_refused"
    assert made.exit_code == 1


async def test_a_task_holds_no_secret(folder: Path) -> None:
    """An order says which run and how to go on: no key, no address of a database, no word of the story."""
    text = (await an_order(folder)).text
    assert SECRET not in text
    assert "sqlite" not in text
    assert "Mara" not in text
    assert json.loads(text)["thread_id"] == "batch-s1"


async def test_what_a_worker_lacks_is_told_before_it_pays(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another version, another database, another store: an error that names it, and nothing is charged."""
    order = await an_order(folder)
    assert json.loads(await check_worker(order.text)) == {}
    other = dataclasses.replace(order, version="0.0.1")
    assert json.loads(await check_worker(other.text))["error"]["code"] == "worker_version"
    earlier = dataclasses.replace(order, began_at="2020-01-01T00:00:00.000Z")
    assert json.loads(await check_worker(earlier.text))["error"]["code"] == "worker_database"
    monkeypatch.setenv("ASSET_STORE", f"file://{folder / 'elsewhere'}")
    assert json.loads(await check_worker(order.text))["error"]["code"] == "worker_store"
    told = json.loads(await asyncio.to_thread(make_run, order.text))
    assert told["error"]["code"] == "worker_store"
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{folder / 'other.db'}")
    assert json.loads(await check_worker(order.text))["error"]["exit_code"] == 3
    assert metered(folder / "meter") == []


async def test_a_worker_that_cannot_ends_the_batch(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the worker, and nothing is charged."""

    async def answers(_: str) -> str:
        return json.dumps({"error": {"code": "worker_store", "message": "no", "hint": None, "exit_code": 4}})

    monkeypatch.setattr(dask_cluster, "check_worker", answers)
    async with a_cluster() as executor:
        with pytest.raises(SettingsError, match="the Dask worker tcp://") as caught:
            await production.batch(a_batch(executor))
    assert caught.value.code == "worker_store"
    assert metered(folder / "meter") == []


async def test_a_scheduler_that_is_not_there_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says where it was looked for and how to start one."""
    monkeypatch.setattr(dask_cluster, "_CONNECT_S", 0.3)
    with pytest.raises(SettingsError, match=r"no Dask scheduler answers at dask://127\.0\.0\.1:9") as caught:
        await production.batch(a_batch("dask://127.0.0.1:9"))
    assert caught.value.code == "no_scheduler"


async def test_a_held_run_is_waited_for_in_the_task(folder: Path) -> None:
    """A task whose run a dead process still holds by its lease goes on when the lease ends, and not before."""
    from clash.database.lease import take_lease

    order = await an_order(folder)
    async with open_database(f"sqlite:///{folder / 'clash.db'}", "write") as database:
        lease = await take_lease(database, "batch-s1", owner="elsewhere/1//x", duration_s=600)
        making = asyncio.create_task(asyncio.to_thread(make_run, order.text))
        await asyncio.sleep(0)
        assert not making.done()
        from clash.database.lease import release_lease

        await release_lease(database, lease)
        told = json.loads(await making)
    assert (told["status"], told["exit_code"]) == ("completed", 0)


@pytest.mark.parametrize(
    "executor", ["dask", "dask://", "dask://host", "dask://host:0", "dask://host:99999", "tcp://host:1", "ray://h:1"]
)
async def test_an_executor_that_is_none_is_refused(executor: str, folder: Path) -> None:
    """The error says the two forms."""
    with pytest.raises(UsageError, match="neither `local` nor `dask://HOST:PORT`"):
        await production.batch(a_batch(executor))


async def test_changes_are_for_runs_of_this_process(folder: Path) -> None:
    """`--allow-changes` cannot be handed to workers."""
    request = a_batch("dask://127.0.0.1:8786")
    changing = dataclasses.replace(request, each=dataclasses.replace(EACH, allow_changes=True))
    with pytest.raises(UsageError, match="allow-changes"):
        await production.batch(changing)


def test_tls_is_used_where_dask_is_told_to_encrypt() -> None:
    """The address follows Dask's own configuration."""
    import dask

    assert dask_cluster.scheduler_address("dask://host:8786") == "tcp://host:8786"
    with dask.config.set({"distributed.comm.require-encryption": True}):
        assert dask_cluster.scheduler_address("dask://host:8786") == "tls://host:8786"
