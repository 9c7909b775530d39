"""What the calls of each project add up to, those of removed runs too. Reads only."""

from __future__ import annotations

from clash.database.audit import CallSums
from clash.database.port import Database
from clash.database.row_checks import SOUND_CALL
from clash.database.staging import NOT_STAGED


async def sums_by_project(database: Database, run_id: str | None = None) -> list[CallSums]:
    """Calls, cost and time of each project, by name; of one run only, if it is named."""
    rows = await database.query(
        "SELECT name, sum(calls) AS calls, sum(cost_micro) AS cost_micro, sum(duration_ms) AS duration_ms,"
        " sum(failed) AS failed, sum(reused) AS reused FROM ("
        "SELECT (SELECT project FROM workflow_executions AS run WHERE run.run_id = api_logs.run_id) AS name,"
        " count(*) AS calls, sum(cost_micro) AS cost_micro, sum(coalesce(duration_ms, 0)) AS duration_ms,"
        " sum(state = 'failed') AS failed, sum(reused) AS reused FROM api_logs"
        f" WHERE (run_id = ? OR (? IS NULL AND {NOT_STAGED})) AND {SOUND_CALL} GROUP BY 1"
        " UNION ALL SELECT (SELECT project FROM workflow_executions AS run WHERE run.run_id = removed_costs.run_id),"
        " sum(calls), sum(cost_micro), sum(duration_ms), sum(failed_calls), sum(reused_calls) FROM removed_costs"
        " WHERE ? IS NULL GROUP BY 1) GROUP BY name ORDER BY name",
        (run_id, run_id, run_id),
    )
    return [CallSums.from_row(row) for row in rows]
