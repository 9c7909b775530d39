"""What calls cost, held against bills worked out by hand from what the vendors publish."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from clash.config import Settings
from clash.errors import SettingsError
from clash.providers.catalogue import load_catalogue
from clash.providers.fal import FalProvider
from clash.providers.http.files import vendor_file
from clash.providers.openai import OpenAIProvider
from clash.providers.ports import ImageRequest, Reference, SpeechRequest, VideoRequest
from clash.providers.prices import Tokens, load_prices, shipped_prices, token_prices
from clash.providers.vendor_names import vendor_names
from clash.story.screenplay import Shot

OPENAI = "https://api.openai.com/v1"


def settings(**changes: object) -> Settings:
    """Settings of their own: whatever stands in this machine's environment does not count."""
    return Settings().changed(**{"models_file": None, "prices_file": None, **changes})


TOKEN_BILLS = [
    # model, read, of them cached, written, dollars; prices of https://openai.com/api/pricing as genai-prices 0.2 has
    # them (read 2026-11-23)
    ("gpt-5-mini", 3000, 0, 2500, "0.00575"),  # 3000 x 0.25/M = 0.00075; 2500 x 2/M = 0.005
    ("gpt-5-mini", 100_000, 80_000, 10_000, "0.027"),  # 20k x 0.25/M + 80k x 0.025/M + 10k x 2/M = 0.005 + 0.002 + 0.02
    ("gpt-5.4", 3000, 0, 2500, "0.045"),  # 3000 x 2.5/M = 0.0075; 2500 x 15/M = 0.0375
    ("gpt-5", 1_000, 0, 1_000, "0.01125"),  # 0.00125 + 0.01
]


@pytest.mark.parametrize(("model", "read", "cached", "written", "dollars"), TOKEN_BILLS)
def test_known_bills_of_language_models(model: str, read: int, cached: int, written: int, dollars: str) -> None:
    """Tokens read, tokens from the cache and tokens written, each at its price."""
    cost = load_prices(settings()).token_cost(f"openai:{model}", Tokens(read, written, cached), OPENAI)
    assert cost == Decimal(dollars)


def test_a_known_bill_of_a_picture_by_the_token() -> None:
    """gpt-image-1: 200 tokens of words at $5, 800 of pictures at $10, 500 drawn at $40 a million: $0.029."""
    tokens = Tokens(1000, 500, pictures_read=800)
    assert load_prices(settings()).token_cost("openai:gpt-image-1", tokens, OPENAI) == Decimal("0.029")


def test_another_vendor_at_the_address_has_its_own_prices() -> None:
    """DeepSeek's API, asked through the same SDK, is billed as DeepSeek publishes, and OpenAI's server as OpenAI."""
    prices = load_prices(settings())
    assert prices.token_cost("openai:deepseek-chat", Tokens(1000, 500), "https://api.deepseek.com") is not None
    assert prices.token_cost("openai:deepseek-chat", Tokens(1000, 500), OPENAI) is None


def picture(width: int = 2560, height: int = 1440) -> ImageRequest:
    return ImageRequest(subject="keyframe", prompt="", style="", width=width, height=height)


def clip(seconds: float) -> VideoRequest:
    keyframe = Reference(role="keyframe", sha256="0" * 64, media_type="image/png")
    shot = Shot(number=1, location="here", action="a", duration_s=seconds)
    return VideoRequest(
        shot=shot, prompt="", keyframe=keyframe, frames=round(seconds * 24), fps=24, width=1280, height=720
    )


def words(count: int) -> SpeechRequest:
    return SpeechRequest(text="x" * count, speaker="narrator", language="en")


UNIT_BILLS = [
    # https://fal.ai/models/fal-ai/nano-banana-2/llms.txt (2026-11-23): $0.08 a picture
    ("fal-ai/nano-banana-2", picture(), "0.08", "1"),
    # https://fal.ai/learn/devs/flux-2-turbo-developer-guide (2026-11-23): $0.008 a megapixel; 1360 x 768 = 1.04448
    ("fal-ai/flux-2/turbo", picture(), "0.00835584", "1.04448"),
    # https://fal.ai/learn/devs/ltx-video-2-pro-image-to-video-developer-guide (2026-11-23): $0.04 a second at 1080p
    ("fal-ai/ltx-2/image-to-video/fast", clip(3), "0.24", "6"),  # no clip is shorter than 6 s
    ("fal-ai/ltx-2/image-to-video/fast", clip(6.5), "0.32", "8"),
    # https://fal.ai/models/fal-ai/ltx-2/image-to-video/llms.txt (2026-11-23): $0.06 a second at 1080p; 6, 8 or 10 s
    ("fal-ai/ltx-2/image-to-video", clip(9), "0.6", "10"),
    # https://fal.ai/models/fal-ai/kling-video/v4/image-to-video/llms.txt (2026-11-23): $0.157 a second, 3 to 30 s
    ("fal-ai/kling-video/v4/image-to-video", clip(2), "0.471", "3"),
    ("fal-ai/kling-video/v4/image-to-video", clip(4.2), "0.785", "5"),
    # https://fal.ai/models/fal-ai/kokoro/american-english/llms.txt (2026-11-23): $0.02 for 1,000 characters
    ("fal-ai/kokoro", words(463), "0.00926", "0.463"),
]


@pytest.mark.parametrize(("model", "request_", "dollars", "units"), UNIT_BILLS)
def test_known_bills_of_fal(
    model: str, request_: ImageRequest | VideoRequest | SpeechRequest, dollars: str, units: str
) -> None:
    """Pictures, megapixels, seconds and characters, each by its published price and what the model can make."""
    quote = FalProvider(settings()).quote(model, request_)
    assert (quote.cost_usd, quote.units) == (Decimal(dollars), Decimal(units))
    assert quote.cost_usd == quote.units * quote.unit_price_usd


@pytest.mark.parametrize(
    ("model", "width", "height", "dollars"),
    [
        # https://fal.ai/models/fal-ai/gpt-image-1/text-to-image/llms.txt (2026-11-23), medium quality
        ("gpt-image-1", 1000, 1000, "0.042"),
        ("gpt-image-1", 2560, 1440, "0.063"),
        ("gpt-image-1-mini", 2560, 1440, "0.015"),
    ],
)
def test_known_bills_of_openai_pictures(model: str, width: int, height: int, dollars: str) -> None:
    """By the size that is drawn: square, or wide."""
    quote = OpenAIProvider(settings()).quote(model, picture(width, height))
    assert (quote.cost_usd, quote.estimated) == (Decimal(dollars), True)


def test_every_model_has_a_price_with_day_and_source() -> None:
    """Whatever clash knows by name, it can price; and each price says where it is from."""
    prices, catalogue = load_prices(settings()), load_catalogue(settings())
    for card in (card for card in catalogue.cards if not card.free):
        if card.kind == "screenplay":
            assert token_prices(card.id, OPENAI), card.spec
        else:
            assert prices.unit_price(card.spec) is not None, card.spec
    known = {card.spec for card in catalogue.cards}
    for price in shipped_prices():
        assert price.model in known
        assert price.source.startswith("https://")
        assert price.checked_on.year >= 2026


def test_presets_name_models_that_are_known() -> None:
    """Presets name models of the catalogue, of a vendor's file, or of a server of one's own."""
    catalogue = load_catalogue(settings())
    for models in catalogue.presets.values():
        for spec in models.values():
            provider, _, model = spec.partition(":")
            if provider in vendor_names(None):
                assert model in {one.id for one in vendor_file(provider, None).models if one.prices}
            else:
                own = {"local", "ollama", "comfyui"}
                assert provider in own or catalogue.of(provider, model) is not None


def own_file(folder: Path, text: str) -> Path:
    path = folder / "prices.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_price_of_one_s_own_goes_before_ours(tmp_path: Path) -> None:
    """For what clash knows, and for a model on a server of one's own, which costs nothing."""
    path = own_file(
        tmp_path,
        """
        [[prices]]
        model = "fal:fal-ai/nano-banana-2"
        unit = "image"
        price = "0.05"
        checked_on = 2026-12-01
        source = "our contract"

        [[prices]]
        model = "openai:llama"
        unit = "million input tokens"
        price = "0"
        checked_on = 2026-12-01
        source = "our own machine"

        [[prices]]
        model = "openai:llama"
        unit = "million output tokens"
        price = "0"
        checked_on = 2026-12-01
        source = "our own machine"
        """,
    )
    ours = settings(prices_file=path)
    assert FalProvider(ours).quote("fal-ai/nano-banana-2", picture()).cost_usd == Decimal("0.05")
    assert load_prices(ours).token_cost("openai:llama", Tokens(1000, 1000), "http://127.0.0.1:1") == 0


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[prices]]\nmodel = 'x'", "prices.0"),
        ("not toml", "no TOML"),
        (
            "[[prices]]\nmodel='a:b'\nunit='kilo'\nprice='1'\nchecked_on=2026-01-01\nsource='x'",
            "prices.0.unit",
        ),
    ],
)
def test_a_file_of_prices_that_is_wrong_says_where(tmp_path: Path, text: str, says: str) -> None:
    """The error names the setting, the file and the field."""
    with pytest.raises(SettingsError, match="CLASH_PRICES_FILE") as caught:
        load_prices(settings(prices_file=own_file(tmp_path, text)))
    assert says in caught.value.message


def test_a_model_without_a_price_needs_permission(tmp_path: Path) -> None:
    """A model of one's own without a price: an error that says what to do, or a call that counts as free."""
    models = tmp_path / "models.toml"
    models.write_text(
        '[[models]]\nprovider = "fal"\nid = "acme/draw"\nkind = "image"\nresult = "image.url"\n'
        'arguments = { prompt = "$prompt" }\n',
        encoding="utf-8",
    )
    with pytest.raises(SettingsError, match="nobody knows what fal:acme/draw costs") as caught:
        FalProvider(settings(models_file=models)).quote("acme/draw", picture())
    assert (caught.value.code, caught.value.exit_code) == ("unpriced", 4)
    allowed = FalProvider(settings(models_file=models, allow_unpriced=True)).quote("acme/draw", picture())
    assert (allowed.cost_usd, allowed.estimated) == (0, True)
