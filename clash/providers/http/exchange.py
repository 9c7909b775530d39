"""Send what a vendor's file says, each request once, and read the whole answer within limits."""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import httpx

from clash.errors import AmbiguousError, ClashError, ProviderError
from clash.http import BoundedTransport, ExchangeError, Limits, json_of
from clash.providers.exchange_errors import meaning_of_exchange
from clash.providers.http.meaning import Purpose, error_in, meaning_of
from clash.providers.http.template import fill_path, fill_text, names_in
from clash.providers.http.vendor import Endpoint, VendorFile, parts_of
from clash.redaction import safe_exception

_LIMITS = Limits(body_bytes=192 << 20, answer_s=600.0)
"""Some vendors put the file itself into the answer, as text that is a third or twice as long."""
_TIMEOUT = httpx.Timeout(600.0, connect=15.0)
AGENT = "clash (master-clash)"


@dataclass(frozen=True)
class Asked:
    """A request: method, address, headers and JSON."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Answered:
    """A whole answer that is no error: `json` is its value, None where it is none."""

    content: bytes
    json: object


def asked_of(
    vendor: VendorFile,
    endpoint: Endpoint | None,
    call: str,
    values: Mapping[str, str],
    *,
    base_url: str,
    body: Mapping[str, Any] | None = None,
) -> Asked:
    """Return what is sent for one of the calls of an endpoint. `values`: `key`, `call`, `model`, `job`, `file`."""
    method, path = parts_of(call)
    headers = {**vendor.headers, **(endpoint.headers if endpoint is not None and method == "POST" else {})}
    # The key of a call is known when it is handed in or looked up; other requests go without the headers that name it.
    filled = {name: fill_text(text, values) for name, text in headers.items() if values.keys() >= {*names_in(text)}}
    sent = body if method == "POST" else None
    return Asked(method, base_url + fill_path(path, values), filled, sent)


@contextmanager
def building(about: str) -> Generator[None]:
    """Tell whatever goes wrong while a request is built as a `ProviderError`: nothing was sent, so nothing is owed."""
    try:
        yield
    except ClashError:
        raise
    except Exception as error:
        raise ProviderError(
            f"{about}: the request could not be built, so nothing was sent: {safe_exception(error)}"[:2000],
            code="not_sent",
            hint="`clash models check --help` says how to see the requests of a vendor's file",
        ) from error


class VendorClient:
    """One HTTP client for all calls of a vendor, for as long as the process lives."""

    def __init__(self, vendor: VendorFile) -> None:
        self._vendor = vendor
        self._http = httpx.AsyncClient(
            transport=BoundedTransport(_LIMITS), headers={"User-Agent": AGENT}, timeout=_TIMEOUT, follow_redirects=False
        )

    async def send(
        self, asked: Asked, about: str, purpose: Purpose, *, want_json: bool = True, judge_codes: bool = True
    ) -> Answered:
        """Send it once. Raises the ledger's errors: `AmbiguousError` only where a paid call may have been made.

        Without `judge_codes` an answer with HTTP 200 is no error, whatever code is in it.
        """
        vendor = self._vendor
        with building(about):
            request = self._request_of(asked)
        try:
            response = await self._http.send(request)
        except ExchangeError as error:
            raise meaning_of_exchange(error, about, vendor.base_url_setting) from error
        value = _json(response.content)
        text = response.text if response.status_code >= 400 else ""
        said = error_in(vendor.errors, response.status_code, value, response.headers, text)
        if said is not None and (judge_codes or response.status_code >= 400):
            raise meaning_of(said, vendor.errors, about, " and ".join(vendor.keys), purpose)
        if want_json and not isinstance(value, dict):
            kind = response.headers.get("content-type", "no type")[:60]
            message = f"{about}: the answer ({kind}, {len(response.content)} bytes) is no JSON object"
            raise AmbiguousError(message) if purpose == "buy" else ProviderError(message, retryable=True)
        return Answered(response.content, cast("object", value))

    def _request_of(self, asked: Asked) -> httpx.Request:
        content = json.dumps(asked.body, ensure_ascii=False).encode() if asked.body is not None else None
        headers = {"Content-Type": "application/json", **asked.headers} if content is not None else {**asked.headers}
        return self._http.build_request(asked.method, asked.url, content=content, headers=headers)


def _json(content: bytes) -> object:
    try:
        return json_of(content)
    except ValueError:
        return None
