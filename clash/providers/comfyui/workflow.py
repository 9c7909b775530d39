"""A workflow of ComfyUI in its API format: what it makes, and which inputs of its nodes clash fills.

An input is named by the title of its node (`clash:prompt`, in the exported file `_meta.title`), or by the TOML file
beside the workflow (`prompt = "6.text"`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from clash.errors import SettingsError
from clash.providers.comfyui.notes import Made, WorkflowNotes, read_notes
from clash.regular_files import read_regular_file

_MOST_BYTES = 16 << 20
_NAME = re.compile(r"\w[\w .()+-]{0,99}")
_TITLE = re.compile(r"clash:([a-z_]+?)(\d*)(?:=([\w.]+))?(?![\w.=])", re.IGNORECASE)
OUTPUT, SIZE, REFERENCE = "output", "size", "reference"

VALUES: Mapping[Made, tuple[str, ...]] = {
    "image": ("prompt", "negative", "seed", "width", "height", REFERENCE),
    "video": ("prompt", "negative", "seed", "width", "height", "keyframe", "last_frame", "frames", "fps", "duration"),
    "speech": ("text", "voice", "language", "seed"),
}
"""What can be filled in, by what a workflow makes."""
_USUAL: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "prompt": (("text",), ("prompt",), ("value",), ("string",), ("text_g", "text_l"), ("clip_l", "t5xxl")),
    "negative": (("text",), ("prompt",), ("value",), ("string",), ("text_g", "text_l")),
    "text": (("text",), ("prompt",), ("value",), ("string",)),
    "voice": (("voice",), ("text",), ("value",), ("string",)),
    "language": (("language",), ("lang",), ("value",), ("string",)),
    "seed": (("seed",), ("noise_seed",), ("value",)),
    "width": (("width",), ("value",)),
    "height": (("height",), ("value",)),
    "keyframe": (("image",),),
    "last_frame": (("image",),),
    REFERENCE: (("image",),),
    "frames": (("length",), ("frames",), ("num_frames",), ("video_frames",), ("frame_count",), ("value",)),
    "fps": (("fps",), ("frame_rate",), ("value",)),
    "duration": (("duration",), ("seconds",), ("value",)),
}
"""The inputs that a value goes into: the first of these that a node has."""
_USUAL_SEEDS = ("seed", "noise_seed")
_RATES = ("fps", "frame_rate")
_LENGTHS = ("length", "num_frames", "video_frames")
_MAKES: Mapping[str, Made] = {
    "SaveImage": "image",
    "PreviewImage": "image",
    "SaveVideo": "video",
    "SaveWEBM": "video",
    "VHS_VideoCombine": "video",
    "SaveAudio": "speech",
    "SaveAudioMP3": "speech",
    "SaveAudioOpus": "speech",
    "PreviewAudio": "speech",
}
"""What the nodes make that save something."""
_WORDS: Mapping[Made, str] = {"image": "pictures", "video": "clips", "speech": "speech"}


@dataclass(frozen=True)
class Target:
    """An input of a node."""

    node: str
    input: str


@dataclass(frozen=True)
class Workflow:
    """A workflow that was read and found right. `graph` is what ComfyUI is sent, before values are filled in."""

    path: Path
    kind: Made
    graph: Mapping[str, Mapping[str, Any]]
    output: str
    """The id of the node that saves the result."""
    targets: Mapping[str, tuple[Target, ...]]
    """Where each value goes; `reference`: where each picture goes, in order."""
    fps: float | None
    """Frames per second of its clips, where they are not filled in."""
    fixed_frames: int | None
    """Frames of its clips, where neither frames nor seconds are filled in and a node says how many."""
    notes: WorkflowNotes

    def has(self, value: str) -> bool:
        """Return whether a value goes anywhere."""
        return bool(self.targets.get(value))

    def node_words(self, node: str) -> str:
        """Return a node as its user knows it: `node 9 (SaveImage)`."""
        found = self.graph.get(node)
        return f"node {node} ({found['class_type']})" if found is not None else f"node {node}"


def read_workflow(path: Path) -> Workflow:
    """Return the workflow in a file. Raises `SettingsError` that names the file, the node and the input."""
    if path.suffix != ".json" or not _NAME.fullmatch(path.stem):
        raise _wrong(path, "its name is the model's, so it has letters, digits and -_.()+ and ends in .json")
    try:
        content = read_regular_file(path, _MOST_BYTES)
    except OSError as error:
        raise _wrong(path, f"it cannot be read: {error.strerror or error}") from None
    nodes, titles = _nodes(path, content)
    notes = read_notes(path.with_suffix(".toml"))
    named = _named(path, nodes, titles)
    kind, output = _output(path, nodes, named.pop(OUTPUT, ()), notes)
    for value, places in notes.inputs.items():
        named[value] = tuple(_place(path, nodes, value, place) for place in _listed(places))
    for value in named:
        if value not in VALUES[kind]:
            known = ", ".join(VALUES[kind])
            raise _wrong(path, f"{value!r} is no value of a workflow that makes {_WORDS[kind]}; known: {known}")
    if "seed" not in named:
        named["seed"] = tuple(_literals(nodes, _USUAL_SEEDS))
    is_fixed = kind == "video" and "frames" not in named and "duration" not in named
    fixed = _only_number(nodes, _LENGTHS) if is_fixed else None
    rate = notes.fps or _only_number(nodes, _RATES)
    workflow = Workflow(path, kind, nodes, output, named, rate, int(fixed) if fixed else None, notes)
    _check_needs(workflow)
    return workflow


def _nodes(path: Path, content: bytes) -> tuple[dict[str, dict[str, Any]], dict[str, str]]:
    """Return the nodes without their `_meta`, and the title of each."""
    try:
        data: object = json.loads(content)
    except ValueError as error:
        raise _wrong(path, f"it is no JSON: {error}") from None
    found = cast("dict[str, Any]", data) if isinstance(data, dict) else {}
    if isinstance(found.get("nodes"), list):
        raise _wrong(path, "it was saved, not exported", "in ComfyUI choose Workflow > Export (API)")
    if not found:
        raise _wrong(path, "it holds no nodes", "in ComfyUI choose Workflow > Export (API)")
    nodes: dict[str, dict[str, Any]] = {}
    titles: dict[str, str] = {}
    for name, value in found.items():
        node = cast("dict[str, Any]", value) if isinstance(value, dict) else {}
        inputs: object = node.get("inputs")
        if not isinstance(node.get("class_type"), str) or not isinstance(inputs, dict):
            raise _wrong(path, f"node {name}: it has no class_type and inputs", "choose Workflow > Export (API)")
        nodes[name] = {"class_type": node["class_type"], "inputs": dict(cast("dict[str, Any]", inputs))}
        meta: object = node.get("_meta")
        title: object = cast("dict[str, Any]", meta).get("title") if isinstance(meta, dict) else None
        titles[name] = title if isinstance(title, str) else ""
    for name, node in nodes.items():
        for at, value in node["inputs"].items():
            if (linked := link_of(value)) is not None and linked not in nodes:
                raise _wrong(path, f"node {name}, input {at}: it is linked to node {linked}, which is not in the file")
    return nodes, titles


def link_of(value: object) -> str | None:
    """Return the id of the node that an input is linked to; None for a value of its own."""
    parts = cast("list[object]", value) if isinstance(value, list) else []
    if len(parts) == 2 and isinstance(parts[0], str) and isinstance(parts[1], int):
        return parts[0]
    return None


def _named(path: Path, nodes: Mapping[str, Any], titles: Mapping[str, str]) -> dict[str, tuple[Target, ...]]:
    """Return what the titles name: value to inputs. `output` has the node alone."""
    found: dict[str, list[tuple[int, Target]]] = {}
    for node, title in titles.items():
        for match in _TITLE.finditer(title):
            value, number, given = match[1].lower(), int(match[2] or 1), match[3]
            if value == OUTPUT:
                found.setdefault(OUTPUT, []).append((number, Target(node, "")))
            for one in ("width", "height") if value == SIZE else (value,):
                if one in _USUAL:
                    targets = _targets(path, nodes, node, one, given)
                    found.setdefault(one, []).extend((number, target) for target in targets)
                elif one != OUTPUT:
                    known = ", ".join(dict.fromkeys((*VALUES["image"], *VALUES["video"], SIZE, *VALUES["speech"])))
                    raise _wrong(path, f"node {node}: its title names clash:{one}; known: {known}, {OUTPUT}")
    return {value: tuple(target for _, target in sorted(places, key=_number)) for value, places in found.items()}


def _number(place: tuple[int, Target]) -> int:
    return place[0]


def _targets(path: Path, nodes: Mapping[str, Any], node: str, value: str, given: str | None) -> list[Target]:
    inputs: Mapping[str, Any] = nodes[node]["inputs"]
    groups = ((given,),) if given else _USUAL[value]
    for group in groups:
        if all(name in inputs and link_of(inputs[name]) is None for name in group):
            return [Target(node, name) for name in group]
    own = [name for name, one in inputs.items() if link_of(one) is None]
    linked = next((link_of(inputs[name]) for group in groups for name in group if name in inputs), None)
    told = f"node {node}: its title names clash:{value}, but "
    if linked is not None:
        raise _wrong(path, f"{told}that input is linked to node {linked}", f"give the title to node {linked}")
    raise _wrong(
        path,
        f"{told}none of its inputs is {' or '.join(' and '.join(group) for group in groups)};"
        f" it has {', '.join(own) or 'none of its own'}",
        f"name the input in the title, for example clash:{value}={own[0] if own else 'text'}",
    )


def _place(path: Path, nodes: Mapping[str, Any], value: str, place: str) -> Target:
    """Return the input that the TOML file names: `6.text`. Node ids of subgraphs have colons, never dots."""
    node, _, name = place.partition(".")
    toml = path.with_suffix(".toml")
    if node not in nodes:
        raise _wrong(toml, f"inputs.{value}: {path.name} has no node {node!r}; write NODE.INPUT, for example 6.text")
    inputs: Mapping[str, Any] = nodes[node]["inputs"]
    if name not in inputs:
        raise _wrong(toml, f"inputs.{value}: node {node} has no input {name!r}; it has {', '.join(inputs)}")
    if (linked := link_of(inputs[name])) is not None:
        raise _wrong(
            toml, f"inputs.{value}: the input {name} of node {node} is linked to node {linked}; name its input"
        )
    return Target(node, name)


def _listed(places: str | tuple[str, ...]) -> tuple[str, ...]:
    return (places,) if isinstance(places, str) else places


def _output(path: Path, nodes: Mapping[str, Any], titled: tuple[Target, ...], notes: WorkflowNotes) -> tuple[Made, str]:
    """Return what the workflow makes, and the node that saves it."""
    if notes.output and notes.output not in nodes:
        raise _wrong(path.with_suffix(".toml"), f"output: {path.name} has no node {notes.output!r}")
    chosen = [notes.output] if notes.output else [target.node for target in titled]
    savers = chosen or [name for name, node in nodes.items() if node["class_type"] in _MAKES]
    made: dict[str, Made | None] = {name: _made_by(nodes[name], notes) for name in savers}
    kind = notes.kind or _foremost(made)
    if kind is None:
        raise _wrong(
            path,
            "clash does not know which node saves the result",
            f'give that node the title clash:output, and write kind = "image" into {path.with_suffix(".toml").name}',
        )
    of_kind = [name for name in savers if made[name] == kind]
    final = [name for name in of_kind if not nodes[name]["class_type"].startswith("Preview")] or of_kind
    if not final:
        raise _wrong(path, f"none of its nodes saves {_WORDS[kind]}", "give the node that does the title clash:output")
    if len(final) > 1:
        raise _wrong(
            path, f"nodes {', '.join(final)} all save {_WORDS[kind]}", "give one of them the title clash:output"
        )
    return kind, final[0]


def _made_by(node: Mapping[str, Any], notes: WorkflowNotes) -> Made | None:
    return _MAKES.get(node["class_type"]) or notes.kind


def _foremost(made: Mapping[str, Made | None]) -> Made | None:
    """Return what a workflow is for: clips before speech before pictures, which are often only previews."""
    for kind in made.values():
        if kind == "video":
            return kind
    for kind in made.values():
        if kind == "speech":
            return kind
    return next((kind for kind in made.values() if kind is not None), None)


def _literals(nodes: Mapping[str, Any], names: tuple[str, ...]) -> Iterator[Target]:
    """Yield the inputs of these names that hold a number."""
    for node, held in nodes.items():
        for name in names:
            value: object = held["inputs"].get(name)
            if isinstance(value, int | float) and not isinstance(value, bool):
                yield Target(node, name)


def _only_number(nodes: Mapping[str, Any], names: tuple[str, ...]) -> float | None:
    """Return the number that all inputs of these names hold; None if there are none, or different ones."""
    found = {float(nodes[target.node]["inputs"][target.input]) for target in _literals(nodes, names)}
    return found.pop() if len(found) == 1 else None


def _check_needs(workflow: Workflow) -> None:
    """Raise `SettingsError` for a workflow without what every call fills in."""
    path, needs = workflow.path, {"image": ("prompt",), "video": ("prompt", "keyframe"), "speech": ("text",)}
    for value in needs[workflow.kind]:
        if not workflow.has(value):
            raise _wrong(
                path,
                f"it makes {_WORDS[workflow.kind]}, and no input is named for the {value}",
                f"in ComfyUI give the node of the {value} the title clash:{value}, and export again",
            )
    if workflow.has("frames") and not workflow.has("fps") and not workflow.fps:
        raise _wrong(
            path,
            "it is told how many frames to make, and nothing says how many a second has",
            f"write fps = 16 into {path.with_suffix('.toml').name}, or name an input clash:fps",
        )


def _wrong(path: Path, what: str, hint: str | None = None) -> SettingsError:
    return SettingsError(
        f"the workflow {path}: {what}",
        code="bad_workflow",
        hint=hint or "docs/providers.md says how a workflow is made",
    )
