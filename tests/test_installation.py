"""Hints about installing name a place that brings this clash, never another project's package."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from clash import installation


@pytest.fixture
def installed_from(monkeypatch: pytest.MonkeyPatch):
    """Let the distribution say that it came from an address."""

    def say(direct_url: str | None) -> None:
        class Distribution:
            @staticmethod
            def read_text(name: str) -> str | None:
                assert name == "direct_url.json"
                return direct_url

        monkeypatch.setattr(metadata, "distribution", lambda _: Distribution)
        installation._origin.cache_clear()

    yield say
    installation._origin.cache_clear()


def test_from_an_index_the_distribution_is_named(installed_from) -> None:
    """Without a `direct_url.json`, the commands name `master-clash`."""
    installed_from(None)
    assert installation.install_command("s3") == 'pip install "master-clash[s3]"'
    assert installation.upgrade_command() == "pip install --upgrade master-clash"


def test_from_a_clone_the_folder_is_named(installed_from, tmp_path: Path) -> None:
    """A folder is named as it is, quoted for the shell, editable where it was."""
    folder = tmp_path / "my clone"
    folder.mkdir()
    installed_from(json.dumps({"url": folder.as_uri(), "dir_info": {}}))
    assert shlex.split(installation.install_command("fal")) == ["pip", "install", f"{folder}[fal]"]
    assert shlex.split(installation.upgrade_command()) == ["pip", "install", "--upgrade", str(folder)]
    installed_from(json.dumps({"url": folder.as_uri(), "dir_info": {"editable": True}}))
    assert shlex.split(installation.install_command("fal")) == ["pip", "install", "-e", f"{folder}[fal]"]


def test_from_a_wheel_the_wheel_is_named(installed_from, tmp_path: Path) -> None:
    """A wheel is named with its address, in the form that pip takes for an extra."""
    wheel = tmp_path / "master_clash-0.1.0-py3-none-any.whl"
    wheel.touch()
    installed_from(json.dumps({"url": wheel.as_uri(), "archive_info": {}}))
    assert shlex.split(installation.install_command("s3")) == [
        "pip",
        "install",
        f"master-clash[s3] @ {wheel.as_uri()}",
    ]


def test_an_unreadable_origin_counts_as_the_index(installed_from) -> None:
    """A `direct_url.json` that is no JSON is not followed."""
    installed_from("{")
    assert installation.install_command("s3") == 'pip install "master-clash[s3]"'


def test_version_and_second_command() -> None:
    """`clash --version` is the distribution's version, and `master-clash` is the same program."""
    scripts = {entry.name: entry.value for entry in metadata.distribution("master-clash").entry_points}
    assert scripts["master-clash"] == scripts["clash"]
    said = subprocess.run([sys.executable, "-m", "clash", "--version"], capture_output=True, text=True, check=True)
    assert said.stdout == f"clash {metadata.version('master-clash')}\n"
