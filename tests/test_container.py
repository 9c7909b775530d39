"""The container's files hold together: what is copied is there, the volume keeps every run, nobody is root."""

from __future__ import annotations

import re
import tomllib
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

import yaml

from clash.assets import local_assets
from clash.config import Settings
from clash.database.connection import sqlite_path

ROOT = Path(__file__).parent.parent
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
WORKDIR = PurePosixPath(re.findall(r"^WORKDIR (\S+)", DOCKERFILE, flags=re.MULTILINE)[-1])


def test_what_is_copied_is_there_and_not_ignored() -> None:
    """Every file and folder that the image is built from exists, and `.dockerignore` lets it through."""
    lets_through = re.findall(r"^!(\S+)", (ROOT / ".dockerignore").read_text(encoding="utf-8"), flags=re.MULTILINE)
    copied = [
        name
        for line in re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, flags=re.MULTILINE)
        for name in line.split()
    ]
    assert set(copied) >= {"clash", "migrations", "pyproject.toml"}
    for name in copied:
        assert (ROOT / name).exists()
        assert any(fnmatch(name, pattern) for pattern in lets_through), name


def test_the_volume_keeps_the_database_and_everything_made() -> None:
    """By default both are below the folder that is a volume, in the image and in compose.yaml."""
    settings = Settings(_env_file=None)
    (volume,) = re.findall(r"^VOLUME (\S+)", DOCKERFILE, flags=re.MULTILINE)
    for path in (sqlite_path(settings.database_url), local_assets(settings).root, settings.asset_cache):
        assert (WORKDIR / path.as_posix()).is_relative_to(volume)
    service = COMPOSE["services"]["clash"]
    targets = dict(reversed(mount.split(":")[:2]) for mount in service["volumes"])
    assert targets[volume] in COMPOSE["volumes"], "a volume with a name, which outlives the container"
    assert str(WORKDIR / settings.output_dir.as_posix()) in targets


def test_nobody_is_root() -> None:
    """The program runs as a user of its own, who owns the folders that it writes to."""
    user = re.findall(r"^USER (\S+)", DOCKERFILE, flags=re.MULTILINE)[-1]
    assert user == "$UID"
    assert re.search(r"^ARG UID=[1-9]\d*$", DOCKERFILE, flags=re.MULTILINE)
    assert re.search(r"install -d -o clash .*/films/data /films/output", DOCKERFILE)


def test_the_image_has_every_provider() -> None:
    """Keys of vendors in `.env` are of use: what clash needs to ask them is installed."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    (installed,) = re.findall(r'pip install .*"\.\[(.+)\]"', DOCKERFILE)
    assert set(installed.split(",")) == set(extras) - {"openai", "fal", "keyring", "otel", "test"}
    assert extras["models"] == ["master-clash[openai,fal]"]


def test_the_users_number_can_be_given() -> None:
    """In bash `UID` is no variable of the environment, and cannot be made one: compose.yaml asks for another name."""
    arguments = COMPOSE["services"]["clash"]["build"]["args"]
    assert re.search(rf"^ARG {next(iter(arguments))}=", DOCKERFILE, flags=re.MULTILINE)
    assert arguments == {"UID": "${HOST_UID:-1000}"}
