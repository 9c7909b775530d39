"""fal's models as data: each is sent what its page documents and nothing else, at the endpoint that takes it.

`DOCUMENTED` is what the pages say (fal.ai/models/ENDPOINT/llms.txt, read on 2026-11-27; Wan's lengths by the pages of
others who sell the same model): the arguments of an endpoint, those it cannot be without first, and their values.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from emulator import Emulator
from emulator.material import clip, job, picture
from emulator.vendor_run import VendorRun

from clash.calls.content_key import references_of
from clash.config import Settings
from clash.providers.catalogue import Card, load_catalogue
from clash.providers.fal import FalProvider, asking
from clash.providers.http.sample import sample_of
from clash.providers.ports import Context, Reference, Request, SpeechRequest, VideoRequest

SETTINGS = Settings(**{"FAL_KEY": "a:b"})
ANY, URI, URIS, FLAG, SEED = "text", "uri", "uris", (True, False), range(2**31)
_VEO = {"duration": ("4s", "6s", "8s"), "resolution": ("720p", "1080p", "4k"), "generate_audio": FLAG}
_SEEDANCE = {
    "end_image_url": URI,
    "duration": ("auto", *(str(seconds) for seconds in range(4, 16))),
    "resolution": ("480p", "720p"),
    "generate_audio": FLAG,
}
DOCUMENTED: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "fal-ai/veo3.1/fast/image-to-video": ({"prompt": ANY, "image_url": URI}, _VEO),
    "fal-ai/veo3.1/image-to-video": ({"prompt": ANY, "image_url": URI}, _VEO),
    "fal-ai/veo3.1/fast/first-last-frame-to-video": (
        {"prompt": ANY, "first_frame_url": URI, "last_frame_url": URI},
        _VEO,
    ),
    "fal-ai/veo3.1/first-last-frame-to-video": ({"prompt": ANY, "first_frame_url": URI, "last_frame_url": URI}, _VEO),
    "bytedance/seedance-2.0/image-to-video": ({"prompt": ANY, "image_url": URI}, {**_SEEDANCE, "seed": SEED}),
    "bytedance/seedance-2.0/mini/image-to-video": ({"prompt": ANY, "image_url": URI}, _SEEDANCE),
    "fal-ai/minimax/hailuo-02/pro/image-to-video": (
        {"prompt": ANY, "image_url": URI},
        {"prompt_optimizer": FLAG, "end_image_url": URI},
    ),
    "fal-ai/minimax/hailuo-02-fast/image-to-video": (
        {"prompt": ANY, "image_url": URI},
        {"prompt_optimizer": FLAG, "duration": ("6", "10")},
    ),
    "fal-ai/wan/v2.7/image-to-video": (
        {"prompt": ANY, "image_url": URI},
        {
            "end_image_url": URI,
            "duration": range(2, 16),
            "resolution": ("720p", "1080p"),
            "enable_prompt_expansion": FLAG,
            "seed": SEED,
        },
    ),
    "fal-ai/bytedance/seedream/v4/text-to-image": (
        {"prompt": ANY},
        {"image_size": range(960 * 960, 4096 * 4096 + 1), "num_images": range(1, 7), "seed": SEED},
    ),
    "fal-ai/bytedance/seedream/v4/edit": (
        {"prompt": ANY, "image_urls": URIS},
        {"image_size": range(960 * 960, 4096 * 4096 + 1), "num_images": range(1, 7), "seed": SEED},
    ),
    "fal-ai/qwen-image-2/text-to-image": (
        {"prompt": ANY},
        {
            "image_size": range(512 * 512, 2048 * 2048 + 1),
            "num_images": range(1, 7),
            "enable_prompt_expansion": FLAG,
            "seed": SEED,
        },
    ),
    "fal-ai/qwen-image-2/edit": (
        {"prompt": ANY, "image_urls": URIS},
        {
            "image_size": range(512 * 512, 2048 * 2048 + 1),
            "num_images": range(1, 7),
            "enable_prompt_expansion": FLAG,
            "seed": SEED,
        },
    ),
    **{
        f"fal-ai/kokoro/{language}": ({"prompt": ANY, "voice": voices}, {})
        for language, voices in {
            "spanish": ("ef_dora", "em_alex", "em_santa"),
            "french": ("ff_siwis",),
            "hindi": ("hf_alpha", "hf_beta", "hm_omega", "hm_psi"),
            "italian": ("if_sara", "im_nicola"),
            "japanese": ("jf_alpha", "jf_gongitsune", "jf_nezumi", "jf_tebukuro", "jm_kumo"),
            "brazilian-portuguese": ("pf_dora", "pm_alex", "pm_santa"),
        }.items()
    },
}


def fits(value: Any, documented: Any) -> bool:
    """Whether a value is one that the page names."""
    if documented == ANY:
        return isinstance(value, str) and bool(value)
    if documented == URI:
        return isinstance(value, str) and value.startswith("data:image/jpeg;base64,")
    if documented == URIS:
        return bool(value) and all(fits(one, URI) for one in value)
    if isinstance(value, dict):
        return set(value) == {"width", "height"} and value["width"] * value["height"] in documented
    return value in documented and type(value) is type(documented[0])


def cards() -> list[Card]:
    """The cards whose endpoints are described above."""
    return [card for card in load_catalogue(SETTINGS).cards if card.provider == "fal" and card.id in DOCUMENTED]


def requests(card: Card) -> list[Request]:
    """Requests for all that a card says it can do, and for the least of it."""
    if card.kind == "speech":
        told = [sample_of("speech", references=0, language=language, last_frame=False) for language in card.languages]
        return [one.model_copy(update={"speaker": speaker}) for one in told for speaker in ("narrator", "a", "b", "c")]
    rich, poor = (
        sample_of(
            card.kind, references=count, language="en", last_frame=bool(count) and card.takes_last_frame, sound=sound
        )
        for count, sound in ((card.most_references or 1, bool(card.sound_argument)), (0, False))
    )
    if isinstance(rich, VideoRequest):
        lengths = card.durations_s or card.duration_range_s or ()
        return [one.model_copy(update={"frames": one.fps * length}) for one in (rich, poor) for length in lengths]
    narrow = poor.model_copy(update={"width": 576, "height": 1024})
    return [rich, poor, narrow] if card.most_references else [poor, narrow]


def sent(card: Card, request: Request, tmp_path: Path) -> asking.Asked:
    """What would be sent for the second take of a request: with a seed, where there is one."""
    path = tmp_path / "picture.png"
    path.write_bytes(picture())
    files = {one.sha256: path for one in references_of(request)}
    return asking.asked_of(card, request, Context("key", card.id, files, take=2, seed=7))


@pytest.mark.parametrize("card", cards(), ids=lambda card: card.id)
def test_a_model_is_sent_what_its_page_documents(card: Card, tmp_path: Path) -> None:
    """Every argument is one of the endpoint's, with a value that it takes; none is missing."""
    for request in requests(card):
        asked = sent(card, request, tmp_path)
        needed, optional = DOCUMENTED[asked.endpoint]
        assert set(needed) <= set(asked.arguments) <= {*needed, *optional}, asked.endpoint
        for name, value in asked.arguments.items():
            assert fits(value, {**needed, **optional}[name]), (asked.endpoint, name, value)
        assert ("seed" in asked.arguments) == (card.seed_argument == "seed")


def test_every_endpoint_is_asked(tmp_path: Path) -> None:
    """What is described above is reached: with references, with a last frame, in each language."""
    kokoro = load_catalogue(SETTINGS).of("fal", "fal-ai/kokoro")
    assert kokoro is not None
    spoken = [one for one in requests(kokoro) if isinstance(one, SpeechRequest) and one.language not in ("en", "zh")]
    asked = {sent(card, request, tmp_path).endpoint for card in cards() for request in requests(card)}
    for request in spoken:
        speech = sent(kokoro, request, tmp_path)
        asked.add(speech.endpoint)
        needed, _ = DOCUMENTED[speech.endpoint]
        assert all(fits(value, needed[name]) for name, value in speech.arguments.items())
    assert asked == set(DOCUMENTED)


@pytest.mark.parametrize(
    ("model", "dollars", "with_sound"),
    [
        # for 5 seconds at 1280 x 720, rounded up to what the model makes
        ("fal-ai/veo3.1/fast/image-to-video", "0.60", "0.90"),
        ("fal-ai/veo3.1/image-to-video", "1.20", "2.40"),
        ("bytedance/seedance-2.0/image-to-video", "1.512", "1.512"),
        ("bytedance/seedance-2.0/mini/image-to-video", "0.7735", "0.7735"),
        ("fal-ai/minimax/hailuo-02/pro/image-to-video", "0.48", "0.48"),
        ("fal-ai/minimax/hailuo-02-fast/image-to-video", "0.102", "0.102"),
        ("fal-ai/wan/v2.7/image-to-video", "0.50", "0.50"),
    ],
)
def test_known_bills(model: str, dollars: str, with_sound: str) -> None:
    """By the second, with and without sound."""
    provider = FalProvider(SETTINGS)
    quotes = [
        provider.quote(model, sample_of("video", references=0, language="en", last_frame=False, sound=sound)).cost_usd
        for sound in (False, True)
    ]
    assert quotes == [Decimal(dollars), Decimal(with_sound)]


@pytest.mark.parametrize(
    ("model", "endpoint", "cost"),
    [
        ("fal-ai/veo3.1/fast/image-to-video", "fal-ai/veo3.1/fast/first-last-frame-to-video", 900_000),
        ("bytedance/seedance-2.0/image-to-video", "bytedance/seedance-2.0/image-to-video", 1_512_000),
    ],
)
async def test_a_last_frame_goes_to_the_endpoint_that_takes_it(
    vendor_run: VendorRun, vendors: Emulator, model: str, endpoint: str, cost: int
) -> None:
    """A clip with two pictures and sound, through the ledger: one job, at the endpoint that takes both."""
    vendors.answers(job(endpoint, {"video": {"url": vendors.file("c.mp4", clip())}}))
    asked = sample_of("video", references=0, language="en", last_frame=False)
    assert isinstance(asked, VideoRequest)
    keyframe, end = (
        Reference(role=role, sha256=vendor_run.assets.put(picture(hue=hue)), media_type="image/png")
        for role, hue in (("keyframe", 0), ("last_frame", 9))
    )
    made = await vendor_run.call(
        f"fal:{model}", asked.model_copy(update={"keyframe": keyframe, "last_frame": end, "generate_audio": True})
    )
    assert made.facts["duration_s"] == 6.0
    assert await vendor_run.costs() == [cost]
