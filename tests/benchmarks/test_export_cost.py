"""What an export takes, for a film of 300 shots: without copying, and with its stems there already."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from filming import SMALL, clash, environment, shot_list

SHOTS = 300
_MOST_S = 2.0


def seconds(folder: Path, *arguments: str) -> float:
    """How long a command takes; it works."""
    started = time.perf_counter()
    ran = clash(folder, *arguments, env=environment())
    assert ran.code == 0, ran.err
    return time.perf_counter() - started


def test_timelines_of_300_shots_take_two_seconds(tmp_path: Path) -> None:
    """Every timeline and the words of 300 shots, with lines, are written in two seconds where nothing is copied."""
    shot_list(tmp_path / "story.csv", SHOTS, seconds=0.5, words=True)
    assert clash(tmp_path, "run", "story.csv", "--thread", "t", *SMALL, env=environment()).code == 0
    formats = [
        word
        for name in ("otio", "fcpxml", "premiere", "edl", "srt", "vtt", "ass", "csv")
        for word in ("--format", name)
    ]
    first = seconds(tmp_path, "export", "t", *formats, "--link")
    again = min(seconds(tmp_path, "export", "t", *formats, "--link") for _ in range(3))
    shutil.rmtree(tmp_path / "output" / "t" / "export")
    without = min(seconds(tmp_path, "export", "t", *formats, "--link", "--no-stems") for _ in range(3))
    print(f"\n{SHOTS} shots: first {first:.2f} s with stems, again {again:.2f} s, without stems {without:.2f} s")
    assert again <= _MOST_S
    assert without <= _MOST_S
