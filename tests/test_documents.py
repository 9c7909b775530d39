"""What the commands print is what `clash schema` says: every document against its JSON Schema."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import fastjsonschema
import pytest
from conftest import on_both_databases
from filming import METERED, SMALL, clash, environment, shot_list

from clash.documents.outcome import Outcome
from clash.documents.schemas import json_schema, model_of, schema_names

ELSEWHERE = {
    *("calls-settle", "models-check", "webhook-event", "run-event", "runs-watch", "board", "board-family", "board-run"),
    *("cast", "screenplay", "batch", "batch-dry-run", "cost-batch", "gc", "review-batch", "cancel-batch"),
}
"""Documents that other tests hold against their schemas, and those that no command prints."""

_MORE = (
    ("models", "models"),
    ("voices", "voices", "ls"),
    ("checkpoints-prune", "checkpoints", "prune", "--yes"),
    ("runs-rm", "runs", "rm", "f", "--yes"),
    ("cost-all", "cost"),
    ("db-vacuum", "db", "vacuum"),
)


def holds(name: str, document: dict[str, Any]) -> None:
    """Hold a document against its schema, and against the model that it was made from."""
    fastjsonschema.compile(json_schema(name), use_default=False)(document)
    again = model_of(name).model_validate(document).model_dump(mode="json", by_alias=True, exclude_unset=True)
    assert again == document


OF_ALL_RUNS = (
    ("runs-ls", "runs", "ls"),
    ("webhooks-ls", "webhooks", "ls"),
    ("projects-set", "projects", "set", "acme", "--monthly-quota", "2.50"),
    ("projects-ls", "projects", "ls"),
)


@on_both_databases
def test_every_command_prints_what_its_schema_says(tmp_path: Path, database_url: str) -> None:
    """A run that its budget pauses, its end, every report of it, an export and an import, and an error."""
    story = str(shot_list(tmp_path / "story.csv", 2, words=True))
    more = {name: value for name, value in os.environ.items() if name.startswith("CLOUDFLARE_")}
    more |= {"CLASH_WEBHOOK_SECRET": "whsec_dGhpcyBpcyBhIGxvbmdlciBrZXk="}
    env = environment(DATABASE_URL=database_url, METER=str(tmp_path / "meter"), METER_COST="0.10", **more)
    tried: set[str] = set()

    def check(name: str, *arguments: str, code: int = 0) -> dict[str, Any]:
        ran = clash(tmp_path, *arguments, "--json", env=env)
        assert ran.code == code, (arguments, ran.err)
        holds(name, ran.document)
        tried.add(name)
        return ran.document

    check("db-init", "db", "init")
    check("error", "runs", "show", "nowhere", code=3)
    check("dry-run", "run", story, "--dry-run", *SMALL)
    check("story-show", "story", "show", story)
    check("outcome", "run", story, "--thread", "r", *SMALL, *METERED, "--budget", "0.35", code=6)
    check("cancel", "cancel", "r")
    check("outcome", "resume", "r", "--budget", "9")
    assert check("outcome", "resume", "r")["status"] == "already_completed"
    check("outcomes", "run", story, "--story", "all", "--thread", "all", *SMALL)
    check("outcomes", "run", story, "--story", "all", "--dry-run", *SMALL)
    for name, *words in OF_ALL_RUNS:
        check(name, *words)
    check("webhooks-flush", "webhooks", "flush", "--webhook", "https://hooks.example/x")
    check("runs-show", "runs", "show", "r")
    check("edit-plan", "fork", "r", "--thread", "f", "--dry-run")
    check("outcome", "fork", "r", "--thread", "f")
    check("takes-ls", "takes", "ls", "r")
    check("review-ls", "review", "ls", "r")
    assert check("runs-show", "runs", "show", "f")["forked_from"]["thread_id"] == "r"
    check("runs-diff", "runs", "diff", "r", "all-1")
    saved = check("checkpoints-ls", "checkpoints", "ls", "r")["items"]
    check("checkpoints-diff", "checkpoints", "diff", "r", saved[-1]["checkpoint_id"], saved[0]["checkpoint_id"])
    check("checkpoints-show", "checkpoints", "show", "r")
    check("cost", "cost", "r", "--calls")
    check("cost", "cost", "r")
    check("cost-all", "cost")
    check("assets-ls", "assets", "ls", "r")
    check("export", "export", "r", "--no-stems")
    check("screenplay-show", "screenplay", "show", "r")
    check("screenplay-check", "screenplay", "check", "output/r/screenplay.json")
    check("doctor", "doctor", "--offline")
    check("tokens-create", "tokens", "create", "mara", "--project", "all=producer")
    (made,) = check("tokens-ls", "tokens", "ls")["items"]
    check("tokens-ls", "tokens", "revoke", made["id"])
    check("tokens-audit", "tokens", "audit")
    check("db-status", "db", "status")
    check("db-recover", "db", "recover", "--dry-run")
    check("db-export", "db", "export", "runs.jsonl")
    check("db-import", "db", "import", "runs.jsonl")
    for name, *arguments in _MORE:
        check(name, *arguments)
    check("schema", "schema")
    screenplay = next((tmp_path / "output" / "r").glob("screenplay*.json"))
    holds("screenplay", json.loads(screenplay.read_text(encoding="utf-8")))
    assert set(schema_names()) - tried == ELSEWHERE


def test_a_schema_is_printed_and_an_unknown_name_is_refused(tmp_path: Path) -> None:
    """`clash schema cast` is JSON Schema with the columns of a cast; a name that is none lists where the names are."""
    printed = clash(tmp_path, "schema", "cast").document
    assert printed == clash(tmp_path, "schema", "cast", "--json").document == json_schema("cast")
    assert set(printed["$defs"]["CastMember"]["properties"]) == {
        "kind",
        "name",
        "look",
        "image",
        "voice",
        "reference_audio",
        "age",
        "gender",
    }
    refused = clash(tmp_path, "schema", "casts")
    assert (refused.code, "clash schema" in refused.err) == (2, True)


def test_a_document_of_another_form_is_refused() -> None:
    """A key that is not in the model, and one that is missing: neither becomes a document."""
    with pytest.raises(ValueError, match="films"):
        Outcome.of({"films": 1})
    with pytest.raises(ValueError, match="status"):
        Outcome.of({"thread_id": "r"})
