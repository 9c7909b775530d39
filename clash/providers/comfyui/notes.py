"""What a user says of a workflow in a TOML file beside it, where the workflow itself does not say it."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from clash.errors import SettingsError
from clash.providers.model_limits import STEP, ModelData
from clash.regular_files import read_regular_file

Made = Literal["image", "video", "speech"]
_MOST_BYTES = 1 << 20


class WorkflowNotes(ModelData):
    """The keys of `my-workflow.toml`. All are optional, and so is the file."""

    kind: Made | None = None
    """What the workflow makes, where its output node does not say so."""
    output: str = ""
    """The id of the node that saves the result."""
    inputs: dict[str, str | tuple[str, ...]] = Field(default_factory=dict)
    """Value to `node.input`, or a list of these; before the titles of nodes."""
    summary: str = ""
    fps: float | None = Field(default=None, gt=0, le=240)
    """Frames per second that the workflow makes."""
    frames_step: int = Field(default=8, ge=1, le=256)
    """Clips have a multiple of this many frames, and one more."""
    most_frames: int | None = Field(default=None, ge=1)
    side_step: int = Field(default=STEP, ge=1, le=1024)
    """Sides are multiples of this."""
    most_pixels: int | None = Field(default=None, ge=64 * 64)
    languages: tuple[str, ...] = ()
    """BCP 47 tags of the languages that it speaks; empty: any."""


_HINT = f"known keys: {', '.join(WorkflowNotes.model_fields)} (docs/providers.md)"


def read_notes(path: Path) -> WorkflowNotes:
    """Return what a file says; nothing if there is none. Raises `SettingsError` that names the file and the key."""
    try:
        content = read_regular_file(path, _MOST_BYTES)
    except FileNotFoundError:
        return WorkflowNotes()
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror or error}", code="bad_workflow") from None
    try:
        return WorkflowNotes.model_validate(tomllib.loads(content.decode("utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is no TOML: {error}", code="bad_workflow", hint=_HINT) from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        raise SettingsError(
            f"{path}: {key}: {first['msg']}",
            code="bad_workflow",
            hint=_HINT,
        ) from None
