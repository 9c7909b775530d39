"""Projects and what they may spend: `clash projects`."""

from __future__ import annotations

from clash.documents.base import Document, Item, Usd


class ProjectFunds(Item):
    """The money of a project in a month (UTC). Without a quota, `monthly_quota_usd` and `left_usd` are null.

    `reserved_usd` is held for calls in flight and for unknown ones. `left_usd` is below 0 where the quota was set
    below what was spent already.
    """

    project: str
    runs: int
    monthly_quota_usd: Usd | None
    spent_usd: Usd
    reserved_usd: Usd
    left_usd: Usd | None


class ProjectList(Document):
    """`clash projects ls`: every project, with its money of this month."""

    month: str
    items: list[ProjectFunds]


class ProjectSet(ProjectFunds, Document):
    """`clash projects set`: the project as it is now."""

    month: str
