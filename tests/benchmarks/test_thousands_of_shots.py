"""A film of thousands of shots from a provider that answers at once: to its end, killed half way, resumed and listed.

`CLASH_BENCHMARK_SHOTS=5000 python -m pytest tests/benchmarks/test_thousands_of_shots.py -s` is the whole of it (four
CPU minutes at least); without the variable it is 200 shots against 50. Peak memory, CPU time and bytes of database per
shot are of both parts of the run together; what the program itself takes is measured at a few shots and taken off.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from filming import clash, command, environment, query, shot_list
from measuring import used_by

STOCK = ("--image-model", "stock:illustrator", "--video-model", "stock:cinematographer")
TINY = ("--size", "128x72", "--fps", "8")
BASE = 5
SHOTS = int(os.environ.get("CLASH_BENCHMARK_SHOTS", "200"))
PART = SHOTS // 10 if SHOTS >= 1000 else SHOTS // 4
MOST_BYTES = 500 << 20
MOST_CPU, MOST_DATABASE = 1.5, 1.1 if SHOTS >= 1000 else 1.4
"""A shot of the long film against one of the short one. The pages of a small database are not full."""


@dataclass(frozen=True)
class Measured:
    """What a run of `shots` shots took."""

    shots: int
    seconds: float
    """Of CPU."""
    peak_bytes: int
    database_bytes: int
    processes: int

    def per_shot(self, base: Measured) -> tuple[float, float]:
        """Return the seconds and the bytes of database of a shot."""
        shots, seconds = self.shots - base.shots, self.seconds - self.processes * base.seconds
        return seconds / shots, (self.database_bytes - base.database_bytes) / shots


def measured(folder: Path, shots: int, *, killed_at: int | None = None) -> Measured:
    """Run a shot list to its end; `killed_at`: the process is killed when it has made so many, and resumed."""
    folder.mkdir()
    shot_list(folder / "story.csv", shots)
    run = ("run", "story.csv", "--thread", "many", *STOCK, *TINY)
    parts = [_ended(folder, *run, killed_at=killed_at)]
    if killed_at is not None:
        parts.append(_ended(folder, "resume", "many", killed_at=None))
    size = sum(path.stat().st_size for path in (folder / "data").glob("checkpoints.db*"))
    return Measured(shots, sum(seconds for seconds, _ in parts), max(peak for _, peak in parts), size, len(parts))


def _ended(folder: Path, *arguments: str, killed_at: int | None) -> tuple[float, int]:
    """Run a command to its end, or kill it; its CPU seconds, and its largest memory in bytes."""
    made = None if killed_at is None else f"generate_shots: {killed_at}/"
    used = used_by(command(*arguments), folder, environment(), killed_at=made)
    assert used.code == (0 if killed_at is None else -9)
    return used.seconds, used.peak_bytes


def listed(folder: Path, shots: int) -> Mapping[str, int]:
    """Ask all commands that list the run, for people and for programs; the lines that people get."""
    documents = {name: clash(folder, *name.split(), "many", "--json").document for name in LISTS}
    assert len(documents["runs show"]["calls"]) > 2 * shots
    assert len(documents["assets ls"]["items"]) > 2 * shots
    assert documents["checkpoints ls"]["items"]
    assert documents["cost"]["total_usd"] == "0.000000"
    lines: dict[str, int] = {}
    for name in LISTS:
        shown = clash(folder, *name.split(), "many")
        assert shown.code == 0, shown.err
        lines[name] = len(shown.out.splitlines())
    return lines


LISTS = ("runs show", "checkpoints ls", "cost", "assets ls")


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL and peak memory are POSIX things")
def test_thousands_of_shots_are_killed_resumed_listed(tmp_path: Path) -> None:
    """CPU and database grow by the same with each shot, memory stays below 500 MB, and no shot is made twice."""
    base, part = measured(tmp_path / "base", BASE), measured(tmp_path / "part", PART)
    whole = measured(tmp_path / "whole", SHOTS, killed_at=SHOTS // 2)
    (part_s, part_bytes), (whole_s, whole_bytes) = part.per_shot(base), whole.per_shot(base)
    lines = listed(tmp_path / "whole", SHOTS)
    print(
        f"\n{SHOTS} shots, killed at {SHOTS // 2} and resumed, against {PART}: {whole.seconds:.1f} CPU s;"
        f" a shot {1000 * whole_s:.1f} and {1000 * part_s:.1f} ms, ratio {whole_s / part_s:.2f};"
        f" database {whole_bytes:.0f} and {part_bytes:.0f} bytes, ratio {whole_bytes / part_bytes:.2f};"
        f" peak {whole.peak_bytes >> 20} and {part.peak_bytes >> 20} MB; lines {lines}"
    )
    made = "SELECT max(n), count(*) FROM (SELECT count(*) AS n FROM api_logs WHERE state = 'succeeded' GROUP BY slot)"
    assert query(tmp_path / "whole", made)[0][0] == 1
    assert whole_s <= MOST_CPU * part_s
    assert whole_bytes <= MOST_DATABASE * part_bytes
    assert whole.peak_bytes <= MOST_BYTES
