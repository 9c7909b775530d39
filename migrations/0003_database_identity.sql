-- The name that a database was given when it was made: a run notices when another database lies in its file's place.
CREATE TABLE database_identity (
    id      TEXT PRIMARY KEY,
    made_at TEXT NOT NULL
);
INSERT INTO database_identity (id, made_at)
VALUES (lower(hex(randomblob(16))), strftime('%Y-%m-%dT%H:%M:%fZ', 'now'));
