"""The page of the saved states of a run and its forks: the tree, and what the chosen checkpoint holds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from clash.board.pages.figures import DASH, duration, money, time_of
from clash.board.pages.html import NOTHING, Html, el, join
from clash.board.pages.layout import page, tabs
from clash.board.pages.parts import damaged, empty, section, typed
from clash.board.pages.run import run_head, title_of
from clash.board.pages.tree_drawing import Family, draw_tree, family_tree, step_name
from clash.board.pages.view import Document, View
from clash.board.pages.words import Words, words_for

_LONGEST_VALUE = 2000
_MOST_DIFFERENCES = 200


@dataclass(frozen=True)
class Chosen:
    """The checkpoint whose state is shown, the run that saved it, and its parent."""

    thread_id: str
    checkpoint_id: str
    parent_id: str | None


def chosen_checkpoint(family: Document, wanted: str) -> Chosen | None:
    """Return the checkpoint of a `RunFamily` that is wanted, or else the newest one of the run; None if it has none."""
    tree, thread = family_tree(family), str(family["thread_id"])
    own = [key for key, runs in tree.runs_of.items() if thread in runs]
    newest = max(own, key=lambda key: str(tree.items[key]["created_at"]), default=None)
    key = wanted if wanted in tree.items else newest
    if key is None:
        return None
    parent = tree.items[key]["parent_checkpoint_id"]
    return Chosen(tree.runs_of[key][0], key, parent if parent in tree.items else None)


def checkpoints_page(
    view: View,
    family: Document,
    run: Document | None = None,
    details: Document | None = None,
    difference: Document | None = None,
) -> Html:
    """Return the checkpoints of a run and its forks.

    `family`: a `RunFamily`; `run`: a `RunOnBoard`, of which the head is shown; `details` and `difference`: of the
    chosen one, `clash checkpoints show` and `clash checkpoints diff` with its parent.
    """
    words, thread = words_for(view.accept_language), str(family["thread_id"])
    tree = family_tree(family)
    found = chosen_checkpoint(family, str(details["checkpoint_id"]) if details else "")
    chosen = found.checkpoint_id if found else ""
    if tree.items:
        content = join(
            el("p", words("tree_say"), class_="quiet"),
            el("div", draw_tree(words, tree, thread, chosen), id="tree-part", data_live="tree-part"),
            el("div", _panel(words, tree, chosen, details, difference), id="chosen", data_live="chosen"),
            _listed(words, tree, chosen),
        )
    else:
        content = empty(words("no_checkpoints"), el("p", words("no_checkpoints_say")))
    return page(
        view,
        f"{words('checkpoints')} \u00b7 {title_of(run) if run else thread}",
        run_head(words, run, "checkpoints") if run else tabs(words, thread, "checkpoints"),
        content,
        damaged(words, family["damaged"]),
        active="runs",
        topic=thread,
        wide=True,
    )


def _panel(words: Words, tree: Family, chosen: str, details: Document | None, difference: Document | None) -> Html:
    item = tree.items.get(chosen)
    if item is None:
        return NOTHING
    thread = tree.runs_of[chosen][0]
    following = ", ".join(dict.fromkeys(words.of("step", name) for name in item["next"])) or words("the_end")
    facts = (
        (words("saved"), time_of(item["created_at"])),
        (words("took"), duration(item["execution_time_ms"])),
        (words("calls"), f"{item['api_calls']:,}"),
        (words("cost"), money(item["cost_usd"])),
        (words("next_steps"), following),
        (words("branch"), thread),
        (words("id"), el("span", item["checkpoint_id"], class_="id")),
    )
    return section(
        words("checkpoint_after", step=step_name(words, item)),
        el("p", item["error"], class_="notice is-error", dir="auto") if item["error"] else None,
        el(
            "dl",
            *(el("div", el("dt", name), el("dd", value, class_="figure")) for name, value in facts),
            class_="facts-list",
        ),
        el("h3", words("fork_here")),
        el("p", words("fork_say"), class_="quiet"),
        typed(words, fork_command(thread, chosen)),
        _difference(words, item, difference),
        _state(words, details) if details and details["checkpoint_id"] == chosen else None,
        id_="checkpoint",
    )


def fork_command(thread: str, checkpoint_id: str) -> str:
    """Return the command that begins another run with a checkpoint.

    >>> fork_command("run-1", "1f1e")
    'clash fork run-1 --thread run-1-2 --checkpoint 1f1e'
    """
    flags = f"--thread {'./' if thread.startswith('-') else ''}{thread}-2 --checkpoint {checkpoint_id}"
    return f"clash fork {flags} -- {thread}" if thread.startswith("-") else f"clash fork {thread} {flags}"


def _difference(words: Words, item: Document, difference: Document | None) -> Html:
    if item["parent_checkpoint_id"] is None:
        return el("p", words("first_state"), class_="quiet")
    if difference is None:
        return NOTHING
    rows = [_changed(words, changed) for changed in difference["items"][:_MOST_DIFFERENCES]]
    if not rows:
        return join(el("h3", words("difference")), el("p", words("no_difference"), class_="quiet"))
    heads = [el("th", words(key), scope="col") for key in ("key", "status", "was", "is")]
    return join(
        el("h3", words("difference"), id="difference"),
        el(
            "div",
            el("table", el("thead", el("tr", *heads)), el("tbody", *rows)),
            class_="table scrolls",
            tabindex="0",
            role="region",
            aria_labelledby="difference",
        ),
    )


def _changed(words: Words, changed: Document) -> Html:
    name = f"{changed['key']} {changed['slot']}" if changed["slot"] else str(changed["key"])
    return el(
        "tr",
        el("th", name, scope="row", dir="auto"),
        el("td", words(f"difference_{changed['state']}")),
        el("td", _value(changed["a"]), class_="value", dir="auto"),
        el("td", _value(changed["b"]), class_="value", dir="auto"),
    )


def _value(value: Any) -> str:
    if value is None:
        return DASH
    told = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return told if len(told) <= 300 else f"{told[:300]} \u2026"


def _state(words: Words, details: Document) -> Html:
    values: Mapping[str, Any] = details["values"]
    entries = [
        el("details", el("summary", name), el("pre", _shortened(value), tabindex="0")) for name, value in values.items()
    ]
    return join(el("h3", words("state")), el("div", *entries, class_="state"))


def _shortened(value: Any) -> str:
    told = json.dumps(value, ensure_ascii=False, indent=2)
    return told if len(told) <= _LONGEST_VALUE else f"{told[:_LONGEST_VALUE]}\n\u2026"


def _listed(words: Words, tree: Family, chosen: str) -> Html:
    """The same checkpoints as a table, for those who would rather read than look."""
    ordered = sorted(tree.items.values(), key=lambda item: str(item["created_at"]), reverse=True)
    rows = [
        el(
            "tr",
            el(
                "th",
                el("a", step_name(words, item), href=f"?checkpoint={item['checkpoint_id']}#checkpoint"),
                scope="row",
            ),
            el("td", tree.runs_of[item["checkpoint_id"]][0], class_="id"),
            el("td", time_of(item["created_at"]), class_="figure"),
            el("td", duration(item["execution_time_ms"]), class_="right figure"),
            el("td", f"{item['api_calls']:,}", class_="right figure"),
            el("td", money(item["cost_usd"]), class_="right figure"),
            aria_current="true" if item["checkpoint_id"] == chosen else None,
        )
        for item in ordered
    ]
    names = (("step", ""), ("branch", ""), ("saved", ""), ("took", "right"), ("calls", "right"), ("cost", "right"))
    heads = [el("th", words(key), scope="col", class_=kind or None) for key, kind in names]
    table = el("table", el("thead", el("tr", *heads)), el("tbody", *rows))
    return el(
        "details",
        el("summary", words("list_of_checkpoints")),
        el("div", table, class_="table scrolls", tabindex="0", role="region", aria_label=words("list_of_checkpoints")),
        class_="list",
        id="list-of-checkpoints",
    )
