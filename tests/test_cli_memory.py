"""How memory is given back while a film is made."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest
from filming import environment

ASKED = "from clash.cli.memory import give_memory_back; print(give_memory_back())"


def answered(**changes: str) -> str:
    """What a process of its own says, for the setting is the whole process's."""
    asked = [sys.executable, "-c", ASKED]
    return subprocess.run(asked, env=environment(**changes), capture_output=True, check=True, text=True).stdout.strip()


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be told")
def test_memory_is_given_back_early_with_glibc() -> None:
    """The settings are taken; those that the environment makes are left alone."""
    assert answered() == "True"
    assert answered(MALLOC_ARENA_MAX="8") == "False"
