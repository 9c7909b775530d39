"""An emulator of a server for chat completions, which writes the story that it is asked for.

From the public documentation, read on 2026-11-27: OpenAI's API reference (platform.openai.com/docs/api-reference/chat:
fields of the request, `tool_choice`, `finish_reason`, the word JSON that `json_object` wants, the schemas that strict
mode takes), docs.ollama.com/api/openai-compatibility, lmstudio.ai/docs/developer,
api-docs.deepseek.com/guides/json_mode (`reasoning_content`), and the words of refusals as they are in issues of
DeepSeek, Ollama, vLLM and llama.cpp.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar, Literal

from emulator.material import draft_of

from clash.providers.openai.draft import Draft
from clash.story.screenplay import Story
from http_vendors import KEY, Asked, Refusal, Vendor, check_fields, route

Style = Literal["strict", "tools", "json_object", "plain", "cut"]
STYLES: tuple[Style, ...] = ("strict", "tools", "json_object", "plain", "cut")
WRITER = "gpt-5-mini"
READ_PRICE, WRITE_PRICE = Decimal("0.25"), Decimal(2)
"""Dollars for a million tokens of this model, as they are published."""
_LETTERS_A_TOKEN = 4
_REQUIRED = {"model": str, "messages": list}
_OPTIONAL = {
    "response_format": dict,
    "tools": list,
    "tool_choice": (str, dict),
    "reasoning_effort": ("none", "minimal", "low", "medium", "high"),
}
_ROLES = ("system", "user", "assistant")
_ROWS = "The rows, as JSON:\n\n"


class ChatServer(Vendor):
    """A server that takes one of five styles. `most_tokens`: of an answer, where the style is `cut`."""

    prefix = "/v1"
    variables = ("CLASH_SCREENPLAY_API_KEY", "CLASH_SCREENPLAY_BASE_URL")
    models: ClassVar[tuple[str, ...]] = (WRITER, "qwen3:8b")

    def __init__(self, story: Story, style: Style = "strict", *, key: str | None = KEY, most_tokens: int = 700) -> None:
        super().__init__({})
        self.story = story
        self.style = style
        self.key = key
        self.most_tokens = most_tokens
        self.ignores_schema = False
        """Whether `response_format` is taken, and nothing done with it."""
        self.knows_tool_choice = True
        self.thought_tokens = 0
        """Written beside each answer, and charged."""
        self.authorizations: list[str] = []
        self.refused: list[str] = []
        """What was refused: the way of asking for JSON."""

    @property
    def environment(self) -> dict[str, str]:
        """The variables that lead clash here."""
        keys = {} if self.key is None else {"CLASH_SCREENPLAY_API_KEY": self.key}
        return {**keys, "CLASH_SCREENPLAY_BASE_URL": f"{self.url}/v1"}

    def check_headers(self, asked: Asked) -> None:
        """A key of this server, or none where it wants none."""
        sent = asked.headers.get("authorization", "")
        self.authorizations.append(sent)
        if self.key is not None and sent != f"Bearer {self.key}":
            raise _refusal(401, "Incorrect API key provided", code="invalid_api_key")

    @route("GET", "/models")
    def listed(self, asked: Asked) -> dict[str, Any]:
        """The models that are there."""
        return {"object": "list", "data": [{"id": one, "object": "model", "owned_by": "us"} for one in self.models]}

    @route("POST", "/chat/completions")
    def completed(self, asked: Asked) -> dict[str, Any]:
        """One answer, charged by its tokens."""
        body = asked.body
        if wrong := check_fields(body, _REQUIRED, _OPTIONAL) or _wrong_messages(body["messages"]):
            raise _refusal(400, wrong)
        if body["model"] not in self.models:
            raise _refusal(404, f"model '{body['model']}' not found")
        if self.due("rate_limit"):
            raise Refusal(429, {"error": {"message": "slow down", "type": "rate_limit"}}, {"retry-after": "0"})
        way = self._accepted(body)
        draft = _draft_for(self.story, body["messages"])
        message, ended = self._said(way, draft, body["messages"])
        words = "".join(str(one["content"]) for one in body["messages"])
        answer = json.dumps(message, ensure_ascii=False)
        read, written = _tokens(words), _tokens(answer) + self.thought_tokens
        self.charge(body["model"], (read * READ_PRICE + written * WRITE_PRICE) / 1_000_000)
        return {
            "id": f"chatcmpl-{len(self.journal)}",
            "object": "chat.completion",
            "created": 1_790_000_000,
            "model": body["model"],
            "choices": [{"index": 0, "message": {"role": "assistant", **message}, "finish_reason": ended}],
            "usage": {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written},
        }

    def _accepted(self, body: Mapping[str, Any]) -> str:
        """The way in which JSON is asked for; a refusal if this server does not know it."""
        form, tools = body.get("response_format"), body.get("tools")
        if form is not None and form.get("type") == "json_schema":
            return self._schema(form)
        if tools is not None:
            return self._tools(body)
        if form is not None and form.get("type") == "json_object":
            return self._json_object(body)
        if form is not None:
            raise _refusal(400, "response_format.type must be one of json_schema, json_object, text")
        if self.style in ("strict", "cut", "tools"):
            # These models chat unless they are held to something.
            return "chat" if len(body["messages"]) < 4 else "plain"
        return "plain"

    def _schema(self, form: Mapping[str, Any]) -> str:
        if self.style not in ("strict", "cut"):
            self.refused.append("json_schema")
            raise _refusal(400, "This response_format type is unavailable now")
        given = form["json_schema"]
        if wrong := check_fields(given, {"name": str, "schema": dict}, {"strict": bool, "description": str}):
            raise _refusal(400, f"response_format.json_schema: {wrong}")
        if given.get("strict") is not True or (wrong := _not_strict(given["schema"], given["schema"])):
            raise _refusal(400, f"Invalid schema for response_format '{given['name']}': {wrong}")
        return "schema"

    def _tools(self, body: Mapping[str, Any]) -> str:
        if self.style == "plain":
            self.refused.append("tools")
            error = {"code": 500, "message": "tools param requires --jinja flag", "type": "server_error"}
            raise Refusal(500, {"error": error})
        if self.style == "json_object":
            self.refused.append("tools")
            raise _refusal(400, f"registry.example/library/{body['model']} does not support tools")
        if not self.knows_tool_choice and "tool_choice" in body:
            raise Refusal(422, {"detail": [{"loc": ["body", "tool_choice"], "msg": "extra fields not permitted"}]})
        (tool,) = body["tools"]
        function = tool["function"]
        wrong = check_fields(tool, {"type": ("function",), "function": dict}, {})
        wrong = wrong or check_fields(function, {"name": str, "parameters": dict}, {"description": str, "strict": bool})
        named = {"type": "function", "function": {"name": function["name"]}}
        if not wrong and body.get("tool_choice", "auto") not in ("auto", "required", "none", named):
            wrong = "tool_choice names no tool"
        if wrong:
            raise _refusal(400, f"tools: {wrong}")
        return "tool"

    def _json_object(self, body: Mapping[str, Any]) -> str:
        if self.style != "json_object":
            self.refused.append("json_object")
            raise _refusal(400, "'response_format.type' must be 'text'")
        if not any("json" in str(one["content"]).lower() for one in body["messages"]):
            raise _refusal(400, "'messages' must contain the word 'json' in some form")
        return "object"

    def _said(self, way: str, draft: Draft, messages: list[dict[str, Any]]) -> tuple[dict[str, Any], str]:
        text = draft.model_dump_json()
        shown = '"source_row"' in str(messages)
        if way == "schema" and self.ignores_schema:
            return {"content": text if shown else "Once upon a time", "refusal": None}, "stop"
        if way == "schema":
            return self._cut(text)
        if way == "tool":
            function = {"name": "screenplay", "arguments": text}
            return {"content": None, "tool_calls": [{"id": "call_1", "type": "function", "function": function}]}, (
                "tool_calls"
            )
        if way == "chat" or not shown:
            return {"content": "A fine story! What would you like to do with it?"}, "stop"
        if way == "object":
            return {"content": text, "reasoning_content": "They want an object."}, "stop"
        if messages[-2]["role"] == "assistant":
            return self._cut(_next_of(text, str(messages[-2]["content"])))
        indented = json.dumps(json.loads(text), ensure_ascii=False, indent=2)
        thought = 'First {"title": "?"}, or ```json\n{"scenes": []}\n```? No.'
        return {"content": f"<think>\n{thought}\n</think>\n\nHere it is:\n\n```json\n{indented}\n```\n\nEnjoy!"}, "stop"

    def _cut(self, text: str) -> tuple[dict[str, Any], str]:
        most = self.most_tokens * _LETTERS_A_TOKEN
        if self.style != "cut" or len(text) <= most:
            return {"content": text, "refusal": None}, "stop"
        return {"content": text[:most], "refusal": None}, "length"


def _next_of(text: str, before: str) -> str:
    """What comes after what was said."""
    return text.removeprefix(before)


def rows_in(messages: list[dict[str, Any]]) -> list[int]:
    """The rows that are asked for."""
    told = next(str(one["content"]) for one in messages if _ROWS in str(one["content"]))
    rows, _ = json.JSONDecoder().raw_decode(told, told.index(_ROWS) + len(_ROWS))
    return [row["row"] for row in rows]


def _draft_for(story: Story, messages: list[dict[str, Any]]) -> Draft:
    numbers = rows_in(messages)
    asked = [place for place, beat in enumerate(story.beats) if beat.row in numbers]
    return draft_of(story, slice(asked[0], asked[-1] + 1))


def _tokens(text: str) -> int:
    """A number of tokens that costs whole micro-dollars."""
    return (len(text) // _LETTERS_A_TOKEN // 4 + 1) * 4


def _wrong_messages(messages: list[dict[str, Any]]) -> str | None:
    for place, one in enumerate(messages):
        if one.get("role") not in _ROLES or set(one) != {"role", "content"}:
            return f"messages[{place}] is no message"
        if not isinstance(one["content"], str) or not one["content"].strip():
            return f"messages[{place}].content is empty"
        if (one["role"] == "system") != (place == 0):
            return f"messages[{place}]: the system speaks first, once"
    return None if messages[-1]["role"] == "user" else "the last message must be the user's"


def _not_strict(schema: Any, whole: Mapping[str, Any]) -> str | None:
    """Why a schema is none for strict mode: each object closed, each property required, no default."""
    if isinstance(schema, list):
        return next((wrong for one in schema if (wrong := _not_strict(one, whole))), None)
    if not isinstance(schema, dict):
        return None
    if "default" in schema:
        return "'default' is not permitted"
    if (target := schema.get("$ref")) and target.removeprefix("#/$defs/") not in whole["$defs"]:
        return f"{target} is not there"
    if schema.get("type") == "object":
        if schema.get("additionalProperties") is not False:
            return "'additionalProperties' is required to be supplied and to be false"
        if sorted(schema.get("required", ())) != sorted(schema.get("properties", {})):
            return "'required' is required to include every key in properties"
    return next((wrong for one in schema.values() if (wrong := _not_strict(one, whole))), None)


def _refusal(status: int, message: str, *, code: str | None = None) -> Refusal:
    return Refusal(
        status, {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": code}}
    )
