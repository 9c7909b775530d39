"""Tables of what calls cost, summed by step, model, day or run, each with its part of the whole as a bar."""

from __future__ import annotations

from collections.abc import Sequence

from clash.board.pages.figures import amount, duration, money, share
from clash.board.pages.html import NOTHING, Html, el
from clash.board.pages.parts import bar
from clash.board.pages.view import Document
from clash.board.pages.words import Words


def sums_table(words: Words, by: str, items: Sequence[Document], total: str, *, is_named: bool = True) -> Html:
    """Return the table of `by_step` and so on; nothing where no call was made. `is_named`: its name is shown."""
    rows = [item for item in items if item["calls"]]
    if not rows:
        return NOTHING
    return el(
        "div",
        el(
            "table",
            el("caption", words(f"by_{by}"), class_=None if is_named else "visually-hidden"),
            el(
                "thead",
                el(
                    "tr",
                    el("th", words(by), scope="col"),
                    el("th", words("calls"), scope="col", class_="right"),
                    el("th", words("time"), scope="col", class_="right wide-only"),
                    el("th", words("cost"), scope="col", class_="right"),
                    el("td", class_="bar-cell"),
                ),
            ),
            el("tbody", *(_row(words, by, item, total) for item in rows)),
        ),
        class_="table",
    )


def _row(words: Words, by: str, item: Document, total: str) -> Html:
    name = words.of("step", item[by]) if by == "step" else str(item[by] or "")
    part = share(amount(item["cost_usd"]), amount(total))
    told = words("share_of", share=f"{part * 100:.0f}", total=money(total))
    failed = item["failed_calls"]
    return el(
        "tr",
        el("th", name, scope="row", dir="auto"),
        el(
            "td",
            f"{item['calls']:,}",
            el("span", " ", words("gantt_failed", n=failed), class_="told") if failed else None,
            class_="right figure",
        ),
        el("td", duration(item["duration_ms"]), class_="right figure wide-only"),
        el("td", money(item["cost_usd"]), class_="right figure"),
        el("td", bar(part, 1, told) if amount(total) else NOTHING, class_="bar-cell"),
    )
