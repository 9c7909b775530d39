"""The pages as plain tables of their documents."""

# ruff: noqa: ARG001

from __future__ import annotations

from html import escape

from clash.board.pages.view import Document, RunsQuery, View


def _page(title: str, body: str) -> str:
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title></head>'
        f'<body><nav><a href="/">Runs</a> <a href="/money">Money</a></nav><h1>{escape(title)}</h1>{body}</body></html>'
    )


def _facts(document: Document) -> str:
    rows = "".join(
        f"<tr><th>{escape(str(name))}</th><td>{escape(str(value))}</td></tr>" for name, value in document.items()
    )
    return f"<table>{rows}</table>"


def runs_page(view: View, runs: Document, query: RunsQuery) -> str:
    """Return the list of runs. `runs`: the document of `clash runs ls`."""
    if not runs["items"]:
        return _page("Runs", "<p>No run matches.</p>" if query.search or query.status else "<p>clash run story.csv</p>")
    return _page("Runs", "".join(_facts(item) for item in runs["items"]))


def run_page(view: View, run: Document, page: int) -> str:
    """Return a run. `run`: a `RunOnBoard`; `page`: which page of its shots, from 1."""
    return _page(str(run["title"] or run["thread_id"]), _facts(run))


def review_page(view: View, review: Document, takes: Document, run: Document, page: int) -> str:
    """Return what is to be judged: `clash review ls`, `clash takes ls`, and a `RunOnBoard` without shots."""
    return _page("Review", _facts(review))


def checkpoints_page(view: View, family: Document) -> str:
    """Return the checkpoints of a run and its forks. `family`: a `RunFamily`."""
    return _page("Checkpoints", "".join(_facts(run) for run in family["runs"]))


def money_page(view: View, cost: Document) -> str:
    """Return what all runs cost: the document of `clash cost`."""
    return _page("Money", _facts(cost))


def error_page(view: View, status: int, error: Document) -> str:
    """Return an error. `error`: `code`, `message` and `hint` as in every error document."""
    return _page(str(error["message"]), f"<p>{escape(str(error['hint'] or ''))}</p>")


def login_page(view: View, message: str) -> str:
    """Return what somebody sees who has no session: which link to open, and what was wrong with theirs."""
    return _page("Open the link that the board printed", f"<p>{escape(message)}</p>")
