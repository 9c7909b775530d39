"""The ways to ask a text server for JSON, from the strictest to the plainest, and which of them a server takes."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from clash.errors import ClashError, ProviderError
from clash.providers.openai.draft import TOOL_NAME, draft_schema, response_format
from clash.providers.prompts import prompt


class Style(StrEnum):
    """One way to ask for JSON; the value is what people are told."""

    STRICT = "strict JSON schema"
    TOOL = "tool call"
    ANY_TOOL = "tool call without a choice"
    JSON_OBJECT = "JSON object"
    PROMPT = "JSON in the prompt"


_PLAINER = {
    Style.STRICT: Style.TOOL,
    Style.TOOL: Style.JSON_OBJECT,
    Style.ANY_TOOL: Style.JSON_OBJECT,
    Style.JSON_OBJECT: Style.PROMPT,
}
_REFUSALS = {400, 404, 415, 422, 501}
_SERVER_ERROR = 500
_NAMES_A_STYLE = re.compile(
    r"response[_ ]?format|json[_ ]?schema|json[_ ]?object|json[_ ]mode|structured[_ ]output|guided|grammar"
    r"|\btool|\bfunctions?\b|function[_ ]call",
    re.IGNORECASE,
)
_CANNOT = re.compile(
    r"not (?:yet )?(?:support|implement|allow|available)|unsupported|unimplemented|requires? --", re.IGNORECASE
)
_TOOL_CHOICE = re.compile(r"tool[_ ]choice", re.IGNORECASE)


@dataclass
class Learned:
    """What this process has learned of one model of one server. It is no part of a call's identity."""

    style: Style = Style.STRICT
    answered: bool = False
    """Whether a model has answered in this style."""
    shows_schema: bool = False
    """Whether the schema is in the prompt although the style sends it: the server ignored it there."""
    most_rows: int | None = None
    """Rows that fit into one answer, where an answer was cut off."""


_learned: dict[tuple[str, str], Learned] = {}


def learned_of(base_url: str, model: str) -> Learned:
    """Return what this process knows of a model of the server at this address; it is kept up to date there."""
    return _learned.setdefault((base_url.rstrip("/"), model), Learned())


def forget_servers() -> None:
    """Forget what was learned of all servers, as a new process would."""
    _learned.clear()


def arguments_of(style: Style) -> dict[str, Any]:
    """Return the arguments by which chat completions are asked in this style."""
    if style is Style.STRICT:
        return {"response_format": response_format()}
    if style is Style.JSON_OBJECT:
        return {"response_format": {"type": "json_object"}}
    if style is Style.PROMPT:
        return {}
    tool = {
        "type": "function",
        "function": {
            "name": TOOL_NAME,
            "description": "Hand in the screenplay.",
            "parameters": draft_schema(),
        },
    }
    choice = {"tool_choice": {"type": "function", "function": {"name": TOOL_NAME}}} if style is Style.TOOL else {}
    return {"tools": [tool], **choice}


def messages_in(
    style: Style, messages: Sequence[dict[str, Any]], *, shows_schema: bool = False
) -> list[dict[str, Any]]:
    """Return the messages with what this style must say in words, at the end of the last message of the user."""
    if style is Style.ANY_TOOL:
        words = prompt("answer_by_tool", tool=TOOL_NAME)
    elif shows_schema or style in (Style.JSON_OBJECT, Style.PROMPT):
        words = prompt("answer_as_json", schema=json.dumps(draft_schema(), ensure_ascii=False))
    else:
        return list(messages)
    *before, last = messages
    return [*before, {**last, "content": f"{last['content']}\n\n{words}"}]


def plainer_style(style: Style, error: ClashError) -> Style | None:
    """Return the style to try after a server refused this one; None if the error is about something else.

    A server that refuses a style has not asked its model, so nothing was paid.
    """
    if not isinstance(error, ProviderError) or style is Style.PROMPT:
        return None
    status, said = error.status_code or 0, error.message
    refused = status in _REFUSALS and error.code == "bad_request"
    # Some servers (llama.cpp) answer HTTP 500 to what they are not built or started for.
    incapable = status >= _SERVER_ERROR and _CANNOT.search(said) is not None
    if not (refused or incapable) or not _NAMES_A_STYLE.search(said):
        return None
    if style is Style.TOOL and _TOOL_CHOICE.search(said):
        return Style.ANY_TOOL
    return _PLAINER[style]
