"""The languages of speech models: one that a chosen model does not speak is refused before anything is paid."""

from __future__ import annotations

from pathlib import Path

import pytest
from filming import Ran, clash, environment

from clash.config import Settings
from clash.errors import UsageError
from clash.local import LocalProvider
from clash.production.spoken_languages import check_speech
from clash.providers.fal import FalProvider
from clash.providers.model_limits import spoken_in
from clash.providers.registry import Model
from clash.story.screenplay import Beat, Line, Story

CARD = """
[[models]]
provider = "fal"
id = "acme/speaker"
kind = "speech"
result = "audio.url"
arguments = { prompt = "$text", voice = "$voice" }

[models.languages.en]
narrator = "ann"
female = ["bea"]
male = ["carl"]
"""
CHINESE = "镜号,画面,台词\n1,空镜,\n2,小禾推门,小禾：有人吗？\n"


def story(*texts: str, language: str = "en") -> Story:
    beats = tuple(
        Beat(row=row, description="A room.", dialogue=(Line(speaker="Mara", text=text),) if text else ())
        for row, text in enumerate(texts, start=2)
    )
    return Story.model_validate(
        {"title": "T", "kind": "shot_list", "language": language, "beats": beats, "sha256": "0"}
    )


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings with one speech model beside those that clash knows, which speaks English alone."""
    (tmp_path / "models.toml").write_text(CARD)
    return Settings().changed(models_file=tmp_path / "models.toml")


@pytest.mark.parametrize(
    ("language", "known", "found"),
    [
        ("en", ("en", "zh"), "en"),
        ("zh-Hant-TW", ("en", "zh"), "zh"),
        ("pt", ("pt-BR",), "pt-BR"),
        ("pt-PT", ("pt-BR", "pt-PT"), "pt-PT"),
        ("es", ("en", "zh"), None),
        ("es", (), None),
    ],
)
def test_a_tag_is_served_by_its_language(language: str, known: tuple[str, ...], found: str | None) -> None:
    """A region or a script makes no other language; the exact tag goes first."""
    assert spoken_in(language, known) == found


def test_a_model_that_speaks_the_language_is_let_through(settings: Settings) -> None:
    """Kokoro speaks English and Chinese, so a film of both is neither refused nor warned of."""
    model = Model(FalProvider(settings), "fal-ai/kokoro")
    assert check_speech(story("Hello.", "你好。", language="zh"), model, settings) == ()


def test_a_paid_model_is_refused_for_one_line(settings: Settings) -> None:
    """The row of the line, its language and the models that speak it are named."""
    model = Model(FalProvider(settings), "acme/speaker")
    with pytest.raises(UsageError, match="row 3, zh") as refused:
        check_speech(story("Hello.", "你好。"), model, settings)
    assert refused.value.code == "no_voice"
    assert refused.value.hint is not None
    assert "fal:fal-ai/kokoro" in refused.value.hint


def test_the_free_voice_keeps_time_and_says_so_once(settings: Settings) -> None:
    """A film in a language that the offline voice lacks is made with silence, with one warning."""
    model = Model(LocalProvider(), "voice")
    (warning,) = check_speech(story("你好。", "再见。", language="zh"), model, settings)
    assert "Chinese" in warning
    assert "silence, with subtitles" in warning


def test_a_story_without_words_has_no_language(settings: Settings) -> None:
    """A shot list in which nobody speaks needs no voice."""
    assert check_speech(story("", ""), Model(FalProvider(settings), "acme/speaker"), settings) == ()


def test_a_provider_that_says_nothing_speaks_all(settings: Settings) -> None:
    """A plug-in that does not tell its languages is neither refused nor warned of."""

    class Plug:
        name, endpoint, idempotent, concurrency = "plug", "plug", True, 1

    assert check_speech(story("你好。"), Model(Plug(), "voice"), settings) == ()  # pyright: ignore[reportArgumentType]


def run(folder: Path, *arguments: str) -> Ran:
    (folder / "models.toml").write_text(CARD)
    (folder / "story.csv").write_text(CHINESE, encoding="utf-8")
    env = environment(CLASH_MODELS_FILE="models.toml", FAL_KEY="key-of-the-tests:0123456789")
    return clash(folder, "run", "story.csv", *arguments, env=env)


@pytest.mark.parametrize("more", [(), ("--dry-run",)])
def test_run_refuses_before_anything_is_made(tmp_path: Path, more: tuple[str, ...]) -> None:
    """Exit 2 with the code `no_voice`; neither a database nor a folder is created."""
    ran = run(tmp_path, "--speech-model", "fal:acme/speaker", "--json", *more)
    assert ran.code == 2
    assert "no_voice" in ran.out + ran.err
    assert "row 3" in ran.out + ran.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["models.toml", "story.csv"]


def test_a_dry_run_warns_of_the_silence(tmp_path: Path) -> None:
    """The estimate holds the warning, and standard error says it once."""
    ran = run(tmp_path, "--dry-run", "--json")
    assert ran.code == 0, ran.err
    assert [warning for warning in ran.document["warnings"] if "clash voices get zh" in warning]
    assert ran.err.count("No Chinese voice is installed") == 1
