"""What an HTTP request that brought no answer means for the ledger: was it made, and may it be made again?"""

from __future__ import annotations

from clash.errors import AmbiguousError, ClashError, ProviderError, SettingsError
from clash.http import ExchangeError, NotSentError, RedirectedError
from clash.redaction import redacted_text


def meaning_of_exchange(error: ExchangeError, who: str, setting: str) -> ClashError:
    """Return the error to raise. `who` was asked (`fal`, `openai:gpt-5-mini`); `setting` names its address."""
    words = redacted_text(error.message)[:400]
    if isinstance(error, NotSentError):
        return ProviderError(f"{who} cannot be reached: {words}", code="unreachable", retryable=True)
    if isinstance(error, RedirectedError):
        return SettingsError(
            f"{who} did not answer: {words}",
            code="redirected",
            hint=f"check {setting}: nothing is sent to an address that it does not name",
        )
    if error.repeatable:
        return ProviderError(f"the answer of {who} was lost: {words}", code="unavailable", retryable=True)
    return AmbiguousError(f"the request was sent to {who}, and its answer was lost: {words}")
