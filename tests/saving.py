"""Save and read checkpoints through the saver of the Python API."""

from __future__ import annotations

from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver, CheckpointTuple
from langgraph.checkpoint.conformance.test_utils import generate_checkpoint, generate_config, generate_metadata

Saver = BaseCheckpointSaver[str]


async def put(saver: Saver, thread_id: str, value: Any, *, parent: RunnableConfig | None = None) -> RunnableConfig:
    """Save a checkpoint that holds a value."""
    config = parent or generate_config(thread_id)
    return await saver.aput(config, generate_checkpoint(channel_values={"value": value}), generate_metadata(), {})


async def newest(saver: Saver, thread_id: str) -> CheckpointTuple:
    """Return the newest checkpoint of a thread."""
    found = await saver.aget_tuple(generate_config(thread_id))
    assert found is not None
    return found
