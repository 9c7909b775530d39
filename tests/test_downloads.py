"""The files of the Chinese voice come whole, or not at all, whatever the network and other processes do."""

from __future__ import annotations

import asyncio
import hashlib
import os
import sys
import time
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from raw_server import CHUNKED, Asked, Part, RawServer, answer, endless, free_port, raw_server

from clash.errors import ProviderError, UsageError
from clash.http import downloads
from clash.local.mandarin.fetching import copy_voice, fetch_voice
from clash.local.mandarin.weights import GET, VoiceFile

CONTENT = {"net.onnx": bytes(range(256)) * 400, "one.bin": b"a style" * 100}
FETCH = """
import asyncio, pathlib, sys
from clash.local.mandarin.fetching import fetch_voice
from clash.local.mandarin.weights import VoiceFile
files = {sys.argv[2]: VoiceFile(sys.argv[3], int(sys.argv[4]), sys.argv[5])}
asyncio.run(fetch_voice(pathlib.Path(sys.argv[1]), print, files=files))
"""


@dataclass
class Publisher:
    """A server that offers the files, and answers as a test says."""

    server: RawServer
    answers: dict[str, Callable[[], Iterable[Part]]]
    said: list[str] = field(default_factory=list[str])

    def file(self, name: str) -> VoiceFile:
        """What clash knows of a file."""
        content = CONTENT[name]
        return VoiceFile(f"{self.server.url}/{name}", len(content), hashlib.sha256(content).hexdigest())

    @property
    def files(self) -> dict[str, VoiceFile]:
        """All files."""
        return {name: self.file(name) for name in CONTENT}

    @property
    def asked(self) -> list[str]:
        """The names that were asked for, in order."""
        return [one.path.rsplit("/", 1)[-1] for one in self.server.asked]

    async def fetch(self, folder: Path) -> None:
        """Fetch all files into a folder."""
        await fetch_voice(folder, self.said.append, files=self.files)


@pytest.fixture
async def publisher(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Publisher]:
    """A publisher that answers with the files, if the test does not say otherwise; nobody waits for it."""
    monkeypatch.setattr(downloads, "_PAUSE_S", 0.0)
    answers: dict[str, Callable[[], Iterable[Part]]] = {}

    def respond(asked: Asked) -> Iterable[Part]:
        name = asked.path.rsplit("/", 1)[-1]
        return answers[asked.path]() if asked.path in answers else [answer(CONTENT[name])]

    async with raw_server(respond) as server:
        yield Publisher(server, answers)


def names(folder: Path) -> set[str]:
    """The names of all files in a folder."""
    return {path.name for path in folder.iterdir()}


async def test_the_files_are_fetched_once(publisher: Publisher, tmp_path: Path) -> None:
    """Each is there with its bytes, its address is told, and a second time nobody is asked."""
    folder = tmp_path / "deep" / "voice"
    await publisher.fetch(folder)
    assert {name: (folder / name).read_bytes() for name in CONTENT} == CONTENT
    assert publisher.said == [
        f"1/2: {publisher.server.url}/net.onnx (0.1 MB)",
        f"2/2: {publisher.server.url}/one.bin (0.0 MB)",
    ]
    await publisher.fetch(folder)
    assert publisher.asked == ["net.onnx", "one.bin"]


async def test_only_what_is_missing_or_damaged_is_fetched(publisher: Publisher, tmp_path: Path) -> None:
    """A file that is right stays; one of the right size with other bytes comes anew."""
    (tmp_path / "net.onnx").write_bytes(CONTENT["net.onnx"])
    (tmp_path / "one.bin").write_bytes(bytes(len(CONTENT["one.bin"])))
    await publisher.fetch(tmp_path)
    assert publisher.asked == ["one.bin"]
    assert (tmp_path / "one.bin").read_bytes() == CONTENT["one.bin"]


WRONG: dict[str, Callable[[], Iterable[Part]]] = {
    "other bytes": lambda: [answer(bytes(len(CONTENT["one.bin"])))],
    "too long": lambda: [answer(CONTENT["one.bin"] + b"more")],
    "without an end": lambda: endless(CHUNKED, b"400\r\n" + bytes(1024) + b"\r\n"),
    "not found": lambda: [answer(b"no", status=404)],
    "redirects without an end": lambda: [answer(b"", "Location: /one.bin", status=302)],
    "a redirect to nowhere": lambda: [answer(b"", "Location: ftp://127.0.0.1/one.bin", status=302)],
}


@pytest.mark.parametrize("wrong", WRONG)
async def test_what_is_not_the_file_is_refused(wrong: str, publisher: Publisher, tmp_path: Path) -> None:
    """No file gets the name, nothing is left of it, what came before stays, and the error says what to type."""
    publisher.answers["/one.bin"] = WRONG[wrong]
    with pytest.raises(ProviderError, match=r"one\.bin cannot be fetched") as refused:
        await publisher.fetch(tmp_path)
    assert names(tmp_path) == {"net.onnx"}
    assert f"`{GET}`" in str(refused.value.hint)
    del publisher.answers["/one.bin"]
    await publisher.fetch(tmp_path)
    assert names(tmp_path) == set(CONTENT)


BREAKS: dict[str, list[Part]] = {
    "a body that is cut": [answer(CONTENT["one.bin"][:300], length=len(CONTENT["one.bin"]))],
    "a shorter file": [answer(CONTENT["one.bin"][:300])],
    "a reset": [answer(CONTENT["one.bin"][:300], length=700), "reset"],
    "a server that is down for now": [answer(b"later", status=503)],
    "too many requests": [answer(b"later", status=429)],
}


@pytest.mark.parametrize("broken", BREAKS)
async def test_a_broken_download_is_tried_again(broken: str, publisher: Publisher, tmp_path: Path) -> None:
    """The second answer is the whole file; three broken ones are an error that leaves nothing."""
    good = [answer(CONTENT["one.bin"])]
    turns = iter([BREAKS[broken], good])
    publisher.answers["/one.bin"] = lambda: next(turns)
    await publisher.fetch(tmp_path)
    assert (tmp_path / "one.bin").read_bytes() == CONTENT["one.bin"]
    (tmp_path / "one.bin").unlink()
    publisher.answers["/one.bin"] = lambda: BREAKS[broken]
    with pytest.raises(ProviderError, match="cannot be fetched"):
        await publisher.fetch(tmp_path)
    assert publisher.asked.count("one.bin") == 2 + 3
    assert names(tmp_path) == {"net.onnx"}


async def test_a_server_that_is_down_is_named(publisher: Publisher, tmp_path: Path) -> None:
    """Nobody listens: the address is in the error, and how to bring the files from elsewhere in its hint."""
    url = f"http://127.0.0.1:{free_port()}/one.bin"
    with pytest.raises(ProviderError, match=url) as refused:
        await fetch_voice(tmp_path, publisher.said.append, files={"one.bin": VoiceFile(url, 7, "0" * 64)})
    assert f"`{GET} --from DIR`" in str(refused.value.hint)
    assert names(tmp_path) == set()


async def test_a_redirect_is_followed(publisher: Publisher, tmp_path: Path) -> None:
    """As the publishers of the files do: the address that is known leads to another one."""
    publisher.answers["/one.bin"] = lambda: [answer(b"", "Location: /elsewhere/one.bin", status=302)]
    await publisher.fetch(tmp_path)
    assert (tmp_path / "one.bin").read_bytes() == CONTENT["one.bin"]
    assert [one.path for one in publisher.server.asked] == ["/net.onnx", "/one.bin", "/elsewhere/one.bin"]


async def test_a_killed_download_leaves_no_file_of_the_name(publisher: Publisher, tmp_path: Path) -> None:
    """Half of it has arrived when the process is killed; the next one fetches it whole, and later removes the rest."""
    half = asyncio.Event()

    def halves() -> Iterator[Part]:
        yield answer(CONTENT["net.onnx"][:50_000], length=len(CONTENT["net.onnx"]))
        half.set()
        yield "stall"

    publisher.answers["/net.onnx"] = halves
    file = publisher.file("net.onnx")
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", FETCH, str(tmp_path), "net.onnx", file.url, str(file.size), file.sha256
    )
    await asyncio.wait_for(half.wait(), 120)
    child.kill()
    await child.wait()
    (left,) = tmp_path.iterdir()
    assert left.name.startswith("net.onnx.")
    assert left.name.endswith(downloads.UNFINISHED)
    del publisher.answers["/net.onnx"]
    await publisher.fetch(tmp_path)
    assert names(tmp_path) == {*CONTENT, left.name}
    long_ago = time.time() - 7200
    os.utime(left, (long_ago, long_ago))
    await publisher.fetch(tmp_path)
    assert names(tmp_path) == set(CONTENT)


async def test_two_may_fetch_at_once(publisher: Publisher, tmp_path: Path) -> None:
    """Both end well, and the files are whole."""
    await asyncio.gather(publisher.fetch(tmp_path), publisher.fetch(tmp_path))
    assert {name: (tmp_path / name).read_bytes() for name in CONTENT} == CONTENT
    assert names(tmp_path) == set(CONTENT)


async def test_files_are_copied_from_a_folder(publisher: Publisher, tmp_path: Path) -> None:
    """They are found below it, by name and content; the network is not asked, and the folder stays as it is."""
    source, folder = tmp_path / "usb", tmp_path / "voice"
    (source / "a").mkdir(parents=True)
    (source / "b").mkdir()
    (source / "a" / "one.bin").write_bytes(b"another file of this name")
    for name, content in CONTENT.items():
        (source / "b" / name).write_bytes(content)
    await copy_voice(folder, source, publisher.said.append, files=publisher.files)
    assert {name: (folder / name).read_bytes() for name in CONTENT} == CONTENT
    assert names(folder) == set(CONTENT)
    assert publisher.asked == []
    assert names(source / "b") == set(CONTENT)


async def test_one_file_is_copied_alone(publisher: Publisher, tmp_path: Path) -> None:
    """What else is missing is no error; a file that is none of the voice's is one."""
    source, folder = tmp_path / "one.bin", tmp_path / "voice"
    source.write_bytes(CONTENT["one.bin"])
    await copy_voice(folder, source, publisher.said.append, files=publisher.files)
    assert names(folder) == {"one.bin"}
    with pytest.raises(UsageError, match=r"net\.onnx, one\.bin"):
        await copy_voice(folder, Path(__file__), publisher.said.append, files=publisher.files)


async def test_a_folder_that_lacks_a_file_is_told(publisher: Publisher, tmp_path: Path) -> None:
    """What it has is copied; what it lacks, or has with other bytes, is named."""
    source, folder = tmp_path / "usb", tmp_path / "voice"
    source.mkdir()
    (source / "net.onnx").write_bytes(b"<html>sign in</html>")
    (source / "one.bin").write_bytes(CONTENT["one.bin"])
    with pytest.raises(UsageError, match=r"has no net\.onnx") as refused:
        await copy_voice(folder, source, publisher.said.append, files=publisher.files)
    assert f"`{GET}`" in str(refused.value.hint)
    assert names(folder) == {"one.bin"}
