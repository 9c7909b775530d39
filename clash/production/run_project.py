"""The project of a run: it is fixed when the run begins, and its quota may not suffice."""

from __future__ import annotations

from clash.database.port import Database
from clash.database.quotas import project_month
from clash.database.rows import RunRow
from clash.errors import ConflictError
from clash.hints import command
from clash.money import usd_text
from clash.project_names import check_project_name


def check_project_of(run: RunRow, project: str | None) -> None:
    """Raise `ConflictError` if a run belongs to another project than the one that was named."""
    if project is not None and check_project_name(project) != run.project:
        raise ConflictError(
            f"the run {run.run_id} belongs to the project {run.project}, not to {project}",
            code="other_settings",
            hint=f"`{command('resume', run.run_id)}` goes on in its own project; a run's project never changes",
        )


async def told_of_quota(database: Database, project: str, cost_micro: int) -> str:
    """Say that the quota of a project does not suffice for what is to pay; "" if it does."""
    month = await project_month(database, project)
    left = month.left_micro
    if left is None or not cost_micro or cost_micro <= left:
        return ""
    return (
        f"the project {project} has ${usd_text(max(left, 0))} left of its quota of ${usd_text(month.quota_micro or 0)}"
        f" for {month.month}, and about ${usd_text(cost_micro)} is still to pay. The run will pause there"
    )
