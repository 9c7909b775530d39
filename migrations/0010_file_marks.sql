-- Files of the asset store that `clash gc` deletes, by their digests. A file is `marked` when nothing names it, `deleting`
-- from before it is deleted, and `deleted` afterwards; `sweep` is the process that does so. A row that names a marked file
-- takes the mark off in the same transaction. A row that names one that is being deleted, or was, is refused: its process
-- makes sure that the file is there, takes the mark off and writes again.
CREATE TABLE file_marks (
    sha256    TEXT PRIMARY KEY,
    state     TEXT NOT NULL CHECK (state IN ('marked', 'deleting', 'deleted')),
    sweep     TEXT NOT NULL,
    marked_at TEXT NOT NULL
);
CREATE INDEX file_marks_by_sweep ON file_marks (sweep, state);

CREATE TRIGGER asset_takes_mark_off AFTER INSERT ON generated_assets
WHEN EXISTS (SELECT 1 FROM file_marks WHERE sha256 = NEW.sha256)
BEGIN
    SELECT RAISE(ABORT, 'clash gc deletes a file that this names') FROM file_marks
    WHERE sha256 = NEW.sha256 AND state <> 'marked';
    DELETE FROM file_marks WHERE sha256 = NEW.sha256;
END;

CREATE TRIGGER replaced_asset_takes_mark_off AFTER UPDATE OF sha256 ON generated_assets
WHEN EXISTS (SELECT 1 FROM file_marks WHERE sha256 = NEW.sha256)
BEGIN
    SELECT RAISE(ABORT, 'clash gc deletes a file that this names') FROM file_marks
    WHERE sha256 = NEW.sha256 AND state <> 'marked';
    DELETE FROM file_marks WHERE sha256 = NEW.sha256;
END;

CREATE TRIGGER call_takes_mark_off AFTER INSERT ON api_logs
WHEN EXISTS (SELECT 1 FROM file_marks WHERE sha256 = NEW.asset_sha256)
BEGIN
    SELECT RAISE(ABORT, 'clash gc deletes a file that this names') FROM file_marks
    WHERE sha256 = NEW.asset_sha256 AND state <> 'marked';
    DELETE FROM file_marks WHERE sha256 = NEW.asset_sha256;
END;

CREATE TRIGGER settled_call_takes_mark_off AFTER UPDATE OF asset_sha256 ON api_logs
WHEN EXISTS (SELECT 1 FROM file_marks WHERE sha256 = NEW.asset_sha256)
BEGIN
    SELECT RAISE(ABORT, 'clash gc deletes a file that this names') FROM file_marks
    WHERE sha256 = NEW.asset_sha256 AND state <> 'marked';
    DELETE FROM file_marks WHERE sha256 = NEW.asset_sha256;
END;

CREATE TRIGGER decision_takes_mark_off AFTER INSERT ON slot_decisions
WHEN EXISTS (SELECT 1 FROM file_marks WHERE sha256 = NEW.judged_sha256)
BEGIN
    SELECT RAISE(ABORT, 'clash gc deletes a file that this names') FROM file_marks
    WHERE sha256 = NEW.judged_sha256 AND state <> 'marked';
    DELETE FROM file_marks WHERE sha256 = NEW.judged_sha256;
END;

CREATE TRIGGER cut_takes_marks_off AFTER INSERT ON film_cuts
WHEN EXISTS (SELECT 1 FROM file_marks)
BEGIN
    SELECT RAISE(ABORT, 'clash gc deletes a file that this names') FROM file_marks
    WHERE state <> 'marked' AND sha256 IN (
        SELECT value FROM json_tree(iif(json_valid(NEW.files), NEW.files, '{}')) WHERE type = 'text');
    DELETE FROM file_marks WHERE sha256 IN (
        SELECT value FROM json_tree(iif(json_valid(NEW.files), NEW.files, '{}')) WHERE type = 'text');
END;

CREATE TRIGGER run_takes_marks_off AFTER INSERT ON workflow_executions
WHEN EXISTS (SELECT 1 FROM file_marks)
BEGIN
    SELECT RAISE(ABORT, 'clash gc deletes a file that this names') FROM file_marks
    WHERE state <> 'marked' AND sha256 IN (
        SELECT value FROM json_tree(iif(json_valid(NEW.settings), NEW.settings, '{}')) WHERE type = 'text');
    DELETE FROM file_marks WHERE sha256 IN (
        SELECT value FROM json_tree(iif(json_valid(NEW.settings), NEW.settings, '{}')) WHERE type = 'text');
END;

CREATE TRIGGER changed_run_takes_marks_off AFTER UPDATE OF settings ON workflow_executions
WHEN EXISTS (SELECT 1 FROM file_marks)
BEGIN
    SELECT RAISE(ABORT, 'clash gc deletes a file that this names') FROM file_marks
    WHERE state <> 'marked' AND sha256 IN (
        SELECT value FROM json_tree(iif(json_valid(NEW.settings), NEW.settings, '{}')) WHERE type = 'text');
    DELETE FROM file_marks WHERE sha256 IN (
        SELECT value FROM json_tree(iif(json_valid(NEW.settings), NEW.settings, '{}')) WHERE type = 'text');
END;
