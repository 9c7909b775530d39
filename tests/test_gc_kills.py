"""`clash gc` killed anywhere, beside runs and processes that name what it deletes: nothing named is missing.

`CLASH_TEST_SWEEPS=50 python -m pytest -s tests/test_gc_kills.py` kills it so often on each database.
"""

from __future__ import annotations

import os
import random
import sys
from pathlib import Path

import pytest
from conftest import on_both_databases
from torture.sweeps import POINTS, Sweeps, deaths

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is a POSIX thing")

KILLS = int(os.environ.get("CLASH_TEST_SWEEPS", len(POINTS) + 1))


@on_both_databases
def test_a_sweep_killed_anywhere_loses_nothing(tmp_path: Path, database_url: str) -> None:
    """Every file that is named is there after each kill; afterwards runs resume, fork and take, and no sum differs."""
    (tmp_path / "data").mkdir()
    moments = random.Random(int(os.environ.get("CLASH_TEST_SEED", "17")))
    sweeps = Sweeps(tmp_path, database_url, moments)
    sweeps.film(shots=1)
    for number, death in enumerate(deaths(moments, KILLS)):
        if number % 10 == 9:
            sweeps.killed_beside_a_run(death)
        else:
            sweeps.killed(death)
    sweeps.end()
    print(f"{sweeps.kills} of {sweeps.sweeps} sweeps died before their end, {sweeps.named} files named beside them")
    assert sweeps.faults == []
    assert sweeps.kills >= len(POINTS)
    assert sweeps.named > 0
