"""A shot list of 120 rows against one of 40: what a shot costs in database, memory and time stays the same."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from filming import command, environment, shot_list
from measuring import used_by

TINY = ("--size", "128x72", "--fps", "8")


@dataclass(frozen=True)
class Measured:
    """What a run of `shots` shots took."""

    shots: int
    database_bytes: int
    peak_bytes: int
    seconds: float
    """Of CPU."""


def measure(folder: Path, shots: int) -> Measured:
    """Run a shot list to its end in a child process of its own."""
    folder.mkdir()
    shot_list(folder / "story.csv", shots)
    used = used_by(command("run", "story.csv", "--thread", "g", *TINY, "--json"), folder, environment())
    assert used.code == 0
    size = sum(path.stat().st_size for path in (folder / "data").glob("checkpoints.db*"))
    return Measured(shots, size, used.peak_bytes, used.seconds)


@pytest.mark.skipif(sys.platform == "win32", reason="peak memory is read the POSIX way")
def test_three_times_the_shots_cost_three_times_as_much(tmp_path: Path) -> None:
    """Database growth a shot within 1.3 times, memory within 1.5; CPU time grows linearly."""
    base, few, many = (measure(tmp_path / str(shots), shots) for shots in (1, 40, 120))
    growth = [(m.database_bytes - base.database_bytes) / (m.shots - 1) for m in (few, many)]
    seconds = [(m.seconds - base.seconds) / (m.shots - 1) for m in (few, many)]
    memory = many.peak_bytes / few.peak_bytes
    print(f"\ndatabase a shot: {growth[0]:.0f} and {growth[1]:.0f} bytes, ratio {growth[1] / growth[0]:.2f}")
    print(f"peak memory: {few.peak_bytes >> 20} and {many.peak_bytes >> 20} MB, ratio {memory:.2f}")
    print(f"CPU seconds a shot: {seconds[0]:.3f} and {seconds[1]:.3f}, ratio {seconds[1] / seconds[0]:.2f}")
    assert growth[1] <= 1.3 * growth[0]
    assert memory <= 1.5
    assert seconds[1] <= 1.3 * seconds[0]
