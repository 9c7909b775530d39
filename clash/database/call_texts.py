"""Cut the requests and responses of settled calls: the largest texts of the database, which nobody asks for again.

What is cut says of itself what a run still asks: which request it was (its digest), the keyframe of a clip and its
frames. A request with a first key stays whole, for its key is rewritten from it.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any, cast

from clash.database.port import Database, Row, Statement, values_of
from clash.database.staging import NOT_STAGED

CUT = "cut"
"""The name under which a request that was cut has the digest of the whole one."""
_SHORTEST = 300
"""Characters of a request that is worth cutting."""
_AT_ONCE = 200
_NEWEST = (
    "SELECT max(id) AS id FROM api_logs WHERE state = 'succeeded' AND response IS NOT NULL"
    " GROUP BY service, model, endpoint"
)
"""`clash doctor` reads the newest response of each model."""
_HAS_OLDER_RESPONSE = "response IS NOT NULL AND id NOT IN (SELECT value FROM json_each(?))"
_LARGE = (
    f"state IN ('succeeded', 'failed') AND key_version <> 1 AND (length(request) > {_SHORTEST}"
    f" OR ({_HAS_OLDER_RESPONSE}))"
)


def cut_request(request: str) -> str:
    """Return what stays of a recorded request; one that is cut already stays as it is.

    >>> cut_request('{"frames":12,"prompt":"a lamp","keyframe":{"sha256":"ab","media_type":"image/png"}}')[8:14]
    '72f6c8'
    """
    try:
        found: Any = json.loads(request)
    except (ValueError, RecursionError):
        found = {}
    facts = cast("dict[str, Any]", found) if isinstance(found, dict) else {}
    if CUT in facts:
        return request
    kept: dict[str, Any] = {CUT: digest_of_request(request)}
    if "frames" in facts:
        kept["frames"] = facts["frames"]
    if isinstance(facts.get("keyframe"), dict):
        kept["keyframe"] = {"sha256": facts["keyframe"].get("sha256", "")}
    return json.dumps(kept, ensure_ascii=False, separators=(",", ":"))


def digest_of_request(request: str) -> str:
    """Return the digest of a recorded request."""
    return hashlib.sha256(request.encode("utf-8", "surrogatepass")).hexdigest()


def is_same_request(recorded: str | None, request: str) -> bool:
    """Return whether a row has recorded this request, whole or cut."""
    if recorded == request:
        return True
    return recorded is not None and recorded.startswith(f'{{"{CUT}":"{digest_of_request(request)}"')


async def cut_texts(database: Database, *, run_id: str | None = None, before: str, most: int = 5000) -> int:
    """Cut the texts of calls that ended before a time: of one run, or of all; return how many calls were cut.

    It may be interrupted anywhere. `most`: so many calls are looked at, and the rest is left for the next time.
    """
    # Asked once: a statement for each call that looked for them would read the whole table each time.
    newest = json.dumps(values_of(await database.query(_NEWEST), "id"))
    after = done = looked_at = 0
    while looked_at < most:
        rows = await database.query(
            f"SELECT id, request, {_HAS_OLDER_RESPONSE} AS has_response FROM api_logs"
            " WHERE id > ? AND coalesce(ended_at, started_at) <= ?"
            f" AND (run_id = ? OR (? IS NULL AND {NOT_STAGED})) AND {_LARGE} ORDER BY id LIMIT ?",
            (newest, after, before, run_id, run_id, newest, _AT_ONCE),
        )
        if not rows:
            break
        calls = [_Texts.from_row(row) for row in rows]
        after, looked_at = calls[-1].id, looked_at + len(calls)
        statements = [statement for call in calls if (statement := _cut(call)) is not None]
        if statements:
            await database.batch(statements)
        done += len(statements)
    return done


@dataclass(frozen=True)
class _Texts:
    """The texts of a call. `has_response`: one that is cut, too."""

    id: int
    request: str | None
    has_response: bool

    @classmethod
    def from_row(cls, row: Row) -> _Texts:
        """Return the texts of a row of `api_logs`."""
        request = row["request"]
        return cls(int(row["id"]), None if request is None else str(request), bool(row["has_response"]))


def _cut(call: _Texts) -> Statement | None:
    request = None if call.request is None else cut_request(call.request)
    if request == call.request and not call.has_response:
        return None
    return Statement(
        "UPDATE api_logs SET request = ?, response = iif(?, NULL, response) WHERE id = ? AND request IS ?",
        (request, int(call.has_response), call.id, call.request),
    )
