"""What a Dask worker does for a batch: it goes on with a run that `clash batch` has begun.

An order names the run and says how to tell it from one of the same name in another database. All else is in the
database and the asset store: the story, the cast, the pictures, the settings. Keys come from the worker's environment.
So nothing secret is in a task, and a worker that looks into another database finds no run to pay for.

All runs of a worker share one event loop, one connection to the database and the limits of the providers.
"""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from collections.abc import AsyncGenerator, Awaitable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, nullcontext
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Self, cast

from clash.assets import open_assets
from clash.calls.shared_calls import SharedCalls
from clash.config import load_settings
from clash.database import reading
from clash.database.connection import is_d1, open_database
from clash.database.migrations import require_current
from clash.database.rows import RunRow
from clash.database.run_settings import RunSettings
from clash.errors import ClashError, SettingsError
from clash.production.batch_plan import BatchStory
from clash.production.batch_run import film_one_story
from clash.production.opened import Opened, runs_of_this_process
from clash.production.plan import RunRequest, with_unpriced
from clash.production.progress import ignore
from clash.production.run_setup import rate_limits_of
from clash.production.stopping import StopSignal
from clash.providers.registry import Registry
from clash.redaction import safe_exception
from clash.version import __version__

logger = logging.getLogger(__name__)

LOOK_S, LOOK_ON_D1_S = 2.0, 20.0
"""How often a worker looks whether a run that another process holds is free: on D1 each look is a request."""


@dataclass(frozen=True)
class Order:
    """What a worker is asked for: to go on with a run, and how. No secret is in it.

    `began_at`, `story_sha256`, `settings_fingerprint`: as the row of the run has them. `budget`: dollars, its new one.
    """

    thread_id: str
    batch: str
    began_at: str
    story_sha256: str
    settings_fingerprint: str
    version: str = __version__
    concurrency: int | None = None
    budget: str | None = None
    retry_unknown: bool = False
    retry_failed_paid: bool = False
    allow_unpriced: bool = False
    review: list[str] | None = None
    output: str | None = None

    @classmethod
    def of(cls, run: RunRow, batch: str, each: RunRequest) -> Self:
        """Return the order for a run of a batch that was begun. `each`: how it is to continue."""
        return cls(
            run.run_id,
            batch,
            run.start_time,
            run.story_sha256,
            run.settings_fingerprint,
            concurrency=each.concurrency,
            budget=None if each.budget is None else str(each.budget),
            retry_unknown=each.retry_unknown,
            retry_failed_paid=each.retry_failed_paid,
            allow_unpriced=each.allow_unpriced,
            review=None if each.review is None else list(each.review),
            output=None if each.output is None else each.output.as_posix(),
        )

    @property
    def text(self) -> str:
        """JSON, for the way: an argument that is a key of Dask's would be replaced by what that task returned."""
        return json.dumps(asdict(self), sort_keys=True)

    @property
    def each(self) -> RunRequest:
        """How the run is to continue."""
        return RunRequest(
            story="",
            concurrency=self.concurrency,
            budget=None if self.budget is None else Decimal(self.budget),
            retry_unknown=self.retry_unknown,
            retry_failed_paid=self.retry_failed_paid,
            allow_unpriced=self.allow_unpriced,
            review=self.review,
            output=None if self.output is None else Path(self.output),
        )

    @classmethod
    def read(cls, text: str) -> Self:
        """Return the order of a text. Raise `SettingsError` for one of another version of clash."""
        found = cast("dict[str, Any]", json.loads(text))
        if found.get("version") != __version__:
            raise SettingsError(
                f"it has clash {__version__}, and `clash batch` is {found.get('version')}",
                code="worker_version",
                hint="install the same clash on both",
            )
        return cls(**found)


def make_run(order: str) -> str:
    """Make a run in this process. Return as JSON: `status`, `exit_code`, `fault`, `outcome`, or `error`."""
    return json.dumps(asyncio.run_coroutine_threadsafe(_answered(_make(order)), _loop()).result())


async def check_worker(order: str) -> str:
    """Return, as JSON, what keeps this process from making a run: `error`, or nothing. Nothing is paid for."""
    return json.dumps(await _answered(_check(order)))


def stop_runs(thread_ids: list[str], signum: int) -> None:
    """Ask these runs to stop, if this process makes them."""
    for thread_id in thread_ids:
        if stop := _stops.get(thread_id):
            stop.request(signum)


_stops: dict[str, StopSignal] = {}
"""Of the runs that this process makes."""


_loops: list[asyncio.AbstractEventLoop] = []
_making = threading.Lock()


def _loop() -> asyncio.AbstractEventLoop:
    """Return the one event loop of all runs of this process, in a thread of its own. Any thread may ask."""
    with _making:
        if not _loops:
            loop = asyncio.new_event_loop()
            threading.Thread(target=loop.run_forever, name="clash-batch", daemon=True).start()
            _loops.append(loop)
        return _loops[0]


async def _answered(work: Awaitable[dict[str, Any]]) -> dict[str, Any]:
    """Wait for the work; an error becomes a document, which needs no clash where it is read."""
    try:
        return await work
    except ClashError as error:
        told = {"code": error.code, "message": error.message, "hint": error.hint, "exit_code": error.exit_code}
    except Exception as error:  # noqa: BLE001 - it is told where the batch was begun
        told = {"code": "internal", "message": safe_exception(error), "hint": None, "exit_code": 1}
    return {"error": told}


async def _check(text: str) -> dict[str, Any]:
    order = Order.read(text)
    settings = with_unpriced(load_settings(), allowed=order.allow_unpriced)
    async with open_database(settings.database_url, "write") as database:
        await require_current(database)
        await _checked(Opened(settings, database, Registry(settings)), order)
    return {}


async def _make(text: str) -> dict[str, Any]:
    order = Order.read(text)
    stop = _stops[order.thread_id] = StopSignal()
    try:
        async with _opened(order) as opened:
            await _checked(opened, order)
            look_s = LOOK_ON_D1_S if is_d1(opened.database.url) else LOOK_S
            result = await film_one_story(
                BatchStory(order.thread_id, output=order.each.output),
                batch=order.batch,
                opened=opened,
                observe=ignore,
                stop=stop,
                each=order.each,
                # A worker that was killed holds its run for as long as its lease lasts.
                wait_s=look_s,
            )
    finally:
        _stops.pop(order.thread_id, None)
    fault = None if result.fault is None else asdict(result.fault)
    return {
        "status": result.status,
        "exit_code": result.exit_code,
        "fault": fault,
        "outcome": None if result.outcome is None else result.outcome.dump(),
        "room_micro": result.room_micro,
    }


async def _checked(opened: Opened, order: Order) -> None:
    """Raise unless the very run is in the database of this process, its story in the store, and the keys are set."""
    settings = opened.settings
    run = await reading.find_run(opened.database, order.thread_id)
    identity = None if run is None else (run.start_time, run.story_sha256, run.settings_fingerprint)
    if run is None or identity != (order.began_at, order.story_sha256, order.settings_fingerprint):
        raise SettingsError(
            f"its DATABASE_URL is {settings.database_url}, where the run {order.thread_id} is not",
            code="worker_database",
            hint="give each worker the DATABASE_URL of the batch, and the credentials for it",
        )
    recorded = RunSettings.of(run.settings)
    if not await open_assets(settings).restore(recorded.story):
        raise SettingsError(
            f"its ASSET_STORE is {settings.asset_store}, where the story of {order.thread_id} is not",
            code="worker_store",
            hint="give each worker the ASSET_STORE of the batch: s3://bucket/prefix, or one folder of this machine",
        )
    for kind, model in opened.registry.models(recorded.models).items():
        if kind != "screenplay" or not recorded.basis.given:
            model.require()


class _Shared:
    """What runs of this process share, opened for the first of them and closed after the last."""

    def __init__(self, *, allow_unpriced: bool, concurrency: int | None) -> None:
        self._allow_unpriced = allow_unpriced
        self._concurrency = concurrency
        self._changing = asyncio.Lock()
        self._users = 0
        self._stack = AsyncExitStack()
        self._opened: Opened | None = None
        self.places: AbstractAsyncContextManager[object] = nullcontext()
        """A place for each run that the requests to D1 of this process carry."""

    async def take(self) -> Opened:
        """Return it, opened; `give_back` must follow."""
        async with self._changing:
            if self._opened is None:
                self._opened = await self._open()
            self._users += 1
            return self._opened

    async def give_back(self) -> None:
        """Close it if nobody uses it any more."""
        async with self._changing:
            self._users -= 1
            if not self._users:
                self._opened = None
                await self._stack.aclose()

    async def _open(self) -> Opened:
        settings = with_unpriced(load_settings(), allowed=self._allow_unpriced)
        database = await self._stack.enter_async_context(open_database(settings.database_url, "write"))
        try:
            await require_current(database)
        except BaseException:
            await self._stack.aclose()
            raise
        most = runs_of_this_process(settings)
        self.places = nullcontext() if most is None else asyncio.Semaphore(most)
        limits = rate_limits_of(settings, self._concurrency, logger.info)
        return Opened(settings, database, Registry(settings), SharedCalls(limits))


_of_this_process: dict[tuple[bool, int | None], _Shared] = {}


@asynccontextmanager
async def _opened(order: Order) -> AsyncGenerator[Opened]:
    """What the runs of this process with the same consent and concurrency share."""
    key = (order.allow_unpriced, order.concurrency)
    if key not in _of_this_process:
        _of_this_process[key] = _Shared(allow_unpriced=order.allow_unpriced, concurrency=order.concurrency)
    shared = _of_this_process[key]
    opened = await shared.take()
    try:
        async with shared.places:
            yield opened
    finally:
        await shared.give_back()
