"""Every error that clash raises on purpose, each with its exit code and a hint.

    ClashError                      1   the run failed; `clash resume` goes on
    ├── UsageError                  2   wrong use of a command
    │   └── StoryError              2   a story that cannot be read; names row and column
    ├── NotFoundError               3   no such run, checkpoint, file or database
    │   └── DatabaseMissingError    3   no file where the database should be
    ├── SettingsError               4   credentials or settings missing or refused
    ├── ConflictError               5   another process holds the run, or other story or settings
    ├── BudgetExceededError         6   paused before the budget would have been passed
    │   └── QuotaReachedError       6   paused before the project's monthly quota would have been passed
    ├── VersionMismatchError        7   schema or graph version does not match
    ├── PersonNeededError           8   waiting for a person: an unknown call, a review
    ├── DatabaseError               1   the database refused, is full, or is not ours
    ├── StorageError                1   the disk refused or is full
    ├── ProviderError               1   a provider failed or refused one call
    │   └── AmbiguousError          1   a call that may have been made: the answer was lost
    ├── FilmError                   1   a clip or a film that is not what it should be
    └── StoppedError              130   stopped by a signal before the call was made

Lower rooms raise; only `clash.cli` prints. `code` is a stable word for scripts, `remedy` says what a person can do
about it, `hint` the same in words. An error is never changed after it was raised: `with_` returns a changed copy.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple, Self

from clash.redaction import safe_message

DO = "{do}"
"""Stands in the words of a remedy for what is to be typed."""


class Action(StrEnum):
    """What a person can do about an error of a run; the value is the flags of `clash resume` that do it."""

    RAISE_BUDGET = "--budget USD"
    RETRY_UNKNOWN = "--retry-unknown"
    RETRY_FAILED_PAID = "--retry-failed-paid"
    REMAKE_LOST = "--remake-lost"
    ALLOW_UNPRICED = "--allow-unpriced"
    RESUME = ""


class Remedy(NamedTuple):
    """What a person can do about an error: an action, and the words of the hint around it.

    `words` may hold `DO`, which stands for what is to be typed: the whole command where the run is known, else the
    flags alone.
    """

    action: Action
    words: str = DO

    def hint(self, resume: str | None = None) -> str:
        """Return the hint. `resume`: the command that goes on with the run, with this action's flags, if known."""
        if self.action != Action.RESUME:
            return self.words.replace(DO, f"`{resume}`" if resume else self.action, 1)
        if resume is None or self.words == DO:
            return self.words.replace(DO, resume or "resume to go on", 1)
        return f"{self.words} (`{resume}`)"


class ClashError(Exception):
    """Base of all errors raised on purpose. Its message never holds a secret that this process knows."""

    code: str = "failed"
    exit_code: int = 1
    retryable: bool = False
    waiting_for: str | None = None
    """What a run that pauses for this error waits for: `budget`, `quota`, `unknown_call`, `failed_paid` ..."""

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        remedy: Remedy | None = None,
        code: str | None = None,
        retryable: bool | None = None,
        slots: Sequence[str] = (),
        waiting_for: str | None = None,
        exit_code: int | None = None,
    ) -> None:
        message = safe_message(message)
        super().__init__(message)
        if waiting_for is not None:
            self.waiting_for = waiting_for
        self.message = message
        self.remedy = remedy
        self.hint = remedy.hint() if remedy is not None else hint
        self.slots = tuple(slots)
        if code is not None:
            self.code = code
        if retryable is not None:
            self.retryable = retryable
        if exit_code is not None:
            self.exit_code = exit_code

    def with_(self, **facts: Any) -> Self:
        """Return a copy of this error with other facts: `slots`, `cost_usd`, `remedy` ... This one stays as it is."""
        copy = self.__class__.__new__(self.__class__, *self.args)
        copy.__dict__.update(self.__dict__ | facts)
        if "remedy" in facts:
            copy.hint = copy.remedy.hint() if copy.remedy is not None else None
        copy.__cause__, copy.__suppress_context__ = self.__cause__, self.__suppress_context__
        return copy.with_traceback(self.__traceback__)


class UsageError(ClashError):
    """A command or function was called with values it cannot take."""

    code = "usage"
    exit_code = 2


class StoryError(UsageError):
    """A story that cannot be read.

    `row` counts the table's lines from 1, the header being row 1; `column` is the header as written.
    """

    code = "story"

    def __init__(
        self, message: str, *, row: int | None = None, column: str | None = None, hint: str | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.row = row
        self.column = column


class NotFoundError(ClashError):
    """No such run, checkpoint, file or database."""

    code = "not_found"
    exit_code = 3


class DatabaseMissingError(NotFoundError):
    """There is no file where the database should be."""


class SettingsError(ClashError):
    """Credentials or settings are missing or refused."""

    code = "settings"
    exit_code = 4


class ConflictError(ClashError):
    """Another process holds the run, or the run exists with another story or other settings."""

    code = "conflict"
    exit_code = 5


class BudgetExceededError(ClashError):
    """The next call would pass the budget; nothing was called."""

    code = "budget"
    exit_code = 6
    waiting_for = "budget"


class QuotaReachedError(BudgetExceededError):
    """The next call would pass what its project may spend in this month; nothing was called."""

    code = "quota_reached"
    waiting_for = "quota"


class VersionMismatchError(ClashError):
    """The database's schema or the run's graph is not the one this version of clash knows."""

    code = "version"
    exit_code = 7


class PersonNeededError(ClashError):
    """Only a person can decide how to go on."""

    code = "person_needed"
    exit_code = 8


class DatabaseError(ClashError):
    """The database refused a statement, is full, is read-only, or is not a clash database."""

    code = "database"


class StorageError(ClashError):
    """A file could not be written or read back: disk full, permission, damage."""

    code = "storage"
    retryable = True


class ProviderError(ClashError):
    """A provider failed or refused one call.

    `retry_after_s`: how long the provider asks to be left alone. `cost_usd`: what it billed all the same.
    `status_code`: of the HTTP answer.
    """

    code = "provider"

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        remedy: Remedy | None = None,
        code: str | None = None,
        retryable: bool | None = None,
        slots: Sequence[str] = (),
        retry_after_s: float | None = None,
        cost_usd: Decimal | None = None,
        status_code: int | None = None,
    ) -> None:
        super().__init__(message, hint=hint, remedy=remedy, code=code, retryable=retryable, slots=slots)
        self.retry_after_s = retry_after_s
        self.cost_usd = cost_usd
        self.status_code = status_code


class AmbiguousError(ProviderError):
    """A call that may have been made and paid: the connection broke, or timed out, after it was sent."""

    code = "ambiguous"
    retryable = True


class FilmError(ClashError):
    """A clip or film that is not what it should be: wrong streams, length, black or frozen picture."""

    code = "film"


class StoppedError(ClashError):
    """The process was told to stop, so this call was never made."""

    code = "stopped"
    exit_code = 130
    retryable = True
