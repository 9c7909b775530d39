"""`clash projects`: what each project may spend in a month, and what it has spent."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

import typer

from clash.cli.layout import Block, Column, Record, Table
from clash.cli.options import Json, dollars
from clash.cli.other_database import OtherDatabase
from clash.cli.output import Document, emit
from clash.cli.reading import report
from clash.cli.text import money, money_if_any

app = typer.Typer(help="Projects: list them with their money of this month, or set a monthly quota.")

_FUNDS = (
    Column("project", fold=True),
    Column("runs", right=True),
    Column("monthly_quota_usd", "monthly quota", money, right=True),
    Column("spent_usd", "spent", money, right=True),
    Column("reserved_usd", "reserved", money_if_any, right=True),
    Column("left_usd", "left", money, right=True),
)
_NONE = "none"


@app.command("ls")
def list_projects(_database: OtherDatabase = None, as_json: Json = False) -> None:
    """List the projects, with what each may spend and has spent in this month (UTC)."""
    from clash.reports import projects

    emit(report(projects.list_projects), as_json=as_json, render=render_projects)


def render_projects(document: Document) -> list[Block]:
    """Show one line per project."""
    return [
        Table(_FUNDS, document["items"], empty="no projects yet: clash run STORY --project NAME makes the first"),
        Record((Column("month", "month (UTC)"),), document),
    ]


def _quota(text: str) -> Decimal | None:
    """Read a quota: dollars, or `none`."""
    return None if text.strip().lower() == _NONE else dollars(text, "--monthly-quota")


@app.command("set")
def set_project(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The project.", show_default=False)],
    monthly_quota: Annotated[
        str,
        typer.Option(
            "--monthly-quota",
            metavar="USD|none",
            show_default=False,
            help="Dollars that all its runs together may spend in a month (UTC); none: no quota.",
        ),
    ],
    _database: OtherDatabase = None,
    as_json: Json = False,
) -> None:
    """Set what a project may spend in a month. It holds for every process from its next paid call on."""
    from clash import production

    quota = _quota(monthly_quota)
    document = report(lambda settings: production.set_monthly_quota(name, quota, settings))
    emit(document, as_json=as_json, render=render_project)


def render_project(document: Document) -> list[Block]:
    """Show a project as it is now."""
    return [Record((*_FUNDS, Column("month", "month (UTC)")), document)]
