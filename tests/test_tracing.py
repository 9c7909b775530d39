"""LangSmith is sent nothing, whatever the environment says, unless a setting of clash's own allows it."""

from __future__ import annotations

import os
import threading
from collections.abc import Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypedDict

import pytest
from filming import SMALL, clash, environment

from clash.config import Settings
from clash.network.langsmith import langsmith_destination, langsmith_switch
from clash.production.tracing import tracing_as_allowed

STORY = "scene,location,description\n1,Sea,A quokka rows a boat on the sea.\n"
SWITCHES = (
    "LANGSMITH_TRACING",
    "LANGSMITH_TRACING_V2",
    "LANGCHAIN_TRACING_V2",
    "LANGCHAIN_TRACING",
    "LANGCHAIN_HANDLER",
)


class Collector(ThreadingHTTPServer):
    """Stands in for LangSmith; keeps what it is sent."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                outer.bodies.append(self.rfile.read(int(self.headers.get("content-length", 0))))
                self.send_response(202)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Keep quiet."""

        super().__init__(("127.0.0.1", 0), Handler)


@pytest.fixture
def langsmith() -> Generator[Collector]:
    """A LangSmith of the test's own."""
    with Collector() as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield server
        server.shutdown()


def traced(server: Collector, **changes: str) -> dict[str, str]:
    """The environment of somebody who traces other programs."""
    where = {"LANGSMITH_ENDPOINT": f"http://127.0.0.1:{server.server_port}", "LANGSMITH_API_KEY": "lsv2_" + "a" * 30}
    return environment(**where, NO_PROXY="127.0.0.1", **changes)


def test_nothing_is_sent(langsmith: Collector, tmp_path: Path) -> None:
    """With every variable that switches tracing on: the film is made, and nobody hears of it."""
    (tmp_path / "s.csv").write_text(STORY, encoding="utf-8")
    switched = traced(langsmith, **dict.fromkeys(SWITCHES, "true"))
    ended = clash(tmp_path, "run", "s.csv", "--thread", "t", *SMALL, env=switched)
    assert ended.code == 0, ended.err
    assert langsmith.bodies == []


def test_the_setting_allows_it(langsmith: Collector, tmp_path: Path) -> None:
    """With CLASH_LANGSMITH=true, LangSmith's own variables decide: so the test above can fail."""
    (tmp_path / "s.csv").write_text(STORY, encoding="utf-8")
    (tmp_path / ".env").write_text("CLASH_LANGSMITH=true\n", encoding="utf-8")
    ended = clash(tmp_path, "run", "s.csv", "--thread", "t", *SMALL, env=traced(langsmith, LANGSMITH_TRACING="true"))
    assert ended.code == 0, ended.err
    assert langsmith.bodies


class Words(TypedDict):
    """The state of somebody else's graph."""

    words: str


async def test_a_program_that_imports_clash_is_still_traced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what clash runs is left out: neither the environment nor the caller's own tracer is changed."""
    from langchain_core.tracers.langchain import LangChainTracer
    from langgraph.graph import END, START, StateGraph

    for name in SWITCHES:
        monkeypatch.delenv(name, raising=False)
    heard: list[str] = []

    class Listener(LangChainTracer):
        def _persist_run_single(self, run: Any) -> None:
            heard.append(str(run.name))

        def _update_run_single(self, run: Any) -> None:
            """Nothing is sent."""

    film: Any = StateGraph(Words).add_node("film", lambda state: state)
    film = film.add_edge(START, "film").add_edge("film", END).compile()

    async def make_a_film(state: Words) -> Words:
        before = dict(os.environ)
        with tracing_as_allowed(Settings(**{})):
            await film.ainvoke(state)
        assert dict(os.environ) == before
        return state

    outer: Any = StateGraph(Words).add_node("theirs", make_a_film)
    outer = outer.add_edge(START, "theirs").add_edge("theirs", END).compile()
    listener = Listener(client=object())  # type: ignore[arg-type]
    await outer.ainvoke({"words": "quokka"}, {"callbacks": [listener]})
    assert "theirs" in heard
    assert "film" not in heard
    heard.clear()

    async def make_a_traced_film(state: Words) -> Words:
        with tracing_as_allowed(Settings(**{"CLASH_LANGSMITH": "true"})):
            await film.ainvoke(state)
        return state

    allowed: Any = StateGraph(Words).add_node("theirs", make_a_traced_film)
    allowed = allowed.add_edge(START, "theirs").add_edge("theirs", END).compile()
    await allowed.ainvoke({"words": "quokka"}, {"callbacks": [listener]})
    assert "film" in heard


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({}, "off"),
        ({"LANGSMITH_TRACING": "true"}, "LANGSMITH_TRACING is set, but clash sends it nothing"),
        ({"CLASH_LANGSMITH": "true"}, "nothing is sent"),
        (
            {"CLASH_LANGSMITH": "true", "LANGCHAIN_TRACING_V2": "true", "LANGSMITH_PROJECT": "films"},
            "the words of the story, are sent to https://trace.example:8443, project films (LANGCHAIN_TRACING_V2)",
        ),
    ],
)
def test_doctor_reports_what_is_sent_where(changes: dict[str, str], says: str, tmp_path: Path) -> None:
    """Off, held back, or sent: and to whom, without the password of the address."""
    env = environment(LANGSMITH_ENDPOINT="https://me:hunter22@trace.example:8443/x?key=1", **changes)
    ended = clash(tmp_path, "doctor", "--offline", "--json", env=env)
    told = next(check for check in ended.document["checks"] if check["check"] == "langsmith")
    assert says in told["says"]
    assert "hunter22" not in ended.out + ended.err


def test_a_switch_that_is_off_is_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """`false` and nothing are off; the address has a default."""
    for name in (*SWITCHES, "LANGSMITH_ENDPOINT", "LANGCHAIN_ENDPOINT", "LANGSMITH_PROJECT", "LANGCHAIN_PROJECT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANGSMITH_TRACING", "false")
    assert langsmith_switch() is None
    monkeypatch.setenv("LANGCHAIN_TRACING_V2", "1")
    assert langsmith_switch() == "LANGCHAIN_TRACING_V2"
    assert langsmith_destination() == "https://api.smith.langchain.com, project default"
    monkeypatch.setenv("LANGSMITH_ENDPOINT", "http://[::1")
    assert langsmith_destination() == "its endpoint, project default"
