"""`clash runs diff` and `clash checkpoints diff`: what is different between two of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any, cast

import typer

from clash.cli.layout import Block, Column, Record, Remark, Table
from clash.cli.options import Json, Thread
from clash.cli.other_database import OtherDatabase
from clash.cli.output import Document, emit, say
from clash.cli.reading import report
from clash.cli.text import money, plain


def _value(value: Any) -> str:
    """A value of a field in one line: the words of a line of dialogue behind who says them."""
    if isinstance(value, dict) and "text" in value:
        line = cast("dict[str, Any]", value)
        return f"{line['speaker']}: {line['text']}" if line.get("speaker") else str(line["text"])
    if isinstance(value, list):
        return " / ".join(_value(item) for item in cast("list[Any]", value))
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    return plain(value)


_FIELDS = (
    Column("state"),
    Column("a"),
    Column("b"),
    Column("field"),
    Column("a_value", "before", _value, fold=True),
    Column("b_value", "after", _value, fold=True),
)
_SUMMARY = (
    Column("a", "a"),
    Column("b", "b"),
    Column("kept"),
    Column("moved"),
    Column("changed"),
    Column("added"),
    Column("removed"),
    Column("a_usd", "paid by a", money),
    Column("b_usd", "paid by b", money),
)
_TAKES = (
    Column("a_slot", "a"),
    Column("b_slot", "b"),
    Column("a_take", "take of a", right=True),
    Column("b_take", "take of b", right=True),
)
_ITEMS = (
    Column("state"),
    Column("key"),
    Column("slot"),
    Column("a", "before", _value, fold=True),
    Column("b", "after", _value, fold=True),
)


def diff_runs(
    a: Annotated[str, typer.Argument(metavar="A", help="The id of a run.", show_default=False)],
    b: Annotated[str, typer.Argument(metavar="B", help="The id of another run.", show_default=False)],
    _database: OtherDatabase = None,
    as_json: Json = False,
) -> None:
    """Show what is different between two runs: shots, cast, settings, takes and cost."""
    from clash.reports import diffs

    document = report(lambda settings: diffs.diff_runs(a, b, settings))
    emit(document, as_json=as_json, render=render_runs_diff)
    if not as_json:
        for warning in document["warnings"]:
            say(warning, label="warning", style="yellow")


def render_runs_diff(document: Document) -> list[Block]:
    """The counts, then one line per field that is different. Shots that are the same are counted only."""
    shots: list[dict[str, Any]] = document["shots"]
    states = ("kept", "moved", "changed", "added", "removed")
    counts = {state: sum(shot["state"] == state for shot in shots) for state in states}
    sides = {"a": document["a"], "b": document["b"]}
    rows = [
        *(row for shot in shots if shot["state"] != "kept" for row in _rows(shot, _told(shot, "a"), _told(shot, "b"))),
        *(row for item in document["cast"] for row in _rows(item, *_slots(item))),
        *_rows({"state": "changed", "fields": document["screenplay"]}, "screenplay", "screenplay"),
        *_rows({"state": "changed", "fields": document["settings"]}, "settings", "settings"),
    ]
    return [
        Record(_SUMMARY, {**sides, **counts, **document["cost"]}),
        Table(_FIELDS, rows, empty="nothing is different"),
        *([Table(_TAKES, document["takes"], empty="")] if document["takes"] else []),
    ]


def _told(shot: Mapping[str, Any], side: str) -> str | None:
    """A shot's slot on one side, with the label that the story's table gives it there."""
    label = shot.get(f"{side}_label")
    return f"{shot[side]} ({label})" if label else shot[side]


def _slots(item: Mapping[str, Any]) -> tuple[str | None, str | None]:
    slot = item["slot"]
    return None if item["state"] == "added" else slot, None if item["state"] == "removed" else slot


def _rows(item: Mapping[str, Any], a: str | None, b: str | None) -> Iterator[dict[str, Any]]:
    fields: Sequence[Mapping[str, Any]] = item["fields"]
    if item["state"] != "changed":
        yield {"state": item["state"], "a": a, "b": b}
    for field in fields:
        yield {
            "state": item["state"],
            "a": a,
            "b": b,
            "field": field["field"],
            "a_value": field["a"],
            "b_value": field["b"],
        }


def diff_checkpoints(
    thread: Thread,
    a: Annotated[str, typer.Argument(metavar="A", help="The id of a checkpoint.", show_default=False)],
    b: Annotated[str, typer.Argument(metavar="B", help="The id of another checkpoint.", show_default=False)],
    _database: OtherDatabase = None,
    as_json: Json = False,
) -> None:
    """Show what is different between the states of two checkpoints, by keys and slots."""
    from clash.reports import diffs

    document = report(lambda settings: diffs.diff_checkpoints(thread, a, b, settings))
    emit(document, as_json=as_json, render=render_checkpoints_diff)


def render_checkpoints_diff(document: Document) -> list[Block]:
    """One line per value that is different, and which steps come next."""
    due = document["next"]
    return [
        Table(_ITEMS, document["items"], empty="the states are the same"),
        *(
            Remark(f"next after {document[side]}: {_named(due[side])}", "dim")
            for side in ("a", "b")
            if due["a"] != due["b"]
        ),
    ]


def _named(steps: Iterable[str]) -> str:
    return ", ".join(steps) or "nothing, it is complete"
