"""Find out what is in the store and what names it. Where in doubt, a file is named."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, cast

from clash.assets import AssetStore
from clash.assets.inventory import Stored, StoredKind, in_bucket, on_disk
from clash.assets.records import RECORD_BYTES
from clash.assets.shared import SharedAssetStore
from clash.assets.spare import find_kept, kept_tokens
from clash.database.named_files import (
    RemovedRun,
    call_states,
    casts_without_sounds,
    digests_in,
    existing_runs,
    named_files,
    named_in_settings,
    removed_runs,
)
from clash.database.port import Database
from clash.errors import StorageError
from clash.gc.scratch import Scratch
from clash.regular_files import NotRegularFileError, read_regular_file
from clash.vocabulary import CallState

_AT_ONCE = 500
_DAY_S = 86_400
_CAST_BYTES = 16 << 20
_SOUNDS = ((8, b"WAVE"), (0, b"ID3"), (0, b"\xff\xfb"), (0, b"\xff\xf3"), (0, b"\xff\xfa"), (0, b"fLaC"), (0, b"OggS"))


@dataclass
class Survey:
    """What was found. `recoverable`: files of paid calls and runs that no database has, which `db recover` brings back.

    `unsure`: files that may be sounds of a cast whose run, of an older version, does not say which it was given.
    """

    scratch: Scratch
    before: float
    """Files that were used since are left alone, in seconds since 1970."""
    recoverable: set[str] = field(default_factory=set[str])
    keeps_sounds: bool = False
    unsure: int = 0


async def survey(assets: AssetStore, databases: Sequence[Database], scratch: Scratch, before: float) -> Survey:
    """Look at the whole store, then at all that may name something in it.

    In this order: what is put into the store later is too new to be deleted. Raises `StorageError`, `SettingsError`,
    `DatabaseError`.
    """
    found = Survey(scratch, before)
    await asyncio.to_thread(scratch.add_stored, on_disk(assets))
    await asyncio.to_thread(scratch.add_stored, in_bucket(assets))
    await name_files(assets, databases, found)
    await _judge_calls(assets, databases, found)
    await _judge_runs(assets, databases, found)
    # A film that is being encoded writes to its temporary files for hours.
    stale = min(before, time.time() - _DAY_S)
    scratch.doom(one.name for one in scratch.stored(StoredKind.TEMPORARY) if one.changed_at < stale)
    return found


async def name_files(assets: AssetStore, databases: Sequence[Database], found: Survey) -> None:
    """Take in every file that a database or a receipt names now."""
    for database in databases:
        async for digests in named_files(database):
            if digests:
                await asyncio.to_thread(found.scratch.add_named, digests)
        older = set(await casts_without_sounds(database))
        for sha256 in await named_in_settings(database, "cast"):
            content = await asyncio.to_thread(_read, assets, _path_of(assets, sha256), _CAST_BYTES)
            text = (content or b"").decode("utf-8", "replace")
            found.scratch.add_named(digests_in(text))
            found.keeps_sounds |= sha256 in older and (content is None or _has_sounds(text))
    await asyncio.to_thread(_name_kept_elsewhere, found)


def _path_of(assets: AssetStore, sha256: str) -> str:
    try:
        return assets.relative_path(sha256) if assets.path(sha256) else ""
    except StorageError:
        return ""


def _has_sounds(cast_sheet: str) -> bool:
    try:
        members = json.loads(cast_sheet)["members"]
        return any(member.get("reference_audio") for member in members)
    except (ValueError, KeyError, TypeError, AttributeError):
        return True


def _name_kept_elsewhere(found: Survey) -> None:
    for token in kept_tokens():
        if token.isalnum() and (kept := find_kept(token)):
            found.scratch.add_named(digests_in(json.dumps(kept[1])))


def name_receipts(assets: AssetStore, found: Survey) -> None:
    """Take in the files of the receipts that are there now, here and in the bucket: what is settled is named anyway."""
    here = (one for one in on_disk(assets, "receipts") if one.kind == StoredKind.RECEIPT)
    shared = (one for one in in_bucket(assets, "receipts") if one.kind == StoredKind.RECEIPT)
    for one in (*here, *shared):
        found.scratch.add_named(digests_in(_text(assets, one)))


# -- records of calls ------------------------------------------------------------------------------------------------


async def _judge_calls(assets: AssetStore, databases: Sequence[Database], found: Survey) -> None:
    removed = [run for database in databases for run in await removed_runs(database)]
    kinds = (StoredKind.RECEIPT, StoredKind.OPEN_CALL, StoredKind.CALL_RECORD)
    for some in _portions(found.scratch.stored(*kinds)):
        states: dict[str, set[str]] = {}
        for database in databases:
            for token, state in (await call_states(database, sorted({one.token for one in some}))).items():
                states.setdefault(token, set()).add(state)
        await asyncio.to_thread(_judge_portion, assets, some, states, removed, found)


def _judge_portion(
    assets: AssetStore, some: Sequence[Stored], states: dict[str, set[str]], removed: list[RemovedRun], found: Survey
) -> None:
    for one in some:
        known = states.get(one.token, set())
        settled = bool(known) and known <= {CallState.SUCCEEDED}
        over = bool(known) and known <= {CallState.SUCCEEDED, CallState.FAILED}
        if one.kind == StoredKind.CALL_RECORD:
            if not known:
                _judge_lost_call(assets, one, removed, found)
            elif not settled:
                found.scratch.add_named([one.sha256])  # `db recover` settles its row by it
        elif settled if one.kind == StoredKind.RECEIPT else over:
            # What a receipt says of a settled call is in its row.
            _doom(found, one)
        else:
            found.scratch.add_named(digests_in(_text(assets, one)))


def _judge_lost_call(assets: AssetStore, one: Stored, removed: list[RemovedRun], found: Survey) -> None:
    """A paid call that no database has: its run was removed with all that it paid for, or its database is lost."""
    call = _object(_text(assets, one)).get("call")
    told = cast("dict[str, Any]", call) if isinstance(call, dict) else {}
    run_id, started = str(told.get("run_id", "")), str(told.get("started_at", ""))
    if any(
        run.forgets_answers and run.thread_id == run_id and run.start_time <= started <= run.removed_at
        for run in removed
    ):
        _doom(found, one)
        return
    found.scratch.add_named([one.sha256])
    found.recoverable.add(one.sha256)


# -- records of runs -------------------------------------------------------------------------------------------------


async def _judge_runs(assets: AssetStore, databases: Sequence[Database], found: Survey) -> None:
    removed = {(run.thread_id, run.start_time) for database in databases for run in await removed_runs(database)}
    for some in _portions(found.scratch.stored(StoredKind.RUN_RECORD, StoredKind.DECISION_RECORD)):
        there: set[str] = set()
        for database in databases:
            there |= await existing_runs(database, sorted({one.run_id for one in some}))
        await asyncio.to_thread(
            _judge_records, assets, [one for one in some if one.run_id not in there], removed, found
        )


def _judge_records(assets: AssetStore, some: Iterable[Stored], removed: set[tuple[str, str]], found: Survey) -> None:
    for one in some:
        text = _text(assets, one)
        if (one.run_id, str(_object(text).get("start_time"))) in removed:
            _doom(found, one)
            continue
        digests = set(digests_in(text))
        found.scratch.add_named(digests)
        found.recoverable |= digests


# -- sounds of a cast ------------------------------------------------------------------------------------------------


def may_be_sound(assets: AssetStore, sha256: str) -> bool:
    """Return whether a file may be a sound; so may one that is not on this disk."""
    try:
        with assets.path(sha256).open("rb") as stream:
            head = stream.read(16)
    except OSError:
        return True
    return any(head[place:].startswith(mark) for place, mark in _SOUNDS)


# -- parts -----------------------------------------------------------------------------------------------------------


def _doom(found: Survey, one: Stored) -> None:
    if one.changed_at < found.before:
        found.scratch.doom([one.name])


def _text(assets: AssetStore, one: Stored) -> str:
    return (_read(assets, one.name, RECORD_BYTES) or b"").decode("utf-8", "replace")


def _read(assets: AssetStore, name: str, most: int) -> bytes | None:
    """Return the content of a record, from this disk or from the bucket."""
    if not name:
        return None
    try:
        return read_regular_file(assets.root / name, most)
    except (OSError, NotRegularFileError):
        return assets.bucket.read(name, most=most) if isinstance(assets, SharedAssetStore) else None


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


def _portions(found: Iterator[Stored]) -> Iterator[list[Stored]]:
    while some := list(islice(found, _AT_ONCE)):
        yield some
