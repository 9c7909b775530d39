"""Waiting for a job that a provider has taken: its id is stored, so to look again, from any process, costs nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from clash.errors import ClashError, ProviderError
from clash.providers.ports import Answer, Job, JobProvider
from clash.redaction import safe_exception

_PATIENCE_S = 3600.0
"""How long a job is waited for in one process; the next one goes on waiting."""
_OURS_TO_MEND = {401, 402, 403, 407, 408, 409, 425, 429}
"""HTTP answers that say something of the asking, not of the job: a wrong key, no credit, too many requests."""


class JobFailedError(ProviderError):
    """The provider ran the job and says that it failed."""

    code = "job_failed"


async def await_job(provider: JobProvider, model: str, job: Job, check_stop: Callable[[], None]) -> Answer:
    """What a job made. Raises `JobFailedError`, `ProviderError`, and what `check_stop` raises between two looks."""
    deadline = time.monotonic() + _PATIENCE_S
    try:
        while (status := await provider.poll(model, job)).state in ("queued", "running"):
            check_stop()
            if time.monotonic() > deadline:
                raise ProviderError(f"the job {job.id} is still {status.state}; its id is kept", retryable=True)
            await asyncio.sleep(provider.poll_every_s)
        if status.state == "succeeded":
            return await provider.fetch(model, job)
    except ClashError:
        raise
    except Exception as error:
        raise ProviderError(f"{provider.name}: {safe_exception(error)}"[:2000], retryable=True) from error
    message = status.message or "the provider says that the job failed, not why"
    raise JobFailedError(message, retryable=status.retryable, cost_usd=status.cost_usd)


def is_lost(error: ProviderError) -> bool:
    """Whether, after this error of a poll or a download, the job can never bring anything.

    A job that can still be asked about is never given up: what it made is paid for.
    """
    if error.retryable:
        return False
    status = error.status_code
    return status is None or not (status in _OURS_TO_MEND or status >= 500)
