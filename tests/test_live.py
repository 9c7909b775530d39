"""The one test that spends real money, and only when it is asked for: `pytest -m live -s`, with real keys set.

    OPENAI_API_KEY=... FAL_KEY=... python -m pytest -m live -s

It says what it will spend, some thirty cents, before it spends it, and refuses to pass fifty.
"""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path

import pytest
from filming import clash, environment, shot_list

from clash.film.inspection import inspect_film

MOST = Decimal("0.50")
MODELS = (
    "--screenplay-model",
    "openai:gpt-5-mini",
    "--image-model",
    "fal:fal-ai/flux-2/turbo",
    "--video-model",
    "fal:fal-ai/ltx-2/image-to-video/fast",
    "--speech-model",
    "fal:fal-ai/kokoro",
)
KEYS = ("OPENAI_API_KEY", "FAL_KEY")


@pytest.mark.live
def test_one_shot_of_real_models(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One shot with one line, through text, pictures, a clip and a voice: a film that can be played, within budget."""
    if os.environ.get("CI") == "true":
        pytest.skip("no money is spent in CI")
    if missing := [key for key in KEYS if not os.environ.get(key)]:
        pytest.skip(f"set {' and '.join(missing)} to spend up to ${MOST} of real money")
    story = shot_list(tmp_path / "story.csv", 1, seconds=4, words=True)
    # Only what keys and addresses say is taken from here; a preset or a budget of this machine is not.
    env = environment()
    arguments = ("run", str(story), *MODELS, "--size", "640x360", "--thread", "live")
    estimate = clash(tmp_path, *arguments, "--dry-run", "--json", env=env)
    assert estimate.code == 0, estimate.err
    total = Decimal(estimate.document["total_usd"])
    with capsys.disabled():
        print(f"\nthis test will spend about ${total} of real money (at most ${MOST})")
    assert 0 < total < MOST
    ended = clash(tmp_path, *arguments, "--budget", str(MOST), "--json", env=env)
    assert ended.code == 0, ended.err
    assert inspect_film(tmp_path / ended.document["film"]["path"]).frames >= 4 * 24
    spent = Decimal(ended.document["cost"]["total_usd"])
    with capsys.disabled():
        print(f"it spent ${spent}")
    assert 0 < spent <= MOST


def test_what_the_live_test_would_spend_is_below_its_limit(tmp_path: Path) -> None:
    """Its estimate, without a key and without asking anybody."""
    story = shot_list(tmp_path / "story.csv", 1, seconds=4, words=True)
    env = environment(OPENAI_API_KEY="", FAL_KEY="")
    estimate = clash(tmp_path, "run", str(story), *MODELS, "--size", "640x360", "--dry-run", "--json", env=env)
    assert estimate.code == 0, estimate.err
    assert Decimal("0.2") < Decimal(estimate.document["total_usd"]) < MOST
