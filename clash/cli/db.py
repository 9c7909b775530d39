"""`clash db`: make, upgrade and look at the database."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from clash.cli.layout import Block, Column, Record, Remark, Table
from clash.cli.options import Json
from clash.cli.output import Document, emit, say_error
from clash.cli.reading import report
from clash.cli.text import moment, size
from clash.errors import VersionMismatchError

app = typer.Typer(help="The database: create, upgrade, look at it.")


@app.command("init")
def initialize(as_json: Json = False) -> None:
    """Create the database or upgrade its schema; safe to repeat."""
    from clash.reports import database

    emit(report(database.initialize_database), as_json=as_json, render=render_initialized)


def render_initialized(document: Document) -> list[Block]:
    """The database, and the migrations that were applied just now."""
    applied = [{"name": name} for name in document["applied"]]
    facts = {"url": document["url"], "created": document["created"]}
    blocks: list[Block] = [Record((Column("url", "database"), Column("created")), facts)]
    if applied:
        blocks.append(Table((Column("name", "applied just now", fold=True),), applied))
    else:
        blocks.append(Remark("up to date: nothing to apply"))
    return blocks


@app.command("status")
def status(
    check: Annotated[bool, typer.Option("--check", help="Exit with 7 if a migration is pending.")] = False,
    as_json: Json = False,
) -> None:
    """Show which migrations are applied and which are pending, the size, and the rows of each table."""
    from clash.reports import database

    document = report(database.database_status)
    error = _pending_error(document) if check and document["pending"] else None
    if error is not None:
        facts = {"code": error.code, "message": error.message, "hint": error.hint}
        document["error"] = facts
    emit(document, as_json=as_json, render=render_status)
    if error is not None:
        say_error(error.message, error.hint)
        raise typer.Exit(error.exit_code)


def _pending_error(document: Document) -> VersionMismatchError:
    names = ", ".join(document["pending"])
    return VersionMismatchError(f"pending migrations: {names}", hint="clash db init")


_DATABASE = (
    Column("url", "database"),
    Column("kind"),
    Column("path"),
    Column("size_bytes", "size", size),
)


def render_status(document: Document) -> list[Block]:
    """The database, its migrations, its tables."""
    migrations: list[dict[str, Any]] = [{**item, "state": "applied"} for item in document["applied"]]
    migrations += [{"name": name, "state": "pending"} for name in document["pending"]]
    rows = [{"table": name, "rows": count} for name, count in document["rows"].items()]
    return [
        Record(_DATABASE, document),
        Table(
            (Column("name", "migration", fold=True), Column("state"), Column("applied_at", "applied (UTC)", moment)),
            migrations,
            empty="no migrations",
        ),
        Table((Column("table"), Column("rows", right=True)), rows, empty="no tables"),
    ]
