"""How the `openai` SDK is called, and what its errors mean to the ledger."""

from __future__ import annotations

import os
import re
from typing import Any, cast

import httpx

from clash.errors import Action, AmbiguousError, ClashError, ProviderError, Remedy, SettingsError
from clash.http import BoundedTransport, ExchangeError, Limits, retry_after_s
from clash.providers.exchange_errors import meaning_of_exchange
from clash.providers.extras import module
from clash.providers.openai.servers import Server
from clash.providers.refusals import lacks_credit, refuses_content
from clash.redaction import redacted_text, safe_exception

_ANSWER_S, _CONNECT_S = 600.0, 15.0
_OWN_ANSWER_S = 3600.0
"""A model on one's own processor may write for as long as a call may take."""
_MOST_BYTES = 64 << 20
"""A picture comes inside its answer, as text."""
_MOST_TOKENS = 1_000_000_000
"""Tokens of one answer; a larger number is no count."""
_FORBIDDEN = {401, 403}
_NOT_THERE = 404
_AGAIN = {408, 409, 429}
_HEADER = re.compile(r"[\t\x20-\x7e]*")


def make_client(server: Server) -> Any:
    """A client of a server that makes each call once: whether to try again is for the ledger to say.

    Each answer is read whole, within limits, and no redirect is followed. Raises `SettingsError` where the package or,
    for OpenAI itself, the key is missing.
    """
    library = module("openai")
    answer_s = _OWN_ANSWER_S if server.is_free else _ANSWER_S
    network = httpx.AsyncClient(
        transport=BoundedTransport(Limits(body_bytes=_MOST_BYTES, answer_s=answer_s), json_only=True),
        timeout=httpx.Timeout(answer_s, connect=_CONNECT_S),
        follow_redirects=False,
    )
    client = library.AsyncOpenAI(
        api_key=server.sendable_key(), base_url=server.base_url, max_retries=0, http_client=network
    )
    if not server.takes_openai_variables:
        # OPENAI_ORG_ID, OPENAI_PROJECT_ID and OPENAI_CUSTOM_HEADERS are for another server, and may be secret.
        client.organization = client.project = None
        client._custom_headers = {}
    _check_headers(client)
    return client


def _check_headers(client: Any) -> None:
    """Raise `SettingsError` for a header that the SDK takes from the environment and that cannot be sent."""
    for name, value in client.default_headers.items():
        if isinstance(value, str) and not _HEADER.fullmatch(value):
            theirs = {one: held for one, held in os.environ.items() if one.startswith("OPENAI_") and held}
            variable = next((one for one, held in theirs.items() if held in value), name)
            raise SettingsError(
                f"{variable} holds a line break or a character that no HTTP header can carry",
                code="bad_key",
                hint=f"put {variable} right or unset it",
            )


def meaning_of(error: Exception, spec: str, server: Server) -> ClashError:
    """What an error of the SDK means: may the call be made again, was it perhaps made, whose fault is it?

    `spec`: the model that was asked, as `openai:gpt-5-mini`.
    """
    library = module("openai")
    # The SDK lets errors that it does not know pass; older ones wrap them.
    exchange = error if isinstance(error, ExchangeError) else error.__cause__
    if isinstance(exchange, ExchangeError):
        meaning = meaning_of_exchange(exchange, spec, server.base_url_variable)
        return meaning.with_(hint=server.how_to_reach()) if meaning.code == "unreachable" else meaning
    if isinstance(error, library.APIStatusError):
        return _refused(error, spec, server)
    if isinstance(error, library.APIConnectionError):
        cause = error.__cause__
        reason = safe_exception(cause or error)
        return AmbiguousError(f"the connection to {spec} broke before the answer: {reason}"[:500])
    # An answer came, so the work is done and billed, but it could not be read.
    return AmbiguousError(f"{spec} answered, but not in its own format: {type(error).__name__}"[:500])


def writable(text: str) -> str:
    """A text as any file and database takes it: without halves of surrogate pairs."""
    return text.encode("utf-8", "replace").decode("utf-8")


def count_of(tokens: object) -> int:
    """A number of tokens that a server says; 0 for what cannot be one (a word, a NaN, a negative, too many)."""
    if isinstance(tokens, bool) or not isinstance(tokens, int | float):
        return 0
    return int(tokens) if 0 <= tokens <= _MOST_TOKENS else 0


def _refused(error: Any, spec: str, server: Server) -> ClashError:
    provider, status, body = spec.partition(":")[0], int(error.status_code), cast("object", error.body)
    said = str(error.message)
    if " - " not in said:
        # The SDK shows only what stands where OpenAI puts it.
        said = f"{said} - {error.response.text}"
    words = redacted_text(writable(said))[:600]
    facts = cast("dict[str, Any]", body) if isinstance(body, dict) else {}
    said = " ".join(str(part) for part in (facts.get("code"), facts.get("type"), words) if part)
    if lacks_credit(status, said):
        return ProviderError(
            f"{provider}: the account has no credit: {words}",
            code="no_credit",
            status_code=status,
            remedy=Remedy(Action.RESUME, "add credit with the vendor, then resume"),
        )
    if refuses_content(status, said):
        return refused_content(spec, words)
    if status in _FORBIDDEN:
        return SettingsError(
            f"{provider} refused the key (HTTP {status}): {words}",
            code="refused_key",
            hint=f"check {server.key_variable}",
        )
    if status in _AGAIN or status >= 500:
        return ProviderError(
            f"{spec} answered HTTP {status}: {words}",
            code="rate_limited" if status == 429 else "unavailable",
            retryable=True,
            retry_after_s=retry_after_s(error.response.headers),
            status_code=status,
        )
    missing = server.how_to_get(spec.partition(":")[2]) if status == _NOT_THERE else None
    message = f"{spec} answered HTTP {status}: {words}"
    return ProviderError(message, code="bad_request", status_code=status, hint=missing)


def refused_content(spec: str, words: str) -> ProviderError:
    """The vendor will not make this; to ask again would not help."""
    return ProviderError(
        f"{spec} refused the content: {words}",
        code="content_refused",
        status_code=400,
        hint="change what the story says there, or choose another model",
    )
