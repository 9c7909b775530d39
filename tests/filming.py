"""What tests of whole films share: the real command line in a child process, small stories, the tables."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forks import Fork

from clash.database.connection import is_d1, open_database

PLUGINS = Path(__file__).parent / "plugins"
NO_VOICES = Path(__file__).parent / "no-voices"
"""A folder that is never there: no test speaks with, or changes, the Chinese voice of who runs the tests."""
SMALL = ("--size", "192x108", "--fps", "8")
_MODELS = {"screenplay": "screenwriter", "image": "illustrator", "video": "cinematographer", "speech": "voice"}
METERED = tuple(word for craft, model in _MODELS.items() for word in (f"--{craft}-model", f"metered:{model}"))
READ_AT_START = ("PYTHON", "LC_", "LANG", "LD_", "TZ", "TMP")
"""How the names of variables begin that an interpreter, or what it loads, reads when it starts."""
_PLACES = ("Harbour", "Forest", "Kitchen", "Street")


@dataclass(frozen=True)
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The one JSON document on stdout."""
        return json.loads(self.out)


def environment(**changes: str) -> dict[str, str]:
    """A child's environment: ours without clash's settings, with the test plug-ins to be found."""
    names = ("DATABASE_URL", "ASSET_STORE")
    kept = {key: value for key, value in os.environ.items() if not key.startswith("CLASH_") and key not in names}
    fixed = {
        "PYTHONPATH": str(PLUGINS),
        "PYTHONUNBUFFERED": "1",
        "CLASH_RETRY_WAIT_S": "0.01",
        "CLASH_KOKORO_DIR": str(NO_VOICES),
    }
    return {**kept, **fixed, **changes}


def command(*arguments: str) -> list[str]:
    """The command line of clash in this very environment."""
    return [sys.executable, "-m", "clash", *arguments]


def clash(folder: Path, *arguments: str, env: Mapping[str, str] | None = None, stdin: bytes = b"") -> Ran:
    """Run clash in a folder, to its end; with its imports behind it where that makes no difference."""
    if not stdin and _as_ours(env or {}):
        return forked_clash(folder, *arguments, env=env or environment())
    done = subprocess.run(
        command(*arguments),
        cwd=folder,
        env=dict(env or environment()),
        input=stdin,
        capture_output=True,
        timeout=300,
        check=False,
    )
    return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())


def killed_while_shooting(folder: Path, *arguments: str, env: Mapping[str, str]) -> None:
    """Run clash in a folder until the first of its shots is made, and kill it there."""
    begun = re.compile(rb"generate_shots: [1-9]")
    with subprocess.Popen(
        command(*arguments), cwd=folder, env=dict(env), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as child:
        assert child.stderr is not None
        for line in child.stderr:
            if begun.search(line):
                break
        child.kill()


def _as_ours(env: Mapping[str, str]) -> bool:
    """Whether an interpreter with this environment would start as the one does that forks."""
    ours = environment()
    return sys.platform == "linux" and not any(
        name.startswith(READ_AT_START) and ours.get(name) != value for name, value in env.items()
    )


def forked(folder: Path, *arguments: str, env: Mapping[str, str]) -> Fork:
    """Begin to run clash in a folder, in a process that has its imports behind it."""
    return Fork(["-m", "clash", *arguments], env=env, cwd=folder)


def forked_clash(folder: Path, *arguments: str, env: Mapping[str, str]) -> Ran:
    """Run clash in a folder, to its end, in a process that has its imports behind it."""
    child = forked(folder, *arguments, env=env)
    out, err = child.communicate(timeout=300)
    return Ran(child.wait(0), out, err)


def shot_list(path: Path, count: int, *, seconds: float = 1.0, words: bool = False) -> Path:
    """A story of `count` different shots."""
    lines = ["shot,shot_size,movement,location,characters,description,dialogue,duration"]
    sizes, moves = ("WS", "MS", "CU"), ("push in", "pan left", "static", "tilt up")
    for number in range(1, count + 1):
        line = f"MARA: Line {number}." if words else ""
        lines.append(
            f"{number},{sizes[number % 3]},{moves[number % 4]},{_PLACES[number % 4]},Mara,"
            f"Mara does thing number {number}.,{line},{seconds}"
        )
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def query(folder: Path, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """Rows of the database of a folder."""
    connection = sqlite3.connect(f"file:{folder / 'data' / 'checkpoints.db'}?mode=ro", uri=True)
    try:
        return connection.execute(sql, params).fetchall()
    finally:
        connection.close()


def rows_of(url: str, sql: str) -> list[tuple[Any, ...]]:
    """Rows of the database at a URL, wherever it is."""
    if not is_d1(url):
        connection = sqlite3.connect(f"file:{url.removeprefix('sqlite:///')}?mode=ro", uri=True, timeout=30)
        try:
            return connection.execute(sql).fetchall()
        finally:
            connection.close()

    async def read() -> list[tuple[Any, ...]]:
        async with open_database(url, "read") as database:
            return [tuple(row.values()) for row in await database.query(sql)]

    return asyncio.run(read())


def everything(url: str) -> dict[str, list[tuple[Any, ...]]]:
    """All that stands in a database, but for what the driver of D1 counts for itself (`d1_writers`)."""
    tables = [name for (name,) in rows_of(url, "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
    found = {name: rows_of(url, f'SELECT * FROM "{name}"') for name in tables if not name.startswith(("_cf", "d1_w"))}
    assert found["workflow_executions"]
    return found


def metered(path: Path) -> list[str]:
    """The slots that the metered provider charged for, one a charge, in order."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [line.split()[2] for line in lines if line.startswith("charge ")]
