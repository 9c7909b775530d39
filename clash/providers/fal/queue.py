"""fal's queue through the official `fal-client`, whose own retries are kept from submitting a paid job twice.

The SDK sends a submit again, up to ten times, when the connection breaks, also inside the body of a 200. So its HTTP
client is given a transport that reads each answer whole, and raises errors that the SDK does not try again after.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Awaitable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, cast

import httpx

from clash.config import Settings
from clash.errors import Action, AmbiguousError, ClashError, ProviderError, Remedy, SettingsError
from clash.providers.credentials import check_sendable, vendor_key
from clash.providers.extras import module
from clash.providers.fal.transport import NOT_OF_FAL, QUEUE, FalTransport
from clash.providers.ports import Job, JobStatus
from clash.providers.refusals import lacks_credit, refuses_content
from clash.redaction import redacted_text, safe_exception, without_password

_SDK_HOSTS = {"FAL_RUN_HOST": "fal.run", "FAL_QUEUE_RUN_HOST": "queue.fal.run"}
"""Variables of the SDK's own, with the value that they have to have if any."""
_TIMEOUT = httpx.Timeout(120.0, connect=15.0)
_JOB_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,199}")
_MOST_UNITS = 1_000_000
"""Units of one bill; a larger number is no bill."""
_REFUSED = {401, 403}
_PAYMENT_REQUIRED = 402
_LOCKED = "the account is locked: https://fal.ai/dashboard says why"
_NOBODYS_FAULT = {
    "runner_disconnected",
    "runner_connection_timeout",
    "runner_connection_refused",
    "runner_scheduling_failure",
    "runner_server_error",
    "startup_timeout",
    "request_timeout",
    "internal_error",
}
"""fal's error types of a job that may well succeed when it is handed in again."""


class Queue:
    """Submits, looks and collects. One HTTP client for all of it, for as long as the process lives."""

    def __init__(self, settings: Settings) -> None:
        library = module("fal_client")
        key = fal_key(settings)
        _check_sdk_host()
        base_url = (settings.fal_base_url or QUEUE).rstrip("/")
        self.endpoint = without_password(base_url)
        self._billed: dict[str, str] = {}
        headers = {"Authorization": f"Key {key}", "User-Agent": str(library.client.USER_AGENT)}
        transport = FalTransport(base_url, self._billed)
        self._http = httpx.AsyncClient(transport=transport, headers=headers, timeout=_TIMEOUT)
        self._sdk = _sdk_client(library, key, self._http)
        self._handle: Any = library.client.AsyncRequestHandle
        self._http_error: type[Exception] = library.client.FalClientHTTPError
        self._states: Any = library

    async def submit(self, endpoint: str, arguments: Mapping[str, Any]) -> Job:
        """Hand a job in. Raises `AmbiguousError` where it may have been taken all the same."""
        try:
            handle = await self._sdk.submit(endpoint, dict(arguments))
        except ClashError:
            raise
        except self._http_error as error:
            raise self._refused(error, endpoint) from error
        except Exception as error:  # what the SDK makes of JSON that says something else
            raise _no_ticket(endpoint, _named(error)) from error
        job_id: object = handle.request_id
        if not isinstance(job_id, str) or not _JOB_ID.fullmatch(job_id):
            raise _no_ticket(endpoint, "it has no request_id that can be one")
        return Job(job_id, f"{self.endpoint}{self._path_of(handle.response_url, endpoint, job_id)}")

    def _path_of(self, said: object, endpoint: str, job_id: str) -> str:
        """Where a job is to be asked about: as fal says; what is not fal's address of this job is not believed."""
        try:
            where = httpx.URL(str(said))
        except (httpx.InvalidURL, ValueError):
            where = httpx.URL("")
        if where.scheme == "https" and f"https://{where.host}" == QUEUE and where.path.endswith(f"/requests/{job_id}"):
            return where.path
        return httpx.URL(self._handle.from_request_id(self._http, endpoint, job_id).response_url).path

    async def poll(self, job: Job) -> JobStatus:
        """Look at a job. Raises `ProviderError`."""
        try:
            status = await self._of(job).status()
        except ClashError:
            raise
        except self._http_error as error:
            raise self._lost_job(error, job) from error
        except Exception as error:  # what the SDK makes of JSON that says something else
            message = f"fal's answer about the job {job.id} cannot be read: {_named(error)}"
            raise ProviderError(message, retryable=True) from error
        if isinstance(status, self._states.Completed):
            if not status.error:
                return JobStatus("succeeded")
            words = _writable(str(status.error))
            return JobStatus("failed", f"fal: {words}", retryable=str(status.error_type) in _NOBODYS_FAULT)
        if isinstance(status, self._states.InProgress):
            return JobStatus("running")
        return JobStatus("queued", f"position {_writable(str(status.position))[:20]}")

    async def result(self, job: Job) -> dict[str, Any]:
        """What a finished job answered. Raises `ProviderError` (code `job_failed`, `content_refused`, `expired`)."""
        try:
            body: object = await self._of(job).get()
        except ClashError:
            raise
        except self._http_error as error:
            raise self._failed_job(error, job) from error
        except Exception as error:  # what the SDK makes of JSON that says something else
            message = f"the result of {job.id} cannot be read: {_named(error)}"
            raise ProviderError(message, retryable=True) from error
        if not isinstance(body, dict):
            raise ProviderError(f"the result of {job.id} is no object", code="bad_answer")
        return cast("dict[str, Any]", body)

    def billed_units(self, job: Job) -> Decimal | None:
        """How many of the model's units fal billed for a job whose result was asked for; None where it did not say."""
        return _number(self._billed.pop(httpx.URL(self._url(job)).path, ""))

    async def probe(self) -> str:
        """Ask about a job that is not there: free, and only a good key is told so. Raises `ClashError`."""
        nobody = Job("00000000-0000-0000-0000-000000000000", "")
        handle = self._handle.from_request_id(self._http, "fal-ai/kokoro", nobody.id)
        try:
            await handle.status()
        except ClashError:
            raise
        except self._http_error as error:
            meaning = self._lost_job(error, nobody)
            if meaning.code == "expired":
                return "the key is good"
            raise meaning from error
        except Exception as error:  # what the SDK makes of JSON that says something else
            raise ProviderError(f"fal's answer cannot be read: {_named(error)}", retryable=True) from error
        return "the key is good"

    # -- parts -----------------------------------------------------------------------------------------------

    def _url(self, job: Job) -> str:
        """fal's own address of a job, from the one it was recorded with."""
        recorded = without_password(job.endpoint)
        if not recorded.startswith(f"{self.endpoint}/"):
            raise SettingsError(
                f"the job {job.id} was handed in at {job.endpoint}; fal is set to {self.endpoint}",
                code="other_endpoint",
                remedy=Remedy(Action.RESUME, "set FAL_BASE_URL as it was, then resume"),
            )
        return QUEUE + recorded.removeprefix(self.endpoint)

    def _of(self, job: Job) -> Any:
        url = self._url(job)
        return self._handle(
            request_id=job.id,
            response_url=url,
            status_url=f"{url}/status",
            cancel_url=f"{url}/cancel",
            client=self._http,
        )

    def _refused(self, error: Any, endpoint: str) -> ClashError:
        status, words = int(error.status_code), _words(error)
        if lacks_credit(status, words):
            return _no_credit(status, words)
        if refuses_content(status, words):
            return _content_refused(endpoint, words)
        if status in _REFUSED:
            return _key_refused(status, words)
        return ProviderError(f"fal:{endpoint} answered HTTP {status}: {words}", code="bad_request", status_code=status)

    def _lost_job(self, error: Any, job: Job) -> ClashError:
        status, words = int(error.status_code), _words(error)
        if lacks_credit(status, words):
            return _no_credit(_PAYMENT_REQUIRED, words)  # whatever its status: the job itself is not lost
        if status in _REFUSED:
            return _key_refused(status, words)
        if error.error_type == NOT_OF_FAL:
            # A gateway on the way does not know what became of a job that is paid for.
            message = f"fal cannot be asked about the job {job.id}: HTTP {status}: {words}"
            return ProviderError(message, code="unavailable", retryable=True, status_code=status)
        if status == 404:
            return ProviderError(f"fal no longer knows the job {job.id}: {words}", code="expired", status_code=404)
        again = status >= 500
        message = f"fal answered HTTP {status} for the job {job.id}: {words}"
        return ProviderError(message, retryable=again, status_code=status)

    def _failed_job(self, error: Any, job: Job) -> ClashError:
        """A finished job whose answer is an error: fal gives back the status of the model itself."""
        status, words = int(error.status_code), _words(error)
        if error.error_type != NOT_OF_FAL and refuses_content(status, words):
            return _content_refused(job.id, words)
        if status in _REFUSED | {404} or error.error_type == NOT_OF_FAL or lacks_credit(status, words):
            return self._lost_job(error, job)
        # Without its HTTP status, which would say that the asking failed: here the job did.
        return ProviderError(f"the job {job.id} failed (HTTP {status}): {words}", code="job_failed")


def fal_key(settings: Settings) -> str:
    """The key. Raises `SettingsError`."""
    key = vendor_key("fal", settings)
    if key is None:
        raise SettingsError(
            "FAL_KEY is not set",
            code="missing_key",
            hint="put the key into .env or the environment; or use a local: model, which needs none",
        )
    check_sendable("FAL_KEY", key)
    return key


def _check_sdk_host() -> None:
    """Raise `SettingsError` where a variable of the SDK leads submits elsewhere than jobs are polled."""
    for variable, usual in _SDK_HOSTS.items():
        if os.environ.get(variable, usual) != usual:
            raise SettingsError(
                f"{variable} leads fal's SDK to another host",
                code="other_endpoint",
                hint=f"unset {variable}; FAL_BASE_URL names what stands in for fal",
            )


def _sdk_client(library: Any, key: str, http: httpx.AsyncClient) -> Any:
    """The SDK's client over our HTTP client: where it would make one of its own, it is given this one."""

    class Client(library.AsyncClient):
        @property
        def _client(self) -> Awaitable[httpx.AsyncClient]:
            return _ready(http)

    return Client(key=key)


async def _ready(http: httpx.AsyncClient) -> httpx.AsyncClient:
    return http


def _named(error: Exception) -> str:
    return _writable(safe_exception(error))[:300]


def _writable(text: str) -> str:
    """fal's words without secrets, as any terminal and database takes them: no half of a surrogate pair."""
    return redacted_text(text.encode("utf-8", "replace").decode("utf-8"))[:600]


def _no_ticket(endpoint: str, why: str) -> AmbiguousError:
    return AmbiguousError(f"fal:{endpoint} took the job, but its answer cannot be read: {why}")


def _words(error: Any) -> str:
    """What fal says, as text: `detail` is a sentence, or a list of what is wrong with which field."""
    message: object = error.message
    text = message if isinstance(message, str) else json.dumps(message, ensure_ascii=False, default=str)
    kind = f" ({_writable(str(error.error_type))[:100]})" if error.error_type else ""
    return _writable(text) + kind


def _key_refused(status: int, words: str) -> SettingsError:
    return SettingsError(
        f"fal refused the key (HTTP {status}): {words}",
        code="refused_key",
        hint=_LOCKED if "locked" in words else "check FAL_KEY",
    )


def _no_credit(status: int, words: str) -> ProviderError:
    return ProviderError(
        f"fal: the account has no credit: {words}",
        code="no_credit",
        status_code=status,
        remedy=Remedy(Action.RESUME, "add credit at https://fal.ai/dashboard/billing, then resume"),
    )


def _content_refused(what: str, words: str) -> ProviderError:
    return ProviderError(
        f"fal refused the content of {what}: {words}",
        code="content_refused",
        status_code=422,
        hint="change what the story says there, or choose another model",
    )


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() and 0 <= number <= _MOST_UNITS else None
