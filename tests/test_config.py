"""Settings: the environment overrides `.env`, `.env` overrides the default, and unusable values are named."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from decimal import Decimal
from pathlib import Path

import pytest

from clash.config import FIELDS, load_settings, setting_names
from clash.errors import SettingsError, UsageError
from clash.frame_size import parse_size
from clash.setting_faults import example_of

VARIABLES = setting_names()


@pytest.fixture(autouse=True)
def nothing_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty folder, and no variable of clash."""
    monkeypatch.chdir(tmp_path)
    for name in os.environ:
        if name.upper() in VARIABLES:
            monkeypatch.delenv(name)


def refused() -> SettingsError:
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert caught.value.exit_code == 4
    return caught.value


def test_without_settings_the_defaults_apply() -> None:
    """A fresh folder: SQLite and files below ./data, the free local models, no budget."""
    settings = load_settings()
    assert settings.database_url == "sqlite:///./data/checkpoints.db"
    assert settings.asset_store == "file://./data/assets"
    assert settings.output_dir == Path("output")
    assert {
        getattr(settings, f"{kind}_model").partition(":")[0] for kind in ("screenplay", "image", "video", "speech")
    } == {"local"}
    assert (settings.size, settings.fps, settings.concurrency, settings.budget) == ("1280x720", 24, None, None)


def test_the_environment_overrides_dot_env(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of two settings comes from the nearest place that has it."""
    Path(".env").write_text("CLASH_FPS=12\nCLASH_SIZE=640x360\nSOMETHING_ELSE=1\n", encoding="utf-8")
    monkeypatch.setenv("CLASH_SIZE", "320x180")
    settings = load_settings()
    assert (settings.fps, settings.size) == (12, "320x180")


def test_only_the_working_directory_has_a_dot_env(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A `.env` of a parent folder belongs to another project."""
    Path(".env").write_text("CLASH_FPS=12\n", encoding="utf-8")
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    assert load_settings().fps == 24


@pytest.mark.parametrize("name", ["SIZE", "FPS", "BUDGET", "LIMITS", "ATTEMPTS", "OUTPUT_DIR", "IMAGE_MODEL"])
def test_variables_of_other_programs_are_ignored(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Only the names that are documented count: somebody's SIZE or BUDGET changes no film."""
    before = load_settings()
    monkeypatch.setenv(name, "5")
    Path(".env").write_text(f"{name.lower()}=6\n", encoding="utf-8")
    assert load_settings() == before


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CLASH_FPS", "fast"),
        ("CLASH_FPS", "7"),
        ("CLASH_FPS", "61"),
        ("CLASH_FPS", "nan"),
        ("CLASH_SIZE", "big"),
        ("CLASH_SIZE", "1281x720"),
        ("CLASH_SIZE", "10x10"),
        ("CLASH_SIZE", "9999x9998"),
        ("CLASH_SIZE", ""),
        ("CLASH_CONCURRENCY", "0"),
        ("CLASH_CONCURRENCY", "-1"),
        ("CLASH_CONCURRENCY", "many"),
        ("CLASH_BUDGET", "-0.01"),
        ("CLASH_BUDGET", "nan"),
        ("CLASH_BUDGET", "1e99"),
        ("CLASH_BUDGET", "five"),
        ("CLASH_ATTEMPTS", "0"),
        ("CLASH_RETRY_WAIT_S", "-1"),
        ("CLASH_LIMITS", "fast"),
        ("CLASH_LIMITS", "[1]"),
        ("CLASH_LIMITS", '{"fal": {"concurrency": 0}}'),
        ("CLASH_LIMITS", '{"fal": {"requests_per_minute": 0}}'),
        ("CLASH_LIMITS", '{"fal": {"concurrencies": 3}}'),
    ],
)
@pytest.mark.parametrize("where", ["environment", ".env"])
def test_a_value_that_cannot_be_used_names_its_variable(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, where: str
) -> None:
    """Exit 4 and the variable's own name, wherever it was set."""
    if where == "environment":
        monkeypatch.setenv(name, value)
    else:
        Path(".env").write_text(f"{name}='{value}'\n", encoding="utf-8")
    assert name in refused().message


def test_settings_are_never_changed_in_place() -> None:
    """A changed copy has the other value, counts it as given, and leaves the first as it was."""
    before = load_settings()
    after = before.changed(fps=12)
    assert (before.fps, after.fps) == (24, 12)
    assert ("fps" in before.given, "fps" in after.given) == (False, True)
    assert before == load_settings() != after
    with pytest.raises(AttributeError):
        before.fps = 12


def test_values_are_read_as_they_are_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    """Money exactly, limits by provider, empty for unset where that means something."""
    monkeypatch.setenv("CLASH_BUDGET", "0.10")
    monkeypatch.setenv("CLASH_LIMITS", '{"fal": {"concurrency": 8, "requests_per_minute": 60}}')
    monkeypatch.setenv("CLASH_CONCURRENCY", "")
    monkeypatch.setenv("CLASH_OUTPUT_DIR", "films/new")
    monkeypatch.setenv("CLASH_SIZE", " 640 X 360 ")
    settings = load_settings()
    assert settings.budget == Decimal("0.10")
    assert settings.limits["fal"].concurrency == 8
    assert settings.concurrency is None
    assert settings.output_dir == Path("films/new")
    assert parse_size(settings.size) == (640, 360)
    monkeypatch.setenv("CLASH_BUDGET", "")
    monkeypatch.setenv("CLASH_LIMITS", "")
    assert load_settings().budget is None
    assert load_settings().limits == {}


def test_a_secret_in_a_wrong_variable_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the variable, never its value."""
    monkeypatch.setenv("CLASH_FPS", "sk-very-secret")
    error = refused()
    assert "secret" not in f"{error.message} {error.hint}"


@pytest.mark.parametrize("content", [b"\xff\xfeC\x00L\x00", b"CLASH_FPS=\xe9\n"])
def test_a_binary_dot_env_is_reported(content: bytes) -> None:
    """Saved as UTF-16 or Latin-1: exit 4, and the file is named."""
    Path(".env").write_bytes(content)
    assert ".env" in refused().message


def test_an_unreadable_dot_env_is_reported(
    open_folder: Path, monkeypatch: pytest.MonkeyPatch, unprivileged: Callable[[], AbstractContextManager[None]]
) -> None:
    """No permission: exit 4, not a default that nobody asked for."""
    monkeypatch.chdir(open_folder)
    Path(".env").write_text("CLASH_FPS=12\n", encoding="utf-8")
    Path(".env").chmod(0)
    load = refused
    with unprivileged():
        assert ".env" in load().message


@pytest.mark.parametrize("text", ["", "x", "1280", "1280x", "-1280x720", "1280x720x3", "1280x720\n1", "128000x720"])
def test_an_impossible_size_is_refused(text: str) -> None:
    """Exit 2, and an example or a reason."""
    with pytest.raises(UsageError) as caught:
        parse_size(text)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("name", [name for name, one in FIELDS.items() if one.default is not None])
def test_defaults_are_what_reading_them_gives(name: str) -> None:
    """A default is used as it is written, so it has the type and form that a value from outside gets."""
    one = FIELDS[name]
    read = one.read(one.default)
    assert (type(read), read) == (type(one.default), one.default)


def test_all_bad_settings_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each with its value, where it was found, what is expected, and an example."""
    Path(".env").write_text("# money\n\nCLASH_BUDGET=1\nCLASH_BUDGET=lots\n", encoding="utf-8")
    monkeypatch.setenv("CLASH_FPS", "abc")
    monkeypatch.setenv("CLASH_LIMITS", "{bad")
    error = refused()
    assert error.message.startswith("3 settings cannot be used: ")
    assert "CLASH_BUDGET: 'lots' is not an amount in dollars from 0 to 1000000 (in .env, line 4)" in error.message
    assert "CLASH_FPS: 'abc' is not a whole number from 8 to 60 (in the environment)" in error.message
    assert "CLASH_LIMITS: '{bad' is not JSON (line 1, column 2 cannot be read)" in error.message
    assert "CLASH_FPS=24" in (error.hint or "")


@pytest.mark.parametrize("name", sorted(VARIABLES))
def test_the_example_of_a_setting_can_be_used(name: str) -> None:
    """What a hint says to type is what the setting takes."""
    one = next(one for one in FIELDS.values() if one.variable == name)
    one.value_of(example_of(name, one.default).strip("'"))


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("CLASH_LIMITS", '{"fal":"x"}', "CLASH_LIMITS.fal cannot be used: 'x' is not a JSON object"),
        ("CLASH_LIMITS", '{"fal": {"many": 1}}', "no 'many' in it; known: concurrency, requests_per_minute"),
        ("CLASH_PRESETS", '{"a": {"imag": "x"}}', "'imag' is not one of 'screenplay', 'image', 'video', 'speech'"),
        ("CLASH_CHAIN", "maybe", "'maybe' is neither true nor false"),
        ("CLASH_RETENTION", "steps", "'steps' is not a JSON object"),
        ("CLASH_D1_REQUESTS", "1", "'1' is not a whole number, at least 10"),
        ("CLASH_CALL_TIMEOUT_S", "soon", "'soon' is not a number"),
    ],
)
def test_a_bad_value_is_told_in_plain_words(monkeypatch: pytest.MonkeyPatch, name: str, value: str, says: str) -> None:
    """The words are not those of a library."""
    monkeypatch.setenv(name, value)
    message = refused().message
    assert says in message
    assert "Input should" not in message


def test_a_value_that_may_hold_a_password_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """An address is not repeated, under whatever name it was set."""
    for name in ("OPENAI_BASE_URL", "CLASH_WEBHOOK", "CLASH_BUDGET", "CLASH_LIMITS", "CLASH_SIZE"):
        monkeypatch.setenv(name, "ftp://me:hunter22hunter@host.example")
    error = refused()
    assert error.message.startswith("5 settings")
    assert "hunter22" not in f"{error.message}{error.hint}"


def test_settings_are_never_changed() -> None:
    """Neither set nor deleted, and what one of them holds by default is not another's."""
    one, other = load_settings(), load_settings()
    with pytest.raises(AttributeError, match="never changed: fps"):
        one.fps = 12
    with pytest.raises(AttributeError, match="never changed: fps"):
        del one.fps
    assert (one.fps, one) == (24, other)
    assert one.limits == other.limits
    assert one.limits is not other.limits
