"""Who may do what on a board with accounts: roles in projects, tokens, and the audit of what was done."""

from clash.access.accounts import audit, create_token, grants_of, list_tokens, revoke_tokens
from clash.access.records import files_beside, project_of, record, record_login, record_use
from clash.access.roles import EVERY_PROJECT, EVERYTHING, Access, Role
from clash.access.watch import TokenWatch
from clash.database.access import AuditEntry

__all__ = [
    "EVERYTHING",
    "EVERY_PROJECT",
    "Access",
    "AuditEntry",
    "Role",
    "TokenWatch",
    "audit",
    "create_token",
    "files_beside",
    "grants_of",
    "list_tokens",
    "project_of",
    "record",
    "record_login",
    "record_use",
    "revoke_tokens",
]
