"""`clash tokens`: who may use a board with accounts, and what they did."""

from __future__ import annotations

from typing import Annotated

import typer

from clash.cli.layout import Block, Column, Record, Remark, Table
from clash.cli.options import Json, Limit
from clash.cli.output import Document, emit
from clash.cli.reading import report
from clash.cli.text import moment

app = typer.Typer(help="Tokens of a board with accounts: create, list and revoke them, and read the audit.")

_Projects = Annotated[
    list[str],
    typer.Option(
        "--project",
        metavar="PROJECT[=ROLE]",
        help="A project of the token, with a role of its own if need be; `all`: every project. Repeatable.",
    ),
]
_CREATED = (
    Column("token"),
    Column("id"),
    Column("account"),
    Column("access"),
    Column("expires_at", "expires (UTC)", moment),
)
_TOKENS = (
    Column("id"),
    Column("account", fold=True),
    Column("state"),
    Column("access", fold=True),
    Column("created_at", "created (UTC)", moment),
    Column("expires_at", "expires (UTC)", moment),
    Column("last_used_at", "last used (UTC)", moment),
    Column("created_by", "by", at_terminal=False),
    Column("revoked_at", at_terminal=False),
    Column("revoked_by", at_terminal=False),
)
_ENTRIES = (
    Column("at", "at (UTC)", moment),
    Column("actor", "who", fold=True),
    Column("action"),
    Column("project"),
    Column("thread_id", "thread", fold=True),
    Column("slots", fold=True),
    Column("error"),
    Column("address", "from"),
    Column("times", right=True),
    Column("token_id", at_terminal=False),
)


@app.command("create")
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The account: a person, or a program.")],
    projects: _Projects,
    role: Annotated[
        str, typer.Option("--role", metavar="ROLE", help="The role in its projects: viewer, producer or owner.")
    ] = "viewer",
    expires: Annotated[
        str, typer.Option("--expires", metavar="SPAN", help="How long it is good: 90d, 12h, or never.")
    ] = "90d",
    as_json: Json = False,
) -> None:
    """Create a token for an account, and print it this once: only its sha256 is kept.

    A viewer reads; a producer also decides; an owner also gives and revokes tokens of their projects.
    """
    from clash import access

    grants = access.grants_of(projects, role)
    document = report(lambda settings: access.create_token(name, grants, settings, expires=expires))
    emit(document, as_json=as_json, render=render_created)


def render_created(document: Document) -> list[Block]:
    """Show the token, which no command shows again."""
    facts = {**document, "access": _access(document)}
    return [Record(_CREATED, facts), Remark("the token is shown this once; keep it as you keep a password", "yellow")]


@app.command("ls")
def list_tokens(as_json: Json = False) -> None:
    """List the tokens, newest first: account, roles, and when each was used last. Their texts are kept nowhere."""
    from clash import access

    emit(report(access.list_tokens), as_json=as_json, render=render_tokens)


def render_tokens(document: Document) -> list[Block]:
    """Show one line per token."""
    items = [{**item, "access": _access(item)} for item in document["items"]]
    return [Table(_TOKENS, items, empty="no tokens: clash tokens create NAME --project all makes the first")]


@app.command("revoke")
def revoke(
    ids: Annotated[list[str], typer.Argument(metavar="ID...", help="Ids of tokens, as `clash tokens ls` has them.")],
    as_json: Json = False,
) -> None:
    """Revoke tokens: their sessions end, and nobody comes in with them again."""
    from clash import access

    emit(report(lambda settings: access.revoke_tokens(ids, settings)), as_json=as_json, render=render_tokens)


@app.command("audit")
def audit(
    limit: Limit = None,
    project: Annotated[
        str | None,
        typer.Option("--project", metavar="PROJECT", help="Only what was done in this project.", show_default=False),
    ] = None,
    as_json: Json = False,
) -> None:
    """List who did what and when on a board with accounts, newest first; without --limit the newest 1,000."""
    from clash import access

    document = report(lambda settings: access.audit(settings, limit=limit, project=project))
    emit(document, as_json=as_json, render=render_audit)


def render_audit(document: Document) -> list[Block]:
    """Show one line per entry."""
    return [Table(_ENTRIES, document["items"], empty="nothing was done yet on a board with accounts")]


def _access(item: Document) -> str:
    return ", ".join(f"{grant['project']}={grant['role']}" for grant in item["grants"])
