"""The frame of every page: head, navigation, and where the content goes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from urllib.parse import quote

from clash.board.pages.html import NOTHING, Child, Html, el, join
from clash.board.pages.view import View
from clash.board.pages.words import Words, words_for

SCRIPTS = ("live", "decide", "player", "keys", "tree")
"""One file per subject, below `static/`."""


def static_url(name: str) -> str:
    """Return the address of a style or a script."""
    return f"/static/{name}"


def may_write(view: View) -> bool:
    """Whether buttons that decide something are shown."""
    return bool(view.token) and not view.read_only


def media_url(sha256: str) -> str:
    """Return the address of a file of the asset store."""
    return f"/media/{quote(sha256, safe='')}"


def thumbnail_url(sha256: str) -> str:
    """Return the address of a picture, or of the first picture of a clip, 640 pixels wide at most."""
    return f"/thumbnails/{quote(sha256, safe='')}"


def run_url(thread_id: str, page: str = "") -> str:
    """Return the address of a run's page: `review`, `checkpoints`, or the run itself."""
    return f"/runs/{quote(thread_id, safe='')}{'/' + page if page else ''}"


def page(view: View, title: str, *content: Child, active: str = "", topic: str = "", wide: bool = False) -> Html:
    """Return a whole page. `topic`: the thread whose events it follows; all runs' if it is empty."""
    words = words_for(view.accept_language)
    head = el(
        "head",
        el("meta", charset="utf-8"),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("meta", name="color-scheme", content="dark light"),
        el("meta", name="clash-token", content=view.token) if may_write(view) else None,
        el("meta", name="clash-topic", content=topic),
        el("meta", name="clash-event", content=view.last_event_id),
        el("meta", name="clash-words", content=json.dumps(dict(words.script()), ensure_ascii=False)),
        el("title", f"{title} \u00b7 clash" if title else "clash"),
        el("link", rel="icon", href=static_url("icon.svg"), type="image/svg+xml"),
        el("link", rel="stylesheet", href=static_url("board.css")),
        [el("script", src=static_url(f"{name}.js"), defer=True) for name in SCRIPTS],
    )
    body = el(
        "body",
        el("a", words("skip"), href="#content", class_="skip"),
        _header(view, words, active),
        el("main", *content, id="content", class_="wide" if wide else None, tabindex="-1"),
        el("div", id="said", role="status", aria_live="polite"),
        class_="may-write" if may_write(view) else None,
    )
    return join(Html("<!doctype html>\n"), el("html", head, body, lang=words.language))


def _header(view: View, words: Words, active: str) -> Html:
    links = (("runs", "/", words("runs")), ("money", "/money", words("money")))
    nav = [
        el("a", label, href=address, aria_current="page" if key == active else None) for key, address, label in links
    ]
    return el(
        "header",
        el("a", _mark(), el("span", words("product")), href="/", class_="brand", aria_label=words("product")),
        el("nav", *nav, aria_label=words("menu")),
        el(
            "button",
            _elsewhere(),
            el("span", words("invite"), class_="invite-word"),
            type="button",
            class_="quiet needs-js invite",
            data_invite=True,
            title=words("invite_say"),
        )
        if may_write(view) and not view.account
        else None,
        el("span", words("read_only"), class_="tag") if active and not may_write(view) else None,
        _live_sign(words) if active else None,
        _account(view, words) if view.account else None,
        class_="top",
    )


def _account(view: View, words: Words) -> Html:
    """Who is logged in, and the button that ends the session; a session of a proxy ends at the proxy."""
    name = el("span", view.account, class_="account-name", dir="auto")
    if not view.logout:
        return el("span", name, class_="account")
    return el(
        "form",
        name,
        el("input", type="hidden", name="session", value=view.logout),
        el("button", words("logout"), type="submit", class_="quiet"),
        class_="account",
        method="post",
        action="/logout",
    )


def _live_sign(words: Words) -> Html:
    """The sign of whether the board is listened to; a page of an error listens to nothing."""
    return el("span", el("span", class_="dot"), el("span", words("live"), class_="live-word"), class_="live", id="live")


def _mark() -> Html:
    """The sign of the product: a clapperboard."""
    return el(
        "svg",
        el("path", d="M3 9.5 20.4 5l.8 3L3.8 12.4z", class_="mark-arm"),
        el("path", d="M3 12.5h18V20a1.5 1.5 0 0 1-1.5 1.5h-15A1.5 1.5 0 0 1 3 20z", class_="mark-board"),
        viewBox="0 0 24 24",
        width="24",
        height="24",
        aria_hidden="true",
        class_="mark",
    )


def _elsewhere() -> Html:
    """The sign of a link for another browser: an arrow that leaves a box."""
    return el(
        "svg",
        el("path", d="M9.5 2.5h4v4M13.5 2.5 8 8M12.5 9.5v3a1 1 0 0 1-1 1h-8a1 1 0 0 1-1-1v-8a1 1 0 0 1 1-1h3"),
        viewBox="0 0 16 16",
        width="16",
        height="16",
        aria_hidden="true",
        class_="sign",
    )


def tabs(words: Words, thread_id: str, active: str, *, waiting: int = 0) -> Html:
    """The pages of a run; `waiting`: how many files have no verdict yet."""
    count = el("span", f"{waiting:,}", class_="count") if waiting else NOTHING
    entries: Sequence[tuple[str, str, Html]] = (
        ("film", "", NOTHING),
        ("review", "review", count),
        ("checkpoints", "checkpoints", NOTHING),
    )
    links = [
        el(
            "a",
            words(f"tab_{key}"),
            told,
            href=run_url(thread_id, address),
            aria_current="page" if key == active else None,
        )
        for key, address, told in entries
    ]
    return el("nav", *links, class_="tabs", id="tabs", aria_label=words("tabs"))
