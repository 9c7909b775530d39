"""What a run has made so far: its calls by slot and take, and which retakes are not made yet."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, cast

from clash.database.decisions import Decision
from clash.database.rows import CallRow
from clash.editing.slots import in_film_order
from clash.editing.takes import Takes
from clash.vocabulary import UNSETTLED, CallState, Decided


class Made:
    """The calls of a run, by slot and take."""

    def __init__(self, rows: Iterable[CallRow]) -> None:
        self._rows: dict[str, dict[int, list[CallRow]]] = {}
        for row in rows:
            if row.slot:
                self._rows.setdefault(row.slot, {}).setdefault(row.take, []).append(row)

    @property
    def slots(self) -> list[str]:
        """The slots that a call was made for, however it ended, in the film's order."""
        return in_film_order(self._rows)

    def is_made(self, slot: str) -> bool:
        """Return whether a call was made for this slot, however it ended."""
        return slot in self._rows

    def take(self, slot: str, number: int) -> CallRow | None:
        """Return the succeeded call of a take."""
        rows = self._rows.get(slot, {}).get(number, [])
        return next((row for row in rows if row.state == CallState.SUCCEEDED), None)

    def takes(self, slot: str) -> dict[int, CallRow]:
        """Return the succeeded calls of a slot, by the number of their take."""
        found = ((number, self.take(slot, number)) for number in self.numbers(slot))
        return {number: row for number, row in found if row is not None}

    def numbers(self, slot: str) -> list[int]:
        """Return the takes of a slot that a call was made for, however it ended."""
        return sorted(self._rows.get(slot, {}))

    def newest(self, slot: str, number: int) -> CallRow | None:
        """Return the newest call of a take, however it ended."""
        rows = self._rows.get(slot, {}).get(number, [])
        return rows[-1] if rows else None

    def next_number(self, slot: str, takes: Takes) -> int:
        """Return the number of the take that would be the next of a slot; the first is the run's own."""
        return max([*takes.numbers(slot), *self._rows.get(slot, {})]) + 1

    # -- retakes that are not made ---------------------------------------------------------------------------

    def unmade(self, slot: str, takes: Takes) -> list[Decision]:
        """Return the rows of the newest retake of a slot, if one of its takes is not made; else none."""
        rows = takes.newest_retake(slot)
        return list(rows) if any(self.take(slot, row.take) is None for row in rows) else []

    def is_begun(self, slot: str, takes: Takes) -> bool:
        """Return whether a call for an unmade retake of the slot is open: sent, or perhaps sent, and not settled."""
        newest = (self.newest(slot, row.take) for row in self.unmade(slot, takes))
        return any(call is not None and call.state in UNSETTLED for call in newest)

    def is_pending(self, slot: str, takes: Takes) -> bool:
        """Return whether the run has yet to make a retake of the slot. One that failed is not waited for."""
        missing = [row for row in self.unmade(slot, takes) if self.take(slot, row.take) is None]
        newest = [self.newest(slot, row.take) for row in missing]
        return any(call is None or call.state != CallState.FAILED for call in newest)


def request_of(row: CallRow) -> Mapping[str, Any]:
    """Return the request of a call as it is recorded; empty where it was cut or is not there."""
    try:
        found = json.loads(row.request or "{}")
    except ValueError:
        return {}
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


def keyframe_sha256(clip: CallRow) -> str:
    """Return the digest of the keyframe that a clip was made of; "" where the row does not say."""
    keyframe: Any = request_of(clip).get("keyframe")
    return str(cast("dict[str, Any]", keyframe).get("sha256", "")) if isinstance(keyframe, dict) else ""


def keyframe_take(clip: CallRow, keyframes: Mapping[int, CallRow], of_take: int = 0) -> int:
    """Return the take of the keyframe that a clip was made of; 0 if nothing tells. `of_take`: as the retake said."""
    if of_take in keyframes:
        return of_take
    sha256 = keyframe_sha256(clip)
    return next((number for number, row in reversed(list(keyframes.items())) if row.asset_sha256 == sha256 != ""), 0)


def is_asked_for(decision: Decision) -> bool:
    """Return whether a person asked for this very retake. One that follows another repeats an earlier variation."""
    return decision.decision == Decided.RETAKE and decision.variation == decision.take
