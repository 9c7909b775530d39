"""Set what a project may spend in a month."""

from __future__ import annotations

from decimal import Decimal

from clash.clock import now_text
from clash.config import Settings, load_settings
from clash.database.connection import open_database
from clash.database.migrations import require_current
from clash.database.quotas import month_of, project_months, set_quota
from clash.documents.projects import ProjectSet
from clash.money import to_micro
from clash.production.plan import check_budget
from clash.project_names import check_project_name
from clash.reports.projects import project_item


async def set_monthly_quota(project: str, quota: Decimal | None, settings: Settings | None = None) -> ProjectSet:
    """Set how many dollars all runs of a project may spend in a month (UTC); None: any amount.

    It holds for every process from its next paid call on. Raises `UsageError`, and `NotFoundError` without a database.
    """
    settings = settings or load_settings()
    check_project_name(project)
    check_budget(quota, what="quota")
    async with open_database(settings.database_url, "write") as database:
        await require_current(database)
        await set_quota(database, project, None if quota is None else to_micro(quota))
        month = month_of(now_text())
        (one,) = [one for one in await project_months(database, month) if one.project == project]
    return ProjectSet.of({"month": month, **project_item(one)})
