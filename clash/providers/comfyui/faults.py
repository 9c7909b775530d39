"""What ComfyUI says when it refuses a prompt, or when a prompt fails, in plain words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, cast

from clash.errors import ProviderError
from clash.providers.http.meaning import writable

_LONGEST = 300
_MOST_NODES = 5
_CUT = re.compile(r'"(message|details)": "((?:[^"\\\\]|\\\\.)*)')
_OUT_OF_MEMORY = ("out of memory", "outofmemory", "allocation on device")


def refused_prompt(spec: str, words: str | None) -> ProviderError:
    """Return the error of a prompt that the server does not run."""
    return ProviderError(
        f"{spec}: ComfyUI refuses the workflow: {words or 'it does not say why'}",
        code="workflow_refused",
        hint="open the workflow in ComfyUI and run it once there: it marks the nodes and models that are missing",
    )


def node_errors_in(answer: Mapping[str, Any], output: str | None = None) -> str | None:
    """Return what an answer to a prompt says is wrong, node by node; None if nothing is.

    `output`: only what keeps the result of this node from being made.
    """
    told: list[str] = []
    for node, held in _items(answer.get("node_errors")):
        about = cast("dict[str, Any]", held) if isinstance(held, dict) else {}
        needed: object = about.get("dependent_outputs")
        if output is not None and isinstance(needed, list) and output not in (node, *cast("list[object]", needed)):
            continue
        errors: object = about.get("errors")
        for one in cast("list[object]", errors) if isinstance(errors, list) else []:
            told.append(f"node {node} ({about.get('class_type', '?')}): {_error_words(one)}")
    if told:
        more = f"; and {len(told) - _MOST_NODES} more" if len(told) > _MOST_NODES else ""
        return writable("; ".join(told[:_MOST_NODES]) + more)
    error: object = answer.get("error")
    return writable(_error_words(error)) if error and output is None else None


def _error_words(error: object) -> str:
    """Return `Value not in list, ckpt_name: 'a.safetensors' not in [...]`, shortened."""
    if not isinstance(error, dict):
        return str(error)[:_LONGEST]
    about = cast("dict[str, Any]", error)
    details = str(about.get("details") or "")
    # The list of all models of the server follows.
    before, _, listed = details.partition(" not in [")
    if len(listed) > 100:
        details = f"{before} is not on the server"
    message = str(about.get("message") or about.get("type") or "an error")
    return (f"{message}: {details}" if details else message)[:_LONGEST]


def words_of_cut_error(text: str) -> str:
    """Return what stands at the beginning of an error that is too long to be read, with the lists of all models."""
    found = {match[1]: match[2] for match in reversed(list(_CUT.finditer(text)))}
    return writable(_error_words(found)) if found else ""


def failure_in(entry: Mapping[str, Any]) -> str | None:
    """Return why a prompt in the history failed; None if it succeeded."""
    status: object = entry.get("status")
    about = cast("dict[str, Any]", status) if isinstance(status, dict) else {}
    if about.get("status_str") != "error":
        return None
    messages: object = about.get("messages")
    for message in reversed(cast("list[object]", messages) if isinstance(messages, list) else []):
        parts = cast("list[object]", message) if isinstance(message, list) else []
        if len(parts) == 2 and isinstance(parts[1], dict):
            data = cast("dict[str, Any]", parts[1])
            node = f"node {data.get('node_id', '?')} ({data.get('node_type', '?')})"
            if parts[0] == "execution_interrupted":
                return (
                    f"somebody cancelled it in ComfyUI while {writable(node[:_LONGEST])} worked; resume makes it again"
                )
            if parts[0] == "execution_error":
                return _execution_error(node, data)
    return "ComfyUI says that it failed, not why; its terminal says more"


def _execution_error(node: str, data: Mapping[str, Any]) -> str:
    words = str(data.get("exception_message") or data.get("exception_type") or "no message").strip()
    told = writable(f"{node} failed: {words}"[:_LONGEST])
    folded = f"{words} {data.get('exception_type')}".casefold()
    if any(one in folded for one in _OUT_OF_MEMORY):
        told += (
            ". The GPU has too little memory: write a smaller most_pixels (or most_frames) into the TOML file beside"
        )
        told += " the workflow, or choose a smaller --size"
    return told


def _items(value: object) -> list[tuple[str, object]]:
    return list(cast("dict[str, object]", value).items()) if isinstance(value, dict) else []
