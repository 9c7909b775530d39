"""clash turns a story (a CSV) into a finished film, saves every step, and never pays twice.

    import asyncio, clash
    report = asyncio.run(clash.run(clash.RunRequest(story="story.csv", thread_id="demo")))

What is listed in `__all__` is the public API; docs/python.md describes it. Each name is imported when it is first used.
"""

from clash.version import __version__

TYPE_CHECKING = False  # as of `typing`, whose import would take longer than all of this file
if TYPE_CHECKING:
    from clash.database import init_database
    from clash.database.checkpointer import aget_checkpointer, alist_checkpoints, get_checkpointer, list_checkpoints
    from clash.database.metadata import AsyncMetadataTracker, MetadataTracker
    from clash.errors import ClashError
    from clash.production import (
        Finish,
        ForkRequest,
        RunReport,
        RunRequest,
        cancel,
        dry_run,
        fork,
        fork_plan,
        resume,
        run,
    )
    from clash.reports.diffs import diff_checkpoints, diff_runs

__all__ = [
    "AsyncMetadataTracker",
    "ClashError",
    "Finish",
    "ForkRequest",
    "MetadataTracker",
    "RunReport",
    "RunRequest",
    "__version__",
    "aget_checkpointer",
    "alist_checkpoints",
    "cancel",
    "diff_checkpoints",
    "diff_runs",
    "dry_run",
    "fork",
    "fork_plan",
    "get_checkpointer",
    "init_database",
    "list_checkpoints",
    "resume",
    "run",
]

_MODULES = {
    "AsyncMetadataTracker": "clash.database.metadata",
    "ClashError": "clash.errors",
    "Finish": "clash.production",
    "ForkRequest": "clash.production",
    "MetadataTracker": "clash.database.metadata",
    "RunReport": "clash.production",
    "RunRequest": "clash.production",
    "aget_checkpointer": "clash.database.checkpointer",
    "alist_checkpoints": "clash.database.checkpointer",
    "cancel": "clash.production",
    "diff_checkpoints": "clash.reports.diffs",
    "diff_runs": "clash.reports.diffs",
    "dry_run": "clash.production",
    "fork": "clash.production",
    "fork_plan": "clash.production",
    "get_checkpointer": "clash.database.checkpointer",
    "init_database": "clash.database",
    "list_checkpoints": "clash.database.checkpointer",
    "resume": "clash.production",
    "run": "clash.production",
}


def __getattr__(name: str) -> object:
    """Import a name of the public API when it is first used."""
    module = _MODULES.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(module), name)
    return value


def __dir__() -> list[str]:
    """Return the public API and nothing else."""
    return sorted(__all__)
