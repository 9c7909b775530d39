"""The command line as it is called: in a child process of its own, without a terminal."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from filming import NO_VOICES, READ_AT_START, forked_clash

CLASH = (sys.executable, "-m", "clash")


def clash(arguments: str | Sequence[str], folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run `clash` in a folder of its own, without a terminal; with its imports behind it where that is the same."""
    given = arguments.split() if isinstance(arguments, str) else arguments
    ours = {**environment(), **variables}
    if sys.platform == "linux" and not any(name.startswith(READ_AT_START) for name in variables):
        ran = forked_clash(folder, *given, env=ours)
        return subprocess.CompletedProcess([*CLASH, *given], ran.code, ran.out, ran.err)
    return subprocess.run(
        [*CLASH, *given],
        cwd=folder,
        env=ours,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def environment() -> dict[str, str]:
    """This process' environment without what would change the command under test."""
    ours = ("CLASH_", "DATABASE_URL", "ASSET_STORE", "COLUMNS", "NO_COLOR", "FORCE_COLOR", "PYTHONIOENCODING")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {**kept, "PYTHONUTF8": "1", "CLASH_KOKORO_DIR": str(NO_VOICES)}
