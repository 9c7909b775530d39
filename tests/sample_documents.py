"""JSON documents of every command, some full of hostile texts, and what shows them at a terminal."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from typing import Any

from rich.console import Console

from clash.cli import assets, cancel, checkpoints, cost, db, estimate, outcome, projects, runs, tokens, webhooks
from clash.cli.layout import Block, print_to_terminal

HOSTILE = (
    "[/b] [red]x[/red] \x1b[31m\x1b]0;title\x07 \u009b2J \u202egnp.exe \ttab\nline\r\x00 :smile: "
    "小禾 👩‍👩‍👧 שלום \ud800"
)
LONG_ID = "thread-" + "x" * 121
CHECKPOINT = "1f0c5a2e-8a3b-6c1e-8002-2f1e6a0c9d11"
WHEN = "2026-11-23T09:05:01.250Z"
SHA = "51ab" * 16


def a_run(thread_id: str = "run-123", **facts: Any) -> dict[str, Any]:
    """An item of `runs ls`."""
    return {
        "thread_id": thread_id,
        "status": "completed",
        "workflow_name": "video_production",
        "story": "examples/lighthouse.csv",
        "started_at": WHEN,
        "ended_at": WHEN,
        "updated_at": WHEN,
        "cost_usd": "0.041250",
        "budget_usd": None,
        "steps_done": 5,
        "lease": None,
        "error": None,
        **facts,
    }


def a_checkpoint(number: int, step_name: str | None, **facts: Any) -> dict[str, Any]:
    """An item of `checkpoints ls`."""
    return {
        "checkpoint_id": CHECKPOINT[:19] + f"{number:04d}" + CHECKPOINT[23:],
        "parent_checkpoint_id": CHECKPOINT,
        "checkpoint_ns": "",
        "created_at": WHEN,
        "step": number,
        "source": "loop" if step_name else "input",
        "step_name": step_name,
        "next": ["generate_shots"],
        "execution_time_ms": 812,
        "api_calls": 5,
        "cost_usd": "0.000000",
        "error": None,
        **facts,
    }


def a_call(number: int, **facts: Any) -> dict[str, Any]:
    """An item of `calls`."""
    return {
        "id": number,
        "step": "generate_shots",
        "slot": f"shot:{number:03d}",
        "kind": "video",
        "service": "local",
        "model": "cinematographer",
        "state": "succeeded",
        "take": 1,
        "attempt": 1,
        "reused": False,
        "quoted_cost_usd": "0.000000",
        "cost_usd": "0.000000",
        "precision": "exact",
        "duration_ms": 1234,
        "status_code": None,
        "job_id": None,
        "error_code": None,
        "error": None,
        "started_at": WHEN,
        "ended_at": WHEN,
        **facts,
    }


STEP = {
    "step": "generate_screenplay",
    "calls": 12,
    "failed_calls": 1,
    "reused_calls": 2,
    "cost_usd": "0.000000",
    "duration_ms": 91200,
}
UNKNOWN = {
    "id": 4,
    "step": "generate_shots",
    "slot": "shot:004",
    "service": "oneshot",
    "model": HOSTILE,
    "started_at": WHEN,
    "quoted_cost_usd": "0.100000",
    "error": HOSTILE,
}
PLANNED = {
    "step": "generate_shots",
    "model": f"oneshot:{HOSTILE}",
    "kind": "video",
    "calls": 12,
    "found_calls": 7,
    "units": "25",
    "unit": "second",
    "unit_price_usd": "0.060000",
    "cost_usd": "1.500000",
    "estimated": True,
}
FILM = {"path": "output/run-123/film.mp4", "sha256": SHA, "duration_s": 41.5}
Render = Callable[[Any], Iterable[Block]]
DOCUMENTS: dict[str, tuple[Render, dict[str, Any]]] = {
    "runs ls": (
        runs.render_runs,
        {"items": [a_run(), a_run(LONG_ID, story=HOSTILE, status="failed", error=HOSTILE)]},
    ),
    "runs show": (
        runs.render_run,
        {
            **a_run(LONG_ID),
            "error": {"code": "provider", "message": HOSTILE},
            "story": {"path": HOSTILE, "sha256": SHA, "title": HOSTILE},
            "settings": {"size": "1280x720", "models": {"image": "local:illustrator"}},
            "film": FILM,
            "metadata": {"note": HOSTILE},
            "progress": {"generate_screenplay": {"done": 1, "total": 1}},
            "lease": {"host": HOSTILE, "pid": "123", "expires_at": WHEN, "live": True},
            "steps": [STEP],
            "unknown": [UNKNOWN],
            "calls": [a_call(1), a_call(2, state="failed", error=HOSTILE), a_call(3, job_id=HOSTILE)],
        },
    ),
    "checkpoints ls": (
        checkpoints.render_checkpoints,
        {
            "thread_id": LONG_ID,
            "items": [a_checkpoint(1, "generate_screenplay"), a_checkpoint(0, None, error=HOSTILE)],
        },
    ),
    "checkpoints show": (
        checkpoints.render_checkpoint,
        {
            "thread_id": LONG_ID,
            **a_checkpoint(1, HOSTILE),
            "values": {HOSTILE: [HOSTILE]},
            "pending": [],
            "metadata": {},
        },
    ),
    "cost": (
        lambda document: cost.render_cost(document, by=None),
        {
            "thread_id": LONG_ID,
            "currency": "USD",
            "total_usd": "12.345678",
            "estimate_usd": "14.000000",
            "reserved_usd": "0.100000",
            "unknown_usd": "0.100000",
            "budget_usd": "20.000000",
            "calls": 21,
            "failed_calls": 0,
            "reused_calls": 0,
            "unknown_calls": 1,
            "by_precision": [{"precision": "billed", "calls": 20, "cost_usd": "12.345678"}],
            "by_step": [STEP],
            "settlements": [],
            "calls_list": [a_call(1, model=HOSTILE)],
        },
    ),
    "cost of all": (
        lambda document: cost.render_cost(document, by=None),
        {"items": [{"thread_id": LONG_ID, "total_usd": "12.345678", "calls": 3}], "total_usd": "12.345678"},
    ),
    "assets ls": (
        assets.render_assets,
        {
            "thread_id": LONG_ID,
            "items": [
                {
                    "slot": "character:小禾",
                    "kind": "character_image",
                    "media_type": "image/png",
                    "sha256": SHA,
                    "path": f"data/assets/51/{SHA}.png",
                    "bytes": 204800,
                    "step": "generate_assets",
                    "cost_usd": "0.000000",
                    "created_at": WHEN,
                }
            ],
        },
    ),
    "db init": (db.render_initialized, {"url": "sqlite:///" + "d/" * 60, "created": True, "applied": ["0001_a.sql"]}),
    "db status": (
        db.render_status,
        {
            "url": "sqlite:///x.db",
            "kind": "sqlite",
            "path": "d/" * 60,
            "size_bytes": 122880,
            "applied": [{"name": "0001_" + "a" * 90 + ".sql", "applied_at": WHEN}],
            "pending": ["0002_b.sql"],
            "rows": {"workflow_executions": 3, "api_logs": 63},
        },
    ),
    "run": (
        outcome.render_outcome,
        {
            "schema": 1,
            "thread_id": LONG_ID,
            "status": "failed",
            "checkpoint_id": CHECKPOINT,
            "outputs": [],
            "steps": {"generate_shots": {"done": 7, "total": 12}},
            "film": {**FILM, "path": HOSTILE},
            "cost": {"total_usd": "0.000000", "budget_usd": None},
            "error": {"code": "provider", "message": HOSTILE},
            "left": {"calls": 5, "cost_usd": "1.500000"},
            "unknown": [UNKNOWN],
        },
    ),
    "run --dry-run": (
        estimate.render_estimate,
        {
            "thread_id": None,
            "dry_run": True,
            "currency": "USD",
            "total_usd": "1.500000",
            "budget_usd": "1.000000",
            "within_budget": False,
            "calls": 12,
            "found_calls": 7,
            "project": "acme",
            "quota_usd": "10.000000",
            "quota_left_usd": "-1.000000",
            "within_quota": False,
            "estimated": True,
            "by_step": [PLANNED],
        },
    ),
    "projects ls": (
        projects.render_projects,
        {
            "month": "2026-11",
            "items": [
                {
                    "project": "x" * 64,
                    "runs": 1200,
                    "monthly_quota_usd": "1000000.000000",
                    "spent_usd": "1000000.123456",
                    "reserved_usd": "0.400000",
                    "left_usd": "-0.523456",
                },
                {
                    "project": "default",
                    "runs": 0,
                    "monthly_quota_usd": None,
                    "spent_usd": "0.000000",
                    "reserved_usd": "0.000000",
                    "left_usd": None,
                },
            ],
        },
    ),
    "webhooks ls": (
        webhooks.render_events,
        {
            "items": [
                {
                    "event_id": "msg_1",
                    "thread_id": LONG_ID,
                    "type": "review.requested",
                    "created_at": "2026-11-27T09:05:01.250Z",
                    "receiver": "https://hooks.example",
                    "state": "pending",
                    "attempts": 5,
                    "attempted_at": "2026-11-27T09:05:01.250Z",
                    "delivered_at": None,
                    "last_error": HOSTILE,
                }
            ]
        },
    ),
    "tokens ls": (
        tokens.render_tokens,
        {
            "items": [
                {
                    "id": "48db76687604",
                    "account": "a" * 100,
                    "state": "good",
                    "grants": [{"project": "p" * 64, "role": "producer"}],
                    "created_at": WHEN,
                    "created_by": "root@host",
                    "expires_at": WHEN,
                    "revoked_at": None,
                    "revoked_by": None,
                    "last_used_at": WHEN,
                }
            ]
        },
    ),
    "tokens audit": (
        tokens.render_audit,
        {
            "items": [
                {
                    "at": WHEN,
                    "actor": HOSTILE,
                    "action": "review/approve",
                    "token_id": "48db76687604",
                    "project": "p" * 64,
                    "thread_id": LONG_ID,
                    "slots": ["shot:001/keyframe"],
                    "address": HOSTILE,
                    "error": None,
                    "times": 1,
                }
            ]
        },
    ),
    "cancel": (cancel.render_cancelled, {"thread_id": LONG_ID, "status": "cancelled", "running": True}),
}


def at_terminal(blocks: Iterable[Block], width: int, **options: Any) -> str:
    """What a terminal of this width gets."""
    stream = io.StringIO()
    console = Console(file=stream, width=width, force_terminal=True, color_system=None, markup=False, **options)
    print_to_terminal(blocks, console)
    return stream.getvalue()
