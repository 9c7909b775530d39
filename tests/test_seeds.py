"""A seed goes to the models that document one, for takes after the first, and is no part of what a call is."""

from __future__ import annotations

from typing import Any

import pytest
from emulator import Emulator
from emulator.material import CLIPS, PICTURES, SPEECH, clip, job, picture, sound
from emulator.vendor_run import VendorRun

from clash.calls.content_key import content_key, keys_of, seed_of
from clash.config import Settings
from clash.errors import ProviderError
from clash.providers.catalogue import Card, load_catalogue
from clash.providers.fal import FalProvider, asking, queue
from clash.providers.ports import Context, ImageRequest, Reference, Request, SpeechRequest, VideoRequest
from clash.providers.registry import Model
from clash.story.screenplay import Character, Shot

SETTINGS = Settings(**{"FAL_KEY": "a:b"})
SHOT = Shot(number=3, location="pier", action="Mara ties up the boat.", duration_s=4)
PICTURE = ImageRequest(
    subject="character", prompt="", style="ink", width=1024, height=576, character=Character(slug="mara", name="Mara")
)
LINE = SpeechRequest(text="You came back.", speaker="mara", voice="a woman", language="en")
WITH_SEED = (
    "fal-ai/nano-banana-2",
    "fal-ai/flux-2/turbo",
    "fal-ai/bytedance/seedream/v4/text-to-image",
    "fal-ai/qwen-image-2/text-to-image",
)
CLIPS_WITH_SEED = ("bytedance/seedance-2.0/image-to-video", "fal-ai/wan/v2.7/image-to-video")


def card_of(model: str) -> Card:
    """The shipped card of one of fal's models."""
    card = load_catalogue(SETTINGS).of("fal", model)
    assert card is not None
    return card


def clip_request(vendor_run: VendorRun) -> VideoRequest:
    """A clip of four seconds."""
    keyframe = Reference(role="keyframe", sha256=vendor_run.assets.put(picture()), media_type="image/png")
    return VideoRequest(shot=SHOT, prompt="", keyframe=keyframe, frames=96, fps=24, width=1280, height=720)


def test_the_models_with_a_seed_are_those_that_document_one() -> None:
    """Some of fal's models, the pictures on both of their endpoints; their pages are named in the file."""
    cards = load_catalogue(SETTINGS).cards
    seeded = dict.fromkeys(WITH_SEED + CLIPS_WITH_SEED, "seed")
    assert {card.id: card.seed_argument for card in cards if card.seed_argument} == seeded


@pytest.mark.parametrize("model", WITH_SEED)
def test_the_first_take_is_asked_as_ever(model: str) -> None:
    """Without a seed: what is sent for take 1 is what `identity` says, and what an older clash sent."""
    card = card_of(model)
    asked = asking.asked_of(card, PICTURE, Context("key", model, take=1, seed=7))
    assert "seed" not in asked.arguments
    assert {"endpoint": asked.endpoint, "arguments": dict(asked.arguments)} == asking.identity_of(card, PICTURE)


@pytest.mark.parametrize("model", WITH_SEED)
def test_another_take_is_asked_with_its_seed(model: str) -> None:
    """The same arguments, and the seed of the call beside them."""
    card = card_of(model)
    first, second = (asking.asked_of(card, PICTURE, Context("key", model, take=take, seed=7)) for take in (1, 2))
    assert second.arguments == {**first.arguments, "seed": 7}


@pytest.mark.parametrize("model", ["fal-ai/ltx-2/image-to-video/fast", "fal-ai/kling-video/v4/image-to-video"])
def test_a_model_without_a_seed_gets_none(vendor_run: VendorRun, model: str) -> None:
    """A second take is the same request once more: these models answer differently each time."""
    request = clip_request(vendor_run)
    files = {request.keyframe.sha256: vendor_run.assets.path(request.keyframe.sha256)}
    first, second = (
        asking.asked_of(card_of(model), request, Context("key", model, files, take=take, seed=7)) for take in (1, 2)
    )
    assert first == second


def test_a_seed_is_no_part_of_a_key(tmp_path: Any) -> None:
    """A card that gains a seed keeps every key, of today and of clash 0.1: nothing is bought again."""
    plain = tmp_path / "models.toml"
    with_seed, without = card_of(WITH_SEED[0]), ""
    arguments = ", ".join(f"{name} = {_toml(value)}" for name, value in with_seed.arguments.items())
    for name, value in with_seed.model_dump(exclude={"arguments", "seed_argument"}, exclude_defaults=True).items():
        without += f"{name} = {_toml(value)}\n"
    plain.write_text(f"[[models]]\n{without}arguments = {{ {arguments} }}\n")
    older = FalProvider(SETTINGS.changed(models_file=plain))
    assert older._card(WITH_SEED[0]).seed_argument == ""  # pyright: ignore[reportPrivateUsage]
    for take in (1, 2):
        keys = keys_of(Model(FalProvider(SETTINGS), WITH_SEED[0]), PICTURE, take=take)
        assert keys == keys_of(Model(older, WITH_SEED[0]), PICTURE, take=take)


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple | list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return str(value) if isinstance(value, int) else f'"{value}"'


def test_seeds_follow_from_keys() -> None:
    """Another take has another seed; the same call has the same one, in whichever process."""
    model = Model(FalProvider(SETTINGS), WITH_SEED[0])
    seeds = [seed_of(content_key(model, PICTURE, take=take)) for take in range(1, 21)]
    assert len(set(seeds)) == 20
    assert all(0 <= seed < 2**31 for seed in seeds)
    assert seeds == [seed_of(content_key(model, PICTURE, take=take)) for take in range(1, 21)]


async def test_the_queue_is_sent_the_seed(vendor_run: VendorRun, vendors: Emulator) -> None:
    """Two takes through the ledger: the second job has the seed of its key, the first has none."""
    vendors.answers(job(PICTURES[0], {"images": [{"url": vendors.file("p.png", picture())}]}, billed=1))
    for take in (1, 2):
        await vendor_run.call(f"fal:{PICTURES[0]}", PICTURE, take=take)
    second = content_key(vendor_run.registry.model("image", f"fal:{PICTURES[0]}"), PICTURE, take=2)
    assert vendors.seeds() == [None, seed_of(second)]
    assert len(vendors.submits()) == 2


@pytest.mark.parametrize("spec", [f"fal:{CLIPS}", "fal:fal-ai/kokoro"])
async def test_models_without_a_seed_take_another_take(vendor_run: VendorRun, vendors: Emulator, spec: str) -> None:
    """The emulator refuses a seed that a model does not know; a second take of its answers is made all the same."""
    vendors.answers(
        job(CLIPS, {"video": {"url": vendors.file("c.mp4", clip())}}, billed=6),
        job(SPEECH, {"audio": {"url": vendors.file("s.wav", sound())}}),
    )
    request: Request = LINE if spec.endswith("kokoro") else clip_request(vendor_run)
    made = await vendor_run.call(spec, request, take=2)
    assert made.facts["duration_s"] > 0
    with pytest.raises(ProviderError, match="seed"):
        await queue.Queue(vendor_run.settings).submit(SPEECH if spec.endswith("kokoro") else CLIPS, {"seed": 7})
