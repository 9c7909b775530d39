"""`clash doctor`: what is set and from where, what is missing, and what to do about it."""

from __future__ import annotations

import importlib.metadata
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from emulator import Emulator
from filming import Ran, clash, environment

from clash.installation import install_command

NOTHING = {"OPENAI_API_KEY": "", "FAL_KEY": ""}


def settings_of(ended: Ran) -> dict[str, dict[str, Any]]:
    """The settings that were shown, by name."""
    return {item["setting"]: item for item in ended.document["settings"]}


def checks_of(ended: Ran) -> dict[str, dict[str, Any]]:
    """The checks that were made, by name."""
    return {check["check"]: check for check in ended.document["checks"]}


def test_a_fresh_folder_is_fine(tmp_path: Path) -> None:
    """Without a key and without a database, a film can be made: nothing is asked, nothing written."""
    ended = clash(tmp_path, "doctor", "--json", env=environment(**NOTHING))
    assert (ended.code, ended.document["ok"]) == (0, True)
    assert checks_of(ended)["screenplay model"]["says"] == "local:screenwriter"
    assert "the first run makes it" in checks_of(ended)["database"]["says"]
    assert list(tmp_path.iterdir()) == []


def test_every_setting_is_shown_with_where_it_comes_from(tmp_path: Path) -> None:
    """Environment, `.env`, default; a key by its last four letters only."""
    (tmp_path / ".env").write_text("CLASH_FPS=12\nFAL_KEY=0123456789abcdef:secretf3a9\n", encoding="utf-8")
    env = environment(OPENAI_API_KEY="", CLASH_SIZE="640x360")
    del env["OPENAI_API_KEY"]
    env.pop("FAL_KEY", None)
    ended = clash(tmp_path, "doctor", "--offline", "--json", env=env)
    shown = settings_of(ended)
    assert (shown["CLASH_FPS"]["value"], shown["CLASH_FPS"]["source"]) == ("12", ".env")
    assert (shown["CLASH_SIZE"]["value"], shown["CLASH_SIZE"]["source"]) == ("640x360", "environment")
    assert (shown["CLASH_BUDGET"]["value"], shown["CLASH_BUDGET"]["source"]) == (None, "default")
    assert (shown["FAL_KEY"]["value"], shown["FAL_KEY"]["source"]) == ("***f3a9", ".env")
    assert "secretf3a9" not in ended.out


def test_a_missing_key_is_told_with_what_to_do(tmp_path: Path) -> None:
    """The models of the preset need two keys: two checks fail, the exit code is 1, the hint says where keys go."""
    ended = clash(tmp_path, "doctor", "--json", env=environment(**NOTHING, CLASH_PRESET="final"))
    assert (ended.code, ended.document["ok"]) == (1, False)
    failed = {name for name, check in checks_of(ended).items() if not check["ok"]}
    assert failed == {"screenplay model", "image model", "video model", "speech model"}
    assert "OPENAI_API_KEY is not set" in ended.err
    assert ".env" in ended.err


def test_vendors_are_asked_with_a_call_that_costs_nothing(tmp_path: Path, vendors: Emulator) -> None:
    """A good key is told; no chat, no picture, no job is asked for."""
    ended = clash(tmp_path, "doctor", "--json", env=environment(**vendors.environment))
    checks = checks_of(ended)
    assert ended.code == 0, ended.err
    assert checks["fal"]["says"].endswith("the key is good")
    assert "models" in checks["openai"]["says"]
    assert vendors.submits() == []
    assert all(entry["method"] == "GET" for entry in vendors.journal())
    assert settings_of(ended)["CLASH_ALLOW_HOSTS"]["value"] == vendors.url.removeprefix("http://")


def test_a_key_that_is_refused_is_told(tmp_path: Path, vendors: Emulator) -> None:
    """401 from both."""
    vendors.fault("^/(v1|fal)/", "answer", times=9, status=401, body={"error": {"message": "bad key"}, "detail": "bad"})
    ended = clash(tmp_path, "doctor", "--json", env=environment(**vendors.environment))
    checks = checks_of(ended)
    assert ended.code == 1
    assert (checks["openai"]["ok"], checks["openai"]["hint"]) == (False, "check OPENAI_API_KEY")
    assert (checks["fal"]["ok"], checks["fal"]["hint"]) == (False, "check FAL_KEY")


def test_offline_asks_nobody(tmp_path: Path, vendors: Emulator) -> None:
    """`--offline`: no request leaves."""
    ended = clash(tmp_path, "doctor", "--offline", "--json", env=environment(**vendors.environment))
    assert ended.code == 0, ended.err
    assert vendors.journal() == []


def test_optional_packages_are_listed_with_how_to_get_them(tmp_path: Path) -> None:
    """Each has a version, or the command that brings it."""
    ended = clash(tmp_path, "doctor", "--offline", "--json", env=environment(**NOTHING))
    packages = {item["package"]: item for item in ended.document["extras"]}
    assert packages["openai"]["version"]
    assert {"hibari-tts", "onnxruntime", "obstore", "fal-client", "keyring"} <= set(packages)
    there = {
        distribution.name.replace("_", "-"): distribution.version for distribution in importlib.metadata.distributions()
    }
    for item in packages.values():
        assert item["version"] == there.get(item["package"])
        assert (item["version"] is None) != (item["install"] is None)
        assert item["install"] in (None, install_command(item["extra"]))


def test_what_is_wrong_comes_first() -> None:
    """The checks stand before the settings, failed ones first; where nothing is wrong, the last line says so."""
    from clash.cli.doctor import render_diagnosis
    from clash.cli.layout import Remark, Table

    good = {"check": "disk", "ok": True, "says": "", "hint": None}
    bad = {**good, "check": "database", "ok": False}
    document = {"version": "1", "python": "3", "platform": "p", "settings": [], "extras": [], "checks": [good, bad]}
    _, checks, *_, last = render_diagnosis(document)
    assert isinstance(checks, Table)
    assert [check["check"] for check in checks.rows] == ["database", "disk"]
    assert not isinstance(last, Remark), "the errors come after it"
    *_, last = render_diagnosis({**document, "checks": [good]})
    assert last == Remark("every check is good (1)", "green")


def test_settings_that_cannot_be_used_are_findings(tmp_path: Path) -> None:
    """All of them and the other checks: the exit code is 1, and the defaults are in force."""
    (tmp_path / ".env").write_text("\nCLASH_BUDGET=lots\n", encoding="utf-8")
    ended = clash(tmp_path, "doctor", "--offline", "--json", env=environment(**NOTHING, CLASH_FPS="abc"))
    checks = checks_of(ended)
    assert (ended.code, ended.document["ok"]) == (1, False)
    assert checks["CLASH_FPS"]["says"] == "'abc' is not a whole number from 8 to 60 (in the environment)"
    assert checks["CLASH_BUDGET"]["hint"] == "for example CLASH_BUDGET=20"
    assert "line 2" in checks["CLASH_BUDGET"]["says"]
    assert checks["disk"]["ok"]
    assert settings_of(ended)["CLASH_FPS"] == {"setting": "CLASH_FPS", "value": "24", "source": "default"}


def _directory(path: Path) -> None:
    path.mkdir()


def _content(content: bytes, path: Path) -> None:
    path.write_bytes(content)


def _unsearchable(path: Path) -> None:
    path.symlink_to(path)  # a loop: nobody can open it, the administrator neither


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (_directory, "is a folder"),
        (partial(_content, b"CLASH_FPS=\xff"), "line 1 is not UTF-8"),
        (partial(_content, "CLASH_FPS=12".encode("utf-16")), "UTF-16"),
        pytest.param(
            _unsearchable,
            "cannot be read",
            marks=pytest.mark.skipif(sys.platform == "win32", reason="links need rights there"),
        ),
    ],
    ids=["a folder", "not UTF-8", "UTF-16", "a loop of links"],
)
def test_an_unreadable_dotenv_is_one_failed_check(tmp_path: Path, spoil: Callable[[Path], object], says: str) -> None:
    """It is named with what to do about it, and everything else is checked as without it."""
    plain = clash(tmp_path, "doctor", "--offline", "--json", env=environment(**NOTHING))
    spoil(tmp_path / ".env")
    ended = clash(tmp_path, "doctor", "--offline", "--json", env=environment(**NOTHING))
    assert ended.code == 1
    first, *others = ended.document["checks"]
    assert (first["check"], first["ok"]) == (".env", False)
    assert says in first["says"]
    assert first["hint"]
    assert [(one["check"], one["ok"]) for one in others] == [
        (one["check"], one["ok"]) for one in plain.document["checks"]
    ]
    assert f"error: .env: {first['says']}" in ended.err
    assert clash(tmp_path, "run", "story.csv", env=environment(**NOTHING)).code == 4, (
        "what acts on the settings refuses"
    )
