"""When a command looks for cyclic garbage."""

from __future__ import annotations

import subprocess
import sys

from filming import environment

FOLLOWED = """
import gc, sys
told = []
gc.callbacks.append(lambda phase, facts: told.append(len(gc.get_objects())) if phase == "start" else None)
from clash.cli import commands
from clash.cli.app import main

class Seen:
    def __call__(self, *given, **named):
        print("parsing", gc.isenabled(), len(told))
        code = built(*given, **named)
        print("after", gc.isenabled())
        return code

built = commands.commands("schema")
del told[:]
commands.commands = lambda *only: Seen()
main(["schema"])
gc.collect()
print("left", told[-1] < 50_000)
"""


def test_a_command_collects_from_its_start_on() -> None:
    """Nothing is collected until the command is parsed, everything new afterwards, and what there was stays."""
    ran = subprocess.run(
        [sys.executable, "-c", FOLLOWED], env=environment(), capture_output=True, text=True, check=True
    )
    lines = ran.stdout.splitlines()
    assert lines[0] == "parsing False 0"
    assert "after True" in lines
    assert lines[-1] == "left True"
