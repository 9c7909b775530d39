"""A whole film through real models: the vendors' own SDKs against the emulator, every file real and decoded."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest
from emulator import Emulator
from emulator.material import CLIP_S, CLIPS, PICTURES, SPEECH, at_work, job, picture, story_of
from filming import SMALL, Ran, clash, environment, shot_list

from clash.film.inspection import inspect_film

STORY = Path(__file__).parent.parent / "examples" / "lighthouse.csv"
FINAL = ("--preset", "final", *SMALL)


def film(folder: Path, vendors: Emulator, *arguments: str) -> Ran:
    """Run clash against the emulator."""
    return clash(folder, *arguments, env=environment(**vendors.environment))


def paid(vendors: Emulator) -> Counter[str]:
    """How often each model was paid for, by the emulator's journal."""
    return Counter(str(entry["body"]["model"]) for entry in vendors.submits())


def test_a_film_of_real_models_costs_what_the_vendors_bill(tmp_path: Path, vendors: Emulator) -> None:
    """`run --preset final` makes the example's film from vendors' files, and `cost` agrees with their journal."""
    story = story_of(STORY)
    at_work(vendors, story)
    estimate = film(tmp_path, vendors, "run", str(STORY), *FINAL, "--dry-run", "--json")
    assert estimate.code == 0, estimate.err
    assert Decimal(estimate.document["total_usd"]) > 0
    assert vendors.journal() == [], "a dry run asks nobody"

    made = film(tmp_path, vendors, "run", str(STORY), *FINAL, "--thread", "f", "--budget", "5", "--json")
    assert made.code == 0, made.err
    facts = inspect_film(tmp_path / made.document["film"]["path"])
    assert facts.frames / 8 == pytest.approx(made.document["film"]["duration_s"], abs=0.1)
    assert facts.frames >= len(story.beats) * 3 * 8

    asked, shots = paid(vendors), len(story.beats)
    assert asked["gpt-5.4"] == 1
    assert asked[CLIPS] == shots
    assert asked[PICTURES[1]] == shots, "every keyframe is drawn from references"
    assert asked[SPEECH] == sum(len(beat.dialogue) + bool(beat.narration) for beat in story.beats)

    cost = film(tmp_path, vendors, "cost", "f", "--calls", "--json").document
    characters = sum(len(line) for beat in story.beats for line in [*(x.text for x in beat.dialogue), beat.narration])
    expected = {
        "openai:gpt-5.4": Decimal("3000") * Decimal("2.5") / 10**6 + Decimal("2500") * 15 / 10**6,
        "fal:fal-ai/nano-banana-2": (asked[PICTURES[0]] + asked[PICTURES[1]]) * Decimal("0.08"),
        f"fal:{CLIPS}": asked[CLIPS] * CLIP_S * Decimal("0.04"),
        "fal:fal-ai/kokoro": Decimal(characters) * Decimal("0.02") / 1000,
    }
    bill = {line["model"]: Decimal(line["cost_usd"]) for line in cost["by_model"]}
    assert {
        model: bill[model.partition(":")[2]] if model not in bill else bill[model] for model in expected
    } == expected
    assert Decimal(cost["total_usd"]) == sum(expected.values())
    certain = {part["precision"]: Decimal(part["cost_usd"]) for part in cost["by_precision"]}
    assert certain["billed"] == sum(expected.values()) - expected["fal:fal-ai/kokoro"]
    assert certain["exact"] == expected["fal:fal-ai/kokoro"]


def test_pictures_of_a_vendor_move_under_the_local_camera(tmp_path: Path, vendors: Emulator) -> None:
    """Real keyframes and local moves go together, only the pictures are paid for, and no log has a secret in it."""
    story = shot_list(tmp_path / "story.csv", 3)
    address = vendors.file("picture.png", picture()) + "?X-Amz-Signature=very-secret"
    vendors.answers(*(job(model, {"images": [{"url": address}]}, billed=1) for model in PICTURES))
    env = environment(**vendors.environment, CLASH_DEBUG="1")
    made = clash(
        tmp_path,
        "run",
        str(story),
        *SMALL,
        "--image-model",
        "fal:fal-ai/nano-banana-2",
        "--thread",
        "p",
        "--json",
        env=env,
    )
    assert made.code == 0, made.err
    calls = clash(tmp_path, "cost", "p", "--calls", "--json", env=env)
    for text in (made.out, made.err, calls.out, (tmp_path / "data" / "checkpoints.db").read_bytes().decode("latin-1")):
        assert "very-secret" not in text
        assert vendors.environment["FAL_KEY"] not in text
    assert set(paid(vendors)) == set(PICTURES)
    assert inspect_film(tmp_path / made.document["film"]["path"]).frames == 3 * 8


def test_without_a_key_nothing_is_made_and_nothing_asked(tmp_path: Path, vendors: Emulator) -> None:
    """A missing key of any vendor of the run ends it with exit 4 before the first call to another."""
    story = shot_list(tmp_path / "story.csv", 1)
    env = environment(**{**vendors.environment, "FAL_KEY": ""})
    ended = clash(tmp_path, "run", str(story), *FINAL, "--json", env=env)
    assert ended.code == 4
    assert ended.document["error"]["code"] == "missing_key"
    assert "FAL_KEY" in ended.err
    assert vendors.journal() == []
    assert not (tmp_path / "data").exists(), "a run that cannot begin leaves nothing behind"


def test_a_model_without_a_price_is_refused_at_once(tmp_path: Path, vendors: Emulator) -> None:
    """What nobody knows the price of is not called, unless that is allowed; then it counts as free."""
    story = shot_list(tmp_path / "story.csv", 1)
    at_work(vendors, story_of(story))
    own = (*SMALL, "--screenplay-model", "openai:my-own-model", "--json", "--thread", "u")
    refused = film(tmp_path, vendors, "run", str(story), *own)
    assert (refused.code, refused.document["error"]["code"]) == (4, "unpriced")
    assert vendors.journal() == []
    allowed = film(tmp_path, vendors, "run", str(story), *own, "--allow-unpriced")
    assert allowed.code == 0, allowed.err
    assert allowed.document["cost"]["total_usd"] == "0.000000"
