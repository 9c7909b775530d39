"""Records in the asset store: enough about each paid call and each run to write its rows again.

    <root>/ab/cdef....<token>.json   a paid call, beside the file that it returned
    <root>/open/<token>.json         a call that was sent and is not settled
    <root>/runs/<thread>.json        a run: its story, its settings, its budget
    <root>/decisions/<thread>/<batch>.json   what people decided together about its slots: takes, verdicts
    <root>/budgets/<batch>/<number>.json   a budget that a person gave to a batch of runs

The database is the ledger; the records survive when it is lost. `clash db recover`, `run` and
`resume` read them.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

from clash.assets.store import AssetStore, storage_error, write_durably
from clash.regular_files import read_regular_file

VERSION = 1
RECORD_BYTES = 1 << 20
"""The largest record; a larger file is not read as one."""
_CALL = re.compile(r"([0-9a-f]{2})/([0-9a-f]{62})\.([0-9a-z]{1,128})\.json")
_RUN = re.compile(r"runs/([A-Za-z0-9_-][A-Za-z0-9._-]{0,127})\.json")
_BUDGET = re.compile(r"budgets/([A-Za-z0-9_-][A-Za-z0-9._-]{0,127})/([0-9a-f]{16})\.json")
_DECISIONS = re.compile(r"decisions/([A-Za-z0-9_-][A-Za-z0-9._-]{0,127})/([A-Za-z0-9_-]{1,128})\.json")


def call_record_name(assets: AssetStore, sha256: str, token: str) -> str:
    """Return where the record of a call is kept, relative to the store's root."""
    return f"{assets.relative_path(sha256)}.{token}.json"


def write_call_record(assets: AssetStore, sha256: str, token: str, facts: Mapping[str, Any]) -> None:
    """Write the record of a paid call beside its file, as durably as its receipt. An existing record stays.

    Raises `StorageError`.
    """
    path = assets.root / call_record_name(assets, sha256, token)
    if token.isalnum() and not path.exists():
        write_durably(path, _content(facts))


def write_open_call(assets: AssetStore, token: str, facts: Mapping[str, Any]) -> None:
    """Write the record of a call that is about to be sent, on this disk only. Raises `StorageError`.

    It survives a killed process, and is not flushed for a power cut: the database has the call durably.
    """
    path = _open_call_path(assets, token)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0), 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(_content(facts))
    except OSError as error:
        raise storage_error(error, path.name) from error


def forget_open_call(assets: AssetStore, token: str) -> None:
    """Remove the record of a call that is settled."""
    with suppress(OSError):
        _open_call_path(assets, token).unlink(missing_ok=True)


def _open_call_path(assets: AssetStore, token: str) -> Path:
    return assets.root / "open" / assets.receipt_path(token).name


def run_record_name(thread_id: str) -> str | None:
    """Return where the record of a run is kept; None for an id that cannot be a file name."""
    name = f"runs/{thread_id}.json"
    return name if _RUN.fullmatch(name) else None


def write_run_record(assets: AssetStore, thread_id: str, facts: Mapping[str, Any]) -> bool:
    """Write the record of a run; return whether it differs from the one that was there. Raises `StorageError`."""
    name = run_record_name(thread_id)
    if name is None:
        return False
    path, content = assets.root / name, _content(facts)
    with suppress(OSError):
        if read_regular_file(path, RECORD_BYTES) == content:
            return False
    write_durably(path, content)
    return True


def decision_record_name(thread_id: str, batch: str) -> str | None:
    """Return where the record of a batch of decisions is kept; None for an id that cannot be a file name."""
    name = f"decisions/{thread_id}/{batch}.json"
    return name if _DECISIONS.fullmatch(name) else None


def write_decision_record(assets: AssetStore, name: str, facts: Mapping[str, Any]) -> bool:
    """Write the record of a batch of decisions; return whether there was none. Raises `StorageError`."""
    path = assets.root / name
    if path.exists():
        return False
    write_durably(path, _content(facts))
    return True


def write_budget_record(assets: AssetStore, batch: str, facts: Mapping[str, Any]) -> str:
    """Write the record of a budget that was given to a batch; return its name. Raises `StorageError`."""
    content = _content(facts)
    name = f"budgets/{batch}/{hashlib.sha256(content).hexdigest()[:16]}.json"
    write_durably(assets.root / name, content)
    return name


def _content(facts: Mapping[str, Any]) -> bytes:
    return json.dumps({"version": VERSION, **facts}, ensure_ascii=False, sort_keys=True, default=str).encode()


# -- reading -----------------------------------------------------------------------------------------------------------


def is_record(name: str) -> bool:
    """Return whether this name, relative to the store's root, is the name of a record."""
    return any(pattern.fullmatch(name) for pattern in (_CALL, _RUN, _DECISIONS, _BUDGET))


def call_records(assets: AssetStore) -> Iterator[tuple[str, str, str, dict[str, Any] | None]]:
    """Yield name, sha256, token and content of the record of each paid call; None for one that cannot be read."""
    for name, sha256, token in _call_names(assets):
        yield name, sha256, token, _read(assets.root / name)


def _call_names(assets: AssetStore) -> Iterator[tuple[str, str, str]]:
    for folder in sorted(assets.root.glob("[0-9a-f][0-9a-f]")):
        for path in sorted(folder.glob("*.json")) if folder.is_dir() else ():
            name = f"{folder.name}/{path.name}"
            if match := _CALL.fullmatch(name):
                yield name, match[1] + match[2], match[3]


def names_of_call_records(assets: AssetStore) -> dict[str, str]:
    """Return the sha256 of the file of each paid call on this disk that has a record, by the call's token."""
    return {token: sha256 for _, sha256, token in _call_names(assets)}


def call_record(assets: AssetStore, sha256: str, token: str) -> dict[str, Any] | None:
    """Return the record of a paid call; None if there is no readable one."""
    return _read(assets.root / call_record_name(assets, sha256, token))


def has_records(assets: AssetStore, thread_id: str | None = None) -> bool:
    """Return whether this disk has a record of a call, a decision or the run `thread_id`, or the ticket of a job."""
    if thread_id is not None and run_record(assets, thread_id) is not None:
        return True
    found = (_call_names(assets), job_tickets(assets), open_calls(assets), decision_records(assets))
    return any(True for records in found for _ in records)


def has_run_records(assets: AssetStore) -> bool:
    """Return whether this disk has the record of a run, also of one that cost nothing."""
    return any(_RUN.fullmatch(f"runs/{path.name}") for path in (assets.root / "runs").glob("*.json"))


def open_calls(assets: AssetStore) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield token and content of the record of each call that was sent and is not settled."""
    for path in sorted((assets.root / "open").glob("*.json")):
        if (found := _read(path)) is not None:
            yield path.stem, found


def job_tickets(assets: AssetStore) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield token and content of the ticket of each job that was submitted and is not settled."""
    for path in sorted((assets.root / "receipts").glob("*.json")):
        with suppress(OSError, ValueError, RecursionError):
            found = json.loads(read_regular_file(path, RECORD_BYTES))
            if isinstance(found, dict) and "job_id" in found:
                yield path.stem, cast("dict[str, Any]", found)


def run_record(assets: AssetStore, thread_id: str) -> dict[str, Any] | None:
    """Return the record of a run; None if there is no readable one."""
    name = run_record_name(thread_id)
    return None if name is None else _read(assets.root / name)


def run_records(assets: AssetStore) -> Iterator[dict[str, Any]]:
    """Yield the records of runs on this disk that can be read."""
    for path in sorted((assets.root / "runs").glob("*.json")):
        if _RUN.fullmatch(f"runs/{path.name}") and (found := _read(path)) is not None:
            yield found


def decision_records(assets: AssetStore, thread_id: str | None = None) -> Iterator[dict[str, Any]]:
    """Yield the records of the decisions about a run, or about all runs, that can be read."""
    for path in sorted((assets.root / "decisions").glob(f"{thread_id or '*'}/*.json")):
        match = _DECISIONS.fullmatch(path.relative_to(assets.root).as_posix())
        if match and (found := _read(path)) is not None and found.get("run_id") == match[1]:
            yield found


def budget_records(assets: AssetStore, batch: str = "*") -> Iterator[dict[str, Any]]:
    """Yield the records of the budgets of a batch, or of all batches, that can be read."""
    for path in sorted((assets.root / "budgets").glob(f"{batch}/*.json")):
        match = _BUDGET.fullmatch(path.relative_to(assets.root).as_posix())
        if match and (found := _read(path)) is not None and found.get("batch") == match[1]:
            yield found


def _read(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(read_regular_file(path, RECORD_BYTES))
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    record = cast("dict[str, Any]", found)
    return record if record.get("version") == VERSION else None
