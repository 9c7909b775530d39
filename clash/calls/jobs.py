"""Waiting for a job that a provider has taken: its id is stored, so to look again, from any process, costs nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from clash.calls.waiting import NoAnswerError, Waiting
from clash.errors import Action, AmbiguousError, ClashError, ProviderError, Remedy
from clash.providers.ports import Answer, Job, JobProvider, JobStatus
from clash.redaction import safe_exception

_SHORTEST_LOOK_S = 1.0
"""A last look at a job may take so long, however little of its time is left."""
_OURS_TO_MEND = {401, 402, 403, 407, 408, 409, 425, 429}
"""HTTP answers that say something of the asking, not of the job: a wrong key, no credit, too many requests."""


class JobFailedError(ProviderError):
    """The provider ran the job and says that it failed."""

    code = "job_failed"


class JobTimeoutError(AmbiguousError):
    """A job was waited for as long as is allowed and has not ended. Its id is kept: the next process looks again."""

    code = "job_timeout"


async def await_job(
    provider: JobProvider,
    model: str,
    job: Job,
    *,
    waiting: Waiting,
    check_stop: Callable[[], None],
    on_look: Callable[[], None] = lambda: None,
    about: str = "",
) -> Answer:
    """What a job made. Raises `JobFailedError`, `ProviderError`, and what `check_stop` raises between two looks.

    `on_look` is told of each look at a job that goes on.
    """
    about = about or f"the job {job.id} of {provider.name}"
    try:
        status = await _end_of(
            provider, model, job, waiting=waiting, check_stop=check_stop, on_look=on_look, about=about
        )
        if status.state == "succeeded":
            return await waiting.answer(provider.fetch(model, job), about, waiting.limits.call_s)
    except ClashError:
        raise
    except Exception as error:
        raise ProviderError(f"{provider.name}: {safe_exception(error)}"[:2000], retryable=True) from error
    message = status.message or "the provider says that the job failed, not why"
    raise JobFailedError(message, retryable=status.retryable, cost_usd=status.cost_usd)


async def _end_of(
    provider: JobProvider,
    model: str,
    job: Job,
    *,
    waiting: Waiting,
    check_stop: Callable[[], None],
    on_look: Callable[[], None],
    about: str,
) -> JobStatus:
    """Look at a job until it has ended. Raises `JobTimeoutError`."""
    clock, limit_s = asyncio.get_running_loop().time, waiting.limits.of_job(provider)
    deadline = clock() + limit_s
    with waiting.noted(about, limit_s):
        while True:
            status = await _look(provider, model, job, waiting=waiting, about=about, left_s=deadline - clock())
            if status is None:
                check_stop()
                raise _too_long(job, "silent", limit_s)
            if status.state not in ("queued", "running"):
                return status
            on_look()
            check_stop()
            if (left := deadline - clock()) <= 0:
                raise _too_long(job, status.state, limit_s)
            await waiting.pause(min(provider.poll_every_s, left))


async def _look(
    provider: JobProvider, model: str, job: Job, *, waiting: Waiting, about: str, left_s: float
) -> JobStatus | None:
    """Look at a job once; None if the job's own time is over before an answer comes."""
    limit_s = min(max(left_s, _SHORTEST_LOOK_S), waiting.limits.call_s)
    try:
        return await waiting.answer(provider.poll(model, job), about, limit_s)
    except NoAnswerError:
        if limit_s < left_s:
            raise
        return None


def _too_long(job: Job, state: str, limit_s: float) -> JobTimeoutError:
    return JobTimeoutError(
        f"the job {job.id} is still {state} after {limit_s:.0f} s; its id is kept",
        remedy=Remedy(
            Action.RESUME, "resume to look at it again, which costs nothing; CLASH_JOB_TIMEOUT_S says for how long"
        ),
    )


def is_lost(error: ProviderError) -> bool:
    """Whether, after this error of a poll or a download, the job can never bring anything.

    A job that can still be asked about is never given up: what it made is paid for.
    """
    if error.retryable:
        return False
    status = error.status_code
    return status is None or not (status in _OURS_TO_MEND or status >= 500)
