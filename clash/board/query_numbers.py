"""Numbers in the query of a request: a page that a person opens, and the API, which says what is wrong with one."""

from __future__ import annotations

from starlette.requests import Request

from clash.errors import UsageError

MOST = 9_999_999


def number_of(request: Request, name: str, default: int = 1) -> int:
    """Return a number of the query; the default for what is none."""
    text = request.query_params.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 7 else default


def checked_number(request: Request, name: str, default: int = 1, most: int = MOST) -> int:
    """Return a number of the query, the default where it is not given. Raises `UsageError` naming it."""
    text = request.query_params.get(name, "")
    if not text:
        return default
    number = int(text) if text.isascii() and text.isdecimal() and len(text) <= 7 else 0
    if not 1 <= number <= most:
        raise UsageError(f"{name}={text[:40]!r} is not a number from 1 to {most}", hint=f"for example {name}={default}")
    return number
