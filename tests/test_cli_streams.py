"""Standard output that is closed, full or a terminal, and signals before a run has begun."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import CLASH, clash, environment
from filming import METERED, PLUGINS

SMALL = "--size 192x108 --fps 8"
posix_only = pytest.mark.skipif(os.name == "nt", reason="signals, terminals and devices of POSIX")


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an empty database in its usual place, for tests that only read it."""
    folder = tmp_path_factory.mktemp("database")
    done = clash("db init", folder)
    assert done.returncode == 0, done.stderr
    return folder


@posix_only
@pytest.mark.parametrize("arguments", ["runs ls", "runs ls --json", "--help", "runs ls --limit 0 --json"])
def test_a_closed_pipe_is_no_error(arguments: str, database: Path) -> None:
    """A reader that closes the pipe before anything is written leaves no trace, and the exit code as it was."""
    expected = clash(arguments, database)
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [*CLASH, *arguments.split()],
        cwd=database,
        env=environment(),
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (expected.returncode, expected.stderr)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("arguments", ["runs ls", "runs ls --json", "--help", "--version"])
def test_a_full_disk_behind_standard_output_is_an_error(arguments: str, database: Path) -> None:
    """`clash runs ls > file` on a full disk says so and fails, so that a script does not take half for all."""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*CLASH, *arguments.split()],
            cwd=database,
            env=environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr.startswith("error: standard output cannot be written")
    assert len(done.stderr.splitlines()) == 1


@posix_only
@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&- <&-"])
def test_streams_that_the_caller_closed_are_no_error(closed: str, database: Path) -> None:
    """A command without standard output, or without standard error, does its work all the same."""
    command = f'"{sys.executable}" -m clash runs ls {closed}'
    done = subprocess.run(command, shell=True, cwd=database, env=environment(), check=False)  # noqa: S602
    assert done.returncode == 0


def test_an_encoding_without_the_letters_is_no_error(tmp_path: Path) -> None:
    """On a stream that cannot hold them (the C locale, Windows), letters are spelt out and JSON stays JSON."""
    variables = {"DATABASE_URL": "sqlite:///./小禾.db", "PYTHONIOENCODING": "ascii"}
    assert clash("db init", tmp_path, **variables).returncode == 0
    assert "小禾" in json.loads(clash("db status --json", tmp_path, **variables).stdout)["url"]
    plain = clash("db status", tmp_path, **variables)
    assert plain.returncode == 0
    assert "\\u5c0f\\u79be" in plain.stdout


@posix_only
@pytest.mark.parametrize(("signum", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_before_anything_was_started_ends_quietly(signum: signal.Signals, code: int, tmp_path: Path) -> None:
    """Ctrl-C while the story is still awaited on standard input is exit 130 at once, without a traceback."""
    process = subprocess.Popen(
        [*CLASH, "run", "-", "--json"],
        cwd=tmp_path,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
    )
    assert process.stdin is not None
    process.stdin.write(b"shot,action\n" + b"1,rain\n" * 20_000)  # more than a pipe holds: some of it has been read
    process.send_signal(signum)
    out, err = process.communicate()
    assert (process.returncode, err) == (code, b"")
    assert json.loads(out)["error"]["code"] == "stopped"


@posix_only
@pytest.mark.parametrize("number", [1, 5, 40])
def test_a_signal_during_start_up_ends_quietly(number: int, tmp_path: Path) -> None:
    """At whatever import of the start Ctrl-C comes, the exit code is 130 and nothing is printed."""
    script = f"""if True:
        import os, signal, sys
        from clash.cli.app import main
        modules = []

        def interrupt(event, arguments):
            if event == "import":
                modules.append(arguments[0])
                if len(modules) == {number}:
                    os.kill(os.getpid(), signal.SIGINT)

        sys.addaudithook(interrupt)
        sys.exit(main(["runs", "ls"]))
    """
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


@posix_only
def test_at_a_terminal_a_table_fits_and_colours_obey_no_color(database: Path) -> None:
    """At a terminal statuses are coloured, unless `NO_COLOR` is set, and `COLUMNS` is the width of every line."""
    coloured = at_a_terminal("db status", database)
    plain = at_a_terminal("db status", database, NO_COLOR="1", COLUMNS="40")
    assert "\x1b[32mapplied" in coloured
    assert "\x1b[32m" not in plain
    assert "workflow_executions" in plain
    assert max(len(re.sub(r"\x1b\[\d*m", "", line)) for line in plain.splitlines()) <= 40


def at_a_terminal(arguments: str, folder: Path, **variables: str) -> str:
    """What a terminal of 80 columns gets."""
    import pty

    ours, theirs = pty.openpty()
    variables = {**environment(), "TERM": "xterm-256color", "COLUMNS": "80", **variables}
    process = subprocess.Popen(
        [*CLASH, *arguments.split()], cwd=folder, env=variables, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    received = b""
    while True:
        try:
            part = os.read(ours, 4096)
        except OSError:  # Linux tells the end of a terminal so
            break
        if not part:
            break
        received += part
    os.close(ours)
    assert process.wait(timeout=10) == 0
    return received.decode()


@posix_only
def test_a_run_at_a_terminal_shows_itself_live(tmp_path: Path) -> None:
    """At a terminal a run shows its steps and counts as they go, and ends with its film and what to look at next."""
    rows = "".join(f"{number},A lighthouse above the sea.,1\n" for number in (1, 2, 3))
    (tmp_path / "story.csv").write_text(f"shot,description,duration\n{rows}", encoding="utf-8")
    command = f"run story.csv --thread one {SMALL} {' '.join(METERED)}"
    slow = {"PYTHONPATH": str(PLUGINS), "METER": str(tmp_path / "meter"), "METER_DELAY": "0.6"}  # seconds a call
    screen = re.sub(r"\x1b\[[?\d;]*[a-zA-Z]", "", at_a_terminal(command, tmp_path, **slow))
    assert "thread one" in screen
    assert re.search(r"generate_shots +\S+ +[0-2]/3 shots", screen)
    assert "3/3 shots" in screen
    assert re.search(r"cost \$0\.00, 0:\d\d elapsed", screen)
    assert re.search(r"film +output/one/film.mp4", screen)
    assert "clash retake one shot:002" in screen
    assert (tmp_path / "output" / "one" / "film.mp4").stat().st_size > 0
    assert re.search(r"length +0:03", screen)
