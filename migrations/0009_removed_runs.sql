-- What stays of a run that was removed. `run_id` is the id under which it is kept, which no run can have
-- (`.removed-...`); `thread_id` is the id that the run had. Answers that were paid for stay in `api_logs` under
-- `run_id`, so that no film pays for them again. `finished_at`: when everything else was deleted; NULL while it is being.
CREATE TABLE removed_runs (
    run_id          TEXT PRIMARY KEY REFERENCES workflow_executions (run_id),
    thread_id       TEXT NOT NULL,
    story_title     TEXT NOT NULL DEFAULT '',
    start_time      TEXT NOT NULL,
    removed_at      TEXT NOT NULL,
    removed_by      TEXT NOT NULL DEFAULT '',
    forgets_answers INTEGER NOT NULL DEFAULT 0,
    finished_at     TEXT
);
CREATE INDEX removed_runs_by_thread ON removed_runs (thread_id, removed_at);

-- What the calls of a removed run added up to, per day (UTC), step, provider, model and precision. `priced_calls`: those
-- that cost anything or succeeded without being reused. `first_call`: the number of the first of them in `api_logs`.
CREATE TABLE removed_costs (
    run_id        TEXT NOT NULL REFERENCES workflow_executions (run_id),
    day           TEXT NOT NULL,
    step          TEXT NOT NULL,
    provider      TEXT NOT NULL,
    model         TEXT NOT NULL,
    precision     TEXT NOT NULL,
    calls         INTEGER NOT NULL,
    priced_calls  INTEGER NOT NULL,
    failed_calls  INTEGER NOT NULL,
    reused_calls  INTEGER NOT NULL,
    unknown_calls INTEGER NOT NULL,
    unknown_micro INTEGER NOT NULL,
    cost_micro    INTEGER NOT NULL,
    duration_ms   INTEGER NOT NULL,
    first_call    INTEGER NOT NULL,
    PRIMARY KEY (run_id, day, step, provider, model, precision)
);

-- Files of a removed run that are kept in the asset store because a person asked for it (`--keep-film`).
CREATE TABLE kept_files (
    run_id     TEXT NOT NULL REFERENCES workflow_executions (run_id),
    slot       TEXT NOT NULL,
    asset_type TEXT NOT NULL,
    media_type TEXT NOT NULL,
    sha256     TEXT NOT NULL,
    path       TEXT NOT NULL,
    bytes      INTEGER NOT NULL,
    PRIMARY KEY (run_id, slot, asset_type)
);

-- A run that gets the id of a removed one counts its leases on from there, so that a process that still believes to hold
-- the removed run cannot write the new one.
CREATE TRIGGER workflow_executions_after_removed AFTER INSERT ON workflow_executions
WHEN EXISTS (SELECT 1 FROM removed_runs WHERE thread_id = NEW.run_id)
BEGIN
    UPDATE workflow_executions SET lease_generation = lease_generation + (
        SELECT max(kept.lease_generation) FROM removed_runs AS removed
        JOIN workflow_executions AS kept ON kept.run_id = removed.run_id WHERE removed.thread_id = NEW.run_id
    ) WHERE run_id = NEW.run_id;
END;
