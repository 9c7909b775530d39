"""`python -m tests.torture`: the long torture. At least 300 SIGKILLs over at least 30 runs of 40 calls; its figures.

    python -m tests.torture [--runs 30] [--kills 300] [--calls 40] [--seed N] [--jobs N] [--d1]
                            [--lease 1] [--stop-seconds 1.5] [--only KIND ...]

Processes are also disturbed: answers are cut, disks fill up, processes are stopped for longer than their lease,
databases are replaced, and D1 is out (`runs.py`). The seed decides what is drawn; to repeat a run, give it again.

With `--d1` the runs are kept on Cloudflare's own D1 engine, each in a database of its own.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
sys.path.insert(0, str(Path(__file__).parent.parent / "plugins"))

from d1_engine import D1Engine

from .disturbance import counts
from .runs import NAMES, Plan, disturbed_run
from .trial import Trial

KINDS = ("metered", "oneshot", "queued")


def arguments() -> argparse.Namespace:
    """How much, and of what."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture")
    parser.add_argument("--runs", type=int, default=30)
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--calls", type=int, default=40)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--d1", action="store_true", help="on Cloudflare's own D1 engine")
    parser.add_argument("--lease", type=float, default=1.0, help="seconds of the lease of a process that is stopped")
    parser.add_argument("--stop-seconds", type=float, help="how long it is stopped (default: 1.5 times its lease)")
    parser.add_argument("--only", nargs="*", choices=NAMES, help="only these disturbances; without a name: none")
    return parser.parse_args()


def main() -> int:
    """Torture, print, and say by the exit code whether every promise was kept."""
    chosen = arguments()
    print(f"seed {chosen.seed}", flush=True)
    began, trials = time.monotonic(), list[Trial]()
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="clash-torture-"))
        engine = stack.enter_context(D1Engine.start()) if chosen.d1 else None
        os.environ.update(engine.environment if engine else {})
        pool = stack.enter_context(ThreadPoolExecutor(chosen.jobs))
        while len(trials) < chosen.runs or sum(trial.kills for trial in trials) < chosen.kills:
            numbers = range(len(trials), len(trials) + max(3, chosen.jobs))
            trials += pool.map(partial(_trial, Path(folder), chosen, engine), numbers)
        _print_figures(trials)
        _print_disturbances(trials)
        print(f"{time.monotonic() - began:.0f} s")
    return 1 if any(trial.faults or trial.twice or trial.lost for trial in trials) else 0


def _trial(folder: Path, chosen: argparse.Namespace, engine: D1Engine | None, number: int) -> Trial:
    # A little more than its share, for some runs are made before they could be killed so often.
    kills = -(-chosen.kills // chosen.runs) + 2
    stop_s = chosen.stop_seconds or 1.5 * chosen.lease
    seed, kind = f"{chosen.seed}/{number}", KINDS[number % len(KINDS)]
    plan = Plan(seed, chosen.calls, lease_s=chosen.lease, stop_s=stop_s, engine=engine)
    with disturbed_run(plan, folder / str(number), kind) as trial:
        if chosen.only is not None:
            trial.disturbances = [one for one in trial.disturbances if one.name in chosen.only]
        trial.run(kills)
    state = "kept" if not (trial.faults or trial.twice or trial.lost) else "BROKEN"
    happened = ", ".join(f"{count} {name}" for name, count in counts(trial.disturbances).items() if count)
    print(
        f"run {number:3d} {trial.kind:8s} {trial.kills:3d} kills, {trial.processes:3d} processes: {state} ({happened})",
        flush=True,
    )
    for fault in (*trial.faults, *trial.twice, *trial.lost):
        print(f"    {fault}", flush=True)
    return trial


def _print_figures(trials: Sequence[Trial]) -> None:
    print(f"\n{'':10s}{'runs':>6s}{'calls':>7s}{'kills':>7s}{'early':>7s}{'charges':>9s}{'asked':>7s}", end="")
    print(f"{'twice':>7s}{'lost':>6s}{'faults':>8s}{'tables':>12s}{'meter':>12s}{'unknown':>12s}")
    for kind in (*KINDS, "all"):
        chosen = [trial for trial in trials if kind in (trial.kind, "all")]
        books = [trial.books() for trial in chosen]
        unknown = sum(len(book.charges_of_unknown()) for book in books)
        charges = sum(len(book.charges) for book in books)
        print(
            f"{kind:10s}{len(chosen):6d}{sum(t.count for t in chosen):7d}{sum(t.kills for t in chosen):7d}"
            f"{sum(t.kills_before_ready for t in chosen):7d}{charges:9d}{sum(t.asked_about for t in chosen):7d}"
            f"{sum(len(t.twice) for t in chosen):7d}{sum(len(t.lost) for t in chosen):6d}"
            f"{sum(len(t.faults) for t in chosen):8d}"
            f"{sum(book.spent for book in books) / 1e6:12.6f}{(charges - unknown) / 100:12.6f}{unknown / 100:12.6f}"
        )
    print("early: killed before the first call. asked: unknown calls that a person consented to make again.")
    print("twice: charged again without consent. lost: results lost after their receipt. Sums in dollars.")


def _print_disturbances(trials: Sequence[Trial]) -> None:
    print(f"\n{'':10s}" + "".join(f"{name:>20s}" for name in NAMES))
    for kind in (*KINDS, "all"):
        chosen = [counts(trial.disturbances) for trial in trials if kind in (trial.kind, "all")]
        print(f"{kind:10s}" + "".join(f"{sum(one[name] for one in chosen):20d}" for name in NAMES))


if __name__ == "__main__":
    sys.exit(main())
