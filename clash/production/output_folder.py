"""Check that the folder to which the files of a run are published can be written, and say what to type where not."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from clash.config import Settings
from clash.errors import UsageError
from clash.hints import command
from clash.writable_folders import why_not_writable

OUTPUT_FOLDER = "output_folder"
"""Code of the error of a run that exists and whose folder cannot be written."""
_USUAL = (Path("output"), Path("films"), Path("~/films"))
_HINT = "choose another --output, or CLASH_OUTPUT_DIR"


def check_writable(folder: Path) -> None:
    """Raise `UsageError` if a look says that no file can be put into this folder; nothing is made."""
    try:
        nearest = next((path for path in (folder, *folder.parents) if path.exists() or path.is_symlink()), folder)
        reason = "" if nearest.is_dir() else f"{nearest} is no folder"
        effective = os.access in os.supports_effective_ids
        if not reason and not os.access(nearest, os.W_OK | os.X_OK, effective_ids=effective):
            reason = f"{nearest} cannot be written"
    except OSError as error:
        reason = error.strerror or type(error).__name__
    if reason:
        raise UsageError(f"films cannot go to {folder}: {reason}", hint=_HINT)


def require_writable(folder: Path) -> Path:
    """Make a folder and a file in it, which is removed again; return it. Raise `UsageError` if that fails."""
    if reason := why_not_writable(folder):
        raise UsageError(f"films cannot go to {folder}: {reason}", hint=_HINT)
    return folder


def require_recorded(thread_id: str, recorded: Path, settings: Settings) -> None:
    """As `require_writable`, for the folder that a run has recorded: the hint publishes the run somewhere else."""
    if reason := why_not_writable(recorded / thread_id):
        raise UsageError(
            f"films cannot go to {recorded / thread_id}: {reason}",
            code=OUTPUT_FOLDER,
            hint=f"`{elsewhere(thread_id, recorded, settings)}` publishes the run there from now on",
        )


def elsewhere(thread_id: str, recorded: Path, settings: Settings) -> str:
    """Return the command that goes on with a run and publishes it to a folder that can be written."""
    name, folder = output_flags(settings, but=recorded, below=thread_id)
    return command("resume", thread_id, name, shlex.quote(folder))


def output_flags(settings: Settings, *, but: Path | None = None, below: str = "") -> tuple[str, str]:
    """Return `--output` with a folder that can be written: that of the settings, else a usual one; not `but`."""
    folders = [folder.expanduser() for folder in (settings.output_dir, *_USUAL) if folder != but]
    usable = (folder for folder in folders if why_not_writable(folder / below, keep=False) is None)
    return "--output", next(usable, folders[-1]).as_posix()
