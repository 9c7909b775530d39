"""What tests of whole films share: the real command line in a child process, small stories, the tables."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PLUGINS = Path(__file__).parent / "plugins"
SMALL = ("--size", "192x108", "--fps", "8")
METERED = (
    "--screenplay-model", "metered:screenwriter", "--image-model", "metered:illustrator",
    "--video-model", "metered:cinematographer", "--speech-model", "metered:voice",
)  # fmt: skip
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
    fixed = {"PYTHONPATH": str(PLUGINS), "PYTHONUNBUFFERED": "1", "CLASH_RETRY_WAIT_S": "0.01"}
    return {**kept, **fixed, **changes}


def command(*arguments: str) -> list[str]:
    """The command line of clash in this very environment."""
    return [sys.executable, "-m", "clash", *arguments]


def clash(folder: Path, *arguments: str, env: Mapping[str, str] | None = None, stdin: bytes = b"") -> Ran:
    """Run clash in a folder, to its end."""
    done = subprocess.run(
        command(*arguments), cwd=folder, env=dict(env or environment()), input=stdin, capture_output=True, timeout=300,
        check=False,
    )  # fmt: skip
    return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())


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


def metered(path: Path) -> list[str]:
    """The slots that the metered provider charged for, one a charge, in order."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [line.split()[2] for line in lines if line.startswith("charge ")]
