"""What people and pipes get to read: whole at any width, and never obeyed by a terminal."""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console
from sample_documents import (
    DOCUMENTS,
    HOSTILE,
    LONG_ID,
    WHEN,
    a_call,
    a_checkpoint,
    a_run,
    at_terminal,
)

from clash.cli import checkpoints, cost, runs
from clash.cli.layout import Column, Record, Remark, Table, piped, print_to_terminal
from clash.cli.output import emit, error_document, say
from clash.cli.text import json_text, money
from clash.errors import StoryError

UNSAFE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def squeezed(text: str) -> str:
    """The text without its white space, so that a value folded over lines can be found in it."""
    return "".join(text.split())


@pytest.mark.parametrize("name", DOCUMENTS)
@pytest.mark.parametrize("width", [20, 40, 80, 200])
def test_no_line_is_wider_than_the_terminal(name: str, width: int) -> None:
    """Whatever the width, no line is wider than the terminal: nothing is cut off and nothing wraps by itself.

    Only the lines of a state, which is JSON, are left whole for copying.
    """
    render, document = DOCUMENTS[name]
    document = {name: value for name, value in document.items() if name not in ("values", "metadata")}
    for line in at_terminal(render(document), width).split("\n"):
        assert cell_len(line) <= width


@pytest.mark.parametrize("name", DOCUMENTS)
def test_hostile_text_is_shown_and_not_obeyed(name: str) -> None:
    """No control character, escape sequence or change of direction reaches the terminal, and markup is no markup."""
    render, document = DOCUMENTS[name]
    text = at_terminal(render(document), 200)
    assert not UNSAFE.search(text)
    if HOSTILE in _strings(document):
        assert "[/b] [red]x[/red] \\x1b[31m" in text or "[/b] [red]x[/red] \\u001b[31m" in text


def _strings(value: Any) -> Iterable[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _strings(key)
            yield from _strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)
    elif isinstance(value, str):
        yield value


@pytest.mark.parametrize("name", DOCUMENTS)
@pytest.mark.parametrize("width", [30, 80])
def test_ids_are_whole_at_a_terminal(name: str, width: int) -> None:
    """The longest thread id there can be is folded onto further lines, never shortened, and has no ellipsis."""
    render, document = DOCUMENTS[name]
    text = at_terminal(render(document), width)
    assert "…" not in text
    if name in ("runs show", "checkpoints show", "cost", "run", "cancel"):
        assert LONG_ID in squeezed(text)
    if name in ("runs ls", "cost of all"):
        assert text.count("x") >= LONG_ID.count("x")


def test_checkpoint_ids_stand_on_one_line_at_80_columns() -> None:
    """At 80 columns the checkpoints of an ordinary run are a table, each id on one line, to be copied from it."""
    names = ("finalize", "generate_shots", "generate_assets", "generate_screenplay", "initialize", None)
    items = [a_checkpoint(len(names) - index, name) for index, name in enumerate(names)]
    lines = at_terminal(checkpoints.render_checkpoints({"thread_id": "run-123", "items": items}), 80).splitlines()
    assert len(lines) == 1 + len(items)
    for line, item in zip(lines[1:], items, strict=True):
        assert line.startswith(item["checkpoint_id"] + " ")
        assert (item["step_name"] or "input") in line


def test_a_list_of_runs_has_one_line_per_run_at_80_columns() -> None:
    """At 80 columns runs with the ids that clash itself makes take one line each."""
    lease = {"host": "studio", "pid": "4711", "expires_at": WHEN, "live": True}
    items = [a_run("lighthouse-3fa2c1"), a_run("run-123", status="running", lease=lease)]
    for item in items:
        item["cost_usd"] = "0.000000"
    lines = at_terminal(runs.render_runs({"items": items}), 80).splitlines()
    assert [line.split()[:1] for line in lines[:4]] == [["thread"], ["lighthouse-3fa2c1"], ["run-123"], []]
    assert squeezed(lines[4]) == squeezed("run-123: held by process 4711 on studio, until 2026-11-23 09:05:01 UTC")


def test_one_long_id_leaves_the_others_a_table() -> None:
    """It stands above its row; the list of what thirty runs cost is a table all the same, at 80 columns and at 60."""
    names = [f"night-{number:02d}" for number in range(30)]
    names[7], names[20] = "night-" + "x" * 60, "night-" + "y" * 70
    items = [{"thread_id": name, "status": "completed", "total_usd": "1.500000", "calls": 3} for name in names]
    document = {"items": items, "total_usd": "45.000000"}
    for width, lines_of_y in ((80, 1), (60, 2)):
        lines = at_terminal(cost.render_cost(document, by=None), width).splitlines()
        assert lines[0].split() == ["thread", "status", "total", "calls"]
        assert max(map(cell_len, lines)) <= width
        assert squeezed(names[20]) in squeezed("".join(lines))
        assert sum(line.split()[-3:] == ["completed", "$1.50", "3"] for line in lines) == 30
        above = lines.index(next(line for line in lines if line.startswith("night-06"))) + 1
        assert lines[above].startswith("night-xxx")
        assert lines[above + 1 + (width == 60)].split() == ["completed", "$1.50", "3"]
        assert len(lines) == 1 + 30 + 1 + (width == 60) + lines_of_y + 2


def test_a_run_whose_process_is_gone_is_not_shown_as_running() -> None:
    """It reads `interrupted`, with the command that goes on; for scripts the status is what the table holds."""
    gone = {"host": "studio", "pid": "4711", "expires_at": WHEN, "live": False}
    blocks = runs.render_runs({"items": [a_run("-x", status="running", lease=gone), a_run("old", lease=gone)]})
    text = at_terminal(blocks, 120)
    assert re.search(r"^-x +interrupted ", text, flags=re.MULTILINE)
    assert re.search(r"^old +completed ", text, flags=re.MULTILINE)
    assert "clash resume -- -x" in text
    assert "old:" not in text
    assert [line.split("\t")[1] for line in piped(blocks)][1:] == ["running", "completed"]


def test_a_call_that_may_have_been_paid_has_no_price_yet() -> None:
    """An unknown call is no $0.00 to a person; the pipe gets what the table holds."""
    blocks = cost.render_cost({**DOCUMENTS["cost"][1], "calls_list": [a_call(1, state="unknown")]}, by=None)
    assert re.search(r"shot:001 .* unknown +\?", at_terminal(blocks, 120))
    assert list(piped(blocks))[-1].split("\t")[3:9] == ["unknown", "1", "1", "false", "0.000000", "0.000000"]


def test_three_columns_that_fold_share_the_width() -> None:
    """A narrow terminal gives its cells to the columns whose text is cut into the most lines."""
    rows = [{"slot": "s" * 17, "model": "m" * 60, "job": "j" * 20} for _ in range(20)]
    table = Table((Column("slot", fold=True), Column("model", fold=True), Column("job", fold=True)), rows)
    lines = at_terminal([table], 80).splitlines()
    assert len(lines) == 1 + 2 * len(rows)
    assert at_terminal([table], 80).count("m") == 20 * 60 + 1


def test_ids_and_paths_are_never_broken_to_make_room() -> None:
    """Where slots and paths do not fit side by side, each path stands whole under its row."""
    rows = [{"slot": f"shot:{number:03d}", "path": f"output/run-123/keyframes/{number:03d}.jpg"} for number in range(9)]
    rows.append({"slot": "location:sea-below-the-lighthouse", "path": "output/run-123/locations/sea.jpg"})
    table = Table((Column("slot", fold=True), Column("path", fold=True)), rows)
    lines = [line.strip() for line in at_terminal([table], 54).splitlines()]
    assert lines == ["slot", *(line for row in rows for line in (row["slot"], f"path: {row['path']}"))]


def test_chinese_words_fold_and_chinese_names_of_files_do_not() -> None:
    """A sentence written without spaces may end a line anywhere; a file name with wide letters may not."""
    rows = [
        {
            "n": 1,
            "slot": "character:小禾",
            "path": "output/灯塔/第一场-灯塔的故事-最终版.jpg",
            "note": "她看着大海" * 12,
        }
    ]
    table = Table((Column("n"), *(Column(key, fold=True) for key in ("slot", "path", "note"))), rows)
    text = at_terminal([table], 60)
    assert rows[0]["slot"] in text
    assert rows[0]["path"] in text
    assert rows[0]["note"] in squeezed(text)


def test_a_command_in_a_remark_stays_on_one_line() -> None:
    """What is to be typed is not broken where a line ends."""
    text = at_terminal([Remark("held by nobody since the machine stopped; go on: clash resume lighthouse-3fa2c1")], 60)
    assert "clash resume lighthouse-3fa2c1" in text.splitlines()


def test_a_long_value_of_a_record_stands_under_its_name() -> None:
    """A file name that finds no room beside the name of its field is whole on the next line."""
    path = f"data/assets/e8/{'0123456789abcdef' * 4}"
    assert path in at_terminal([Record((Column("file_that_was_made"),), {"file_that_was_made": path})], 80).splitlines()


def test_wide_letters_do_not_shift_the_columns() -> None:
    """Chinese letters are two cells wide, and the column after them still starts in one place."""
    columns = (Column("name"), Column("end"))
    rows = [{"name": "小禾", "end": "|"}, {"name": "mara", "end": "|"}]
    lines = at_terminal([Table(columns, rows)], 80).splitlines()
    assert {cell_len(line[: line.index("|")]) for line in lines[1:]} == {6}


def test_a_list_without_items_says_what_to_do() -> None:
    """An empty list is a sentence for a person, and only the header for a pipe."""
    assert "clash run STORY" in at_terminal(runs.render_runs({"items": []}), 80)
    assert len(list(piped(runs.render_runs({"items": []})))) == 1


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_pipe_gets_whole_values_without_escape_codes(name: str) -> None:
    """In a pipe every row has as many cells as its header, ids are whole, and nothing in a value breaks a line."""
    render, document = DOCUMENTS[name]
    lines = list(piped(render(document)))
    assert not any(UNSAFE.search(line.replace("\t", "")) or "\n" in line for line in lines)
    if document.get("thread_id") and name not in ("checkpoints ls", "assets ls"):
        assert f"thread_id\t{LONG_ID}" in lines
    for header, row in pairwise(lines):
        if header.startswith(("slot\t", "thread_id\tstatus\t", "checkpoint_id\tstep_name\t")):
            assert header.count("\t") == row.count("\t")


def test_a_pipe_gets_exact_figures() -> None:
    """In a pipe money has six places, durations are milliseconds and times are whole."""
    rows = list(piped(cost.render_cost(DOCUMENTS["cost"][1], by="step")))
    assert "total_usd\t12.345678" in rows
    assert "generate_screenplay\t12\t1\t2\t0.000000\t91200" in rows
    cells = list(piped(runs.render_runs({"items": [a_run()]})))[1].split("\t")
    assert cells[:6] == ["run-123", "completed", "examples/lighthouse.csv", WHEN, "5", "0.041250"]


def test_cost_by_chooses_the_split() -> None:
    """`--by day` shows days, and the default of a run is its steps."""
    document = {
        **DOCUMENTS["cost"][1],
        "by_day": [{"day": "2026-11-23", "calls": 21, "cost_usd": "1", "duration_ms": 5}],
    }
    assert "2026-11-23" in at_terminal(cost.render_cost(document, by="day"), 80)
    assert "generate_screenplay" not in at_terminal(cost.render_cost(document, by="day"), 80)
    assert "generate_screenplay" in at_terminal(cost.render_cost(document, by=None), 80)


def test_money_is_never_rounded() -> None:
    """A person sees cents, and every further place that is not zero."""
    assert [money(text) for text in ("0.000000", "1.500000", "0.000001", "1234.560000")] == [
        "$0.00",
        "$1.50",
        "$0.000001",
        "$1234.56",
    ]


def test_colours_only_where_the_terminal_has_them() -> None:
    """A status is coloured at a terminal that can, and not under `NO_COLOR`."""
    blocks = runs.render_runs({"items": [a_run()]})

    def colours(environment: dict[str, str]) -> bool:
        stream = io.StringIO()
        console = Console(file=stream, width=80, force_terminal=True, color_system="standard", _environ=environment)
        print_to_terminal(blocks, console)
        return "\x1b[32m" in stream.getvalue()

    assert colours({}) is True
    assert colours({"NO_COLOR": "1"}) is False


def test_json_holds_every_character_and_controls_no_terminal() -> None:
    """JSON gives back exactly what went in, without one raw character that a terminal would obey."""
    text = json_text({"value": HOSTILE})
    assert json.loads(text) == {"value": HOSTILE}
    assert not UNSAFE.search(text.replace("\n", ""))
    assert "小禾" in text


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "gbk", "utf-8"])
def test_json_is_json_in_every_encoding(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where standard output is not Unicode the document is escaped, and still says the same."""
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding=encoding, errors="backslashreplace"))
    emit({"value": HOSTILE, "é": "小禾🎬"}, as_json=True, render=lambda _: ())
    assert json.loads(raw.getvalue().decode(encoding)) == {"value": HOSTILE, "é": "小禾🎬"}


def test_an_error_message_cannot_pretend_to_be_another_line(capsys: pytest.CaptureFixture[str]) -> None:
    """A message with line breaks is indented, so that nothing in it looks like a hint of ours."""
    say("no such story: a\nhint: rm -rf ~\x1b[2J", label="error")
    assert capsys.readouterr().err == "error: no such story: a\n       hint: rm -rf ~\\x1b[2J\n"


def test_a_story_error_names_row_and_column_in_json() -> None:
    """A script can find the cell that a story failed in."""
    document = error_document(StoryError("no duration", row=5, column="时长", hint="write 4s"))
    assert document == {
        "schema": 1,
        "error": {"code": "story", "message": "no duration", "hint": "write 4s", "row": 5, "column": "时长"},
    }
