"""The three kinds of test provider, asked over HTTP through the transport that every paid request of clash takes."""

from __future__ import annotations

import base64
import os
from typing import Any

import httpx
from clash_metered import KeyedProvider, OneShotProvider, QueuedProvider, slot_of

from clash.errors import AmbiguousError, ProviderError
from clash.http import AnswerLostError, BoundedTransport, ExchangeError, Limits, NotSentError
from clash.providers.ports import Answer, Context, Job, JobStatus, Request

VENDOR = "TORTURE_VENDOR"
"""The variable that holds the vendor's address."""
_ANSWER_S = 2.0
"""Within how many seconds an answer must be complete: the vendor stalls some."""


async def _ask(method: str, path: str, body: dict[str, str] | None = None) -> dict[str, Any]:
    """Return what the vendor answers. Raises what a provider raises when the answer breaks off."""
    transport = BoundedTransport(Limits(answer_s=_ANSWER_S), json_only=True)
    async with httpx.AsyncClient(transport=transport, base_url=os.environ[VENDOR]) as client:
        try:
            response = await client.request(method, path, json=body)
        except AnswerLostError as error:
            if error.repeatable:
                raise ProviderError(error.message, code="answer_lost", retryable=True) from error
            raise AmbiguousError(error.message) from error
        except NotSentError as error:
            raise ProviderError(error.message, code="unreachable", retryable=True) from error
        except ExchangeError as error:
            raise ProviderError(error.message, code="answer_lost") from error
    response.raise_for_status()
    found: dict[str, Any] = response.json()
    return found


def _sound(found: dict[str, Any]) -> Answer:
    return Answer(base64.b64decode(found["sound"]), "audio/wav", facts={"duration_s": 0.05})


class WiredKeyedProvider(KeyedProvider):
    """Charges a key once, however often it is called with it."""

    async def call(self, model: str, request: Request, context: Context) -> Answer:
        return _sound(await _ask("POST", "/metered", {"key": context.key, "slot": slot_of(request)}))


class WiredOneShotProvider(OneShotProvider):
    """Charges every call."""

    async def call(self, model: str, request: Request, context: Context) -> Answer:
        return _sound(await _ask("POST", "/oneshot", {"key": context.key, "slot": slot_of(request)}))


class WiredQueuedProvider(QueuedProvider):
    """Charges every submit, and makes what a job of the queue on this disk makes."""

    async def submit(self, model: str, request: Request, context: Context) -> Job:
        found = await _ask("POST", "/queued", {"slot": slot_of(request)})
        return Job(str(found["job"]), self.endpoint)

    async def poll(self, model: str, job: Job) -> JobStatus:
        await _ask("GET", f"/queued/{job.id}")
        return JobStatus("succeeded")

    async def fetch(self, model: str, job: Job) -> Answer:
        return _sound(await _ask("GET", f"/queued/{job.id}/sound"))


WIRED = {"metered": WiredKeyedProvider, "oneshot": WiredOneShotProvider, "queued": WiredQueuedProvider}
