"""What must be true of a batch that was made: each film once, no call charged twice, nothing left, the sums equal."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from filming import rows_of

from .batches import CALLS_PER_STORY
from .farm import PRICE_MICRO, Farm


@dataclass(frozen=True)
class Audit:
    """The findings. `faults`: promises that were broken; `charges`: what the meter took money for."""

    completed: int
    charges: int
    twice: int
    left: int
    faults: list[str] = field(default_factory=list[str])


def audit(farm: Farm, threads: list[str]) -> Audit:
    """Compare the tables of clash with the meter, which is outside of them."""
    runs = rows_of(farm.url, "SELECT run_id, status, spent_micro, reserved_micro FROM workflow_executions")
    calls = rows_of(
        farm.url, f"SELECT run_id, slot, state, token, cost_micro FROM api_logs WHERE service = '{SERVICE}'"
    )
    films = Counter(
        run for (run,) in rows_of(farm.url, "SELECT run_id FROM generated_assets WHERE asset_type = 'film'")
    )
    lines = farm.meter.read_text(encoding="utf-8").splitlines() if farm.meter.exists() else []
    charged = Counter(line.split()[1] for line in lines if line.startswith("charge "))
    by_token = {token: (run, slot) for run, slot, _, token, _ in calls}
    faults: list[str] = []
    faults += [f"the run {run} is not of the batch" for run, *_ in runs if run not in threads]
    faults += [f"the run {run} is {status}" for run, status, *_ in runs if status != "completed"]
    faults += [f"the run {thread} is missing" for thread in set(threads) - {run for run, *_ in runs}]
    faults += [f"{run} still reserves {reserved}" for run, _, _, reserved in runs if reserved]
    faults += [f"the charge {key} is in no row" for key in charged if key not in by_token]
    faults += [f"the film of {thread} was made {films[thread]} times" for thread in threads if films[thread] != 1]
    slots = Counter[tuple[str, str]]()
    for key, times in charged.items():
        slots[by_token.get(key, ("", key))] += times
    twice = [slot for slot, times in slots.items() if times > 1]
    faults += [f"{slot} was charged {slots[slot]} times" for slot in twice]
    left = [row for row in calls if row[2] in ("intent", "submitted", "unknown")]
    faults += [f"{run} {slot} is {state}" for run, slot, state, *_ in left]
    expected = len(threads) * CALLS_PER_STORY
    if sum(charged.values()) != expected:
        faults.append(f"{sum(charged.values())} charges, and {expected} calls are needed")
    spent = sum(run[2] for run in runs)
    if spent != PRICE_MICRO * sum(charged.values()):
        faults.append(f"the runs say {spent} micro-dollars, the meter {PRICE_MICRO * sum(charged.values())}")
    faults += _of_the_batch(farm, spent)
    completed = sum(1 for _, status, *_ in runs if status == "completed")
    return Audit(completed, sum(charged.values()), len(twice), len(left) + len(threads) - completed, faults)


def _of_the_batch(farm: Farm, spent: int) -> list[str]:
    """Compare the batch's own sums with those of its runs."""
    sums = rows_of(farm.url, "SELECT spent_micro, reserved_micro FROM batches")
    return [] if sums == [(spent, 0)] else [f"the batch says {sums}, its runs {spent}"]


SERVICE = "metered"
