"""Answers of the board: documents as JSON, pages as HTML, errors as both."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from starlette.responses import HTMLResponse, Response

from clash.documents import SCHEMA
from clash.errors import ClashError
from clash.redaction import hide_in

_STATUS = {2: 400, 3: 404, 4: 500, 5: 409, 6: 409, 7: 409, 8: 409}
"""HTTP statuses by the exit codes of the command line."""
_BUSY = 503
CONTENT_SECURITY_POLICY = "; ".join(
    [
        "default-src 'none'",
        *(f"{kind}-src 'self'" for kind in ("script", "style", "img", "media", "font", "connect", "manifest")),
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    ]
)


def json_answer(document: Mapping[str, Any], status: int = 200) -> Response:
    """Return a document as JSON, without secrets."""
    text = json.dumps(hide_in(dict(document)), ensure_ascii=True, separators=(",", ":"))
    return Response(text, status, media_type="application/json")


def html_answer(page: str, status: int = 200) -> Response:
    """Return a page, without secrets. Halves of surrogate pairs become question marks."""
    return HTMLResponse(hide_in({"page": page})["page"].encode("utf-8", "replace"), status)


def error_document(error: ClashError) -> dict[str, Any]:
    """Return the document of an error, as the command line prints it."""
    facts: dict[str, Any] = {"code": error.code, "message": error.message, "hint": error.hint}
    return {"schema": SCHEMA, "error": facts}


def status_of(error: ClashError) -> int:
    """Return the HTTP status of an error."""
    if error.code in ("busy", "database_unreachable", "database_locked"):
        return _BUSY
    return _STATUS.get(error.exit_code, 500)


class RefusedError(ClashError):
    """A request that the board does not carry out; `status` is that of HTTP."""

    code = "refused"

    def __init__(self, status: int, message: str, *, hint: str | None = None, code: str | None = None) -> None:
        super().__init__(message, hint=hint, code=code)
        self.status = status


def refused_answer(error: ClashError) -> Response:
    """Return an error as JSON."""
    status = error.status if isinstance(error, RefusedError) else status_of(error)
    return json_answer(error_document(error), status)
