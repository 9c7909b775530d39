"""`clash tokens`: give tokens to accounts, list them, revoke them, and read the audit."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

from clash.access.roles import EVERY_PROJECT, EVERYTHING, Access, Role
from clash.access.tokens import check_account, expiry_of, new_token
from clash.actors import this_person
from clash.clock import now_text
from clash.config import Settings
from clash.database import access as rows
from clash.database.connection import open_database
from clash.database.migrations import checked, require_current
from clash.database.port import Database
from clash.documents.access import AuditList, TokenCreated, TokenList
from clash.errors import NotFoundError, UsageError
from clash.project_names import EVERY, check_project_name

T = TypeVar("T")

_MOST_ENTRIES = 1000
_MOST_PROJECTS = 100


async def create_token(
    account: str, grants: Mapping[str, Role], settings: Settings, *, expires: str = "90d", by: Access = EVERYTHING
) -> TokenCreated:
    """Make a token for an account, with a role in each project of `grants` (`*`: in every one). It is shown once.

    `by`: who asks; the token has a role only in projects that they own. Raises `UsageError`, `NotFoundError`.
    """
    check_account(account)
    if not grants or len(grants) > _MOST_PROJECTS:
        raise UsageError("name the projects of the token", hint="--project NAME, or --project all")
    if not all(by.may(Role.OWNER, project) for project in grants):
        raise NotFoundError("you own no such project", hint="an owner gives tokens for projects of their own")
    made = new_token()
    token = rows.TokenRow(
        made.id, account, made.sha256, now_text(), this_person(), expiry_of(expires), grants=dict(grants)
    )

    async def write(database: Database) -> None:
        await rows.add_token(database, token)

    await _write(settings, write)
    return TokenCreated.of({**_item(token), "token": made.text})


async def list_tokens(settings: Settings, *, by: Access = EVERYTHING) -> TokenList:
    """List the tokens, newest first: those whose projects `by` owns. No token's text is kept, so none is shown."""
    found = await _read(settings, rows.all_tokens)
    return TokenList.of({"items": [_item(token) for token in found if _owns(by, token)]})


async def revoke_tokens(ids: Sequence[str], settings: Settings, *, by: Access = EVERYTHING) -> TokenList:
    """Revoke tokens by their ids. Raises `NotFoundError`, and revokes none, if one of them is not there."""

    async def write(database: Database) -> list[rows.TokenRow]:
        known = {token.id: token for token in await rows.all_tokens(database) if _owns(by, token)}
        if unknown := [name for name in ids if name not in known]:
            raise NotFoundError(f"there is no token {unknown[0][:60]}", hint="`clash tokens ls` lists the ids")
        for name in ids:
            await rows.revoke(database, known[name], this_person())
        return [token for token in await rows.all_tokens(database) if token.id in ids]

    return TokenList.of({"items": [_item(token) for token in await _write(settings, write)]})


async def audit(
    settings: Settings, *, limit: int | None = None, project: str | None = None, by: Access = EVERYTHING
) -> AuditList:
    """List what was done, newest first, in the projects that `by` owns. Failed logins belong to no project.

    `project`: one of them; `all`: what was done with the roles that hold in every project.
    """
    owned = by.projects(Role.OWNER)
    named = EVERY_PROJECT if project == EVERY else project
    wanted = owned if named is None else tuple(one for one in (named,) if by.may(Role.OWNER, one))
    found = await _read(
        settings,
        lambda database: rows.audit_entries(database, limit=_MOST_ENTRIES if limit is None else limit, projects=wanted),
    )
    items = [
        {
            "at": entry.at,
            "actor": entry.actor,
            "action": entry.action,
            "token_id": entry.token_id,
            "project": _shown(entry.project),
            "thread_id": entry.run_id or None,
            "slots": list(entry.slots),
            "address": entry.address,
            "error": entry.error or None,
            "times": entry.times,
        }
        for entry in found
    ]
    return AuditList.of({"items": items})


def grants_of(projects: Sequence[str], role: str) -> dict[str, Role]:
    """Return the grants that `PROJECT` and `PROJECT=ROLE` name; `role` is that of those without one.

    Raises `UsageError` for a role that is none, and for a name that no project can have.

    >>> grants_of(["storm", "all=viewer"], "producer") == {"storm": Role.PRODUCER, "*": Role.VIEWER}
    True
    """
    found: dict[str, Role] = {}
    for text in projects:
        name, _, own = text.partition("=")
        if not name:
            raise UsageError(f"--project {text[:80]!r} names no project", hint="--project NAME, or NAME=ROLE")
        if (own or role) not in tuple(Role):
            raise UsageError(f"{(own or role)[:80]!r} is no role", hint=f"roles: {', '.join(Role)}")
        found[EVERY_PROJECT if name == EVERY else check_project_name(name)] = Role(own or role)
    return found


def _owns(by: Access, token: rows.TokenRow) -> bool:
    return all(by.may(Role.OWNER, project) for project in token.grants)


def _item(token: rows.TokenRow) -> dict[str, Any]:
    return {
        "id": token.id,
        "account": token.account,
        "state": token.state(now_text()),
        "grants": [{"project": _shown(project), "role": str(role)} for project, role in sorted(token.grants.items())],
        "created_at": token.created_at,
        "created_by": token.created_by,
        "expires_at": token.expires_at,
        "revoked_at": token.revoked_at,
        "revoked_by": token.revoked_by or None,
        "last_used_at": token.last_used_at,
    }


def _shown(project: str) -> str:
    return EVERY if project == EVERY_PROJECT else project


async def _read(settings: Settings, question: Callable[[Database], Awaitable[T]]) -> T:
    async with open_database(settings.database_url, "read") as database:
        return await checked(database, question(database))


async def _write(settings: Settings, work: Callable[[Database], Awaitable[T]]) -> T:
    async with open_database(settings.database_url, "write") as database:
        await require_current(database)
        return await work(database)
