"""ComfyUI's HTTP interface: uploads, the queue, the history, and the files that were made.

Its routes are those of ComfyUI's `server.py` (github.com/comfyanonymous/ComfyUI, read 2026-11-27). Everything here is
free, so what cannot be told apart is asked again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, cast
from urllib.parse import quote, urlencode

import httpx

from clash.errors import AmbiguousError, ClashError, ProviderError, SettingsError
from clash.http import BoundedTransport, ExchangeError, Limits, NotSentError, json_of, retry_after_s
from clash.providers.comfyui.faults import node_errors_in, refused_prompt, words_of_cut_error
from clash.providers.exchange_errors import meaning_of_exchange
from clash.providers.http.meaning import writable

SETTING = "CLASH_COMFYUI_URL"
_JSON_LIMITS = Limits(body_bytes=64 << 20, answer_s=120.0)
"""The queue holds whole prompts."""
_FILE_LIMITS = Limits(body_bytes=1 << 30, answer_s=900.0)
_TIMEOUT = httpx.Timeout(120.0, connect=15.0)
_UNAUTHORIZED = frozenset({401, 403})
_LATEST = 200
"""Prompts of the history that are looked through for one of clash, at a server that gives its own ids."""
_SHOWN = 100
"""The most letters of a file's name in a message."""

_LONGEST_NAME = 1_000
_ID = re.compile(r"[A-Za-z0-9_-]{1,200}")
"""What the id of a prompt can be: it becomes a part of addresses."""

Place = Literal["running", "pending"]


class ComfyServer:
    """One server, asked through one HTTP client for as long as the process lives."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._http = _client(_JSON_LIMITS)
        self._files = _client(_FILE_LIMITS)

    async def upload(self, path: Path, name: str, media_type: str) -> str:
        """Upload a picture and return what a Load Image node is told. The same name again replaces the same picture."""
        content = path.read_bytes()
        answer = await self._send(
            "POST",
            "/upload/image",
            "uploading a picture",
            files={"image": (name, content, media_type)},
            data={"subfolder": "clash", "type": "input", "overwrite": "true"},
        )
        stored = answer.get("name")
        if not isinstance(stored, str) or not stored:
            raise ProviderError("ComfyUI took a picture and did not say under which name", code="bad_answer")
        folder = answer.get("subfolder")
        named = f"{folder}/{stored}" if isinstance(folder, str) and folder else stored
        if len(named) > _LONGEST_NAME or named.encode("utf-8", "replace").decode() != named:
            told = f"ComfyUI took a picture under a name that cannot be one: {writable(named[:_SHOWN])}"
            raise ProviderError(told, code="bad_answer")
        return named

    async def submit(self, spec: str, prompt_id: str, graph: Mapping[str, Any], output: str) -> str:
        """Hand a prompt in, once, and return its id. `output`: the node whose result is wanted."""
        answer = await self._send("POST", "/prompt", spec, body=prompt_body(prompt_id, graph))
        taken = answer.get("prompt_id")
        if not isinstance(taken, str) or _ID.fullmatch(taken) is None:
            raise AmbiguousError(f"{spec} was taken, but the answer has no prompt_id that can be one")
        # A prompt that is right in part is taken, and the rest of it never runs.
        if (fault := node_errors_in(answer, output)) is not None:
            raise refused_prompt(spec, fault)
        return taken

    async def place_of(self, prompt_id: str) -> tuple[Place, str] | None:
        """Return where a prompt of this id, or of this client, stands in the queue, and its id there."""
        queue = await self._send("GET", "/queue", "looking at the queue")
        places: tuple[tuple[Place, str], ...] = (("running", "queue_running"), ("pending", "queue_pending"))
        for place, key in places:
            items: object = queue.get(key)
            for item in cast("list[object]", items) if isinstance(items, list) else []:
                if (found := _id_of(item, prompt_id)) is not None:
                    return place, found
        return None

    async def result_of(self, prompt_id: str) -> dict[str, Any] | None:
        """Return the history of a prompt: its outputs and its status; None if the server has none."""
        history = await self._send("GET", f"/history/{quote(prompt_id, safe='')}", f"the history of {prompt_id}")
        entry: object = history.get(prompt_id)
        return cast("dict[str, Any]", entry) if isinstance(entry, dict) else None

    async def finished_id(self, client_id: str) -> str | None:
        """Return the id of the newest prompt in the history that was handed in with this client_id."""
        history = await self._send("GET", f"/history?max_items={_LATEST}", "looking at the history")
        found: str | None = None
        for value in history.values():
            prompt: object = cast("dict[str, Any]", value).get("prompt") if isinstance(value, dict) else None
            found = _id_of(prompt, client_id) or found
        return found

    async def file(self, item: Mapping[str, Any]) -> bytes:
        """Return a file that was made. Raises `ProviderError`, also for a name that fits into no address."""
        names = {name: str(item.get(name) or "") for name in ("filename", "subfolder", "type")}
        shown = writable(names["filename"][:_SHOWN])
        try:
            response = await self._files.get(f"{self._url}/view?{urlencode(names)}")
        except (UnicodeError, httpx.InvalidURL) as error:
            told = f"ComfyUI names a file that cannot be asked for: {shown}"
            raise ProviderError(told, code="bad_answer") from error
        except ExchangeError as error:
            raise meaning_of_exchange(error, f"comfyui, {shown}", SETTING) from error
        if response.status_code == 404:
            told = f"ComfyUI no longer has the file {shown}"
            raise ProviderError(told, code="expired", status_code=404)
        if response.status_code != 200:
            raise _fault(response, f"fetching {shown}")
        return response.content

    async def version(self) -> str:
        """Return the server's version. Raises `ClashError` where there is no ComfyUI at the address."""
        stats = await self._send("GET", "/system_stats", "asking for its version")
        system: object = stats.get("system")
        version = cast("dict[str, Any]", system).get("comfyui_version") if isinstance(system, dict) else None
        return str(version or "of an unknown version")[:40]

    async def node_info(self, kind: str) -> Mapping[str, Any] | None:
        """Return the inputs of a class of nodes; None if the server has no such nodes."""
        infos = await self._send("GET", f"/object_info/{quote(kind, safe='')}", f"asking for the node {kind}")
        info: object = infos.get(kind)
        return cast("dict[str, Any]", info) if isinstance(info, dict) else None

    async def _send(
        self, method: str, path: str, about: str, *, body: Mapping[str, Any] | None = None, **parts: Any
    ) -> dict[str, Any]:
        content = json.dumps(body, ensure_ascii=False).encode() if body is not None else None
        headers = {"Content-Type": "application/json"} if content is not None else {}
        try:
            response = await self._http.request(method, self._url + path, content=content, headers=headers, **parts)
        except ExchangeError as error:
            raise _lost(error, path) from error
        if response.status_code != 200:
            raise _fault(response, about)
        try:
            answer: object = json_of(response.content)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            kind = response.headers.get("content-type", "no type")[:60]
            raise SettingsError(
                f"{path} of {SETTING} answers {kind} and no JSON: there is no ComfyUI",
                code="bad_address",
                hint=f"set {SETTING} to the address that ComfyUI prints when it starts, and start ComfyUI",
            )
        return cast("dict[str, Any]", answer)


def prompt_body(prompt_id: str, graph: Mapping[str, Any]) -> dict[str, Any]:
    """Return what hands a prompt in. Its id is also its client's, for servers that give ids of their own."""
    return {"prompt": graph, "prompt_id": prompt_id, "client_id": prompt_id}


def _client(limits: Limits) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=BoundedTransport(limits), timeout=_TIMEOUT, follow_redirects=False)


def _lost(error: ExchangeError, path: str) -> ClashError:
    meant = meaning_of_exchange(error, "comfyui", SETTING)
    if isinstance(error, NotSentError):
        return ProviderError(
            meant.message,
            code=meant.code,
            retryable=True,
            hint=f"start ComfyUI, and see that {SETTING} is the address that it prints",
        )
    if path == "/prompt" or not isinstance(meant, AmbiguousError):
        return meant
    # A picture may be uploaded again.
    return ProviderError(meant.message, code="unavailable", retryable=True)


def _id_of(item: object, wanted: str) -> str | None:
    """Return the id of a queued prompt, `[number, id, graph, extra_data, outputs]`, if it is the wanted one.

    Servers of before 2025-08 give ids of their own; there `client_id` tells which prompt it is.
    """
    parts = cast("list[object]", item) if isinstance(item, list) else []
    if len(parts) < 2 or not isinstance(parts[1], str) or _ID.fullmatch(parts[1]) is None:
        return None
    extra = cast("dict[str, Any]", parts[3]) if len(parts) > 3 and isinstance(parts[3], dict) else {}
    return parts[1] if wanted in (parts[1], extra.get("client_id")) else None


def _fault(response: httpx.Response, about: str) -> ClashError:
    """Return what an answer means that is no success."""
    status = response.status_code
    try:
        answer: object = json_of(response.content)
    except ValueError:
        answer = None
    if status == 400 and isinstance(answer, dict) and "error" in answer:
        return refused_prompt(about, node_errors_in(cast("dict[str, Any]", answer)))
    if status == 400 and answer is None and (words := words_of_cut_error(response.text)):
        return refused_prompt(about, words)
    if status in _UNAUTHORIZED:
        return SettingsError(
            f"comfyui: HTTP {status} while {about}: the server wants a user and a password",
            code="refused_key",
            hint=f"write them into {SETTING}: http://USER:PASSWORD@HOST:PORT",
        )
    if status in (404, 405):
        return SettingsError(
            f"comfyui: HTTP {status} while {about}: there is no ComfyUI at the address",
            code="bad_address",
            hint=f"set {SETTING} to the address that ComfyUI prints when it starts",
        )
    again = status >= 500 or status in (408, 429)
    return ProviderError(
        f"comfyui: HTTP {status} while {about}",
        code="unavailable" if again else "bad_request",
        retryable=again,
        status_code=status,
        retry_after_s=retry_after_s(response.headers),
    )
