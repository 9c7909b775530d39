"""`python -m tests.many_machines`: a batch that many processes make, and what it proves and measures.

    python -m tests.many_machines [--stories 200] [--where sqlite|d1] [--executor plain|dask] [--processes 3]
                                  [--kills 12] [--call-seconds 2] [--slots 4] [--part N] [--seed N] [--no-networks]

With `plain`, so many processes run the same command; with `dask`, four workers do what one client hands out, each in a
network of its own if this is root on Linux. The kills are spread over the batch. Prints what was found, the requests to
D1 and to the bucket, and the throughput against the ideal: the sum of the call times, divided by the slots.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
sys.path.insert(0, str(Path(__file__).parent.parent / "plugins"))

from .audit import audit
from .batches import CALLS_PER_STORY, Crowd, make_with_processes, write_stories
from .cluster import BRIDGE, a_cluster, make_on_cluster, network_of_its_own
from .farm import farm

_APART = "MANY_MACHINES_APART"


def arguments() -> argparse.Namespace:
    """How much, and where."""
    parser = argparse.ArgumentParser(prog="python -m tests.many_machines")
    parser.add_argument("--stories", type=int, default=200)
    parser.add_argument("--where", choices=("sqlite", "d1"), default="sqlite")
    parser.add_argument("--executor", choices=("plain", "dask"), default="plain")
    parser.add_argument("--processes", type=int, default=0, help="default: 3 plain ones, or 4 workers")
    parser.add_argument("--kills", type=int, default=12)
    parser.add_argument("--call-seconds", type=float, default=2.0)
    parser.add_argument("--slots", type=int, default=4, help="calls at once in each process")
    parser.add_argument("--jobs", type=int, default=6, help="runs at once in each process")
    parser.add_argument("--part", type=int, default=0, help="CLASH_D1_REQUESTS of each process")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--limit", type=float, default=3600.0, help="seconds")
    parser.add_argument("--no-networks", action="store_true", help="workers share this machine's network")
    return parser.parse_args()


def main() -> int:
    """Make the batch, print the figures, and say by the exit code whether every promise was kept."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # or the processes would outlive us
    chosen = arguments()
    if chosen.executor == "dask" and not chosen.no_networks and _APART not in os.environ:
        _enter_a_network()
    processes = chosen.processes or (3 if chosen.executor == "plain" else 4)
    apart = os.environ.get(_APART) == "1" and network_of_its_own()
    host = BRIDGE if apart else "127.0.0.1"
    moments = random.Random(chosen.seed)
    print(f"seed {chosen.seed}, {processes} processes, networks of their own: {apart}", flush=True)
    with tempfile.TemporaryDirectory(prefix="clash-machines-") as folder:
        threads = write_stories(Path(folder) / "stories", chosen.stories)
        with farm(Path(folder), where=chosen.where, call_s=chosen.call_seconds, host=host) as kept:
            if chosen.part:
                kept.env["CLASH_D1_REQUESTS"] = str(chosen.part)
            crowd = Crowd(kept, moments, len(threads) * CALLS_PER_STORY)
            slots = processes * chosen.slots
            ideal_s = len(threads) * CALLS_PER_STORY * chosen.call_seconds / slots
            options = ("--concurrency", str(chosen.slots))
            began = time.monotonic()
            killed: object = None
            if chosen.executor == "plain":
                make_with_processes(
                    crowd,
                    (*options, "--jobs", str(chosen.jobs)),
                    processes=processes,
                    kills=chosen.kills,
                    limit_s=chosen.limit,
                )
            else:
                with a_cluster(crowd, host=host, workers=processes, threads=chosen.jobs, apart=apart) as cluster:
                    kinds = ["worker", "client", "worker", "scheduler"]
                    strikes = [kinds[number % len(kinds)] for number in range(chosen.kills)]
                    make_on_cluster(cluster, options, strikes=strikes, limit_s=chosen.limit)
                    killed = cluster.killed
            took_s = time.monotonic() - began
            requests = dict(kept.requests)
            found = audit(kept, threads)
    faults = [*crowd.faults, *found.faults]
    figures = {
        "stories": chosen.stories,
        "where": chosen.where,
        "executor": chosen.executor,
        "completed": found.completed,
        "charges": found.charges,
        "charged_twice": found.twice,
        "left": found.left,
        "kills": killed or crowd.kills,
        "starts": crowd.starts,
        "seconds": round(took_s, 1),
        "ideal_seconds": round(ideal_s, 1),
        "throughput": round(ideal_s / took_s, 3),
        "requests": requests,
    }
    print(json.dumps(figures, indent=2))
    for fault in faults[:20]:
        print(f"FAULT {fault}")
    return 1 if faults else 0


def _enter_a_network() -> None:
    """Begin again in a network of its own, if this process may; its end takes everything in it away."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return
    argv = ["unshare", "--net", "--mount", sys.executable, "-m", "tests.many_machines", *sys.argv[1:]]
    try:
        os.execvpe(argv[0], argv, {**os.environ, _APART: "1"})  # noqa: S606
    except FileNotFoundError:
        return


if __name__ == "__main__":
    sys.exit(main())
