"""Documents as the pages of the board are given them, and the elements of a page."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

from clash.board.pages.view import View

SHA = "a" * 64


class Elements(HTMLParser):
    """The elements of a page, each with its attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def named(self, tag: str) -> Iterator[dict[str, str | None]]:
        """The attributes of all elements of a name."""
        return (attributes for name, attributes in self.found if name == tag)


def run_item(**changes: Any) -> dict[str, Any]:
    """A run as the list has it."""
    return {
        "thread_id": "run-1",
        "status": "running",
        "workflow_name": "video_production",
        "story": "story.csv",
        "title": "Noodles",
        "started_at": "2026-11-27T11:00:00.000Z",
        "ended_at": None,
        "updated_at": "2026-11-27T11:01:00.000Z",
        "cost_usd": "0.041250",
        "budget_usd": "2.000000",
        "steps_done": 2,
        "lease": {"host": "vm", "pid": "12", "expires_at": None, "live": True},
        "error": None,
        **changes,
    }


def shot(number: int, **changes: Any) -> dict[str, Any]:
    """A shot as the board has it."""
    return {
        "slot": f"shot:{number:03d}",
        "label": None,
        "number": number,
        "scene": "1",
        "action": "She runs.",
        "words": [{"speaker": "Mara", "text": "Wait!", "narrator": False}],
        "on_screen_text": "Three years later",
        "length_s": 3.5,
        "keyframe": SHA,
        "clip": None,
        "takes": 1,
        "failed_calls": 0,
        "cost_usd": "0.010000",
        **changes,
    }


def run_document(**changes: Any) -> dict[str, Any]:
    """A run as its page has it."""
    sums = {"calls": 2, "failed_calls": 1, "reused_calls": 0, "cost_usd": "0.020000", "duration_ms": 5200}
    return {
        **run_item(),
        "forked_from": None,
        "estimate_usd": "0.500000",
        "reserved_usd": "0.010000",
        "waiting_for": None,
        "problem": None,
        "unknown": [],
        "failed_paid": [],
        "warnings": [],
        "steps": [
            {
                **sums,
                "step": "generate_shots",
                "done": 1,
                "total": 3,
                "retaken": 1,
                "began_at": "2026-11-27T11:00:00.000Z",
                "ended_at": "2026-11-27T11:00:05.000Z",
            }
        ],
        "by_model": [{**sums, "model": "metered:illustrator"}],
        "by_day": [{**sums, "day": "2026-11-27"}],
        "film": None,
        "contact_sheet": None,
        "cards": [{"slot": "character:mara", "name": "Mara", "sha256": None, "takes": 0, "cost_usd": "0.000000"}],
        "shots": [shot(1), shot(2, keyframe=None, clip=None)],
        "shots_from": 1,
        "shots_total": 2,
        "damaged": [],
        **changes,
    }


def review_document(*items: dict[str, Any]) -> dict[str, Any]:
    """What is to be judged."""
    price = {"total_usd": "0.030000", "estimated": True, "at_most": False, "by_step": []}
    price["by_step"] = [{"step": "generate_shots", "calls": 3, "cost_usd": "0.030000"}]
    waiting = sum(item["verdict"] is None for item in items)
    return {"thread_id": "run-1", "stages": ["keyframes"], "items": list(items), "waiting": waiting, "price": price}


def judged(number: int, verdict: str | None = None, note: str | None = None) -> dict[str, Any]:
    """A keyframe that is judged, or waits."""
    slot = f"shot:{number:03d}/keyframe"
    facts = {"stage": "keyframes", "slot": slot, "label": None, "take": 1, "sha256": SHA, "path": None}
    return {**facts, "verdict": verdict, "note": note}


def take(number: int, *, selected: bool, slot: str = "shot:001/keyframe") -> dict[str, Any]:
    """A take of a slot."""
    facts = {"slot": slot, "label": None, "take": number, "selected": selected, "state": "made", "sha256": SHA}
    return {**facts, "cost_usd": "0.010000", "note": "", "model": "m", "prompt": "", "actor": "", "created_at": ""}


SESSION = "of-this-session"
WRITER = View(token=SESSION)
