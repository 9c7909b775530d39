"""What a `.env` says is read or told: no line that means a setting is passed over in silence."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest
from filming import clash, environment

from clash import dotenv_file
from clash.config import load_settings
from clash.dotenv_file import read_dotenv
from clash.errors import SettingsError

KNOWN = ("CLASH_BUDGET", "CLASH_SIZE", "FAL_KEY", "DATABASE_URL")


@pytest.fixture(autouse=True)
def nothing_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty folder, no variable of clash, and no warning given yet."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(dotenv_file, "_warned", set())
    for name in os.environ:
        if name.upper().startswith("CLASH_"):
            monkeypatch.delenv(name)


def warnings_of(caplog: pytest.LogCaptureFixture, text: str) -> list[str]:
    """What is said of a `.env` of this text."""
    Path(".env").write_text(text, encoding="utf-8")
    with caplog.at_level(logging.WARNING, "clash"):
        load_settings()
    return [record.getMessage() for record in caplog.records]


@pytest.mark.parametrize(
    ("line", "size"),
    [
        ("CLASH_SIZE=320x180", "320x180"),
        ("export CLASH_SIZE=320x180", "320x180"),
        ("clash_size='320x180'", "320x180"),
        ("CLASH_SIZE = 320x180  # small", "320x180"),
        ("\ufeffCLASH_SIZE=320x180", "320x180"),
        ("W=320\nCLASH_SIZE=${W}x180", "320x180"),
        ("# CLASH_SIZE=1x1\n\n", "1280x720"),
    ],
)
def test_every_readable_line_is_read(caplog: pytest.LogCaptureFixture, line: str, size: str):
    """With `export`, spaces, quotes, small letters, a byte order mark, another variable: and nothing is said."""
    assert warnings_of(caplog, line + "\n") == []
    assert load_settings().size == size


@pytest.mark.parametrize(
    ("line", "name", "near"),
    [
        ("CLASH_BUGDET=1", "CLASH_BUGDET", "CLASH_BUDGET"),
        ("CLASH_BUDGETT=1", "CLASH_BUDGETT", "CLASH_BUDGET"),
        ("CLASH_BUDGET: 1", "CLASH_BUDGET", "CLASH_BUDGET"),
        ("CLASH_BUDGET:1", "CLASH_BUDGET", "CLASH_BUDGET"),
        ("CLASH_BUDGET\uff1d1", "CLASH_BUDGET", "CLASH_BUDGET"),
        ("CLASH_BUDGET 1", "CLASH_BUDGET", "CLASH_BUDGET"),
        ("CLASH_BUDGET", "CLASH_BUDGET", "CLASH_BUDGET"),
        ("set CLASH_BUDGET=1", "CLASH_BUDGET", "CLASH_BUDGET"),
        ("- CLASH_BUDGET=1", "CLASH_BUDGET", "CLASH_BUDGET"),
        ('"CLASH_BUDGET"=1', "CLASH_BUDGET", "CLASH_BUDGET"),
        ("CLASH-BUDGET=1", "CLASH-BUDGET", "CLASH_BUDGET"),
        ("\uff23\uff2c\uff21\uff33\uff28_BUDGET=1", "\uff23\uff2c\uff21\uff33\uff28_BUDGET", "CLASH_BUDGET"),
        ("clash_bugdet=1", "clash_bugdet", "CLASH_BUDGET"),
        ("CLASH_IMAGE_MODLE=x", "CLASH_IMAGE_MODLE", "CLASH_IMAGE_MODEL"),
        ("DATABASE_URI=x", "DATABASE_URI", "DATABASE_URL"),
        ("OPENAI_APIKEY=x", "OPENAI_APIKEY", "OPENAI_API_KEY"),
        ("FAL_KYE=x", "FAL_KYE", "FAL_KEY"),
        ("fal_kye=x", "fal_kye", "FAL_KEY"),
        ("FAL_API_KEY=x", "FAL_API_KEY", "FAL_KEY"),
        ("FAL_KEY_ID=x", "FAL_KEY_ID", "FAL_KEY"),
        ("OPENAI_KEY=x", "OPENAI_KEY", "OPENAI_API_KEY"),
        ("OPENAI_TOKEN=x", "OPENAI_TOKEN", "OPENAI_API_KEY"),
        ("CLOUDFLARE_TOKEN=x", "CLOUDFLARE_TOKEN", "CLOUDFLARE_API_TOKEN"),
        ("AWS_SECRET_KEY=x", "AWS_SECRET_KEY", "AWS_SECRET_ACCESS_KEY"),
    ],
)
def test_a_misspelled_setting_is_reported(caplog: pytest.LogCaptureFixture, line: str, name: str, near: str):
    """The warning has the name as written and the one that is meant, once."""
    told = warnings_of(caplog, f"# a comment\n{line}\n")
    assert len(told) == 1
    assert name in told[0]
    assert near in told[0]
    assert warnings_of(caplog, f"# a comment\n{line}\n") == told


@pytest.mark.parametrize(
    "line",
    [
        "HOST_UID=1000",
        "DJANGO_SECRET=1",
        "NODE_ENV=test",
        "PATH=/bin",
        "AWS_PROFILE=me",
        "OPENAI_ORG_ID=me",
        "GROQ_API_KEY=1",
        "FAL_RUN_HOST=fal.run",
    ],
)
def test_other_programs_variables_give_no_warning(caplog: pytest.LogCaptureFixture, line: str):
    """A `.env` is shared with other tools."""
    assert warnings_of(caplog, line) == []


def test_an_unreadable_line_is_reported_by_number(caplog: pytest.LogCaptureFixture):
    """Its value is not repeated: it may be a key."""
    told = warnings_of(caplog, "CLASH_SIZE=320x180\nFAL_KEY: 8a1b2c3d\nhello world\n")
    assert [".env, line 2" in told[0], ".env, line 3" in told[1], "8a1b" in "".join(told)] == [True, True, False]
    assert load_settings().size == "320x180"


def test_a_misspelled_environment_variable_is_reported(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    """Of names that begin with CLASH_, for all others are other programs' business."""
    for name in ("CLASH_BUGDET", "CLASH_DEBUG", "FAL_KEYS"):
        monkeypatch.setenv(name, "1")
    (told,) = warnings_of(caplog, "")
    assert "the environment: CLASH_BUGDET" in told
    assert "CLASH_BUDGET?" in told


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("CLASH_SIZE=1\n".encode("utf-16"), "UTF-16"),
        (b"A=1\nB=\xe9\n", "line 2"),
        (b"A=1\nB=2\nC=\0\n", "line 3"),
        (b"A=1\n" * 300_000, "larger"),
    ],
)
def test_a_binary_file_is_refused(content: bytes, why: str):
    """With the line, and what to do."""
    Path(".env").write_bytes(content)
    with pytest.raises(SettingsError, match=why):
        load_settings()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no named pipes in folders")
def test_a_pipe_instead_of_the_file_is_refused():
    """Nobody waits for a writer."""
    os.mkfifo(".env")
    with pytest.raises(SettingsError, match="named pipe"):
        load_settings()


def test_a_folder_named_dot_env_is_ignored():
    """Some people call it `.env`; any other folder of this name is refused."""
    Path(".env").mkdir()
    with pytest.raises(SettingsError, match="folder"):
        load_settings()
    Path(".env", "pyvenv.cfg").touch()
    assert read_dotenv(Path(".env"), KNOWN).values == {}


@pytest.mark.parametrize("arguments", [["run", "s.csv", "--dry-run"], ["runs", "ls"], ["db", "init"], ["doctor"]])
def test_every_command_gives_the_warning(tmp_path: Path, arguments: list[str]):
    """Once, on standard error."""
    (tmp_path / "s.csv").write_text("description\nA boat on the sea.\n", encoding="utf-8")
    (tmp_path / ".env").write_text("CLASH_BUGDET=1\n", encoding="utf-8")
    ran = clash(tmp_path, *arguments, env=environment())
    assert ran.err.count("CLASH_BUGDET") == 1
    assert "CLASH_BUGDET" not in ran.out
