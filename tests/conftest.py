"""What most tests stand on: a real SQLite database in the test's own folder, a run in it, its lease, an asset store."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
import pytest_asyncio

from clash.assets import AssetStore
from clash.database import migrations
from clash.database.connection import sqlite_path
from clash.database.lease import Lease, take_lease
from clash.database.metadata import MetadataTracker
from clash.database.sqlite import SqliteDatabase

RUN = "run-1"
"""The run that the `lease` fixture begins."""

_NOBODY = 65534


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """The URL of a database that is not there yet."""
    return f"sqlite:///{(tmp_path / 'data' / 'clash.db').as_posix()}"


@pytest_asyncio.fixture
async def database(database_url: str) -> AsyncGenerator[SqliteDatabase]:
    """A new database with the whole schema."""
    opened = await SqliteDatabase.open(sqlite_path(database_url), "create")
    await migrations.migrate(opened)
    yield opened
    await opened.close()


@pytest_asyncio.fixture
async def lease(database: SqliteDatabase) -> Lease:
    """The lease of the run `run-1`, held by this process."""
    await MetadataTracker(database).start_workflow(RUN, "video_production")
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
