"""What people and pipes get to read: whole at any width, and never obeyed by a terminal."""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console

from clash.cli import assets, cancel, checkpoints, cost, db, estimate, run, runs
from clash.cli.layout import Block, Column, Table, piped, print_to_terminal
from clash.cli.output import emit, error_document, say
from clash.cli.progress import LiveProgress, plain_line
from clash.cli.text import json_text, money, visible
from clash.errors import StoryError

HOSTILE = (
    "[/b] [red]x[/red] \x1b[31m\x1b]0;title\x07 \u009b2J \u202egnp.exe \ttab\nline\r\x00 :smile: "
    "小禾 👩‍👩‍👧 שלום \ud800"
)
LONG_ID = "thread-" + "x" * 121
CHECKPOINT = "1f0c5a2e-8a3b-6c1e-8002-2f1e6a0c9d11"
WHEN = "2026-11-23T09:05:01.250Z"
SHA = "51ab" * 16
UNSAFE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def a_run(thread_id: str = "run-123", **facts: Any) -> dict[str, Any]:
    """An item of `runs ls`."""
    return {
        "thread_id": thread_id,
        "status": "completed",
        "workflow_name": "video_production",
        "story": "examples/lighthouse.csv",
        "started_at": WHEN,
        "ended_at": WHEN,
        "updated_at": WHEN,
        "cost_usd": "0.041250",
        "budget_usd": None,
        "steps_done": 5,
        "lease": None,
        "error": None,
        **facts,
    }


def a_checkpoint(number: int, step_name: str | None, **facts: Any) -> dict[str, Any]:
    """An item of `checkpoints ls`."""
    return {
        "checkpoint_id": CHECKPOINT[:19] + f"{number:04d}" + CHECKPOINT[23:],
        "parent_checkpoint_id": CHECKPOINT,
        "checkpoint_ns": "",
        "created_at": WHEN,
        "step": number,
        "source": "loop" if step_name else "input",
        "step_name": step_name,
        "next": ["generate_shots"],
        "execution_time_ms": 812,
        "api_calls": 5,
        "cost_usd": "0.000000",
        "error": None,
        **facts,
    }


def a_call(number: int, **facts: Any) -> dict[str, Any]:
    """An item of `calls`."""
    return {
        "id": number,
        "step": "generate_shots",
        "slot": f"shot:{number:03d}",
        "kind": "video",
        "service": "local",
        "model": "cinematographer",
        "state": "succeeded",
        "attempt": 1,
        "reused": False,
        "quoted_cost_usd": "0.000000",
        "cost_usd": "0.000000",
        "precision": "exact",
        "duration_ms": 1234,
        "status_code": None,
        "job_id": None,
        "error_code": None,
        "error": None,
        "started_at": WHEN,
        "ended_at": WHEN,
        **facts,
    }


STEP = {
    "step": "generate_screenplay",
    "calls": 12,
    "failed_calls": 1,
    "reused_calls": 2,
    "cost_usd": "0.000000",
    "duration_ms": 91200,
}
UNKNOWN = {
    "id": 4,
    "step": "generate_shots",
    "slot": "shot:004",
    "service": "oneshot",
    "model": HOSTILE,
    "started_at": WHEN,
    "quoted_cost_usd": "0.100000",
    "error": HOSTILE,
}
PLANNED = {
    "step": "generate_shots",
    "model": f"oneshot:{HOSTILE}",
    "kind": "video",
    "calls": 12,
    "found_calls": 7,
    "units": "25",
    "unit": "second",
    "unit_price_usd": "0.060000",
    "cost_usd": "1.500000",
    "estimated": True,
}
FILM = {"path": "output/run-123/film.mp4", "sha256": SHA, "duration_s": 41.5}

Render = Callable[[Any], Iterable[Block]]
DOCUMENTS: dict[str, tuple[Render, dict[str, Any]]] = {
    "runs ls": (
        runs.render_runs,
        {"items": [a_run(), a_run(LONG_ID, story=HOSTILE, status="failed", error=HOSTILE)]},
    ),
    "runs show": (
        runs.render_run,
        {
            **a_run(LONG_ID),
            "error": {"code": "provider", "message": HOSTILE},
            "story": {"path": HOSTILE, "sha256": SHA, "title": HOSTILE},
            "settings": {"size": "1280x720", "models": {"image": "local:illustrator"}},
            "film": FILM,
            "metadata": {"note": HOSTILE},
            "progress": {"generate_screenplay": {"done": 1, "total": 1}},
            "lease": {"host": HOSTILE, "pid": "123", "expires_at": WHEN, "live": True},
            "steps": [STEP],
            "unknown": [UNKNOWN],
            "calls": [a_call(1), a_call(2, state="failed", error=HOSTILE), a_call(3, job_id=HOSTILE)],
        },
    ),
    "checkpoints ls": (
        checkpoints.render_checkpoints,
        {
            "thread_id": LONG_ID,
            "items": [a_checkpoint(1, "generate_screenplay"), a_checkpoint(0, None, error=HOSTILE)],
        },
    ),
    "checkpoints show": (
        checkpoints.render_checkpoint,
        {
            "thread_id": LONG_ID,
            **a_checkpoint(1, HOSTILE),
            "values": {HOSTILE: [HOSTILE]},
            "pending": [],
            "metadata": {},
        },
    ),
    "cost": (
        lambda document: cost.render_cost(document, by=None),
        {
            "thread_id": LONG_ID,
            "currency": "USD",
            "total_usd": "12.345678",
            "estimate_usd": "14.000000",
            "reserved_usd": "0.100000",
            "unknown_usd": "0.100000",
            "budget_usd": "20.000000",
            "calls": 21,
            "failed_calls": 0,
            "reused_calls": 0,
            "unknown_calls": 1,
            "by_precision": [{"precision": "billed", "calls": 20, "cost_usd": "12.345678"}],
            "by_step": [STEP],
            "settlements": [],
            "calls_list": [a_call(1, model=HOSTILE)],
        },
    ),
    "cost of all": (
        lambda document: cost.render_cost(document, by=None),
        {"items": [{"thread_id": LONG_ID, "total_usd": "12.345678", "calls": 3}], "total_usd": "12.345678"},
    ),
    "assets ls": (
        assets.render_assets,
        {
            "thread_id": LONG_ID,
            "items": [
                {
                    "slot": "character:小禾",
                    "kind": "character_image",
                    "media_type": "image/png",
                    "sha256": SHA,
                    "path": f"data/assets/51/{SHA}.png",
                    "bytes": 204800,
                    "step": "generate_assets",
                    "cost_usd": "0.000000",
                    "created_at": WHEN,
                }
            ],
        },
    ),
    "db init": (db.render_initialized, {"url": "sqlite:///" + "d/" * 60, "created": True, "applied": ["0001_a.sql"]}),
    "db status": (
        db.render_status,
        {
            "url": "sqlite:///x.db",
            "kind": "sqlite",
            "path": "d/" * 60,
            "size_bytes": 122880,
            "applied": [{"name": "0001_" + "a" * 90 + ".sql", "applied_at": WHEN}],
            "pending": ["0002_b.sql"],
            "rows": {"workflow_executions": 3, "api_logs": 63},
        },
    ),
    "run": (
        run.render_outcome,
        {
            "schema": 1,
            "thread_id": LONG_ID,
            "status": "failed",
            "checkpoint_id": CHECKPOINT,
            "outputs": [],
            "steps": {"generate_shots": {"done": 7, "total": 12}},
            "film": {**FILM, "path": HOSTILE},
            "cost": {"total_usd": "0.000000", "budget_usd": None},
            "error": {"code": "provider", "message": HOSTILE},
            "left": {"calls": 5, "cost_usd": "1.500000"},
            "unknown": [UNKNOWN],
        },
    ),
    "run --dry-run": (
        estimate.render_estimate,
        {
            "thread_id": None,
            "dry_run": True,
            "currency": "USD",
            "total_usd": "1.500000",
            "budget_usd": "1.000000",
            "within_budget": False,
            "calls": 12,
            "found_calls": 7,
            "estimated": True,
            "by_step": [PLANNED],
        },
    ),
    "cancel": (cancel.render_cancelled, {"thread_id": LONG_ID, "status": "cancelled", "running": True}),
}


def at_terminal(blocks: Iterable[Block], width: int, **options: Any) -> str:
    """What a terminal of this width gets."""
    stream = io.StringIO()
    console = Console(file=stream, width=width, force_terminal=True, color_system=None, markup=False, **options)
    print_to_terminal(blocks, console)
    return stream.getvalue()


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


def test_an_ordinary_list_of_runs_has_a_line_a_run_at_80_columns() -> None:
    """At 80 columns runs with the ids that clash itself makes take one line each."""
    lease = {"host": "studio", "pid": "4711", "expires_at": WHEN, "live": True}
    items = [a_run("lighthouse-3fa2c1"), a_run("run-123", status="running", lease=lease)]
    for item in items:
        item["cost_usd"] = "0.000000"
    lines = at_terminal(runs.render_runs({"items": items}), 80).splitlines()
    assert [line.split()[:1] for line in lines[:4]] == [["thread"], ["lighthouse-3fa2c1"], ["run-123"], []]
    assert squeezed(lines[4]) == squeezed("run-123: held by process 4711 on studio, until 2026-11-23 09:05:01 UTC")


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
    assert list(piped(blocks))[-1].split("\t")[3:8] == ["unknown", "1", "false", "0.000000", "0.000000"]


def test_three_columns_that_fold_share_the_width_where_it_saves_lines() -> None:
    """A narrow terminal gives its cells to the columns whose text is cut into the most lines."""
    rows = [{"slot": "s" * 17, "model": "m" * 60, "job": "j" * 20} for _ in range(20)]
    table = Table((Column("slot", fold=True), Column("model", fold=True), Column("job", fold=True)), rows)
    lines = at_terminal([table], 80).splitlines()
    assert len(lines) == 1 + 2 * len(rows)
    assert at_terminal([table], 80).count("m") == 20 * 60 + 1


def test_columns_are_folded_where_it_costs_the_fewest_lines() -> None:
    """One long name folds by itself, and does not take the room that all the others need."""
    rows = [{"slot": f"shot:{number:03d}", "path": f"output/run-123/keyframes/{number:03d}.jpg"} for number in range(9)]
    rows.append({"slot": "location:sea-below-the-lighthouse", "path": "output/run-123/locations/sea.jpg"})
    table = Table((Column("slot", fold=True), Column("path", fold=True)), rows)
    assert len(at_terminal([table], 54).splitlines()) == 1 + len(rows) + 1


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


@dataclass(frozen=True)
class Happening:
    """An event of a run, as `clash.production` tells it."""

    kind: str
    message: str = ""
    thread_id: str = "run-123"
    step: str = "generate_shots"
    done: int = 7
    total: int = 20
    cost_usd: Decimal = Decimal("0.04125")
    elapsed_s: float = 12.0
    remaining_s: float | None = 41.0


def test_the_time_left_is_forgotten_with_its_step() -> None:
    """A step without an estimate does not show what was left of the step before it."""
    progress = LiveProgress(Console(file=io.StringIO(), width=80, force_terminal=True, color_system=None))
    progress.observe(Happening("progress"))
    progress.observe(Happening("step_started", step="finalize", done=0, total=1, remaining_s=None))
    frame = io.StringIO()
    Console(file=frame, width=80).print(progress.render())
    progress.close()
    assert "left" not in frame.getvalue()


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (Happening("thread"), "thread run-123"),
        (Happening("step_started", done=0), "generate_shots: 0/20 shots"),
        (Happening("progress"), "generate_shots: 7/20 shots, $0.04125, 0:12 elapsed, about 0:41 left in this step"),
        (Happening("progress", remaining_s=None), "generate_shots: 7/20 shots, $0.04125, 0:12 elapsed"),
        (Happening("step_finished", done=20), "generate_shots: done, 20/20 shots, $0.04125, 0:12 elapsed"),
        (Happening("step_started", step="finalize", done=0, total=1), "finalize: started"),
        (Happening("step_finished", step="finalize", done=1, total=1), "finalize: done, $0.04125, 0:12 elapsed"),
        (Happening("slot_failed", message="shot:004: refused"), "failed: shot:004: refused"),
        (Happening("warning", message="no voice"), "warning: no voice"),
    ],
)
def test_without_a_terminal_an_event_is_one_plain_line(event: Happening, line: str) -> None:
    """Each event says how far the run is, what it has cost and how long it will take."""
    assert plain_line(event) == line


def test_the_live_display_shows_step_count_cost_and_time() -> None:
    """At a terminal: each step, `7/20 shots`, the cost so far, the time left; warnings are not obeyed."""
    stream = io.StringIO()
    progress = LiveProgress(Console(file=stream, width=80, force_terminal=True, color_system=None))
    for event in (
        Happening("thread"),
        Happening("step_finished", step="generate_screenplay", done=1, total=1),
        Happening("warning", message=HOSTILE),
        Happening("slot_failed", message="shot:004: refused"),
        Happening("progress"),
    ):
        progress.observe(event)
    assert progress.live
    frame = io.StringIO()
    Console(file=frame, width=80).print(progress.render())
    progress.close()
    assert re.search(r"generate_screenplay +\S+ +done", frame.getvalue())
    assert re.search(r"generate_shots +\S+ +7/20 shots", frame.getvalue())
    assert "cost $0.04125" in frame.getvalue()
    assert "about 0:41 left in this step" in frame.getvalue()
    assert visible(HOSTILE)[:20] in stream.getvalue()
    assert "\x1b]0;" not in stream.getvalue()
    assert not progress.live


def test_the_live_display_says_that_the_run_is_stopping() -> None:
    """After Ctrl-C the display says what is waited for and what a second one does."""
    stream = io.StringIO()
    progress = LiveProgress(Console(file=stream, width=80, force_terminal=True, color_system=None))
    progress.observe(Happening("progress"))
    progress.stopping()
    frame = io.StringIO()
    Console(file=frame, width=200).print(progress.render())
    progress.close()
    assert "waiting for the calls in flight" in frame.getvalue()


def test_a_warning_stands_above_the_live_display() -> None:
    """What is no event of the run, such as a wait that Cloudflare asks for; whatever is in it is only shown."""
    stream = io.StringIO()
    progress = LiveProgress(Console(file=stream, width=80, force_terminal=True, color_system=None))
    progress.observe(Happening("progress"))
    progress.warn(f"Cloudflare asks to wait 212 s {HOSTILE}")
    progress.close()
    assert "warning: Cloudflare asks to wait 212 s" in stream.getvalue()
    assert "\x1b]0;" not in stream.getvalue()


@pytest.mark.parametrize(
    ("budget", "within", "shown"), [(None, True, ""), ("1.000000", False, "no"), ("2", True, "yes")]
)
def test_an_estimate_says_whether_it_is_within_the_budget(budget: str | None, within: bool, shown: str) -> None:
    """A person reads yes or no where there is a budget; what costs nothing, being found, is counted apart."""
    document = {**DOCUMENTS["run --dry-run"][1], "budget_usd": budget, "within_budget": within}
    text = at_terminal(estimate.render_estimate(document), 120)
    assert re.search(rf"^within budget +{shown} *$", text, flags=re.MULTILINE) if shown else "within" not in text
    assert re.search(r"^found, so free +7 *$", text, flags=re.MULTILINE)
    assert re.search(r" 12 +7 +25 second +\$0.06 +\$1.50 +yes", text)
    assert "estimated: the bill" in text
