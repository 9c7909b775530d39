"""Pictures by the `openai` SDK: from words alone, or from words and the pictures that they refer to."""

from __future__ import annotations

import asyncio
import base64
from decimal import Decimal
from typing import Any

import httpx

from clash.errors import ClashError, ProviderError
from clash.providers.catalogue import Card, filled
from clash.providers.media import bad_file, examined
from clash.providers.openai.conversation import count_of, meaning_of
from clash.providers.openai.servers import Server
from clash.providers.picture_prompts import picture_prompt, references_for
from clash.providers.ports import FREE, Answer, Context, ImageRequest, Quote, Reference
from clash.providers.prices import PriceList, Tokens
from clash.providers.transport import Downloads

_MOST_BYTES = 64 << 20
_FETCHES = 3
_LONGEST_WAIT_S = 30.0


async def draw(
    client: Any,
    card: Card,
    prices: PriceList,
    server: Server,
    downloads: Downloads,
    request: ImageRequest,
    context: Context,
) -> Answer:
    """One picture, decoded. Raises `ProviderError`, `AmbiguousError`, `SettingsError`."""
    text, arguments, references = _asked(card, request)
    try:
        if references:
            shown = [
                (
                    f"{place}.{reference.media_type.partition('/')[2]}",
                    context.path_of(reference).read_bytes(),
                    reference.media_type,
                )
                for place, reference in enumerate(references, start=1)
            ]
            answer = await client.images.edit(model=card.id, image=shown, prompt=text, **arguments)
        else:
            answer = await client.images.generate(model=card.id, prompt=text, **arguments)
        made = answer.data[0]
        written, address, usage = made.b64_json, made.url, answer.usage
    except Exception as error:  # the SDK's own, and what a body that is none makes of it
        raise _meant(error, card.spec, server) from error
    tokens = _tokens(usage)
    counted = (tokens.read or tokens.written) and not server.is_free
    cost = prices.token_cost(card.spec, tokens, server.base_url) if counted else None
    try:
        content = _decoded(written) if written else await _fetched(downloads, address)
        media_type, facts = examined("image", content)
    except ClashError as error:
        # It was drawn, so it is paid for, and to ask again is to pay again.
        paid = quote(card, prices, server, request).cost_usd if cost is None else cost
        raise ProviderError(error.message, code=error.code, hint=error.hint, retryable=False, cost_usd=paid) from error
    counts = {"input_tokens": tokens.read, "output_tokens": tokens.written} if usage else None
    width, height = card.size(request)
    response = {"size": f"{width}x{height}", "references": len(references), "usage": counts}
    return Answer(content, media_type, cost_usd=cost, facts=facts, response=response)


async def _fetched(downloads: Downloads, address: object) -> bytes:
    """The picture at an address. It is paid for, and to fetch it again is free."""
    if not isinstance(address, str) or not address:
        raise bad_file("the vendor's answer has neither a picture nor its address")
    for attempt in range(1, _FETCHES + 1):
        try:
            return await downloads.fetch(address, most_bytes=_MOST_BYTES)
        except ProviderError as error:
            if not error.retryable or attempt == _FETCHES:
                raise
            await asyncio.sleep(min(error.retry_after_s or 2.0**attempt, _LONGEST_WAIT_S))
        except (httpx.InvalidURL, ValueError) as error:
            raise bad_file(f"the vendor's picture has no address that can be one: {error}"[:300]) from error
    raise AssertionError("the last attempt returns or raises")


def identity_of(card: Card, request: ImageRequest) -> dict[str, Any]:
    """What is sent: the prompt, the arguments beside it, and the digests of the pictures shown."""
    text, arguments, references = _asked(card, request)
    return {"prompt": text, "arguments": arguments, "references": [reference.sha256 for reference in references]}


def _asked(card: Card, request: ImageRequest) -> tuple[str, dict[str, Any], tuple[Reference, ...]]:
    width, height = card.size(request)
    references = references_for(card, request)
    text = picture_prompt(request, references)[: card.most_prompt_characters]
    return text, filled(card.arguments, {"size": f"{width}x{height}", "width": width, "height": height}), references


def quote(card: Card, prices: PriceList, server: Server, request: ImageRequest) -> Quote:
    """The price of a picture of the size that would be drawn; what its references cost comes on top of it."""
    width, height = card.size(request)
    units = {"image": Decimal(1), "megapixel": Decimal(width * height) / 1_000_000}
    if server.is_free and not prices.of(card.spec):
        return FREE
    found = prices.quote(card.spec, units, f"{width}x{height}")
    return Quote(found.cost_usd, found.units, found.unit, found.unit_price_usd, estimated=True)


def _meant(error: Exception, spec: str, server: Server) -> ClashError:
    return error if isinstance(error, ClashError) else meaning_of(error, spec, server)


def _decoded(text: object) -> bytes:
    try:
        if not isinstance(text, str):
            raise ValueError(f"{type(text).__name__} in its place")
        return base64.b64decode(text, validate=True)
    except ValueError as error:
        raise bad_file(f"the vendor's picture is no base64: {error}") from error


def _tokens(usage: Any) -> Tokens:
    """What a server says that it used; nothing, where it does not, or says what cannot be."""
    read, written = (count_of(getattr(usage, f"{way}_tokens", None)) for way in ("input", "output"))
    of_input, of_output = (getattr(usage, f"{way}_tokens_details", None) for way in ("input", "output"))
    return Tokens(
        read,
        written,
        pictures_read=min(read, count_of(getattr(of_input, "image_tokens", None))),
        pictures_written=min(written, count_of(getattr(of_output, "image_tokens", None))),
    )
