"""Random edits of a film, killed at random points: what is recorded equals the meter, the film holds its takes.

`EDIT_EXAMPLES` films of `EDIT_STEPS` edits each; `python -m pytest tests/test_edit_machine.py` makes a few, the figures
of docs/reliability.md come from many more.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import av
import pytest
from filming import METERED, Ran, clash, environment, metered, shot_list
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from clash import faults

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is a POSIX thing")

SHOTS = 3
TINY = ("--size", "96x64", "--fps", "8")
EXAMPLES, STEPS = int(os.environ.get("EDIT_EXAMPLES", "2")), int(os.environ.get("EDIT_STEPS", "4"))
SLOTS = tuple(f"shot:{number:03d}{part}" for number in range(1, SHOTS + 1) for part in ("", "/keyframe", "/clip"))
OTHERS = ("character:mara", "shot:001/speech-1")
KILLS = st.one_of(st.none(), st.tuples(st.sampled_from(faults.POINTS), st.integers(1, 4)))
"""Where a command is killed, if at all."""
NOTES = st.sampled_from(("", "closer"))
COUNTED: Counter[str] = Counter()


class EditedFilm(RuleBasedStateMachine):
    """A paid film of three shots that somebody changes again and again."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="clash-edits-"))
        self.thread = "film"
        self.forks = 0
        self.env = environment(METER=str(self.folder / "meter"), METER_COST="0.01")

    def teardown(self) -> None:
        """Leave nothing behind."""
        shutil.rmtree(self.folder, ignore_errors=True)

    @initialize()
    def make(self) -> None:
        """Make the film."""
        shot_list(self.folder / "story.csv", SHOTS, seconds=1.0, words=True)
        self.typed("run", "story.csv", "--thread", self.thread, *TINY, *METERED, kill=None)

    @rule(
        slot=st.sampled_from(SLOTS + OTHERS), takes=st.integers(1, 2), note=st.sampled_from(("", "closer")), kill=KILLS
    )
    def retake(self, slot: str, takes: int, note: str, kill: tuple[str, int] | None) -> None:
        """Make a slot again. It costs no more than was said beforehand."""
        asked = ("retake", self.thread, slot, "--takes", str(takes), *(("--note", note) if note else ()), "--yes")
        price = self.run(*asked, "--dry-run").document["price"]
        before = self.paid()
        self.typed(*asked, kill=kill)
        # It may be less: where the offline illustrator draws the same picture again, nothing follows from it.
        assert self.paid() - before <= round(float(price["total_usd"]) * 1_000_000)

    @rule(choice=st.integers(0, 30), kill=KILLS)
    def use(self, choice: int, kill: tuple[str, int] | None) -> None:
        """Select some take, of a slot or of the film."""
        items = self.run("takes", "ls", self.thread).document["items"]
        item = items[choice % len(items)]
        self.typed("takes", "use", self.thread, item["slot"], str(item["take"]), "--yes", kill=kill)

    @rule(rejected=st.integers(1, SHOTS), kill=KILLS)
    def review(self, rejected: int, kill: tuple[str, int] | None) -> None:
        """Review the keyframes of the film: reject one, approve the others, then the new one."""
        self.run("resume", self.thread, "--review", "keyframes")
        self.run("review", "reject", self.thread, f"shot:{rejected:03d}/keyframe", "--note", "darker")
        self.run("review", "approve", self.thread, "--all")
        for _ in range(4):
            ran = self.typed("resume", self.thread, kill=kill)
            kill = None
            if ran.code == 0:
                break
            self.run("review", "approve", self.thread, "--all")
        self.typed("resume", self.thread, "--review", "none", kill=None)

    @rule(shot=st.integers(1, SHOTS), word=st.sampled_from(("Stay.", "Go now.", "Wait here.")), kill=KILLS)
    def fork(self, shot: int, word: str, kill: tuple[str, int] | None) -> None:
        """Change one line of the story in a fork, and go on with that film."""
        rows = (self.folder / "story.csv").read_text().splitlines()
        cells = rows[shot].split(",")
        cells[6] = f"MARA: {word}"
        rows[shot] = ",".join(cells)
        (self.folder / "story.csv").write_text("\n".join(rows) + "\n")
        self.forks += 1
        source, self.thread = self.thread, f"fork-{self.forks}"
        asked = ("fork", source, "--thread", self.thread, "--story", "story.csv")
        self.typed(*asked, kill=kill, again=asked)

    # -- typing ----------------------------------------------------------------------------------------------------

    def run(self, *arguments: str, **more: str) -> Ran:
        """Run a command to its end."""
        return clash(self.folder, *arguments, "--json", env={**self.env, **more})

    def typed(self, *arguments: str, kill: tuple[str, int] | None, again: tuple[str, ...] = ()) -> Ran:
        """Type a command, killed if asked, and go on with it as a person would; then check everything."""
        COUNTED[arguments[0]] += 1
        fault = {"CLASH_FAULT": f"{kill[0]}:{kill[1]}"} if kill else {}
        ran = self.run(*arguments, **fault)
        for _ in range(5):
            if ran.code != -9:
                break
            COUNTED["killed"] += 1
            ran = self.run(*(again or ("resume", self.thread)))
        assert ran.code in (0, 8), (arguments, kill, ran.out[-800:], ran.err[-800:])
        if ran.code == 0:
            self.check()
        return ran

    # -- what must hold --------------------------------------------------------------------------------------------

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of the database."""
        with sqlite3.connect(self.folder / "data/checkpoints.db") as connection:
            return connection.execute(sql).fetchall()

    def paid(self) -> int:
        """What all runs have cost, in micro-dollars."""
        return int(self.rows("SELECT coalesce(sum(spent_micro), 0) FROM workflow_executions")[0][0])

    def check(self) -> None:
        """What is recorded equals the meter, no take is paid for twice, and the film holds the selected takes."""
        charges = metered(self.folder / "meter")
        assert self.paid() == len(charges) * 10_000
        twice = self.rows(
            "SELECT run_id, slot, take FROM api_logs WHERE cost_micro > 0 GROUP BY 1, 2, 3 HAVING count(*) > 1"
        )
        assert twice == []
        self.check_film()

    def check_film(self) -> None:
        """Each selected clip stands in the film, byte for byte, in its place; published files are the selected ones."""
        items = self.run("takes", "ls", self.thread).document["items"]
        selected = {item["slot"]: item for item in items if item["selected"]}
        folder = self.folder / "output" / self.thread
        film = (folder / "film.mp4").read_bytes()
        assert hashlib.sha256(film).hexdigest() == selected["film"]["sha256"]
        place = 0
        for number in range(1, SHOTS + 1):
            clip = (folder / f"shots/{number:03d}.mp4").read_bytes()
            assert hashlib.sha256(clip).hexdigest() == selected[f"shot:{number:03d}/clip"]["sha256"]
            if number < SHOTS:  # the last one fades out, and is encoded again
                found = film.find(first_packet(folder / f"shots/{number:03d}.mp4"), place)
                assert found >= place, f"shot {number} is not in the film"
                place = found + 1


def first_packet(path: Path) -> bytes:
    """Return the first coded picture of a clip."""
    with av.open(str(path)) as container:
        return next(bytes(packet) for packet in container.demux(container.streams.video[0]) if packet.size)


EditedFilm.TestCase.settings = settings(
    max_examples=EXAMPLES,
    stateful_step_count=STEPS,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize="EDIT_EXAMPLES" not in os.environ,
    print_blob=True,
)
TestEditedFilm = EditedFilm.TestCase
