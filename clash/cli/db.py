"""`clash db`: create, upgrade, check and recover the database; export and import runs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from clash.cli.layout import Block, Column, Record, Remark, Table
from clash.cli.options import Json, OfBatch
from clash.cli.other_database import OtherDatabase, at_database
from clash.cli.output import Document, emit, print_aside, say_error
from clash.cli.reading import report
from clash.cli.streams import may_ask
from clash.cli.text import moment, money, plain, size
from clash.errors import UsageError, VersionMismatchError
from clash.vocabulary import INTERRUPTED

app = typer.Typer(help="The database: create, upgrade, check and recover it; move runs to another.")


@app.command("init")
def initialize(
    yes: Annotated[
        bool, typer.Option("--yes", help="Add the tables of clash to a database of another program without asking.")
    ] = False,
    _database: OtherDatabase = None,
    as_json: Json = False,
) -> None:
    """Create the database or upgrade its schema. Safe to repeat."""
    from clash.reports import database

    try:
        document = report(lambda settings: database.initialize_database(settings, beside_others=yes))
    except VersionMismatchError as error:
        if error.code != "foreign_database":
            raise
        _ask_to_add_tables(error)
        document = report(lambda settings: database.initialize_database(settings, beside_others=True))
    emit(document, as_json=as_json, render=render_initialized)


def _ask_to_add_tables(error: VersionMismatchError) -> None:
    """Ask a person at a terminal. Raises `UsageError` for a no, and where nobody can be asked."""
    question = f"{error.message}. Add the tables of clash to it?"
    if may_ask():
        if typer.confirm(question, err=True):
            return
        raise UsageError(f"{error.message}; nothing was changed", code=error.code, hint="check DATABASE_URL")
    raise UsageError(
        f"{error.message}; it would get the tables of clash beside them",
        code=error.code,
        hint="check DATABASE_URL; `clash db init --yes` adds the tables of clash to it",
    )


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
    check: Annotated[
        bool,
        typer.Option("--check", help="Exit with 7 if a migration is pending, and with 4 if the file is damaged."),
    ] = False,
    _database: OtherDatabase = None,
    as_json: Json = False,
) -> None:
    """Show which migrations are applied and which are pending, the size, and the rows of each table."""
    from clash.reports import database

    document = report(lambda settings: database.database_status(settings, check=check))
    error = _pending_error(document) if check and document["pending"] else None
    if error is not None:
        facts = {"code": error.code, "message": error.message, "hint": at_database(error.hint)}
        document["error"] = facts
    emit(document, as_json=as_json, render=render_status)
    if error is not None:
        say_error(error.message, at_database(error.hint))
        raise typer.Exit(error.exit_code)


def _pending_error(document: Document) -> VersionMismatchError:
    names = ", ".join(document["pending"])
    return VersionMismatchError(f"pending migrations: {names}", hint="clash db init")


_DATABASE = (
    Column("url", "database"),
    Column("kind"),
    Column("path"),
    Column("size_bytes", "size", size),
    Column("wal_bytes", "write-ahead log", size),
    Column("free_bytes", "free in it", size),
)
_TABLES = (Column("table"), Column("rows", right=True), Column("bytes", "size", size, right=True))


def render_status(document: Document) -> list[Block]:
    """The database, its migrations, its tables."""
    migrations: list[dict[str, Any]] = [{**item, "state": "applied"} for item in document["applied"]]
    migrations += [{"name": name, "state": "pending"} for name in document["pending"]]
    sizes: dict[str, int] = document.get("table_bytes") or {}
    rows = [{"table": name, "rows": count, "bytes": sizes.get(name)} for name, count in document["rows"].items()]
    return [
        Record(_DATABASE, document),
        Table(
            (Column("name", "migration", fold=True), Column("state"), Column("applied_at", "applied (UTC)", moment)),
            migrations,
            empty="no migrations",
        ),
        Table(_TABLES, rows, empty="no tables"),
    ]


@app.command("vacuum")
def vacuum(_database: OtherDatabase = None, as_json: Json = False) -> None:
    """Shrink a SQLite database to what it holds. D1 does so by itself."""
    from clash.reports import database

    emit(report(database.vacuum_database), as_json=as_json, render=render_vacuumed)


_VACUUMED = (
    Column("url", "database"),
    Column("kind", at_terminal=False),
    Column("path", at_terminal=False),
    Column("before_bytes", "before", size),
    Column("after_bytes", "after", size),
    Column("freed_bytes", "given back", size),
    Column("done", at_terminal=False),
)


def render_vacuumed(document: Document) -> list[Block]:
    """Show the sizes before and after."""
    blocks: list[Block] = [Record(_VACUUMED, document)]
    return [*blocks, Remark(document["note"])] if document["note"] else blocks


# -- after a loss ------------------------------------------------------------------------------------------------------


@app.command("recover")
def recover(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Change nothing; list what would be restored, and what it cost.")
    ] = False,
    _database: OtherDatabase = None,
    as_json: Json = False,
) -> None:
    """Restore paid calls from the asset store into a database that was lost or came from a backup."""
    from clash.transfer import recover_calls

    emit(report(lambda settings: recover_calls(settings, dry_run=dry_run)), as_json=as_json, render=render_recovered)


_RECOVERED = (
    Column("url", "database"),
    Column("created"),
    Column("restored", "calls restored", right=True),
    Column("restored_usd", "which cost", money),
    Column("decisions", "decisions restored", right=True),
    Column("cuts", "cuts of films restored", right=True),
)
_CALLS = (
    Column("thread_id", "thread", fold=True),
    Column("slot", fold=True),
    Column("model", fold=True),
    Column("cost_usd", "cost", money, right=True),
    Column("result", show=lambda value: str(value).replace("_", " ")),
    Column("provider", at_terminal=False),
    Column("take", at_terminal=False),
    Column("sha256", at_terminal=False),
    Column("file_is_here", at_terminal=False),
    Column("job_id", at_terminal=False),
    Column("started_at", at_terminal=False),
)


def render_recovered(document: Document) -> list[Block]:
    """What was restored, and what could not be."""
    items: list[dict[str, Any]] = document["items"]
    blocks: list[Block] = [
        Record(_RECOVERED, document),
        Table(_CALLS, items, empty="the asset store has no records of paid calls"),
    ]
    if document["dry_run"]:
        blocks.append(Remark("a dry run: nothing was changed; `clash db recover` restores them", "yellow"))
    if document["runs"]:
        blocks.append(Remark(f"created: {', '.join(document['runs'])}; `clash resume THREAD` continues a run"))
    if held := sorted({item["thread_id"] for item in items if item["result"] == "held"}):
        blocks.append(Remark(f"another process writes {', '.join(held)}: recover again when it has ended", "yellow"))
    lost = [item for item in items if item["sha256"] and not item["file_is_here"]]
    if lost:
        blocks.append(Remark(f"the files of {len(lost)} calls are not on this disk: put them back into ASSET_STORE"))
    if document["unreadable"]:
        blocks.append(Remark(f"not readable, left out: {', '.join(document['unreadable'])}", "yellow"))
    return blocks


# -- moving runs -------------------------------------------------------------------------------------------------


class _Unread(Exception):
    """The reader of standard output has closed it."""


@app.command("export")
def export(
    file: Annotated[str, typer.Argument(metavar="FILE", help="The new file, or - for standard output.")],
    threads: Annotated[
        list[str] | None,
        typer.Option("--thread", metavar="ID", help="Export only this run. Can be repeated.", show_default=False),
    ] = None,
    batch: OfBatch = None,
    _database: OtherDatabase = None,
    as_json: Json = False,
) -> None:
    """Write runs to a file for `clash db import`. It is compressed if its name ends in .gz."""
    from clash import transfer

    if file != "-":
        path = Path(file)
        document = report(lambda settings: transfer.export_runs(settings, path, threads or (), batch=batch))
        emit(document, as_json=as_json, render=render_exported)
        return
    if as_json:
        raise UsageError("with - the runs themselves go to standard output", hint="leave out --json, or name a file")
    try:
        document = report(
            lambda settings: transfer.export_runs(settings, None, threads or (), write=_write, batch=batch)
        )
    except _Unread:
        return
    print_aside(render_exported(document))


def _write(line: bytes) -> None:
    sys.stdout.write(line.decode("ascii"))
    if getattr(sys.stdout, "unread", False):
        raise _Unread


@app.command("import")
def import_(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="A file that `clash db export` wrote, or - for standard input.")
    ],
    restore_removed: Annotated[
        bool,
        typer.Option("--restore-removed", help="Also import runs that `clash runs rm` removed from this database."),
    ] = False,
    _database: OtherDatabase = None,
    as_json: Json = False,
) -> None:
    """Read the runs of an export into the database. Safe to repeat: a run that is there already stays as it is."""
    from clash import transfer

    path = None if file == "-" else Path(file)
    document = report(lambda settings: transfer.import_runs(settings, path, restore_removed=restore_removed))
    emit(document, as_json=as_json, render=render_imported)


_THREAD = Column("thread_id", "thread", fold=True)
# A run that another process writes cannot be exported.
_STATUS = Column("status", show=lambda status: INTERRUPTED if status == "running" else plain(status))
_ROWS = Column("rows", right=True)
_PAID_TWICE = "not finished: {threads}. Resume it in one of the two databases only: what both make, both pay for"


def _twice(document: Document) -> list[Block]:
    unfinished = document["unfinished"]
    return [Remark(_PAID_TWICE.format(threads=", ".join(unfinished)), "yellow")] if unfinished else []


def render_exported(document: Document) -> list[Block]:
    """Show the file, and which runs are in it."""
    facts = (
        Column("file"),
        Column("url", "from"),
        Column("size_bytes", "size", size),
        Column("sha256", at_terminal=False),
    )
    table = Table((_THREAD, _STATUS, _ROWS), document["items"], empty="no runs")
    return [Record(facts, document), table, *_twice(document)]


def render_imported(document: Document) -> list[Block]:
    """Show which runs were imported, which were there, and how many files are missing here."""
    facts = (
        Column("file"),
        Column("from"),
        Column("exported_at", "exported (UTC)", moment),
        Column("url", "to"),
    )
    result = Column("result", show=lambda value: str(value).replace("_", " "))
    blocks: list[Block] = [
        Record(facts, document),
        Table((_THREAD, _STATUS, _ROWS, result), document["items"], empty="no runs"),
        *_twice(document),
    ]
    if gone := [run["thread_id"] for run in document["items"] if run["result"] == "removed"]:
        blocks.append(
            Remark(
                f"not imported, for this database has them as removed: {', '.join(gone[:12])}"
                f"{' ...' if gone[12:] else ''}; --restore-removed brings them back",
                "yellow",
            )
        )
    assets = document["assets"]
    if assets["missing_here"]:
        blocks.append(
            Remark(
                f"{assets['missing_here']} of the {assets['named']} files that these runs made are not on this machine:"
                " copy the folder of ASSET_STORE, or let both share a bucket",
                "yellow",
            )
        )
    return blocks
