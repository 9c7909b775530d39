-- What people decide about a slot of a run: another take of it, which take is in the film, that a file is approved.
-- Rows are only added. `slot` is the slot of a call (`shot:007` is the clip). A retake has the number of its take, the
-- words for it, and `judged_sha256` where it rejects a file; `of_take` is the keyframe that a clip is to be made of,
-- 0 the selected one. `variation` stands for the take in the key of the call. Rows of one `batch` were decided together.
CREATE TABLE slot_decisions (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    run_id        TEXT NOT NULL REFERENCES workflow_executions (run_id),
    slot          TEXT NOT NULL,
    decision      TEXT NOT NULL CHECK (decision IN ('retake', 'select', 'approve')),
    take          INTEGER NOT NULL,
    variation     INTEGER NOT NULL DEFAULT 1,
    of_take       INTEGER NOT NULL DEFAULT 0,
    judged_sha256 TEXT NOT NULL DEFAULT '',
    note          TEXT NOT NULL DEFAULT '',
    prompt        TEXT NOT NULL DEFAULT '',
    model         TEXT NOT NULL DEFAULT '',
    batch         TEXT NOT NULL,
    actor         TEXT NOT NULL DEFAULT '',
    created_at    TEXT NOT NULL
);
CREATE UNIQUE INDEX slot_decisions_one_per_take ON slot_decisions (run_id, slot, take) WHERE decision = 'retake';
CREATE INDEX slot_decisions_by_run ON slot_decisions (run_id, id);

-- `run_id` alone may change: an import or a fork writes a run under another id first.
CREATE TRIGGER slot_decisions_are_final BEFORE UPDATE OF id, slot, decision, take, variation, of_take, judged_sha256,
    note, prompt, model, batch, actor, created_at ON slot_decisions
BEGIN
    SELECT RAISE(ABORT, 'a decision is never changed');
END;

-- One row per cut of a run's film: its files, and the take of each slot that it holds (JSON). `cut` is the digest of
-- all that decides it: a film that is cut of the same takes again is the same film.
CREATE TABLE film_cuts (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    run_id        TEXT NOT NULL REFERENCES workflow_executions (run_id),
    take          INTEGER NOT NULL,
    cut           TEXT NOT NULL,
    files         TEXT NOT NULL,
    selection     TEXT NOT NULL,
    created_at    TEXT NOT NULL,
    UNIQUE (run_id, take)
);
