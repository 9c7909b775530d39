-- What a person who looked at the provider's record has said of a call: billed, and how much, or not billed.
-- Rows are only added. `call` is the token of the call's row in `api_logs`; the `was_` columns are as they were before.
CREATE TABLE call_settlements (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    run_id         TEXT NOT NULL REFERENCES workflow_executions (run_id),
    call           TEXT NOT NULL,
    slot           TEXT NOT NULL,
    settled_at     TEXT NOT NULL,
    settled_by     TEXT NOT NULL,
    billed_micro   INTEGER NOT NULL,
    was_state      TEXT NOT NULL,
    was_cost_micro INTEGER NOT NULL,
    was_held_micro INTEGER NOT NULL,
    was_error      TEXT
);
CREATE INDEX call_settlements_by_run ON call_settlements (run_id, id);

-- `run_id` alone may change: an import writes a large run under another id first.
CREATE TRIGGER call_settlements_are_final BEFORE UPDATE OF id, call, slot, settled_at, settled_by, billed_micro,
    was_state, was_cost_micro, was_held_micro, was_error ON call_settlements
BEGIN
    SELECT RAISE(ABORT, 'a settlement is never changed');
END;
