"""How many bytes of database a shot takes in the state of a run: in its largest checkpoint, and in what tasks wrote."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from filming import clash, environment, query, shot_list

STOCK = ("--image-model", "stock:illustrator", "--video-model", "stock:cinematographer")
TINY = ("--size", "128x72", "--fps", "8")
FEW, MANY = 16, 64
"""States of so many shots are compressed. Of more shots each takes less: what repeats costs nothing."""
MOST_IN_A_CHECKPOINT, MOST_IN_WRITES = 300, 2 * 300

_CHECKPOINTS = "SELECT max(length(checkpoint) + length(metadata)) FROM checkpoints"
_WRITES = "SELECT sum(length(value)) FROM writes"


@dataclass(frozen=True)
class StateSize:
    """The bytes of a finished run of `shots` shots: its largest checkpoint, and all that its tasks wrote."""

    shots: int
    checkpoint: int
    writes: int


def state_size(folder: Path, shots: int, *, words: bool = False) -> StateSize:
    """Run a shot list to its end, and count what its state takes in the database."""
    folder.mkdir()
    shot_list(folder / "story.csv", shots, words=words)
    env = environment(METER_VARIED="1")  # each shot has digests of its own, of which nothing is left out
    ran = clash(folder, "run", "story.csv", "--thread", "many", *STOCK, *TINY, "--json", env=env)
    assert ran.code == 0, ran.err
    return StateSize(shots, query(folder, _CHECKPOINTS)[0][0], query(folder, _WRITES)[0][0])


@pytest.mark.parametrize("words", [False, True], ids=["silent", "spoken"])
def test_a_shot_takes_300_bytes_of_a_checkpoint(tmp_path: Path, words: bool) -> None:
    """What one more shot adds to the largest checkpoint is at most 300 bytes, also where it is spoken."""
    few = state_size(tmp_path / "few", FEW, words=words)
    many = state_size(tmp_path / "many", MANY, words=words)
    shots = many.shots - few.shots
    checkpoint, writes = (many.checkpoint - few.checkpoint) / shots, (many.writes - few.writes) / shots
    print(f"\na shot adds {checkpoint:.1f} bytes to the largest checkpoint, {writes:.1f} to the table of writes")
    assert checkpoint <= MOST_IN_A_CHECKPOINT
    assert writes <= MOST_IN_WRITES
