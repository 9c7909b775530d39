"""What a workflow would be sent for a sample request, with placeholders for pictures and ids. Nothing is sent."""

from __future__ import annotations

from typing import Any

from clash.config import Settings
from clash.providers.comfyui.filling import filled, used_pictures, values_of
from clash.providers.comfyui.folder import WorkflowModel
from clash.providers.comfyui.server import prompt_body
from clash.providers.comfyui.workflow import REFERENCE, Workflow
from clash.providers.http.sample import sample_of
from clash.providers.ports import Request
from clash.redaction import without_password

_SEED = 1234567890
_ID = "<id of the prompt>"


def checked_workflow(settings: Settings, model: WorkflowModel) -> dict[str, Any]:
    """Return what `clash models check` tells of a workflow. Raises `UsageError` for what it cannot make."""
    spec = f"comfyui:{model.name}"
    samples = [(workflow, _sample(workflow)) for workflow in model.workflows]
    url = without_password(settings.comfyui_url.rstrip("/"))
    return {
        "title": "a workflow of your ComfyUI",
        "source": str(model.base.path),
        "checked_on": None,
        "base_url": url,
        "models": [_model(spec, model, samples)],
        "inputs": [
            {"value": value, "node": target.node, "class_type": held["class_type"], "input": target.input}
            for workflow in model.workflows
            for value, targets in sorted(workflow.targets.items())
            for target in targets
            if (held := workflow.graph[target.node])
        ],
        "notes": _notes(model),
        "requests": [one for workflow, request in samples for one in _requests(spec, workflow, request, url)],
    }


def _sample(workflow: Workflow) -> Request:
    return sample_of(
        workflow.kind,
        references=len(workflow.targets.get(REFERENCE, ())),
        language=next(iter(workflow.notes.languages), "en"),
        last_frame=workflow.has("last_frame"),
    )


def _model(spec: str, model: WorkflowModel, samples: list[tuple[Workflow, Request]]) -> dict[str, Any]:
    workflow, request = samples[0]
    plain = values_of(spec, workflow, request).plain
    size = f"{plain['width']}x{plain['height']}" if workflow.has("width") and workflow.has("height") else ""
    frames = f"{plain['frames']} frames" if workflow.has("frames") else ""
    return {
        "kind": workflow.kind,
        "model": spec,
        "answers": "as a job",
        "last_frame": any(one.has("last_frame") for one in model.workflows),
        "sound": False,
        "seed": workflow.has("seed"),
        "references": max(len(one.targets.get(REFERENCE, ())) for one in model.workflows),
        "makes": ", ".join(part for part in (size, frames) if part),
        "cost_usd": "0.000000",
        "price": "free",
    }


def _notes(model: WorkflowModel) -> list[str]:
    """Return what people should know of a workflow that is right."""
    base, found = model.base, list[str]()
    if not all(workflow.has("seed") for workflow in model.workflows):
        found.append("no input is named for the seed: another take of it is the same (title a node clash:seed)")
    if base.kind != "speech" and not (base.has("width") and base.has("height")):
        found.append("its size is not filled in: it makes what its nodes say (title a node clash:size)")
    if base.kind == "image" and model.fuller is None:
        found.append(
            f"it takes no references: people look the same only by their description ({base.path.stem}.reference.json)"
        )
    if base.kind == "video" and not (base.has("frames") or base.has("duration")):
        found.append("its length is not filled in: longer shots cannot be filled (title a node clash:frames)")
    return found


def _requests(spec: str, workflow: Workflow, request: Request, url: str) -> list[dict[str, Any]]:
    values = values_of(spec, workflow, request)
    pictures = used_pictures(workflow, values)
    shown = {one.sha256: f"clash/<{one.role}>" for one in pictures}
    graph = filled(workflow, values, shown, seed=_SEED, name=f"clash/{_ID}")
    form = {"subfolder": "clash", "type": "input", "overwrite": "true"}
    uploads = [("upload", "POST", "/upload/image", {"image": f"<{one.role}>", **form}) for one in pictures]
    asked = [
        *uploads,
        ("submit", "POST", "/prompt", prompt_body(_ID, graph)),
        ("poll", "GET", "/queue", None),
        ("poll", "GET", f"/history/{_ID}", None),
        ("fetch", "GET", "/view?filename=<file>&subfolder=<folder>&type=<type>", None),
    ]
    return [
        {"model": spec, "step": step, "method": method, "url": url + path, "headers": {}, "body": body}
        for step, method, path, body in asked
    ]
