"""How long a step still takes, as it is told: by kind of call, and by how many are made side by side."""

from __future__ import annotations

from pathlib import Path

import pytest
from simulated import PacedProvider, simulate
from telling_time import told_of_shots

from clash.calls.in_flight import CallTimes
from clash.production.time_left import seconds_left
from clash.providers.ports import Kind

SHOTS = 20
SECONDS: dict[Kind, float] = {"image": 10.0, "video": 30.0, "speech": 5.0}


@pytest.mark.parametrize("at_once", [1, 2, 4])
def test_the_time_left_is_told_within_30_percent(tmp_path: Path, at_once: int) -> None:
    """From the first finished shot on, a tenth to a fifth of the step, and to within one call at its end."""
    told, end = simulate(told_of_shots(tmp_path, PacedProvider(SECONDS, at_once), SHOTS))
    estimates = [(at, remaining) for at, remaining in told if remaining is not None]
    assert len(estimates) == SHOTS
    assert estimates[0][0] <= 2 * at_once / SHOTS * end
    assert estimates[-1][1] == 0
    for at, remaining in estimates[:-1]:
        assert remaining == pytest.approx(end - at, rel=0.3, abs=max(SECONDS.values())), (at, end)
    for at, remaining in estimates[: SHOTS // 2]:
        assert remaining == pytest.approx(end - at, rel=0.3), (at, end)


@pytest.mark.parametrize(
    ("left", "times", "seconds"),
    [
        ({}, CallTimes(), 0.0),
        ({"image": 3}, CallTimes(), None),
        # A kind of which none has ended may take any time.
        ({"image": 3, "video": 3}, CallTimes({"image": (1, 2.0)}, {}, 2.0), None),
        # Ten calls of two seconds, one at a time.
        ({"image": 10}, CallTimes({"image": (5, 10.0)}, {}, 10.0), 20.0),
        # The same, five at a time.
        ({"image": 10}, CallTimes({"image": (5, 10.0)}, {}, 2.0), 4.0),
        # The last one is half made.
        ({"video": 1}, CallTimes({"video": (9, 90.0)}, {"video": (5.0,)}, 23.75), 5.0),
        # One that takes longer than usual ends at any moment.
        ({"video": 1}, CallTimes({"video": (9, 90.0)}, {"video": (25.0,)}, 115.0), 0.0),
        # A clip that was not begun comes after the last picture, however many are made at once.
        ({"image": 1, "video": 1}, CallTimes({"image": (9, 90.0), "video": (9, 90.0)}, {"image": (4.0,)}, 9.0), 16.0),
        # Seventeen in sixteen places: the last one begins when the first ends.
        ({"video": 17}, CallTimes({"video": (16, 160.0)}, {}, 10.0), 20.0),
        # The clip of the last shot begins when the others end: until then its picture has found no place.
        (
            {"image": 1, "video": 3},
            CallTimes({"image": (9, 45.0), "video": (6, 60.0)}, {"video": (0.0, 0.0)}, 52.5),
            25.0,
        ),
        # However many are made at once, none is shorter for it.
        ({"video": 2}, CallTimes({"video": (9, 90.0)}, {}, 10.0), 10.0),
    ],
)
def test_the_seconds_left_of_calls(left: dict[Kind, int], times: CallTimes, seconds: float | None) -> None:
    """What is left of each kind, at its own pace, shared among those made side by side."""
    assert seconds_left(left, times) == (seconds if seconds is None else pytest.approx(seconds))
