"""Who may do what on a board with accounts: roles in projects, tokens, and the audit of what was done."""

from clash.access.accounts import audit, create_token, grants_of, list_tokens, revoke_tokens
from clash.access.roles import EVERY_PROJECT, EVERYTHING, Access, Role

__all__ = [
    "EVERYTHING",
    "EVERY_PROJECT",
    "Access",
    "Role",
    "audit",
    "create_token",
    "grants_of",
    "list_tokens",
    "revoke_tokens",
]
