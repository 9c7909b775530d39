"""Exports that no clash could have written: each is refused with its line, and nothing of it is imported."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from moving import MakeDatabase, apply, content, export, run_statements, settings_for, take_in

from clash.errors import ClashError, UsageError
from clash.transfer import file as packed_files

Lines = list[bytes]


def exported_again(lines: Lines) -> bytes:
    """An export of these lines, with sums and checksum that are right."""
    head, *middle, end = lines
    last = json.loads(end)
    last["end"]["sha256"] = hashlib.sha256(b"".join(middle)).hexdigest()
    return b"".join([head, *middle, json.dumps(last, separators=(",", ":")).encode() + b"\n"])


def renamed(thread_id: str) -> Callable[[Lines], None]:
    def change(lines: Lines) -> None:
        lines[1] = json.dumps({"thread": thread_id}).encode() + b"\n"

    return change


def with_run(**columns: Any) -> Callable[[Lines], None]:
    return with_row("workflow_executions", columns)


def with_row(table: str, columns: dict[str, Any]) -> Callable[[Lines], None]:
    def change(lines: Lines) -> None:
        place = next(number for number, line in enumerate(lines) if line.startswith(f'{{"{table}"'.encode()))
        row = json.loads(lines[place])
        row[table] |= columns
        lines[place] = json.dumps(row, separators=(",", ":")).encode() + b"\n"

    return change


def setting(**settings: Any) -> Callable[[Lines], None]:
    return with_run(settings=json.dumps(settings))


CHANGES: dict[str, Callable[[Lines], None]] = {
    "a path": renamed("../../x"),
    "an absolute path": renamed("/etc/x"),
    "a hidden name": renamed(".x"),
    "a device": renamed("CON"),
    "a device with an ending": renamed("nul.txt"),
    "too long": renamed("x" * 129),
    "a new line": renamed("a\nb"),
    "spent too little": with_run(spent_micro=0),
    "spent too much": with_run(spent_micro=10**9),
    "reserved too much": with_run(reserved_micro=5),
    "a negative budget": with_run(budget_micro=-1),
    "a huge budget": with_run(budget_micro=2**62),
    "a negative cost": with_row("api_logs", {"cost_micro": -5}),
    "a call of the year x": with_row("api_logs", {"started_at": "yesterday"}),
    "facts that are a list": with_row("generated_assets", {"facts": "[]"}),
    "facts with NaN": with_row("generated_assets", {"facts": '{"duration_s": NaN}'}),
    "totals that are text": with_run(metadata='{"totals": {"initialize": "many"}}'),
    "settings that are text": with_run(settings='"text"'),
    "models that are a list": setting(models=["local:x"]),
    "a model that is a number": setting(models={"image": 5}),
    "a size that is none": setting(size="wide"),
    "pictures a second that are text": setting(fps="24"),
    "an output that is a number": setting(output=5),
    "an absolute output": setting(output="/etc/cron.d"),
    "an output above this folder": setting(output="../../somewhere"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
async def test_an_export_that_could_not_be_made_is_refused(
    tmp_path: Path, make_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch, change: Callable[[Lines], None]
) -> None:
    """Counts and checksum are right, and yet: exit 2, the line is named, the database stays empty."""
    monkeypatch.chdir(tmp_path)
    source, target = await make_database("sqlite"), await make_database("sqlite")
    await apply(source, run_statements("run-1", 2))
    await export(source, tmp_path / "good.jsonl")
    lines = (tmp_path / "good.jsonl").read_bytes().splitlines(keepends=True)
    change(lines)
    (tmp_path / "bad.jsonl").write_bytes(exported_again(lines))
    with pytest.raises(UsageError, match=r"line \d+: ") as refused:
        await take_in(target, tmp_path / "bad.jsonl")
    assert (refused.value.exit_code, refused.value.code) == (2, "damaged_export")
    assert len(await content(target, tmp_path)) == 1
    await take_in(target, tmp_path / "good.jsonl")


@pytest.mark.parametrize("output", ["output", "films/of/mine", "inside"])
async def test_an_output_that_was_named_here_is_taken(
    tmp_path: Path, make_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch, output: str
) -> None:
    """A folder below this one, or CLASH_OUTPUT_DIR itself, wherever it is: that is where runs write here."""
    monkeypatch.chdir(tmp_path)
    if output == "inside":
        elsewhere = tmp_path.parent / f"{tmp_path.name}-films"
        output = elsewhere.as_posix()
        monkeypatch.setenv("CLASH_OUTPUT_DIR", output)
    source, target = await make_database("sqlite"), await make_database("sqlite")
    await apply(source, run_statements("run-1", 2))
    await export(source, tmp_path / "good.jsonl")
    lines = (tmp_path / "good.jsonl").read_bytes().splitlines(keepends=True)
    setting(output=output)(lines)
    (tmp_path / "other.jsonl").write_bytes(exported_again(lines))
    assert (await take_in(target, tmp_path / "other.jsonl"))["items"]


async def test_a_packed_file_that_is_not_whole_is_refused(tmp_path: Path, make_database: MakeDatabase) -> None:
    """A tail, a second file behind the first, a wrong checksum or length, a cut: exit 2, nothing imported."""
    source, target = await make_database("sqlite"), await make_database("sqlite")
    await apply(source, run_statements("run-1", 40))
    await export(source, tmp_path / "runs.jsonl.gz")
    good = (tmp_path / "runs.jsonl.gz").read_bytes()
    wrong = [
        good + b"garbage",
        good + b"g",
        good + good,
        good + gzip.compress(b"more"),
        good + good[:40],
        good[:-8] + bytes(4) + good[-4:],
        good[:-4] + b"\x01\0\0\0",
        good[:-1],
        good[:-9],
        good[: len(good) // 2],
        good[:11],
        good[:3],
        b"\x1f\x8b" + bytes(100),
    ]
    for number, data in enumerate(wrong):
        file = tmp_path / f"{number}.gz"
        file.write_bytes(data)
        with pytest.raises(ClashError) as refused:
            await take_in(target, file)
        assert refused.value.exit_code == 2, number
        assert refused.value.code in ("damaged_export", "not_an_export"), number
    assert len(await content(target, tmp_path)) == 1
    (tmp_path / "padded.gz").write_bytes(good + bytes(512))  # a tape's padding belongs to the format
    assert (await take_in(target, tmp_path / "padded.gz"))["items"]


async def test_a_file_that_unpacks_to_fill_a_disk_is_refused(
    tmp_path: Path, make_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some kilobytes that unpack to hundreds of times as much: refused at the limit, not when the disk is full."""
    monkeypatch.setattr(packed_files, "_UNPACKED_ALWAYS_BYTES", 1 << 20)
    source, target = await make_database("sqlite"), await make_database("sqlite")
    await apply(source, run_statements("run-1", 1))
    await export(source, tmp_path / "runs.jsonl")
    head, thread, run, *_ = (tmp_path / "runs.jsonl").read_bytes().splitlines(keepends=True)
    bomb = gzip.compress(head + thread + run + b'{"checkpoints":{"checkpoint_ns":"' + b"a" * (64 << 20), 9)
    (tmp_path / "bomb.gz").write_bytes(bomb)
    with pytest.raises(ClashError) as refused:
        await take_in(target, tmp_path / "bomb.gz")
    assert refused.value.exit_code == 2
    long = gzip.compress(head + b'{"thread":"' + b"a" * (64 << 20), 9)
    (tmp_path / "long.gz").write_bytes(long)
    with pytest.raises(UsageError, match="line 2"):
        await take_in(target, tmp_path / "long.gz")
    assert settings_for(target, tmp_path).database_url == target
