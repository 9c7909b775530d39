-- Runs that were begun together (`clash batch`), and the money of all of them. The triggers below keep the two sums
-- equal to those of the runs, in the very transaction that changes a run.
CREATE TABLE batches (
    name           TEXT PRIMARY KEY,
    created_at     TEXT NOT NULL,
    budget_micro   INTEGER,
    spent_micro    INTEGER NOT NULL DEFAULT 0,
    reserved_micro INTEGER NOT NULL DEFAULT 0
);
-- The batch of a run, and the budget of that batch, so that a run that is moved or restored brings both with it.
ALTER TABLE workflow_executions ADD COLUMN batch TEXT;
ALTER TABLE workflow_executions ADD COLUMN batch_budget_micro INTEGER;
CREATE INDEX workflow_executions_by_batch ON workflow_executions (batch, run_id) WHERE batch IS NOT NULL;

CREATE TRIGGER batches_count_a_new_run AFTER INSERT ON workflow_executions WHEN NEW.batch IS NOT NULL
BEGIN
    INSERT INTO batches (name, created_at, budget_micro) SELECT NEW.batch, NEW.start_time, NEW.batch_budget_micro
        WHERE NOT EXISTS (SELECT 1 FROM batches WHERE name = NEW.batch);
    UPDATE batches SET spent_micro = spent_micro + NEW.spent_micro, reserved_micro = reserved_micro + NEW.reserved_micro
        WHERE name = NEW.batch;
END;

CREATE TRIGGER batches_count_what_a_run_spends AFTER UPDATE OF spent_micro, reserved_micro ON workflow_executions
    WHEN NEW.batch IS NOT NULL AND NEW.batch IS OLD.batch
BEGIN
    UPDATE batches SET spent_micro = spent_micro + NEW.spent_micro - OLD.spent_micro,
        reserved_micro = reserved_micro + NEW.reserved_micro - OLD.reserved_micro WHERE name = NEW.batch;
END;

CREATE TRIGGER batches_count_a_run_that_joins AFTER UPDATE OF batch ON workflow_executions
    WHEN NEW.batch IS NOT OLD.batch
BEGIN
    UPDATE batches SET spent_micro = spent_micro - OLD.spent_micro, reserved_micro = reserved_micro - OLD.reserved_micro
        WHERE name = OLD.batch;
    INSERT INTO batches (name, created_at, budget_micro) SELECT NEW.batch, NEW.start_time, NEW.batch_budget_micro
        WHERE NEW.batch IS NOT NULL AND NOT EXISTS (SELECT 1 FROM batches WHERE name = NEW.batch);
    UPDATE batches SET spent_micro = spent_micro + NEW.spent_micro, reserved_micro = reserved_micro + NEW.reserved_micro
        WHERE name = NEW.batch;
END;

-- What a removed run has spent stays spent.
CREATE TRIGGER batches_forget_what_a_removed_run_reserved AFTER DELETE ON workflow_executions
    WHEN OLD.batch IS NOT NULL
BEGIN
    UPDATE batches SET reserved_micro = reserved_micro - OLD.reserved_micro WHERE name = OLD.batch;
END;
