"""The page of all runs: how each stands, what it cost, what it waits for, and who holds it."""

from __future__ import annotations

from urllib.parse import urlencode

from clash.board.pages.figures import money, share, time_of
from clash.board.pages.gantt import STEPS
from clash.board.pages.html import NOTHING, Html, el, join
from clash.board.pages.layout import page, run_url
from clash.board.pages.parts import badge, bar, budget_bar, damaged, empty, fork_of, process_of, typed
from clash.board.pages.view import Document, RunsQuery, View
from clash.board.pages.words import Words, words_for
from clash.vocabulary import INTERRUPTED, standing

STATUSES = ("running", INTERRUPTED, "paused", "failed", "completed", "cancelled")
_FIRST_COMMAND = "clash run story.csv"


def runs_page(view: View, runs: Document, query: RunsQuery) -> Html:
    """Return the list of runs. `runs`: the document of `clash runs ls`."""
    words, items = words_for(view.accept_language), runs["items"]
    is_filtered = bool(query.search or query.status or query.project)
    if not items and not is_filtered and query.page <= 1:
        content = _no_runs(words)
    else:
        rows = [_row(words, run) for run in items]
        content = join(
            el("ul", *rows, class_="runs", id="runs") if rows else _no_match(words),
            _pager(words, query),
        )
    return page(
        view,
        words("runs"),
        el("h1", words("runs")),
        _filter(words, query) if items or is_filtered else NOTHING,
        damaged(words, runs["damaged"]),
        el("div", content, id="list", data_live="list"),
        active="runs",
    )


def waits_for(words: Words, run: Document) -> str:
    """Return what a run waits for; "" for one that runs or has ended."""
    if waiting := run.get("waiting_for"):
        return words.of("waits", waiting)
    return words("waits_resume") if standing(run) in {"interrupted", "paused"} else ""


def _row(words: Words, run: Document) -> Html:
    status, thread = standing(run), str(run["thread_id"])
    title = run["title"] or run["story"] or thread
    waiting = waits_for(words, run)
    steps = words("steps_done", n=run["steps_done"], total=len(STEPS))
    spent, budget = money(run["cost_usd"]), run["budget_usd"]
    cost = words("of_budget", spent=spent, budget=money(budget)) if budget else spent
    # What a review waits for is told beside the status already.
    told = run["error"] if status in {"failed", "paused"} and run.get("waiting_for") != "review" else None
    reason = words("error_reason", message=told) if words.explains_errors else told
    return el(
        "li",
        el(
            "div",
            el("a", title, href=run_url(thread), class_="run-title", dir="auto"),
            el(
                "div",
                el("span", thread, class_="id"),
                _project(str(run.get("project") or "default")),
                fork_of(words, run),
                class_="run-id",
            ),
            class_="run-name",
        ),
        el("div", badge(words, status), el("span", waiting, class_="waits") if waiting else None, class_="run-status"),
        el("div", el("span", steps, class_="figure"), bar(_progress(run), len(STEPS), steps), class_="run-progress"),
        el(
            "div",
            el("span", cost, class_="figure"),
            budget_bar(words, run["cost_usd"], None, budget),
            class_="run-cost",
        ),
        el(
            "div",
            el("span", process_of(words, run["lease"])) if run["lease"] else None,
            time_of(run["updated_at"] or run["started_at"]),
            class_="run-held",
        ),
        el("p", reason, class_="run-error", dir="auto") if told else None,
        class_="run",
        id=f"run-{thread}",
        data_thread=thread,
        data_status=status,
    )


def _project(name: str) -> Html:
    """The project of a run, which leads to all runs of it; nothing for the project that runs have by default."""
    if name == "default":
        return NOTHING
    return el("a", name, href=_url(RunsQuery(project=name), 1), class_="tag", dir="auto")


def _progress(run: Document) -> float:
    """How many steps are done; of a step that is being made, the part that is done."""
    progress: dict[str, Document] = run.get("progress") or {}
    done = sum(share(count["done"], count["total"]) for count in progress.values())
    return done or float(run["steps_done"])


def _filter(words: Words, query: RunsQuery) -> Html:
    options = [el("option", words.of("status", name), value=name, selected=name == query.status) for name in STATUSES]
    return el(
        "form",
        el("input", type="hidden", name="project", value=query.project) if query.project else None,
        el("label", words("search"), for_="search", class_="visually-hidden"),
        el(
            "input",
            type="search",
            id="search",
            name="search",
            value=query.search,
            placeholder=words("search_runs"),
            maxlength="200",
            autocomplete="off",
        ),
        el("label", words("status"), for_="status", class_="visually-hidden"),
        el("select", el("option", words("every_status"), value=""), *options, id="status", name="status"),
        el("button", words("search"), type="submit"),
        method="get",
        action="/",
        role="search",
        class_="filter",
    )


def _pager(words: Words, query: RunsQuery) -> Html:
    if query.page <= 1 and not query.more:
        return NOTHING
    newer = el("a", words("newer"), href=_url(query, query.page - 1), rel="prev", class_="button")
    older = el("a", words("older"), href=_url(query, query.page + 1), rel="next", class_="button")
    return el(
        "nav",
        newer if query.page > 1 else None,
        el("span", words("page", n=f"{query.page:,}"), class_="figure"),
        older if query.more else None,
        class_="pager",
        aria_label=words("pages_of_runs"),
    )


def _url(query: RunsQuery, number: int) -> str:
    asked = {"search": query.search, "status": query.status, "project": query.project}
    asked["page"] = str(number) if number > 1 else ""
    told = urlencode({key: value for key, value in asked.items() if value})
    return f"/?{told}" if told else "/"


def _no_match(words: Words) -> Html:
    return empty(words("no_match"), el("p", el("a", words("show_all"), href="/")))


def _no_runs(words: Words) -> Html:
    return empty(
        words("no_runs"),
        el("p", words("no_runs_say")),
        el("p", typed(words, _FIRST_COMMAND)),
        el("p", words("no_runs_story"), class_="quiet"),
        el("p", words("no_runs_watch"), class_="quiet"),
    )
