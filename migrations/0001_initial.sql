-- The four tables of clash. `checkpoints` and `writes` are LangGraph's own and are made by its saver.
-- Money is whole micro-dollars (INTEGER). Times are UTC, ISO 8601 with milliseconds (TEXT). JSON is TEXT.

-- One row a run (a LangGraph thread).
CREATE TABLE workflow_executions (
    run_id               TEXT PRIMARY KEY,
    workflow_name        TEXT NOT NULL,
    status               TEXT NOT NULL CHECK (status IN ('running', 'completed', 'failed', 'paused', 'cancelled')),
    start_time           TEXT NOT NULL,
    end_time             TEXT,
    updated_at           TEXT NOT NULL,
    story_path           TEXT NOT NULL DEFAULT '',
    story_sha256         TEXT NOT NULL DEFAULT '',
    story_title          TEXT NOT NULL DEFAULT '',
    settings             TEXT NOT NULL DEFAULT '{}',
    settings_fingerprint TEXT NOT NULL DEFAULT '',
    graph_version        INTEGER NOT NULL DEFAULT 0,
    budget_micro         INTEGER,
    spent_micro          INTEGER NOT NULL DEFAULT 0,
    reserved_micro       INTEGER NOT NULL DEFAULT 0,
    lease_owner          TEXT,
    lease_generation     INTEGER NOT NULL DEFAULT 0,
    lease_expires_at     TEXT,
    error_code           TEXT,
    error_message        TEXT,
    metadata             TEXT NOT NULL DEFAULT '{}'
);
CREATE INDEX workflow_executions_by_start ON workflow_executions (start_time DESC);

-- One row a checkpoint; repaired from the saver where a crash left one out.
CREATE TABLE checkpoint_metadata (
    run_id               TEXT NOT NULL REFERENCES workflow_executions (run_id),
    checkpoint_ns        TEXT NOT NULL DEFAULT '',
    checkpoint_id        TEXT NOT NULL,
    parent_checkpoint_id TEXT,
    created_at           TEXT NOT NULL,
    source               TEXT NOT NULL DEFAULT '',
    step_index           INTEGER NOT NULL,
    step_name            TEXT NOT NULL DEFAULT '',
    next_steps           TEXT NOT NULL DEFAULT '[]',
    execution_time_ms    INTEGER,
    api_calls            INTEGER NOT NULL DEFAULT 0,
    cost_micro           INTEGER NOT NULL DEFAULT 0,
    error_message        TEXT,
    PRIMARY KEY (run_id, checkpoint_ns, checkpoint_id)
);

-- One row an attempt at a provider call. `token` names the receipt on the disk.
CREATE TABLE api_logs (
    id                INTEGER PRIMARY KEY AUTOINCREMENT,
    run_id            TEXT NOT NULL REFERENCES workflow_executions (run_id),
    step              TEXT NOT NULL,
    slot              TEXT,
    take              INTEGER NOT NULL DEFAULT 1,
    kind              TEXT NOT NULL DEFAULT '',
    key               TEXT,
    token             TEXT NOT NULL UNIQUE,
    service           TEXT NOT NULL,
    model             TEXT NOT NULL DEFAULT '',
    endpoint          TEXT NOT NULL DEFAULT '',
    state             TEXT NOT NULL CHECK (state IN ('intent', 'submitted', 'succeeded', 'failed', 'unknown')),
    job_id            TEXT,
    attempt           INTEGER NOT NULL DEFAULT 1,
    request           TEXT,
    response          TEXT,
    status_code       INTEGER,
    quoted_cost_micro INTEGER NOT NULL DEFAULT 0,
    cost_micro        INTEGER NOT NULL DEFAULT 0,
    precision         TEXT NOT NULL DEFAULT 'exact' CHECK (precision IN ('exact', 'estimated', 'billed')),
    units             TEXT,
    asset_sha256      TEXT,
    media_type        TEXT,
    facts             TEXT,
    reused            INTEGER NOT NULL DEFAULT 0,
    started_at        TEXT NOT NULL,
    ended_at          TEXT,
    duration_ms       INTEGER,
    error_code        TEXT,
    error_message     TEXT,
    retryable         INTEGER NOT NULL DEFAULT 0
);
-- What makes "never twice" a property of the table: a slot's take is live or succeeded in one row at most.
CREATE UNIQUE INDEX api_logs_one_per_slot ON api_logs (run_id, slot, take)
    WHERE state IN ('intent', 'submitted', 'succeeded');
CREATE INDEX api_logs_by_key ON api_logs (key) WHERE state = 'succeeded';
CREATE INDEX api_logs_by_run ON api_logs (run_id, id);

-- One row an asset made in a run.
CREATE TABLE generated_assets (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    run_id     TEXT NOT NULL REFERENCES workflow_executions (run_id),
    step       TEXT NOT NULL,
    slot       TEXT NOT NULL,
    asset_type TEXT NOT NULL,
    media_type TEXT NOT NULL,
    sha256     TEXT NOT NULL,
    path       TEXT NOT NULL,
    bytes      INTEGER NOT NULL,
    facts      TEXT NOT NULL DEFAULT '{}',
    cost_micro INTEGER NOT NULL DEFAULT 0,
    api_log_id INTEGER REFERENCES api_logs (id),
    created_at TEXT NOT NULL,
    UNIQUE (run_id, slot, asset_type)
);
