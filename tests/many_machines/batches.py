"""The stories of a batch, and the processes that make it: started, killed at random, started again until it is made."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from forks import Fork

from .farm import Farm

NAME = "proof"
SHOTS = 3
CALLS_PER_STORY = 2 + 2 * SHOTS
"""A card of a person, one of a place, and for each shot a keyframe and a clip."""
MODELS = ("--image-model", "metered:illustrator", "--video-model", "metered:cinematographer")
TINY = ("--size", "128x72", "--fps", "8")
_PLACES = ("Harbour", "Forest", "Kitchen", "Street")
_CODES_OF_A_KILL = frozenset({0, 1, 5, -9})
"""Exit codes that a command may end with while others are killed: made, or left for the next one."""


def write_stories(folder: Path, count: int) -> list[str]:
    """Write so many stories, no two with a person, a place or a shot in common; return their thread ids."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        place = f"{_PLACES[number % len(_PLACES)]} {number}"
        lines = ["shot,shot_size,movement,location,characters,description,duration"]
        lines += [
            f"{shot},{('WS', 'MS', 'CU')[shot % 3]},static,{place},Mara{number},"
            f"Mara{number} does thing {shot} of {number}.,1.0"
            for shot in range(1, SHOTS + 1)
        ]
        (folder / f"s{number:03d}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return [f"{NAME}-s{number:03d}" for number in range(count)]


def command(*options: str) -> list[str]:
    """The command that every process runs: the same one."""
    start = (sys.executable, "-m", "clash", "batch", "stories/*.csv", "--batch", NAME)
    return [*start, *MODELS, *TINY, *options, "--json"]


@dataclass
class Crowd:
    """Processes that run one command each. `kills`: how many were killed; `faults`: how others ended badly."""

    farm: Farm
    moments: random.Random
    calls: int
    """How many calls the batch needs."""
    forks: bool = False
    """Whether processes begin with their imports behind them: for short proofs."""
    kills: int = 0
    starts: int = 0
    faults: list[str] = field(default_factory=list[str])
    _alive: dict[str, Fork | subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str, argv: Sequence[str], *, prefix: Sequence[str] = ()) -> None:
        """Start a process of this name; what it says goes to a file."""
        self.starts += 1
        if self.forks and not prefix:
            child: Fork | subprocess.Popen[bytes] = Fork(
                list(argv)[1:], env=self.farm.machine(name), cwd=self.farm.folder
            )
            self._alive[name] = child
            return
        out = self.farm.folder / f"{name}.out"
        with out.open("ab") as stream:
            child = subprocess.Popen(
                [*prefix, *argv],
                cwd=self.farm.folder,
                env=self.farm.machine(name),
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                start_new_session=True,
            )
        self._alive[name] = child

    def kill(self, name: str) -> None:
        """SIGKILL it, if it is alive."""
        child = self._alive.pop(name)
        if child.poll() is None:
            child.kill()
            child.wait(30)
            self.kills += 1

    def charges(self) -> int:
        """How many calls were charged so far."""
        meter = self.farm.meter
        return meter.read_bytes().count(b"charge ") if meter.exists() else 0

    def moments_of_kills(self, count: int) -> list[int]:
        """At how many charges the kills happen, drawn over the whole batch."""
        return sorted(self.moments.randrange(1, max(2, self.calls - 1)) for _ in range(count))

    def ended(self, name: str) -> int | None:
        """The exit code of a process, or None while it lives."""
        return self._alive[name].poll()

    def end_all(self) -> None:
        """End those that are left."""
        for child in self._alive.values():
            child.kill()
            child.wait(30)
        self._alive.clear()

    def words(self, name: str) -> str:
        """The last that a process said."""
        child = self._alive.get(name)
        if isinstance(child, Fork):
            child.kill()
            return " ".join(child.communicate())[-2000:]
        return (self.farm.folder / f"{name}.out").read_text(encoding="utf-8", errors="replace")[-2000:]


def make_with_processes(crowd: Crowd, options: Sequence[str], *, processes: int, kills: int, limit_s: float) -> None:
    """Run the same command in several processes until each has ended by itself with 0.

    So often one of them is killed, each time that the batch has come further, and started again.
    """
    names = [f"process-{number}" for number in range(processes)]
    with closing_all(crowd):
        _make(crowd, names, command(*options), kills, limit_s)


@contextmanager
def closing_all(crowd: Crowd) -> Generator[None]:
    """End all processes at the end, however it comes."""
    try:
        yield
    finally:
        crowd.end_all()


def _make(crowd: Crowd, names: Sequence[str], argv: Sequence[str], kills: int, limit_s: float) -> None:
    until = time.monotonic() + limit_s
    for name in names:
        crowd.start(name, argv)
    done: set[str] = set()
    when = crowd.moments_of_kills(kills)
    while len(done) < len(names):
        time.sleep(0.05)
        if time.monotonic() > until:
            crowd.faults.append(f"the batch was not made in {limit_s} s: {[crowd.words(name) for name in names]}")
            break
        if when and crowd.charges() >= when[0]:
            when.pop(0)
            victim = crowd.moments.choice([name for name in names if name not in done])
            crowd.kill(victim)
            crowd.start(victim, argv)
        for name in names:
            code = None if name in done else crowd.ended(name)
            if code == 0:
                done.add(name)
            elif code is not None:
                if code not in _CODES_OF_A_KILL:
                    crowd.faults.append(f"{name} ended with {code}: {crowd.words(name)}")
                crowd.start(name, argv)
