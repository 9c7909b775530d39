"""The graph that makes a film, and the first design's one-call entry to it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

__all__ = ["run_video_production_workflow"]


async def run_video_production_workflow(
    *, story_csv_path: str | Path | None = None, thread_id: str | None = None, resume: bool = False
) -> dict[str, Any]:
    """Make a film of a story, or go on with one: `await run_video_production_workflow(story_csv_path="story.csv")`.

    With `resume=True` only `thread_id` is needed. Settings come from the environment and `.env`.
    Returns the JSON document of `clash run`; its `error` says what failed in a run that had begun.
    Raises `ClashError` for what is refused before anything is made.
    """
    from clash import production
    from clash.config import load_settings
    from clash.errors import UsageError

    settings = load_settings()
    if resume:
        if thread_id is None:
            raise UsageError("resume needs a thread_id")
        return (await production.resume(thread_id, settings)).document
    if story_csv_path is None:
        raise UsageError("a new film needs a story_csv_path")
    request = production.ProductionRequest(story=str(story_csv_path), thread_id=thread_id)
    return (await production.run(request, settings)).document
