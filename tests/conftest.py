"""What most tests stand on: a real database of the test's own, a run in it, its lease, an asset store.

The database is a SQLite file. A test that is marked `@on_both_databases` also runs on Cloudflare's own D1 engine.
"""

from __future__ import annotations

import gc
import os
import secrets
import shutil
import tempfile
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

import pytest
import pytest_asyncio
from compiled_once import keep_bytecode, one_at_a_time
from d1_engine import D1Engine, workerd
from emulator import Emulator
from emulator.vendor_run import VendorRun, settings_for
from filming import NO_VOICES
from forks import share_one_server
from from_npm import ProgramMissing
from hypothesis import settings
from langgraph.checkpoint.base import BaseCheckpointSaver
from listening import SECRET, Listener, listening
from real_voice import kokoro

from clash.assets import AssetStore
from clash.config import Settings, load_settings
from clash.database import init_database, migrations
from clash.database.checkpointer import get_checkpointer
from clash.database.connection import is_d1, open_database
from clash.database.lease import Lease, take_lease
from clash.database.metadata import AsyncMetadataTracker
from clash.database.port import Database

keep_bytecode()
# How long an example takes says more of the machine than of clash.
settings.register_profile("clash", settings.default, deadline=None)
settings.load_profile("clash")
os.environ["CLASH_KOKORO_DIR"] = str(NO_VOICES)

RUN = "run-1"
"""The run that the `lease` fixture begins."""

_NOBODY = 65534


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """Run the whole suite on all cores; run files that are named, or a run whose output is watched, in this process.

    Two workers more than there are cores: about half of the tests wait for a process, a server or a clock.
    """
    named = config.args_source is pytest.Config.ArgsSource.ARGS
    return 0 if named or config.getoption("capture") == "no" else (os.cpu_count() or 1) + 2


def pytest_sessionstart(session: pytest.Session) -> None:
    """Let all workers have their processes forked by one server."""
    if session.config.getoption("numprocesses", None):
        share_one_server()


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Generator[None, object, object]:
    """Look for no garbage while tests are collected, nor later among what was: it stays to the end."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Let one worker compile a file of tests, and the others take what it compiled."""
    if not isinstance(collector, pytest.Module):
        return (yield)
    with one_at_a_time(collector.path):
        return (yield)


on_both_databases = pytest.mark.parametrize("database_url", ["sqlite", "d1"], indirect=True)
"""A test that runs on SQLite and on D1."""
on_d1 = pytest.mark.parametrize("database_url", ["d1"], indirect=True)
"""A test that runs on D1 alone."""


@pytest.fixture(scope="session")
def d1_engine() -> Generator[D1Engine]:
    """Cloudflare's own D1 engine on this machine. Where it cannot be had, tests skip, but in CI they fail."""
    try:
        workerd()
    except ProgramMissing as missing:
        if os.environ.get("CI") == "true":
            pytest.fail(str(missing))
        pytest.skip(str(missing))
    with D1Engine.start() as engine:
        yield engine


@pytest.fixture
def database_url(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of a SQLite database that is not there yet, or of a D1 database that is empty."""
    if getattr(request, "param", "sqlite") == "sqlite":
        return f"sqlite:///{(tmp_path / 'data' / 'clash.db').as_posix()}"
    engine: D1Engine = request.getfixturevalue("d1_engine")
    for variable, value in engine.environment.items():
        monkeypatch.setenv(variable, value)
    return _empty_on(engine)


def _empty_on(engine: D1Engine) -> str:
    name = f"test-{secrets.token_hex(8)}"
    engine.make_database(name)
    return f"d1://{name}"


@pytest.fixture
def database_of(request: pytest.FixtureRequest, database_url: str) -> Callable[[Path], str]:
    """For tests of several runs: the URL of a new database for a folder, of the kind of `database_url`."""

    def make(folder: Path) -> str:
        if is_d1(database_url):
            return _empty_on(request.getfixturevalue("d1_engine"))
        return f"sqlite:///{(folder / 'clash.db').as_posix()}"

    return make


@pytest.fixture
def make_database(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], Awaitable[str]]:
    """Makes a new database of a kind, with the schema; its URL."""

    async def make(kind: str) -> str:
        name = f"test-{secrets.token_hex(8)}"
        url = f"sqlite:///{tmp_path / name}.db"
        if kind == "d1":
            engine: D1Engine = request.getfixturevalue("d1_engine")
            for variable, value in engine.environment.items():
                monkeypatch.setenv(variable, value)
            engine.make_database(name)
            url = f"d1://{name}"
        await init_database(url)
        return url

    return make


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a SQLite database is, once a test has made it, with the whole schema and no row: it is only copied."""
    return tmp_path_factory.mktemp("empty") / "clash.db"


@pytest_asyncio.fixture
async def database(database_url: str, empty_database: Path) -> AsyncGenerator[Database]:
    """A new database with the whole schema."""
    if not is_d1(database_url):
        if not empty_database.exists():
            await init_database(f"sqlite:///{empty_database.as_posix()}")
        path = Path(database_url.removeprefix("sqlite:///"))
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(empty_database, path)
    async with open_database(database_url, "create") as opened:
        await migrations.migrate(opened)
        yield opened


@pytest_asyncio.fixture
async def lease(database: Database) -> Lease:
    """The lease of the run `run-1`, held by this process."""
    await AsyncMetadataTracker(database).start_workflow(RUN, "video_production")
    return await take_lease(database, RUN)


@pytest.fixture
def assets(tmp_path: Path) -> AssetStore:
    """An empty asset store."""
    return AssetStore(tmp_path / "assets")


@pytest.fixture
def open_folder() -> Generator[Path]:
    """A folder that every user of this machine can enter (pytest's own `tmp_path` only its owner can)."""
    folder = Path(tempfile.mkdtemp(prefix="clash-test-"))
    folder.chmod(0o755)
    yield folder
    for path in (folder, *folder.rglob("*")):
        if path.is_dir():
            path.chmod(0o755)
    shutil.rmtree(folder)


@pytest.fixture
def unprivileged() -> Callable[[], AbstractContextManager[None]]:
    """`with unprivileged():` is bound by file permissions, also where the tests run as root."""
    if os.name == "nt":
        pytest.skip("Windows keeps no file modes")

    @contextmanager
    def as_nobody() -> Generator[None]:
        if os.geteuid() != 0:
            yield
            return
        os.seteuid(_NOBODY)
        try:
            yield
        finally:
            os.seteuid(0)

    return as_nobody


@pytest.fixture(scope="session")
def chinese_voice() -> Path:
    """The folder of the real Chinese voice. Where it cannot be had, tests skip, but in CI they fail."""
    try:
        return kokoro()
    except ProgramMissing as missing:
        if os.environ.get("CI") == "true":
            pytest.fail(str(missing))
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def one_emulator(tmp_path_factory: pytest.TempPathFactory) -> Generator[Emulator]:
    """The emulator of vendors, started once. Where it cannot be had, tests skip, but in CI they fail."""
    with ExitStack() as stack:
        try:
            started = stack.enter_context(Emulator.start(tmp_path_factory.mktemp("files")))
        except ProgramMissing as missing:
            if os.environ.get("CI") == "true":
                pytest.fail(str(missing))
            pytest.skip(str(missing))
        yield started


@pytest.fixture
def vendors(one_emulator: Emulator) -> Emulator:
    """OpenAI and fal, emulated: nothing has been asked yet, and nothing is answered but what the test says."""
    one_emulator.reset()
    return one_emulator


@pytest.fixture
def vendor_run(database: Database, lease: Lease, assets: AssetStore, vendors: Emulator) -> VendorRun:
    """A run whose calls go to the emulated vendors."""
    return VendorRun(database, lease, assets, settings_for(vendors))


@pytest.fixture
async def saver(database_url: str) -> AsyncGenerator[BaseCheckpointSaver[str]]:
    """The saver of the Python API on a new database."""
    async with get_checkpointer(database_url) as opened:
        yield opened


@pytest.fixture
def listener(monkeypatch: pytest.MonkeyPatch) -> Generator[Listener]:
    """A receiver of webhooks."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with listening() as server:
        yield server


@pytest.fixture
def telling(listener: Listener, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings that name the receiver, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("CLASH_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("CLASH_WEBHOOK", listener.url)
    monkeypatch.setenv("CLASH_WEBHOOK_SECRET", SECRET)
    return load_settings()
