"""Are the vendors and servers there, with a good key and the model? Each is asked with a call that costs nothing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection, Mapping
from typing import Any

from clash.config import Kind, Settings
from clash.database.connection import database_exists, open_database
from clash.database.earlier_calls import newest_response
from clash.errors import ClashError
from clash.network.proxies import Proxies
from clash.providers.credentials import KEY_VARIABLES, variable_of, vendor_key
from clash.providers.endpoints import endpoint_of
from clash.providers.file_hosts import FileHosts, check_file_hosts
from clash.providers.http.files import vendor_file
from clash.providers.ports import AnyProvider
from clash.providers.registry import Probed, ProbedPerModel, Registry, installed_names, provider_names
from clash.providers.vendor_names import OWN_SERVERS, own_files, vendor_names

_PROBE_S = 20.0


def check(name: str, ok: bool, says: str, hint: str | None = None) -> dict[str, Any]:
    """Return one check as the document has it."""
    return {"check": name, "ok": ok, "says": says, "hint": hint}


def failed(name: str, error: ClashError) -> dict[str, Any]:
    """Return a check that failed with this error."""
    return check(name, False, error.message, error.hint)


async def vendor_checks(
    models: Mapping[Kind, str],
    settings: Settings,
    *,
    used_only: bool = False,
    without: Collection[str] = (),
) -> list[dict[str, Any]]:
    """Make a free call to each vendor whose key is set, and to each server of one's own that these models use.

    `used_only`: to those alone that the models use. `without`: but not to those of these names. All are asked at the
    same time, and none is waited for longer than 20 seconds.
    """
    registry = Registry(settings)
    used = _models_by_provider(models)
    names = [name for name in (used if used_only else provider_names(settings)) if name not in without]
    found = await asyncio.gather(*(_vendor_check(name, used.get(name, {}), registry, settings) for name in names))
    return [one for one in found if one is not None]


def vendor_file_checks(settings: Settings) -> list[dict[str, Any]]:
    """Name the files in CLASH_PROVIDERS_DIR that are wrong. Asks nobody. Raises `SettingsError` if it is no folder."""
    found: list[dict[str, Any]] = []
    for name in sorted({*own_files(settings)} - installed_names()):
        try:
            vendor_file(name, settings)
        except ClashError as error:
            found.append(failed(name, error))
    return found


def _models_by_provider(models: Mapping[Kind, str]) -> dict[str, dict[Kind, str]]:
    used: dict[str, dict[Kind, str]] = {}
    for kind, spec in models.items():
        name, _, model = spec.partition(":")
        used.setdefault(name, {})[kind] = model
    return used


async def _vendor_check(
    name: str, models: Mapping[Kind, str], registry: Registry, settings: Settings
) -> dict[str, Any] | None:
    """The check of one provider; None where there is nobody to ask, or its key is missing."""
    try:
        provider = registry.provider(name)
        if not isinstance(provider, Probed) or not is_set_up(name, models, settings):
            return None
        async with asyncio.timeout(_PROBE_S):
            says = await _answers(provider, models, registry, settings)
    except ClashError as error:
        if error.code == "missing_key":
            # The check of the model says so.
            return None
        return check(name, False, error.message, error.hint or (_how_to_reach() if _is_away(error) else None))
    except TimeoutError:
        return check(name, False, f"no answer within {_PROBE_S:.0f} s", _how_to_reach())
    return check(name, True, says)


async def _answers(provider: AnyProvider, models: Mapping[Kind, str], registry: Registry, settings: Settings) -> str:
    """What the servers of a provider say, each with its address. Raises `ClashError`."""
    if not (models and isinstance(provider, ProbedPerModel)):
        assert isinstance(provider, Probed)  # noqa: S101 - for the types alone: the caller has looked
        sent = _sent_to(provider.name, provider.endpoint, settings)
        return f"{sent}: {await provider.probe()}"
    says: list[str] = []
    for kind, named in models.items():
        model = named or registry.model(kind, provider.name).name
        said = f"{endpoint_of(provider, kind)}: {await provider.probe_model(kind, model)}"
        if kind == "screenplay" and (style := await _style_of(provider, model, settings)):
            said += f"; its JSON: {style}"
        says.append(said)
    return "; ".join(says)


def _sent_to(name: str, endpoint: str, settings: Settings) -> str:
    """The address of a provider; of one that is a file also the variables whose values go there."""
    if name not in vendor_names(settings) or name in installed_names():
        return endpoint
    vendor = vendor_file(name, settings)
    sent = [vendor.key] if vendor.key else []
    signing = f", signed with {vendor.secret}" if vendor.secret else ""
    return f"{' and '.join(sent)}{signing} goes to {endpoint}" if sent else endpoint


async def _style_of(provider: AnyProvider, model: str, settings: Settings) -> str | None:
    """In which style the model answered: as this process has learned, else as its newest call was recorded."""
    if isinstance(provider, ProbedPerModel) and (style := provider.style_of(model)):
        return style
    if not database_exists(settings.database_url):
        return None
    try:
        async with open_database(settings.database_url, "read") as database:
            found = await newest_response(database, provider.name, model, endpoint_of(provider, "screenplay"))
    except ClashError:
        # The check of the database says what is wrong with it.
        return None
    style = json.loads(found).get("style") if found else None
    return f"{style} (its newest call)" if isinstance(style, str) else None


def is_set_up(name: str, models: Mapping[Kind, str], settings: Settings) -> bool:
    """Whether a provider has what says that it should be there: its key; of a server of one's own, that it is used."""
    if name in OWN_SERVERS:
        return bool(models) or (name == "comfyui" and settings.comfyui_dir is not None)
    if name == "openai" and models:
        # Its crafts may have servers of their own, which need no key; where one is missing, asking says so.
        return True
    if name in KEY_VARIABLES:
        return vendor_key(name, settings) is not None
    if name not in vendor_names(settings) or name in installed_names():
        return True
    keys = vendor_file(name, settings).keys
    # Of two of which one is missing, the probe says so.
    return not keys or any(variable_of(variable) is not None for variable in keys)


def _is_away(error: ClashError) -> bool:
    return error.code in ("unreachable", "unavailable")


def _how_to_reach() -> str:
    """What to do where a server cannot be reached: look at the proxy, or set one."""
    proxies = Proxies.of_environment().by_scheme
    if proxies:
        names = " and ".join(dict.fromkeys(one.variable for one in proxies.values()))
        return f"see that the network works, and that the proxy of {names} lets the address pass"
    return "see that the network works; behind a proxy, set HTTPS_PROXY=http://HOST:PORT"


async def file_checks(models: Mapping[Kind, str], settings: Settings) -> list[dict[str, Any]]:
    """Whether files that would be paid for can be fetched, the way that a run fetches them."""
    registry = Registry(settings)
    checks: list[dict[str, Any]] = []
    for name in _models_by_provider(models):
        try:
            provider = registry.provider(name)
            if not isinstance(provider, FileHosts) or not provider.file_hosts or not is_set_up(name, {}, settings):
                continue
            says = await check_file_hosts(provider)
        except ClashError as error:
            checks.append(failed(f"files of {name}", error))
        else:
            checks.append(check(f"files of {name}", True, says))
    return checks
