"""The files of the real Chinese voice, for tests that let it speak."""

from __future__ import annotations

import os
from pathlib import Path

from from_npm import ProgramMissing

from clash.local.mandarin.weights import FILES, is_valid, packages_are_here

VARIABLE = "CLASH_TEST_KOKORO_DIR"
"""Names the folder of the voice's files; the tests take no notice of the folder that clash itself would use."""


def kokoro() -> Path:
    """Return the folder of the voice. Raises `ProgramMissing`."""
    folder = Path(os.environ.get(VARIABLE) or "-")
    if not packages_are_here():
        raise ProgramMissing('the tests of the Chinese voice need its packages: pip install -e ".[voice-zh,test]"')
    if wrong := [name for name, file in FILES.items() if not is_valid(folder / name, file)]:
        raise ProgramMissing(f"set {VARIABLE} to a folder with {', '.join(wrong)}: see CONTRIBUTING.md")
    return folder
