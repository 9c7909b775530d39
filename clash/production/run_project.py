"""The project of a run: it is fixed when the run begins."""

from __future__ import annotations

from clash.database.rows import RunRow
from clash.errors import ConflictError
from clash.hints import command
from clash.project_names import check_project_name


def check_project_of(run: RunRow, project: str | None) -> None:
    """Raise `ConflictError` if a run belongs to another project than the one that was named."""
    if project is not None and check_project_name(project) != run.project:
        raise ConflictError(
            f"the thread {run.run_id} belongs to the project {run.project}, not to {project}",
            code="other_settings",
            hint=f"`{command('resume', run.run_id)}` goes on in its own project; a run's project never changes",
        )
