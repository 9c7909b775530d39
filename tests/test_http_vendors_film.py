"""A whole film through vendors that are data: killed while a job runs, resumed, each call once, the bill equal."""

from __future__ import annotations

import sys
import time
from collections.abc import Generator
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path

import pytest
from filming import SMALL, clash, environment, forked, query, shot_list
from http_vendors import KEY, served
from http_vendors.ark import Ark
from http_vendors.asked import small_files
from http_vendors.minimax import MiniMax

from clash.film.inspection import inspect_film

MODELS = (
    "--image-model",
    "ark:doubao-seedream-4-5-251128",
    "--video-model",
    "ark:doubao-seedance-1-0-pro-250528",
    "--speech-model",
    "minimax:speech-2.6-hd",
)
_PATIENCE_S = 60.0


@pytest.fixture
def vendors() -> Generator[tuple[Ark, MiniMax]]:
    """Ark and MiniMax, with small files."""
    files = small_files()
    with ExitStack() as stack:
        yield stack.enter_context(served(Ark(files))), stack.enter_context(served(MiniMax(files)))  # type: ignore[misc]


def leading_to(*vendors: Ark | MiniMax) -> dict[str, str]:
    """An environment in which these vendors are asked."""
    hosts = ",".join(vendor.environment["CLASH_ALLOW_HOSTS"] for vendor in vendors)
    merged = {name: value for vendor in vendors for name, value in vendor.environment.items()}
    return environment(**{**merged, "CLASH_ALLOW_HOSTS": hosts})


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is a POSIX thing")
def test_a_killed_film_is_finished_and_paid_once(tmp_path: Path, vendors: tuple[Ark, MiniMax]) -> None:
    """Killed while clips are made: resume asks about the same jobs, and `cost` agrees with the vendors' journals."""
    ark, minimax = vendors
    env = leading_to(ark, minimax)
    story = shot_list(tmp_path / "story.csv", 3, words=True)
    arguments = ("run", str(story), *SMALL, *MODELS, "--thread", "k", "--budget", "20")
    estimate = clash(tmp_path, *arguments, "--dry-run", "--json", env=env)
    assert estimate.code == 0, estimate.err
    assert ark.requests == minimax.requests == [], "a dry run asks nobody"
    ark.held = True
    kill_when_submitted(tmp_path, env, 3, *arguments)
    submitted = dict(query(tmp_path, "SELECT slot, job_id FROM api_logs WHERE state = 'submitted'"))
    assert len(submitted) == len(ark.jobs) == 3
    ark.held = False

    made = clash(tmp_path, "resume", "k", "--json", env=env)
    assert made.code == 0, made.err
    assert inspect_film(tmp_path / made.document["film"]["path"]).frames >= 3 * 8
    jobs = dict(query(tmp_path, "SELECT slot, job_id FROM api_logs WHERE state = 'succeeded' AND job_id IS NOT NULL"))
    assert jobs == submitted
    asked = [request for vendor in vendors for request in vendor.requests if request.startswith("POST")]
    (bought,) = query(tmp_path, "SELECT count(*) FROM api_logs WHERE service IN ('ark', 'minimax')")[0]
    assert len(asked) == len(ark.journal) + len(minimax.journal) == bought

    cost = clash(tmp_path, "cost", "k", "--json", env=env).document
    charged = ark.charged + minimax.charged
    assert Decimal(cost["total_usd"]) == pytest.approx(charged, abs=Decimal("0.00002"))
    assert Decimal(estimate.document["total_usd"]) >= Decimal(cost["total_usd"])
    written = (tmp_path / "data" / "checkpoints.db").read_bytes().decode("latin-1")
    assert all(KEY not in text for text in (made.out, made.err, written))


def kill_when_submitted(folder: Path, env: dict[str, str], count: int, *arguments: str) -> None:
    """Start clash, and kill it once so many jobs are submitted and nothing else is on its way."""
    settled = (
        f"SELECT 1 WHERE (SELECT count(*) FROM api_logs WHERE state = 'submitted') = {count}"
        " AND NOT EXISTS (SELECT 1 FROM api_logs WHERE state = 'intent')"
    )
    child = forked(folder, *arguments, env=env)
    deadline = time.monotonic() + _PATIENCE_S
    try:
        while not (has_calls(folder) and query(folder, settled)):
            assert child.poll() is None, "the run ended before it could be killed"
            assert time.monotonic() < deadline, "the moment never came"
            time.sleep(0.05)
    finally:
        child.kill()
        child.communicate()


def has_calls(folder: Path) -> bool:
    """Whether the database is there, with its tables."""
    there = (folder / "data" / "checkpoints.db").exists()
    return there and bool(query(folder, "SELECT 1 FROM sqlite_master WHERE name = 'api_logs'"))
