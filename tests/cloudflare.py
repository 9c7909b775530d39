"""D1's API as a test answers for it."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from d1_engine.faults import Hurry
from pydantic import SecretStr

from clash.database.d1.database import D1Database
from clash.database.d1.rest import Account, Retries

SECRET = "s3cr3t-t0ken"  # noqa: S105
FOUR_TRIES = Retries(wait_s=1.5)
DATABASE = "00000000-0000-4000-8000-000000000001"
Answer = httpx.Response | type[httpx.HTTPError]


def page(status: int, text: str = "<html>oops</html>", **headers: str) -> httpx.Response:
    return httpx.Response(status, text=text, headers=headers)


def refusal(status: int, message: str, code: int = 7500) -> httpx.Response:
    return httpx.Response(
        status, json={"result": [], "success": False, "errors": [{"code": code, "message": message}], "messages": []}
    )


def success(request: httpx.Request) -> httpx.Response:
    """One row, `one` = 1, a statement."""
    result = {"results": {"columns": ["one"], "rows": [[1]]}, "success": True, "meta": {"size_after": 4096}}
    results = [result for _ in json.loads(request.content)["batch"]]
    return httpx.Response(200, json={"result": results, "success": True, "errors": [], "messages": []})


class Cloudflare:
    """Gives these answers, and after the last one succeeds."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.asked: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = self.answers.pop(0) if self.answers else success(request)
        if isinstance(answer, type):
            raise answer(f"broken while sending {SECRET}", request=request)
        return answer


Open = Callable[..., Any]


@asynccontextmanager
async def databases_behind(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Open]:
    """What opens a database behind given answers; each is closed in the end."""
    opened: list[D1Database] = []

    async def reach(
        cloudflare: Cloudflare,
        retries: Retries = FOUR_TRIES,
        *,
        name: str = DATABASE,
        clock: Hurry | None = None,
        stopping: Callable[[], bool] | None = None,
    ) -> D1Database:
        database = await D1Database.open(
            name,
            Account("acc", SecretStr(SECRET)),
            retries=retries,
            transport=httpx.MockTransport(cloudflare),
            clock=clock or Hurry(),
            stopping=stopping,
        )
        opened.append(database)
        return database

    monkeypatch.setattr("clash.database.d1.outage._outages", {})
    yield reach
    for database in opened:
        await database.close()
