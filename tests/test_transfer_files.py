"""The file that runs are moved in: whole, private, and refused by line and reason if it is anything else."""

from __future__ import annotations

import gzip
import json
import re
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from moving import MakeDatabase, apply, content, export, run_statements, save, take_in

from clash.database import open_database
from clash.database.connection import sqlite_path
from clash.database.port import Statement
from clash.database.transfer.lines import Tally
from clash.errors import ClashError, DatabaseError, NotFoundError, UsageError, VersionMismatchError


@pytest.fixture
async def exported(tmp_path: Path, make_database: MakeDatabase) -> list[bytes]:
    """The lines of an export of two small runs."""
    source = await make_database("sqlite")
    await apply(source, [*run_statements("run-1", 2), *run_statements("run-2", 1)])
    await save(source, "run-1", [100])
    await export(source, tmp_path / "runs.jsonl")
    return (tmp_path / "runs.jsonl").read_bytes().splitlines(keepends=True)


def dump(url: str) -> list[str]:
    with closing(sqlite3.connect(sqlite_path(url))) as connection:
        return list(connection.iterdump())


async def refused(url: str, file: Path, data: bytes) -> ClashError:
    """The error for a file of these bytes; the database is as it was."""
    before = dump(url)
    file.write_bytes(data)
    with pytest.raises(ClashError) as error:
        await take_in(url, file)
    assert dump(url) == before
    return error.value


async def test_a_file_that_is_cut_off_anywhere_is_noticed(
    tmp_path: Path, make_database: MakeDatabase, exported: list[bytes]
) -> None:
    """Behind each line, in the middle of each, packed and not: refused before anything is written."""
    target, file = await make_database("sqlite"), tmp_path / "cut.jsonl"
    data, ends = b"".join(exported), [0]
    for line in exported:
        ends += [ends[-1] + len(line) // 2, ends[-1] + len(line) - 1, ends[-1] + len(line)]
    for end in sorted(set(ends))[:-1]:
        error = await refused(target, file, data[:end])
        assert isinstance(error, UsageError), end
        number = len(data[:end].split(b"\n"))
        assert error.message.startswith(f"line {number}: "), error.message
    packed = gzip.compress(data)
    for end in range(0, len(packed) - 1, 97):
        assert isinstance(await refused(target, file, packed[:end]), UsageError), end


def changed(
    lines: list[bytes], number: int, change: Callable[[dict[str, Any]], Any], *, with_sums: bool = True
) -> bytes:
    """Return the file with a line changed and, if `with_sums`, with matching sums."""
    document = json.loads(lines[number - 1])
    change(document)
    new = [*lines[: number - 1], json.dumps(document, separators=(",", ":")).encode() + b"\n", *lines[number:]]
    tally = Tally()
    for line in new[1:-1]:
        tally.add(next(iter(json.loads(line))), line)
    return b"".join([*new[:-1], tally.line] if with_sums else new)


def set_in(table: str, column: str, value: Any) -> Callable[[dict[str, Any]], Any]:
    return lambda document: document[table].update({column: value})


CHANGES: list[tuple[int, Callable[[dict[str, Any]], Any], str]] = [
    (3, set_in("workflow_executions", "spent_micro", "7"), r"line 3: workflow_executions.spent_micro is no whole"),
    (3, set_in("workflow_executions", "spent_micro", True), r"line 3: workflow_executions.spent_micro is no whole"),
    (3, set_in("workflow_executions", "spent_micro", 2**63), r"line 3: workflow_executions.spent_micro is no whole"),
    (3, set_in("workflow_executions", "status", None), r"line 3: workflow_executions.status has no value"),
    (3, set_in("workflow_executions", "status", "done"), r"line 3: workflow_executions.status is .done."),
    (3, set_in("workflow_executions", "settings", "[]"), r"line 3: workflow_executions.settings is not the JSON"),
    (3, set_in("workflow_executions", "lease_owner", "me"), r"line 3: workflow_executions has no column 'lease_owner'"),
    (3, lambda document: document["workflow_executions"].pop("status"), r"line 3: workflow_executions.status is miss"),
    (4, set_in("api_logs", "slot", "\ud800"), r"line 4: api_logs.slot is no Unicode text"),
    (4, set_in("api_logs", "slot", {"base64": ""}), r"line 4: api_logs.slot is of another type"),
    (5, set_in("api_logs", "token", "run-10000"), r"line 5: the database would refuse it: UNIQUE"),
    (6, set_in("generated_assets", "call", "run-20000"), r"line 6: generated_assets.call names no call of this run"),
    (6, lambda document: document.update(x=1), r"line 6: it is no row"),
    (2, lambda document: document.update(thread=""), r"line 2: a thread without an id"),
    (2, lambda document: document.update(thread="run-2"), r"the run 'run-2' is there twice"),
    (2, lambda document: document.update(thread=".import-1"), r"line 2: no run has the id '.import-1'"),
    (9, set_in("checkpoints", "checkpoint", {"base64": "="}), r"line 9: checkpoints.checkpoint is not base64"),
    (9, set_in("checkpoints", "checkpoint_id", None), r"line 9: checkpoints.checkpoint_id has no value"),
]


@pytest.mark.parametrize(("number", "change", "says"), CHANGES)
async def test_an_impossible_row_is_named_by_its_line(
    tmp_path: Path, make_database: MakeDatabase, exported: list[bytes], number: int, change: Any, says: str
) -> None:
    """Wrong types, unknown columns, what a constraint forbids: refused with line and reason, though the sums agree."""
    error = await refused(await make_database("sqlite"), tmp_path / "x", changed(exported, number, change))
    assert isinstance(error, UsageError)
    assert re.search(says, error.message), error.message


async def test_nonsense_is_refused_with_its_line(
    tmp_path: Path, make_database: MakeDatabase, exported: list[bytes]
) -> None:
    """Other files, changed bytes, swapped and doubled lines, more behind the end: each by line and reason."""
    url, file, data = await make_database("sqlite"), tmp_path / "x.jsonl", b"".join(exported)

    async def says(content: bytes) -> str:
        return (await refused(url, file, content)).message

    swapped = b"".join([*exported[:4], exported[5], exported[4], *exported[6:]])
    assert "line 6: a row of api_logs is not in its place" in await says(swapped)
    assert "counts do not agree" in await says(b"".join([*exported[:5], *exported[6:]]))
    assert "checksum does not agree" in await says(
        changed(exported, 3, set_in("workflow_executions", "spent_micro", 1), with_sums=False)
    )
    assert "line 2: it is not JSON" in await says(exported[0] + b"[" * 100_000 + b"\n")
    assert "line 2: it is not JSON" in await says(exported[0] + b'{"thread":NaN}\n')
    assert "line 2: there is no table 'DROP TABLE x'" in await says(exported[0] + b'{"DROP TABLE x":1}\n')
    assert f"line {len(exported) + 1}: there is something behind the end" in await says(data + b"x")
    for other in (b"", b"\n", b"SQLite format 3\0", b"{}\n", b'{"format":1}\n', b"\x1f\x8bnonsense", b"\0" * 10**5):
        assert "line 1: this is not an export of clash" in await says(other)
    newer = await refused(url, file, data.replace(b'"version":1', b'"version":2', 1))
    assert isinstance(newer, VersionMismatchError)
    assert newer.exit_code == 7
    assert isinstance(await refused(url, file, data.replace(b"0001_initial", b"9999_later")), VersionMismatchError)


async def test_line_ends_of_other_systems_are_accepted(
    tmp_path: Path, make_database: MakeDatabase, exported: list[bytes]
) -> None:
    """A pipe of Windows puts two characters at the end of a line; that is no damage."""
    (tmp_path / "crlf.jsonl").write_bytes(b"".join(exported).replace(b"\n", b"\r\n"))
    assert len((await take_in(await make_database("sqlite"), tmp_path / "crlf.jsonl"))["items"]) == 2


async def test_a_value_too_large_for_d1_is_reported_first(tmp_path: Path, make_database: MakeDatabase) -> None:
    """D1 takes 2 MB a value: the line is named, and the database stays empty."""
    source, target = await make_database("sqlite"), await make_database("d1")
    await apply(source, [*run_statements("a", 2), *run_statements("run-1", 2)])
    await apply(source, [Statement("UPDATE api_logs SET request = ? WHERE token = 'run-10001'", ("x" * 2_000_001,))])
    await export(source, tmp_path / "runs.jsonl")
    with pytest.raises(UsageError, match=r"line 12: .* too large for Cloudflare D1"):
        await take_in(target, tmp_path / "runs.jsonl")
    assert len(await content(target, tmp_path)) == 1


async def test_an_export_replaces_an_older_one_and_nothing_else(
    tmp_path: Path, make_database: MakeDatabase, exported: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Never the database, nor a file that is none of ours; if it fails, the older one stays, and nothing else."""
    url, file = await make_database("sqlite"), tmp_path / "runs.jsonl"
    await apply(url, run_statements("run-3", 1))
    await export(url, file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    older = file.read_bytes()
    assert len(older.splitlines()) < len(exported)
    with pytest.raises(UsageError, match="is the database itself"):
        await export(url, sqlite_path(url))
    (tmp_path / "story.csv").write_text("beat\nMara waves\n")
    with pytest.raises(UsageError, match="not an export of clash"):
        await export(url, tmp_path / "story.csv")
    with pytest.raises(UsageError, match="is not a file"):
        await export(url, Path("/dev/null"))
    assert (tmp_path / "story.csv").read_text() == "beat\nMara waves\n"

    before = set(tmp_path.iterdir())

    def no_more(*_: Any) -> Any:
        raise DatabaseError("gone")

    monkeypatch.setattr("clash.database.transfer.reading._state_reads", no_more)
    with pytest.raises(DatabaseError, match="gone"):
        await export(url, file)
    assert set(tmp_path.iterdir()) == before
    assert file.read_bytes() == older


async def test_an_unready_database_is_reported_as_elsewhere(tmp_path: Path, exported: list[bytes]) -> None:
    """No database: exit 3. One without its schema: exit 7, for an export and an import."""
    assert exported
    url = f"sqlite:///{tmp_path / 'new.db'}"
    with pytest.raises(NotFoundError):
        await take_in(url, tmp_path / "runs.jsonl")
    async with open_database(url, "create"):
        pass
    with pytest.raises(VersionMismatchError, match=r"lacks 0001_initial\.sql"):
        await take_in(url, tmp_path / "runs.jsonl")
    with pytest.raises(VersionMismatchError):
        await export(url, tmp_path / "more.jsonl")
