"""What the record of a paid call holds: its row of `api_logs`, and the asset that it made, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clash.clock import now_text
from clash.database.rows import CallRow, NewAsset

_LEFT_OUT = {
    "id",
    "state",
    "request",
    "response",
    "error_code",
    "error_message",
    "retryable",
    "status_code",
    "ended_at",
    "duration_ms",
}
"""What is large, or is another database's, or is different once the call has succeeded."""


def may_be_paid(row: CallRow, receipt: Mapping[str, Any]) -> bool:
    """Return whether a call cost something, or was sent to somebody who may charge for it unsaid."""
    return bool(receipt["cost_micro"]) or may_become_paid(row)


def may_become_paid(row: CallRow) -> bool:
    """Return whether a call that is about to be sent may cost something."""
    return bool(row.quoted_cost_micro or "://" in row.endpoint)


def call_facts(row: CallRow) -> dict[str, Any]:
    """Return what is kept of a call: its key, token, run, project, slot, take, provider, model, quote and time."""
    columns = {**row.columns, "project": row.project}
    return {name: value for name, value in columns.items() if name not in _LEFT_OUT and value is not None}


def paid_call_facts(row: CallRow, receipt: Mapping[str, Any], asset: NewAsset) -> dict[str, Any]:
    """Return the record of a call whose answer is in the store."""
    return {
        "call": {
            **call_facts(row),
            "cost_micro": receipt["cost_micro"],
            "precision": receipt["precision"],
            "asset_sha256": receipt["sha256"],
            "media_type": receipt["media_type"],
        },
        "facts": receipt["facts"],
        "asset": {"step": asset.step, "slot": asset.slot, "asset_type": asset.asset_type, "bytes": asset.bytes},
        "kept_at": now_text(),
    }
