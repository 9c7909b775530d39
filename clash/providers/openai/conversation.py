"""How the `openai` SDK is called, and what its errors mean to the ledger."""

from __future__ import annotations

from typing import Any, cast
from urllib.parse import urlsplit

from clash.config import Settings
from clash.errors import AmbiguousError, ClashError, ProviderError, SettingsError
from clash.providers.credentials import vendor_key
from clash.providers.extras import module
from clash.providers.transport import redacted_text, retry_after_s

_ANSWER_S, _CONNECT_S = 600.0, 15.0
_OPENAI_HOST = "api.openai.com"
_REFUSALS = ("content_policy", "moderation", "safety", "content_filter", "responsible")
_NO_CREDIT = ("insufficient_quota", "billing")
_NOT_SENT = ("ConnectError", "ConnectTimeout", "PoolTimeout", "UnsupportedProtocol")
_FORBIDDEN = {401, 403}
_AGAIN = {408, 409, 429}


def make_client(settings: Settings) -> Any:
    """A client that makes each call once: whether to try again is for the ledger to say.

    Raises `SettingsError` where the package or, for OpenAI itself, the key is missing.
    """
    library = module("openai")
    return library.AsyncOpenAI(
        api_key=api_key(settings),
        base_url=settings.openai_base_url,
        max_retries=0,
        timeout=library.Timeout(_ANSWER_S, connect=_CONNECT_S),
    )


def api_key(settings: Settings) -> str:
    """The key; a word in its place for servers of one's own, which want none. Raises `SettingsError`."""
    key = vendor_key("openai", settings)
    if key is None and urlsplit(settings.openai_base_url).hostname == _OPENAI_HOST:
        raise SettingsError(
            "OPENAI_API_KEY is not set", code="missing_key",
            hint="put the key into .env or the environment; or use a local: model, which needs none",
        )  # fmt: skip
    return key or "none"


def meaning_of(error: Exception, model: str) -> ClashError:
    """What an error of the SDK means: may the call be made again, was it perhaps made, whose fault is it?"""
    library = module("openai")
    if isinstance(error, library.APIStatusError):
        return _refused(error, model)
    if isinstance(error, library.APIConnectionError):
        cause = error.__cause__
        reason = f"{type(cause).__name__ if cause else type(error).__name__}: {cause or error}"
        if type(cause).__name__ in _NOT_SENT:
            return ProviderError(
                f"openai:{model} cannot be reached: {reason}"[:500], code="unreachable", retryable=True
            )
        return AmbiguousError(f"the connection to openai:{model} broke before the answer: {reason}"[:500])
    # An answer came, so the work is done and billed, but it could not be read.
    return AmbiguousError(f"openai:{model} answered, but not in its own format: {type(error).__name__}"[:500])


def _refused(error: Any, model: str) -> ClashError:
    status, words = int(error.status_code), redacted_text(str(error.message))[:600]
    body: object = error.body
    facts = cast("dict[str, Any]", body) if isinstance(body, dict) else {}
    code = f"{facts.get('code') or ''} {facts.get('type') or ''}".lower()
    if status in _FORBIDDEN:
        return SettingsError(
            f"openai refused the key (HTTP {status}): {words}", code="refused_key", hint="check OPENAI_API_KEY"
        )
    if any(word in code for word in _NO_CREDIT):
        return ProviderError(
            f"openai: the account has no credit: {words}", code="no_credit", status_code=status,
            hint="add credit with the vendor, then resume",
        )  # fmt: skip
    if status in _AGAIN or status >= 500:
        return ProviderError(
            f"openai:{model} answered HTTP {status}: {words}", code="rate_limited" if status == 429 else "unavailable",
            retryable=True, retry_after_s=retry_after_s(error.response.headers), status_code=status,
        )  # fmt: skip
    if any(word in code for word in _REFUSALS):
        return refused_content(model, words)
    return ProviderError(f"openai:{model} answered HTTP {status}: {words}", code="bad_request", status_code=status)


def refused_content(model: str, words: str) -> ProviderError:
    """The vendor will not make this; to ask again would not help."""
    return ProviderError(
        f"openai:{model} refused the content: {words}", code="content_refused", status_code=400,
        hint="change what the story says there, or choose another model",
    )  # fmt: skip
