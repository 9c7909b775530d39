"""Tokens of a board with accounts, their roles in projects, and the audit of what was done with them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from clash.clock import now_text, to_text
from clash.database.port import Database, Param, Row, Statement, texts_of
from clash.database.staging import NOT_STAGED

_COLUMNS = "id, account, sha256, created_at, created_by, expires_at, revoked_at, revoked_by, last_used_at"
_ENTRY = "at, actor, action, token_id, project, run_id, slots, address, error, times"
_SELECT = (
    f"SELECT {_COLUMNS}, (SELECT json_group_object(project, role) FROM access_grants"
    " WHERE access_grants.token_id = access_tokens.id) AS grants FROM access_tokens"
)
USED_EVERY_S = 3600
"""A token's last use is written once in this many seconds."""
_MOST_LIVE = 10_000


@dataclass(frozen=True)
class TokenRow:
    """A row of `access_tokens` with its grants: project to role, `*` for every project."""

    id: str
    account: str
    sha256: str
    created_at: str
    created_by: str
    expires_at: str | None
    revoked_at: str | None = None
    revoked_by: str = ""
    last_used_at: str | None = None
    grants: Mapping[str, str] = field(default_factory=dict[str, str])

    @classmethod
    def from_row(cls, row: Row) -> TokenRow:
        """Return the token of a whole row; `grants` is a JSON object."""
        return cls(
            id=str(row["id"]),
            account=str(row["account"]),
            sha256=str(row["sha256"]),
            created_at=str(row["created_at"]),
            created_by=str(row["created_by"]),
            expires_at=row["expires_at"],
            revoked_at=row["revoked_at"],
            revoked_by=str(row["revoked_by"]),
            last_used_at=row["last_used_at"],
            grants={str(project): str(role) for project, role in json.loads(row["grants"]).items()},
        )

    def state(self, now: str) -> str:
        """Return `revoked`, `expired` or `good` at this moment."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and self.expires_at <= now else "good"


@dataclass(frozen=True)
class AuditEntry:
    """A row of `access_audit`. See the migration for what the columns mean."""

    action: str
    actor: str = ""
    token_id: str = ""
    project: str = ""
    run_id: str = ""
    slots: Sequence[str] = ()
    address: str = ""
    error: str = ""
    times: int = 1
    at: str = ""

    @classmethod
    def from_row(cls, row: Row) -> AuditEntry:
        """Return the entry of a whole row."""
        return cls(
            action=str(row["action"]),
            actor=str(row["actor"]),
            token_id=str(row["token_id"]),
            project=str(row["project"]),
            run_id=str(row["run_id"]),
            slots=tuple(str(slot) for slot in json.loads(row["slots"])),
            address=str(row["address"]),
            error=str(row["error"]),
            times=int(row["times"]),
            at=str(row["at"]),
        )


async def all_tokens(database: Database) -> list[TokenRow]:
    """Return every token, the newest first."""
    rows = await database.query(f"{_SELECT} ORDER BY created_at DESC, id")
    return [TokenRow.from_row(row) for row in rows]


async def good_tokens(database: Database) -> list[TokenRow]:
    """Return the tokens that are neither revoked nor expired: the newest 10,000 of them."""
    rows = await database.query(
        f"{_SELECT} WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?)"
        " ORDER BY created_at DESC LIMIT ?",
        (now_text(), _MOST_LIVE),
    )
    return [TokenRow.from_row(row) for row in rows]


def insert_audit(entry: AuditEntry) -> Statement:
    """Add an entry to the audit."""
    values: tuple[Param, ...] = (
        entry.at or now_text(),
        entry.actor,
        entry.action,
        entry.token_id,
        entry.project,
        entry.run_id,
        json.dumps(list(entry.slots)),
        entry.address,
        entry.error,
        entry.times,
    )
    return Statement(f"INSERT INTO access_audit ({_ENTRY}) VALUES (?{', ?' * (len(values) - 1)})", values)


async def add_token(database: Database, token: TokenRow) -> None:
    """Add a token with its grants, and an entry of the audit for each project."""
    values: tuple[Param, ...] = (
        token.id,
        token.account,
        token.sha256,
        token.created_at,
        token.created_by,
        token.expires_at,
        token.revoked_at,
        token.revoked_by,
        token.last_used_at,
    )
    statements = [Statement(f"INSERT INTO access_tokens ({_COLUMNS}) VALUES (?{', ?' * (len(values) - 1)})", values)]
    for project, role in token.grants.items():
        grant = "INSERT INTO access_grants (token_id, project, role) VALUES (?, ?, ?)"
        statements.append(Statement(grant, (token.id, project, role)))
        statements.append(insert_audit(AuditEntry("token created", token.created_by, token.id, project)))
    await database.batch(statements)


async def revoke(database: Database, token: TokenRow, by: str) -> bool:
    """Revoke a token; False if it was revoked before. The audit has an entry for each of its projects."""
    now = now_text()
    revoking = Statement(
        "UPDATE access_tokens SET revoked_at = ?, revoked_by = ? WHERE id = ? AND revoked_at IS NULL RETURNING id",
        (now, by, token.id),
        recall=Statement("SELECT id FROM access_tokens WHERE id = ? AND revoked_at = ?", (token.id, now)),
    )
    entries = [
        Statement(
            f"INSERT INTO access_audit ({_ENTRY}) SELECT ?, ?, 'token revoked', ?, ?, '', '[]', '', '', 1"
            " WHERE EXISTS (SELECT 1 FROM access_tokens WHERE id = ? AND revoked_at = ? AND revoked_by = ?)",
            (now, by, token.id, project, token.id, now, by),
        )
        for project in token.grants
    ]
    return bool((await database.batch([revoking, *entries]))[0])


def write_use(token_id: str) -> Statement:
    """Write that a token was used now, unless the last use that was written is less than an hour ago."""
    before = to_text(datetime.now(UTC) - timedelta(seconds=USED_EVERY_S))
    use = "UPDATE access_tokens SET last_used_at = ? WHERE id = ? AND (last_used_at IS NULL OR last_used_at < ?)"
    return Statement(use, (now_text(), token_id, before))


async def audit_entries(
    database: Database, *, limit: int, projects: Sequence[str] | None = None, actor: str | None = None
) -> list[AuditEntry]:
    """Return the newest entries, newest first: of some projects, or of all, and of one account, or of all."""
    rows = await database.query(
        f"SELECT {_ENTRY} FROM access_audit WHERE (? IS NULL OR project IN (SELECT value FROM json_each(?)))"
        " AND (? IS NULL OR actor = ?) ORDER BY id DESC LIMIT ?",
        (
            None if projects is None else 1,
            json.dumps(list(projects or ())),
            actor,
            actor,
            limit,
        ),
    )
    return [AuditEntry.from_row(row) for row in rows]


# -- runs and files ------------------------------------------------------------------------------------------------


async def project_of_run(database: Database, run_id: str) -> str | None:
    """Return the project of a run; None if there is no such run."""
    rows = await database.query(f"SELECT project FROM workflow_executions WHERE run_id = ? AND {NOT_STAGED}", (run_id,))
    return str(rows[0]["project"]) if rows else None


async def files_beside(database: Database, sha256: str, projects: Sequence[str]) -> dict[str, frozenset[str]]:
    """Return the digests of all files of one run that has this file, by its project. Runs of `projects` alone count.

    A file is of a run when it is an asset, the answer of a call, or part of a cut of its film.
    """
    found = await database.query(_RUN_WITH_FILE, (json.dumps(list(projects)), sha256, sha256, sha256))
    if not found:
        return {}
    run_id, project = str(found[0]["run_id"]), str(found[0]["project"])
    files = await database.query(_FILES_OF_RUN, (run_id, run_id, run_id))
    return {project: frozenset(texts_of(files, "sha256"))}


_OF_CUT = "CASE file.type WHEN 'object' THEN json_extract(file.value, '$.sha256') END"
_CUTS = "film_cuts, json_each(iif(json_valid(film_cuts.files), film_cuts.files, '{}')) AS file"
_RUN_WITH_FILE = (
    "WITH wanted AS (SELECT value AS name FROM json_each(?)), held AS ("
    "SELECT run_id FROM generated_assets WHERE sha256 = ?"
    " UNION SELECT run_id FROM api_logs WHERE asset_sha256 = ?"
    f" UNION SELECT run_id FROM {_CUTS} WHERE {_OF_CUT} = ?)"
    " SELECT run_id, project FROM workflow_executions WHERE run_id IN (SELECT run_id FROM held)"
    f" AND project IN (SELECT name FROM wanted) AND {NOT_STAGED} ORDER BY start_time DESC LIMIT 1"
)
_FILES_OF_RUN = (
    "SELECT sha256 FROM generated_assets WHERE run_id = ?"
    " UNION SELECT asset_sha256 FROM api_logs WHERE run_id = ? AND asset_sha256 IS NOT NULL"
    f" UNION SELECT {_OF_CUT} FROM {_CUTS}"
    f" WHERE run_id = ? AND {_OF_CUT} IS NOT NULL"
)
