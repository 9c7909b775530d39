"""What models there are: the catalogue, what each costs as far as it is published, and the key that it needs."""

from __future__ import annotations

from typing import Any

from clash.config import Settings
from clash.documents.models import ModelList
from clash.errors import SettingsError
from clash.installation import install_command
from clash.providers.catalogue import Card, load_catalogue
from clash.providers.credentials import KEY_VARIABLES, vendor_key
from clash.providers.extras import EXTRAS, installed
from clash.providers.prices import PriceList, load_prices, token_prices

_PACKAGES = {"openai": "openai", "fal": "fal_client"}


async def list_models(settings: Settings) -> ModelList:
    """All models that clash knows, by kind, and the presets. Raises `SettingsError` for a file that cannot be read."""
    catalogue, prices = load_catalogue(settings), load_prices(settings)
    presets = catalogue.presets
    items = [_card(card, prices, settings) for card in catalogue.cards]
    for item in items:
        item["presets"] = sorted(name for name, models in presets.items() if item["model"] in models.values())
    return ModelList.of(
        {
            "items": items,
            "presets": [{"name": name, **presets[name]} for name in sorted(presets)],
            "preset": settings.preset,
        }
    )


def _card(card: Card, prices: PriceList, settings: Settings) -> dict[str, Any]:
    key, package = KEY_VARIABLES.get(card.provider), _PACKAGES.get(card.provider)
    missing = package is not None and not installed(package)
    published = [
        {
            "unit": price.unit,
            "variant": price.variant or None,
            "usd": f"{price.price.normalize():f}",
            "checked_on": price.checked_on.isoformat(),
            "source": price.source,
        }
        for price in prices.of(card.spec)
    ] or _by_token(card, settings)
    return {
        "kind": card.kind,
        "model": card.spec,
        "summary": card.summary,
        "prices": published,
        "price": "; ".join(_words(price) for price in published) or ("free" if card.free else "unknown"),
        "key": key,
        "key_present": key is None or vendor_key(card.provider, settings) is not None,
        "package": package,
        "install": install_command(EXTRAS[package]) if missing and package else None,
    }


def _by_token(card: Card, settings: Settings) -> list[dict[str, Any]]:
    """What `genai-prices` says of a language model; nothing where it is not installed."""
    if card.kind != "screenplay" or not installed("genai_prices"):
        return []
    try:
        found = token_prices(card.id, settings.openai_base_url)
    except SettingsError:
        return []
    return [
        {"unit": unit, "variant": None, "usd": f"{usd.normalize():f}", "checked_on": None, "source": "genai-prices"}
        for unit, usd in found.items()
    ]


def _words(price: dict[str, Any]) -> str:
    variant = f" ({price['variant']})" if price["variant"] else ""
    return f"${price['usd']} / {price['unit']}{variant}"
