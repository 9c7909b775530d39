"""Give calls that clash 0.1 paid for the keys of today, so that they are found after a change of the film too.

Under their first key they are found only where the very same request is made again, in the same position. The request
stands in the row; where its first key can be computed again from it, today's key can be, too.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import cast

from pydantic import TypeAdapter, ValidationError

from clash.calls.content_key import KEY_VERSION, content_key, first_key, first_revision, kind_of, older_revisions
from clash.database import call_log
from clash.database.port import Database, Statement
from clash.database.reuse_scope import ReuseScope
from clash.database.rows import CallRow
from clash.errors import ClashError
from clash.providers.ports import ImageRequest, Kind, Request, ScreenplayRequest, SpeechRequest, VideoRequest
from clash.providers.registry import Model, Registry

_BATCH = 200
_REQUESTS: dict[Kind, TypeAdapter[Request]] = {
    "screenplay": TypeAdapter(ScreenplayRequest),
    "image": TypeAdapter(ImageRequest),
    "video": TypeAdapter(VideoRequest),
    "speech": TypeAdapter(SpeechRequest),
}


async def carry_over(database: Database, registry: Registry) -> int:
    """Rewrite the first keys of succeeded calls, once for all; how many rows were carried over.

    A row whose request was cut, or whose wording no provider here knows any more, keeps its first key. It needs no
    lease: nothing but the key of a call that is settled changes, and each process writes the same.
    """
    carried = 0
    async for rows in _batches(database):
        statements: list[Statement] = []
        for row in rows:
            key = key_today(row, registry)
            carried += key is not None
            statements.append(call_log.rewrite_key(row.token, key, KEY_VERSION if key else call_log.KEPT_FIRST_KEY))
        await database.batch(statements)
    return carried


@dataclass
class FirstPurchases:
    """The succeeded calls of clash 0.1 whose keys are not rewritten yet, by the keys of today, newest first."""

    _of_key: dict[str, list[CallRow]] = field(default_factory=dict[str, list[CallRow]])
    _kinds: dict[str, set[tuple[str, str]]] = field(default_factory=dict[str, set[tuple[str, str]]])
    """The kind and the service of each call, by run."""

    def add(self, row: CallRow, key: str | None) -> None:
        """Take a call in; `key`: of today, None where it cannot be told."""
        self._kinds.setdefault(row.run_id, set()).add((row.kind, row.service))
        if key is not None:
            self._of_key.setdefault(key, []).insert(0, row)

    def of(self, keys: Sequence[str]) -> list[CallRow]:
        """The calls of these keys."""
        return [row for key in keys for row in self._of_key.get(key, ())]

    def is_followed(self, row: CallRow) -> bool:
        """Return whether another service made something of it: see `earlier_calls.followed_elsewhere`."""
        return any(
            service != row.service and (kind == "video" or row.kind == "screenplay")
            for kind, service in self._kinds[row.run_id]
        )


async def first_purchases(database: Database, registry: Registry, scope: ReuseScope) -> FirstPurchases:
    """What `carry_over` would rewrite of a scope, without writing."""
    found = FirstPurchases()
    async for rows in _batches(database, scope):
        for row in rows:
            found.add(row, key_today(row, registry))
    return found


async def _batches(database: Database, scope: ReuseScope | None = None) -> AsyncIterator[list[CallRow]]:
    after = 0
    while True:
        rows, after = await call_log.rows_of_first_version(database, after=after, most=_BATCH, scope=scope)
        if not after:
            return
        yield rows


def key_today(row: CallRow, registry: Registry) -> str | None:
    """Today's key of a call of clash 0.1; None where it cannot be told."""
    try:
        kind = cast("Kind", row.kind)
        request = _REQUESTS[kind].validate_json(row.request or "")
        model = Model(registry.provider(row.service), row.model)
        if kind_of(request) != kind:
            return None
        for revision in (first_revision(model, request), *older_revisions(model, request)):
            if revision and first_key(model, request, take=row.take, revision=revision) == row.key:
                return content_key(model, request, take=row.take, revision=revision)
        return None
    except (ValidationError, KeyError, ClashError):
        # What cannot be read or belongs to a provider that is not installed stays as it is.
        return None
