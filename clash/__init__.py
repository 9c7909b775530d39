"""clash turns a story (a table) into a finished film, saves every step, and never pays twice.

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
    from clash.exports.use_case import export
    from clash.production import (
        BatchReport,
        BatchRequest,
        Finish,
        ForkRequest,
        RetakeRequest,
        RunReport,
        RunRequest,
        approve,
        batch,
        batch_dry_run,
        cancel,
        dry_run,
        fork,
        fork_plan,
        reject,
        resume,
        retake,
        retake_plan,
        review,
        run,
        takes,
        use_take,
        use_take_plan,
    )
    from clash.reports.diffs import diff_checkpoints, diff_runs

__all__ = [
    "AsyncMetadataTracker",
    "BatchReport",
    "BatchRequest",
    "ClashError",
    "Finish",
    "ForkRequest",
    "MetadataTracker",
    "RetakeRequest",
    "RunReport",
    "RunRequest",
    "__version__",
    "aget_checkpointer",
    "alist_checkpoints",
    "approve",
    "batch",
    "batch_dry_run",
    "cancel",
    "diff_checkpoints",
    "diff_runs",
    "dry_run",
    "export",
    "fork",
    "fork_plan",
    "get_checkpointer",
    "init_database",
    "list_checkpoints",
    "reject",
    "resume",
    "retake",
    "retake_plan",
    "review",
    "run",
    "takes",
    "use_take",
    "use_take_plan",
]

_MODULES = {
    "AsyncMetadataTracker": "clash.database.metadata",
    "BatchReport": "clash.production",
    "BatchRequest": "clash.production",
    "ClashError": "clash.errors",
    "Finish": "clash.production",
    "ForkRequest": "clash.production",
    "MetadataTracker": "clash.database.metadata",
    "RetakeRequest": "clash.production",
    "RunReport": "clash.production",
    "RunRequest": "clash.production",
    "aget_checkpointer": "clash.database.checkpointer",
    "alist_checkpoints": "clash.database.checkpointer",
    "approve": "clash.production",
    "batch": "clash.production",
    "batch_dry_run": "clash.production",
    "cancel": "clash.production",
    "diff_checkpoints": "clash.reports.diffs",
    "diff_runs": "clash.reports.diffs",
    "dry_run": "clash.production",
    "export": "clash.exports.use_case",
    "fork": "clash.production",
    "fork_plan": "clash.production",
    "get_checkpointer": "clash.database.checkpointer",
    "init_database": "clash.database",
    "list_checkpoints": "clash.database.checkpointer",
    "reject": "clash.production",
    "resume": "clash.production",
    "retake": "clash.production",
    "retake_plan": "clash.production",
    "review": "clash.production",
    "run": "clash.production",
    "takes": "clash.production",
    "use_take": "clash.production",
    "use_take_plan": "clash.production",
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
