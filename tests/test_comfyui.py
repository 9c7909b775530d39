"""ComfyUI through the real ledger: what it makes comes back whole, and no prompt is handed in twice."""

from __future__ import annotations

import io
import json
import uuid
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from emulator.vendor_run import VendorRun
from http_vendors import served
from http_vendors.asked import keyframe, small_files, video, words
from http_vendors.comfyui import ComfyUI, moving, node, speaking, still
from raw_server import raw_server

from clash.assets import AssetStore
from clash.config import Settings
from clash.database.lease import Lease
from clash.database.port import Database
from clash.errors import AmbiguousError, ClashError, ProviderError, SettingsError
from clash.providers.comfyui import ComfyUIProvider
from clash.providers.comfyui.faults import failure_in
from clash.providers.comfyui.server import ComfyServer
from clash.providers.ports import Context, Request
from clash.vocabulary import CallState


def webm() -> bytes:
    """A second of VP9 in WebM, as Video Combine makes it."""
    stream = io.BytesIO()
    with av.open(stream, "w", format="webm") as target:
        made = target.add_stream("libvpx-vp9", rate=8)
        made.width, made.height, made.pix_fmt = 64, 48, "yuv420p"
        made.options = {"cpu-used": "8", "deadline": "realtime"}
        for number in range(8):
            picture = np.full((48, 64, 3), number * 30, np.uint8)
            target.mux(made.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        target.mux(made.encode())
    return stream.getvalue()


def flac() -> bytes:
    """Half a second of a tone, as Save Audio makes it."""
    stream = io.BytesIO()
    with av.open(stream, "w", format="flac") as target:
        made = target.add_stream("flac", rate=16_000)
        tone = (np.sin(np.arange(8000) / 10) * 9000).astype(np.int16).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(tone, format="s16", layout="mono")
        frame.sample_rate = 16_000
        target.mux(made.encode(frame))
        target.mux(made.encode())
    return stream.getvalue()


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    """The files that the server makes."""
    return {**small_files(), "clip.webm": webm(), "sound.flac": flac()}


@dataclass
class Room:
    """A server, a folder of workflows, and a run that asks it."""

    server: ComfyUI
    folder: Path
    run: VendorRun

    def write(self, name: str, graph: dict[str, Any], notes: str = "") -> None:
        """Put a workflow into the folder."""
        (self.folder / f"{name}.json").write_text(json.dumps(graph), encoding="utf-8")
        if notes:
            (self.folder / f"{name}.toml").write_text(notes, encoding="utf-8")

    @property
    def provider(self) -> ComfyUIProvider:
        """The provider, which looks without a pause."""
        found = self.run.registry.provider("comfyui")
        assert isinstance(found, ComfyUIProvider)
        found.poll_every_s = 0.01
        return found

    async def call(self, spec: str, request: Request, take: int = 1) -> Any:
        """Make a call; what it brought."""
        assert self.provider
        return await self.run.call(f"comfyui:{spec}", request, take=take)

    async def refused(self, spec: str, request: Request) -> ClashError:
        """How a call fails."""
        with pytest.raises(ClashError) as caught:
            await self.call(spec, request)
        return caught.value

    def sent(self, number: int = -1) -> dict[str, Any]:
        """The graph of a prompt that was taken: node to its inputs."""
        return {name: held["inputs"] for name, held in self.server.bodies[number]["prompt"].items()}


@pytest.fixture
def room(
    files: dict[str, bytes], tmp_path: Path, database: Database, lease: Lease, assets: AssetStore
) -> Generator[Room]:
    """The server with the usual workflows."""
    folder = tmp_path / "workflows"
    folder.mkdir()
    with served(ComfyUI(files)) as server:
        assert isinstance(server, ComfyUI)
        settings = Settings(**{**server.environment, "CLASH_COMFYUI_DIR": folder})
        here = Room(server, folder, VendorRun(database, lease, assets, settings))
        here.write("still", still())
        here.write("still.reference", still(references=2))
        here.write("wan", moving())
        here.write("wan.last_frame", moving(last_frame=True))
        here.write("voice", speaking())
        yield here


# -- what works ------------------------------------------------------------------------------------------------------


async def test_a_picture_is_made_from_references(room: Room) -> None:
    """People come before places, uploads carry the very files, and the values are in the named inputs."""
    request = keyframe(room.run.assets)
    result = await room.call("still", request)
    assert result.media_type == "image/png"
    sent = room.sent()
    assert (sent["5"]["width"], sent["5"]["height"]) == (1280, 720)
    assert "Mara" in sent["6"]["text"]
    assert "letters" in sent["7"]["text"]
    by_role = {one.role: one.sha256 for one in request.references}
    assert sent["20"]["image"] == f"clash/{by_role['character:mara']}.png"
    assert sent["21"]["image"] == f"clash/{by_role['character:tomas']}.png"
    assert room.server.uploads[sent["20"]["image"]] == room.run.assets.path(by_role["character:mara"]).read_bytes()
    assert await room.run.states() == [CallState.SUCCEEDED]
    assert await room.run.costs() == [0]


async def test_a_card_is_made_without_references(room: Room) -> None:
    """The plain workflow is used, nothing is uploaded, and the saved file has a name of its own."""
    card = keyframe(room.run.assets).model_copy(update={"references": ()})
    await room.call("still", card)
    assert "20" not in room.sent()
    assert room.server.uploads == {}
    prompt_id = room.server.bodies[-1]["prompt_id"]
    assert room.sent()["9"]["filename_prefix"] == f"clash/{prompt_id}"


async def test_room_for_more_pictures_is_filled(room: Room) -> None:
    """A workflow for two pictures that is given one is given it twice."""
    one = keyframe(room.run.assets)
    await room.call("still", one.model_copy(update={"references": one.references[:1]}))
    assert room.sent()["20"]["image"] == room.sent()["21"]["image"] != "example.png"


async def test_another_take_has_another_seed(room: Room) -> None:
    """The seed of the workflow is replaced, each take by its own, each try by the same."""
    request = keyframe(room.run.assets)
    await room.call("still", request)
    await room.call("still", request, take=2)
    seeds = [body["prompt"]["3"]["inputs"]["seed"] for body in room.server.bodies]
    assert len({5, *seeds}) == 3
    assert all(0 <= seed < 2**31 for seed in seeds)


async def test_a_clip_starts_with_its_keyframe(room: Room) -> None:
    """Frames are those of the shot at the workflow's own rate, rounded up to 8n + 1."""
    request = video(room.run.assets)
    result = await room.call("wan", request)
    assert (result.media_type, result.facts["frames"]) == ("video/mp4", 16)
    sent = room.sent()
    assert sent["52"]["image"] == f"clash/{request.keyframe.sha256}.png"
    assert sent["50"]["length"] == 65  # 4 s at 16 frames a second
    assert sent["57"]["fps"] == 16


async def test_a_clip_can_end_on_a_picture(room: Room) -> None:
    """The second workflow of a model is used where there is a last frame."""
    assert room.provider.takes_last_frame("wan")
    assert not room.provider.takes_last_frame("still")
    request = video(room.run.assets, last_frame=True)
    await room.call("wan", request)
    assert request.last_frame is not None
    assert room.sent()["53"]["image"] == f"clash/{request.last_frame.sha256}.png"


async def test_a_webm_clip_is_kept_as_mp4(room: Room) -> None:
    """What Video Combine makes is put into MP4 as it is: as many frames as it had."""
    saver = node("VHS_VideoCombine", images=["50", 0], frame_rate=16, filename_prefix="x", format="video/webm")
    graph = moving(saver=saver)
    del graph["57"]
    room.write("vhs", graph)
    result = await room.call("vhs", video(room.run.assets))
    assert (result.media_type, result.facts["frames"], result.facts["width"]) == ("video/mp4", 8, 64)


async def test_speech_is_kept_as_wav(room: Room) -> None:
    """FLAC, which Save Audio makes, becomes WAV of the same length."""
    result = await room.call("voice", words())
    assert result.media_type == "audio/wav"
    assert result.facts["duration_s"] == pytest.approx(0.5, abs=0.02)
    assert room.sent()["1"]["text"] == "Tell me how long"


# -- each prompt once ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("own_ids", [False, True])
async def test_a_lost_answer_is_looked_up(room: Room, *, own_ids: bool) -> None:
    """The prompt was taken and its answer lost: it is found in the queue, also at servers that give their own ids."""
    room.server.own_ids = own_ids
    room.server.looks = 3
    room.server.fault("lost")
    result = await room.call("still", keyframe(room.run.assets))
    assert result.media_type == "image/png"
    assert len(room.server.journal) == 1
    (row,) = await room.run.rows()
    assert row["job_id"] == room.server.prompts[0].id


@pytest.mark.parametrize("own_ids", [False, True])
async def test_a_call_is_found_in_queue_and_history(room: Room, *, own_ids: bool) -> None:
    """By its key alone, queued or finished; one that never came is not found."""
    room.server.own_ids, room.server.held = own_ids, True
    context, request = Context("key-1", "still"), keyframe(room.run.assets).model_copy(update={"references": ()})
    assert await room.provider.find("still", request, context) is None
    job = await room.provider.submit("still", request, context)
    assert await room.provider.find("still", request, context) == job
    room.server.held = False
    assert (await room.provider.poll("still", job)).state == "succeeded"
    assert await room.provider.find("still", request, context) == job
    assert (job.id == room.server.bodies[0]["prompt_id"]) is not own_ids
    uuid.UUID(job.id)


async def test_a_restarted_server_makes_it_again(room: Room) -> None:
    """A server that forgot its queue is handed the prompt once more, in the same run, with the same seed."""
    room.server.looks = 2
    room.server.fault("expire")
    await room.call("still", keyframe(room.run.assets))
    first, second = room.server.bodies
    assert first["prompt"]["3"] == second["prompt"]["3"]
    assert await room.run.states() == [CallState.FAILED, CallState.SUCCEEDED]


async def test_a_busy_server_is_asked_again(room: Room) -> None:
    """HTTP 503 on the way to the prompt costs nothing but time."""
    room.server.fault("rate_limit")
    await room.call("still", keyframe(room.run.assets))
    assert len(room.server.journal) == 1


async def test_a_cut_file_is_fetched_again(room: Room) -> None:
    """A file that breaks off is downloaded once more, not made once more."""
    room.server.fault("cut_file")
    await room.call("wan", video(room.run.assets))
    assert len(room.server.journal) == 1


# -- what goes wrong -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["\ud800.png", "x" * 70_000 + ".png"])
async def test_a_name_that_fits_no_address_is_refused(name: str) -> None:
    """A file's name that no address can hold is a bad answer, and told shortened."""
    with pytest.raises(ProviderError) as caught:
        await ComfyServer("http://127.0.0.1:9").file({"filename": name})
    assert caught.value.code == "bad_answer"
    assert len(caught.value.message.encode()) < 300


@pytest.mark.parametrize("taken", ["..", "a/b", "", "x" * 201, "a b", "\ud800", 7])
async def test_an_id_that_cannot_be_one_is_refused(taken: object) -> None:
    """The id becomes a part of addresses, so one with other letters is no answer to a prompt."""
    content = json.dumps({"prompt_id": taken}).encode()
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(content)
    async with raw_server(lambda _: [head + content]) as server:
        with pytest.raises(AmbiguousError, match="no prompt_id that can be one"):
            await ComfyServer(server.url).submit("comfyui:still", "mine", {}, "9")


def test_a_cancelled_node_is_told_shortened() -> None:
    """The names of nodes come from the server: they are shortened and can be written anywhere."""
    data = {"node_id": "\ud800", "node_type": "x" * 70_000}
    told = failure_in({"status": {"status_str": "error", "messages": [["execution_interrupted", data]]}})
    assert told is not None
    assert "somebody cancelled it" in told
    assert len(told.encode()) < 500


async def test_too_little_memory_is_told_in_plain_words(room: Room) -> None:
    """The node, its class, ComfyUI's words, and what to change."""
    room.server.fault("fail")
    error = await room.refused("still", keyframe(room.run.assets))
    assert error.code == "job_failed"
    assert "node 3 (KSampler) failed: Allocation on device 0" in error.message
    assert "most_pixels" in error.message


async def test_a_cancelled_prompt_is_not_tried_again(room: Room) -> None:
    """Somebody pressed cancel in ComfyUI, so clash does not hand it in again by itself."""
    room.server.fault("refuse_result")
    error = await room.refused("still", keyframe(room.run.assets))
    assert "cancelled it in ComfyUI while node 3 (KSampler) worked" in error.message
    assert len(room.server.journal) == 1


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"4": node("CheckpointLoaderSimple", ckpt_name="gone.safetensors")}, "node 4 (CheckpointLoaderSimple)"),
        ({"8": node("VAEDecode", samples=["3", 0])}, "node 8 (VAEDecode): Required input is missing: vae"),
        ({"8": node("MyNode", samples=["3", 0])}, "Node 'MyNode' not found. The custom node may not be installed."),
    ],
)
async def test_missing_nodes_and_models_are_named(room: Room, changed: dict[str, Any], told: str) -> None:
    """The server refuses the workflow: which node, and what of it. It is not sent again."""
    room.write("wrong", still(**changed))
    error = await room.refused("wrong", keyframe(room.run.assets).model_copy(update={"references": ()}))
    assert error.code == "workflow_refused"
    assert told in error.message
    assert room.server.requests.count("POST /prompt") == 1
    assert room.server.journal == []


async def test_an_output_of_another_format_is_told(room: Room) -> None:
    """A node that saves what no clip is: its name, what it made, and what to do."""
    saver = node("VHS_VideoCombine", images=["50", 0], frame_rate=16, filename_prefix="x", format="image/gif")
    room.write("gif", moving(saver=saver))
    error = await room.refused("gif", video(room.run.assets))
    assert "node 58 (VHS_VideoCombine) should make one of .mp4" in error.message
    assert ".gif" in error.message


async def test_no_server_is_told_with_what_to_do(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing listens: start ComfyUI, and which setting has its address."""
    room.run = room.run.set(comfyui_url="http://127.0.0.1:9")
    with pytest.raises(ProviderError) as caught:
        await room.provider.probe()
    assert caught.value.code == "unreachable"
    assert "start ComfyUI" in str(caught.value.hint)
    assert "CLASH_COMFYUI_URL" in str(caught.value.hint)


async def test_a_password_in_the_address_is_sent_and_not_kept(room: Room) -> None:
    """A proxy in front of ComfyUI is told user and password; the tables have the address alone."""
    room.run = room.run.set(comfyui_url=room.server.url.replace("http://", "http://me:hush-hush@"))
    await room.call("wan", video(room.run.assets))
    assert room.server.authorizations == {"Basic bWU6aHVzaC1odXNo"}
    (row,) = await room.run.rows()
    assert row["endpoint"] == room.server.url
    assert "hush" not in str(dict(row))


async def test_the_probe_says_which_comfyui_answers(room: Room) -> None:
    """`clash doctor` shows the version, and that every workflow can be run there."""
    assert await room.provider.probe() == "ComfyUI 0.3.75 has all that 5 workflows need"


async def test_the_probe_names_what_the_server_lacks(room: Room) -> None:
    """A node that is not installed and a model that is not there, by file and node; values of clash are no fault."""
    room.write("a", still(**{"8": node("MyNode", samples=["3", 0])}))
    room.write("b", still(**{"4": node("CheckpointLoaderSimple", ckpt_name="gone.safetensors")}))
    saver = node("SaveVideo", filename_prefix="x", format="mp4", codec="vp8", video=["57", 0])
    room.write("c", moving(saver=saver))
    with pytest.raises(SettingsError) as caught:
        await room.provider.probe()
    told = caught.value.message
    assert "a.json: node 8 (MyNode) is not installed" in told
    assert "b.json: node 4 (CheckpointLoaderSimple): ckpt_name is 'gone.safetensors'" in told
    assert "c.json: node 58 (SaveVideo): codec is 'vp8'" in told
    assert "still" not in told


# -- identity --------------------------------------------------------------------------------------------------------


async def test_a_changed_workflow_is_another_call(room: Room) -> None:
    """Its nodes count; the titles of its nodes and the server's address do not."""
    request = keyframe(room.run.assets).model_copy(update={"references": ()})
    before = room.provider.identity("still", request)
    graph = still()
    graph["8"]["_meta"]["title"] = "another title"
    room.write("still", graph)
    moved = room.run.set(comfyui_url="http://127.0.0.1:9").registry.provider("comfyui")
    assert isinstance(moved, ComfyUIProvider)
    assert moved.identity("still", request) == before
    assert moved.revision("still", request) == room.provider.revision("still", request)
    graph["3"]["inputs"]["steps"] = 30
    room.write("still", graph)
    room.run = room.run.set()
    assert room.provider.identity("still", request) != before
