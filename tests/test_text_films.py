"""A film from each style of text server: killed once its answer is there, resumed, and nothing paid twice."""

from __future__ import annotations

import sys
from decimal import Decimal
from pathlib import Path

import pytest
from emulator.material import story_of
from filming import clash, environment
from http_vendors import served
from http_vendors.chat import STYLES, WRITER, ChatServer, Style

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is a POSIX thing")
LIGHTHOUSE = Path(__file__).parent.parent / "examples" / "lighthouse.csv"
TINY = ("--size", "64x64", "--fps", "8")


BUDGET = Decimal("0.05")


def test_answers_stop_before_the_budget_is_passed(tmp_path: Path) -> None:
    """A model that thinks until each answer is cut off is asked as often as the budget allows, and no more."""
    story = story_of(LIGHTHOUSE)
    with served(ChatServer(story, "cut", most_tokens=20)) as server:
        server.thought_tokens = 8000
        env = environment(OPENAI_API_KEY="", **server.environment)
        writer = ("--screenplay-model", f"openai:{WRITER}", "--thread", "film")
        ended = clash(tmp_path, "run", str(LIGHTHOUSE), *TINY, *writer, "--budget", str(BUDGET), env=env)
        charged, asked = server.charged, len(server.journal)
        assert (ended.code, asked) == (8, 3), ended.err
        assert charged <= BUDGET < charged * 4 / 3, "one more answer would have passed it"
        for words in (f"${charged:.4f}", f"${BUDGET:.4f}", "--budget", "--screenplay-model", "--retry-failed-paid"):
            assert words in ended.err, ended.err
        again = clash(tmp_path, "resume", "film", env=env)
        assert (again.code, len(server.journal)) == (8, asked), "it was asked again without consent"
        cost = clash(tmp_path, "cost", "film", "--json", env=env)
        assert Decimal(cost.document["total_usd"]) == charged


@pytest.mark.parametrize("style", STYLES)
def test_each_style_makes_the_film_and_is_paid_once(tmp_path: Path, style: Style) -> None:
    """Killed between the answer and its row: resumed, the film is whole, and `clash cost` is what was charged."""
    story = story_of(LIGHTHOUSE)
    with served(ChatServer(story, style)) as server:
        env = environment(OPENAI_API_KEY="", **server.environment)
        arguments = ("run", str(LIGHTHOUSE), *TINY, "--screenplay-model", f"openai:{WRITER}", "--thread", "film")
        killed = clash(tmp_path, *arguments, env={**env, "CLASH_FAULT": "receipt.after"})
        assert killed.code == -9, killed.err
        charged = server.charged
        assert charged > 0
        ended = clash(tmp_path, "resume", "film", "--json", env=env)
        assert ended.code == 0, ended.err
        assert server.charged == charged, "something was paid twice"
    assert len(ended.document["film"]["path"]) > 0
    cost = clash(tmp_path, "cost", "film", "--json", env=env)
    assert Decimal(cost.document["total_usd"]) == charged
