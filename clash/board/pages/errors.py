"""What somebody sees whom a page is refused to, or who asks for one that is not there."""

from __future__ import annotations

from clash.board.pages.html import Html, el
from clash.board.pages.layout import page
from clash.board.pages.parts import typed
from clash.board.pages.run import hint_command
from clash.board.pages.view import Document, View
from clash.board.pages.words import Words, words_for

_SAID = {"not_good": "login_not_good", "too_many": "login_too_many"}
_TITLES = {404: "error_not_found", 403: "error_forbidden", 401: "error_forbidden", 503: "error_unavailable"}


def error_page(view: View, status: int, error: Document) -> Html:
    """Return an error. `error`: `code`, `message` and `hint` as in every error document."""
    words, hint = words_for(view.accept_language), str(error.get("hint") or "")
    said = words.explained(error["code"])
    title, line = words(_TITLES.get(status, "error_failed")), hint_command(hint)
    return page(
        view,
        title,
        el(
            "div",
            el("p", status, class_="code figure"),
            el("h1", title),
            el("p", said) if said else None,
            el("p", error["message"], dir="auto", lang="en" if said else None),
            el("p", hint, class_="quiet", dir="auto") if hint and hint != line else None,
            el("p", typed(words, line)) if line else None,
            el("p", el("a", words("back_to_runs"), href="/", class_="button")),
            class_="empty",
        ),
    )


def login_page(
    view: View, *, is_refused: bool = False, has_accounts: bool = False, said: str = "", next_page: str = ""
) -> Html:
    """Return what somebody sees who has no session: which link to open, or where to put the token of an account.

    `is_refused`: their link is not good. `said`: why a login failed, `not_good` or `too_many`. `next_page`: where to.
    """
    words = words_for(view.accept_language)
    if has_accounts:
        return page(view, words("login"), _login_form(words, said, next_page or view.path))
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


def _login_form(words: Words, said: str, next_page: str) -> Html:
    """The form for a token. It needs no script."""
    field = el(
        "input",
        type="password",
        name="token",
        id="token",
        required=True,
        autofocus=True,
        autocomplete="current-password",
        maxlength="200",
        spellcheck="false",
        aria_describedby="login-said" if said else None,
        aria_invalid="true" if said else None,
    )
    return el(
        "form",
        el("h1", words("login")),
        el("p", words(_SAID[said]), id="login-said", role="alert", class_="login-said") if said else None,
        el("p", words("login_token_say")),
        el("label", words("login_token"), field),
        el("input", type="hidden", name="next", value=next_page),
        el("button", words("login"), type="submit", class_="primary"),
        class_="empty login",
        method="post",
        action="/login",
    )
