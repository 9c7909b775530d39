"""What models there are: the catalogue, what each costs as far as it is published, and the key that it needs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from clash.config import Settings
from clash.documents.models import ModelList
from clash.errors import SettingsError
from clash.installation import install_command
from clash.providers.catalogue import load_catalogue
from clash.providers.credentials import KEY_VARIABLES, variable_of, vendor_key
from clash.providers.extras import EXTRAS, installed
from clash.providers.http.listing import VendorListing, vendor_listings
from clash.providers.model_limits import ModelLimits
from clash.providers.prices import PriceList, load_prices, token_prices
from clash.providers.registry import installed_names
from clash.vocabulary import KINDS

_PACKAGES = {"openai": "openai", "ollama": "openai", "lmstudio": "openai", "fal": "fal_client"}


async def list_models(settings: Settings) -> ModelList:
    """All models that clash knows, by kind, and the presets; a vendor's file that is wrong is told, and left out.

    Raises `SettingsError` for the file of models or of prices that cannot be read.
    """
    catalogue, prices = load_catalogue(settings), load_prices(settings)
    presets = catalogue.presets
    items = [_item(card, prices, settings) for card in catalogue.cards]
    faults: list[SettingsError] = []
    for vendor in vendor_listings(settings, installed_names()):
        if vendor.fault is not None:
            faults.append(vendor.fault)
        of_vendor = load_prices(settings, vendor.prices)
        items += [_item(model, of_vendor, settings, vendor) for model in vendor.models]
    items += _workflows(settings)
    items.sort(key=lambda item: KINDS.index(item["kind"]))
    for item in items:
        item["presets"] = sorted(name for name, models in presets.items() if item["model"] in models.values())
    return ModelList.of(
        {
            "items": items,
            "presets": [{"name": name, **presets[name]} for name in sorted(presets)],
            "preset": settings.preset,
            "error": _error_of(faults),
        }
    )


def _error_of(faults: Sequence[SettingsError]) -> dict[str, Any] | None:
    """Return what is wrong with the files of vendors; the others are listed."""
    if not faults:
        return None
    message = "\n".join(fault.message for fault in faults)
    return {"code": faults[0].code, "message": message, "hint": "`clash models check FILE` checks one file"}


def _item(
    card: ModelLimits, prices: PriceList, settings: Settings, vendor: VendorListing | None = None
) -> dict[str, Any]:
    keys = vendor.keys if vendor is not None else tuple(filter(None, [KEY_VARIABLES.get(card.provider)]))
    package = _PACKAGES.get(card.provider)
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
        "key": keys[0] if keys else None,
        "key_present": _has_craft_key(card, settings) or all(_has_key(name, card.provider, settings) for name in keys),
        "package": package,
        "install": install_command(EXTRAS[package]) if missing and package else None,
    }


def _workflows(settings: Settings) -> list[dict[str, Any]]:
    """The user's ComfyUI workflows. One that is wrong is listed, and its summary says what is wrong."""
    if settings.comfyui_dir is None:
        return []
    from clash.providers.comfyui.folder import workflow_model, workflow_names

    found: list[dict[str, Any]] = []
    for name in workflow_names(settings):
        kind, summary, price = "image", "", "free"
        try:
            workflow = workflow_model(settings, name).base
            kind, summary = workflow.kind, workflow.notes.summary
        except SettingsError as error:
            summary = f"cannot be used: {error.message}"
            price = f"cannot be used: clash models check {settings.comfyui_dir / name}.json"
        limits = ModelLimits(provider="comfyui", id=name, kind=kind, summary=summary, free=True)
        found.append({**_item(limits, PriceList(()), settings), "price": price})
    return found


def _has_craft_key(card: ModelLimits, settings: Settings) -> bool:
    """Whether the server of a craft has a key of its own, which overrides OPENAI_API_KEY."""
    own = {"screenplay": settings.screenplay_api_key, "image": settings.image_api_key}.get(card.kind)
    return card.provider == "openai" and own is not None


def _has_key(variable: str, provider: str, settings: Settings) -> bool:
    return (vendor_key(provider, settings) if provider in KEY_VARIABLES else variable_of(variable)) is not None


def _by_token(card: ModelLimits, settings: Settings) -> list[dict[str, Any]]:
    """What `genai-prices` says of a language model; nothing where it is not installed."""
    if card.kind != "screenplay" or card.free or not installed("genai_prices"):
        return []
    try:
        found = token_prices(card.id, settings.screenplay_base_url or settings.openai_base_url)
    except SettingsError:
        return []
    return [
        {"unit": unit, "variant": None, "usd": f"{usd.normalize():f}", "checked_on": None, "source": "genai-prices"}
        for unit, usd in found.items()
    ]


def _words(price: dict[str, Any]) -> str:
    variant = f" ({price['variant']})" if price["variant"] else ""
    return f"${price['usd']} / {price['unit']}{variant}"
