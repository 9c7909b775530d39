"""`clash tokens`: the tokens of a board with accounts, and what was done with them."""

from __future__ import annotations

from typing import Literal

from clash.documents.base import Document, Item, Text, Time


class GrantItem(Item):
    """The role of a token in a project; `all` is every project."""

    project: str
    role: Literal["viewer", "producer", "owner"]


class TokenItem(Item):
    """A token, without its text: that is kept nowhere."""

    id: str
    account: str
    state: Literal["good", "expired", "revoked"]
    grants: list[GrantItem]
    created_at: Time
    created_by: Text
    expires_at: Time | None
    revoked_at: Time | None
    revoked_by: Text | None
    last_used_at: Time | None


class TokenCreated(Document, TokenItem):
    """`clash tokens create`: a new token. `token` is its text, which is shown this once."""

    token: str


class TokenList(Document):
    """`clash tokens ls` and `clash tokens revoke`: tokens of a board with accounts, newest first."""

    items: list[TokenItem]


class AuditItem(Item):
    """Something that was done. `times`: how many failed logins it stands for. `error`: why it was not done."""

    at: Time
    actor: Text
    action: str
    token_id: str
    project: str
    thread_id: str | None
    slots: list[str]
    address: Text
    error: str | None
    times: int


class AuditList(Document):
    """`clash tokens audit`: who did what and when, newest first."""

    items: list[AuditItem]
