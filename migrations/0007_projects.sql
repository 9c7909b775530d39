-- Every run belongs to a project; those that were begun before belong to `default`. A project is fixed at the run's start.
ALTER TABLE workflow_executions ADD COLUMN project TEXT NOT NULL DEFAULT 'default';
CREATE INDEX workflow_executions_by_project ON workflow_executions (project, start_time DESC);

-- One row per project of which something is set. `monthly_quota_micro`: NULL is no quota.
CREATE TABLE projects (
    name                TEXT PRIMARY KEY,
    monthly_quota_micro INTEGER,
    updated_at          TEXT NOT NULL
);

-- What the calls of a project add up to, by the month (UTC) in which their intents were written, as 2026-11.
-- The triggers below keep it, in the transaction that changes a call. A run that is removed leaves its sums.
CREATE TABLE project_months (
    project        TEXT NOT NULL,
    month          TEXT NOT NULL,
    spent_micro    INTEGER NOT NULL DEFAULT 0,
    reserved_micro INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (project, month)
) WITHOUT ROWID;
INSERT INTO project_months (project, month, spent_micro, reserved_micro)
SELECT 'default', substr(started_at, 1, 7), sum(cost_micro),
    sum(iif(state IN ('intent', 'submitted', 'unknown'), quoted_cost_micro, 0))
FROM api_logs WHERE run_id NOT GLOB '.import-*' GROUP BY substr(started_at, 1, 7)
HAVING sum(cost_micro) > 0 OR sum(iif(state IN ('intent', 'submitted', 'unknown'), quoted_cost_micro, 0)) > 0;

-- A run that is still being imported (`.import-...`) counts from the moment at which it gets its own id.
CREATE TRIGGER api_logs_count_for_the_month AFTER INSERT ON api_logs
WHEN NEW.run_id NOT GLOB '.import-*'
    AND (NEW.cost_micro > 0 OR (NEW.quoted_cost_micro > 0 AND NEW.state IN ('intent', 'submitted', 'unknown')))
BEGIN
    INSERT INTO project_months (project, month, spent_micro, reserved_micro)
    SELECT project, substr(NEW.started_at, 1, 7), NEW.cost_micro,
        iif(NEW.state IN ('intent', 'submitted', 'unknown'), NEW.quoted_cost_micro, 0)
    FROM workflow_executions WHERE run_id = NEW.run_id
    ON CONFLICT (project, month) DO UPDATE SET spent_micro = spent_micro + excluded.spent_micro,
        reserved_micro = reserved_micro + excluded.reserved_micro;
END;
CREATE TRIGGER api_logs_change_the_month AFTER UPDATE OF run_id, state, cost_micro, quoted_cost_micro ON api_logs
WHEN NEW.run_id NOT GLOB '.import-*' AND (OLD.run_id GLOB '.import-*' OR OLD.cost_micro <> NEW.cost_micro
    OR iif(OLD.state IN ('intent', 'submitted', 'unknown'), OLD.quoted_cost_micro, 0)
        <> iif(NEW.state IN ('intent', 'submitted', 'unknown'), NEW.quoted_cost_micro, 0))
BEGIN
    INSERT INTO project_months (project, month, spent_micro, reserved_micro)
    SELECT project, substr(NEW.started_at, 1, 7),
        NEW.cost_micro - iif(OLD.run_id GLOB '.import-*', 0, OLD.cost_micro),
        iif(NEW.state IN ('intent', 'submitted', 'unknown'), NEW.quoted_cost_micro, 0)
            - iif(OLD.run_id NOT GLOB '.import-*' AND OLD.state IN ('intent', 'submitted', 'unknown'),
                OLD.quoted_cost_micro, 0)
    FROM workflow_executions WHERE run_id = NEW.run_id
    ON CONFLICT (project, month) DO UPDATE SET spent_micro = spent_micro + excluded.spent_micro,
        reserved_micro = reserved_micro + excluded.reserved_micro;
END;
