"""SIGKILL while a vendor works: the next process asks about the very same job, and nothing is handed in twice."""

from __future__ import annotations

import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from emulator import Emulator
from emulator.material import CLIPS, PICTURES, SPEECH, at_work, story_of
from filming import SMALL, clash, environment, forked, query, shot_list

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is a POSIX thing")

FAL = (
    "--image-model",
    "fal:fal-ai/nano-banana-2",
    "--video-model",
    f"fal:{CLIPS}",
    "--speech-model",
    "fal:fal-ai/kokoro",
)
QUEUED = {"status": "IN_QUEUE", "queue_position": 1, "request_id": "x", "logs": []}
_PATIENCE_S = 60.0


def killed_when(folder: Path, env: dict[str, str], sql: str, *arguments: str) -> None:
    """Start clash, kill it once the question to its database has an answer."""
    child = forked(folder, *arguments, env=env)
    deadline = time.monotonic() + _PATIENCE_S
    try:
        while not _settled_down(folder, sql):
            assert child.poll() is None, "the run ended before it could be killed"
            assert time.monotonic() < deadline, "the moment never came"
            time.sleep(0.05)
    finally:
        child.kill()
        child.communicate()


def _settled_down(folder: Path, sql: str) -> bool:
    """Whether the question has an answer and nothing else is on its way: calls of other slots run beside it."""
    if not (folder / "data" / "checkpoints.db").exists() or not _answered(folder, sql):
        return False
    before = query(folder, "SELECT id, state FROM api_logs ORDER BY id")
    time.sleep(1.0)
    return before == query(folder, "SELECT id, state FROM api_logs ORDER BY id")


def _answered(folder: Path, sql: str) -> bool:
    if not query(folder, "SELECT 1 FROM sqlite_master WHERE name = 'api_logs'"):
        return False
    return bool(query(folder, sql))


@pytest.mark.parametrize(
    ("kind", "model", "jobs"),
    [("image", "nano-banana-2", 3), ("speech", "kokoro", 1), ("video", "ltx-2", 1)],
)
def test_a_job_in_flight_at_a_kill_is_not_bought_again(
    tmp_path: Path, vendors: Emulator, kind: str, model: str, jobs: int
) -> None:
    """Killed after the submit and before the result, of each kind: one submit a slot in the vendors' journal."""
    story = shot_list(tmp_path / "story.csv", 1, words=True)
    at_work(vendors, story_of(story))
    vendors.fault(f"{model}.*/status$", "answer", times=10_000, method="GET", status=200, body=QUEUED)
    env = environment(**vendors.environment)
    arguments = ("run", str(story), *SMALL, *FAL, "--thread", "k")
    submitted = (
        f"SELECT 1 FROM api_logs WHERE kind = '{kind}' AND state = 'submitted'"
        " AND NOT EXISTS (SELECT 1 FROM api_logs WHERE state = 'intent')"
    )
    killed_when(tmp_path, env, submitted, *arguments)
    in_flight = query(tmp_path, f"SELECT slot, job_id FROM api_logs WHERE kind = '{kind}' AND state = 'submitted'")
    vendors.peace()

    ended = clash(tmp_path, "resume", "k", "--json", env=env)
    assert ended.code == 0, ended.err
    jobs_of = dict(query(tmp_path, "SELECT slot, job_id FROM api_logs WHERE state = 'succeeded' AND service = 'fal'"))
    assert all(jobs_of[slot] == job for slot, job in in_flight), "another job was bought for the slot"
    slots = Counter(slot for (slot,) in query(tmp_path, "SELECT slot FROM api_logs WHERE service = 'fal'"))
    assert set(slots.values()) == {1}
    submits = Counter(str(entry["body"]["model"]) for entry in vendors.submits())
    assert submits == {PICTURES[0]: 2, PICTURES[1]: 1, SPEECH: 1, CLIPS: 1}
    assert submits.total() == len(slots)
    assert sum(count for name, count in submits.items() if model in name) == jobs


def test_a_text_in_flight_at_a_kill_waits_for_a_person(tmp_path: Path, vendors: Emulator) -> None:
    """Text has no job to ask about: the resumed run says what may have been paid, and asks again only when told to."""
    story = shot_list(tmp_path / "story.csv", 1)
    at_work(vendors, story_of(story))
    vendors.fault("/v1/chat", "wait", ms=20_000)
    env = environment(**vendors.environment)
    arguments = ("run", str(story), *SMALL, "--screenplay-model", "openai:gpt-5-mini", "--thread", "t")
    killed_when(tmp_path, env, "SELECT 1 FROM api_logs WHERE kind = 'screenplay' AND state = 'intent'", *arguments)
    vendors.peace()
    waiting = clash(tmp_path, "resume", "t", "--json", env=env)
    assert (waiting.code, waiting.document["error"]["code"]) == (8, "unknown_call")
    assert vendors.submits() == []
    ended = clash(tmp_path, "resume", "t", "--retry-unknown", "--json", env=env)
    assert ended.code == 0, ended.err
    assert len(vendors.submits()) == 1
