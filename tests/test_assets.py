"""The asset store: a file has its name only when it is whole, damage is seen, what was paid for is written first."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import av
import pytest
from filming import SMALL, clash, environment, shot_list

from clash.assets import AssetStore, publish_copy, published_path, sha256_of, store
from clash.assets.store import write_durably
from clash.errors import SettingsError, StorageError

CONTENT = b"a picture of the lighthouse" * 1000
DIGEST = sha256_of(CONTENT)


def names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def refuse(monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    """The disk refuses every write with this errno."""

    def fail(descriptor: int) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(store.os, "fsync", fail)


# -- files by content ------------------------------------------------------------------------------------------------


def test_a_file_is_found_by_its_content(assets: AssetStore) -> None:
    """What was put in comes out, under the digest of its bytes; nothing else is left in the store."""
    assert assets.put(CONTENT) == DIGEST
    assert assets.read(DIGEST) == CONTENT
    assert assets.has(DIGEST)
    assert names(assets.root) == {assets.relative_path(DIGEST)}
    assert assets.root / assets.relative_path(DIGEST) == assets.path(DIGEST)


def test_putting_a_file_twice_writes_it_once(assets: AssetStore) -> None:
    """A whole file is left alone; its time says that it was used."""
    assets.put(CONTENT)
    os.utime(assets.path(DIGEST), ns=(1, 1))
    before = assets.path(DIGEST).stat()
    assert assets.put(CONTENT) == DIGEST
    after = assets.path(DIGEST).stat()
    assert after.st_ino == before.st_ino
    assert time.time() - after.st_mtime < 600


@pytest.mark.parametrize("damage", [b"", CONTENT[:-1], CONTENT[:-1] + b"X", CONTENT + b"X"])
def test_a_damaged_file_is_noticed_and_replaced(assets: AssetStore, damage: bytes) -> None:
    """Cut short, longer, or one byte off: it is not there, cannot be read, and is replaced when it is put again."""
    assets.put(CONTENT)
    assets.path(DIGEST).write_bytes(damage)
    assert not assets.has(DIGEST)
    with pytest.raises(StorageError) as refused:
        assets.read(DIGEST)
    assert refused.value.code == "damaged_asset"
    assets.put(CONTENT)
    assert assets.read(DIGEST) == CONTENT


def test_a_missing_file_is_reported(assets: AssetStore) -> None:
    """Not there is an answer; to read it all the same is an error that names it."""
    assert not assets.has(DIGEST)
    with pytest.raises(StorageError, match=DIGEST[:12]):
        assets.read(DIGEST)


@pytest.mark.parametrize("digest", ["", "..", "../../etc/passwd", DIGEST.upper(), DIGEST[:-1], DIGEST + "0", "g" * 64])
def test_only_a_digest_names_a_file(assets: AssetStore, digest: str) -> None:
    """A digest from a tampered database leads to no path outside of the store."""
    with pytest.raises(StorageError):
        assets.path(digest)


def test_a_folder_instead_of_a_file_is_reported(assets: AssetStore) -> None:
    """No traceback, for reading or writing."""
    assets.path(DIGEST).mkdir(parents=True)
    for use in (assets.has, assets.read):
        with pytest.raises(StorageError):
            use(DIGEST)
    with pytest.raises(StorageError):
        assets.put(CONTENT)


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps no file modes")
def test_only_the_owner_can_read_what_was_made(assets: AssetStore) -> None:
    """Mode 0600 under any umask, also for a file that was encoded elsewhere and moved in."""
    umask = os.umask(0)
    try:
        with assets.working_file(".mp4") as path:
            path.write_bytes(b"a clip")
            moved = assets.put_file(path)
        modes = {stat.S_IMODE(assets.path(digest).stat().st_mode) for digest in (assets.put(CONTENT), moved)}
    finally:
        os.umask(umask)
    assert modes == {0o600}


def test_many_threads_may_put_one_file(assets: AssetStore) -> None:
    """Twenty at once: one whole file, and none of the half-written ones is left."""
    threads = [threading.Thread(target=assets.put, args=(CONTENT,)) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert assets.read(DIGEST) == CONTENT
    assert len(names(assets.root)) == 1


def test_a_killed_process_leaves_no_incomplete_file(assets: AssetStore) -> None:
    """SIGKILL at any moment of writing: every file that has a name is whole."""
    script = (
        "import sys; from pathlib import Path; from clash.assets import AssetStore\n"
        "store = AssetStore(Path(sys.argv[1])); print('ready', flush=True)\n"
        "for n in range(10**6): store.put(str(n).encode() * 50_000)\n"
    )
    command = [sys.executable, "-c", script, str(assets.root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        threading.Event().wait(0.25)
        child.kill()
    written = [name for name in names(assets.root) if not name.endswith(".part")]
    assert written
    assert all(assets.has(name.replace("/", "")) for name in written)


# -- a disk that refuses -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_full_disk_is_reported_as_full(assets: AssetStore, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    """Full, over quota or over a limit: one code for scripts, a retryable error, and no rest on the disk."""
    refuse(monkeypatch, code)
    with pytest.raises(StorageError) as refused:
        assets.put(CONTENT)
    assert (refused.value.code, refused.value.retryable, refused.value.exit_code) == ("disk_full", True, 1)
    assert names(assets.root) == set()


def test_another_refusal_names_the_reason(assets: AssetStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """An I/O error is not called a full disk."""
    refuse(monkeypatch, errno.EIO)
    with pytest.raises(StorageError, match=r"(?i)input/output|i/o") as refused:
        assets.put(CONTENT)
    assert refused.value.code == "storage"


def test_a_file_system_that_cannot_sync_folders_works(assets: AssetStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Network file systems refuse to sync a folder; the file was synced, and is kept."""
    real = os.fsync

    def fsync(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "Invalid argument")
        real(descriptor)

    monkeypatch.setattr(store.os, "fsync", fsync)
    assets.put(CONTENT)
    assert assets.read(DIGEST) == CONTENT


def test_a_read_only_store_is_reported(
    open_folder: Path, unprivileged: Callable[[], AbstractContextManager[None]]
) -> None:
    """No permission: a storage error with a hint, not a traceback."""
    open_folder.chmod(0o555)
    with unprivileged(), pytest.raises(StorageError, match="Permission denied") as refused:
        AssetStore(open_folder / "assets").put(CONTENT)
    assert "permissions" in (refused.value.hint or "")


# -- receipts and working files ----------------------------------------------------------------------------------------


def test_a_receipt_is_there_until_it_is_dropped(assets: AssetStore) -> None:
    """Written, read back as it was, dropped, dropped again."""
    receipt = {"sha256": DIGEST, "cost_micro": 40_000, "facts": {"voice": "小禾"}}
    assert assets.read_receipt("a1") is None
    assets.write_receipt("a1", receipt)
    assert assets.read_receipt("a1") == receipt
    assets.drop_receipt("a1")
    assets.drop_receipt("a1")
    assert assets.read_receipt("a1") is None


@pytest.mark.parametrize("damage", [b"", b"{", b"null", b"[1]", b"\xff\xfe"])
def test_a_damaged_receipt_counts_as_none(assets: AssetStore, damage: bytes) -> None:
    """It was never whole on the disk, so nothing may be settled by it."""
    assets.write_receipt("a1", {})
    (assets.root / "receipts" / "a1.json").write_bytes(damage)
    assert assets.read_receipt("a1") is None


@pytest.mark.parametrize("token", ["", "../x", "a/b", "."])
def test_a_token_cannot_leave_the_folder(assets: AssetStore, token: str) -> None:
    """A token from a tampered database reads and writes no other file."""
    with pytest.raises(StorageError):
        assets.write_receipt(token, {})


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_only_the_owner_can_read_a_file_in_progress(assets: AssetStore) -> None:
    """Whatever the umask, and whatever writes into it: FFmpeg makes its files readable for everybody."""
    before = os.umask(0)
    try:
        with assets.working_file(".mp4") as path:
            with av.open(str(path), "w", format="mp4") as container:
                stream = container.add_stream("libx264", rate=24)
                stream.width = stream.height = 64
                container.mux(stream.encode(av.VideoFrame(64, 64, "yuv420p")))
                container.mux(stream.encode(None))
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
    finally:
        os.umask(before)


def test_a_working_file_is_gone_afterwards(assets: AssetStore) -> None:
    """Also after an error; and on the store's own disk, so that it can be moved into place."""

    def encode() -> None:
        with assets.working_file(".mp4") as path:
            path.write_bytes(b"half a clip")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        encode()
    assert names(assets.root) == set()


def test_a_file_that_was_encoded_is_moved_in(assets: AssetStore) -> None:
    """Its working name is gone, its content is there."""
    with assets.working_file(".mp4") as path:
        path.write_bytes(CONTENT)
        assert assets.put_file(path) == DIGEST
        assert not path.exists()
    assert names(assets.root) == {assets.relative_path(DIGEST)}
    with pytest.raises(StorageError):
        assets.put_file(path)


# -- names for people --------------------------------------------------------------------------------------------------


def test_edited_published_files_leave_the_store_unchanged(assets: AssetStore, tmp_path: Path) -> None:
    """A film that is edited in place is edited; what was paid for is not. The next look puts the film back."""
    assets.put(CONTENT)
    target = tmp_path / "output" / "film.mp4"
    publish_copy(assets.path(DIGEST), target)
    with target.open("r+b") as film:
        film.write(b"cut by hand")
    assert assets.read(DIGEST) == CONTENT
    publish_copy(assets.path(DIGEST), target)
    assert target.read_bytes() == CONTENT
    assert names(target.parent) == {"film.mp4"}


def test_an_existing_copy_is_not_made_again(assets: AssetStore, tmp_path: Path) -> None:
    """It is known by its size and time; it has the mode of any new file, whatever the stored file has."""
    assets.put(CONTENT)
    target = tmp_path / "film.mp4"
    publish_copy(assets.path(DIGEST), target)
    before = target.stat()
    publish_copy(assets.path(DIGEST), target)
    assert target.stat().st_ino == before.st_ino
    plain = tmp_path / "plain"
    plain.touch()
    assert before.st_mode == plain.stat().st_mode


def test_a_link_into_the_store_is_replaced_by_a_copy(assets: AssetStore, tmp_path: Path) -> None:
    """As earlier versions made them: who writes into one would damage what was paid for."""
    assets.put(CONTENT)
    target = tmp_path / "film.mp4"
    os.link(assets.path(DIGEST), target)
    publish_copy(assets.path(DIGEST), target)
    assert not target.samefile(assets.path(DIGEST))
    assert target.read_bytes() == CONTENT


def test_an_older_film_is_replaced_and_the_store_is_not(assets: AssetStore, tmp_path: Path) -> None:
    """What stood under the name goes in one step; the stored file of the older one stays whole."""
    target = tmp_path / "film.mp4"
    older = assets.put(b"older")
    publish_copy(assets.path(older), target)
    publish_copy(assets.path(assets.put(CONTENT)), target)
    assert target.read_bytes() == CONTENT
    assert assets.read(older) == b"older"


def test_a_file_that_cannot_be_published_is_reported(assets: AssetStore, tmp_path: Path) -> None:
    """A folder stands where the film belongs, or the stored file is gone."""
    assets.put(CONTENT)
    (tmp_path / "film.mp4").mkdir()
    with pytest.raises(StorageError, match=r"film\.mp4"):
        publish_copy(assets.path(DIGEST), tmp_path / "film.mp4")
    with pytest.raises(StorageError):
        publish_copy(assets.path("0" * 64), tmp_path / "other.mp4")
    assert names(tmp_path) == {f"assets/{assets.relative_path(DIGEST)}"}


@pytest.mark.parametrize(
    "slot",
    [
        "character:../../../etc",
        "character:..",
        "character:",
        "character:a/b",
        "character:a\\b",
        "character:a\0b",
        "character:con",
        "character:Aux",
        "character:a.",
        "character:x" + "y" * 300,
        "character:" + "禾" * 300,
    ],
)
def test_a_name_that_a_model_chose_stays_in_its_folder(tmp_path: Path, slot: str) -> None:
    """A character of any name gets a file of its own, within the folder, that every system can make."""
    path = published_path(tmp_path, "character_image", slot, "image/png")
    assert path is not None
    assert path.parent == tmp_path / "characters"
    assert path.suffix == ".png"
    assert path.stem.lower() not in ("", ".", "..", "con", "aux")
    write_durably(path, b"a card")
    assert names(tmp_path) == {f"characters/{path.name}"}
    others = {
        published_path(tmp_path, "character_image", f"character:{name}", "image/png")
        for name in ("a-b", "con-", "aux-", "etc", "-", "a", "x" + "y" * 299, "禾" * 299)
    }
    assert path not in others


# -- where the store is ------------------------------------------------------------------------------------------------


def test_a_url_names_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Relative to the working directory, or absolute."""
    assert AssetStore.from_url("file://./data/assets").root == Path("data/assets")
    assert AssetStore.from_url(f"file://{tmp_path.as_posix()}").root == tmp_path


@pytest.mark.parametrize("url", ["", "data/assets", "file:", "file://", "s3://bucket/films", "file://a\0b"])
def test_another_url_is_a_settings_error(url: str) -> None:
    """Exit 4, with an example."""
    with pytest.raises(SettingsError) as refused:
        AssetStore.from_url(url)
    assert refused.value.exit_code == 4
    assert "file://" in (refused.value.hint or "")


@pytest.mark.parametrize("name", ["a file", "a file/inside", "/", "/..", "a link to nothing"])
def test_a_store_that_names_no_folder_is_refused(tmp_path: Path, name: str) -> None:
    """What is no folder, and can become none, is a wrong setting, told before anything is made."""
    (tmp_path / "a file").touch()
    (tmp_path / "a link to nothing").symlink_to(tmp_path / "nothing")
    url = f"file://{name}" if name.startswith("/") else f"file://{(tmp_path / name).as_posix()}"
    with pytest.raises(SettingsError, match="names no folder") as refused:
        AssetStore.from_url(url)
    assert (refused.value.exit_code, "ASSET_STORE=file://" in str(refused.value.hint)) == (4, True)


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc, where not even root makes a folder")
def test_a_store_that_cannot_be_made_ends_a_run_at_once(tmp_path: Path) -> None:
    """Exit 4 in words about the folder, before the first call."""
    shot_list(tmp_path / "story.csv", 1, seconds=0.5)
    env = environment(ASSET_STORE="file:///proc/none/assets")
    ran = clash(tmp_path, "run", "story.csv", *SMALL, "--json", env=env)
    assert ran.code == 4, ran.err
    assert "/proc/none" in ran.document["error"]["message"]
    assert "ASSET_STORE" in ran.document["error"]["hint"]
