"""`clash cancel`: cancel a run, or those of a batch."""

from __future__ import annotations

from clash.cli.layout import Block, Column, Record, Remark, Table
from clash.cli.of_batch import EachOfBatch, ThreadOrBatch, end, one_run, reasons
from clash.cli.options import Json
from clash.cli.output import Document, emit
from clash.cli.reading import report
from clash.hints import batch_command, command

_ENDS = "its process starts no new call and ends when those in flight are settled"
_RUNS = (Column("thread_id", "thread", fold=True), Column("status"), Column("running"), Column("error", fold=True))


def cancel(thread: ThreadOrBatch = None, batch: EachOfBatch = None, as_json: Json = False) -> None:
    """Cancel a run, on whichever machine it runs. What it has made is kept; `clash resume` continues it."""
    from clash import production

    one = one_run(thread, batch, "clash cancel")
    if batch is None:
        emit(report(lambda settings: production.cancel(one, settings)), as_json=as_json, render=render_cancelled)
        return
    document = report(lambda settings: production.cancel_batch(batch, settings))
    emit(document, as_json=as_json, render=render_batch_cancelled)
    end(document)


def render_cancelled(document: Document) -> list[Block]:
    """Show that the run is cancelled, and whether a process still runs it."""
    blocks: list[Block] = [Record((Column("thread_id", "thread"), Column("status"), Column("running")), document)]
    if document["running"]:
        blocks.append(Remark(_ENDS))
    return [*blocks, Remark(f"{command('resume', document['thread_id'])} goes on with it", "dim")]


def render_batch_cancelled(document: Document) -> list[Block]:
    """Show one line per run, and what a process that still works on the batch does."""
    items = [{**item, "error": item["error"] and item["error"]["code"]} for item in document["items"]]
    blocks: list[Block] = [Table(_RUNS, items), *reasons(document["items"])]
    if any(item["running"] for item in document["items"]):
        blocks.append(Remark(f"of a run that is running, {_ENDS}"))
        blocks.append(Remark("`clash batch`, where it still works, begins its other stories: stop it with Ctrl-C"))
    return [*blocks, Remark(f"`{batch_command(document['batch'])}` goes on with these runs", "dim")]
