"""The port on Cloudflare D1, over its REST API: one request per group of batches, one per group of reads.

A write is applied exactly once, also where its answer is lost. Each opened database is a writer with a name of its
own, and numbers its batches; the first statement of a batch stores the number in the writer's row of `d1_writers`,
whose CHECK demands that it grows. So a batch may be sent again without asking whether the first copy arrived: if it
did, the second is refused as a whole, and if the first is still on its way, it will be. This costs no request. What
a lost answer said is then read by each statement's `recall`.
"""

from __future__ import annotations

import asyncio
import re
import secrets
import time
from collections.abc import Callable, Sequence
from typing import Any, cast

import httpx

from clash.database.d1.answers import are_databases, are_results
from clash.database.d1.pace import Clock, RequestPace
from clash.database.d1.rest import Account, Rest, Retries
from clash.database.d1.values import Wire, decode, encode, encode_batch
from clash.database.file_marks import FindFile, keeping_named
from clash.database.group_commit import GroupCommit, Refused, together_or_alone
from clash.database.port import Param, Rows, Statement, texts_without_secrets, without_secrets
from clash.errors import Action, ClashError, DatabaseError, NotFoundError, Remedy

_LINGER_S = 0.005
"""What comes in one burst goes in one request; nothing beside the 50 to 150 ms that a request takes."""
_GROUP_BYTES = 8_000_000
_GROUP_STATEMENTS = 400
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_ID = re.compile(r"[A-Za-z0-9-]{1,64}")
"""Part of an address, so nothing else goes."""
_PAGE = 100
_MOST_PAGES = 1000
"""An answer that ignores the page asked for must not be asked for ever."""

_WRITERS = (
    "CREATE TABLE IF NOT EXISTS d1_writers (writer TEXT PRIMARY KEY, number INTEGER NOT NULL,"
    " previous INTEGER NOT NULL DEFAULT 0, written_at INTEGER NOT NULL,"
    " CONSTRAINT written_once CHECK (number > previous)) WITHOUT ROWID"
)
_NUMBERED = (
    "INSERT INTO d1_writers (writer, number, written_at) VALUES (?, ?, CAST(strftime('%s', 'now') AS INTEGER))"
    " ON CONFLICT (writer) DO UPDATE SET previous = number, number = excluded.number, written_at = excluded.written_at"
)
_FORGOTTEN = "DELETE FROM d1_writers WHERE writer < ? AND written_at < CAST(strftime('%s', 'now') AS INTEGER) - 86400"
"""No copy of a batch is on its way for a day. Names begin with a time, so that only old rows are looked at."""
_WRITTEN_BEFORE = "written_once"

_known_ids: dict[tuple[str, str, str], str] = {}
"""Ids of databases by API, account and name: looked up once a process."""

_Batch = Sequence[Wire]


class D1Database:
    """A D1 database behind the port."""

    def __init__(self, rest: Rest, name: str, database_id: str) -> None:
        self.name = name
        self.find_file: FindFile | None = None
        self._size_bytes: int | None = None
        self._rest = rest
        self._path = f"database/{database_id}/raw"
        self._writer = f"{_named_at(0)}-{secrets.token_hex(8)}"
        self._number = 0
        self._writes: GroupCommit[_Batch] = GroupCommit(self.url, self._write, take=_how_many, turn=self._turn)
        self._reads: GroupCommit[_Batch] = GroupCommit(self.url, self._read, take=_how_many, turn=self._turn)

    @classmethod
    async def open(
        cls,
        name: str,
        account: Account,
        *,
        retries: Retries | None = None,
        pace: RequestPace | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Clock | None = None,
        stopping: Callable[[], bool] | None = None,
    ) -> D1Database:
        """The database of this name or id. `stopping`: whether it should soon be given up while it does not answer.

        Raises `NotFoundError`, `SettingsError` (credentials refused), `DatabaseError` (no answer).
        """
        rest = Rest(account, retries=retries, pace=pace, transport=transport, clock=clock, stopping=stopping)
        try:
            key = (account.base_url, account.id, name)
            if key not in _known_ids:
                _known_ids[key] = name if _UUID.fullmatch(name) else await _look_up(rest, name)
            return cls(rest, name, _known_ids[key])
        except BaseException:
            await rest.close()
            raise

    @property
    def url(self) -> str:
        """`d1://` and the name."""
        return f"d1://{self.name}"

    @property
    def size_bytes(self) -> int | None:
        """How large it was at the last answer."""
        return self._size_bytes

    async def batch(self, statements: Sequence[Statement]) -> list[Rows]:
        """Apply all statements in one transaction. See `Database.batch`."""
        return await keeping_named(self, [without_secrets(one) for one in statements], self._encoded, self.find_file)

    async def _encoded(self, statements: Sequence[Statement]) -> list[Rows]:
        return await self._writes.batch(encode_batch(statements))

    async def query(self, sql: str, params: Sequence[Param] = ()) -> Rows:
        """The rows of one reading statement."""
        (rows,) = await self._reads.batch([encode(Statement(sql, texts_without_secrets(params)))])
        return rows

    async def close(self) -> None:
        """Finish what was accepted, then let go of the connections."""
        await self._writes.close()
        await self._reads.close()
        await self._rest.close()

    # -- groups ----------------------------------------------------------------------------------------------

    async def _turn(self) -> None:
        await asyncio.sleep(_LINGER_S)
        await self._rest.pace.room()

    async def _read(self, batches: Sequence[_Batch]) -> Sequence[list[Rows] | ClashError]:
        return await together_or_alone(batches, self._send)

    async def _write(self, batches: Sequence[_Batch]) -> Sequence[list[Rows] | ClashError]:
        return await together_or_alone(batches, self._send_once)

    async def _send(self, batches: Sequence[_Batch], before: _Batch = ()) -> list[list[Rows] | ClashError]:
        """Send batches as one; a batch of which an answer cannot be told is answered by the error."""
        statements = [*before, *(statement for batch in batches for statement in batch)]
        if not statements:
            return [[] for _ in batches]
        body = {"batch": [statement.json for statement in statements]}
        answer: list[dict[str, Any]] = await self._rest.post(
            self._path, body, lambda result: are_results(result, len(statements))
        )
        results = iter(answer[len(before) :])
        self._size_bytes = _size_after(answer[-1])
        return [_decoded([next(results) for _ in batch]) for batch in batches]

    async def _send_once(self, batches: Sequence[_Batch]) -> list[list[Rows] | ClashError]:
        """Send batches as one that is applied once at most, however often it arrives."""
        self._number += 1
        forgotten = Statement(_FORGOTTEN, (_named_at(-86400),))
        first = [encode(Statement(_WRITERS)), encode(forgotten)] if self._number == 1 else []
        numbered = encode(Statement(_NUMBERED, (self._writer, self._number)))
        try:
            return await self._send(batches, [*first, numbered])
        except Refused as refusal:
            if _WRITTEN_BEFORE in refusal.error.message:
                return await self._recall(batches)
            if refusal.in_doubt:
                # The first copy may still arrive, and be applied: its batches cannot be tried again one by one.
                raise refusal.error from None
            raise

    async def _recall(self, batches: Sequence[_Batch]) -> list[list[Rows] | ClashError]:
        """The rows of batches that were applied, though their answer was lost."""
        readings = [[_reading_again(statement) for statement in batch] for batch in batches]
        try:
            found = await self._send([[reading for reading in batch if reading] for batch in readings])
        except Refused as refusal:
            found = [refusal.error] * len(batches)
        except ClashError as error:
            found = [error] * len(batches)
        return [_recalled(*outcome) for outcome in zip(batches, readings, found, strict=True)]


def _named_at(seconds: int) -> str:
    """What the names of writers begin with, so many seconds from now."""
    return f"{int(time.time()) + seconds:012d}"


def _recalled(
    batch: _Batch, readings: Sequence[Wire | None], found: list[Rows] | ClashError
) -> list[Rows] | ClashError:
    known = all(reading or not statement.returns_rows for statement, reading in zip(batch, readings, strict=True))
    if isinstance(found, ClashError) or not known:
        return DatabaseError(
            "a write was applied, but what it answered was lost on the way",
            code="answer_lost",
            retryable=True,
            remedy=Remedy(Action.RESUME, "resume: what was written is found there"),
        )
    rows = iter(found)
    return [next(rows) if reading else [] for reading in readings]


def _reading_again(statement: Wire) -> Wire | None:
    if statement.recall is not None:
        return statement.recall
    return statement if statement.reads_only else None


def _decoded(results: Sequence[dict[str, Any]]) -> list[Rows] | ClashError:
    try:
        return [decode(result) for result in results]
    except ClashError as error:
        return error


def _size_after(result: dict[str, Any]) -> int | None:
    meta: object = result.get("meta")
    size: object = cast("dict[str, object]", meta).get("size_after") if isinstance(meta, dict) else None
    return size if isinstance(size, int) else None


def _how_many(batches: Sequence[_Batch]) -> int:
    """How many of the waiting batches fit into one request."""
    size = statements = 0
    for count, batch in enumerate(batches):
        size += sum(statement.size for statement in batch)
        statements += len(batch)
        if size > _GROUP_BYTES or statements > _GROUP_STATEMENTS:
            return count
    return len(batches)


async def _look_up(rest: Rest, name: str) -> str:
    try:
        for page in range(1, _MOST_PAGES + 1):
            found = await rest.get("database", are_databases, name=name, page=page, per_page=_PAGE)
            if not found:
                break
            for item in cast("list[dict[str, Any]]", found):
                uuid: object = item.get("uuid")
                if item.get("name") == name and isinstance(uuid, str) and _ID.fullmatch(uuid):
                    return uuid
    except Refused as refusal:
        raise refusal.error from None
    raise NotFoundError(
        f"the Cloudflare account has no D1 database named {name!r}",
        code="database_not_found",
        hint=f"check DATABASE_URL, or make it: wrangler d1 create {name}",
    )
