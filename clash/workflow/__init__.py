"""The graph that makes a film, and the first design's one-call entry to it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

__all__ = ["run_video_production_workflow"]


async def run_video_production_workflow(
    story_csv_path: str | Path | None = None,
    *,
    thread_id: str | None = None,
    resume: bool = False,
    budget: Decimal | str | float | None = None,
    models: Mapping[str, str] | None = None,
    retry_unknown: bool = False,
) -> dict[str, Any]:
    """Make a film of a story, or go on with one: `await run_video_production_workflow(story_csv_path="story.csv")`.

    With `resume=True` only `thread_id` is needed. `budget`: dollars. `models`: `provider:model` per kind (screenplay,
    image, video, speech). `retry_unknown`: make calls again that may have been paid already. All else comes from the
    environment and `.env`. Returns the JSON document of `clash run`, and beside it `run_id`, `total_cost` (dollars, as
    a float) and `errors` (messages); its `error` says what failed in a run that had begun.
    Raises `ClashError` for what is refused before anything is made.
    """
    from clash import production
    from clash.config import load_settings
    from clash.errors import UsageError

    settings, dollars = load_settings(), _dollars(budget)
    if resume:
        if thread_id is None:
            raise UsageError("resume needs a thread_id")
        if models:
            raise UsageError(
                "a run that is resumed keeps its models",
                hint=f"to change them, run its story with --thread {thread_id}, --allow-changes and the new models",
            )
        report = await production.resume(thread_id, settings, budget=dollars, retry_unknown=retry_unknown)
        return _with_first_names(report.document.dump())
    if story_csv_path is None:
        raise UsageError("a new film needs a story_csv_path")
    request = production.RunRequest(
        story=str(story_csv_path),
        thread_id=thread_id,
        budget=dollars,
        models=dict(models or {}),
        retry_unknown=retry_unknown,
    )
    return _with_first_names((await production.run(request, settings)).document.dump())


def _dollars(budget: Decimal | str | float | None) -> Decimal | None:
    from clash.errors import UsageError

    try:
        return None if budget is None else Decimal(str(budget))
    except InvalidOperation:
        raise UsageError(f"budget {budget!r} is no amount of dollars") from None


def _with_first_names(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document with the names that the first design gave some of it."""
    error: Mapping[str, Any] | None = document.get("error")
    return {
        **document,
        "run_id": document["thread_id"],
        "total_cost": float(document["cost"]["total_usd"]),
        "errors": [error["message"]] if error else [],
    }
