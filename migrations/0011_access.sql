-- Who may use a board that has accounts. A token is kept only as its sha256; `account` is the name of who uses it.
-- `last_used_at` is written once an hour at most.
CREATE TABLE access_tokens (
    id           TEXT PRIMARY KEY,
    account      TEXT NOT NULL,
    sha256       TEXT NOT NULL UNIQUE,
    created_at   TEXT NOT NULL,
    created_by   TEXT NOT NULL,
    expires_at   TEXT,
    revoked_at   TEXT,
    revoked_by   TEXT NOT NULL DEFAULT '',
    last_used_at TEXT
);

-- The role of a token in a project; `*` is every project.
CREATE TABLE access_grants (
    token_id TEXT NOT NULL REFERENCES access_tokens (id),
    project  TEXT NOT NULL,
    role     TEXT NOT NULL CHECK (role IN ('viewer', 'producer', 'owner')),
    PRIMARY KEY (token_id, project)
);

-- What was done on a board with accounts, and with its tokens: rows are only added. They name no row of another table
-- by a key, for they outlive runs and tokens. `slots` is JSON; `times`: how many failed logins a row stands for.
CREATE TABLE access_audit (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    at       TEXT NOT NULL,
    actor    TEXT NOT NULL DEFAULT '',
    action   TEXT NOT NULL,
    token_id TEXT NOT NULL DEFAULT '',
    project  TEXT NOT NULL DEFAULT '',
    run_id   TEXT NOT NULL DEFAULT '',
    slots    TEXT NOT NULL DEFAULT '[]',
    address  TEXT NOT NULL DEFAULT '',
    error    TEXT NOT NULL DEFAULT '',
    times    INTEGER NOT NULL DEFAULT 1
);
CREATE INDEX access_audit_by_project ON access_audit (project, id);

CREATE TRIGGER access_audit_is_final BEFORE UPDATE ON access_audit
BEGIN
    SELECT RAISE(ABORT, 'an entry of the audit is never changed');
END;
CREATE TRIGGER access_audit_stays BEFORE DELETE ON access_audit
BEGIN
    SELECT RAISE(ABORT, 'an entry of the audit is never removed');
END;

-- A board with accounts asks of each file in which projects it is.
CREATE INDEX generated_assets_by_sha256 ON generated_assets (sha256);
CREATE INDEX api_logs_by_asset ON api_logs (asset_sha256) WHERE asset_sha256 IS NOT NULL;
