"""Run a film from Python, look at its statistics and its checkpoints, and go on with it.

    python examples/workflow_with_checkpoints.py [STORY.csv]

Settings come from the environment and `.env`, as for the command line.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from clash.config import load_settings
from clash.database import ainit_database
from clash.database.checkpointer import alist_checkpoints, get_checkpointer
from clash.database.metadata import AsyncMetadataTracker
from clash.errors import ClashError
from clash.workflow import run_video_production_workflow

THREAD = "example-run"


async def main(story: Path) -> None:
    """Run, resume, statistics, list checkpoints, inspect one."""
    created, applied = await ainit_database()
    print(f"database: {'created' if created else 'there'}; migrations applied: {', '.join(applied) or 'none'}")

    # A second call with the same story goes on where the first one stopped; a finished one costs nothing.
    document = await run_video_production_workflow(story_csv_path=story, thread_id=THREAD)
    if document["status"] in ("failed", "paused"):
        print(f"stopped: {document['error']['message']}; going on")
        document = await run_video_production_workflow(thread_id=THREAD, resume=True)
    print(f"{document['status']}: {document['film']['path']} ({document['film']['duration_s']} s)")

    settings = load_settings()
    async with AsyncMetadataTracker.open(settings.database_url) as tracker:
        stats = await tracker.get_workflow_stats(THREAD)
    print(f"calls: {stats['calls']}, cost: ${stats['total_usd']}")
    for step in stats["by_step"]:
        print(f"  {step['step']:<20} {step['calls']:>3} calls  {step['duration_ms'] / 1000:6.1f} s")

    checkpoints = await alist_checkpoints(THREAD)
    for item in checkpoints:
        print(f"  {item['checkpoint_id']}  {item['step_name']:<20} -> {', '.join(item['next']) or 'end'}")

    # LangGraph's own saver, for whatever it can do: here the state after the screenplay was written.
    before_assets = next(item for item in checkpoints if item["step_name"] == "generate_screenplay")
    async with get_checkpointer() as saver:
        checkpoint = {"thread_id": THREAD, "checkpoint_ns": "", "checkpoint_id": before_assets["checkpoint_id"]}
        saved = await saver.aget_tuple({"configurable": checkpoint})
    if saved is not None:
        print(f"screenplay: {saved.checkpoint['channel_values']['screenplay']}")


if __name__ == "__main__":
    try:
        asyncio.run(main(Path(sys.argv[1] if len(sys.argv) > 1 else "examples/lighthouse.csv")))
    except ClashError as error:
        sys.exit(f"error: {error.message}")
