"""Assets in a bucket that machines share: a real S3 server over HTTP, and runs that move from folder to folder."""

from __future__ import annotations

import asyncio
import os
import shutil
import threading
import time
from collections.abc import Generator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from conftest import on_d1
from filming import METERED, Ran, clash, environment, metered, query, shot_list
from s3_server import KEY, SECRET, S3Server, s3_server

from clash.assets import bucket as bucket_module
from clash.assets import sha256_of
from clash.assets.bucket import Bucket, Credentials
from clash.assets.shared import SharedAssetStore, open_assets
from clash.config import Settings
from clash.errors import ClashError, SettingsError, StorageError

LARGE = bytes(range(256)) * 70_000
"""17.9 MB: three parts."""


@pytest.fixture(scope="module")
def s3() -> Generator[S3Server]:
    """An S3 server."""
    with s3_server() as server:
        yield server


@pytest.fixture
def bucket(s3: S3Server) -> str:
    """A new bucket's name."""
    return s3.make_bucket()


def opened(s3: S3Server, bucket: str, prefix: str = "clash") -> Bucket:
    return Bucket(f"s3://{bucket}/{prefix}", Credentials(KEY, SECRET, endpoint=s3.url))


def machine(folder: Path, s3: S3Server, bucket: str) -> SharedAssetStore:
    return SharedAssetStore(folder, opened(s3, bucket))


# -- files -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("content", [b"", b"a picture", LARGE], ids=["empty", "small", "large"])
async def test_a_file_that_one_machine_shared_another_can_use(
    tmp_path: Path, s3: S3Server, bucket: str, content: bytes
) -> None:
    """Also an empty one, and one that goes in parts; the copy is private, and has the same name in the bucket."""
    here, there = machine(tmp_path / "a", s3, bucket), machine(tmp_path / "b", s3, bucket)
    digest = here.put(content)
    await here.share(digest)
    assert s3.keys(bucket) == [f"clash/{here.relative_path(digest)}"]
    assert there.has(digest)
    assert not there.path(digest).exists(), "to look must not fetch"
    assert await there.restore(digest)
    assert there.path(digest).read_bytes() == content
    assert there.path(digest).stat().st_mode & 0o077 == 0 or os.name == "nt"
    assert [path.name for path in (tmp_path / "b" / "tmp").iterdir()] == []


async def test_what_is_read_or_fetched_comes_from_the_bucket(tmp_path: Path, s3: S3Server, bucket: str) -> None:
    """`read` and `fetch` need no one to have fetched before them."""
    here, there = machine(tmp_path / "a", s3, bucket), machine(tmp_path / "b", s3, bucket)
    first, second = here.put(b"first"), here.put(b"second")
    await here.share(first)
    await here.share(second)
    assert there.read(first) == b"first"
    assert there.fetch(second).read_bytes() == b"second"


async def test_a_file_that_was_not_shared_is_nowhere(tmp_path: Path, s3: S3Server, bucket: str) -> None:
    """It is not there, not brought, and to read or fetch it is `asset_lost`, which no second try mends."""
    there, digest = machine(tmp_path, s3, bucket), sha256_of(b"nowhere")
    assert not there.has(digest)
    assert not await there.restore(digest)
    for use in (there.read, there.fetch):
        with pytest.raises(StorageError) as lost:
            use(digest)
        assert (lost.value.code, lost.value.retryable) == ("asset_lost", False)


async def test_other_bytes_under_a_files_name_are_refused(tmp_path: Path, s3: S3Server, bucket: str) -> None:
    """What arrives is hashed: a wrong one gets no name here, and nothing of it stays."""
    there, digest = machine(tmp_path, s3, bucket), sha256_of(b"the right bytes")
    s3.put(bucket, f"clash/{there.relative_path(digest)}", b"the wrong bytes")
    with pytest.raises(StorageError) as refused:
        await there.restore(digest)
    assert refused.value.code == "damaged_asset"
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


async def test_a_file_damaged_here_is_mended_from_the_bucket(tmp_path: Path, s3: S3Server, bucket: str) -> None:
    """And one that is damaged here is never put into the bucket."""
    here = machine(tmp_path, s3, bucket)
    digest, other = here.put(b"whole"), here.put(b"never shared")
    await here.share(digest)
    for sha256 in (digest, other):
        here.path(sha256).write_bytes(b"dam")
    assert await here.restore(digest)
    assert here.read(digest) == b"whole"
    with pytest.raises(StorageError) as refused:
        await here.share(other)
    assert refused.value.code == "damaged_asset"
    assert len(s3.keys(bucket)) == 1


async def test_an_object_that_is_larger_than_any_file_is_refused(
    tmp_path: Path, s3: S3Server, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By what the store says of its size, before a byte of it is fetched."""
    here, there = machine(tmp_path / "a", s3, bucket), machine(tmp_path / "b", s3, bucket)
    digest = here.put(b"x" * 1000)
    await here.share(digest)
    monkeypatch.setattr(bucket_module, "_LARGEST_BYTES", 999)
    with pytest.raises(StorageError, match="1000 bytes"):
        await there.restore(digest)
    s3.put(bucket, "clash/receipts/a1.json", b" " * (1 << 20) + b"{}")
    with pytest.raises(StorageError, match="at most"):
        await there.find_receipt("a1")


async def test_transfers_leave_the_event_loop_alone(tmp_path: Path, s3: S3Server, bucket: str) -> None:
    """While 36 MB go up and come down, the loop goes on turning: held for a file's length, it would turn four times."""
    here, there = machine(tmp_path / "a", s3, bucket), machine(tmp_path / "b", s3, bucket)
    digests = [here.put(LARGE), here.put(LARGE[::-1])]
    turns, done = 0, False

    async def watch() -> None:
        nonlocal turns
        while not done:
            await asyncio.sleep(0.005)
            turns += 1

    watching = asyncio.create_task(watch())
    await asyncio.gather(*(here.share(digest) for digest in digests))
    await asyncio.gather(*(there.restore(digest) for digest in digests))
    done = True
    await watching
    assert turns > 25


async def test_a_receipt_is_found_elsewhere_until_it_is_forgotten(tmp_path: Path, s3: S3Server, bucket: str) -> None:
    """Shared with its file; the machine's own goes first; one that is garbled counts as none."""
    here, there = machine(tmp_path / "a", s3, bucket), machine(tmp_path / "b", s3, bucket)
    digest = here.put(b"a clip")
    here.write_receipt("a1", {"sha256": digest})
    assert await there.find_receipt("a1") is None
    await here.share(digest, receipt="a1")
    assert await there.find_receipt("a1") == {"sha256": digest}
    there.write_receipt("a1", {"sha256": "mine"})
    assert await there.find_receipt("a1") == {"sha256": "mine"}
    await here.forget_receipt("a1")
    assert await here.find_receipt("a1") is None
    assert s3.keys(bucket) == [f"clash/{here.relative_path(digest)}"]
    s3.put(bucket, "clash/receipts/a2.json", b'{"sha256": "ab')
    assert await here.find_receipt("a2") is None


# -- what can go wrong -----------------------------------------------------------------------------------------------


def refusals(store: Bucket, path: Path) -> list[ClashError]:
    """What each use of a bucket raises."""
    uses: list[Any] = [
        lambda: store.put("ab/c", b"1"),
        lambda: store.put_file("ab/c", path),
        lambda: store.has("ab/c"),
        lambda: store.read("ab/c", most=10),
        lambda: store.download("ab/c", [].append),
        lambda: store.delete("ab/c"),
    ]
    raised: list[ClashError] = []
    for use in uses:
        with pytest.raises(ClashError) as error:
            use()
        raised.append(error.value)
    return raised


def test_a_key_that_the_store_does_not_know_is_a_matter_of_settings(tmp_path: Path, s3: S3Server, bucket: str) -> None:
    """Exit code 4, not tried again, with what the store says and without the secret."""
    path = tmp_path / "file"
    path.write_bytes(b"1")
    with s3.signatures_checked():
        for error in refusals(opened(s3, bucket), path):
            assert (error.exit_code, error.code) == (4, "credentials_refused")
            assert SECRET not in f"{error.message} {error.hint} {error!r}"
        with pytest.raises(SettingsError, match="InvalidAccessKeyId"):
            opened(s3, bucket).put("ab/c", b"1")


def test_a_bucket_that_is_not_there_is_a_matter_of_settings(tmp_path: Path, s3: S3Server) -> None:
    """To write to it, and to read from it, says that there is none, not that a file is lost."""
    store = opened(s3, "no-such-bucket")
    for use in (lambda: store.put("ab/c", b"1"), lambda: store.read("ab/c", most=10)):
        with pytest.raises(SettingsError) as error:
            use()
        assert error.value.code == "no_bucket"


class _Broken(BaseHTTPRequestHandler):
    """A store that has a bad day: 503 with a page, which repeats what it was sent."""

    asked = 0

    def _fail(self) -> None:
        type(self).asked += 1
        self.rfile.read(int(self.headers.get("content-length") or 0))
        body = f"<html>sorry {self.headers['authorization']}</html>".encode()
        self.send_response(503)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = _fail

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


def test_a_store_that_fails_is_tried_again_and_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A few times, then it may be tried again later; nothing that was sent is repeated in the error."""
    monkeypatch.setattr(bucket_module, "_RETRIES", 1)
    monkeypatch.setattr(bucket_module, "_WRITES", 2)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Broken)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        store = Bucket("s3://films", Credentials(KEY, SECRET, endpoint=f"http://127.0.0.1:{server.server_port}"))
        path = tmp_path / "file"
        path.write_bytes(b"1")
        for error in refusals(store, path):
            assert (error.exit_code, error.code, error.retryable) == (1, "asset_store", True)
            assert "503" in error.message
            assert "Signature" not in error.message
        assert _Broken.asked >= 12
    finally:
        server.shutdown()
        server.server_close()


def test_a_store_that_is_not_there_is_told_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """A refused connection is no answer: an error of storage that may be tried again."""
    monkeypatch.setattr(bucket_module, "_RETRIES", 1)
    monkeypatch.setattr(bucket_module, "_WRITES", 1)
    store = Bucket("s3://films", Credentials(KEY, SECRET, endpoint="http://127.0.0.1:9"))
    began = time.monotonic()
    with pytest.raises(StorageError, match="no answer"):
        store.has("ab/c")
    assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    ("variables", "code"),
    [
        ({"ASSET_STORE": "s3://"}, "settings"),
        ({"ASSET_STORE": "s3:///prefix"}, "settings"),
        ({"ASSET_STORE": "s3://Bad_Name/x y"}, "settings"),
        ({"ASSET_STORE": "gs://bucket"}, "settings"),
        ({"AWS_SECRET_ACCESS_KEY": ""}, "credentials_missing"),
        ({"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, "credentials_missing"),
        ({"AWS_ENDPOINT_URL": "127.0.0.1:9000"}, "settings"),
    ],
)
def test_settings_that_cannot_be_used_are_told(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], code: str
) -> None:
    """Before anything is asked; and no error shows a secret."""
    given = {"ASSET_STORE": "s3://films", "AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, **variables}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as error:
        open_assets(Settings())
    assert error.value.code == code
    assert SECRET not in f"{error.value.message} {error.value.hint}"


def test_a_secret_shows_in_no_repr() -> None:
    """Neither of the settings nor of the credentials."""
    assert SECRET not in repr(Credentials(KEY, SECRET, SECRET))


# -- runs that move from machine to machine --------------------------------------------------------------------------


@dataclass(frozen=True)
class Machine:
    """A folder with its own asset cache, its own output, and nothing else."""

    folder: Path
    environment: dict[str, str]

    def clash(self, *arguments: str, **more: str) -> Ran:
        return clash(self.folder, *arguments, env={**self.environment, **more})


@pytest.fixture
def machines(tmp_path: Path, s3: S3Server, bucket: str, database_url: str) -> tuple[Machine, Machine, Path]:
    """Two machines over one database and one bucket, and the meter of what is paid for."""
    meter = tmp_path / "meter"
    shared = environment(
        DATABASE_URL=database_url, ASSET_STORE=f"s3://{bucket}/films",
        METER=str(meter), METER_COST="0.10", **s3.environment,
    )  # fmt: skip
    made: list[Machine] = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        made.append(Machine(tmp_path / name, shared))
    shot_list(made[0].folder / "story.csv", 2, seconds=0.5)
    return made[0], made[1], meter


def rows(tmp_path: Path, sql: str) -> list[tuple[Any, ...]]:
    shutil.copyfile(tmp_path / "data" / "clash.db", tmp_path / "data" / "checkpoints.db")
    return query(tmp_path, sql)


RUN = ("run", "story.csv", "--thread", "far", "--size", "96x64", "--fps", "8", *METERED, "--concurrency", "2", "--json")


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is a POSIX thing")
@on_d1
def test_a_run_killed_on_one_machine_is_finished_on_another(
    s3: S3Server, bucket: str, machines: tuple[Machine, Machine, Path]
) -> None:
    """The second has no file of the first, and the provider cannot be asked again: nothing is paid for twice.

    The first died with an answer whose row was not settled: its receipt in the bucket settles it without a question.
    """
    a, b, meter = machines
    oneshot = tuple(name.replace("metered:", "oneshot:") for name in RUN)
    killed = a.clash(*oneshot, "--concurrency", "1", CLASH_FAULT="share.after:4")
    assert killed.code < 0
    assert [key for key in s3.keys(bucket) if "/receipts/" in key]
    shutil.rmtree(a.folder / "data")
    resumed = b.clash("resume", "far", "--json")
    assert resumed.code == 0, resumed.err
    for output in resumed.document["outputs"]:
        assert (b.folder / output["path"]).exists(), output
    assert sorted(metered(meter)) == sorted(set(metered(meter))), "something was paid for twice"
    assert resumed.document["cost"]["total_usd"] == f"{len(metered(meter)) / 10:.6f}"
    assert not [key for key in s3.keys(bucket) if "/receipts/" in key]


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is a POSIX thing")
def test_an_answer_that_did_not_reach_the_bucket_is_asked_about(machines: tuple[Machine, Machine, Path]) -> None:
    """On the other machine it is an unknown call, which is not paid twice unasked; at home it comes to light again."""
    a, b, meter = machines
    oneshot = tuple(name.replace("metered:", "oneshot:") for name in RUN)
    assert a.clash(*oneshot, CLASH_FAULT="receipt.after:4").code < 0
    charged = metered(meter)
    elsewhere = b.clash("resume", "far", "--json")
    assert elsewhere.code == 8, elsewhere.err
    home = a.clash("resume", "far", "--json")
    assert home.code == 0, home.err
    assert metered(meter)[: len(charged)] == charged
    assert sorted(metered(meter)) == sorted(set(metered(meter)))


def test_a_finished_film_can_be_had_on_another_machine(machines: tuple[Machine, Machine, Path]) -> None:
    """`resume` there makes nothing and gives every file its name; the story under a new thread there pays nothing.

    To list where the files are asks no bucket.
    """
    a, b, meter = machines
    made = a.clash(*RUN)
    assert made.code == 0, made.err
    charged = metered(meter)
    listed = a.clash("assets", "ls", "far", "--json", AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="")
    assert all((a.folder / item["stored_path"]).exists() for item in listed.document["items"])
    there = b.clash("resume", "far", "--json")
    assert (there.code, there.document["status"]) == (0, "already_completed")
    film = there.document["film"]
    assert sha256_of((b.folder / film["path"]).read_bytes()) == made.document["film"]["sha256"]
    shutil.copyfile(a.folder / "story.csv", b.folder / "story.csv")
    shutil.rmtree(b.folder / "data")
    planned = b.clash(*RUN, "--thread", "near", "--dry-run")
    assert (planned.document["total_usd"], planned.document["found_calls"]) == ("0.000000", planned.document["calls"])
    again = b.clash(*RUN, "--thread", "near")
    assert again.code == 0, again.err
    assert metered(meter) == charged


def test_a_paid_file_that_is_nowhere_is_bought_again_only_when_told_to(
    tmp_path: Path, s3: S3Server, bucket: str, machines: tuple[Machine, Machine, Path]
) -> None:
    """The run says which file, what it cost and what it would cost; `--remake-lost` buys that one and no other."""
    a, b, meter = machines
    failed = a.clash(*RUN, METER_FAIL="shot:002")
    assert failed.code == 1
    charged = metered(meter)
    (digest,) = rows(tmp_path, "SELECT asset_sha256 FROM api_logs WHERE slot = 'shot:002/keyframe'")[0]
    (done,) = rows(tmp_path, "SELECT asset_sha256 FROM api_logs WHERE slot = 'shot:001'")[0]
    for sha256 in (digest, done):
        s3.delete(bucket, f"films/{sha256[:2]}/{sha256[2:]}")
    lost = b.clash("resume", "far", "--json")
    assert (lost.code, lost.document["error"]["code"]) == (1, "asset_lost")
    assert "clash resume --remake-lost far" in lost.document["error"]["hint"]
    assert "$0.10" in lost.document["error"]["message"] + lost.document["error"]["hint"]
    assert metered(meter) == charged
    made = b.clash("resume", "far", "--remake-lost", "--json")
    assert made.code == 0, made.err
    assert sorted(metered(meter)[len(charged) :]) == ["shot:001", "shot:002", "shot:002/keyframe"]
    assert made.document["cost"]["total_usd"] == f"{len(metered(meter)) / 10:.6f}"


def test_nothing_is_bought_when_the_bucket_is_not_there(machines: tuple[Machine, Machine, Path]) -> None:
    """A mistyped bucket is told before the first call, with exit code 4."""
    a, _, meter = machines
    ran = a.clash(*RUN, ASSET_STORE="s3://no-such-bucket")
    assert (ran.code, ran.document["error"]["code"]) == (4, "no_bucket")
    assert metered(meter) == []


def test_what_the_bucket_refuses_is_kept_and_shared_later(machines: tuple[Machine, Machine, Path]) -> None:
    """The bucket out of reach in the middle of a run: the run fails, and goes on from its receipts, paying nothing."""
    a, _, meter = machines
    assert a.clash(*RUN, METER_FAIL="shot:001").code == 1
    charged = metered(meter)
    cut_off = a.clash("resume", "far", "--json", AWS_ENDPOINT_URL="http://127.0.0.1:9")
    assert cut_off.code == 1
    assert cut_off.document["error"]["code"] == "asset_store"
    assert metered(meter)[len(charged) :] == ["shot:001"]
    assert a.clash("resume", "far", "--json").code == 0
    assert metered(meter)[len(charged) :] == ["shot:001"]
