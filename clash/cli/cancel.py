"""`clash cancel`: cancel a run."""

from __future__ import annotations

from clash.cli.layout import Block, Column, Record, Remark
from clash.cli.options import Json, Thread
from clash.cli.output import Document, emit
from clash.cli.reading import report
from clash.hints import command


def cancel(thread: Thread, as_json: Json = False) -> None:
    """Cancel a run, on whichever machine it runs. What it has made is kept; `clash resume` continues it."""
    from clash import production

    emit(report(lambda settings: production.cancel(thread, settings)), as_json=as_json, render=render_cancelled)


def render_cancelled(document: Document) -> list[Block]:
    """Show that the run is cancelled, and whether a process still runs it."""
    blocks: list[Block] = [Record((Column("thread_id", "thread"), Column("status"), Column("running")), document)]
    if document["running"]:
        blocks.append(Remark("its process starts no new call and ends when those in flight are settled"))
    return [*blocks, Remark(f"{command('resume', document['thread_id'])} goes on with it", "dim")]
