"""Copying, deleting and pruning the checkpoints of whole threads: the SQL of it, for every saver.

The tables are those of LangGraph's SQLite saver; a saver that keeps more passes them too. Each statement carries a
`condition` (a lease's fence). `checkpoints` comes last in every list, since the others are found through it.

Pruning keeps what a `DeltaChannel` needs: its value is rebuilt from the writes of the ancestors, back to the nearest
one that holds a snapshot of it (see `BaseCheckpointSaver.prune`).
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Generator, Iterable, Mapping, Sequence
from typing import Any

from langchain_core.runnables import RunnableConfig

from clash.database.port import Param, Statement
from clash.errors import UsageError

STOCK_TABLES: Mapping[str, str] = {
    "writes": "checkpoint_ns, checkpoint_id, task_id, task_path, idx, channel, type, value",
    "checkpoints": "checkpoint_ns, checkpoint_id, parent_checkpoint_id, type, checkpoint, metadata",
}
"""Table to its columns, all but `thread_id`."""

ALWAYS = Statement("1")
"""The condition of a saver that holds no lease."""

Kept = tuple[str, str]
"""Namespace and id of a checkpoint that a pruning keeps."""

Walk = Generator[RunnableConfig, Any, set[Kept]]
"""Asks for checkpoints by their configs, and says in the end what is kept."""

_KEEP_LATEST, _DELETE = "keep_latest", "delete"
_LISTED = "SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(?)"


def delete_thread(thread_id: str, tables: Mapping[str, str], condition: Statement = ALWAYS) -> list[Statement]:
    """Forget a thread."""
    return [
        Statement(f"DELETE FROM {table} WHERE thread_id = ? AND {condition.sql}", (thread_id, *condition.params))
        for table in tables
    ]


def copy_thread(source: str, target: str, tables: Mapping[str, str], condition: Statement = ALWAYS) -> list[Statement]:
    """Copy all checkpoints and writes of a thread to another; what the other has under the same ids is replaced."""
    if source == target:
        return []
    return [
        Statement(
            f"INSERT OR REPLACE INTO {table} (thread_id, {columns}) SELECT ?, {columns} FROM {table}"
            f" WHERE thread_id = ? AND {condition.sql}",
            (target, source, *condition.params),
        )
        for table, columns in tables.items()
    ]


def delete_for_runs(
    run_ids: Sequence[str], tables: Mapping[str, str], condition: Statement = ALWAYS
) -> list[Statement]:
    """Forget the checkpoints, and what was written on them, that LangGraph made under these run ids."""
    made = (
        "SELECT thread_id, checkpoint_ns, checkpoint_id FROM checkpoints"
        " WHERE json_extract(CAST(metadata AS TEXT), '$.run_id') IN (SELECT value FROM json_each(?))"
    )
    params: tuple[Param, ...] = (json.dumps([str(run_id) for run_id in run_ids]), *condition.params)
    return [
        Statement(
            f"DELETE FROM {table} WHERE (thread_id, checkpoint_ns, checkpoint_id) IN ({made}) AND {condition.sql}",
            params,
        )
        for table in tables
    ]


def heads(thread_id: str) -> Statement:
    """Reads the newest checkpoint of each namespace, with its metadata."""
    return Statement(
        "SELECT checkpoint_ns, max(checkpoint_id) AS checkpoint_id, CAST(metadata AS TEXT) AS metadata"
        " FROM checkpoints WHERE thread_id = ? GROUP BY checkpoint_ns",
        (thread_id,),
    )


def prune_thread(
    thread_id: str, kept: Iterable[Kept], tables: Mapping[str, str], condition: Statement = ALWAYS
) -> list[Statement]:
    """Forget what is older than the newest kept checkpoint of its namespace, and not kept itself.

    What was saved after `kept` was read is newer, and stays.
    """
    listed = json.dumps(sorted(kept))
    newer = (
        "json_extract(value, '$[0]') = {table}.checkpoint_ns AND json_extract(value, '$[1]') > {table}.checkpoint_id"
    )
    return [
        Statement(
            f"DELETE FROM {table} WHERE thread_id = ? AND (checkpoint_ns, checkpoint_id) NOT IN ({_LISTED})"
            f" AND EXISTS (SELECT 1 FROM json_each(?) WHERE {newer.format(table=table)}) AND {condition.sql}",
            (thread_id, listed, listed, *condition.params),
        )
        for table in tables
    ]


def keeps_latest(strategy: str) -> bool:
    """True for "keep_latest", False for "delete". Raises `UsageError` for any other."""
    if strategy not in (_KEEP_LATEST, _DELETE):
        raise UsageError(f"pruning strategy {strategy!r} is not known; known: {_KEEP_LATEST}, {_DELETE}")
    return strategy == _KEEP_LATEST


def kept_of(thread_id: str, found: Iterable[tuple[str, str, str | None]]) -> Walk:
    """What a pruning keeps, from the rows of `heads`.

    Yields the config of each checkpoint that has to be looked at and takes what the saver's `get_tuple` says.
    """
    kept: set[Kept] = set()
    for namespace, checkpoint_id, metadata in found:
        kept.add((namespace, checkpoint_id))
        missing, config = _delta_channels(metadata), config_of(thread_id, namespace, checkpoint_id)
        while missing and config is not None:
            saved = yield config
            if saved is None:
                break
            kept.add((namespace, saved.checkpoint["id"]))
            missing -= set(saved.checkpoint["channel_values"])
            config = saved.parent_config
    return kept


async def kept_in(walk: Walk, get_tuple: Callable[[RunnableConfig], Awaitable[Any]]) -> set[Kept]:
    """What `kept_of` finds, asking a saver's `aget_tuple`."""
    try:
        config = next(walk)
        while True:
            config = walk.send(await get_tuple(config))
    except StopIteration as end:
        return end.value


def config_of(thread_id: str, namespace: str = "", checkpoint_id: str | None = None) -> RunnableConfig:
    """The config that names a checkpoint, or the newest."""
    named = {} if checkpoint_id is None else {"checkpoint_id": checkpoint_id}
    return {"configurable": {"thread_id": thread_id, "checkpoint_ns": namespace, **named}}


def _delta_channels(metadata: str | None) -> set[str]:
    """The channels of a checkpoint whose values stand in its ancestors, from its metadata (JSON)."""
    counters: Mapping[str, Any] = json.loads(metadata or "{}").get("counters_since_delta_snapshot") or {}
    return set(counters)
