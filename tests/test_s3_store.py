"""Assets in a bucket that machines share: a real S3 server over HTTP, files, receipts and errors."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from s3_server import KEY, SECRET, S3Server, s3_server

from clash.assets import bucket as bucket_module
from clash.assets import sha256_of
from clash.assets.bucket import Bucket, Credentials
from clash.assets.shared import SharedAssetStore, open_assets
from clash.config import Settings
from clash.database.port import Database
from clash.errors import ClashError, SettingsError, StorageError
from clash.transfer import batch_budgets
from clash.transfer.batch_budgets import give_budget, newest_batch_budget

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
async def test_a_shared_file_can_be_used_on_another_machine(
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


async def test_a_missing_file_is_read_from_the_bucket(tmp_path: Path, s3: S3Server, bucket: str) -> None:
    """`read` and `fetch` need no one to have fetched before them."""
    here, there = machine(tmp_path / "a", s3, bucket), machine(tmp_path / "b", s3, bucket)
    first, second = here.put(b"first"), here.put(b"second")
    await here.share(first)
    await here.share(second)
    assert there.read(first) == b"first"
    assert there.fetch(second).read_bytes() == b"second"


async def test_a_file_that_was_not_shared_is_nowhere(tmp_path: Path, s3: S3Server, bucket: str) -> None:
    """It is not there and cannot be restored; reading or fetching it is `asset_lost`, which is not retried."""
    there, digest = machine(tmp_path, s3, bucket), sha256_of(b"nowhere")
    assert not there.has(digest)
    assert not await there.restore(digest)
    for use in (there.read, there.fetch):
        with pytest.raises(StorageError) as lost:
            use(digest)
        assert (lost.value.code, lost.value.retryable) == ("asset_lost", False)


async def test_a_file_damaged_in_the_bucket_is_refused(tmp_path: Path, s3: S3Server, bucket: str) -> None:
    """What arrives is hashed: a wrong one gets no name here, and nothing of it stays."""
    there, digest = machine(tmp_path, s3, bucket), sha256_of(b"the right bytes")
    s3.put(bucket, f"clash/{there.relative_path(digest)}", b"the wrong bytes")
    with pytest.raises(StorageError) as refused:
        await there.restore(digest)
    assert refused.value.code == "damaged_asset"
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


async def test_a_file_damaged_here_is_fetched_from_the_bucket(tmp_path: Path, s3: S3Server, bucket: str) -> None:
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


async def test_transfers_do_not_block_the_event_loop(tmp_path: Path, s3: S3Server, bucket: str) -> None:
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


async def test_a_receipt_is_found_elsewhere_until_it_is_deleted(tmp_path: Path, s3: S3Server, bucket: str) -> None:
    """Shared with its file; the machine's own goes first; one that is garbled counts as none."""
    here, there = machine(tmp_path / "a", s3, bucket), machine(tmp_path / "b", s3, bucket)
    digest = here.put(b"a clip")
    here.write_receipt("a1", {"sha256": digest})
    assert await there.find_receipt("a1") is None
    await here.share(digest, receipt="a1")
    assert await there.find_receipt("a1") == {"sha256": digest}
    there.write_receipt("a1", {"sha256": "mine"})
    assert await there.find_receipt("a1") == {"sha256": "mine"}
    here.drop_receipt("a1")
    await here.unshare_receipt("a1")
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


def test_a_refused_key_is_a_settings_error(tmp_path: Path, s3: S3Server, bucket: str) -> None:
    """Exit code 4, not tried again, with what the store says and without the secret."""
    path = tmp_path / "file"
    path.write_bytes(b"1")
    with s3.signatures_checked():
        for error in refusals(opened(s3, bucket), path):
            assert (error.exit_code, error.code) == (4, "credentials_refused")
            assert SECRET not in f"{error.message} {error.hint} {error!r}"
        with pytest.raises(SettingsError, match="InvalidAccessKeyId"):
            opened(s3, bucket).put("ab/c", b"1")


def test_a_missing_bucket_is_a_settings_error(tmp_path: Path, s3: S3Server) -> None:
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


def test_a_failing_store_is_retried_and_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_an_unreachable_store_is_reported_soon(monkeypatch: pytest.MonkeyPatch) -> None:
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
def test_unusable_settings_are_reported(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], code: str) -> None:
    """Before anything is asked; and no error shows a secret."""
    given = {"ASSET_STORE": "s3://films", "AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, **variables}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as error:
        open_assets(Settings())
    assert error.value.code == code
    assert SECRET not in f"{error.value.message} {error.value.hint}"


def test_no_repr_shows_a_secret() -> None:
    """Neither of the settings nor of the credentials."""
    assert SECRET not in repr(Credentials(KEY, SECRET, SECRET))


async def test_a_machine_whose_clock_is_behind_gives_the_last_budget(
    database: Database, tmp_path: Path, s3: S3Server, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It asks the bucket for what others gave, so that its own counts from later."""
    times = iter(["2026-11-27T10:00:00.000Z", "2026-11-27T09:30:00.000Z"])
    monkeypatch.setattr(batch_budgets, "now_text", lambda: next(times))
    await give_budget(database, machine(tmp_path / "a", s3, bucket), "night", 50_000_000)
    await give_budget(database, machine(tmp_path / "b", s3, bucket), "night", 3_000_000)
    third = machine(tmp_path / "c", s3, bucket)
    await third.restore_records()
    assert newest_batch_budget(third, "night") == 3_000_000
