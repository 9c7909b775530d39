"""A key that a server repeats, in whatever form and answer, is in no output, table, checkpoint, export and file."""

from __future__ import annotations

import base64
import html
import json
import logging
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Generator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import product
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from conftest import on_both_databases
from filming import clash, environment
from pydantic import SecretStr

from clash import redaction
from clash.calls.receipts import answer_without_secrets, storable
from clash.database.checkpointer import strict_serializer
from clash.database.connection import open_database
from clash.database.d1.database import D1Database
from clash.database.d1.rest import Account, Retries
from clash.database.port import Statement
from clash.errors import ClashError, ProviderError
from clash.providers import credentials
from clash.providers.ports import Answer

FAL = "8a1b2c3d-1111-4222-8333-444455556666:0f1e2d3c4b5a69788796a5b4c3d2e1f0"
OPENAI = "gsk_Yx7Qm2LpR9vT4wZk8NbC3dHfUe6Ja1Os"
PLUGIN = "Zq81-kk20-vv93"
STATUSES = (200, 400, 401, 402, 403, 404, 409, 422, 429, 500, 503)
ROW = "scene,location,description\n1,Sea,A boat on the sea.\n"


def forms(key: str) -> list[str]:
    """What a server may make of a key that it repeats."""
    inside = [base64.b64encode(b"x" * before + key.encode() + b"yz").decode() for before in range(3)]
    return [
        key,
        key.upper(),
        quote(key, safe=""),
        quote(key, safe="").lower(),
        html.escape(key),
        key.encode().hex(),
        key.encode().hex().upper(),
        base64.b64encode(key.encode()).decode(),
        *inside,
        f"Bearer {key}",
        f"Key {key}",
        *(f"half {half}" for half in key.split(":")),
    ]


def traces(key: str) -> list[bytes]:
    """What must be nowhere, in small letters."""
    middles = [base64.b64encode(b"x" * before + key.encode()).decode()[4 + before : -8].encode() for before in range(3)]
    parts = [part.encode() for part in (key, *key.split(":")) if len(part) > 8]
    found = [*parts, *(part.hex().encode() for part in parts), quote(key, safe="").encode(), *middles]
    return [trace.lower() for trace in found]


@contextmanager
def echoing(key: str) -> Generator[str]:
    """A server that answers `/NNN/...` with that status, and repeats the key in body, headers, ids and names."""

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status = int(self.path.split("/")[1])
            said = "no access: " + " | ".join(forms(key))
            choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": said}}
            body = json.dumps(
                {
                    "detail": said,
                    "error": {"message": said, "type": said, "code": key},
                    "message": said,
                    "request_id": key,
                    "response_url": f"https://queue.fal.run/x/requests/{key}",
                    "status": "COMPLETED",
                    "id": key,
                    "object": "chat.completion",
                    "created": 1,
                    "model": key,
                    "choices": [choice],
                    "data": [{"url": f"https://files.example/{key}.png"}],
                    "images": [{"url": f"https://x.example/{key}"}],
                    key: key,
                }
            ).encode()
            self.send_response(status)
            for name, value in (("Content-Type", "application/json"), ("Content-Length", str(len(body)))):
                self.send_header(name, value)
            self.send_header("x-echo", key)
            self.send_header("x-fal-request-id", key)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = answer

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def leaks(key: str, folder: Path, said: dict[str, str]) -> list[str]:
    """Where the key is found: in what was said, and in the files."""
    there = {name: text.encode() for name, text in said.items()}
    there |= {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return [
        f"{name}: {trace!r}" for (name, text), trace in product(there.items(), traces(key)) if trace in text.lower()
    ]


@pytest.mark.parametrize(
    ("key", "variable", "base", "model"),
    [
        (FAL, "FAL_KEY", "FAL_BASE_URL", "--image-model=fal:fal-ai/flux-2/turbo"),
        (OPENAI, "OPENAI_API_KEY", "OPENAI_BASE_URL", "--screenplay-model=openai:gpt-5-mini"),
        (OPENAI, "OPENAI_API_KEY", "OPENAI_BASE_URL", "--image-model=openai:gpt-image-1-mini"),
    ],
    ids=["fal", "openai text", "openai pictures"],
)
def test_a_key_that_a_provider_repeats_is_hidden(tmp_path: Path, key: str, variable: str, base: str, model: str):
    """Every HTTP status, with the key in every form: streams, JSON, tables, checkpoints, exports and files."""
    (tmp_path / "s.csv").write_text(ROW, encoding="utf-8")
    said: dict[str, str] = {}

    def ask(name: str, *arguments: str, **more: str) -> None:
        env = environment(
            **{variable: key, "CLASH_SIZE": "128x72", "CLASH_FPS": "8", "CLASH_ATTEMPTS": "1"},
            CLASH_RATE_LIMIT_WAIT_S="0",
            **more,
        )
        ran = clash(tmp_path, *arguments, env=env)
        said[name] = ran.out + ran.err

    with echoing(key) as url:
        for status in STATUSES:
            settings = {base: f"{url}/{status}", "CLASH_ALLOW_UNPRICED": "true"}
            ask(f"run {status}", "run", "s.csv", f"--thread=t{status}", model, **settings)
            assert "Traceback" not in said[f"run {status}"]
        ask("resume", "resume", "t401", "--json", **{base: f"{url}/401"})
        ask("doctor", "doctor", "--json", **{base: f"{url}/403"})
    for arguments in (
        ["runs", "ls", "--json"],
        ["runs", "show", "t401"],
        ["runs", "show", "t500", "--json"],
        ["cost", "t422", "--calls", "--json"],
        ["checkpoints", "show", "t400", "--json"],
        ["assets", "ls", "t200"],
        ["db", "export", "-"],
    ):
        ask(" ".join(arguments), *arguments)
    assert "***" in said["runs ls --json"]
    assert leaks(key, tmp_path, said) == []


@pytest.mark.parametrize("status", [*STATUSES, 301, 413, 504])
async def test_a_token_that_d1_repeats_is_hidden(status: int, caplog: pytest.LogCaptureFixture):
    """Whatever Cloudflare, or a gateway before it, answers."""
    said = " | ".join(forms(OPENAI))

    def answer(request: httpx.Request) -> httpx.Response:
        body = {"result": None, "success": False, "errors": [{"code": 1, "message": said}], "messages": []}
        return httpx.Response(status, json=body, headers={"x-echo": OPENAI, "location": f"https://x/{OPENAI}"})

    caplog.set_level(logging.INFO, "clash")
    account = Account("account", SecretStr(OPENAI), "https://me:hunter2-pw@api.example/v4")
    with pytest.raises(ClashError) as caught:
        await D1Database.open(
            "films",
            account,
            retries=Retries(wait_s=0.0, first_wait_s=0.001, longest_wait_s=0.002),
            transport=httpx.MockTransport(answer),
        )
    text = f"{caught.value.message} {caught.value.hint} {caplog.text}"
    assert [trace for trace in traces(OPENAI) if trace in text.lower().encode()] == []
    assert "hunter2" not in text


@on_both_databases
async def test_no_statement_stores_a_secret(database_url: str, known_key: str):
    """Texts lose the key on their way into any table; bytes and numbers stay; what was stored is found again."""
    async with open_database(database_url, "create") as database:
        await database.batch(
            [
                Statement("CREATE TABLE t (id INTEGER, words TEXT, bytes BLOB)"),
                Statement("INSERT INTO t VALUES (?, ?, ?)", (1, f"wrong key {known_key}", known_key.encode())),
            ]
        )
        (row,) = await database.query("SELECT * FROM t WHERE words = ?", (f"wrong key {known_key}",))
    assert (row["id"], row["words"], row["bytes"]) == (1, "wrong key ***", known_key.encode())


@pytest.fixture
def known_key(monkeypatch: pytest.MonkeyPatch) -> str:
    """A key of a plug-in that this process knows."""
    secrets = redaction.Secrets()
    secrets.remember("PLUGIN_KEY", PLUGIN)
    monkeypatch.setattr(redaction.registry, "_known", secrets)
    return PLUGIN


def test_a_checkpoint_contains_no_secret(known_key: str):
    """Neither in the state nor in the words of an error that ended a task."""
    serializer = strict_serializer()
    state = {"channel_values": {"errors": [f"wrong key {known_key}"], "n": 3}, "sha": b"\0"}
    assert serializer.loads_typed(serializer.dumps_typed(state)) == {
        "channel_values": {"errors": ["wrong key ***"], "n": 3},
        "sha": b"\0",
    }
    kind, content = serializer.dumps_typed(ValueError(f"wrong key {known_key}"))
    assert serializer.loads_typed((kind, content)) == "ValueError('wrong key ***')"


def test_the_text_of_an_answer_contains_no_secret(known_key: str):
    """A screenplay, facts and the response; pictures stay as they are, byte by byte."""
    text = json.dumps({"title": f"The {known_key}"}).encode()
    answer = answer_without_secrets(
        Answer(text, "application/json", facts={"file": f"{known_key}.png"}, response={known_key: [known_key]})
    )
    assert json.loads(answer.content) == {"title": "The ***"}
    assert (answer.facts, answer.response) == ({"file": "***.png"}, {"***": ["***"]})
    picture = b"\x89PNG" + known_key.encode()
    assert answer_without_secrets(Answer(picture, "image/png")).content == picture


def test_a_text_is_cut_after_its_secrets_are_gone(known_key: str):
    """No half of a key stays at the end of a text that is too long."""
    assert storable(f"{'x' * 90} {known_key}", 96) == f"{'x' * 90} ***"


def test_an_error_contains_no_secret(known_key: str):
    """Whatever raises it, with whatever message."""
    error = ProviderError(f"wrong key {known_key} at https://me:pw@host/v1")
    assert str(error) == error.message == "wrong key *** at https://host/v1"


def test_an_export_of_an_old_database_has_no_secret(tmp_path: Path):
    """What an older clash stored of a key stays in its tables, but is shown and exported without it."""
    (tmp_path / "s.csv").write_text(ROW, encoding="utf-8")
    env = environment(CLASH_SIZE="64x64", CLASH_FPS="8", A_PLUGIN_KEY=PLUGIN)
    assert clash(tmp_path, "run", "s.csv", "--thread=t", env=env).code == 0
    with closing(sqlite3.connect(tmp_path / "data" / "checkpoints.db")) as connection, connection:
        connection.execute("UPDATE api_logs SET error_message = ?", (f"wrong key {PLUGIN}",))
    said = {
        name: clash(tmp_path, *name.split(), env=env).out
        for name in ("db export -", "cost t --calls --json", "runs show t --json")
    }
    assert "wrong key ***" in said["db export -"]
    assert [name for name, text in said.items() if PLUGIN in text] == []


def test_a_secret_is_refused_as_thread_id(tmp_path: Path):
    """Ids are stored and printed everywhere."""
    (tmp_path / "s.csv").write_text(ROW, encoding="utf-8")
    ran = clash(tmp_path, "run", "s.csv", f"--thread={PLUGIN}", env=environment(A_PLUGIN_KEY=PLUGIN))
    assert (ran.code, (tmp_path / "data").exists()) == (2, False)
    assert "holds a key" in ran.err


def test_a_key_from_the_keyring_is_known(monkeypatch: pytest.MonkeyPatch):
    """As one from the environment is."""
    monkeypatch.setattr(redaction.registry, "_known", redaction.Secrets())

    class Keyring:
        errors = SimpleNamespace(KeyringError=RuntimeError)

        def get_password(self, service: str, name: str) -> str:
            return f"{PLUGIN}-{name}" if service == "clash" else ""

    monkeypatch.setattr(credentials, "installed", "keyring".__eq__)
    monkeypatch.setattr(credentials, "module", {"keyring": Keyring()}.__getitem__)
    assert credentials.key_of("FAL_KEY", None) == f"{PLUGIN}-FAL_KEY"
    assert redaction.hide(f"wrong key {PLUGIN}-FAL_KEY") == "wrong key ***"


@pytest.mark.parametrize("debug", ["", "1"])
@pytest.mark.parametrize("arguments", [["run", "s.csv", "--thread", PLUGIN], ["runs", "show", PLUGIN], [PLUGIN]])
def test_a_key_typed_by_mistake_is_not_repeated(tmp_path: Path, arguments: list[str], debug: str):
    """As a thread's id or a command; with CLASH_DEBUG too."""
    (tmp_path / ".env").write_text(f"SOME_PLUGIN_TOKEN={PLUGIN}\n", encoding="utf-8")
    ran = clash(tmp_path, *arguments, env=environment(CLASH_DEBUG=debug, MY_API_KEY=PLUGIN))
    assert ran.code != 0
    assert PLUGIN not in ran.out + ran.err


def test_a_library_log_contains_no_secret(tmp_path: Path):
    """What anything writes on standard error passes the same stream."""
    code = (
        "import logging, sys; from clash.cli.streams import safe_streams\n"
        "with safe_streams():\n    logging.warning('key %s', sys.argv[1]); print(sys.argv[1])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, PLUGIN],
        env={**os.environ, "A_KEY": PLUGIN},
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    assert (ran.stdout, ran.stderr) == ("***\n", "WARNING:root:key ***\n")
