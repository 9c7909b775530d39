"""`clash assets`: the files that a run made."""

from __future__ import annotations

import typer

from clash.cli.layout import Block, Column, Remark, Table
from clash.cli.options import Json, Thread
from clash.cli.other_database import OtherDatabase
from clash.cli.output import Document, emit
from clash.cli.reading import report
from clash.cli.text import money, size

app = typer.Typer(help="Assets: list the files of a run.")

_LIST = (
    Column("slot", fold=True),
    Column("take", show=lambda take: str(take) if take and take > 1 else "", right=True),
    Column("bytes", "size", size, right=True),
    Column("cost_usd", "cost", money, right=True),
    Column("path", fold=True),
    Column("stored_path", at_terminal=False),
    Column("kind", at_terminal=False),
    Column("media_type", at_terminal=False),
    Column("sha256", at_terminal=False),
    Column("step", at_terminal=False),
    Column("created_at", at_terminal=False),
)


@app.command("ls")
def list_assets(thread: Thread, _database: OtherDatabase = None, as_json: Json = False) -> None:
    """List the files that a run made: cards, keyframes, clips, speech, the film."""
    from clash.reports import files

    document = report(lambda settings: files.list_assets(settings, thread))
    emit(document, as_json=as_json, render=render_assets)


def render_assets(document: Document) -> list[Block]:
    """Show one line per file. People see published names; other files are in the asset store only."""
    items = document["items"]
    blocks: list[Block] = [Table(_LIST, items, empty=f"{document['thread_id']} has made nothing yet")]
    if unnamed := sum(not item["path"] for item in items):
        blocks.append(Remark(f"{unnamed} without a path are in the asset store only; --json says where", "dim"))
    return blocks
