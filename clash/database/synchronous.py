"""The Python API for code that does not await: the tracker and the savers, as the first design wrote their lines.

    tracker = MetadataTracker(run_id="run-123")
    with tracker.track_step("draw"): ...
    stats = tracker.get_workflow_stats()
    graph.compile(checkpointer=get_checkpointer())
    checkpoints = list_checkpoints(get_checkpointer(), thread_id="run-123")

It works from a script, a thread, or while an event loop runs in the caller's thread (a notebook, a web server), on
SQLite and on Cloudflare D1. Where code awaits there are `AsyncMetadataTracker`, `aget_checkpointer` and
`alist_checkpoints`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from decimal import Decimal, InvalidOperation
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from clash.config import load_settings
from clash.database import background
from clash.database.checkpoint_facts import facts_of, next_steps
from clash.database.connection import database_key, is_d1, open_database
from clash.database.reading import checkpoint_item, checkpoint_items
from clash.database.rows import CheckpointRow
from clash.database.tracking import AsyncMetadataTracker, StepRecord
from clash.errors import UsageError

if TYPE_CHECKING:
    from langgraph.checkpoint.base import BaseCheckpointSaver, CheckpointTuple

    from clash.database.savers.checkpointer import Checkpointer

T = TypeVar("T")
Usd = Decimal | str | int | float
"""Dollars. A float is taken as it is printed: 0.1 is ten cents."""

_step: ContextVar[tuple[str, str] | None] = ContextVar("clash_step", default=None)
"""The run and the step that this code is in: calls that name no step are counted for it."""
_trackers: dict[str, background.Kept[AsyncMetadataTracker]] = {}
"""Trackers on D1 by URL and account, opened once a process: each opening costs requests."""


class MetadataTracker:
    """Tracks one workflow of one's own: its steps, calls, costs, files, and how it ended. No ledger is needed."""

    def __init__(self, run_id: str, database_url: str | None = None) -> None:
        if not isinstance(run_id, str) or not run_id:  # pyright: ignore[reportUnnecessaryIsInstance]
            raise UsageError(
                "MetadataTracker(run_id=...) takes the id of a run",
                hint="on an open database, and where code awaits: AsyncMetadataTracker(database)",
            )
        self.run_id = run_id
        self._url = database_url

    def __enter__(self) -> MetadataTracker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Do nothing: no call leaves anything open that the end of the program does not close."""

    # -- the run -----------------------------------------------------------------------------------------------

    def start_workflow(
        self,
        workflow_name: str,
        *,
        budget_usd: Usd | None = None,
        story_path: str = "",
        settings: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> bool:
        """Begin the run; False, and nothing changed, if a run of this id exists."""
        budget = None if budget_usd is None else _dollars(budget_usd)
        return self._do(
            lambda tracker: tracker.start_workflow(
                self.run_id,
                workflow_name,
                story_path=story_path,
                settings=settings,
                budget_usd=budget,
                metadata=metadata,
            )
        )

    def set_budget(self, budget_usd: Usd) -> None:
        """Give the run another budget, in dollars. Raises `ConflictError`, `NotFoundError`."""
        budget = _dollars(budget_usd)
        self._do(lambda tracker: tracker.set_own_budget(self.run_id, budget))

    def check_budget(self, cost_usd: Usd = 0) -> None:
        """Raise `BudgetExceededError` if a call of this cost, to be made next, would pass the budget."""
        cost = _dollars(cost_usd)
        self._do(lambda tracker: tracker.check_budget(self.run_id, cost))

    def complete_workflow(self) -> None:
        """Say that the run is done. Raises `NotFoundError`, `ConflictError` for a run that is not one's own."""
        self._do(lambda tracker: tracker.complete_workflow(self.run_id))

    def fail_workflow(self, error: BaseException | str) -> None:
        """Say that the run has failed, and why. Raises `NotFoundError`, `ConflictError`."""
        self._do(lambda tracker: tracker.fail_workflow(self.run_id, error))

    def get_workflow_stats(self) -> dict[str, Any]:
        """Return what the run did and cost so far. Raises `NotFoundError`.

        `total_usd` is a decimal string, exact to the micro-dollar; `total_cost` is the same as a float, in dollars.
        `api_call_count`, `assets_by_type` and `total_api_duration_ms` are the first design's names.
        """
        stats = self._do(lambda tracker: tracker.get_workflow_stats(self.run_id))
        duration_ms = sum(step["duration_ms"] for step in stats["by_step"])
        first_names = {"api_call_count": stats["calls"], "assets_by_type": stats["assets"]}
        return {**stats, **first_names, "total_api_duration_ms": duration_ms}

    # -- what is done in it ------------------------------------------------------------------------------------

    @contextmanager
    def track_step(self, step_name: str) -> Generator[StepRecord]:
        """Time a step, with the calls and costs that are recorded for it meanwhile. Raises `NotFoundError`.

        Calls that are recorded inside the block and name no step are counted for this one.
        """
        record = self._do(lambda tracker: tracker.begin_step(self.run_id, step_name))
        token, error = _step.set((self.run_id, step_name)), None
        try:
            yield record
        except BaseException as raised:
            error = raised
            raise
        finally:
            _step.reset(token)
            failed = error
            self._do(lambda tracker: tracker.end_step(record, failed))

    def record_api_call(
        self,
        *,
        service: str,
        step: str | None = None,
        endpoint: str = "",
        model: str = "",
        status_code: int | None = None,
        cost_usd: Usd = 0,
        duration_ms: int | None = None,
        request: Mapping[str, Any] | None = None,
        response: Mapping[str, Any] | None = None,
        error: str | None = None,
    ) -> int:
        """Record a call that was made, and count its cost; its id. Raises `NotFoundError`, `UsageError`."""
        cost, of_step = _dollars(cost_usd), self._step_or(step)
        return self._do(
            lambda tracker: tracker.record_api_call(
                self.run_id,
                step=of_step,
                service=service,
                endpoint=endpoint,
                model=model,
                status_code=status_code,
                cost_usd=cost,
                duration_ms=duration_ms,
                request=request,
                response=response,
                error=error,
            )
        )

    def record_asset(
        self,
        *,
        asset_type: str,
        path: str | Path,
        slot: str | None = None,
        step: str | None = None,
        media_type: str | None = None,
        sha256: str | None = None,
        size_bytes: int | None = None,
        facts: Mapping[str, Any] | None = None,
        cost_usd: Usd = 0,
    ) -> int:
        """Record a file; the newest of a slot and type stands; its id. Raises `NotFoundError`, `UsageError`.

        Its slot is its path where none is given; digest, size and media type are then read from the file itself.
        """
        cost, of_step = _dollars(cost_usd), self._step_or(step)
        about = _about(Path(path), media_type, sha256, size_bytes)
        return self._do(
            lambda tracker: tracker.record_asset(
                self.run_id,
                step=of_step,
                slot=slot or str(path),
                asset_type=asset_type,
                path=str(path),
                facts=facts,
                cost_usd=cost,
                **about,
            )
        )

    def _step_or(self, step: str | None) -> str:
        if step is not None:
            return step
        run_id, name = _step.get() or ("", "")
        return name if run_id == self.run_id else ""

    def _do(self, work: Callable[[AsyncMetadataTracker], Awaitable[T]]) -> T:
        url = self._url or load_settings().database_url

        async def on_its_own() -> T:
            async with AsyncMetadataTracker.open(url) as tracker:
                return await work(tracker)

        async def on_the_kept_one() -> T:
            return await work(await _kept_tracker(url).get())

        return background.run(on_the_kept_one() if is_d1(url) else on_its_own())


@contextmanager
def track_step(run: MetadataTracker | str, step_name: str, *, database_url: str | None = None) -> Generator[StepRecord]:
    """Time a step of a run, given by its tracker or its id. See `MetadataTracker.track_step`."""
    tracker = MetadataTracker(run, database_url) if isinstance(run, str) else run
    with tracker.track_step(step_name) as record:
        yield record


def _kept_tracker(url: str) -> background.Kept[AsyncMetadataTracker]:
    return _trackers.setdefault(database_key(url), background.Kept(lambda: AsyncMetadataTracker.open(url)))


def _dollars(amount: Usd) -> Decimal:
    try:
        return Decimal(str(amount))
    except InvalidOperation:
        raise UsageError(f"{amount!r} is no amount of dollars") from None


def _about(path: Path, media_type: str | None, sha256: str | None, size_bytes: int | None) -> dict[str, Any]:
    """What is recorded of a file, read from it where it is there and was not told."""
    import hashlib
    import mimetypes

    try:
        if sha256 is None:
            with path.open("rb") as stream:
                sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
        size_bytes = path.stat().st_size if size_bytes is None else size_bytes
    except OSError:
        pass  # it may be elsewhere: it is recorded as it was told
    guessed = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return {"media_type": media_type or guessed, "sha256": sha256 or "", "size_bytes": size_bytes or 0}


# -- checkpoints ---------------------------------------------------------------------------------------------------


def get_checkpointer(database_url: str | None = None) -> Checkpointer:
    """Return a saver for any LangGraph graph, on `DATABASE_URL` or the given one, for sync and async code alike.

    It opens its database on first use; `with` and `async with` open one that is closed at their end.
    """
    from clash.database.savers.checkpointer import Checkpointer

    return Checkpointer(database_url or load_settings().database_url)


async def aget_checkpointer(database_url: str | None = None) -> Checkpointer:
    """Return a saver as `get_checkpointer` does, with its database open. Raises `SettingsError`, `DatabaseError`."""
    checkpointer = get_checkpointer(database_url)
    await asyncio.to_thread(checkpointer.setup)
    return checkpointer


def list_checkpoints(
    checkpointer: BaseCheckpointSaver[Any] | str | None = None,
    thread_id: str | None = None,
    *,
    limit: int | None = None,
    database_url: str | None = None,
) -> list[dict[str, Any]]:
    """Return the checkpoints of a thread, newest first, as `clash checkpoints ls --json` shows them.

    `list_checkpoints(checkpointer, thread_id="run-123")` for any saver; without one, of the database of
    `DATABASE_URL` or the given one. An unknown thread has none. Raises `NotFoundError` where there is no database.
    """
    saver, thread, url = _asked(checkpointer, thread_id, database_url)
    if saver is None:
        return background.run(_listed(url, thread, limit))
    return _items(list(saver.list({"configurable": {"thread_id": thread}}, limit=limit)))


async def alist_checkpoints(
    checkpointer: BaseCheckpointSaver[Any] | str | None = None,
    thread_id: str | None = None,
    *,
    limit: int | None = None,
    database_url: str | None = None,
) -> list[dict[str, Any]]:
    """Return the checkpoints of a thread as `list_checkpoints` does, where code awaits. Raises `NotFoundError`."""
    saver, thread, url = _asked(checkpointer, thread_id, database_url)
    if saver is None:
        return await _listed(url, thread, limit)
    return _items([item async for item in saver.alist({"configurable": {"thread_id": thread}}, limit=limit)])


def _asked(
    checkpointer: BaseCheckpointSaver[Any] | str | None, thread_id: str | None, database_url: str | None
) -> tuple[BaseCheckpointSaver[Any] | None, str, str]:
    """The saver to ask (None: the tables themselves), the thread, and the database."""
    if isinstance(checkpointer, str):
        checkpointer, thread_id = None, checkpointer if thread_id is None else thread_id
    if thread_id is None:
        raise UsageError("of which thread?", hint='for example list_checkpoints(checkpointer, thread_id="run-123")')
    url = database_url or getattr(checkpointer, "database_url", None)
    if checkpointer is not None and url is None:
        return checkpointer, thread_id, ""
    return None, thread_id, url or load_settings().database_url


async def _listed(url: str, thread_id: str, limit: int | None) -> list[dict[str, Any]]:
    async with open_database(url, "read") as database:
        found = await checkpoint_items(database, thread_id, limit=limit)
    return [{**item, "metadata": {"source": item["source"], "step": item["step"]}} for item in found]


def _items(found: Iterable[CheckpointTuple]) -> list[dict[str, Any]]:
    """The same of a saver that is not on a database of clash."""
    tuples = list(found)
    due = {item.checkpoint["id"]: next_steps(item.checkpoint) for item in tuples}
    items: list[dict[str, Any]] = []
    for item in tuples:
        names = (item.parent_config or {}).get("configurable", {})
        parent: str | None = names.get("checkpoint_id")
        facts = facts_of(item.checkpoint, item.metadata, due.get(parent or "", ()))
        namespace = str(item.config.get("configurable", {}).get("checkpoint_ns", ""))
        items.append({**checkpoint_item(facts, CheckpointRow(namespace, parent)), "metadata": dict(item.metadata)})
    return items
