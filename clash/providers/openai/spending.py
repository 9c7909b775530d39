"""Keep one call within the run's budget: what its answers have cost, and what the next one may cost."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal

from clash.errors import ProviderError
from clash.providers.prices import Tokens


class Spending:
    """What the answers of one call have used, against what the call may cost.

    How long an answer becomes is known only once it is paid. Until an answer is longer than was expected, or is cut
    off before it is of use, the next is taken to be as long as expected; after that, at least as long as the longest.
    """

    def __init__(self, spec: str, most_usd: Decimal | None, cost_of: Callable[[Tokens], Decimal | None]) -> None:
        self._spec = spec
        self._most_usd = most_usd
        self._cost_of = cost_of
        self._used = Tokens(0, 0)
        self._last = self._longest = self._answers = 0

    def check(self, read: int, expected: int) -> None:
        """Raise `ProviderError` if one more answer would pass what this call may cost.

        `read`: about how many tokens are sent; `expected`: how many should come back. The first answer is what the
        ledger has reserved money for.
        """
        if self._most_usd is None or not self._answers:
            return
        spent = self._cost_of(self._used) or Decimal(0)
        with_next = self._cost_of(self._used + Tokens(read, max(expected, self._longest))) or Decimal(0)
        if with_next > self._most_usd:
            answers = "1 answer" if self._answers == 1 else f"{self._answers} answers"
            raise ProviderError(
                f"{self._spec} needs another answer for the screenplay, and the budget does not allow it:"
                f" ${spent:.4f} is spent on {answers}, one more would cost about ${with_next - spent:.4f},"
                f" and the budget has ${self._most_usd:.4f} for this call",
                code="answers_over_budget",
                retryable=False,
                hint="raise the budget with --budget, or begin a new run with another --screenplay-model or a shorter"
                " story",
            )

    def count(self, read: int, written: int, expected: int) -> None:
        """Count an answer."""
        self._answers += 1
        self._used += Tokens(read, written)
        self._last = written
        if written > expected:
            self._longest = max(self._longest, written)

    def useless(self) -> None:
        """Say that the newest answer was cut off before it was of use: fewer rows need not make the next shorter."""
        self._longest = max(self._longest, self._last)


def tokens_in(text: str) -> int:
    """About how many tokens a text is: four letters of Latin script to one, one character of Chinese."""
    wide = sum(1 for letter in text if ord(letter) > 0x2E7F)
    return wide + math.ceil((len(text) - wide) / 3.5)
