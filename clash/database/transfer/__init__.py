"""Moving runs between databases: SQLite to Cloudflare D1 and back, in one portable file.

`layout` says which rows are moved, `lines` is the file's format, `reading` takes runs out of a database, `trial`
looks at a file before anything is written, `writing` puts runs into a database.
"""
