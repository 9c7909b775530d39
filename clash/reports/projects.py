"""The projects, with what they may spend and have spent this month."""

from __future__ import annotations

from typing import Any

from clash.clock import now_text
from clash.config import Settings
from clash.database.quotas import ProjectMonth, month_of, project_months
from clash.documents.projects import ProjectList
from clash.money import usd_text
from clash.reports.rows import read


async def list_projects(settings: Settings) -> ProjectList:
    """Return every project that has a run, a quota or costs, by name, with its money of this month."""
    month = month_of(now_text())
    found = await read(settings, lambda database: project_months(database, month))
    return ProjectList.of({"month": month, "items": [project_item(one) for one in found]})


def project_item(one: ProjectMonth) -> dict[str, Any]:
    """The money of a project in a month."""
    return {
        "project": one.project,
        "runs": one.runs,
        "monthly_quota_usd": None if one.quota_micro is None else usd_text(one.quota_micro),
        "spent_usd": usd_text(one.spent_micro),
        "reserved_usd": usd_text(one.reserved_micro),
        "left_usd": None if one.left_micro is None else usd_text(one.left_micro),
    }
