"""What a provider quotes and answers, checked: a provider is foreign code and may break its promises."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from clash.calls.content_key import kind_of
from clash.calls.jobs import JobFailedError, await_job, is_lost
from clash.calls.receipts import answer_without_secrets
from clash.calls.verification import check_answer
from clash.calls.waiting import Waiting
from clash.database.rows import CallRow
from clash.errors import ClashError, ProviderError
from clash.providers.ports import (
    FREE,
    Answer,
    AnyProvider,
    Context,
    Job,
    JobProvider,
    Kind,
    Priced,
    Provider,
    Quote,
    Request,
    Searchable,
)
from clash.providers.registry import Model
from clash.redaction import safe_exception


class BadFileError(ProviderError):
    """What came is no whole file, but can be had again for nothing: of a job, or under the same key."""

    code = "bad_answer"
    retryable = True

    def __init__(self, message: str, row: CallRow, result: object) -> None:
        super().__init__(message)
        self.row = row
        self.result = result


def quote_of(model: Model, request: Request) -> Quote:
    """Return what a call will cost: nothing, where a provider quotes no prices.

    Raises `ProviderError` for what is no price.
    """
    provider = model.provider
    quote = provider.quote(model.name, request) if isinstance(provider, Priced) else FREE
    if not (Decimal(quote.cost_usd).is_finite() and quote.cost_usd >= 0):
        raise ProviderError(f"{model.spec} quotes ${quote.cost_usd}, which is no price", code="bad_quote")
    return quote


def checked_answer(kind: Kind, result: object) -> Answer:
    """Return the answer itself, if it is one. Raise `ProviderError` (code `bad_answer`)."""
    if not isinstance(result, Answer):
        raise ProviderError(f"the provider answered with {type(result).__name__}, not an Answer", code="bad_answer")
    check_answer(kind, result)
    return result


def can_find_out(provider: AnyProvider) -> bool:
    """Return whether a call whose answer was lost can be looked into, or made again, at no cost."""
    return provider.idempotent or isinstance(provider, Searchable)


async def ask_again(
    model: Model,
    row: CallRow,
    request: Request,
    context: Context,
    *,
    same: bool,
    inspect: Callable[[bytes], None],
    check_stop: Callable[[], None],
    waiting: Waiting,
) -> Answer | None:
    """Ask at no cost about a call that was paid for and failed: its job, its key, or the provider's record of it.

    `same`: what is asked for, and where, is still what it was then. Returns None if there is nothing to be had.
    Raises `ClashError` where asking itself failed, which says nothing of the call.
    """
    try:
        result: Any = await _asked_again(
            model, row, request, context, same=same, check_stop=check_stop, waiting=waiting
        )
    except JobFailedError:
        return None
    except ProviderError as error:
        if is_lost(error):
            return None
        raise
    except ClashError:
        raise
    except Exception as error:
        raise ProviderError(f"{row.service}: {safe_exception(error)}"[:2000], retryable=True) from error
    if result is None:
        return None
    try:
        answer = answer_without_secrets(checked_answer(kind_of(request), result))
        inspect(answer.content)
    except ProviderError:
        return None
    return answer


async def _asked_again(
    model: Model,
    row: CallRow,
    request: Request,
    context: Context,
    *,
    same: bool,
    check_stop: Callable[[], None],
    waiting: Waiting,
) -> object:
    provider, about = model.provider, f"{row.slot} ({model.spec}), asked about again"
    if row.job_id and isinstance(provider, JobProvider):
        job = Job(str(row.job_id), row.endpoint)
        return await await_job(provider, model.name, job, waiting=waiting, check_stop=check_stop, about=about)
    if not same:
        return None
    if isinstance(provider, Searchable):
        found = await provider.find(model.name, request, context)
        if isinstance(found, Job) and isinstance(provider, JobProvider):
            return await await_job(provider, model.name, found, waiting=waiting, check_stop=check_stop, about=about)
        return found
    if provider.idempotent and isinstance(provider, Provider):
        calling = provider.call(model.name, request, context)
        return await waiting.answer(calling, about, waiting.limits.of_call(provider))
    return None
