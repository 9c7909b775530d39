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
