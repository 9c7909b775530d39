"""The folder CLASH_COMFYUI_DIR: one model per workflow, and the second workflow that some models have.

`portrait.json` is the model `comfyui:portrait`. `portrait.reference.json` is used instead of it for pictures that have
references, `wan.last_frame.json` for clips that have a last frame.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from clash.config import Settings
from clash.errors import SettingsError, UsageError
from clash.providers.comfyui.notes import Made
from clash.providers.comfyui.workflow import Workflow, read_workflow
from clash.providers.ports import ImageRequest, Request, VideoRequest

SUFFIX = ".json"
_VARIANTS = ("reference", "last_frame")
_OF: dict[str, Made] = {"reference": "image", "last_frame": "video"}


@dataclass(frozen=True)
class WorkflowModel:
    """A model: its workflow, and the workflow `fuller` for a request with references, or with a last frame."""

    name: str
    base: Workflow
    fuller: Workflow | None

    def workflow_of(self, request: Request) -> Workflow:
        """Return the workflow that makes what is asked for."""
        more = isinstance(request, ImageRequest) and request.references
        more = more or (isinstance(request, VideoRequest) and request.last_frame is not None)
        return self.fuller if more and self.fuller is not None else self.base

    @property
    def workflows(self) -> tuple[Workflow, ...]:
        """Its one or two workflows."""
        return (self.base,) if self.fuller is None else (self.base, self.fuller)


def workflow_names(settings: Settings) -> tuple[str, ...]:
    """Return the names of the models in the folder; none where no folder is set. Raises `SettingsError`."""
    folder = settings.comfyui_dir
    if folder is None:
        return ()
    if not folder.is_dir():
        raise SettingsError(f"CLASH_COMFYUI_DIR {folder} is not a folder", hint="it holds workflows: NAME.json")
    return tuple(sorted(path.stem for path in folder.glob(f"*{SUFFIX}") if _variant(path) is None))


def workflow_model(settings: Settings, name: str) -> WorkflowModel:
    """Return a model of the folder. Raises `UsageError` for one that is not there, `SettingsError` for a wrong file."""
    if settings.comfyui_dir is None:
        raise SettingsError(
            "CLASH_COMFYUI_DIR is not set", code="no_workflows", hint="name the folder of your ComfyUI workflows in it"
        )
    known = workflow_names(settings)
    if name not in known:
        raise UsageError(
            f"there is no workflow {name}{SUFFIX} in CLASH_COMFYUI_DIR {settings.comfyui_dir}",
            code="unknown_model",
            hint=f"known: {', '.join(known)}" if known else "the folder has no .json file",
        )
    return read_model(settings.comfyui_dir / f"{name}{SUFFIX}")


def read_model(path: Path) -> WorkflowModel:
    """Return the model of a workflow's file, whichever of its two files it is. Raises `SettingsError`."""
    variant = _variant(path)
    if variant is not None:
        path = path.with_name(f"{path.stem.removesuffix(f'.{variant}')}{SUFFIX}")
    base = read_workflow(path)
    for value in _VARIANTS:
        if base.has(value):
            raise SettingsError(
                f"the workflow {path}: it always needs the {value}, which not every request has",
                code="bad_workflow",
                hint=f"name this file {path.stem}.{value}.json, and save one that needs none as {path.name}",
            )
    return WorkflowModel(path.stem, base, _fuller(path, base.kind))


def _fuller(path: Path, kind: Made) -> Workflow | None:
    for value in _VARIANTS:
        beside = path.with_name(f"{path.stem}.{value}{SUFFIX}")
        if not beside.exists():
            continue
        fuller = read_workflow(beside)
        if _OF[value] != kind or fuller.kind != kind:
            raise SettingsError(
                f"the workflow {beside}: a workflow with this name makes {_OF[value]}s; it makes {fuller.kind}, and"
                f" {path.name} makes {kind}",
                code="bad_workflow",
            )
        if not fuller.has(value):
            raise SettingsError(
                f"the workflow {beside}: no input is named for the {value}",
                code="bad_workflow",
                hint=f"in ComfyUI give its Load Image node the title clash:{value}, and export again",
            )
        return fuller
    return None


def _variant(path: Path) -> str | None:
    return next((value for value in _VARIANTS if path.name.endswith(f".{value}{SUFFIX}")), None)
