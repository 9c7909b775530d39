"""How a run ended, as a person or a script reads it."""

from __future__ import annotations

import sys

import typer

from clash.cli.calls import failed_paid_blocks, unknown_blocks
from clash.cli.layout import Block, Column, Record, Table
from clash.cli.output import Document, part_of, say, say_error
from clash.cli.reviews import review_blocks
from clash.cli.streams import is_terminal
from clash.cli.text import money
from clash.clock import clock_text
from clash.hints import command

_OUTCOME = (
    Column("status"),
    Column("thread_id", "thread"),
    Column("checkpoint_id", "checkpoint", at_terminal=False),
    Column("waiting_for"),
    Column("film"),
    Column("film_sha256", at_terminal=False),
    Column("length_s", "length", lambda seconds: clock_text(seconds) if seconds else ""),
    Column("total_usd", "cost", money),
    Column("budget_usd", "budget", money),
    Column("left_calls", "left to make", lambda calls: f"{calls} calls" if calls else ""),
    Column("left_cost_usd", "which cost", money),
)


def render_outcome(document: Document) -> list[Block]:
    """How the run ended: its film, its length, its cost; if it did not get to the end, its steps and what is left."""
    film, cost, left = (part_of(document, key) for key in ("film", "cost", "left"))
    facts = {
        **document,
        **cost,
        "film": film.get("path"),
        "film_sha256": film.get("sha256"),
        "length_s": film.get("duration_s"),
        "left_calls": left.get("calls"),
        "left_cost_usd": left.get("cost_usd"),
    }
    blocks: list[Block] = [Record(_OUTCOME, facts)]
    if document.get("status") not in ("completed", "already_completed"):
        steps = [{"step": name, **count} for name, count in part_of(document, "steps").items()]
        columns = (Column("step"), Column("done", right=True), Column("total", "of", right=True))
        blocks.append(Table(columns, steps, empty="no step was begun"))
    return [
        *blocks,
        *review_blocks(document.get("review") or ()),
        *unknown_blocks(document.get("unknown") or ()),
        *failed_paid_blocks(document.get("failed_paid") or ()),
    ]


def tell_outcome(document: Document, *, as_json: bool) -> None:
    """What went wrong, or, to a person, what to look at next."""
    error = document.get("error")
    if error:
        is_review = document.get("waiting_for") == "review"  # which somebody asked for
        say_error(error["message"], error.get("hint"), label="paused" if is_review else "error")
    elif is_terminal(sys.stderr) and not as_json:
        for line in next_steps(document):
            say(line, label="next", style="dim")


def next_steps(document: Document) -> list[str]:
    """What a maker may want next: the film to look at, how to change a shot, how to make it with better models."""
    thread = document["thread_id"]
    lines: list[str] = []
    if film := part_of(document, "film").get("path"):
        lines.append(f"look at {film}, or the contact sheet beside it (--open opens the film)")
    shots = [item["slot"] for item in document.get("outputs") or () if item["kind"] == "shot"]
    is_free = part_of(document, "cost").get("total_usd") == "0.000000"
    if shots:
        # The local models, which are free, read no notes.
        told = "make another take of a shot" if is_free else "change a shot"
        note = "" if is_free else " --note 'closer'"
        lines.append(f"{told}: {command('retake', thread)} {shots[len(shots) // 2]}{note}")
    if is_free:
        lines.append(
            f"make it final: {command('fork', thread, '--thread', f'{thread}-final')} --preset final --dry-run"
        )
    return [*lines, f"see what it cost: {command('cost', thread)}"]


def open_film(document: Document) -> None:
    """Open the film of a completed run with the program that this machine opens films with."""
    film = part_of(document, "film").get("path")
    if film and document.get("status") in ("completed", "already_completed") and typer.launch(film, wait=False):
        say(f"nothing here opens {film}", label="warning", style="yellow")
