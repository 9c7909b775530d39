"""The page of a run: what needs a person, the film, its steps, its cost, its shots."""

from __future__ import annotations

from clash.board.pages.cards import cast_card, picture, shot_card
from clash.board.pages.figures import money, time_of
from clash.board.pages.gantt import gantt, step_rows
from clash.board.pages.html import NOTHING, Html, el, join
from clash.board.pages.layout import media_url, page, run_url, tabs, thumbnail_url
from clash.board.pages.parts import badge, budget_bar, damaged, fork_of, process_of, section, typed
from clash.board.pages.runs import waits_for
from clash.board.pages.sums import sums_table
from clash.board.pages.view import Document, View
from clash.board.pages.words import Words, words_for
from clash.clock import clock_text
from clash.vocabulary import standing


def run_page(view: View, run: Document, page_number: int) -> Html:
    """Return a run. `run`: a `RunOnBoard`; `page_number`: which page of its shots, from 1."""
    words = words_for(view.accept_language)
    return page(
        view,
        title_of(run),
        run_head(words, run, "film"),
        el(
            "div", problems(words, run), _to_review(words, run), id="problems", data_live="problems", class_="needs-you"
        ),
        el("div", _film(words, run), id="film-part", data_live="film-part"),
        el("div", _figures(words, run), class_="columns", id="figures", data_live="figures"),
        el("div", _cast(words, run), id="cast-part", data_live="cast-part"),
        el("div", _shots(words, run, page_number), id="shots-part", data_live="shots-part"),
        damaged(words, run["damaged"]),
        active="runs",
        topic=str(run["thread_id"]),
        wide=True,
    )


def title_of(run: Document) -> str:
    """Return what a run is called."""
    return str(run["title"] or run["story"] or run["thread_id"])


def run_head(words: Words, run: Document, active: str, *, waiting: int = 0) -> Html:
    """Return the head of each page of a run: its title, how it stands, and its pages."""
    lease = run["lease"]
    waits = waits_for(words, run)
    facts = [
        el("span", run["thread_id"], class_="id"),
        el("span", words("started"), " ", time_of(run["started_at"])) if run["started_at"] else None,
        fork_of(words, run),
        el("span", process_of(words, lease) if lease else None, class_="process"),
    ]
    return join(
        el(
            "div",
            el("h1", title_of(run), dir="auto"),
            el(
                "div",
                badge(words, standing(run)),
                el("span", waits, class_="waits") if waits else None,
                class_="status-line",
            ),
            el("p", *facts, class_="facts"),
            class_="run-head",
            id="run-head",
            data_live="run-head",
        ),
        tabs(words, str(run["thread_id"]), active, waiting=waiting),
    )


def problems(words: Words, run: Document) -> Html:
    """Return what a person has to do something about, each with the command to type."""
    told: list[Html] = []
    problem, status = run["problem"], standing(run)
    thread = str(run["thread_id"])
    if status == "interrupted":
        told.append(_notice(words, words("interrupted_say"), resume_command(thread)))
    if problem and problem["code"] != "review":
        kind = "is-error" if status == "failed" else "is-warning"
        told.append(
            _notice(
                words,
                str(problem["message"] or problem["code"]),
                problem["hint"],
                kind=kind,
                before=words.explained(problem["code"]),
            )
        )
    if run["unknown"]:
        told.append(_calls(run["unknown"], words.count("unknown_say", len(run["unknown"]))))
    if run["failed_paid"]:
        told.append(_calls(run["failed_paid"], words.count("failed_paid_say", len(run["failed_paid"]))))
    warnings = [el("li", line, dir="auto") for line in run["warnings"]]
    if warnings:
        told.append(
            el("details", el("summary", f"{words('warnings')} ({len(warnings)})"), el("ul", *warnings), class_="notice")
        )
    return join(*told)


def resume_command(thread_id: str) -> str:
    """Return the command that resumes a run; an id that begins with `-` must not be taken for a flag."""
    return f"clash resume {'-- ' if thread_id.startswith('-') else ''}{thread_id}"


def _notice(words: Words, says: str, hint: str | None, *, kind: str = "is-warning", before: str = "") -> Html:
    line = hint_command(hint or "")
    told = el("p", hint, class_="quiet", dir="auto") if hint and line != hint else NOTHING
    return el(
        "div",
        el("p", before) if before else None,
        el("p", says, dir="auto"),
        told if line else told or NOTHING,
        typed(words, line) if line else None,
        class_=f"notice {kind}",
        role="group",
    )


def hint_command(hint: str) -> str:
    """Return the command of a hint: what it has between backquotes, or all of it if it is a command.

    >>> hint_command("raise the budget: `clash resume --budget 2 x`"), hint_command("look again")
    ('clash resume --budget 2 x', '')
    """
    if hint.startswith("clash "):
        return hint
    quoted = hint.split("`")[1::2]
    return next((line for line in quoted if line.startswith("clash ")), "")


def _calls(calls: list[Document], says: str) -> Html:
    rows = [
        el(
            "li",
            el("span", call["slot"], class_="id", dir="auto"),
            " ",
            el("span", f"{call['service']}:{call['model']}"),
            " ",
            el("span", money(call["quoted_cost_usd"]), class_="figure"),
            " ",
            el("span", call["error"] or "", class_="quiet", dir="auto"),
        )
        for call in calls[:20]
    ]
    return el("div", el("p", says), el("ul", *rows), class_="notice is-error")


def _film(words: Words, run: Document) -> Html:
    film, sheet, title = run["film"], run["contact_sheet"], title_of(run)
    poster = next((shot["keyframe"] for shot in run["shots"] if shot["keyframe"]), None)
    if film is None:
        return section(words("film"), _no_film(words, title, poster), id_="film-section")
    video = el(
        "video",
        src=media_url(film["sha256"]),
        poster=thumbnail_url(poster) if poster else None,
        controls=True,
        preload="metadata",
        playsinline=True,
        aria_label=words("play_film", title=title),
        id="film",
    )
    shown = (
        el(
            "a",
            el(
                "img",
                src=thumbnail_url(sheet),
                alt=words("contact_sheet_of", title=title),
                loading="lazy",
                width=640,
                height=400,
            ),
            el("span", words("contact_sheet"), class_="quiet"),
            href=media_url(sheet),
            class_="sheet",
        )
        if sheet
        else NOTHING
    )
    told = el("span", clock_text(film["duration_s"]), class_="figure quiet") if film["duration_s"] else NOTHING
    return section(words("film"), el("div", video, shown, class_="film"), id_="film-section", aside=told)


def _no_film(words: Words, title: str, poster: str | None) -> Html:
    """The room of a film that is not made yet, so that nothing moves when it is; its first picture is there before."""
    shown = picture(words, title, poster) if poster else NOTHING
    told = el("span", words("not_made_yet"), class_="not-yet")
    return el(
        "div",
        el("div", shown, told, class_="picture is-empty is-coming"),
        el(
            "div",
            el("div", class_="picture is-empty"),
            el("span", words("contact_sheet"), class_="quiet"),
            class_="sheet",
        ),
        class_="film",
    )


def _to_review(words: Words, run: Document) -> Html:
    """The way to the page where a run that waits for a review is judged."""
    if run["waiting_for"] != "review":
        return NOTHING
    link = el("a", words("to_review"), href=run_url(str(run["thread_id"]), "review"), class_="button")
    return el("div", el("p", words("review_say")), el("p", link), class_="notice is-warning")


def _figures(words: Words, run: Document) -> Html:
    """Steps and what is spent beside the sums of it."""
    total, days = str(run["cost_usd"]), run["by_day"]
    sums = [
        sums_table(words, "step", run["steps"], total),
        sums_table(words, "model", run["by_model"], total),
        sums_table(words, "day", days, total) if len(days) > 1 else NOTHING,
    ]
    steps = section(words("steps"), gantt(words, step_rows(run)), id_="steps")
    left = el("div", steps, _cost(words, run), class_="stack")
    told = sums if any(sums) else el("p", words("no_money"), class_="quiet")
    return join(left, section(words("sums"), told, id_="sums"))


def _cost(words: Words, run: Document) -> Html:
    spent, reserved, budget, estimate = (run[key] for key in ("cost_usd", "reserved_usd", "budget_usd", "estimate_usd"))
    figures = [
        _figure(words("spent"), money(spent), id_="spent"),
        _figure(words("reserved"), money(reserved), words("reserved_say")),
        _figure(words("budget"), money(budget) if budget else words("none")),
        _figure(words("estimate"), money(estimate), words("estimate_say")),
    ]
    return section(
        words("cost"),
        el("dl", *figures, class_="figures"),
        budget_bar(words, spent, reserved, budget),
        id_="cost",
    )


def _figure(name: str, value: str, says: str = "", *, id_: str | None = None) -> Html:
    return el(
        "div",
        el("dt", name),
        el("dd", el("span", value, class_="figure", id=id_), el("small", says) if says else None),
    )


def _cast(words: Words, run: Document) -> Html:
    if not run["cards"]:
        return NOTHING
    return section(
        words("cards"),
        el("div", *(cast_card(words, entry) for entry in run["cards"]), class_="cards small"),
        id_="cast",
    )


def _shots(words: Words, run: Document, number: int) -> Html:
    shots = run["shots"]
    if not shots:
        return section(words("shots"), el("p", words("no_shots"), class_="quiet"), id_="shots")
    cards = el("div", *(shot_card(words, shot) for shot in shots), class_="cards")
    return section(
        words("shots"),
        cards,
        shots_pager(words, run, number),
        id_="shots",
        aside=el("span", f"{run['shots_total']:,}", class_="figure quiet"),
    )


def shots_pager(words: Words, run: Document, number: int) -> Html:
    """Return links to the pages of a run's shots before and after one; nothing where all are on it."""
    first, total = int(run["shots_from"]), int(run["shots_total"])
    last = first + len(run["shots"]) - 1
    if first <= 1 and last >= total:
        return NOTHING
    told = words("shots_from", first=f"{first:,}", last=f"{last:,}", total=f"{total:,}")
    back = el("a", words("previous"), href=f"?page={number - 1}#shots", rel="prev", class_="button")
    on = el("a", words("following"), href=f"?page={number + 1}#shots", rel="next", class_="button")
    return el(
        "nav",
        back if first > 1 else None,
        el("span", told, class_="figure"),
        on if last < total else None,
        class_="pager",
        aria_label=words("pages_of_shots"),
    )
