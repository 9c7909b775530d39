"""Calls that succeeded before, in any run of the project, and whose answers serve again."""

from __future__ import annotations

import json
from collections.abc import Sequence

from clash.database.call_log import readable
from clash.database.port import Database
from clash.database.reuse_scope import IN_SCOPE, ReuseScope
from clash.database.rows import CallRow

_MOST = 5


async def succeeded_elsewhere(database: Database, keys: Sequence[str], scope: ReuseScope) -> list[CallRow]:
    """Rows of the scope, newest first, in which a call of one of these keys succeeded."""
    rows = await database.query(
        f"SELECT * FROM api_logs AS c WHERE key IN ({', '.join('?' * len(keys))}) AND state = 'succeeded'"
        f" AND {IN_SCOPE} ORDER BY id DESC LIMIT {_MOST}",
        (*keys, *scope.params),
    )
    return readable(rows)


async def followed_elsewhere(database: Database, keys: Sequence[str], scope: ReuseScope) -> list[CallRow]:
    """The same, of runs in which another service made something of such answers.

    That is a clip, which is made of pictures and as long as its speech; of a screenplay it is anything.
    """
    rows = await database.query(
        "SELECT * FROM api_logs AS c WHERE key IN (SELECT value FROM json_each(?)) AND state = 'succeeded'"
        f" AND {IN_SCOPE}"
        " AND EXISTS (SELECT 1 FROM api_logs AS made WHERE made.run_id = c.run_id AND made.service <> c.service"
        " AND made.state <> 'failed' AND (made.kind = 'video' OR c.kind = 'screenplay'))"
        f" ORDER BY id DESC LIMIT {_MOST}",
        (json.dumps(keys), *scope.params),
    )
    return readable(rows)


async def newest_response(database: Database, service: str, model: str, endpoint: str) -> str | None:
    """Return what was recorded of the newest answer of this model at this address, as JSON; None if there is none."""
    rows = await database.query(
        "SELECT response FROM api_logs WHERE service = ? AND model = ? AND endpoint = ? AND state = 'succeeded'"
        " AND response IS NOT NULL ORDER BY id DESC LIMIT 1",
        (service, model, endpoint),
    )
    return str(rows[0]["response"]) if rows else None
