"""What several pages show: statuses, bars, commands to type, empty states."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from clash.board.pages.figures import amount, money, share
from clash.board.pages.html import NOTHING, Child, Html, el
from clash.board.pages.layout import run_url
from clash.board.pages.words import Words

_SIGNS = {
    "running": "M5 3.5v9l7.5-4.5z",
    "completed": "M3 8.5 6.5 12 13 4.5",
    "failed": "M4 4l8 8M12 4l-8 8",
    "paused": "M5.5 3.5v9M10.5 3.5v9",
    "cancelled": "M3.5 8h9",
    "interrupted": "M8 3v6M8 12v.6",
}
"""The sign of each status, so that no status is told by colour alone."""
_FILLED = frozenset({"running"})


def badge(words: Words, status: str, told: str | None = None) -> Html:
    """Return a status as a word with a sign. `told`: other words for it."""
    path = _SIGNS.get(status)
    sign = (
        el(
            "svg",
            el("path", d=path, class_="filled" if status in _FILLED else None),
            viewBox="0 0 16 16",
            width="14",
            height="14",
            aria_hidden="true",
        )
        if path
        else NOTHING
    )
    known = status if path else "other"
    return el("span", sign, el("span", told or words.of("status", status)), class_=f"badge is-{known}")


def bar(done: float, total: float, label: str, *, kind: str = "") -> Html:
    """Return a bar of how much is done, named for a screen reader."""
    filled = round(share(done, total) * 100, 2)
    return el(
        "svg",
        el("rect", width="100", height="6", class_="track"),
        el("rect", width=f"{filled:g}", height="6", class_="fill"),
        viewBox="0 0 100 6",
        preserveAspectRatio="none",
        role="img",
        aria_label=label,
        class_=f"bar {kind}".strip(),
    )


def budget_bar(words: Words, spent: str, reserved: str | None, budget: str | None) -> Html:
    """Return what is spent and reserved of a budget as a bar; nothing without a budget."""
    if budget is None:
        return NOTHING
    whole = amount(budget)
    first = share(amount(spent), whole) * 100
    second = min(share(amount(reserved), whole) * 100, 100 - first)
    return el(
        "svg",
        el("rect", width="100", height="6", class_="track"),
        el("rect", width=f"{first:.2f}", height="6", class_="fill"),
        el("rect", x=f"{first:.2f}", width=f"{second:.2f}", height="6", class_="held"),
        viewBox="0 0 100 6",
        preserveAspectRatio="none",
        role="img",
        aria_label=f"{words('budget_bar')}: {words('of_budget', spent=money(spent), budget=money(budget))}",
        class_="bar money" + (" is-full" if amount(spent) >= whole else ""),
    )


def typed(words: Words, line: str) -> Html:
    """Return a command that can be typed, with a button that copies it."""
    return el(
        "span",
        el("code", line),
        el(
            "button",
            words("copy"),
            type="button",
            data_copy=line,
            class_="quiet needs-js",
            aria_label=f"{words('copy')}: {line}",
        ),
        class_="command",
    )


def empty(title: str, *content: Child) -> Html:
    """Return what a page says where there is nothing to show."""
    return el("div", el("h2", title), *content, class_="empty")


def section(title: str, *content: Child, id_: str, aside: Child = None) -> Html:
    """Return a part of a page under a heading."""
    head = el("div", el("h2", title, id=f"{id_}-title"), aside, class_="section-head")
    return el("section", head, *content, id=id_, aria_labelledby=f"{id_}-title")


def damaged(words: Words, items: Sequence[object]) -> Html:
    """Return how many rows of the database are left out; nothing where none is."""
    return el("p", words.count("damaged", len(items)), class_="notice is-warning") if items else NOTHING


def process_of(words: Words, lease: Mapping[str, Any] | None) -> str:
    """Return which process holds a run, or held it when it died."""
    if not lease:
        return words("nobody")
    return words("process" if lease["live"] else "process_dead", pid=lease["pid"], host=lease["host"])


def fork_of(words: Words, run: Mapping[str, Any]) -> Html:
    """Return the run that a run was forked from, with the way to it; nothing for one that is no fork."""
    source = run.get("forked_from")
    if not source:
        return NOTHING
    return el("a", words("fork_of", run=source["thread_id"]), href=run_url(source["thread_id"]), class_="fork-of")
