"""Find the earlier calls whose answers serve a call: those of its key, and those of a free provider before it changed.

A picture that the local illustrator drew before a release changed it is another picture now, and so would be every
clip that is made of it. So where clips are paid, the picture of then serves if clips were made in its run.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from typing import TypeVar

from clash.calls.carry_over import FirstPurchases
from clash.calls.content_key import keys_of, kind_of, older_keys
from clash.calls.spec import CallSpec
from clash.database.earlier_calls import followed_elsewhere, succeeded_elsewhere
from clash.database.port import Database
from clash.database.reuse_scope import ReuseScope
from clash.database.rows import CallRow
from clash.providers.ports import Kind
from clash.providers.registry import Model, Registry

T = TypeVar("T")


class CallKeys:
    """The keys under which the answer to a call of a run may be recorded."""

    def __init__(self, models: Mapping[Kind, Model], registry: Registry) -> None:
        """`models`: the run's."""
        self._is_free = registry.all_default(models)
        self._clips_of = models["video"].provider.name if "video" in models else ""

    def same(self, model: Model, task: CallSpec, key: str | None = None) -> tuple[str, ...]:
        """Its key of today (`key`, if it is known), and those that an older clash gave to the very same call."""
        return keys_of(model, task.request, take=task.key_take, older=not self._is_free, key=key)

    def older(self, model: Model, task: CallSpec) -> tuple[str, ...]:
        """Its keys before the free provider that answers it changed, where something paid is made of the answer."""
        kind, service = kind_of(task.request), model.provider.name
        is_followed = not self._is_free if kind == "screenplay" else self._clips_of not in ("", service)
        return older_keys(model, task.request, take=task.key_take) if is_followed and kind != "video" else ()


async def earlier_calls(
    database: Database,
    same: Sequence[str],
    older: Sequence[str],
    scope: ReuseScope,
    *,
    first: Awaitable[FirstPurchases] | None = None,
) -> list[CallRow]:
    """Return the succeeded calls that serve, the best first: of the project of a run, or of that run alone.

    `same`, `older`: see `CallKeys`. `first`: calls of clash 0.1, of this scope, whose keys are not rewritten yet; they
    are read together with the others.
    """
    if first is None and not older:
        return await succeeded_elsewhere(database, same, scope)
    # What was paid for was made of these, so they come before a newer picture of which nothing was made.
    keys = (*same, *older)
    followed, found, bought = await asyncio.gather(
        followed_elsewhere(database, keys, scope) if older else _nothing([]),
        succeeded_elsewhere(database, same, scope),
        first or _nothing(FirstPurchases()),
    )
    if older:
        followed += [row for row in bought.of(keys) if bought.is_followed(row)]
    return [*sorted(followed, key=lambda row: -row.id), *found, *bought.of(same)]


async def _nothing(empty: T) -> T:
    return empty
