"""What a fork is called, and how lists tell it from the run that it was forked from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from conftest import on_both_databases
from filming import SMALL, clash, environment, shot_list
from sample_documents import at_terminal

from clash.cli.runs import render_runs


@on_both_databases
def test_a_fork_is_called_as_its_story_says_else_as_its_source(tmp_path: Path, database_url: str) -> None:
    """The name of another file is no title; a title in the file is. Lists name the run that each was forked from."""
    env = environment(DATABASE_URL=database_url)
    shot_list(tmp_path / "lamp.csv", 1)
    shot_list(tmp_path / "lamp-v2.csv", 1, seconds=0.5)
    shots = [{"description": "Mara thinks."}]
    (tmp_path / "titled.json").write_text(json.dumps({"title": "The Storm", "shots": shots}), encoding="utf-8")

    def typed(*arguments: str) -> dict[str, Any]:
        ran = clash(tmp_path, *arguments, "--json", env=env)
        assert ran.code == 0, ran.err
        return ran.document

    typed("run", "lamp.csv", "--thread", "a", *SMALL)
    typed("fork", "a", "--thread", "b", "--story", "lamp-v2.csv")
    typed("fork", "b", "--thread", "c", "--captions", "none")
    typed("fork", "a", "--thread", "d", "--story", "titled.json")
    listed = typed("runs", "ls")
    told = {
        run["thread_id"]: (run["title"], run["forked_from"] and run["forked_from"]["thread_id"])
        for run in listed["items"]
    }
    assert told == {"a": ("Lamp", None), "b": ("Lamp", "a"), "c": ("Lamp", "b"), "d": ("The Storm", "a")}
    piped = clash(tmp_path, "runs", "ls", env=env).out.splitlines()
    assert {line.split("\t")[0]: line.split("\t")[-1] for line in piped} == {
        "thread_id": "fork_of",
        "a": "",
        "b": "a",
        "c": "b",
        "d": "a",
    }
    shown = at_terminal(render_runs(listed), 80).splitlines()
    assert shown[0].split()[-2:] == ["fork", "of"]
    assert {line.split()[0]: line.split()[-1] for line in shown[1:4]} == {"d": "a", "c": "b", "b": "a"}
    alone = [run for run in listed["items"] if run["thread_id"] == "a"]
    assert "fork of" not in at_terminal(render_runs({"items": alone}), 80)
