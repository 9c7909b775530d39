-- A call that is removed is looked for in the assets: without an index each was a search of the whole table.
CREATE INDEX generated_assets_by_call ON generated_assets (api_log_id);
