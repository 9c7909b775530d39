-- What is to be told to a webhook: one row per event of a run, written in the same transaction as the status it tells.
-- `receiver` is where it goes, without anything secret; `receiver_digest` tells two addresses of one host apart.
-- `body` is what is sent, and is emptied when the receiver has it. `sender` is the process that sends it at the moment.
CREATE TABLE webhook_events (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id        TEXT NOT NULL UNIQUE,
    run_id          TEXT NOT NULL REFERENCES workflow_executions (run_id),
    type            TEXT NOT NULL,
    created_at      TEXT NOT NULL,
    receiver        TEXT NOT NULL,
    receiver_digest TEXT NOT NULL,
    body            TEXT NOT NULL,
    attempts        INTEGER NOT NULL DEFAULT 0,
    attempted_at    TEXT,
    sender          TEXT,
    sending_until   TEXT,
    last_error      TEXT,
    delivered_at    TEXT
);
CREATE INDEX webhook_events_pending ON webhook_events (run_id, id) WHERE delivered_at IS NULL;
