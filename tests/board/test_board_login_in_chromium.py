"""Logging in to a board with accounts in a real Chromium: with and without scripts."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from accounts_room import accounts_room
from chromium import DESKTOP, PHONE, WAIT_MS, axe_script, chromium
from filming import environment, forked

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the forked command line is POSIX")


@pytest.fixture(scope="module")
def browser() -> Generator[Any]:
    """One browser for all tests of this module."""
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, browser: Any) -> Generator[tuple[str, dict[str, str]]]:
    """The address of a board with accounts, and its tokens."""
    folder: Path = tmp_path_factory.mktemp("accounts")
    url = f"sqlite:///{folder}/data/checkpoints.db"
    with ThreadPoolExecutor(1) as apart:  # playwright has a loop of its own in this thread
        room = apart.submit(asyncio.run, accounts_room(folder, url)).result()
    env = environment(DATABASE_URL=url, ASSET_STORE=f"file://{folder}/assets")
    board = forked(folder, "board", "--accounts", "--port", "0", env=env)
    told = [board.line() for _ in range(3)]
    found = next(match[0] for line in told if (match := re.search(r"http://\S+/login", line)))
    yield found.removesuffix("/login"), room.tokens
    board.kill()
    board.wait(30)


def log_in(page: Any, url: str, token: str) -> None:
    page.set_default_timeout(WAIT_MS)
    page.goto(f"{url}/runs/storm-run")
    page.get_by_label("Token").fill(token)
    page.get_by_role("button", name="Log in").click()


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_a_token_leads_to_the_page(browser: Any, served: tuple[str, dict[str, str]], scripts: bool) -> None:
    """A wrong token is told; the right one leads to the page that was asked for; logging out ends the session."""
    url, tokens = served
    width, height = PHONE if scripts else DESKTOP
    context = browser.new_context(java_script_enabled=scripts, viewport={"width": width, "height": height})
    page = context.new_page()
    log_in(page, url, "wrong")
    page.get_by_role("alert").wait_for()
    if scripts:
        page.evaluate(axe_script())
        found = page.evaluate("async () => (await axe.run()).violations")
        assert not [fault["id"] for fault in found if fault["impact"] in ("serious", "critical")]
    log_in(page, url, tokens["producer"])
    page.wait_for_url(f"{url}/runs/storm-run")
    page.get_by_role("heading", name="Title of storm-run").wait_for()
    page.goto(f"{url}/runs/river-run")
    assert page.locator(".code").inner_text() == "404"
    page.get_by_role("button", name="Log out").click()
    page.wait_for_url(f"{url}/login")
    page.goto(f"{url}/money")
    page.get_by_label("Token").wait_for()
    context.close()
