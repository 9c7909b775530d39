"""What commands that only read leave undone, so that they answer at once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from filming import environment

from clash.cli.commands import commands
from clash.cli.reading import report
from clash.config import Settings
from clash.documents.run_list import RunList

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


def test_only_the_command_that_is_asked_for_is_built() -> None:
    """A group has its one command; the whole group where it has none of that name, so that the others are told."""
    assert list(commands("runs", "ls").commands["runs"].commands) == ["ls"]
    whole = set(commands("runs").commands["runs"].commands)
    assert len(whole) > 3
    assert set(commands("runs", "sl").commands["runs"].commands) == whole


@pytest.mark.parametrize("before", [None, "logfire-plugin"])
def test_a_report_leaves_the_environment_as_it_was(
    before: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a report is made pydantic looks for no plugins; afterwards it does as it was told."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PYDANTIC_DISABLE_PLUGINS", raising=False)
    if before is not None:
        monkeypatch.setenv("PYDANTIC_DISABLE_PLUGINS", before)
    meanwhile: list[str] = []

    async def question(_settings: Settings) -> RunList:
        meanwhile.append(os.environ["PYDANTIC_DISABLE_PLUGINS"])
        return RunList.of({"items": [], "damaged": []})

    assert report(question)["items"] == []
    assert meanwhile == ["__all__"]
    assert os.environ.get("PYDANTIC_DISABLE_PLUGINS") == before
