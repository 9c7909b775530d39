"""The pages of the board: for each address the documents that its page is made of."""

from __future__ import annotations

import asyncio
import logging
from decimal import Decimal
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from clash.access import Access, Role
from clash.board.answers import RefusedError, error_document, html_answer, refused_answer, status_of
from clash.board.event_log import EventLog
from clash.board.guard import wants_page
from clash.board.kept_documents import Kept
from clash.board.pages import (
    checkpoints_page,
    chosen_checkpoint,
    error_page,
    login_page,
    money_page,
    review_page,
    run_page,
    runs_page,
)
from clash.board.pages.view import RunsQuery, View
from clash.board.query_numbers import number_of
from clash.board.reading import RUNS_PER_PAGE, Reading
from clash.board.sessions import Session
from clash.errors import ClashError, NotFoundError
from clash.hints import command

logger = logging.getLogger(__name__)

_NO_DATABASE = ("not_found", "database_not_found")
"""Codes of errors where nothing was run yet: there is no database, or an empty one."""
_NO_COST: dict[str, Any] = {"total_usd": "0.000000", "by_model": [], "items": [], "damaged": []}


class PageRoutes:
    """Answers the addresses that people look at."""

    def __init__(self, reading: Reading, log: EventLog, *, read_only: bool) -> None:
        self._reading = reading
        self._log = log
        self._read_only = read_only

    @property
    def routes(self) -> list[Route]:
        """The routes of all pages."""
        return [
            Route("/", self._runs),
            Route("/runs/{thread}", self._run),
            Route("/runs/{thread}/review", self._review),
            Route("/runs/{thread}/checkpoints", self._checkpoints),
            Route("/money", self._money),
        ]

    async def _runs(self, request: Request) -> Response:
        page, status, search = number_of(request, "page"), _query(request, "status"), _query(request, "search")
        access: Access = request.state.access
        project = _query(request, "project")
        kept = await self._reading.runs(
            page=page, status=status, search=search, project=project, projects=access.projects()
        )
        try:
            found = kept.told()
        except NotFoundError as error:
            # No database yet, or an empty one that no run was begun in: the page says how to make the first film.
            if error.code not in _NO_DATABASE or page > 1:
                raise
            found = dict[str, Any](items=[], damaged=[])
        shown = {**found, "items": found["items"][:RUNS_PER_PAGE]}
        query = RunsQuery(page, status, search, project, more=len(found["items"]) > RUNS_PER_PAGE)
        return html_answer(runs_page(self.view(request, kept), shown, query))

    async def _run(self, request: Request) -> Response:
        page = number_of(request, "page")
        kept = await self._reading.on_board(request.path_params["thread"], page)
        run = kept.told()
        if run["waiting_for"] == "budget":
            run = with_budget(run, (await self._reading.review(run["thread_id"])).told())
        return html_answer(run_page(self.view(request, kept), run, page))

    async def _review(self, request: Request) -> Response:
        thread, page = request.path_params["thread"], number_of(request, "page")
        run = await self._reading.on_board(thread, page)
        run.told()
        kept, takes = await asyncio.gather(self._reading.review(thread), self._reading.takes(thread))
        view = self.view(request, min((run, kept, takes), key=lambda one: one.read_at))
        return html_answer(review_page(view, kept.told(), takes.told(), with_budget(run.told(), kept.told()), page))

    async def _checkpoints(self, request: Request) -> Response:
        thread = request.path_params["thread"]
        kept = await self._reading.family(thread, request.state.access)
        run = await self._reading.on_board(thread)
        view = self.view(request, min((kept, run), key=lambda one: one.read_at))
        chosen = chosen_checkpoint(kept.told(), _query(request, "checkpoint"))
        if chosen is None:
            return html_answer(checkpoints_page(view, kept.told(), run.told()))
        details = await self._reading.checkpoint(chosen.thread_id, chosen.checkpoint_id)
        changed = None
        if chosen.parent_id:
            changed = await self._reading.difference(chosen.thread_id, chosen.parent_id, chosen.checkpoint_id)
        return html_answer(
            checkpoints_page(view, kept.told(), run.told(), details.told(), changed.told() if changed else None)
        )

    async def _money(self, request: Request) -> Response:
        access: Access = request.state.access
        kept = await self._reading.money(access.projects())
        try:
            found = kept.told()
        except NotFoundError as error:
            if error.code not in _NO_DATABASE:
                raise
            found = _NO_COST
        return html_answer(money_page(self.view(request, kept), found))

    def view(self, request: Request, kept: Kept | None = None) -> View:
        """Return what a page is shown with."""
        session: Session | None = request.state.session
        access: Access | None = request.state.access
        may_write = not self._read_only and access is not None and _may_decide(access, request)
        return View(
            accept_language=request.headers.get("accept-language", ""),
            token=session.token if session and may_write else "",
            read_only=self._read_only,
            may_resume=may_write,
            path=request.url.path,
            last_event_id=kept.event_id if kept else self._log.newest,
            account=access.account if access else "",
            logout=session.token if session and session.token_id else "",
        )

    # -- what goes wrong -------------------------------------------------------------------------------------------

    async def failed(self, request: Request, error: Exception) -> Response:
        """Answer an error that clash raised on purpose, with its hint."""
        if not isinstance(error, ClashError):
            raise error
        if request.method == "POST" or not wants_page(request.url.path, request.headers):
            return refused_answer(error)
        status = error.status if isinstance(error, RefusedError) else status_of(error)
        return html_answer(error_page(self.view(request), status, error_document(error)["error"]), status)

    async def not_there(self, request: Request, error: Exception) -> Response:
        """Answer an address or a method that the board does not have."""
        status = error.status_code if isinstance(error, HTTPException) else 404
        told = {404: "there is no such page", 405: "this address takes no such method"}.get(status, "refused")
        answer = await self.failed(request, RefusedError(status, told, code="not_found" if status == 404 else None))
        answer.headers.update(getattr(error, "headers", None) or {})
        return answer

    def login(self, request: Request) -> Response:
        """Say that a link is not good."""
        return html_answer(login_page(self.view(request), is_refused=True), 401)


def _may_decide(access: Access, request: Request) -> bool:
    """Whether an account decides in the project of the run that is shown; on other pages, in any project."""
    project: str | None = getattr(request.state, "project", None)
    if project is None:
        return access.projects(Role.PRODUCER) != ()
    return access.may(Role.PRODUCER, project)


def with_budget(run: dict[str, Any], review: dict[str, Any]) -> dict[str, Any]:
    """Return a run with the command that raises its budget to what suffices, if it waits for that."""
    if run["waiting_for"] != "budget" or not run["problem"]:
        return run
    from clash.production.remedies import sufficient

    price = review["price"]
    spent = Decimal(run["cost_usd"]) + Decimal(run["reserved_usd"])
    budget = sufficient(spent, Decimal(price["total_usd"]), is_estimated=price["estimated"])
    hint = command("resume", run["thread_id"], "--budget", f"{budget:f}")
    return {**run, "problem": {**run["problem"], "hint": hint}}


def _query(request: Request, name: str) -> str:
    return request.query_params.get(name, "")
