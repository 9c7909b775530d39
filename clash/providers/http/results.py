"""What a vendor's answer holds: the file, decoded to its end, and what was billed for it."""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, cast

from clash.config import Kind
from clash.errors import ClashError, ProviderError
from clash.providers.http.asking import quote
from clash.providers.http.exchange import Answered
from clash.providers.http.meaning import Said, content_refused, meaning_of, writable
from clash.providers.http.template import text_at
from clash.providers.http.vendor import Endpoint, VendorFile, VendorModel
from clash.providers.json_paths import at
from clash.providers.media import bad_file, examined
from clash.providers.ports import Answer, Request
from clash.providers.prices import PriceList, is_of_sound
from clash.providers.transport import Downloads, OwnHeaders
from clash.redaction import redacted

_MOST_BYTES: Mapping[Kind, int] = {"screenplay": 1 << 20, "image": 64 << 20, "video": 1 << 30, "speech": 128 << 20}
_SEED = re.compile(r"-?[0-9]{1,20}")
_PAUSE_S = 1.0
_FETCHES = 3
_LONGEST_WAIT_S = 30.0
_LONGEST_TEXT = 500
_MOST_UNITS = 1_000_000_000
"""Units of one bill; a larger number is no bill."""


async def answer_at_once(
    vendor: VendorFile,
    endpoint: Endpoint,
    model: VendorModel,
    answered: Answered,
    prices: PriceList,
    request: Request,
    downloads: Downloads,
    own: OwnHeaders | None = None,
) -> Answer:
    """Return the answer of a model that answers at once. It was made, so an error of it says what it cost."""
    cost = billed(endpoint, model, answered.json, prices)
    try:
        _check_not_refused(vendor, endpoint, model, answered)
        for attempt in range(1, _FETCHES + 1):
            try:
                return await answer_of(endpoint, model, answered, cost, downloads, own)
            except ProviderError as error:
                if not error.retryable or attempt == _FETCHES:
                    raise
                # To fetch a file that is paid for again is free.
                await asyncio.sleep(min(error.retry_after_s or _PAUSE_S * attempt, _LONGEST_WAIT_S))
    except ProviderError as error:
        if error.cost_usd is not None:
            raise
        paid = quote(model, prices, request).cost_usd if cost is None else cost
        raise error.with_(retryable=False, cost_usd=paid) from error
    except ClashError as error:
        paid = quote(model, prices, request).cost_usd if cost is None else cost
        raise ProviderError(error.message, code=error.code, hint=error.hint, cost_usd=paid) from error
    raise AssertionError("the last attempt returns or raises")


def _check_not_refused(vendor: VendorFile, endpoint: Endpoint, model: VendorModel, answered: Answered) -> None:
    """Raise `ProviderError` for an answer that has an error in the place of its file."""
    if endpoint.result_is == "body" or at(answered.json, endpoint.result) is not None:
        return
    free = Decimal(0) if endpoint.failures_are_free else None
    if refusal := text_at(answered.json, endpoint.refused_if):
        raise content_refused(f"{model.spec}: {writable(refusal)}").with_(cost_usd=free)
    code = text_at(answered.json, endpoint.failure_code)
    if code:
        said = Said(200, code, writable(text_at(answered.json, endpoint.failure_message)))
        error = meaning_of(said, vendor.errors, model.spec, " and ".join(vendor.keys), "look")
        raise ProviderError(error.message, code=error.code, hint=error.hint, cost_usd=free)


async def answer_of(
    endpoint: Endpoint,
    model: VendorModel,
    answered: Answered,
    cost: Decimal | None,
    downloads: Downloads,
    own: OwnHeaders | None = None,
) -> Answer:
    """Return the file in an answer, or at the address in it, all of it decoded. Raises `ProviderError`."""
    content = await _content(endpoint, model, answered, downloads, own)
    try:
        media_type, facts = await asyncio.to_thread(examined, model.kind, content)
    except ProviderError:
        if endpoint.result_is != "url":
            raise
        # A store of files that was not ready yet is told from a file that is bad by asking once more.
        await asyncio.sleep(_PAUSE_S)
        content = await _content(endpoint, model, answered, downloads, own)
        media_type, facts = await asyncio.to_thread(examined, model.kind, content)
    seed = text_at(answered.json, endpoint.seed)
    facts = {**facts, "seed": int(seed)} if _SEED.fullmatch(seed) else facts
    said = shortened(answered.json)
    response = cast("dict[str, Any]", said) if isinstance(said, dict) else {}
    return Answer(content, media_type, cost_usd=cost, facts=facts, response=redacted(response))


async def _content(
    endpoint: Endpoint, model: VendorModel, answered: Answered, downloads: Downloads, own: OwnHeaders | None
) -> bytes:
    if endpoint.result_is == "body":
        return answered.content
    found = at(answered.json, endpoint.result)
    if not isinstance(found, str) or not found:
        said = str(redacted(shortened(answered.json)))[:300].encode("utf-8", "replace").decode("utf-8")
        raise ProviderError(f"{model.spec}: the answer has no {endpoint.result[0]}: {said}", code="bad_answer")
    if endpoint.result_is == "url":
        return await downloads.fetch(found, most_bytes=_MOST_BYTES[model.kind], own=own)
    try:
        if endpoint.result_is == "hex":
            return bytes.fromhex(found)
        return base64.b64decode(found.partition(";base64,")[2] or found, validate=True)
    except ValueError as error:
        raise bad_file(f"the vendor's file is no {endpoint.result_is}: {error}") from error


def billed(
    endpoint: Endpoint, model: VendorModel, body: object, prices: PriceList, *, has_sound: bool | None = None
) -> Decimal | None:
    """Return what an answer says that the call cost; None where it does not say, or not at which price.

    `has_sound`: whether the clip that came has sound, where that is known: it may have a price of its own.
    """
    bill = endpoint.billed
    if bill is not None and bill.parts:
        counts = [(_number(text_at(body, part.units)), part) for part in bill.parts]
        known = [count / part.per * part.usd for count, part in counts if count is not None]
        return sum(known, Decimal(0)) if known else None
    count = _number(text_at(body, bill.units)) if bill is not None else None
    if bill is None or count is None:
        return None
    published = [price for price in prices.of(model.spec) if price.unit == prices.of(model.spec)[0].unit]
    said = text_at(body, bill.variant)
    if has_sound is not None:
        published = [price for price in published if is_of_sound(price) == has_sound] or published
    held = [price for price in published if said and price.variant == said] or published
    if len({price.price for price in held}) != 1:
        return None  # of several prices nobody says which one holds; then it counts as what it was quoted
    return count / bill.per * held[0].price


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() and 0 <= number <= _MOST_UNITS else None


def shortened(value: object) -> object:
    """Return the value with long texts, such as files, told by their length."""
    if isinstance(value, dict):
        return {name: shortened(one) for name, one in cast("dict[str, object]", value).items()}
    if isinstance(value, list):
        return [shortened(one) for one in cast("list[object]", value)]
    if isinstance(value, str) and len(value) > _LONGEST_TEXT:
        return f"{value[:60]}... ({len(value)} characters)"
    return value
