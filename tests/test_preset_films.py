"""Whole films of the presets `final-cn` and `local-gpu` against emulators: killed, resumed, each job handed in once."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from emulator.material import clip, picture, sound, story_of
from filming import SMALL, clash, environment, forked, query, shot_list
from http_vendors import KEY, Vendor, served
from http_vendors.ark import Ark
from http_vendors.chat import WRITER, ChatServer
from http_vendors.comfyui import ComfyUI, moving, still
from http_vendors.minimax import MiniMax

from clash.film.inspection import inspect_film

_PATIENCE_S = 280.0
LIGHTHOUSE = Path(__file__).parent.parent / "examples" / "lighthouse.csv"
FREE_KILLS = ("submit.after:2", "intent.after:4", "answer.after:4", "job.after:2", "content.after:3", "publish.after")
"""A free prompt that can be looked up may be killed anywhere."""

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is a POSIX thing")


_EARLIER = set[threading.Thread]()
"""What ran when a test began: connections that other tests left open are nothing to its vendors."""


@pytest.fixture(autouse=True)
def earlier() -> None:
    """Take note of the threads of earlier tests."""
    _EARLIER.clear()
    _EARLIER.update(threading.enumerate())


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    """What the vendors make: clips long enough for every shot."""
    return {"picture.png": picture(128, 72), "clip.mp4": clip(10, (96, 54), 8), "sound.wav": sound(0.6, 16_000)}


def leading_to(*vendors: Vendor, **more: str) -> dict[str, str]:
    """An environment in which these vendors are asked."""
    hosts = ",".join(vendor.url.removeprefix("http://") for vendor in vendors)
    merged = {name: value for vendor in vendors for name, value in vendor.environment.items()}
    return environment(**{**merged, "CLASH_ALLOW_HOSTS": hosts, **more})


def killed_at(folder: Path, env: Mapping[str, str], point: str, *arguments: str) -> None:
    """Let clash work until it kills itself at this point."""
    ended = clash(folder, *arguments, env={**env, "CLASH_FAULT": point})
    assert ended.code == -9, (point, ended.err)
    until_vendors_are_idle()


def killed_when(folder: Path, env: Mapping[str, str], is_quiet: Callable[[], bool], *arguments: str) -> None:
    """Let clash work until nothing moves any more, because the vendor holds all jobs, and kill it there."""
    child = forked(folder, *arguments, env=env)
    deadline = time.monotonic() + _PATIENCE_S
    try:
        while not is_quiet():
            assert child.poll() is None, "it ended before it could be killed"
            assert time.monotonic() < deadline, "the moment never came"
            time.sleep(0.05)
    finally:
        child.kill()
        child.communicate()
        child.wait(0)
    until_vendors_are_idle()


def until_vendors_are_idle() -> None:
    """Wait until the vendors have dealt with all that a process sent before it was killed: its connections are gone."""
    deadline = time.monotonic() + _PATIENCE_S
    while any("process_request_thread" in one.name for one in threading.enumerate() if one not in _EARLIER):
        assert time.monotonic() < deadline, "a connection of a killed process is still open"
        time.sleep(0.01)


def finished(folder: Path, env: Mapping[str, str]) -> dict[str, Any]:
    """Let the last process finish the film. Its document."""
    made = clash(folder, "resume", "k", "--json", env=env)
    assert made.code == 0, made.err
    return made.document


def call_rows(folder: Path) -> list[tuple[Any, ...]]:
    """The calls that were made: slot, service, state, job."""
    return query(folder, "SELECT slot, service, state, job_id FROM api_logs WHERE reused = 0 ORDER BY id")


# -- final-cn --------------------------------------------------------------------------------------------------------


@pytest.fixture
def chinese(files: dict[str, bytes]) -> Generator[tuple[Ark, MiniMax]]:
    """The vendors of `final-cn`."""
    with ExitStack() as stack:
        ark, minimax = stack.enter_context(served(Ark(files))), stack.enter_context(served(MiniMax(files)))
        assert isinstance(ark, Ark)
        assert isinstance(minimax, MiniMax)
        yield ark, minimax


def test_final_cn_makes_the_lighthouse_and_pays_once(tmp_path: Path, chinese: tuple[Ark, MiniMax]) -> None:
    """Killed four times: as many calls as slots, each paid once, and `cost` is what the vendors' journals say."""
    story, ark = story_of(LIGHTHOUSE), chinese[0]
    shots = len(story.beats)

    def all_clips_are_jobs() -> bool:
        states = [state for (state,) in query(tmp_path, "SELECT state FROM api_logs")]
        return states.count("submitted") == shots and "intent" not in states

    with served(ChatServer(story)) as writer:
        vendors = (writer, *chinese)
        env = leading_to(*vendors, CLASH_SCREENPLAY_MODEL=f"openai:{WRITER}")
        arguments = ("run", str(LIGHTHOUSE), *SMALL, "--preset", "final-cn", "--budget", "20", "--thread", "k")
        planned = clash(tmp_path, *arguments, "--dry-run", "--json", env=env)
        assert planned.code == 0, planned.err
        assert all(vendor.journal == [] for vendor in vendors), "a dry run asks nobody"
        # One call at a time, so that none but the one whose receipt is written is on its way.
        killed_at(tmp_path, env, "receipt.after:3", *arguments, "--concurrency", "1")
        killed_at(tmp_path, env, "checkpoint.after", "resume", "k")
        ark.held = True
        killed_when(tmp_path, env, all_clips_are_jobs, "resume", "k", "--concurrency", "32")
        ark.held = False
        killed_at(tmp_path, env, "publish.before", "resume", "k")
        document = finished(tmp_path, env)
        cost = clash(tmp_path, "cost", "k", "--json", env=env).document

    rows = call_rows(tmp_path)
    paid = [slot for slot, service, _, _ in rows if service != "local"]
    assert len(paid) == len(set(paid)) == sum(len(vendor.journal) for vendor in vendors)
    assert {state for _, _, state, _ in rows} == {"succeeded"}
    assert {job for _, service, _, job in rows if service == "ark" and job} == set(ark.jobs)
    assert len(ark.jobs) == shots
    charged = sum((vendor.charged for vendor in vendors), Decimal(0))
    assert Decimal(cost["total_usd"]) == pytest.approx(charged, abs=Decimal("0.0001"))
    assert inspect_film(tmp_path / document["film"]["path"]).frames >= shots * 8
    written = (tmp_path / "data" / "checkpoints.db").read_bytes().decode("latin-1")
    assert KEY not in written


# -- local-gpu -------------------------------------------------------------------------------------------------------


@pytest.fixture
def gpu(files: dict[str, bytes], tmp_path: Path) -> Generator[ComfyUI]:
    """A ComfyUI, and a folder of workflows for pictures, references, clips and last frames."""
    folder = tmp_path / "workflows"
    folder.mkdir()
    graphs = {
        "still": still(),
        "still.reference": still(references=3),
        "wan": moving(),
        "wan.last_frame": moving(last_frame=True),
    }
    for name, graph in graphs.items():
        (folder / f"{name}.json").write_text(json.dumps(graph), encoding="utf-8")
    with served(ComfyUI(files)) as server:
        assert isinstance(server, ComfyUI)
        yield server


def on_the_gpu(gpu: ComfyUI, writer: ChatServer) -> dict[str, str]:
    """An environment of servers of one's own, and of no key."""
    return leading_to(writer, gpu, CLASH_COMFYUI_DIR="workflows")


def test_local_gpu_makes_the_lighthouse_for_nothing(tmp_path: Path, gpu: ComfyUI) -> None:
    """Killed six times, also between a submit and its answer: each prompt is taken once, and the film costs nothing."""
    story = story_of(LIGHTHOUSE)
    with served(ChatServer(story, "plain", key=None)) as writer:
        assert isinstance(writer, ChatServer)
        env = on_the_gpu(gpu, writer)
        command = ("run", str(LIGHTHOUSE), *SMALL, "--preset", "local-gpu", "--chain", "--thread", "k")
        for point in FREE_KILLS:
            killed_at(tmp_path, env, point, *command)
            command = ("resume", "k")
        document = finished(tmp_path, env)
        cost = clash(tmp_path, "cost", "k", "--json", env=env).document

    rows = call_rows(tmp_path)
    jobs = [job for _, service, _, job in rows if service == "comfyui"]
    assert sorted(jobs) == sorted(charge.model for charge in gpu.journal), "a prompt was handed in twice"
    assert {state for _, _, state, _ in rows} == {"succeeded"}
    assert cost["total_usd"] == "0.000000"
    assert len(writer.journal) == 1
    graphs = [body["prompt"] for body in gpu.bodies]
    clips = [graph for graph in graphs if "50" in graph]
    assert len(clips) == len(story.beats)
    assert any("53" in graph for graph in clips), "chained clips end on the next keyframe"
    assert any("20" in graph for graph in graphs), "keyframes are drawn from cards"
    assert len({graph["3"]["inputs"]["seed"] for graph in graphs if "3" in graph}) == len(graphs) - len(clips)
    assert inspect_film(tmp_path / document["film"]["path"]).frames >= len(story.beats) * 8


def test_a_restarted_comfyui_goes_on_with_the_film(tmp_path: Path, gpu: ComfyUI) -> None:
    """clash was killed while ComfyUI worked, and ComfyUI was restarted: what it forgot is made again, for nothing."""
    story = shot_list(tmp_path / "story.csv", 2)
    gpu.looks = 2
    env = environment(**gpu.environment, CLASH_COMFYUI_DIR="workflows")
    models = ("--image-model", "comfyui:still", "--video-model", "comfyui:wan", "--concurrency", "1")
    killed_at(tmp_path, env, "job.after:4", "run", str(story), *SMALL, *models, "--thread", "k")
    taken = len(gpu.journal)
    gpu.restart()
    finished(tmp_path, env)
    states = [state for _, service, state, _ in call_rows(tmp_path) if service == "comfyui"]
    forgotten = states.count("failed")
    assert taken == 4
    assert forgotten == 1, "three were finished"
    assert len(gpu.journal) == states.count("succeeded") + forgotten


def test_doctor_asks_comfyui_where_its_folder_is_set(tmp_path: Path, gpu: ComfyUI) -> None:
    """It says which ComfyUI answers; without a folder nobody is asked."""
    env = environment(**gpu.environment, CLASH_COMFYUI_DIR="workflows")
    ended = clash(tmp_path, "doctor", "--json", env=env)
    (check,) = [one for one in ended.document["checks"] if one["check"] == "comfyui"]
    assert check["ok"], check
    assert "ComfyUI 0.3.75 has all that 4 workflows need" in json.dumps(check)
