"""OpenTelemetry: a trace of each run, whose costs are those of the ledger, and which holds no words of the story."""

from __future__ import annotations

import json
import sys
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from conftest import on_both_databases
from filming import METERED, SMALL, environment, shot_list
from forks import Fork

from clash.calls.changes import CallChange
from clash.production.progress import Event
from clash.production.spans import RunSpans

HERE = Path(__file__).parent
posix = pytest.mark.skipif(sys.platform == "win32", reason="the forked command line is POSIX")


class Traced:
    """Commands of a program that traces, in a folder."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.env = environment(DATABASE_URL=url, METER=str(folder / "meter"), METER_COST="0.01", METER_FAIL="")

    def type(self, *words: str, **changes: str) -> tuple[int, dict[str, Any], list[dict[str, Any]]]:
        """Type a command; its exit code, its document, its spans."""
        path = self.folder / "spans.json"
        env = {**self.env, "SPANS": str(path), **changes}
        child = Fork([str(HERE / "traced_run.py"), *words, "--json"], cwd=self.folder, env=env)
        out, err = child.communicate(timeout=120)
        code = child.wait(0)
        assert out, err
        return code, json.loads(out), json.loads(path.read_text(encoding="utf-8"))


def costs(spans: list[dict[str, Any]]) -> Decimal:
    """What the spans say was paid."""
    return sum((Decimal(str(span["attributes"].get("clash.cost.usd", 0))) for span in spans), Decimal(0))


def named(spans: list[dict[str, Any]], beginning: str) -> list[dict[str, Any]]:
    """The spans whose names begin so."""
    return [span for span in spans if span["name"].startswith(beginning)]


@posix
@on_both_databases
def test_a_run_is_one_trace_and_its_resume_another(tmp_path: Path, database_url: str) -> None:
    """Workflow, steps, calls; both parts have the run's id, and their costs add up to what the run has paid."""
    traced = Traced(tmp_path, database_url)
    story = shot_list(tmp_path / "story.csv", 1, seconds=0.5)
    secret = story.read_text(encoding="utf-8").replace("Mara does thing", "The zebra plays ocarina")
    story.write_text(secret, encoding="utf-8")
    words = ("run", str(story), "--thread", "t", *SMALL, *METERED)
    code, paused, first = traced.type(*words, "--budget", "0.025")
    assert code == 6, paused
    code, ended, second = traced.type("resume", "t", "--budget", "9")
    assert code == 0, ended
    for spans in (first, second):
        (root,) = named(spans, "invoke_workflow")
        assert {span["context"]["trace_id"] for span in spans} == {root["context"]["trace_id"]}
        assert root["attributes"]["gen_ai.operation.name"] == "invoke_workflow"
        assert root["attributes"]["clash.run.id"] == "t"
        steps = {span["context"]["span_id"]: span["name"] for span in spans if span["parent_id"] == _id(root)}
        for call in named(spans, "generate_content"):
            told = call["attributes"]
            assert steps[call["parent_id"]] == told["clash.step"]
            assert (told["gen_ai.provider.name"], told["clash.run.id"]) == ("metered", "t")
            assert call["name"] == f"generate_content {told['gen_ai.request.model']}"
            assert call["kind"] == "SpanKind.CLIENT"
    (root,) = named(first, "invoke_workflow")
    assert (root["attributes"]["error.type"], root["status"]["status_code"]) == ("budget", "ERROR")
    (root,) = named(second, "invoke_workflow")
    assert (root["attributes"]["clash.run.status"], root["status"]["status_code"]) == ("completed", "UNSET")
    assert costs(first) + costs(second) == Decimal(ended["cost"]["total_usd"]) > 0
    told = json.dumps([first, second])
    assert [word for word in ("zebra", "ocarina", "mara", "Mara", "harbour") if word in told] == []


def _id(span: dict[str, Any]) -> str:
    return str(span["context"]["span_id"])


@posix
def test_a_failed_call_is_an_error_without_its_words(tmp_path: Path, database_url: str) -> None:
    """The code of the error is told, not its message; every span that was begun is ended."""
    traced = Traced(tmp_path, database_url)
    story = str(shot_list(tmp_path / "story.csv", 1, seconds=0.5))
    code, document, spans = traced.type("run", story, "--thread", "t", *SMALL, *METERED, METER_FAIL="shot:001")
    assert code == 1, document
    failed = [span for span in named(spans, "generate_content") if span["status"]["status_code"] == "ERROR"]
    assert failed
    for span in failed:
        assert span["attributes"]["error.type"] == document["error"]["code"]
        assert (span["status"].get("description"), span["events"]) == (None, [])
    assert Counter(span["name"].split()[0] for span in spans)["invoke_workflow"] == 1


def test_without_the_package_nothing_is_traced(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clash without the extra: events are observed and nothing comes of it."""
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    spans = RunSpans("t")
    call = CallChange("c", "reserved", "generate_shots", "shot:001", 1, "video", "local", "cinematographer")
    with spans.of_run():
        for event in (Event("step_started", "", step="generate_shots"), Event("call", "", call=call)):
            spans.observe(event)
        spans.ended("completed", None, "0.000000")


def test_a_tracer_that_fails_is_no_fault_of_the_run(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged, and the run is traced no further."""
    spans = RunSpans("t")

    def fail(_: str) -> None:
        raise RuntimeError("the exporter is broken")

    monkeypatch.setattr(spans, "_step", fail)
    with spans.of_run():
        spans.observe(Event("step_started", "", step="generate_shots"))
        spans.observe(Event("step_started", "", step="generate_shots"))
    assert caplog.text.count("OpenTelemetry failed") == 1
