"""Pictures by the `openai` SDK: from words alone, or from words and the pictures that they refer to."""

from __future__ import annotations

import base64
import binascii
from decimal import Decimal
from typing import Any

from clash.errors import ClashError, ProviderError
from clash.providers.catalogue import Card, filled
from clash.providers.media import bad_file, examined
from clash.providers.openai.conversation import meaning_of
from clash.providers.picture_prompts import picture_prompt, references_for
from clash.providers.ports import Answer, Context, ImageRequest, Quote
from clash.providers.prices import PriceList, Tokens
from clash.providers.transport import Downloads

_MOST_BYTES = 64 << 20


async def draw(
    client: Any, card: Card, prices: PriceList, base_url: str, downloads: Downloads,
    request: ImageRequest, context: Context,
) -> Answer:  # fmt: skip
    """One picture, decoded. Raises `ProviderError`, `AmbiguousError`, `SettingsError`."""
    width, height = card.size(request)
    size = f"{width}x{height}"
    references = references_for(card, request)
    text = picture_prompt(request, references)[: card.most_prompt_characters]
    arguments = filled(card.arguments, {"size": size, "width": width, "height": height})
    try:
        if references:
            shown = [
                (f"{place}.{reference.media_type.partition('/')[2]}", context.path_of(reference).read_bytes(),
                 reference.media_type)
                for place, reference in enumerate(references, start=1)
            ]  # fmt: skip
            answer = await client.images.edit(model=card.id, image=shown, prompt=text, **arguments)
        else:
            answer = await client.images.generate(model=card.id, prompt=text, **arguments)
        made = answer.data[0]
        written, address, usage = made.b64_json, made.url, answer.usage
    except Exception as error:  # the SDK's own, and what a body that is none makes of it
        raise _meant(error, card.id) from error
    cost = None if usage is None else prices.token_cost(card.spec, _tokens(usage), base_url)
    try:
        content = _decoded(written) if written else await downloads.fetch(str(address), most_bytes=_MOST_BYTES)
        media_type, facts = examined("image", content)
    except ProviderError as error:
        # It was drawn, so it is paid for, and to ask again is to pay again.
        error.retryable, error.cost_usd = False, cost
        raise
    response = {"size": size, "references": len(references), "usage": usage.model_dump() if usage else None}
    return Answer(content, media_type, cost_usd=cost, facts=facts, response=response)


def quote(card: Card, prices: PriceList, request: ImageRequest) -> Quote:
    """The price of a picture of the size that would be drawn; what its references cost comes on top of it."""
    width, height = card.size(request)
    units = {"image": Decimal(1), "megapixel": Decimal(width * height) / 1_000_000}
    found = prices.quote(card.spec, units, f"{width}x{height}")
    return Quote(found.cost_usd, found.units, found.unit, found.unit_price_usd, estimated=True)


def _meant(error: Exception, model: str) -> ClashError:
    return error if isinstance(error, ClashError) else meaning_of(error, model)


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise bad_file(f"the vendor's picture is no base64: {error}") from error


def _tokens(usage: Any) -> Tokens:
    read, written = usage.input_tokens_details, usage.output_tokens_details
    return Tokens(
        int(usage.input_tokens),
        int(usage.output_tokens),
        pictures_read=int(read.image_tokens) if read else 0,
        pictures_written=int(written.image_tokens) if written else 0,
    )
