"""A batch on a Dask cluster that exists: one task per story, which goes on with a run that was begun here.

The database decides what is made: a task only says where. If a worker dies, Dask gives the task to another, which waits
for the lease of the dead one. If this process or the scheduler dies, the same command goes on. If the scheduler comes
back in time, the batch goes on by itself.
"""

from __future__ import annotations

import asyncio
import hashlib
import importlib
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import Any, Self, cast

from clash.errors import ClashError, SettingsError
from clash.production.dask_worker import Order, check_worker, make_run, stop_runs
from clash.providers.extras import module
from clash.redaction import safe_exception

_CONNECT_S = 30.0
"""Seconds that the scheduler is waited for: at the start, and when it was lost."""
_WORKERS_S = 60.0
_CHECK_S = 120.0
_STOP_S = 5.0
_COUNT_S = 5.0
_TICK_S = 0.2
_MOST_DEATHS = 3
"""How often a run is given out again after Dask gave it up: each time three workers died of it, or beside it."""


def scheduler_address(executor: str) -> str:
    """Return the address of `dask://HOST:PORT` as Dask writes it: over TLS where Dask is told to encrypt."""
    module("distributed")
    encrypts = importlib.import_module("dask.config").get("distributed.comm.require-encryption", default=False)
    place = executor.removeprefix("dask://").rstrip("/")
    return f"{'tls' if encrypts else 'tcp'}://{place}"


class DaskCluster:
    """A connection to a scheduler and its workers."""

    def __init__(self, executor: str, client: Any) -> None:
        self._executor = executor
        self._client = client
        self._distributed = module("distributed")
        self._given_out: set[str] = set()
        self._threads = 0
        self._counted_at = float("-inf")

    @classmethod
    @asynccontextmanager
    async def connect(cls, executor: str) -> AsyncGenerator[Self]:
        """Connect to the scheduler of `dask://HOST:PORT`, and wait for a worker. Raise `SettingsError`."""
        distributed = module("distributed")
        address = scheduler_address(executor)
        try:
            client = await distributed.Client(
                address, asynchronous=True, timeout=_CONNECT_S, set_as_default=False, name="clash-batch"
            )
        except (OSError, TimeoutError) as error:
            raise SettingsError(
                f"no Dask scheduler answers at {executor} ({safe_exception(error)})",
                code="no_scheduler",
                hint="start one: dask scheduler --port 8786",
            ) from None
        try:
            yield cls(executor, client)
        finally:
            with suppress(Exception):
                async with asyncio.timeout(_STOP_S):
                    await client.close()

    async def threads(self) -> int:
        """Return how many stories the workers that are there make at once; as it was last known, for a moment."""
        now = asyncio.get_running_loop().time()
        if now - self._counted_at > _COUNT_S:
            with suppress(Exception):  # the scheduler is gone: what is given out tells it
                async with asyncio.timeout(_COUNT_S):
                    self._threads = sum(cast("dict[str, int]", await self._client.nthreads()).values())
            self._counted_at = now
        return self._threads

    async def check(self, order: Order) -> None:
        """Raise `SettingsError` unless every worker can make this run: the same clash, database, store; the keys."""
        try:
            await self._client.wait_for_workers(1, timeout=_WORKERS_S)
        except TimeoutError:
            raise SettingsError(
                f"the Dask scheduler at {self._executor} has no worker",
                code="no_workers",
                hint=f"start one: dask worker {self._executor.removeprefix('dask://')} --nthreads 4",
            ) from None
        async with asyncio.timeout(_CHECK_S):
            answers = cast("dict[str, Any]", await self._client.run(check_worker, order.text, on_error="return"))
        for worker, answer in sorted(answers.items()):
            if isinstance(answer, ModuleNotFoundError | ImportError | AttributeError):
                raise SettingsError(
                    f"the Dask worker {worker} cannot import this clash: {safe_exception(answer)}",
                    code="worker_version",
                    hint="install the same clash there, with the extra dask, and start the worker again",
                )
            if isinstance(answer, BaseException):
                raise SettingsError(f"the Dask worker {worker} failed: {safe_exception(answer)}", code="worker_failed")
            _raise_error_of(answer, worker)

    async def make(self, order: Order) -> dict[str, Any]:
        """Have a run made by a worker; return how that ended. Raise the error of one that could not begin there."""
        text = order.text
        key = f"{order.thread_id}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
        for _ in range(_MOST_DEATHS):
            future = self._client.submit(make_run, text, key=key, pure=False)
            self._given_out.add(order.thread_id)
            try:
                answer = await future
            except self._distributed.client.FutureCancelledError:
                await self._connected_again()
                continue
            except self._distributed.KilledWorker:
                continue
            finally:
                self._given_out.discard(order.thread_id)
                future.release()
            _raise_error_of(answer, "")
            return cast("dict[str, Any]", json.loads(answer))
        raise ClashError(
            f"the workers that made {order.thread_id} died, again and again",
            code="workers_died",
            retryable=True,
            hint="see the log of the workers (memory?); then the same command goes on",
        )

    async def stop(self, signum: int) -> None:
        """Ask the workers to end the runs that they make; what is in flight is kept."""
        given_out = sorted(self._given_out)
        with suppress(Exception):
            async with asyncio.timeout(_STOP_S):
                await self._client.run(stop_runs, given_out, signum, on_error="ignore")

    async def _connected_again(self) -> None:
        """Wait until the connection to the scheduler is there again. Raise `ClashError` if it does not come back."""
        while self._client.status == "connecting":  # noqa: ASYNC110 - Dask tells nobody
            await asyncio.sleep(_TICK_S)
        if self._client.status != "running":
            raise ClashError(
                f"the Dask scheduler at {self._executor} is gone",
                code="scheduler_lost",
                retryable=True,
                hint="start it and its workers again; then the same command goes on",
            )


def _raise_error_of(answer: str, worker: str) -> None:
    """Raise the error that a worker answered with, if any."""
    error = cast("dict[str, Any] | None", json.loads(answer).get("error"))
    if error is None:
        return
    where = f"the Dask worker {worker}: " if worker else ""
    kind = SettingsError if error["exit_code"] == SettingsError.exit_code else ClashError
    raise kind(f"{where}{error['message']}", code=error["code"], hint=error["hint"], exit_code=int(error["exit_code"]))
