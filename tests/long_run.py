"""Documents of a run of many shots, as `runs show` and `checkpoints show` print them."""

from __future__ import annotations

from typing import Any

from sample_documents import DOCUMENTS, a_call


def run_of(shots: int) -> dict[str, Any]:
    """A run with three calls for each of its shots, some of which failed."""
    calls = [
        a_call(number, slot=f"shot:{number:04d}", **({"state": "failed", "error": "busy"} if number % 3 else {}))
        for number in range(1, 3 * shots + 1)
    ]
    return {**DOCUMENTS["runs show"][1], "thread_id": "run-123", "calls": calls, "error": None, "unknown": calls[:99]}


def state_of(shots: int) -> dict[str, Any]:
    """A checkpoint with all of these shots in its state."""
    shot = {"clip": {"sha256": "0" * 64, "media_type": "video/mp4"}, "frames": 24, "words": []}
    return {
        **DOCUMENTS["checkpoints show"][1],
        "thread_id": "run-123",
        "checkpoint_id": "1f0-abc",
        "next": ["generate_shots"] * shots,
        "values": {"story": "ab", "shots": {f"shot:{number:04d}": shot for number in range(1, shots + 1)}},
        "pending": [{"channel": "shots", "value": number} for number in range(shots)],
    }
