"""`clash models`: what can be named, what it costs, what key it needs; and presets of one's own."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from filming import clash, environment
from http_vendors.comfyui import still
from rich.console import Console

from clash.cli.layout import Block, print_to_terminal
from clash.cli.models import render_checked, render_models

NOTHING = {"OPENAI_API_KEY": "", "FAL_KEY": ""}


def test_models_are_shown_with_price_key_and_preset(tmp_path: Path) -> None:
    """Every kind has a free local model and a paid one; what is missing for a paid one is said."""
    document = clash(tmp_path, "models", "--json", env=environment(**NOTHING)).document
    items = {item["model"]: item for item in document["items"]}
    assert {item["kind"] for item in items.values()} == {"screenplay", "image", "video", "speech"}
    assert items["local:voice"]["price"] == "free"
    banana = items["fal:fal-ai/nano-banana-2"]
    assert (banana["price"], banana["key"], banana["key_present"], banana["presets"]) == (
        "$0.08 / image",
        "FAL_KEY",
        False,
        ["final"],
    )
    assert banana["prices"][0]["source"].startswith("https://fal.ai/")
    assert items["openai:gpt-5-mini"]["price"] == "$0.25 / million input tokens; $2 / million output tokens"


def test_one_kind_can_be_asked_for(tmp_path: Path) -> None:
    """`--kind video` shows clips' models only, one line each."""
    ended = clash(tmp_path, "models", "--kind", "video", env=environment(**NOTHING))
    table, _ = ended.out.split("\n\n")
    assert {line.split("\t")[0] for line in table.splitlines()[1:]} == {"video"}


def test_no_secret_is_shown(tmp_path: Path) -> None:
    """That a key is set, and nothing of it."""
    ended = clash(tmp_path, "models", "--json", env=environment(FAL_KEY="very-secret-key-of-mine"))
    assert "very-secret" not in ended.out
    assert next(item for item in ended.document["items"] if item["key"] == "FAL_KEY")["key_present"] is True


def test_models_and_presets_of_one_s_own_are_shown(tmp_path: Path) -> None:
    """A file of models overrides ours, and a preset of the settings stands beside draft and final."""
    (tmp_path / "mine.toml").write_text(
        '[[models]]\nprovider = "fal"\nid = "acme/draw"\nkind = "image"\nresult = "image.url"\n', encoding="utf-8"
    )
    presets = json.dumps({"cheap": {"image": "fal:acme/draw"}})
    env = environment(**NOTHING, CLASH_MODELS_FILE="mine.toml", CLASH_PRESETS=presets)
    document = clash(tmp_path, "models", "--json", env=env).document
    mine = next(item for item in document["items"] if item["model"] == "fal:acme/draw")
    assert (mine["price"], mine["presets"]) == ("unknown", ["cheap"])
    assert [preset["name"] for preset in document["presets"]] == ["cheap", "draft", "final", "final-cn", "local-gpu"]


def plan(folder: Path, *flags: str, **env: str) -> dict[str, str]:
    """The models that a run would use, by what it would make."""
    (folder / "s.csv").write_text("description,narration\nA boat.,It rained.\n", encoding="utf-8")
    ended = clash(folder, "run", "s.csv", "--dry-run", "--json", *flags, env=environment(**NOTHING, **env))
    assert ended.code == 0, ended.err
    return {line["kind"]: line["model"] for line in ended.document["by_step"]}


def test_a_flag_overrides_preset_and_settings(tmp_path: Path) -> None:
    """The nearest word holds, for each kind by itself."""
    assert set(plan(tmp_path).values()) == {
        "local:screenwriter",
        "local:illustrator",
        "local:cinematographer",
        "local:voice",
    }
    assert plan(tmp_path, "--preset", "draft")["image"] == "fal:fal-ai/flux-2/turbo"
    chosen = plan(
        tmp_path, "--preset", "draft", "--image-model", "local:illustrator", CLASH_SCREENPLAY_MODEL="openai:gpt-5"
    )
    assert (chosen["image"], chosen["screenplay"]) == ("local:illustrator", "openai:gpt-5-mini")
    by_settings = plan(tmp_path, CLASH_PRESET="draft", CLASH_SCREENPLAY_MODEL="openai:gpt-5")
    assert (by_settings["image"], by_settings["screenplay"]) == ("fal:fal-ai/flux-2/turbo", "openai:gpt-5")


@pytest.mark.parametrize("how", ["flag", "setting"])
def test_a_preset_that_nobody_defined_is_named(tmp_path: Path, how: str) -> None:
    """Exit 2, with those that are known."""
    (tmp_path / "s.csv").write_text("description\nA boat.\n", encoding="utf-8")
    flags = ("--preset", "nope") if how == "flag" else ()
    env = environment(**NOTHING, **({} if how == "flag" else {"CLASH_PRESET": "nope"}))
    ended = clash(tmp_path, "run", "s.csv", "--dry-run", *flags, env=env)
    assert ended.code == 2
    assert "no preset 'nope'; known: draft, final, final-cn, local-gpu" in ended.err


def test_no_model_s_name_is_broken_at_a_terminal(tmp_path: Path) -> None:
    """In a terminal of 80 columns every model can be copied whole, and no line is wider."""
    (tmp_path / "mine.json").write_text(json.dumps(still()), encoding="utf-8")
    env = environment(**NOTHING, CLASH_COMFYUI_DIR=".")
    listed = clash(tmp_path, "models", "--json", env=env).document
    names = {item["model"] for item in listed["items"]}
    assert {"comfyui:mine", "fal:fal-ai/ltx-2/image-to-video/fast"} <= names
    of_presets = {str(value) for preset in listed["presets"] for value in preset.values()}
    assert not broken(names | of_presets, render_models(listed))
    vendors = Path(__file__).parent.parent / "clash" / "providers" / "http" / "vendors"
    for file in (vendors / "minimax.toml", vendors / "ark.toml", tmp_path / "mine.json"):
        checked = clash(tmp_path, "models", "check", str(file), "--json", env=env).document
        assert not broken({model["model"] for model in checked["models"]}, render_checked(checked))


def broken(names: set[str], blocks: list[Block]) -> list[str]:
    """The names that cannot be copied from a terminal of 80 or 120 columns, in which no line is wider."""
    found: list[str] = []
    for width in (80, 120):
        stream = io.StringIO()
        print_to_terminal(blocks, Console(file=stream, width=width))
        shown = stream.getvalue()
        assert max(len(line) for line in shown.splitlines()) <= width
        found += [name for name in names if name not in shown]
    return found
