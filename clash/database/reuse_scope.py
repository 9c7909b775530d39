"""Among which calls an answer that serves again is looked for: those of one project, or of one run."""

from __future__ import annotations

from dataclasses import dataclass

from clash.database.port import Param
from clash.project_names import DEFAULT_PROJECT

IN_SCOPE = (
    "(? IS NULL OR c.run_id = ?) AND EXISTS (SELECT 1 FROM workflow_executions AS run WHERE run.run_id = c.run_id"
    " AND run.project = coalesce(?, (SELECT project FROM workflow_executions WHERE run_id = ?), ?))"
)
"""The condition on a call `c` that it is in a scope; its parameters are `ReuseScope.params`."""


@dataclass(frozen=True)
class ReuseScope:
    """The calls of a project: what one tenant has bought never serves another.

    `project`: None for that of the run `run_id`. `own_only`: only calls of that very run.
    """

    run_id: str | None = None
    project: str | None = None
    own_only: bool = False

    @property
    def params(self) -> tuple[Param, ...]:
        """The parameters of `IN_SCOPE`."""
        own = self.run_id if self.own_only else None
        return (own, own, self.project, self.run_id, DEFAULT_PROJECT)
