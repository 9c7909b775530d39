"""A vendor's file, looked at: is it right, what can its models do, and what would be sent? Nothing is sent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from clash.config import Settings
from clash.documents.models import VendorChecked
from clash.errors import ClashError, SettingsError
from clash.money import to_micro, usd_text
from clash.providers.choice import told_choice
from clash.providers.credentials import variable_of
from clash.providers.http.files import read_vendor_file
from clash.providers.http.provider import base_url_of
from clash.providers.http.sample import sample_price, sample_requests
from clash.providers.http.vendor import VendorFile, VendorModel
from clash.providers.prices import PriceList, load_prices
from clash.providers.registry import installed_names
from clash.providers.vendor_names import vendor_names


async def check_vendor(settings: Settings, file: str) -> VendorChecked:
    """Check a file. Raises `SettingsError` that names the key, what is wrong with it, and what is allowed."""
    if file.endswith(".json"):
        return _checked_workflow(settings, file)
    vendor = read_vendor_file(Path(file))
    if vendor.name in installed_names():
        raise SettingsError(
            f"{file}: {vendor.name} is the name of a provider that is installed",
            code="bad_vendor_file",
            hint="give the file another name: it is the word before the colon in PROVIDER:MODEL",
        )
    prices = load_prices(settings, vendor.price_list())
    shipped = vendor.name in vendor_names(None)
    return VendorChecked.of(
        {
            "file": file,
            "provider": vendor.name,
            "title": vendor.title,
            "source": vendor.source,
            "checked_on": vendor.checked_on.isoformat(),
            "base_url": base_url_of(vendor),
            "key": vendor.key or None,
            "key_present": all(variable_of(name) is not None for name in vendor.keys),
            "overrides": f"{vendor.name}, which comes with clash" if shipped else None,
            "models": [_model(vendor, model, prices) for model in vendor.models],
            "inputs": [],
            "notes": [],
            "requests": [
                {"model": f"{vendor.name}:{model.id}", **request}
                for model in vendor.models
                for request in sample_requests(vendor, model, base_url_of(vendor))
            ],
        }
    )


def _checked_workflow(settings: Settings, file: str) -> VendorChecked:
    from clash.providers.comfyui import ComfyUIProvider
    from clash.providers.comfyui.folder import read_model
    from clash.providers.comfyui.sample import checked_workflow

    model = read_model(Path(file))
    found = checked_workflow(settings, model)
    folder = settings.comfyui_dir
    if folder is not None and folder.is_dir() and model.base.path.resolve().parent == folder.resolve():
        kind = model.base.kind
        if told := told_choice(kind, "comfyui", ComfyUIProvider(settings).choices(kind)):
            found["notes"].append(told)
    return VendorChecked.of(
        {"file": file, "provider": "comfyui", "key": None, "key_present": True, "overrides": None, **found}
    )


def _model(vendor: VendorFile, model: VendorModel, prices: PriceList) -> dict[str, Any]:
    cost, told, makes = None, "", ""
    try:
        sample = sample_price(model, prices)
        quote, makes = sample["quote"], sample["made"]
        cost = usd_text(to_micro(quote.cost_usd))
        told = f"{quote.units.normalize():f} {quote.unit} at ${quote.unit_price_usd.normalize():f}"
        told += ", estimated" if quote.estimated else ""
    except ClashError as error:
        told = error.message
    endpoint = vendor.endpoints[model.endpoint]
    return {
        "kind": model.kind,
        "model": f"{vendor.name}:{model.id}",
        "answers": "as a job" if endpoint.job else "at once",
        "last_frame": model.last_frame,
        "sound": model.sound,
        "seed": model.seed,
        "references": model.most_references,
        "makes": makes,
        "cost_usd": cost,
        "price": told,
    }
