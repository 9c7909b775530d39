"""The page of what all runs cost: by day, model, step and run."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from clash.board.pages.figures import amount, money, share
from clash.board.pages.html import NOTHING, Html, el, join
from clash.board.pages.layout import page, run_url
from clash.board.pages.parts import bar, damaged, empty, section
from clash.board.pages.sums import sums_table
from clash.board.pages.view import Document, View
from clash.board.pages.words import Words, words_for
from clash.project_names import DEFAULT_PROJECT

_MOST_DAYS = 60
_HEIGHT = 120


def money_page(view: View, cost: Document) -> Html:
    """Return what all runs cost. `cost`: the document of `clash cost`."""
    words, total = words_for(view.accept_language), str(cost["total_usd"])
    if not any(item["calls"] for item in cost["by_model"]):
        title = words("no_money" if cost["items"] else "money_no_runs")
        content = empty(title, el("p", money(total), class_="total figure"), el("p", words("no_money_say")))
    else:
        content = join(
            el("p", money(total), class_="total figure", id="total"),
            section(
                words("by_day"),
                _days(words, cost["by_day"]),
                sums_table(words, "day", cost["by_day"], total, is_named=False),
                id_="days",
            ),
            el(
                "div",
                section(
                    words("by_model"), sums_table(words, "model", cost["by_model"], total, is_named=False), id_="models"
                ),
                section(
                    words("by_step"), sums_table(words, "step", cost["by_step"], total, is_named=False), id_="steps"
                ),
                class_="columns",
            ),
            _projects(words, cost.get("by_project") or (), total),
            section(words("by_run"), _runs(words, cost["items"]), id_="by-run"),
            section(words("by_precision"), _precision(words, cost["by_precision"]), id_="precision"),
        )
    return page(
        view,
        words("money"),
        el("h1", words("money_all")),
        damaged(words, cost["damaged"]),
        el("div", content, id="costs", data_live="costs"),
        active="money",
        wide=True,
    )


def _days(words: Words, days: Sequence[Document]) -> Html:
    """The cost of each day as columns; the table below it says the same in figures."""
    shown = sorted((item for item in days if item["day"]), key=lambda item: str(item["day"]))[-_MOST_DAYS:]
    highest = max((amount(item["cost_usd"]) for item in shown), default=Decimal(0))
    if len(shown) < 2 or not highest:
        return NOTHING
    width = 1000 / len(shown)
    columns: list[Html] = []
    for place, item in enumerate(shown):
        high = max(share(amount(item["cost_usd"]), highest) * _HEIGHT, 1)
        told = el("title", f"{item['day']}: {money(item['cost_usd'])}")
        columns.append(
            el(
                "rect",
                told,
                x=f"{place * width + width * 0.1:.1f}",
                y=f"{_HEIGHT - high:.1f}",
                width=f"{width * 0.8:.1f}",
                height=f"{high:.1f}",
                class_="fill",
            )
        )
    return el(
        "figure",
        el(
            "svg",
            *columns,
            viewBox=f"0 0 1000 {_HEIGHT}",
            preserveAspectRatio="none",
            role="img",
            aria_label=words("cost_chart"),
            class_="days",
        ),
        el("figcaption", el("span", shown[0]["day"]), el("span", shown[-1]["day"]), class_="quiet figure ends"),
    )


def _projects(words: Words, items: Sequence[Document], total: str) -> Html:
    """The cost of each project, where there is more than the default one."""
    if all(item["project"] == DEFAULT_PROJECT for item in items):
        return NOTHING
    return section(words("by_project"), sums_table(words, "project", items, total, is_named=False), id_="projects")


def _runs(words: Words, items: Sequence[Document]) -> Html:
    rows = [
        el(
            "tr",
            el("th", el("a", item["thread_id"], href=run_url(str(item["thread_id"]))), scope="row", class_="id"),
            el("td", money(item["total_usd"]), class_="right figure"),
            el("td", money(item["estimate_usd"]), class_="right figure wide-only"),
            el("td", money(item["budget_usd"]), class_="right figure"),
            el("td", _used(words, item), class_="bar-cell"),
        )
        for item in items
        if item["calls"] or amount(item["total_usd"])
    ]
    names = (
        ("run", ""),
        ("spent", "right"),
        ("estimate", "right wide-only"),
        ("budget", "right"),
    )
    heads = [el("th", words(key), scope="col", class_=kind or None) for key, kind in names]
    return el(
        "div",
        el("table", el("thead", el("tr", *heads, el("td", class_="bar-cell"))), el("tbody", *rows)),
        class_="table",
    )


def _used(words: Words, item: Document) -> Html:
    if item["budget_usd"] is None:
        return NOTHING
    told = words("of_budget", spent=money(item["total_usd"]), budget=money(item["budget_usd"]))
    return bar(share(amount(item["total_usd"]), amount(item["budget_usd"])), 1, told)


def _precision(words: Words, items: Sequence[Document]) -> Html:
    rows = [
        el(
            "tr",
            el("th", words.of("precision", item["precision"]), scope="row"),
            el("td", f"{item['calls']:,}", class_="right figure"),
            el("td", money(item["cost_usd"]), class_="right figure"),
        )
        for item in items
    ]
    names = (("precision", ""), ("calls", "right"), ("cost", "right"))
    heads = [el("th", words(key), scope="col", class_=kind or None) for key, kind in names]
    return el("div", el("table", el("thead", el("tr", *heads)), el("tbody", *rows)), class_="table narrow")
