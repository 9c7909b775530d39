"""Workflows of ComfyUI as models: which inputs are named, what is wrong is told by file, node and input."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from filming import SMALL, clash, environment, forked_clash, shot_list
from http_vendors.asked import keyframe, video
from http_vendors.comfyui import moving, node, speaking, still

from clash.assets import AssetStore
from clash.errors import ClashError, SettingsError
from clash.providers.comfyui.filling import filled, values_of
from clash.providers.comfyui.folder import read_model
from clash.providers.comfyui.workflow import Target, Workflow, read_workflow

Graph = dict[str, Any]
Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a workflow and return its path."""

    def written(graph: object, notes: str = "", name: str = "mine.json") -> Path:
        path = tmp_path / name
        path.write_text(json.dumps(graph), encoding="utf-8")
        if notes:
            path.with_suffix(".toml").write_text(notes, encoding="utf-8")
        return path

    return written


def plain_size(workflow: Workflow, request: Any) -> tuple[Any, Any]:
    """The sides that are filled in."""
    plain = values_of("comfyui:mine", workflow, request).plain
    return plain["width"], plain["height"]


# -- which inputs ----------------------------------------------------------------------------------------------------


def test_titles_name_the_inputs(write: Write) -> None:
    """`clash:NAME` in a title names the usual input of that node; the seed needs no title."""
    workflow = read_workflow(write(still()))
    assert workflow.kind == "image"
    assert workflow.output == "9"
    assert workflow.targets["prompt"] == (Target("6", "text"),)
    assert workflow.targets["width"] == (Target("5", "width"),)
    assert workflow.targets["seed"] == (Target("3", "seed"),)


def test_a_title_may_name_the_input(write: Write) -> None:
    """`clash:prompt=clip_l` is that input; without it a node with two encoders is told to both."""
    two = node("CLIPTextEncodeFlux", "clash:prompt", clip_l="", t5xxl="", guidance=3.5, clip=["4", 1])
    assert read_workflow(write(still(**{"6": two}))).targets["prompt"] == (Target("6", "clip_l"), Target("6", "t5xxl"))
    two["_meta"]["title"] = "my clash:prompt=t5xxl"
    assert read_workflow(write(still(**{"6": two}))).targets["prompt"] == (Target("6", "t5xxl"),)


def test_a_toml_file_names_inputs_without_titles(write: Write) -> None:
    """`prompt = "6.text"` overrides a title, and a list names several."""
    graph = still(**{"6": node("CLIPTextEncode", text="", clip=["4", 1])})
    notes = '[inputs]\nprompt = "6.text"\nseed = ["3.seed"]\n'
    assert read_workflow(write(graph, notes)).targets["prompt"] == (Target("6", "text"),)


def test_references_are_in_the_order_of_their_numbers(write: Write) -> None:
    """Not in that of the file."""
    graph = still()
    graph["30"] = node("LoadImage", "clash:reference2", image="")
    graph["31"] = node("LoadImage", "clash:reference", image="")
    workflow = read_workflow(write(graph))
    assert workflow.targets["reference"] == (Target("31", "image"), Target("30", "image"))


@pytest.mark.parametrize(
    ("graph", "kind"),
    [
        (still(), "image"),
        (moving(), "video"),
        (speaking(), "speech"),
        ({**moving(), "90": node("SaveImage", images=["50", 0], filename_prefix="x")}, "video"),
    ],
)
def test_the_kind_is_told_from_what_is_saved(write: Write, graph: Graph, kind: str) -> None:
    """Clips before pictures, which are often only previews."""
    assert read_workflow(write(graph)).kind == kind


def test_a_node_that_clash_does_not_know_may_save(write: Write) -> None:
    """By its title and the kind in the TOML file."""
    graph = still(**{"9": node("MySaver", "clash:output", images=["8", 0])})
    with pytest.raises(SettingsError, match="does not know which node saves"):
        read_workflow(write(graph))
    assert read_workflow(write(graph, 'kind = "image"')).output == "9"


def test_a_workflow_may_have_a_name_in_any_script(write: Write) -> None:
    """Letters of any language and spaces; no name that could leave the folder or be taken for another provider."""
    assert read_model(write(still(), name="雨夜 (Qwen).json")).name == "雨夜 (Qwen)"
    with pytest.raises(SettingsError, match="its name is the model's"):
        read_workflow(write(still(), name="a,b.json"))


# -- what is filled in -----------------------------------------------------------------------------------------------


def test_sizes_keep_to_the_notes(write: Write, assets: AssetStore) -> None:
    """No more pixels than `most_pixels`, and multiples of `side_step`."""
    request = keyframe(assets)
    assert plain_size(read_workflow(write(still())), request) == (1280, 720)
    limited = read_workflow(write(still(), "most_pixels = 400000\nside_step = 32\n"))
    width, height = plain_size(limited, request)
    assert (width, height) == (832, 480)


@pytest.mark.parametrize(
    ("notes", "frames"), [("", 65), ("frames_step = 4", 65), ("frames_step = 1", 64), ("fps = 24", 97)]
)
def test_clips_are_at_least_as_long_as_their_shot(write: Write, assets: AssetStore, notes: str, frames: int) -> None:
    """Four seconds at the workflow's rate: a multiple of the step, and one more."""
    assert values_of("x", read_workflow(write(moving(), notes)), video(assets)).plain["frames"] == frames


def test_a_shot_that_is_too_long_is_refused(write: Write, assets: AssetStore) -> None:
    """`most_frames` says so before anything is made; a clip that is just long enough is not refused."""
    workflow = read_workflow(write(moving(), "most_frames = 64"))
    assert values_of("comfyui:mine", workflow, video(assets)).plain["frames"] == 64
    with pytest.raises(ClashError, match=r"shot 3 lasts 5.0 s; comfyui:mine makes clips of at most 4.0 s") as caught:
        values_of("comfyui:mine", workflow, video(assets, seconds=5))
    assert caught.value.code == "too_long_for_model"


def test_a_workflow_of_one_length_refuses_longer_shots(write: Write, assets: AssetStore) -> None:
    """Where no length is filled in, what its node says is the longest that it makes."""
    graph = moving()
    graph["50"]["_meta"]["title"] = "clash:size"
    workflow = read_workflow(write(graph))
    assert workflow.fixed_frames == 81
    values_of("comfyui:mine", workflow, video(assets, seconds=5))
    with pytest.raises(ClashError, match=r"lasts 6.0 s; comfyui:mine makes clips of at most 5.1 s \(81 frames\)"):
        values_of("comfyui:mine", workflow, video(assets, seconds=6))


def test_a_whole_number_stays_one(write: Write, assets: AssetStore) -> None:
    """A rate that the workflow has as an integer is sent as one, a text as a text."""
    graph = moving()
    graph["57"] = node("CreateVideo", "clash:fps", images=["50", 0], fps=16)
    workflow = read_workflow(write(graph))
    request = video(assets)
    sent = filled(workflow, values_of("x", workflow, request), {request.keyframe.sha256: "a.png"}, seed=7, name="n")
    assert sent["57"]["inputs"]["fps"] == 24
    assert isinstance(sent["57"]["inputs"]["fps"], int)
    assert sent["50"]["inputs"]["length"] == 97


# -- what is wrong ---------------------------------------------------------------------------------------------------

NO_PROMPT = still(**{"6": node("CLIPTextEncode", text="", clip=["4", 1])})
WRONG: list[tuple[object, str, str]] = [
    ({"nodes": [], "links": []}, "", "it was saved, not exported"),
    ([], "", "it holds no nodes"),
    ({"1": {"inputs": {}}}, "", "node 1: it has no class_type"),
    (NO_PROMPT, "", "no input is named for the prompt"),
    (still(**{"8": node("VAEDecode", samples=["77", 0], vae=["4", 2])}), "", "node 8, input samples: .* node 77"),
    (still(**{"6": node("CLIPTextEncode", "clash:prompt", text=["8", 0])}), "", "node 6: .* is linked to node 8"),
    (still(**{"6": node("Words", "clash:prompt", sentence="x")}), "", "node 6: .* it has sentence"),
    (still(**{"6": node("CLIPTextEncode", "clash:promt", text="x")}), "", "node 6: its title names clash:promt; known"),
    ({**still(), "10": node("SaveImage", images=["8", 0])}, "", "nodes 9, 10 all save pictures"),
    ({**still(), "10": node("LoadImage", "clash:keyframe", image="")}, "", "'keyframe' is no value of a workflow"),
    (still(), "sort = 1", "mine.toml: sort: Extra inputs are not permitted"),
    (still(), "fps = 0", "mine.toml: fps: Input should be greater than 0"),
    (still(), "= =", "mine.toml is no TOML"),
    (still(), '[inputs]\nprompt = "66.text"', r"mine.toml: inputs.prompt: mine.json has no node '66'"),
    (still(), '[inputs]\nprompt = "6.words"', "mine.toml: inputs.prompt: node 6 has no input 'words'; it has text"),
    (still(), '[inputs]\nprompt = "6.clip"', "mine.toml: inputs.prompt: the input clip of node 6 is linked to node 4"),
    ({**moving(), "57": node("CreateVideo", images=["50", 0])}, "", "nothing says how many a second has"),
]


@pytest.mark.parametrize(("graph", "notes", "told"), WRONG)
def test_what_is_wrong_is_named(write: Write, graph: object, notes: str, told: str) -> None:
    """The file, the node, the input, and what to do."""
    with pytest.raises(SettingsError, match=told) as caught:
        read_workflow(write(graph, notes))
    assert "mine." in caught.value.message
    assert caught.value.hint


def test_a_workflow_that_always_needs_a_reference_is_told(write: Write) -> None:
    """A card has none: the file is to have another name, beside one that needs none."""
    with pytest.raises(SettingsError, match="always needs the reference") as caught:
        read_model(write(still(references=1)))
    assert "mine.reference.json" in str(caught.value.hint)


@pytest.mark.parametrize(("graph", "told"), [(still(), "no input is named for the reference"), (moving(), "makes")])
def test_a_second_workflow_must_fit(write: Write, graph: Graph, told: str) -> None:
    """What is used for references has room for them, and makes pictures."""
    path = write(still())
    write(graph, name="mine.reference.json")
    with pytest.raises(SettingsError, match=rf"mine.reference.json: .*{told}"):
        read_model(path)


# -- at the terminal -------------------------------------------------------------------------------------------------


def test_a_checked_workflow_shows_its_requests(tmp_path: Path, write: Write) -> None:
    """`clash models check` names the inputs and shows every request; the second workflow is checked with the first."""
    write(still())
    write(still(references=1), name="mine.reference.json")
    ended = clash(tmp_path, "models", "check", "mine.json", "--json", env=environment())
    assert ended.code == 0, ended.err
    document = ended.document
    (model,) = document["models"]
    assert (model["model"], model["price"], model["references"]) == ("comfyui:mine", "free", 1)
    assert {"value": "prompt", "node": "6", "class_type": "CLIPTextEncode", "input": "text"} in document["inputs"]
    steps = [
        (request["step"], request["url"].removeprefix("http://127.0.0.1:8188")) for request in document["requests"]
    ]
    assert steps[:2] == [("submit", "/prompt"), ("poll", "/queue")]
    assert ("upload", "/upload/image") in steps
    assert document["requests"][0]["body"]["prompt"]["3"]["inputs"]["seed"] == 1234567890


def test_a_wrong_workflow_keeps_nobody_from_another(tmp_path: Path, write: Write) -> None:
    """It is listed with what is wrong; a run with another workflow goes on, one that names it ends with exit 4."""
    write(still())
    write(NO_PROMPT, name="bad.json")
    env = environment(CLASH_COMFYUI_DIR=".")
    listed = {item["model"]: item for item in clash(tmp_path, "models", "--json", env=env).document["items"]}
    assert listed["comfyui:mine"]["price"] == "free"
    assert "no input is named for the prompt" in listed["comfyui:bad"]["summary"]
    assert listed["comfyui:bad"]["price"] == "cannot be used: clash models check bad.json"
    story = shot_list(tmp_path / "s.csv", 1)
    planned = ("run", str(story), *SMALL, "--dry-run", "--json", "--image-model")
    assert clash(tmp_path, *planned, "comfyui:mine", env=env).code == 0
    refused = clash(tmp_path, *planned, "comfyui:bad", env=env)
    assert (refused.code, refused.document["error"]["code"]) == (4, "bad_workflow")
    unset = clash(tmp_path, *planned, "comfyui:mine", env=environment())
    assert (unset.code, unset.document["error"]["code"]) == (4, "no_workflows")


def test_which_of_several_workflows_is_taken_is_told(tmp_path: Path, write: Write) -> None:
    """Where the provider alone is named, as in a preset: by the dry run and the check, without what is wrong."""
    write(still())
    write(NO_PROMPT, name="bad.json")
    story = shot_list(tmp_path / "s.csv", 1)
    env = environment(CLASH_COMFYUI_DIR=".", CLASH_PRESETS='{"own": {"image": "comfyui"}}')
    planned = ("run", str(story), *SMALL, "--dry-run", "--json")
    assert forked_clash(tmp_path, *planned, "--preset", "own", env=env).document["warnings"] == []
    write(still(), name="another.json")
    (told,) = forked_clash(tmp_path, *planned, "--preset", "own", env=env).document["warnings"]
    assert "takes comfyui:another, the first by name of another, mine;" in told
    assert "--image-model comfyui:mine" in told
    named = forked_clash(tmp_path, *planned, "--preset", "own", "--image-model", "comfyui:mine", env=env)
    assert named.document["warnings"] == []
    assert told in forked_clash(tmp_path, "models", "check", "mine.json", "--json", env=env).document["notes"]
