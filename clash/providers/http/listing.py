"""What a list of models says of each vendor, read from its file without checking the rest of it.

The files that come with clash are checked by its tests. So their list needs neither the checks nor the classes of a
vendor, which take longer than all else in `clash models`. A file of the user's is read whole, and checked.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from clash.config import Settings
from clash.errors import SettingsError
from clash.providers.model_limits import ModelLimits
from clash.providers.prices import Price
from clash.providers.vendor_names import own_files, shipped_files, vendor_names

_OF_A_LIST = ("id", "kind", "summary", "free")


@dataclass(frozen=True)
class VendorListing:
    """A vendor as a list shows it: the variables of its keys, its models with their prices.

    `fault`: what is wrong with a file of the user's, of which nothing else is known then.
    """

    name: str
    keys: tuple[str, ...] = ()
    models: tuple[ModelLimits, ...] = ()
    prices: tuple[Price, ...] = ()
    fault: SettingsError | None = None


def vendor_listings(settings: Settings, without: frozenset[str]) -> Iterator[VendorListing]:
    """Yield all vendors but those of these names. Raises `SettingsError` for a folder that cannot be read."""
    own = own_files(settings)
    for name in vendor_names(settings):
        if name in without:
            continue
        if name in own:
            from clash.providers.http.files import vendor_file

            try:
                vendor = vendor_file(name, settings)
            except SettingsError as error:
                yield VendorListing(name, fault=error)
            else:
                yield VendorListing(name, vendor.keys, vendor.models, vendor.price_list())
        else:
            yield _listing_of(name, tomllib.loads(shipped_files()[name].read_text(encoding="utf-8")))


def _listing_of(name: str, data: Mapping[str, Any]) -> VendorListing:
    models = tuple(
        ModelLimits(provider=name, **{field: model[field] for field in _OF_A_LIST if field in model})
        for model in data["models"]
    )
    keys = tuple(data[field] for field in ("key", "secret") if data.get(field))
    return VendorListing(name, keys, models, tuple(_prices_of(name, data)))


def _prices_of(name: str, data: Mapping[str, Any]) -> Iterator[Price]:
    """The prices of all models, in dollars, as `VendorFile.price_list` has them."""
    rates = {"USD": Decimal(1)}
    if exchange := data.get("exchange"):
        rates[exchange["currency"]] = Decimal(exchange["usd"])
    for model in data["models"]:
        for price in model.get("prices", ()):
            yield Price(
                model=f"{name}:{model['id']}",
                unit=price["unit"],
                price=Decimal(price["price"]) * rates[price.get("currency", "USD")],
                variant=price.get("variant", ""),
                checked_on=price.get("checked_on") or data["checked_on"],
                source=price.get("source") or data["source"],
            )
