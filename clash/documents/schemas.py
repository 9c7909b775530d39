"""The JSON Schema of every document: `clash schema NAME`."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from pydantic import BaseModel

from clash.documents.base import Document, Item
from clash.errors import UsageError

_PLACES = {
    "assets-ls": "clash.documents.assets:AssetList",
    "batch": "clash.documents.batches:BatchOutcome",
    "batch-dry-run": "clash.documents.batches:BatchEstimate",
    "board": "clash.documents.board:BoardStarted",
    "board-family": "clash.documents.board:RunFamily",
    "board-run": "clash.documents.board:RunOnBoard",
    "calls-settle": "clash.documents.calls:SettledCall",
    "cancel-batch": "clash.documents.of_batches:BatchCancelled",
    "cancel": "clash.documents.outcome:Cancelled",
    "cast": "clash.documents.cast:Cast",
    "checkpoints-diff": "clash.documents.diffs:CheckpointsDifference",
    "checkpoints-ls": "clash.documents.checkpoints:CheckpointList",
    "checkpoints-prune": "clash.documents.removals:CheckpointsPruned",
    "checkpoints-show": "clash.documents.checkpoints:CheckpointDetails",
    "cost": "clash.documents.cost_of_run:CostOfRun",
    "cost-all": "clash.documents.costs_of_runs:CostOfAll",
    "cost-batch": "clash.documents.costs_of_runs:CostOfBatch",
    "db-export": "clash.documents.database:RunsExported",
    "db-import": "clash.documents.database:RunsImported",
    "db-init": "clash.documents.database:DatabaseInitialized",
    "db-recover": "clash.documents.database:DatabaseRecovered",
    "db-status": "clash.documents.database:DatabaseStatus",
    "db-vacuum": "clash.documents.database:DatabaseVacuumed",
    "doctor": "clash.documents.doctor:Diagnosis",
    "dry-run": "clash.documents.outcome:DryRunDocument",
    "error": "clash.documents.errors:ErrorDocument",
    "export": "clash.documents.exports:Exported",
    "gc": "clash.documents.garbage:GarbageCollected",
    "models": "clash.documents.models:ModelList",
    "models-check": "clash.documents.models:VendorChecked",
    "outcome": "clash.documents.outcome:Outcome",
    "outcomes": "clash.documents.outcome:Outcomes",
    "edit-plan": "clash.documents.edits:EditPlan",
    "projects-ls": "clash.documents.projects:ProjectList",
    "projects-set": "clash.documents.projects:ProjectSet",
    "review-batch": "clash.documents.of_batches:ReviewOfBatch",
    "review-ls": "clash.documents.edits:ReviewList",
    "runs-diff": "clash.documents.diffs:RunsDifference",
    "runs-ls": "clash.documents.run_list:RunList",
    "runs-rm": "clash.documents.removals:RunsRemoved",
    "runs-show": "clash.documents.runs:RunDetails",
    "runs-watch": "clash.documents.watching:RunStanding",
    "schema": "clash.documents.schemas:SchemaList",
    "screenplay": "clash.story.screenplay:Screenplay",
    "screenplay-check": "clash.documents.screenplay:ScreenplayChecked",
    "screenplay-show": "clash.documents.screenplay:ScreenplayShown",
    "takes-ls": "clash.documents.edits:TakeList",
    "tokens-audit": "clash.documents.access:AuditList",
    "tokens-create": "clash.documents.access:TokenCreated",
    "tokens-ls": "clash.documents.access:TokenList",
    "voices": "clash.documents.voices:VoiceList",
    "run-event": "clash.documents.run_events:RunEvent",
    "webhook-event": "clash.documents.webhooks:WebhookEvent",
    "webhooks-flush": "clash.documents.webhooks:Flushed",
    "webhooks-ls": "clash.documents.webhooks:WebhookList",
    "story-show": "clash.documents.story:StoryDocument",
}


class SchemaItem(Item):
    """A document whose schema can be printed."""

    name: str
    describes: str


class SchemaList(Document):
    """`clash schema` without a name."""

    items: list[SchemaItem]


def schema_names() -> list[str]:
    """Return the names of all documents."""
    return sorted(_PLACES)


def model_of(name: str) -> type[BaseModel]:
    """Return the model of a document. Raises `UsageError` for a name that is none."""
    place = _PLACES.get(name)
    if place is None:
        raise UsageError(f"there is no document {name!r}", hint="`clash schema` lists the names")
    module, _, class_name = place.partition(":")
    model: type[BaseModel] = getattr(import_module(module), class_name)
    return model


def list_schemas() -> SchemaList:
    """Return all names, each with what its document is."""
    return SchemaList.of(
        {"items": [{"name": name, "describes": _first_line(model_of(name))} for name in schema_names()]}
    )


def json_schema(name: str) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a document as it is printed. Raises `UsageError`."""
    schema = model_of(name).model_json_schema(mode="validation")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _first_line(model: type[BaseModel]) -> str:
    return (model.__doc__ or "").strip().splitlines()[0]
