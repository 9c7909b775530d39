"""What a call costs: tokens from `genai-prices`, all else from `prices.toml`, and before both the user's own file.

A price is what a vendor publishes; what a vendor bills for a call overrides it.
"""

from __future__ import annotations

import datetime
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from clash.config import Settings
from clash.errors import DO, Action, Remedy, SettingsError
from clash.providers.catalogue import read_toml
from clash.providers.extras import module
from clash.providers.ports import Quote

Unit = Literal[
    "image",
    "megapixel",
    "clip",
    "second",
    "1000 characters",
    "million tokens",
    "million input tokens",
    "million output tokens",
]
_OF_TEXT = ("million input tokens", "million output tokens")
_MILLION = Decimal(1_000_000)
_OPENAI = "openai"
_USUAL = 10_000
_SOUND = "sound"


class Price(BaseModel):
    """Dollars for one `unit` of a model, as published at `source` on `checked_on`.

    `variant`: a size or resolution; `sound` or `1080p sound` for clips that have sound.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str = Field(pattern=r"^[^:]+:.+$")
    unit: Unit
    price: Decimal = Field(ge=0, le=100_000)
    variant: str = ""
    checked_on: datetime.date
    source: str = Field(min_length=1)


class FreeFailures(BaseModel):
    """Errors of a server (HTTP statuses) that are not billed, as its vendor says at `source` on `checked_on`.

    It holds at this `endpoint` only: what a gateway has done before it answers with an error, the vendor cannot say.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    provider: str = Field(min_length=1)
    endpoint: str = Field(min_length=1)
    statuses: frozenset[int] = Field(min_length=1)
    checked_on: datetime.date
    source: str = Field(min_length=1)


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    prices: tuple[Price, ...] = ()
    free_failures: tuple[FreeFailures, ...] = ()


@dataclass(frozen=True)
class Tokens:
    """What a call to a language model read and wrote, as the vendor counts it."""

    read: int
    written: int
    cached: int = 0
    """How many of those read came from the vendor's cache."""
    pictures_read: int = 0
    """How many of those read were pictures."""
    pictures_written: int = 0

    def __add__(self, other: Tokens) -> Tokens:
        return Tokens(
            self.read + other.read,
            self.written + other.written,
            self.cached + other.cached,
            self.pictures_read + other.pictures_read,
            self.pictures_written + other.pictures_written,
        )


class PriceList:
    """All prices; of two for the same thing the first holds."""

    def __init__(
        self, prices: Sequence[Price], *, allow_unpriced: bool = False, free_failures: Sequence[FreeFailures] = ()
    ) -> None:
        self._prices = tuple(prices)
        self._free_failures = tuple(free_failures)
        self._allow_unpriced = allow_unpriced

    def failure_is_free(self, provider: str, endpoint: str, status: int) -> bool:
        """Whether this provider, asked at this address, does not bill a call that it answers with this status."""
        return any(
            (free.provider, free.endpoint.rstrip("/")) == (provider, endpoint.rstrip("/")) and status in free.statuses
            for free in self._free_failures
        )

    def of(self, spec: str) -> tuple[Price, ...]:
        """All prices of a model, those in force first."""
        return tuple(price for price in self._prices if price.model == spec)

    def unit_price(self, spec: str, variant: str = "") -> Price | None:
        """The price of a model that is not sold by the token: for this variant, else for any."""
        return self._of_variants(spec, (variant, ""))

    def _of_variants(self, spec: str, variants: Sequence[str]) -> Price | None:
        """The price for the first of these variants that has one."""
        found = [price for price in self._prices if price.model == spec and price.unit not in _OF_TEXT]
        return next((price for variant in variants for price in found if price.variant == variant), None)

    def depend_on_sound(self, spec: str) -> bool:
        """Whether clips of a model with sound have a price of their own."""
        return any(is_of_sound(price) for price in self.of(spec))

    def token_cost(self, spec: str, tokens: Tokens, base_url: str) -> Decimal | None:
        """Dollars for these tokens; None if nobody knows. Raises `SettingsError` if `genai-prices` is missing."""
        cost = self.own_token_cost(spec, tokens)
        return cost if cost is not None else _published_token_cost(spec.partition(":")[2], tokens, base_url)

    def own_token_cost(self, spec: str, tokens: Tokens) -> Decimal | None:
        """Dollars for these tokens by the prices of this list alone; None if it has none for the model."""
        read, written = (self._token_price(spec, f"million {way} tokens") for way in ("input", "output"))
        if read is None or written is None:
            return None
        return (tokens.read * read + tokens.written * written) / _MILLION

    def _token_price(self, spec: str, unit: str) -> Decimal | None:
        return next((price.price for price in self._prices if (price.model, price.unit) == (spec, unit)), None)

    def quote(self, spec: str, units: dict[str, Decimal], variant: str = "", *, with_sound: bool = False) -> Quote:
        """What so many units cost; `units` says how many there would be of each. Raises `SettingsError` (unpriced).

        `with_sound`: of a clip with sound, which costs as one without where no price for it is known.
        """
        price = self.price_of_variants(spec, (variant,), with_sound=with_sound)
        if price is None or price.unit not in units:
            return self.unpriced(spec)
        count = units[price.unit]
        estimated = price.unit in ("megapixel", "million tokens")
        return Quote(count * price.price, count, price.unit, price.price, estimated=estimated)

    def price_of_variants(self, spec: str, variants: Sequence[str], *, with_sound: bool = False) -> Price | None:
        """The price for the first of these variants that has one; with sound, first those of clips that have it."""
        sounding = (*(f"{variant} {_SOUND}" for variant in variants if variant), _SOUND) if with_sound else ()
        return self._of_variants(spec, (*sounding, *variants, ""))

    def unpriced(self, spec: str) -> Quote:
        """The quote of a model without a price: an error, unless that was allowed."""
        if self._allow_unpriced:
            return Quote(Decimal(0), estimated=True)
        raise SettingsError(
            f"nobody knows what {spec} costs",
            code="unpriced",
            remedy=Remedy(
                Action.ALLOW_UNPRICED,
                "put its price into the file that CLASH_PRICES_FILE names (docs/models.md), or call it all the same:"
                f" {DO}",
            ),
        )


def is_of_sound(price: Price) -> bool:
    """Whether a price is that of clips with sound."""
    return price.variant.split(" ")[-1] == _SOUND


def load_prices(settings: Settings, more: Sequence[Price] = ()) -> PriceList:
    """The prices in force, with `more` of them. Raises `SettingsError` for a file of the user's that cannot be read."""
    own = read_toml(settings.prices_file, "CLASH_PRICES_FILE", _File) if settings.prices_file else _File()
    return PriceList(
        [*own.prices, *more, *shipped_prices()],
        allow_unpriced=settings.allow_unpriced,
        free_failures=[*own.free_failures, *_shipped().free_failures],
    )


def shipped_prices() -> tuple[Price, ...]:
    """The prices in `prices.toml`."""
    return _shipped().prices


@cache
def _shipped() -> _File:
    text = (files("clash.providers") / "prices.toml").read_text(encoding="utf-8")
    return _File.model_validate(tomllib.loads(text))


def token_prices(model: str, base_url: str) -> dict[Unit, Decimal]:
    """Dollars for a million tokens read and written, as published; nothing where nobody knows."""
    # Of a call of usual length: some vendors ask more for very long ones.
    read = _published_token_cost(model, Tokens(_USUAL, 0), base_url)
    written = _published_token_cost(model, Tokens(0, _USUAL), base_url)
    if read is None or written is None:
        return {}
    return {"million input tokens": read * _MILLION / _USUAL, "million output tokens": written * _MILLION / _USUAL}


def _published_token_cost(model: str, tokens: Tokens, base_url: str) -> Decimal | None:
    """By `genai-prices`, whose data came with the package: of the vendor at this address, else of OpenAI."""
    library = module("genai_prices")
    usage = library.Usage(
        input_tokens=tokens.read,
        output_tokens=tokens.written,
        cache_read_tokens=tokens.cached or None,
        input_image_tokens=tokens.pictures_read or None,
        output_image_tokens=tokens.pictures_written or None,
    )
    for vendor in ({"provider_api_url": base_url}, {"provider_id": _OPENAI}):
        try:
            return Decimal(library.calc_price(usage, model_ref=model, **vendor).total_price)
        except LookupError:
            continue
    return None
