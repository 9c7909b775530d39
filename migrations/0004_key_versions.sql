-- Which version of clash's keys `api_logs.key` is: 1, the whole request (clash 0.1); 2, what the provider is sent.
-- 0: a key of version 1 that cannot be rewritten, because its request was cut or its wording is gone.
ALTER TABLE api_logs ADD COLUMN key_version INTEGER NOT NULL DEFAULT 1;
CREATE INDEX api_logs_of_first_keys ON api_logs (id) WHERE key_version = 1 AND state = 'succeeded';
