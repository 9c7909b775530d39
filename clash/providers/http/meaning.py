"""What a vendor's answer means for the ledger: is it an error, was the call made, and may it be made again?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

from clash.errors import Action, AmbiguousError, ClashError, ProviderError, Remedy, SettingsError
from clash.http import retry_after_s
from clash.providers.http.template import text_at
from clash.providers.http.vendor import Errors
from clash.providers.refusals import PAYMENT_REQUIRED, lacks_credit, refuses_content
from clash.redaction import redacted_text

Purpose = Literal["buy", "look"]
"""`buy`: the request may cost money. `look`: it asks about a job, and costs nothing."""
_TOO_MANY = 429
_UNAUTHORIZED = frozenset({401, 403})
_NOT_FOUND = frozenset({404, 410})
_PASSING = frozenset({408, 409, 423, 425})
_CONTENT_HINT = "change what the story says there, or choose another model"


@dataclass(frozen=True)
class Said:
    """An error as a vendor puts it. `status` is HTTP's; `of_vendor`: it came in the vendor's own form."""

    status: int
    code: str
    words: str
    of_vendor: bool = True
    retry_after_s: float | None = None


def error_in(errors: Errors, status: int, body: object, headers: Mapping[str, str], text: str) -> Said | None:
    """Return the error that an answer is; None for an answer that is none. `text`: the answer as it came."""
    code = text_at(body, errors.code)
    if status < 400 and (not errors.ok or not code or matches(code, errors.ok)):
        return None
    words = text_at(body, errors.message) or text[:300]
    return Said(status, code, writable(words), isinstance(body, dict), retry_after_s(headers))


def meaning_of(said: Said, errors: Errors, about: str, key_variable: str, purpose: Purpose) -> ClashError:
    """Return the error to raise. `about` is what was asked: `ark:doubao-seedance-1-0-pro`."""
    told = f"{about}: {said.words}" + (f" ({said.code})" if said.code else f" (HTTP {said.status})")
    status, words = said.status, f"{said.code} {said.words}"
    if matches(said.code, errors.no_credit) or lacks_credit(status, words):
        return _no_credit(told)
    if status == _TOO_MANY or matches(said.code, errors.rate_limited):
        return ProviderError(
            told, code="rate_limited", retryable=True, retry_after_s=said.retry_after_s, status_code=_TOO_MANY
        )
    if matches(said.code, errors.refused_content) or refuses_content(status, words):
        return content_refused(told, status if status >= 400 else 422)
    if status in _UNAUTHORIZED or matches(said.code, errors.refused_key):
        hint = f"check {key_variable}" if key_variable else "the vendor wants a key, and its file names none"
        return SettingsError(f"the key was refused: {told}", code="refused_key", hint=hint)
    if matches(said.code, errors.unsure):
        return AmbiguousError(told) if purpose == "buy" else ProviderError(told, code="unavailable", retryable=True)
    if matches(said.code, errors.retry):
        return ProviderError(told, code="unavailable", retryable=True, retry_after_s=said.retry_after_s)
    if purpose == "look":
        return _of_a_job(said, errors, told)
    if status in _PASSING or status >= 500:
        return ProviderError(
            told, code="unavailable", retryable=True, retry_after_s=said.retry_after_s, status_code=status
        )
    return ProviderError(told, code="bad_request", status_code=status if status >= 400 else None)


def _of_a_job(said: Said, errors: Errors, told: str) -> ProviderError:
    """What an error says of a job that was asked about. Only the vendor itself can say that there is none."""
    if said.of_vendor and (said.status in _NOT_FOUND or matches(said.code, errors.missing)):
        return ProviderError(f"the vendor no longer knows the job: {told}", code="expired", status_code=404)
    if said.of_vendor and 400 <= said.status < 500 and said.status not in _PASSING:
        return ProviderError(told, code="bad_request", status_code=said.status)
    return ProviderError(
        told,
        code="unavailable",
        retryable=True,
        retry_after_s=said.retry_after_s,
        status_code=said.status if said.status >= 400 else None,
    )


def content_refused(told: str, status: int | None = None) -> ProviderError:
    """Return the error of a call whose content the vendor refuses: it is not tried again."""
    return ProviderError(
        f"the vendor refused the content: {told}", code="content_refused", status_code=status, hint=_CONTENT_HINT
    )


def _no_credit(told: str) -> ProviderError:
    return ProviderError(
        f"the account has no credit: {told}",
        code="no_credit",
        status_code=PAYMENT_REQUIRED,
        remedy=Remedy(Action.RESUME, "add credit to the vendor's account, then resume"),
    )


def matches(code: str, codes: Sequence[str]) -> bool:
    """Return whether a vendor's code is one of these; `*` in one stands for any letters."""
    return bool(code) and any(fnmatchcase(code, one) for one in codes)


def writable(text: str) -> str:
    """Return a vendor's words without secrets, as any terminal and database takes them."""
    return redacted_text(text.encode("utf-8", "replace").decode("utf-8"))[:600]
