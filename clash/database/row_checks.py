"""What a row may hold: values that clash itself would never write are found and named, not stumbled over.

A row can be changed by another program, by an import, or by a damaged page. Reports leave out a row with a fault and
name it; whatever works with that very row raises the fault as an error.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from typing import Any, cast

from clash.database.port import Row
from clash.errors import DatabaseError
from clash.project_names import is_project_name
from clash.vocabulary import CallState, Decided, Precision, RunStatus, sql_list

MOST_MICRO = 10**15
"""A thousand million dollars: no sum of clash is larger, and every sum of sums stays within 64 bits."""
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d.*)?|")
_SIZE = re.compile(r"[1-9]\d{0,4}x[1-9]\d{0,4}")
_SHA256 = re.compile(r"[0-9a-f]{64}")

Check = Callable[[Any], str]
"""Returns what is wrong with a value; "" if nothing is."""


def _text(value: Any) -> str:
    if not isinstance(value, str):
        return "is not text"
    try:
        value.encode()
    except UnicodeEncodeError:
        return "is not Unicode text"
    return ""


def _whole(most: int, what: str) -> Check:
    def check(value: Any) -> str:
        if isinstance(value, bool) or not isinstance(value, int):
            return f"is not {what}"
        return "" if 0 <= value <= most else f"is {value}, which no {what.removeprefix('a ')} can be"

    return check


def _one_of(*names: str) -> Check:
    return lambda value: "" if value in names else f"is {str(value)[:40]!r}; known: {', '.join(names)}"


def _like(pattern: re.Pattern[str], what: str) -> Check:
    return lambda value: _text(value) or ("" if pattern.fullmatch(value) else f"is {value[:40]!r}, not {what}")


def _or_null(check: Check) -> Check:
    return lambda value: "" if value is None else check(value)


def _json(*kinds: type, inside: Callable[[Any], str] = lambda _: "") -> Check:
    def check(value: Any) -> str:
        if wrong := _text(value):
            return wrong
        found = loads(value)
        if not isinstance(found, kinds):
            return "is not the JSON that it should be"
        return inside(found)

    return check


def loads(text: str) -> Any:
    """Return the value of a JSON text; None for what is no JSON, which NaN is not either."""
    try:
        return json.loads(text, parse_constant=_no_json, parse_float=_finite)
    except (ValueError, RecursionError):
        return None


def _no_json(name: str) -> Any:
    raise ValueError(name)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


_count = _whole(2**53, "a count")
_money = _whole(MOST_MICRO, "a sum of money")
_time = _like(_TIME, "a time")


def _step(value: Any) -> str:
    return "" if value == -1 else _count(value)


def _metadata(found: Any) -> str:
    totals = found.get("totals", {})
    if not isinstance(totals, dict) or any(_count(total) for total in cast("dict[str, Any]", totals).values()):
        return "has totals that are no counts"
    return "has an estimate that is no sum of money" if _or_null(_money)(found.get("estimate_micro")) else ""


_SETTINGS: Mapping[str, type | tuple[type, ...]] = {
    "models": dict,
    "size": str,
    "fps": int,
    "output": str,
    "reuse": bool,
    "story": str,
    "reference_images": dict,
    "panels": dict,
    "story_choice": (str, type(None)),
    "screenplay": dict,
    "screenplay_path": str,
    "established": dict,
    "table": dict,
    "forked_from": dict,
    "review": list,
}


def _settings(found: Any) -> str:
    for name, kind in _SETTINGS.items():
        if name in found and (not isinstance(found[name], kind) or (kind is int and isinstance(found[name], bool))):
            return f"has a value of the wrong type under {name!r}"
    if not all(isinstance(model, str) for model in found.get("models", {}).values()):
        return "names a model that is no text"
    files = (*found.get("screenplay", {}).values(), *found.get("established", {}).values())
    if not all(isinstance(found["table"].get(name), str) for name in ("name", "sha256", "reader") if "table" in found):
        return "names a table by what is no text"
    if not all(isinstance(sha256, str) for sha256 in files):
        return "names a screenplay by what is no text"
    if "size" in found and not _SIZE.fullmatch(found["size"]):
        return "has a size that is none"
    if "fps" in found and not 1 <= found["fps"] <= 240:
        return "has a number of pictures a second that is none"
    if "\0" in found.get("output", ""):
        return "names a folder that cannot be"
    return ""


def _facts(found: Any) -> str:
    seconds = found.get("duration_s", 0)
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds < 10**9:
        return "has a duration that is none"
    return ""


_CHECKS: Mapping[str, Mapping[str, Check]] = {
    "workflow_executions": {
        "run_id": _text,
        "workflow_name": _text,
        "status": _one_of(*RunStatus),
        "start_time": _time,
        "end_time": _or_null(_time),
        "updated_at": _time,
        "story_path": _text,
        "story_sha256": _text,
        "story_title": _text,
        "settings": _json(dict, inside=_settings),
        "settings_fingerprint": _text,
        "graph_version": _count,
        "budget_micro": _or_null(_money),
        "spent_micro": _money,
        "reserved_micro": _money,
        "lease_owner": _or_null(_text),
        "lease_generation": _count,
        "lease_expires_at": _or_null(_time),
        "error_code": _or_null(_text),
        "error_message": _or_null(_text),
        "metadata": _json(dict, inside=_metadata),
        "project": lambda value: "" if is_project_name(value) else "is not the name of a project",
        "batch": _or_null(_text),
        "batch_budget_micro": _or_null(_money),
    },
    "api_logs": {
        "run_id": _text,
        "step": _text,
        "slot": _or_null(_text),
        "take": _count,
        "kind": _text,
        "key": _or_null(_text),
        "token": _text,
        "service": _text,
        "model": _text,
        "endpoint": _text,
        "state": _one_of(*CallState),
        "job_id": _or_null(_text),
        "attempt": _count,
        "request": _or_null(_text),
        "response": _or_null(_text),
        "status_code": _or_null(_count),
        "quoted_cost_micro": _money,
        "cost_micro": _money,
        "precision": _one_of(*Precision),
        "asset_sha256": _or_null(_text),
        "media_type": _or_null(_text),
        "facts": _or_null(_json(dict)),
        "reused": _whole(1, "a yes or no"),
        "started_at": _time,
        "key_version": _count,
        "ended_at": _or_null(_time),
        "duration_ms": _or_null(_count),
        "error_code": _or_null(_text),
        "error_message": _or_null(_text),
        "retryable": _whole(1, "a yes or no"),
    },
    "generated_assets": {
        "run_id": _text,
        "step": _text,
        "slot": _text,
        "asset_type": _text,
        "media_type": _text,
        "sha256": _text,
        "path": _text,
        "bytes": _count,
        "facts": _json(dict, inside=_facts),
        "cost_micro": _money,
        "created_at": _time,
    },
    "call_settlements": {
        "run_id": _text,
        "call": _text,
        "slot": _text,
        "settled_at": _time,
        "settled_by": _text,
        "billed_micro": _money,
        "was_state": _text,
        "was_cost_micro": _money,
        "was_held_micro": _money,
        "was_error": _or_null(_text),
    },
    "slot_decisions": {
        "run_id": _text,
        "slot": _text,
        "decision": _one_of(*Decided),
        "take": _count,
        "variation": _count,
        "of_take": _count,
        "judged_sha256": _text,
        "note": _text,
        "prompt": _text,
        "model": _text,
        "batch": _text,
        "actor": _text,
        "created_at": _time,
    },
    "film_cuts": {
        "run_id": _text,
        "take": _count,
        "cut": _text,
        "files": _json(dict),
        "selection": _json(dict),
        "created_at": _time,
    },
    "removed_runs": {
        "run_id": _text,
        "thread_id": _text,
        "story_title": _text,
        "start_time": _time,
        "removed_at": _time,
        "removed_by": _text,
        "forgets_answers": _whole(1, "a yes or no"),
        "finished_at": _or_null(_time),
    },
    "removed_costs": {
        "run_id": _text,
        "day": _text,
        "step": _text,
        "provider": _text,
        "model": _text,
        "precision": _one_of(*Precision),
        "calls": _count,
        "priced_calls": _count,
        "failed_calls": _count,
        "reused_calls": _count,
        "unknown_calls": _count,
        "unknown_micro": _money,
        "cost_micro": _money,
        "duration_ms": _count,
        "first_call": _count,
    },
    "kept_files": {
        "run_id": _text,
        "slot": _text,
        "asset_type": _text,
        "media_type": _text,
        "sha256": _like(_SHA256, "the sha256 of a file"),
        "path": _text,
        "bytes": _count,
    },
    "checkpoint_metadata": {
        "run_id": _text,
        "checkpoint_ns": _text,
        "checkpoint_id": _text,
        "parent_checkpoint_id": _or_null(_text),
        "created_at": _or_null(_time),
        "source": _or_null(_text),
        "step_index": _or_null(_step),
        "step_name": _or_null(_text),
        "next_steps": _or_null(
            _json(
                list,
                inside=lambda names: (
                    "" if all(isinstance(name, str) for name in names) else "names steps that are no text"
                ),
            )
        ),
        "execution_time_ms": _or_null(_count),
        "api_calls": _or_null(_count),
        "cost_micro": _or_null(_money),
        "error_message": _or_null(_text),
    },
}


_SQL_MONEY = f"typeof({{0}}) = 'integer' AND {{0}} BETWEEN 0 AND {MOST_MICRO}"
SOUND_CALL = " AND ".join(
    [
        _SQL_MONEY.format("cost_micro"),
        _SQL_MONEY.format("quoted_cost_micro"),
        _SQL_MONEY.format("coalesce(duration_ms, 0)"),
        "reused IN (0, 1)",
        f"state IN {sql_list(CallState)}",
        f"precision IN {sql_list(Precision)}",
        *(f"typeof({name}) = 'text'" for name in ("run_id", "step", "service", "model", "started_at")),
        "(started_at GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]*' OR started_at = '')",
    ]
)
"""The SQL condition under which a row of `api_logs` can be summed."""
CHECKED = frozenset(_CHECKS)
"""The tables whose rows can be checked."""


def is_sha256(text: object) -> bool:
    """Return whether this is the sha256 of a file, in hexadecimal."""
    return isinstance(text, str) and bool(_SHA256.fullmatch(text))


def fault_of(table: str, row: Row) -> str:
    """Return the first thing that is wrong with the columns of a row, as `column is ...`; "" if nothing is."""
    for name, check in _CHECKS[table].items():
        if name in row and (wrong := check(row[name])):
            return f"{name} {wrong}"
    return ""


class DamagedRowError(DatabaseError):
    """A row that cannot be worked with: in which table, and what is wrong with which column."""

    code = "damaged_row"

    def __init__(self, table: str, name: str, fault: str) -> None:
        super().__init__(
            f"{name} cannot be read: {table}.{fault}",
            hint="put the value right, or put a backup of the database in its place and run `clash db recover`",
        )
        self.table = table
        self.name = name
        self.fault = fault

    def __reduce__(self) -> tuple[type[DamagedRowError], tuple[str, str, str]]:
        """Copy it by its parts: a group of writes that fails gives each of its callers a copy."""
        return type(self), (self.table, self.name, self.fault)


def require_sound(table: str, row: Row, name: str) -> Row:
    """Return the row. Raise `DatabaseError` naming it if a column holds what clash never writes there."""
    if fault := fault_of(table, row):
        raise DamagedRowError(table, name, fault)
    return row
