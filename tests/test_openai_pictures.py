"""Pictures by the `openai` SDK: sizes a model can make, references, and files that are looked at before they count."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import pytest
from emulator import Emulator, paths
from emulator.material import drawn, picture
from emulator.office import Office
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


def reference(office: Office, role: str = "character:mara") -> Reference:
    """A picture that is in the store."""
    return Reference(role=role, sha256=office.assets.put(picture()), media_type="image/png")


async def test_a_picture_comes_whole_with_its_size_and_price(office: Office, vendors: Emulator) -> None:
    """A PNG that can be decoded; its price is that of the size the model could make."""
    vendors.answers(drawn(picture(1536, 1024)))
    made = await office.call(MODEL, card())
    with Image.open(made.path) as image:
        assert image.size == (1536, 1024)
    assert made.facts == {"width": 1536, "height": 1024}
    (row,) = await office.rows()
    assert (row["cost_micro"], row["quoted_cost_micro"], row["precision"]) == (15_000, 15_000, "estimated")
    assert paths(vendors.submits()) == ["/v1/images/generations"]


@pytest.mark.parametrize(
    ("width", "height", "price"), [(2560, 1440, 15_000), (1080, 1920, 15_000), (900, 1000, 11_000)]
)
async def test_the_nearest_shape_is_asked_for(
    office: Office, vendors: Emulator, width: int, height: int, price: int
) -> None:
    """Wide, tall and almost square films get the model's picture of that shape, at that shape's price."""
    vendors.answers(drawn(picture()))
    await office.call(MODEL, card(width, height))
    assert await office.costs() == [price]


async def test_references_go_along(office: Office, vendors: Emulator) -> None:
    """A keyframe is drawn from the cards: the SDK's edit, with the files."""
    vendors.answers(drawn(picture()))
    await office.call(MODEL, card(references=(reference(office),)))
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
async def test_a_picture_that_is_none_is_paid_and_told(office: Office, vendors: Emulator, how: str) -> None:
    """What cannot be decoded is a failure that cost money; it is not bought a second time by itself."""
    vendors.answers({"match": {"endpoint": "image"}, "response": {"image": {"b64Json": broken(how)}}})
    with pytest.raises(ProviderError) as caught:
        await office.call(MODEL, card())
    assert caught.value.code == "bad_answer"
    assert await office.states() == ["failed"]
    assert len(vendors.submits()) == 1


async def test_a_refused_picture_tells_why_in_the_vendor_s_words(office: Office, vendors: Emulator) -> None:
    """The safety system says no: once, at no cost."""
    error: dict[str, Any] = {"message": "Your request was rejected by the safety system", "code": "moderation_blocked"}
    vendors.answers({"match": {"endpoint": "image"}, "response": {"error": error, "status": 400}})
    with pytest.raises(ProviderError, match="rejected by the safety system") as caught:
        await office.call(MODEL, card())
    assert caught.value.code == "content_refused"
    assert (await office.costs(), len(vendors.submits())) == ([0], 1)


async def test_a_picture_whose_answer_is_lost_waits_for_a_person(office: Office, vendors: Emulator) -> None:
    """It may be drawn and paid."""
    vendors.answers(drawn(picture()))
    vendors.fault("/v1/images", "work")
    with pytest.raises(PersonNeededError):
        await office.call(MODEL, card())
    with pytest.raises(PersonNeededError):
        await office.call(MODEL, card())
    assert len(vendors.submits()) == 1


async def test_a_picture_may_be_named_by_its_address(office: Office, vendors: Emulator) -> None:
    """Servers that speak OpenAI's API may answer with a URL; it is fetched like any file."""
    address = vendors.file("drawn.png", picture())
    vendors.answers({"match": {"endpoint": "image"}, "response": {"image": {"url": address}}})
    made = await office.call(MODEL, card())
    assert Path(made.path).read_bytes() == picture()
    assert vendors.fetched() == ["drawn.png"]
