"""`python -m tests.edits`: films that are changed at random while every command is killed; the figures.

    python -m tests.edits [--kills 200] [--changes 8] [--seed N] [--d1] [--kind metered|oneshot|queued ...]

Each film has a twin that is changed alike and left alone. After each change of a film both must have selected the same
takes with the same files, have cut the same film, and have been charged the same, apart from unknown calls that were
made again with `--retry-unknown`. Half of the processes are killed at a fault point, half at a random moment. The seed
decides what is drawn; moments depend on the machine, too.

With `--d1` the films are kept on Cloudflare's own D1 engine, and their twins on SQLite.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
sys.path.insert(0, str(Path(__file__).parent.parent / "plugins"))

from d1_engine import D1Engine

from .changes import Change, Changes
from .film import Broken, EditedFilm, Kill, compared, spared

KINDS = ("metered", "oneshot", "queued")
_MOST_KILLS = 3
"""Of one change."""
_OF_CALLS = ("intent.after", "answer.after", "content.after", "receipt.after", "settle.after", "intent.before")
_OF_JOBS = ("submit.after", "ticket.after", "job.after")
_OF_STEPS = ("writes.after", "checkpoint.after", "publish.before", "publish.after")
_OF_DECISIONS = ("decisions.before", "decisions.after", "decisions.applied", "cut.after")
_OF_FORKS = ("fork.before", "fork.after", "kept.before", "kept.after")
POINTS = {
    "run": _OF_CALLS + _OF_STEPS,
    "retake": _OF_CALLS + _OF_STEPS + _OF_DECISIONS,
    "takes": (*_OF_STEPS, *_OF_DECISIONS),
    "review": ("decisions.before", "decisions.after"),
    "resume": _OF_CALLS + _OF_STEPS + ("decisions.applied", "cut.after"),
    "fork": _OF_CALLS + _OF_STEPS + _OF_FORKS,
}
"""The fault points that each command may pass."""


@dataclass
class Moments:
    """Draws how processes of a film are killed. `calm`: its twin, whose commands show how long they take."""

    chance: random.Random
    film: EditedFilm
    calm: EditedFilm
    _before: int = 0

    def begin(self) -> None:
        """Begin another change: at most three of its processes are killed."""
        self._before = self.film.kills.total()

    def __call__(self, command: str) -> Kill | None:
        """How the next process of a command is killed, if it is."""
        if self.film.kills.total() - self._before >= _MOST_KILLS or self.chance.random() < 0.1:
            return None
        if self.chance.random() < 0.5:
            return self.chance.uniform(0.05, 0.95) * self.calm.took.get(command, 1.0)
        points = POINTS[command] + (_OF_JOBS if self.film.kind == "queued" else ())
        return f"{self.chance.choice(points)}:{self.chance.choice((1, 1, 1, 2, 3))}"


@dataclass
class Figures:
    """What happened to films of one kind of provider."""

    films: int = 0
    changes: Counter[str] = field(default_factory=Counter[str])
    kills: Counter[str] = field(default_factory=Counter[str])
    charges: int = 0
    consented: int = 0
    unknown: int = 0
    tables: int = 0
    faults: list[str] = field(default_factory=list[str])


def arguments() -> argparse.Namespace:
    """How much, and of what."""
    parser = argparse.ArgumentParser(prog="python -m tests.edits")
    parser.add_argument("--kills", type=int, default=200, help="of processes that were there to be killed")
    parser.add_argument("--changes", type=int, default=8, help="of each film")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--d1", action="store_true", help="on Cloudflare's own D1 engine")
    parser.add_argument("--kind", nargs="*", choices=KINDS, default=KINDS, help="of providers")
    return parser.parse_args()


def main() -> int:
    """Change, kill, compare, print, and say by the exit code whether every promise was kept."""
    chosen = arguments()
    print(f"seed {chosen.seed}", flush=True)
    began, figures, number = time.monotonic(), {kind: Figures() for kind in chosen.kind}, 0
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="clash-edits-")))
        engine = stack.enter_context(D1Engine.start()) if chosen.d1 else None
        os.environ.update(engine.environment if engine else {})
        while sum(one.kills.total() for one in figures.values()) < chosen.kills:
            kind = chosen.kind[number % len(chosen.kind)]
            _film(folder / str(number), kind, f"{chosen.seed}/{number}", chosen.changes, engine, figures[kind])
            number += 1
    _print_figures(figures)
    print(f"{time.monotonic() - began:.0f} s")
    return 1 if any(one.faults for one in figures.values()) else 0


def _film(folder: Path, kind: str, seed: str, count: int, engine: D1Engine | None, figures: Figures) -> None:
    """Make a film and its twin, change both, kill the one, compare, and count."""
    calm, url = EditedFilm(folder / "calm", kind), ""
    if engine is not None:
        name = f"edits-{seed.replace('/', '-')}"
        engine.make_database(name)
        url = f"d1://{name}"
    film = EditedFilm(folder / "film", kind, url, engine.environment if engine else {})
    moments, changes = Moments(random.Random(f"{seed}/moments"), film, calm), Changes(random.Random(seed))
    last, began = "the first film", time.monotonic()
    try:
        calm.make()
        film.make(moments)
        for _ in range(count):
            change = changes.next(calm)
            last = repr(change)
            figures.changes[change.name] += 1
            _change(change, film, calm, moments)
    except Broken as error:
        figures.faults.append(f"film {seed}, {last}: {error}")
        print(f"BROKEN {figures.faults[-1]}", flush=True)
    figures.films += 1
    figures.kills += film.kills
    charges = film.charges()
    figures.charges += len(charges.made)
    figures.consented += charges.consented()
    figures.unknown += len(charges.unknown)
    figures.tables += charges.spent
    took = time.monotonic() - began
    print(f"film {seed} {kind:8s} {film.kills.total():3d} kills, {count} changes, {took:.0f} s", flush=True)
    shutil.rmtree(folder)


def _change(change: Change, film: EditedFilm, calm: EditedFilm, moments: Moments) -> None:
    moments.begin()
    change.make(calm, spared)
    change.make(film, moments)
    faults = compared(film, calm, film.check(), calm.check())
    if faults:
        raise Broken("; ".join(faults))


def _print_figures(figures: Mapping[str, Figures]) -> None:
    print(f"\n{'':10s}{'films':>6s}{'changes':>9s}{'kills':>7s}{'charges':>9s}{'asked':>7s}{'faults':>8s}", end="")
    print(f"{'tables':>12s}{'meter':>12s}{'unknown':>12s}")
    for kind, one in figures.items():
        print(
            f"{kind:10s}{one.films:6d}{one.changes.total():9d}{one.kills.total():7d}{one.charges:9d}{one.unknown:7d}"
            f"{len(one.faults):8d}{one.tables / 1e6:12.6f}{(one.charges - one.consented) / 100:12.6f}"
            f"{one.consented / 100:12.6f}"
        )
    for name, counted in (
        ("changes", [one.changes for one in figures.values()]),
        ("kills", [one.kills for one in figures.values()]),
    ):
        total = sum(counted, Counter[str]())
        print(f"{name}: " + ", ".join(f"{count} {what}" for what, count in sorted(total.items())))
    print("asked: unknown calls that a person consented to make again. Sums in dollars.")


if __name__ == "__main__":
    sys.exit(main())
