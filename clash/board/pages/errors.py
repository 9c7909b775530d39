"""What somebody sees whom a page is refused to, or who asks for one that is not there."""

from __future__ import annotations

from clash.board.pages.html import Html, el
from clash.board.pages.layout import page
from clash.board.pages.parts import typed
from clash.board.pages.run import hint_command
from clash.board.pages.view import Document, View
from clash.board.pages.words import words_for

_TITLES = {404: "error_not_found", 403: "error_forbidden", 401: "error_forbidden", 503: "error_unavailable"}


def error_page(view: View, status: int, error: Document) -> Html:
    """Return an error. `error`: `code`, `message` and `hint` as in every error document."""
    words, hint = words_for(view.accept_language), str(error.get("hint") or "")
    title, line = words(_TITLES.get(status, "error_failed")), hint_command(hint)
    return page(
        view,
        title,
        el(
            "div",
            el("p", status, class_="code figure"),
            el("h1", title),
            el("p", error["message"], dir="auto"),
            el("p", hint, class_="quiet", dir="auto") if hint and hint != line else None,
            el("p", typed(words, line)) if line else None,
            el("p", el("a", words("back_to_runs"), href="/", class_="button")),
            class_="empty",
        ),
    )


def login_page(view: View, *, is_refused: bool = False) -> Html:
    """Return what somebody sees who has no session: which link to open. `is_refused`: theirs is not good."""
    words = words_for(view.accept_language)
    return page(
        view,
        words("login_needed"),
        el(
            "div",
            el("h1", words("login_needed")),
            el("p", words("login_refused")) if is_refused else None,
            el("p", words("login_say")),
            el("p", typed(words, "clash board --open")),
            class_="empty",
        ),
    )
