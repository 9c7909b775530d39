"""`clash gc`: what nothing names is deleted, what anything names stays."""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from conftest import RUN, on_both_databases
from garbage import age, collect, digest, insert_cut, name_it, old, settings_of

from clash.assets import AssetStore, sha256_of
from clash.assets.databases import KnownDatabase, declare_complete, known_databases, remember_database
from clash.assets.records import write_call_record, write_open_call, write_run_record
from clash.database.connection import is_d1, open_database
from clash.database.lease import Lease
from clash.database.metadata import AsyncMetadataTracker
from clash.database.named_files import named_files
from clash.database.port import Database, Statement
from clash.database.savers.checkpoint_rows import SETUP
from clash.database.store_users import entry_of, use_store
from clash.errors import NotFoundError, PersonNeededError, StorageError, UsageError
from clash.gc import collect_garbage


@pytest.fixture
async def store(database: Database, assets: AssetStore) -> AssetStore:
    """A store that the database of the test uses from its beginning."""
    await use_store(database, assets)
    return assets


# -- what is deleted -------------------------------------------------------------------------------------------------


@on_both_databases
async def test_only_what_nothing_names_is_deleted(
    database: Database, database_url: str, lease: Lease, store: AssetStore
) -> None:
    """A file that is named or was used lately stays; the others are gone, and the document counts them."""
    named, recent, unnamed = (old(store, content) for content in (b"named", b"recent", b"unnamed"))
    age(store.path(recent), 86_400)
    await name_it(database, lease, named)
    document = await collect(database_url, store)
    assert [store.path(one).exists() for one in (named, recent, unnamed)] == [True, True, False]
    assert (document.deleted, document.files, document.bytes) == (True, 1, len(b"unnamed"))
    assert document.kept.dump() == {"named": 1, "recent": 1, "recoverable": 0, "unsure": 0}
    rows = await database.query("SELECT sha256, state FROM file_marks")
    assert [dict(row) for row in rows] == [{"sha256": unnamed, "state": "deleted"}]


@on_both_databases
async def test_every_table_that_names_a_file_is_read(database: Database, lease: Lease) -> None:
    """Settings, assets, every take, decisions, cuts, states (also compressed and in chunks), and unknown tables."""
    names = ("settings", "asset", "take", "judged", "cut", "state", "packed", "write", "chunk", "own")
    of = {name: digest(name) for name in names}
    await name_it(database, lease, of["asset"])
    packed = zlib.compress(b"x" * 5000 + b"\xd9\x40" + of["packed"].encode() + b"a" + b"y" * 5000)
    chunked = zlib.compress(os.urandom(2000) + of["chunk"].encode())
    half = len(chunked) // 2
    row = ("INSERT INTO api_logs (run_id, step, slot, token, service, state, asset_sha256, started_at)", "'2026'")
    await database.batch(
        [
            *SETUP,
            Statement(
                "UPDATE workflow_executions SET settings = ?", (json.dumps({"finish": {"music": of["settings"]}}),)
            ),
            Statement(f"{row[0]} VALUES (?, 's', 'x', 't', 'p', 'failed', ?, {row[1]})", (RUN, of["take"])),
            Statement(
                "INSERT INTO slot_decisions (run_id, slot, decision, take, judged_sha256, batch, created_at)"
                " VALUES (?, 'shot:001', 'approve', 1, ?, 'b', '2026')",
                (RUN, of["judged"]),
            ),
            insert_cut({"film": {"sha256": of["cut"]}}),
            *(
                Statement(
                    "INSERT INTO checkpoints (thread_id, checkpoint_id, type, checkpoint) VALUES ('t', ?, 'x', ?)",
                    (str(number), content),
                )
                for number, content in enumerate((b"\xd9\x40" + of["state"].encode() + b"7", packed))
            ),
            Statement(
                "INSERT INTO writes (thread_id, checkpoint_id, task_id, idx, channel, value)"
                " VALUES ('t', '1', 'a', 0, 'c', ?)",
                (of["write"].encode(),),
            ),
            *(
                Statement(
                    "INSERT INTO checkpoint_chunks (thread_id, checkpoint_id, part, data) VALUES ('t', '9', ?, ?)",
                    (part, content),
                )
                for part, content in enumerate((chunked[:half], chunked[half:]))
            ),
            Statement("CREATE TABLE of_my_own (made TEXT, PRIMARY KEY (made)) WITHOUT ROWID"),
            Statement("INSERT INTO of_my_own VALUES (?)", (of["own"],)),
        ]
    )
    found = {sha256 async for page in named_files(database) for sha256 in page}
    assert [name for name in names if of[name] not in found] == []


async def test_pages_of_a_large_table_are_all_read(
    database: Database, lease: Lease, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However few rows fit into a page."""
    digests = {digest(str(number)) for number in range(25)}
    for number, sha256 in enumerate(sorted(digests)):
        await name_it(database, lease, sha256, f"shot:{number:03}")
    monkeypatch.setattr("clash.database.named_files._PAGE_ROWS", 4)
    monkeypatch.setattr("clash.database.named_files._PAGE_BYTES", 100)
    assert digests <= {sha256 async for page in named_files(database) for sha256 in page}


async def test_receipts_name_their_files(database: Database, database_url: str, store: AssetStore) -> None:
    """Of a call that no database has settled; so does a record of a paid call whose database is lost, and its run's."""
    answered, paid, story = (old(store, content) for content in (b"answered", b"paid", b"story"))
    store.write_receipt("aa", {"sha256": answered})
    write_open_call(store, "cc", {"call": {"token": "cc"}})
    write_call_record(store, paid, "bb", {"call": {"token": "bb", "run_id": "lost"}})
    write_run_record(store, "lost", {"settings": {"story": story}})
    for path in store.root.rglob("*.json"):
        age(path)
    document = await collect(database_url, store)
    assert document.by_kind == []
    assert document.kept.recoverable == 2
    assert "db recover" in document.warnings[0]
    assert store.has_receipt("aa")


async def test_leftovers_are_removed(database: Database, database_url: str, store: AssetStore) -> None:
    """Temporary files of dead processes, and empty folders; what clash did not put there stays."""
    with store.working_file(".mp4") as working:
        left = working.with_name("left.mp4")
        left.write_bytes(b"x" * 10)
        part = store.root / "ab" / ".cd.01234567.part"
        foreign = store.root / "ab" / "notes.txt"
        part.parent.mkdir()
        part.write_bytes(b"y")
        foreign.write_bytes(b"z")
        empty = store.root / "cd"
        empty.mkdir()
        for path in (left, part, foreign, empty):
            age(path)
        document = await collect(database_url, store)
        assert [path.exists() for path in (working, left, part, foreign, empty)] == [True, False, False, True, False]
    assert [item.dump() for item in document.by_kind] == [
        {"kind": "temporary", "count": 2, "bytes": 11, "bucket_bytes": 0}
    ]


async def test_a_dry_run_changes_nothing(database: Database, database_url: str, store: AssetStore) -> None:
    """It says what would be deleted."""
    sha256 = old(store, b"unnamed")
    document = await collect_garbage(settings_of(database_url, store))
    assert (document.dry_run, document.deleted, document.files) == (True, False, 1)
    assert store.path(sha256).exists()
    assert await database.query("SELECT * FROM file_marks") == []


async def test_a_person_may_say_no(database: Database, database_url: str, store: AssetStore) -> None:
    """Then nothing is deleted, and nothing marked."""
    sha256 = old(store, b"unnamed")
    document = await collect_garbage(settings_of(database_url, store), agree=lambda _: False)
    assert not document.deleted
    assert store.path(sha256).exists()
    assert await database.query("SELECT * FROM file_marks") == []


async def test_an_hour_is_the_shortest_age(database_url: str, assets: AssetStore) -> None:
    """What was made more lately may be about to be named."""
    with pytest.raises(UsageError, match="at least one hour"):
        await collect(database_url, assets, older_than=timedelta(minutes=59))


# -- other databases ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["sqlite", "d1"])
async def test_what_another_database_names_stays(
    database: Database,
    database_url: str,
    store: AssetStore,
    make_database: Callable[[str], Awaitable[str]],
    kind: str,
) -> None:
    """It has left its address in the store; ignored, what only it names is deleted."""
    sha256, url = old(store, b"of the other"), await make_database(kind)
    async with open_database(url, "write") as other:
        await use_store(other, store)
        await AsyncMetadataTracker(other).start_workflow("theirs", "w", settings={"story": sha256})
        entry = await entry_of(other)
    assert entry is not None
    document = await collect(database_url, store)
    assert store.path(sha256).exists()
    assert [one.asked for one in document.databases] == [True, True]
    document = await collect(database_url, store, ignore_databases=[entry.id])
    assert not store.path(sha256).exists()
    assert [one.asked for one in document.databases] == [True, False]
    assert entry.id in document.warnings[0]


async def test_a_database_that_cannot_be_asked_stops_it(
    database: Database, database_url: str, store: AssetStore, tmp_path: Path
) -> None:
    """Another machine's, one that is gone, and another one in its place; the error names it and what to type."""
    sha256, entry = old(store, b"unnamed"), await entry_of(database)
    assert entry is not None
    gone = KnownDatabase("0" * 32, f"sqlite:///{tmp_path}/gone.db", entry.host, "")
    cases = {
        "there is no such file": gone,
        "on the machine elsewhere": replace(gone, host="elsewhere"),
        "another database is there": replace(entry, id="0" * 32),
        "another Cloudflare account": KnownDatabase("0" * 32, "d1://theirs", "", "other"),
    }
    for why, other in cases.items():
        remember_database(store, other)
        with pytest.raises(NotFoundError, match=why) as stopped:
            await collect(database_url, store)
        assert stopped.value.code == "other_database"
        assert f"--ignore-database {'0' * 32}" in str(stopped.value.hint)
    assert store.path(sha256).exists()
    with pytest.raises(UsageError):
        await collect(database_url, store, ignore_databases=["1" * 32])


async def test_an_older_store_may_have_other_users(database: Database, database_url: str, assets: AssetStore) -> None:
    """Of a store that was begun by an older clash somebody must say, once, that all its databases are known."""
    sha256 = old(assets, b"of an older clash")
    await use_store(database, assets)
    with pytest.raises(PersonNeededError) as asked:
        await collect(database_url, assets)
    assert asked.value.code == "unknown_databases"
    assert "clash db init" in (await collect_garbage(settings_of(database_url, assets))).warnings[0]
    assert assets.path(sha256).exists()
    await collect(database_url, assets, ignore_databases=["unknown"])
    assert not assets.path(sha256).exists()
    old(assets, b"another")
    assert (await collect(database_url, assets)).files == 1


async def test_an_empty_store_has_nothing_to_ask_about(
    database: Database, database_url: str, assets: AssetStore
) -> None:
    """A database that no run has used leaves no entry in the store: there is nothing to delete, and nobody to ask."""
    assert await database.query("SELECT id FROM database_identity")
    collected = await collect(database_url, assets)
    assert (collected.files, collected.databases_complete, collected.warnings) == (0, True, [])


async def test_an_entry_that_cannot_be_read_stops_it(database: Database, database_url: str, store: AssetStore) -> None:
    """Whose it is cannot be told, so nothing is deleted."""
    (store.root / "databases" / f"{'a' * 32}.json").write_text("{")
    with pytest.raises(StorageError, match="cannot be read"):
        await collect(database_url, store)


async def test_a_database_holds_no_secret_in_the_store(database: Database, store: AssetStore) -> None:
    """The entry has an id, an address, a machine or a digest of the account, and is written once."""
    (entry,), complete = known_databases(store)
    assert complete
    assert not is_d1(entry.url)
    assert entry.account == ""
    await declare_complete(store)
    assert remember_database(store, entry) is None
    assert sha256_of(b"") not in entry.url
