"""What an answer of Cloudflare's REST API for D1 means: a result, a refusal, or a reason to try again.

    the meaning of the error comes first, whatever the HTTP status:
    "reset because its code was updated", "overloaded", ...     passing                   -> TryAgain
    "syntax error", "constraint failed", ...: SQLITE_...        refused                   -> Refused
    a code that says the token is wrong                                                   -> SettingsError
    else the status says it:
    200, JSON, success     the result
    400, 413, ...          refused: nothing was applied, and the same again would be refused again
    401, 403               the token or the account is wrong                              -> SettingsError
    404                    no such database                                               -> NotFoundError
    429                    not executed; again when Retry-After says                      -> TryAgain
    5xx, 200 without JSON  may or may not have been applied                               -> TryAgain
    200 with other JSON    not D1's answer; tried again a few times only                  -> TryAgain(odd=True)

Errors of D1: https://developers.cloudflare.com/d1/observability/debug-d1/#error-list
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, cast

from clash.database.group_commit import Refused
from clash.errors import Action, ClashError, DatabaseError, NotFoundError, Remedy, SettingsError
from clash.redaction import redacted_text

_TEXT_LIMIT = 500
_BAD_CREDENTIALS = {6003, 6111, 9106, 9109, 10000}
"""Codes of Cloudflare's for a token that is malformed, unknown or without the right; some come with HTTP 400."""
_NO_SUCH_DATABASE = 7404
_PASSING_STATUSES = {408, 425, 499}

_DOCUMENTED = re.compile(
    r"""reset\ because\ its\ code
      | (?:caused|causing)\ (?:the\ )?object\ to\ be\ reset
      | Network\ connection\ lost
      | Cannot\ resolve\ D1\ DB | transient\ issue
      | client\ disconnected
      | storage\ operation\ exceeded\ timeout
      | (?:DB|object|database|isolate)(?:'s\ isolate)?\ (?:is|was)\ overloaded | requests?\ queued
      | exceeded\ its\ (?:memory|CPU(?:\ time)?)\ limit | isolate\ exceeded
      | (?:limit|timeout|error)\ and\ was\ reset
      | Internal\ error\ (?:in|while)\b""",
    re.IGNORECASE | re.VERBOSE,
)
"""What D1 says when the same request may succeed a little later."""
_ALSO_PASSING = re.compile(
    r"internal (?:server )?error|overloaded|timed? ?out|connection (?:was )?(?:lost|reset|closed)|temporar(?:y|ily)"
    r"|unavailable|try again|SQLITE_(?:BUSY|LOCKED|INTERRUPT|NOMEM|IOERR|PROTOCOL)",
    re.IGNORECASE,
)
"""The same in other words; only believed in an error of the API, for any page of a proxy may say such things."""
_LASTING = re.compile(
    r"SQLITE_(?!BUSY|LOCKED|INTERRUPT|NOMEM|IOERR|PROTOCOL)[A-Z]|syntax error|no such (?:table|column|function|index)"
    r"|constraint failed|D1_(?:EXEC|TYPE)_ERROR|D1_COLUMN_NOTFOUND|datatype mismatch|too big",
    re.IGNORECASE,
)
"""What SQLite says of a statement that will not be right the next time either."""


class TryAgain(Exception):
    """No answer, or one that says nothing. `error` is what to raise if no other try brings one.

    `wait_s`: how long the other side asked us to wait; `looked_at`: whether the request may have been applied; `odd`:
    the answer is not one of D1's, so that waiting long will hardly help.
    """

    def __init__(
        self, error: ClashError, *, wait_s: float | None = None, looked_at: bool = True, odd: bool = False
    ) -> None:
        super().__init__(error.message)
        self.error = error
        self.wait_s = wait_s
        self.looked_at = looked_at
        self.odd = odd


@dataclass(frozen=True)
class RawAnswer:
    """An answer as it came: its status, its Retry-After header, its body."""

    status: int
    retry_after: str
    content: bytes


@dataclass(frozen=True)
class _Body:
    """What the body of an answer says. `too_deep`: it is JSON that no program should read."""

    value: object
    text: str
    too_deep: bool

    @property
    def fields(self) -> Mapping[str, Any] | None:
        value: object = self.value
        return cast("Mapping[str, Any]", value) if isinstance(value, dict) else None

    @property
    def errors(self) -> list[Mapping[str, Any]]:
        listed: object = (self.fields or {}).get("errors")
        if not isinstance(listed, list):
            return []
        return [cast("Mapping[str, Any]", error) for error in cast("list[object]", listed) if isinstance(error, dict)]

    @property
    def codes(self) -> set[int]:
        return {code for error in self.errors if isinstance(code := error.get("code"), int)}

    @property
    def messages(self) -> str:
        return "; ".join(str(error["message"]) for error in self.errors if error.get("message"))


class Reader:
    """Reads answers of one account. `token`: what no message may contain. `base_url`: whom it asked."""

    def __init__(self, token: str, base_url: str) -> None:
        self._token = token
        self._base_url = base_url

    def result(self, answer: RawAnswer) -> Any:
        """Return the `result` of an answer. Raises what the top of this file says."""
        body = _body_of(answer.content)
        fields = body.fields
        if answer.status == 200 and fields is not None and fields.get("success") is True:
            return fields.get("result")
        said = self.clean(body.messages or body.text) or "no text"
        self._raise_meaning(answer, body, said)
        self._raise_status(answer, body, said)
        raise Refused(DatabaseError(f"Cloudflare D1 refused (HTTP {answer.status}): {said}", code=_code_of(said)))

    def _raise_meaning(self, answer: RawAnswer, body: _Body, said: str) -> None:
        status = answer.status
        if body.codes & _BAD_CREDENTIALS:
            raise self._credentials(status, said)
        if _NO_SUCH_DATABASE in body.codes:
            raise _no_such_database(status, said)
        if body.messages and _LASTING.search(body.messages):
            raise Refused(DatabaseError(f"Cloudflare D1 refused (HTTP {status}): {said}", code=_code_of(said)))
        words = body.messages or body.text
        # A rate limit is told apart: such a request was not executed.
        if _DOCUMENTED.search(words) or (status != 429 and body.messages and _ALSO_PASSING.search(body.messages)):
            raise self._passing(answer, said)

    def _raise_status(self, answer: RawAnswer, body: _Body, said: str) -> None:
        status = answer.status
        if status == 429:
            raise _told_to_wait(answer)
        if status in (401, 403):
            raise self._credentials(status, said)
        if status == 404:
            raise _no_such_database(status, said)
        if 300 <= status < 400:
            raise SettingsError(
                f"{self._base_url} answers with a redirection (HTTP {status})", hint="check CLOUDFLARE_API_BASE_URL"
            )
        if status >= 500 or status in _PASSING_STATUSES:
            raise self._passing(answer, said)
        if status < 300 and (body.too_deep or body.value is not None) and not body.errors:
            raise self.odd("JSON in which it is nested too deep" if body.too_deep else "JSON of another shape")
        if status < 300 and not body.errors:
            raise self._passing(answer, said)

    def odd(self, what: str) -> TryAgain:
        """Return the error for an answer that is none of D1's. `what`: it is."""
        error = DatabaseError(
            f"Cloudflare D1 did not answer as D1 does: {what}",
            code="database_unreachable",
            retryable=True,
            hint=f"check that CLOUDFLARE_API_BASE_URL ({self._base_url}) leads to Cloudflare's API",
        )
        return TryAgain(error, odd=True)

    def unreachable(self, why: str) -> DatabaseError:
        """Return the error for a request that no try brought an answer to."""
        return DatabaseError(
            f"Cloudflare D1 gave no answer: {self.clean(why)}",
            code="database_unreachable",
            retryable=True,
            remedy=Remedy(
                Action.RESUME, "nothing that was made is lost: look at https://www.cloudflarestatus.com and resume"
            ),
        )

    def clean(self, text: str) -> str:
        """Return a text of the other side's on one line, shortened, without the token."""
        plain = "".join(character if character.isprintable() else " " for character in text)
        return redacted_text(" ".join(plain.split()).replace(self._token, "[token]"))[:_TEXT_LIMIT]

    def _passing(self, answer: RawAnswer, said: str) -> TryAgain:
        return TryAgain(self.unreachable(f"HTTP {answer.status}: {said}"), wait_s=_retry_after_s(answer.retry_after))

    def _credentials(self, status: int, said: str) -> SettingsError:
        return SettingsError(
            f"Cloudflare refused the credentials (HTTP {status}): {said}",
            code="credentials",
            hint="check CLOUDFLARE_API_TOKEN (it needs the permission D1: Edit) and CLOUDFLARE_ACCOUNT_ID",
        )


def _no_such_database(status: int, said: str) -> NotFoundError:
    return NotFoundError(
        f"Cloudflare has no such D1 database (HTTP {status}): {said}",
        code="database_not_found",
        hint="check DATABASE_URL and CLOUDFLARE_ACCOUNT_ID; `wrangler d1 list` lists the databases",
    )


def _told_to_wait(answer: RawAnswer) -> TryAgain:
    error = DatabaseError(
        "Cloudflare turned the request away: more than 1,200 in 5 minutes (HTTP 429)",
        code="rate_limited",
        retryable=True,
        remedy=Remedy(Action.RESUME, "wait 5 minutes and resume; nothing that was made is lost"),
    )
    return TryAgain(error, wait_s=_retry_after_s(answer.retry_after), looked_at=False)


def _body_of(content: bytes) -> _Body:
    text = content[: 4 * _TEXT_LIMIT].decode("utf-8", "replace")
    try:
        return _Body(json.loads(content), text, too_deep=False)
    except RecursionError:
        return _Body(None, "", too_deep=True)
    except ValueError:
        return _Body(None, text, too_deep=False)


def _code_of(said: str) -> str:
    return "too_large" if "TOOBIG" in said or "too big" in said else "database"


def _retry_after_s(text: str) -> float | None:
    """Seconds to wait, from `Retry-After`: a number of seconds, or a date."""
    text = text.strip()
    if re.fullmatch("[0-9]{1,9}", text):
        return float(text)
    try:
        return max(0.0, (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return None


# -- the results of statements -------------------------------------------------------------------------------------


def are_results(result: object, count: int) -> bool:
    """Whether this is what D1 answers to so many statements: for each its columns and its rows."""
    if not isinstance(result, list):
        return False
    results = cast("list[object]", result)
    return len(results) == count and all(map(_is_result, results))


def _is_result(result: object) -> bool:
    found: object = cast("dict[str, object]", result).get("results") if isinstance(result, dict) else None
    if not isinstance(found, dict):
        return False
    columns, rows = (cast("dict[str, object]", found).get(name) for name in ("columns", "rows"))
    if not isinstance(columns, list) or not isinstance(rows, list):
        return False
    width = len(cast("list[object]", columns))
    return all(isinstance(name, str) for name in cast("list[object]", columns)) and all(
        isinstance(row, list) and len(cast("list[object]", row)) == width for row in cast("list[object]", rows)
    )


def are_databases(result: object) -> bool:
    """Whether this is a list of databases, each with its name and its id; None is an empty one."""
    if result is None:
        return True
    if not isinstance(result, list):
        return False
    return all(isinstance(item, dict) for item in cast("list[object]", result))
