"""The HTTP transport under `fal-client`: it knows fal's addresses, its bills, and which of its errors may pass."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import cast

import httpx

from clash.errors import ProviderError
from clash.http import BoundedTransport, ExchangeError, Limits, json_of, retry_after_s
from clash.providers.exchange_errors import meaning_of_exchange
from clash.redaction import redacted_text

QUEUE = "https://queue.fal.run"
NOT_OF_FAL = "not an answer of fal"
"""The error type of an error that came without fal's JSON: from a proxy or gateway on the way."""
_LIMITS = Limits(body_bytes=8 << 20, answer_s=120.0)
"""fal's answers are small: files come by address."""
_TARGET_HEADER = "x-fal-target-host"
_BILLED_HEADER = "x-fal-billable-units"
_OF_THE_APP = ("x-fal-request-id", "x-fal-error-type")
"""Headers that only fal itself sends: with them, an error is the job's, not of the way there."""
_AGAIN = {408, 409, 425, 429}


@dataclass
class FalTransport(httpx.AsyncBaseTransport):
    """Sends requests to fal, or to what stands in for it, each once; notes what fal bills by path."""

    endpoint: str
    billed: dict[str, str]
    network: BoundedTransport = field(default_factory=lambda: BoundedTransport(_LIMITS, json_only=True))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Raises the ledger's errors: `AmbiguousError` only where a job may have been taken."""
        try:
            response = await self.network.handle_async_request(self._readdressed(request))
        except ExchangeError as error:
            raise meaning_of_exchange(error, "fal", "FAL_BASE_URL") from error
        if _BILLED_HEADER in response.headers:
            self.billed[request.url.path] = response.headers[_BILLED_HEADER]
        self._stop_retries(response, submits=request.method == "POST")
        return response if response.status_code < 400 else _readable_error(response)

    def _readdressed(self, request: httpx.Request) -> httpx.Request:
        if self.endpoint == QUEUE:
            return request
        base = httpx.URL(self.endpoint)
        url = base.copy_with(raw_path=base.raw_path.rstrip(b"/") + request.url.raw_path)
        headers = request.headers.copy()
        headers["host"] = url.netloc.decode("ascii")
        headers[_TARGET_HEADER] = request.url.host
        return httpx.Request(request.method, url, headers=headers, stream=request.stream, extensions=request.extensions)

    def _stop_retries(self, response: httpx.Response, *, submits: bool) -> None:
        status = response.status_code
        of_the_job = not submits and any(name in response.headers for name in _OF_THE_APP)
        if status in _AGAIN or (status >= 500 and not of_the_job):
            raise ProviderError(
                f"fal answered HTTP {status}: {redacted_text(response.text)[:300]}",
                code="rate_limited" if status == 429 else "unavailable",
                retryable=True,
                retry_after_s=retry_after_s(response.headers),
                status_code=status,
            )

    async def aclose(self) -> None:
        """Close the connections."""
        await self.network.aclose()


def _readable_error(response: httpx.Response) -> httpx.Response:
    """An error whose body is the JSON object that the SDK takes it for."""
    words = response.content.decode("utf-8", "replace")
    try:
        if isinstance(cast("object", json_of(response.content)), dict):
            return response
    except ValueError:
        pass
    headers = {name: value for name, value in response.headers.items() if name.startswith("x-fal-")}
    body = {"detail": words, "error_type": NOT_OF_FAL}
    return httpx.Response(response.status_code, headers=headers, json=body, request=response.request)
