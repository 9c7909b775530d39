"""Pictures by the `openai` SDK: sizes a model can make, references, and files that are looked at before they count."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import pytest
from emulator import Emulator, paths
from emulator.material import drawn, picture
from emulator.vendor_run import VendorRun
from PIL import Image

from clash.errors import PersonNeededError, ProviderError
from clash.providers.ports import ImageRequest, Reference
from clash.story.screenplay import Character

MODEL = "openai:gpt-image-1-mini"


def card(width: int = 2560, height: int = 1440, references: tuple[Reference, ...] = ()) -> ImageRequest:
    """A character's card."""
    return ImageRequest(
        subject="character",
        prompt="Mara in a teal coat",
        style="watercolour",
        width=width,
        height=height,
        character=Character(slug="mara", name="Mara"),
        references=references,
    )


def reference(vendor_run: VendorRun, role: str = "character:mara") -> Reference:
    """A picture that is in the store."""
    return Reference(role=role, sha256=vendor_run.assets.put(picture()), media_type="image/png")


async def test_a_picture_comes_whole_with_its_size_and_price(vendor_run: VendorRun, vendors: Emulator) -> None:
    """A PNG that can be decoded; its price is that of the size the model could make."""
    vendors.answers(drawn(picture(1536, 1024)))
    made = await vendor_run.call(MODEL, card())
    with Image.open(made.path) as image:
        assert image.size == (1536, 1024)
    assert made.facts == {"width": 1536, "height": 1024}
    (row,) = await vendor_run.rows()
    assert (row["cost_micro"], row["quoted_cost_micro"], row["precision"]) == (15_000, 15_000, "estimated")
    assert paths(vendors.submits()) == ["/v1/images/generations"]


@pytest.mark.parametrize(
    ("width", "height", "price"), [(2560, 1440, 15_000), (1080, 1920, 15_000), (900, 1000, 11_000)]
)
async def test_the_nearest_shape_is_asked_for(
    vendor_run: VendorRun, vendors: Emulator, width: int, height: int, price: int
) -> None:
    """Wide, tall and almost square films get the model's picture of that shape, at that shape's price."""
    vendors.answers(drawn(picture()))
    await vendor_run.call(MODEL, card(width, height))
    assert await vendor_run.costs() == [price]


async def test_references_go_along(vendor_run: VendorRun, vendors: Emulator) -> None:
    """A keyframe is drawn from the cards: the SDK's edit, with the files."""
    vendors.answers(drawn(picture()))
    await vendor_run.call(MODEL, card(references=(reference(vendor_run),)))
    assert paths(vendors.submits()) == ["/v1/images/edits"]


def broken(how: str) -> str:
    """A picture that is none, as base64."""
    whole = picture()
    if how == "truncated":
        return base64.b64encode(whole[: len(whole) // 2]).decode()
    if how == "text":
        return base64.b64encode(b"we are out of paint").decode()
    stream = io.BytesIO()
    Image.open(io.BytesIO(whole)).save(stream, "GIF")
    return base64.b64encode(stream.getvalue()).decode() if how == "gif" else "%%%"


@pytest.mark.parametrize("how", ["truncated", "text", "gif", "no base64"])
async def test_a_picture_that_is_none_is_paid_and_told(vendor_run: VendorRun, vendors: Emulator, how: str) -> None:
    """What cannot be decoded is a failure that cost money; it is not bought a second time by itself."""
    vendors.answers({"match": {"endpoint": "image"}, "response": {"image": {"b64Json": broken(how)}}})
    with pytest.raises(ProviderError) as caught:
        await vendor_run.call(MODEL, card())
    assert caught.value.code == "bad_answer"
    assert await vendor_run.states() == ["failed"]
    assert len(vendors.submits()) == 1


async def test_a_refused_picture_tells_why_in_the_vendor_s_words(vendor_run: VendorRun, vendors: Emulator) -> None:
    """The safety system says no: once, at no cost."""
    error: dict[str, Any] = {"message": "Your request was rejected by the safety system", "code": "moderation_blocked"}
    vendors.answers({"match": {"endpoint": "image"}, "response": {"error": error, "status": 400}})
    with pytest.raises(ProviderError, match="rejected by the safety system") as caught:
        await vendor_run.call(MODEL, card())
    assert caught.value.code == "content_refused"
    assert (await vendor_run.costs(), len(vendors.submits())) == ([0], 1)


async def test_a_picture_whose_answer_is_lost_waits_for_a_person(vendor_run: VendorRun, vendors: Emulator) -> None:
    """It may be drawn and paid."""
    vendors.answers(drawn(picture()))
    vendors.fault("/v1/images", "work")
    with pytest.raises(PersonNeededError):
        await vendor_run.call(MODEL, card())
    with pytest.raises(PersonNeededError):
        await vendor_run.call(MODEL, card())
    assert len(vendors.submits()) == 1


async def test_a_picture_may_be_named_by_its_address(vendor_run: VendorRun, vendors: Emulator) -> None:
    """Servers that speak OpenAI's API may answer with a URL; it is fetched like any file."""
    address = vendors.file("drawn.png", picture())
    vendors.answers({"match": {"endpoint": "image"}, "response": {"image": {"url": address}}})
    made = await vendor_run.call(MODEL, card())
    assert Path(made.path).read_bytes() == picture()
    assert vendors.fetched() == ["drawn.png"]
