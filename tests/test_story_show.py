"""`clash story show`, and what `clash run` does with a table that it does not understand wholly."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from filming import Ran
from filming import clash as run_clash
from rich.cells import cell_len
from sample_documents import at_terminal

from clash.cli.story import render_story

TABLE = "镜号,景别,画面,台词/旁白,时长,道具\n1,远景,陶窑发光,,3,木柴\n2,近景,安娜看火,安娜：看。,4,\n"
TINY = ("--size", "128x72", "--fps", "8")
UNHEARD = "#,Picture,Zeppelin\n1,The kiln glows.,It burned all night.\n2,Hands,Nobody slept.\n"


def clash(*arguments: str, at: Path) -> Ran:
    """One command in a folder of its own."""
    return run_clash(at, *arguments)


def document(*arguments: str, at: Path) -> dict[str, Any]:
    """The JSON document of a command."""
    return json.loads(clash(*arguments, "--json", at=at).out)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with two tables in it."""
    (tmp_path / "kiln.csv").write_text(TABLE, encoding="utf-8")
    (tmp_path / "unheard.csv").write_text(UNHEARD, encoding="utf-8")
    return tmp_path


def test_the_document_says_how_each_column_was_read(folder: Path):
    """Fields, an example, how many cells are filled; and the screenplay that the local writer makes of it."""
    shown = document("story", "show", "kiln.csv", at=folder)
    assert shown["story"] == {
        "title": "Kiln",
        "kind": "shot_list",
        "language": "zh",
        "rows": 2,
        "format": "csv",
        "encoding": "utf-8",
    }
    columns = {column["header"]: column for column in shown["columns"]}
    assert columns["台词/旁白"] == {
        "header": "台词/旁白",
        "fields": ["dialogue", "narration"],
        "example": "安娜：看。",
        "filled": 1,
    }
    assert columns["道具"]["fields"] == []
    assert any("道具" in warning and "木柴" in warning for warning in shown["warnings"])
    (line,) = shown["screenplay"]["scenes"][0]["shots"][1]["dialogue"]
    assert line == {"speaker": "安娜", "text": "看。"}


def test_a_person_is_shown_columns_people_places_and_shots(folder: Path):
    """Each of them once, the unused column without a field."""
    shown = clash("story", "show", "kiln.csv", at=folder)
    assert shown.code == 0
    assert "安娜\tspeaks, seen from shot 2" in shown.out
    assert "道具\t\t1\t木柴" in shown.out
    assert not list(folder.glob("*.db")) + list(folder.glob("data/*"))


def test_showing_a_story_loads_neither_graph_nor_arrays(folder: Path):
    """`story show` imports neither LangGraph nor numpy."""
    code = (
        "import sys; from clash.cli.app import main; code = main(['story', 'show', 'kiln.csv', '--json']);"
        "heavy = {'langgraph', 'numpy', 'av'} & set(sys.modules); sys.exit(code or len(heavy))"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, check=False)
    assert ran.returncode == 0, ran.stderr


def test_a_table_that_is_refused_is_an_error_document(folder: Path):
    """Exit code 2; the row and the headers are named."""
    (folder / "foo.csv").write_text("foo,bar\n1,2\n", encoding="utf-8")
    ran = clash("story", "show", "foo.csv", "--json", at=folder)
    assert ran.code == 2
    assert json.loads(ran.out)["error"]["row"] == 1


def test_a_run_stops_before_words_are_lost(folder: Path):
    """Nothing is spoken and an unused column holds prose: exit 2 before anything is made, with both ways on."""
    ran = clash("run", "unheard.csv", "--json", at=folder)
    assert ran.code == 2
    error = json.loads(ran.out)["error"]
    assert error["column"] == "Zeppelin"
    assert "--column 'Zeppelin=narration'" in error["hint"]
    assert "--ignore-columns" in error["hint"]
    assert sorted(path.name for path in folder.iterdir()) == ["kiln.csv", "unheard.csv"]
    spoken = document("run", "unheard.csv", "--dry-run", "--column", "Zeppelin=narration", at=folder)
    assert spoken["calls"] > document("run", "unheard.csv", "--dry-run", "--ignore-columns", at=folder)["calls"] - 2


def test_how_a_table_is_read_belongs_to_the_run(folder: Path):
    """Another `--column` on the same thread is another film; the dry run names unused columns."""
    made = clash("run", "unheard.csv", "--thread", "k", "--column", "Zeppelin=narration", *TINY, at=folder)
    assert made.code == 0, made.err
    other = clash("run", "unheard.csv", "--thread", "k", "--ignore-columns", *TINY, at=folder)
    assert other.code == 5
    again = document("run", "unheard.csv", "--thread", "k", "--column", "Zeppelin=narration", *TINY, at=folder)
    assert again["status"] == "already_completed"
    assert isinstance(again["warnings"], list)
    dry = document("run", "kiln.csv", "--dry-run", at=folder)
    assert any("道具" in warning for warning in dry["warnings"])


def test_all_stories_of_a_table_are_runs_of_their_own(folder: Path):
    """`--story all` makes one run per story, each under its number."""
    (folder / "two.csv").write_text("storytitle,sentence1,sentence2\nA,Fire.,Rain.\nB,Smoke.,Wind.\n", encoding="utf-8")
    dry = document("run", "two.csv", "--story", "all", "--dry-run", "--thread", "t", at=folder)
    assert [run["thread_id"] for run in dry["runs"]] == ["t-1", "t-2"]
    made = clash("run", "two.csv", "--story", "all", "--thread", "t", *TINY, "--json", at=folder)
    assert made.code == 0, made.err
    assert [run["status"] for run in json.loads(made.out)["runs"]] == ["completed", "completed"]


def test_a_place_that_is_not_said_is_not_drawn(folder: Path):
    """A story of which nothing says where it plays shows so, and no card of a place is made for it."""
    (folder / "bare.csv").write_text("Shot,Description\n1,A clock ticks.\n2,A bell rings.\n", encoding="utf-8")
    (place,) = document("story", "show", "bare.csv", at=folder)["screenplay"]["locations"]
    assert place["name"] == ""
    made = document("run", "bare.csv", "--thread", "b", *TINY, at=folder)
    assert made["status"] == "completed"
    assert made["steps"]["generate_assets"] == {"done": 0, "total": 0}


def test_lines_within_a_cell_are_shown_as_lines(folder: Path):
    """A header or a cell of several lines: lines at a terminal, ` / ` between them in a pipe, exact in the JSON."""
    rows = 'shot,"台词\nDialogue",description\n1,"Mara: Go!\r\nIvo: Wait.","Mara looks\n\nat the sea."\n'
    (folder / "lines.csv").write_text(rows, encoding="utf-8", newline="")
    piped = clash("story", "show", "lines.csv", at=folder).out
    assert "\n台词 / Dialogue\tdialogue\t" in piped
    assert "\tMara looks / at the sea.\tMara: Go! / Ivo: Wait.\n" in piped
    shown = document("story", "show", "lines.csv", at=folder)
    assert [column["header"] for column in shown["columns"]][1] == "台词\nDialogue"
    assert shown["screenplay"]["scenes"][0]["shots"][0]["action"] == "Mara looks\n\nat the sea."
    for width in (200, 80, 44, 30):
        lines = [line.strip() for line in at_terminal(render_story(shown), width).splitlines()]
        text = "\n".join(lines)
        assert "\\n" not in text
        assert [line for line in lines if "Mara: Go!" in line and "Ivo" not in line], width
        assert all(cell_len(line) <= width for line in lines), width
