"""What cannot be right in a vendor's models is refused by its key; what is free or short can be used as it is."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from filming import clash, environment, shot_list
from http_vendors.comfyui import still
from test_vendor_files import ACME, written

from clash.config import Settings
from clash.errors import SettingsError, UsageError
from clash.providers.http.files import read_vendor_file
from clash.providers.registry import Registry

SIZES = 'sizes = ["1280x720", "1024x1024", "720x1280"]'
RANGE = "duration_range_s = [3, 10]"
RESOLUTIONS = '"1080p" = 1080'

WRONG = [
    *(
        (SIZES, f'{SIZES}\naspect_ratios = ["{shape}"]', "models.1.aspect_ratios")
        for shape in ("16x9", "0:9", "-16:9", "16:0", "", "16:", "1e9:9", "nan:1")
    ),
    *((SIZES, f'sizes = ["{size}"]', "models.1.sizes") for size in ("1280by720", "0x0", "", "1280x", "1280x720x3")),
    ('id = "still"', 'id = ""', "models.1.id"),
    ('id = "still"', 'id = " "', "models.1.id"),
    (RANGE, "duration_range_s = [9, 3]", "models.0.duration_range_s"),
    (RANGE, "duration_range_s = [0, 3]", "models.0.duration_range_s"),
    (RANGE, "durations_s = []", "models.0.durations_s"),
    (RANGE, "durations_s = [4, -4]", "models.0.durations_s"),
    (RANGE, f"{RANGE}\ndurations_with_last_frame = []", "models.0.durations_with_last_frame"),
    (RANGE, f'{RANGE}\ndurations_at = {{ "720p" = [0] }}', "models.0.durations_at"),
    (RESOLUTIONS, '"1080p" = 0', "models.0.resolutions"),
    ('running = ["working"]', 'running = ["working", "done"]', "endpoints.clips: `states` has 'done' under running"),
    ("checked_on = 2026-11-27", "checked_on = 2999-01-01", "checked_on"),
    ('price = "0.03"', 'price = "0.03", checked_on = 2999-01-01', "models.1 (still).prices.0.checked_on"),
    ('unit = "image"', 'unit = "second"', "models.1 (still).prices.0.unit"),
    ('kind = "video"', 'kind = "vidoe"', "models.0.kind: must be one of: 'image', 'video', 'speech'"),
]


@pytest.mark.parametrize(("right", "wrong", "key"), WRONG)
def test_what_cannot_be_right_is_refused(tmp_path: Path, right: str, wrong: str, key: str) -> None:
    """One fault, by its key, also where it is in the only model: no second one that is not there."""
    assert right in ACME
    text = ACME.replace(right, wrong, 1)
    with pytest.raises(SettingsError) as caught:
        read_vendor_file(written(tmp_path, text))
    assert f"acme.toml: {key}" in caught.value.message
    assert (caught.value.code, caught.value.exit_code) == ("bad_vendor_file", 4)
    assert "pydantic" not in caught.value.message


def test_a_wrong_value_in_the_only_model_is_one_fault(tmp_path: Path) -> None:
    """The list of models is not said to be too short because its only model is wrong."""
    only = ACME[: ACME.rindex("[[models]]")]
    with pytest.raises(SettingsError) as caught:
        read_vendor_file(written(tmp_path, only.replace("seed = true", 'seed = "often"')))
    assert caught.value.message.endswith("acme.toml: models.0.seed: must be true or false")


def test_a_wrong_file_is_refused_by_every_command(tmp_path: Path) -> None:
    """`models`, `models check` and `run` end with exit 4; doctor names the file, even where it asks nobody."""
    written(tmp_path, ACME.replace(SIZES, 'sizes = ["1280by720"]'))
    env = environment(CLASH_PROVIDERS_DIR=".")
    story = str(shot_list(tmp_path / "story.csv", 1))
    for words in (["models"], ["models", "check", "acme.toml"], ["run", story, "--image-model", "acme:still"]):
        ended = clash(tmp_path, *words, "--json", env=env)
        assert (ended.code, ended.document["error"]["code"]) == (4, "bad_vendor_file"), words
        assert "models.1.sizes: '1280by720'" in ended.err
    looked = clash(tmp_path, "doctor", "--offline", "--json", env=env)
    checks = {check["check"]: check for check in looked.document["checks"]}
    assert looked.code == 1
    assert "models.1.sizes: '1280by720'" in checks["acme"]["says"]


@pytest.mark.parametrize(
    ("lengths", "seconds"),
    [
        ("durations_s = [4]", 4),
        ("duration_range_s = [1, 2]", 2),
        ("durations_s = [6, 10]", 6),
        ('durations_s = [8]\ndurations_at = { "720p" = [3], "1080p" = [3] }', 3),
        ("durations_s = [8]\ndurations_with_last_frame = [2]", 2),
    ],
)
def test_a_sample_is_as_long_as_clips_can_be(tmp_path: Path, lengths: str, seconds: int) -> None:
    """A vendor whose clips are shorter than the sample's usual 5 seconds is checked with a shorter one."""
    written(tmp_path, ACME.replace(RANGE, lengths))
    checked = clash(tmp_path, "models", "check", "acme.toml", "--json")
    assert checked.code == 0, checked.err
    assert checked.document["requests"][0]["body"]["seconds"] == seconds
    assert checked.document["models"][0]["makes"] == f"720p, {seconds} s"


@pytest.mark.parametrize(
    ("spec", "base_url", "needed"),
    [
        ("ollama:qwen3:8b", None, False),
        ("lmstudio:any", None, False),
        ("openai:any", "http://localhost:8000/v1", False),
        ("openai:any", "https://gateway.example/v1", True),
        ("openai:gpt-5-mini", None, True),
    ],
)
def test_what_is_free_needs_no_price_list(
    monkeypatch: pytest.MonkeyPatch, spec: str, base_url: str | None, needed: bool
) -> None:
    """`genai-prices` is asked for only where tokens are paid for."""
    monkeypatch.setitem(sys.modules, "genai_prices", None)
    key = "sk-not-a-key" if needed else None
    settings = Settings(**{"CLASH_SCREENPLAY_BASE_URL": base_url, "CLASH_SCREENPLAY_API_KEY": key})
    model = Registry(settings).model("screenplay", spec)
    if not needed:
        model.require()
        return
    with pytest.raises(SettingsError) as caught:
        model.require()
    assert caught.value.code == "missing_extra"
    assert "genai-prices" in caught.value.message


def test_a_free_model_names_the_package_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without `openai`, what is missing for Ollama is that package, by the command that installs it."""
    monkeypatch.setitem(sys.modules, "openai", None)
    with pytest.raises(SettingsError) as caught:
        Registry(Settings()).model("screenplay", "ollama:qwen3:8b").require()
    assert "the package openai is not installed" in caught.value.message
    assert "[openai]" in str(caught.value.hint)


def test_a_missing_kind_of_workflow_is_told(tmp_path: Path) -> None:
    """With pictures alone, `local-gpu` says which workflow is missing, and by which title it is known."""
    (tmp_path / "still.json").write_text(json.dumps(still()), encoding="utf-8")
    settings = Settings(**{"CLASH_COMFYUI_DIR": tmp_path})
    with pytest.raises(UsageError) as caught:
        Registry(settings).model("video", "comfyui")
    assert caught.value.hint == "export a workflow that makes clips (clash:keyframe) into CLASH_COMFYUI_DIR"
