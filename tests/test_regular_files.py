"""What is named as a file and is none is refused at once: pipes, devices, sockets, folders."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
from pathlib import Path

import pytest
from command_line import CLASH, clash, environment

from clash.regular_files import NotRegularFileError, kind_of_mode, open_regular_file, read_regular_file

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")

ROW = "description\nA boat on the sea.\n"


def test_a_file_is_read_up_to_a_limit(tmp_path: Path):
    """Of a file no more is read than was asked for."""
    (tmp_path / "a").write_bytes(b"12345")
    assert read_regular_file(tmp_path / "a", 3) == b"123"
    with open_regular_file(tmp_path / "a") as stream:
        assert stream.read() == b"12345"


@pytest.mark.parametrize("kind", ["pipe", "device", "folder"])
def test_something_that_is_not_a_file_is_named(tmp_path: Path, kind: str):
    """The error says what is there instead, and nothing waits for a writer."""
    os.mkfifo(tmp_path / "pipe")
    path = {"pipe": tmp_path / "pipe", "device": Path("/dev/zero"), "folder": tmp_path}[kind]
    with pytest.raises(NotRegularFileError, match=kind):
        open_regular_file(path)


def test_a_socket_is_not_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The system itself refuses to open a socket; it is told as what it is, and an import of it is wrong use."""
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("s")
        with pytest.raises(NotRegularFileError, match="it is a socket, not a file"):
            open_regular_file(Path("s"))
        assert clash("db init", tmp_path).returncode == 0
        for arguments in (["db", "import", "s"], ["run", "s", "--dry-run"]):
            refused = clash(arguments, tmp_path)
            assert (refused.returncode, "it is a socket, not a file" in refused.stderr) == (2, True), refused.stderr
    assert kind_of_mode(stat.S_IFSOCK) == "a socket"


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (["run", "pipe", "--dry-run"], 2),
        (["run", "/dev/zero", "--dry-run"], 2),
        (["run", "/dev/stdin", "--dry-run"], 2),
        (["db", "import", "pipe"], 2),
        (["db", "import", "/dev/zero"], 2),
        (["db", "import", "."], 2),
        (["run", "s.csv", "--thread", "t"], 2),
    ],
)
def test_a_command_refuses_what_is_not_a_file(tmp_path: Path, args: list[str], code: int):
    """A pipe or device as story, picture or import ends the command at once, with an error of its own."""
    os.mkfifo(tmp_path / "pipe")
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "s.csv").write_text("description,reference_image\nA boat on the sea.,pipe.png\n")
    assert clash("db init", tmp_path).returncode == 0
    ran = clash(args, tmp_path)
    assert (ran.returncode, "internal" in ran.stderr) == (code, False), ran.stderr
    assert "not a file" in ran.stderr or "not a story" in ran.stderr


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="no /dev/fd here")
def test_a_pipe_of_the_shell_is_a_story(tmp_path: Path):
    """`clash run <(make-story)` works: the pipe was opened for this very process."""
    reading, writing = os.pipe()
    os.write(writing, ROW.encode())
    os.close(writing)
    ran = subprocess.run(
        [*CLASH, "run", f"/dev/fd/{reading}", "--dry-run"],
        cwd=tmp_path,
        env=environment(),
        text=True,
        capture_output=True,
        check=False,
        timeout=60,
        pass_fds=[reading],
    )
    os.close(reading)
    assert ran.returncode == 0, ran.stderr
