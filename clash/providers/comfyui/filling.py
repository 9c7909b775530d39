"""From a request to the graph that ComfyUI is sent: the workflow with the request's values in its named inputs."""

from __future__ import annotations

import copy
import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from clash.errors import ProviderError, UsageError
from clash.providers.comfyui.workflow import REFERENCE, Workflow
from clash.providers.model_limits import ModelLimits
from clash.providers.picture_prompts import clip_prompt, picture_prompt, references_for
from clash.providers.ports import ImageRequest, Reference, Request, SpeechRequest, VideoRequest

NEGATIVE = "text, letters, captions, subtitles, watermark, logo, frame, border, split screen"
"""What no picture of a film has: its lettering is laid over it later."""
_PREFIX = "filename_prefix"


@dataclass(frozen=True)
class Values:
    """What goes into the inputs. `pictures`: the references that are uploaded, by the value they are for, in order."""

    plain: Mapping[str, Any]
    pictures: Mapping[str, Sequence[Reference]] = field(default_factory=dict[str, Sequence[Reference]])


def values_of(spec: str, workflow: Workflow, request: Request) -> Values:
    """Return the values of a request, without the seed. Raises `UsageError` for what the workflow cannot make."""
    if isinstance(request, ImageRequest) and workflow.kind == "image":
        most = len(workflow.targets.get(REFERENCE, ()))
        limits = ModelLimits(provider="comfyui", id="workflow", kind="image", most_references=most)
        references = references_for(limits, request) if most else ()
        width, height = _sides(workflow, request.width, request.height)
        plain = {"prompt": picture_prompt(request, references), "width": width, "height": height}
        return Values({**plain, "negative": NEGATIVE}, {REFERENCE: references})
    if isinstance(request, VideoRequest) and workflow.kind == "video":
        return _clip(spec, workflow, request)
    if isinstance(request, SpeechRequest) and workflow.kind == "speech":
        return Values({"text": request.text, "voice": request.voice, "language": request.language})
    raise ProviderError(f"{spec} makes no {type(request).__name__}", code="unknown_model")


def _clip(spec: str, workflow: Workflow, request: VideoRequest) -> Values:
    notes, seconds = workflow.notes, request.frames / request.fps
    fps = float(request.fps) if workflow.has("fps") else workflow.fps or float(request.fps)
    frames = math.ceil(math.ceil(seconds * fps - 1e-6 - 1) / notes.frames_step) * notes.frames_step + 1
    most = notes.most_frames or workflow.fixed_frames
    if most is not None and frames > most:
        # Without what the step adds, it may still be long enough.
        frames = most
        if frames / fps < seconds - 1 / request.fps:
            raise UsageError(
                f"shot {request.shot.number} lasts {seconds:.1f} s; {spec} makes clips of at most {most / fps:.1f} s"
                f" ({most} frames)",
                code="too_long_for_model",
                hint="shorten the shot in the story, or choose another --video-model",
            )
    width, height = _sides(workflow, request.width, request.height)
    plain = {
        "prompt": clip_prompt(request),
        "negative": NEGATIVE,
        "width": width,
        "height": height,
        "frames": frames,
        "fps": fps,
        "duration": round(seconds, 3),
    }
    pictures: dict[str, Sequence[Reference]] = {"keyframe": (request.keyframe,)}
    if request.last_frame is not None:
        pictures["last_frame"] = (request.last_frame,)
    return Values(plain, pictures)


def _sides(workflow: Workflow, width: int, height: int) -> tuple[int, int]:
    """Return the sides of what is made: no more pixels than the workflow can make, and multiples of its step."""
    most, step = workflow.notes.most_pixels, workflow.notes.side_step
    scale = min(1.0, math.sqrt(most / (width * height))) if most else 1.0
    return max(step, round(width * scale / step) * step), max(step, round(height * scale / step) * step)


def filled(
    workflow: Workflow, values: Values, shown: Mapping[str, str], *, seed: int, name: str
) -> dict[str, dict[str, Any]]:
    """Return the graph to send. `shown`: what stands for each picture, by its sha256. `name`: of the saved file."""
    graph: dict[str, dict[str, Any]] = copy.deepcopy({node: dict(held) for node, held in workflow.graph.items()})
    for value, one in {**values.plain, "seed": seed}.items():
        for target in workflow.targets.get(value, ()):
            inputs = graph[target.node]["inputs"]
            inputs[target.input] = _as_before(inputs[target.input], one)
    for value, references in values.pictures.items():
        for number, target in enumerate(workflow.targets.get(value, ())):
            if references:
                # A workflow with room for more pictures than there are is given the last one again.
                reference = references[min(number, len(references) - 1)]
                graph[target.node]["inputs"][target.input] = shown[reference.sha256]
    saved: dict[str, Any] = graph[workflow.output]["inputs"]
    if isinstance(saved.get(_PREFIX), str):
        # A name of its own: what another prompt saves later can never be taken for it.
        saved[_PREFIX] = name
    return graph


def _as_before(before: object, value: Any) -> Any:
    """Return a number as the workflow has it: a whole one where it has a whole one."""
    if isinstance(value, float) and isinstance(before, int):
        return math.ceil(value - 1e-6)
    if isinstance(before, str) and not isinstance(value, str):
        return f"{value:g}" if isinstance(value, float) else str(value)
    return value


def used_pictures(workflow: Workflow, values: Values) -> list[Reference]:
    """Return the references that go into the graph, each once."""
    found = {
        reference.sha256: reference
        for value, references in values.pictures.items()
        for reference in references[: len(workflow.targets.get(value, ()))]
    }
    return list(found.values())


def identity_of(workflow: Workflow, values: Values) -> dict[str, Any]:
    """Return what decides the result: the digest of the graph with its values, and a digest for each picture."""
    shown = {one.sha256: f"sha256:{one.sha256}" for one in used_pictures(workflow, values)}
    graph = filled(workflow, values, shown, seed=0, name="")
    sent = json.dumps(graph, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    told = {value: one for value, one in values.plain.items() if workflow.has(value)}
    return {"graph": hashlib.sha256(sent.encode("utf-8", "surrogatepass")).hexdigest(), "values": told}
