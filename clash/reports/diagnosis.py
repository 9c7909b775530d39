"""Is everything there that a film needs? Every setting with where it comes from, keys, packages, database, disk."""

from __future__ import annotations

import asyncio
import importlib.metadata
import os
import platform
import shutil
import sys
from typing import Any, cast

from pydantic import SecretStr

from clash.config import Kind, Settings, dotenv_values
from clash.database.connection import check_soundness, database_exists, open_database
from clash.database.migrations import pending_migrations
from clash.documents.doctor import Diagnosis
from clash.errors import ClashError
from clash.installation import install_command
from clash.network import network_problems
from clash.network.certificates import VARIABLES
from clash.network.langsmith import langsmith_destination, langsmith_switch
from clash.network.proxies import Proxies
from clash.providers.addresses import never_passing
from clash.providers.choice import models_for
from clash.providers.credentials import KEY_VARIABLES, key_of, variable_of, vendor_key
from clash.providers.extras import EXTRAS, installed, package_of
from clash.providers.file_hosts import FileHosts, check_file_hosts
from clash.providers.http.files import vendor_file
from clash.providers.registry import Probed, Registry, installed_names, provider_names
from clash.providers.vendor_names import OWN_SERVERS, vendor_names
from clash.redaction import redacted_text
from clash.version import __version__

_LOW_DISK_BYTES = 1 << 30
_PROBE_S = 20.0


async def diagnose(settings: Settings, *, ask: bool = True) -> Diagnosis:
    """All checks. `ask`: whether vendors whose key is set are asked, with a call that costs nothing."""
    models, unknown = _models(settings)
    checks = [
        *unknown,
        *_models_checks(models, settings),
        *_network_checks(settings),
        *(await _file_checks(models, settings) if ask else []),
        _tracing_check(settings),
        *(await _vendor_checks(models, settings) if ask else []),
        await _database_check(settings),
        _disk_check(settings),
    ]
    return Diagnosis.of(
        {
            "version": __version__,
            "python": platform.python_version(),
            "platform": f"{sys.platform} {platform.machine()}",
            "models": models,
            "settings": _settings_items(settings),
            "extras": _extras_items(),
            "checks": checks,
            "ok": all(check["ok"] for check in checks),
        }
    )


def _check(name: str, ok: bool, says: str, hint: str | None = None) -> dict[str, Any]:
    return {"check": name, "ok": ok, "says": says, "hint": hint}


def _failed(name: str, error: ClashError) -> dict[str, Any]:
    return _check(name, False, error.message, error.hint)


# -- settings ----------------------------------------------------------------------------------------------------


def _settings_items(settings: Settings) -> list[dict[str, Any]]:
    """Every setting in force: its variable, its value (secrets masked), and where it comes from."""
    in_file = dotenv_values()
    items: list[dict[str, Any]] = []
    for name, field in Settings.model_fields.items():
        variable = str(field.validation_alias)
        source = "environment" if variable in os.environ else ".env" if variable in in_file else "default"
        value = getattr(settings, name)
        if isinstance(value, SecretStr) or (value is None and variable in KEY_VARIABLES.values()):
            value, source = _secret(variable, value, source)
        items.append({"setting": variable, "value": _shown(value), "source": source})
    return items


def _secret(variable: str, value: SecretStr | None, source: str) -> tuple[str | None, str]:
    """A key shown by its last four letters, of which nobody can make a key."""
    key = key_of(variable, value)
    if key is None:
        return None, source
    shown = f"***{key[-4:]}" if len(key) >= 16 else "***"
    return shown, source if value is not None else "keyring"


def _shown(value: object) -> str | None:
    if value is None or value == () or value == {}:
        return None
    if isinstance(value, tuple):
        return ", ".join(str(item) for item in cast("tuple[object, ...]", value))
    return redacted_text(str(value))


# -- packages ----------------------------------------------------------------------------------------------------


def _extras_items() -> list[dict[str, Any]]:
    """Every optional package: its version, or how to get it."""
    items: list[dict[str, Any]] = []
    for name, extra in EXTRAS.items():
        there, package = installed(name), package_of(name)
        version = importlib.metadata.version(package) if there else None
        install = None if there else install_command(extra)
        items.append({"package": package, "extra": extra, "version": version, "install": install})
    return items


# -- checks ------------------------------------------------------------------------------------------------------


def _models(settings: Settings) -> tuple[dict[Kind, str], list[dict[str, Any]]]:
    """The models that a run would use; none, and why, where a preset is not known."""
    try:
        return models_for(settings), []
    except ClashError as error:
        return {}, [_failed("models", error)]


def _models_checks(models: dict[Kind, str], settings: Settings) -> list[dict[str, Any]]:
    """Whether the models that a run would use can be called: known, with their package and key."""
    registry = Registry(settings)
    checks: list[dict[str, Any]] = []
    for kind, spec in models.items():
        try:
            model = registry.model(kind, spec)
            model.require()
        except ClashError as error:
            checks.append(_failed(f"{kind} model", error))
        else:
            checks.append(_check(f"{kind} model", True, model.spec))
    return checks


def _network_checks(settings: Settings) -> list[dict[str, Any]]:
    """The proxies and certificates of the environment: what cannot be used, and what goes through which proxy."""
    problems = [_failed("network", error) for error in network_problems()]
    for one in never_passing(settings.fake_ip_ranges or ()):
        says = f"CLASH_FAKE_IP_RANGES: {one} is private or link-local, which never passes"
        problems.append(_check("network", False, says, "hosts of your own network go into CLASH_ALLOW_HOSTS"))
    if problems:
        return problems
    proxies = Proxies.of_environment().by_scheme
    lines = [f"{scheme} requests go through {one.address} ({one.variable})" for scheme, one in proxies.items()]
    lines += [f"{name} names the certificates that are trusted" for name in VARIABLES if os.environ.get(name)][:1]
    return [_check("network", True, "; ".join(lines) or "no proxy; the certificates that come with clash")]


async def _file_checks(models: dict[Kind, str], settings: Settings) -> list[dict[str, Any]]:
    """Whether files that would be paid for can be fetched, the way that a run fetches them."""
    registry = Registry(settings)
    checks: list[dict[str, Any]] = []
    for name in dict.fromkeys(spec.partition(":")[0] for spec in models.values()):
        try:
            provider = registry.provider(name)
            if not isinstance(provider, FileHosts) or not provider.file_hosts or not _has_key(name, settings):
                continue
            says = await check_file_hosts(provider)
        except ClashError as error:
            checks.append(_failed(f"files of {name}", error))
        else:
            checks.append(_check(f"files of {name}", True, says))
    return checks


def _tracing_check(settings: Settings) -> dict[str, Any]:
    """What LangSmith would be sent, and where."""
    switch = langsmith_switch()
    if not settings.langsmith:
        said = f"{switch} is set, but clash sends it nothing" if switch else "off"
        return _check("langsmith", True, said, "CLASH_LANGSMITH=true lets it trace runs" if switch else None)
    if switch is None:
        return _check(
            "langsmith",
            True,
            "allowed by CLASH_LANGSMITH, but the environment has no LANGSMITH_TRACING: nothing is sent",
        )
    what = "the inputs and outputs of every step, with the words of the story,"
    return _check("langsmith", True, f"{what} are sent to {langsmith_destination()} ({switch})")


async def _vendor_checks(models: dict[Kind, str], settings: Settings) -> list[dict[str, Any]]:
    """A free call to each vendor whose key is set, and to each server of one's own that a run would use."""
    used = {spec.partition(":")[0] for spec in models.values()}
    registry = Registry(settings)
    checks: list[dict[str, Any]] = []
    for name in provider_names(settings):
        try:
            provider = registry.provider(name)
            if not isinstance(provider, Probed) or not _has_key(name, settings):
                continue
            if name in OWN_SERVERS and name not in used:
                continue
            async with asyncio.timeout(_PROBE_S):
                says = await provider.probe()
        except ClashError as error:
            checks.append(_failed(name, error))
        except TimeoutError:
            checks.append(_check(name, False, f"no answer within {_PROBE_S:.0f} s", "check the network"))
        else:
            checks.append(_check(name, True, f"{provider.endpoint}: {says}"))
    return checks


def _has_key(provider: str, settings: Settings) -> bool:
    """Whether a provider has what says that it is to be used: a key; of one that needs no key, its folder."""
    if provider == "comfyui":
        return settings.comfyui_dir is not None
    if provider in KEY_VARIABLES:
        return vendor_key(provider, settings) is not None
    if provider not in vendor_names(settings) or provider in installed_names():
        return True
    keys = vendor_file(provider, settings).keys
    # Of two of which one is missing, the probe says so.
    return not keys or any(variable_of(name) is not None for name in keys)


async def _database_check(settings: Settings) -> dict[str, Any]:
    url = settings.database_url
    try:
        if not database_exists(url):
            return _check("database", True, f"{url}: none yet; the first run makes it")
        async with open_database(url, "read") as database:
            pending = await pending_migrations(database)
            await check_soundness(database)
    except ClashError as error:
        return _failed("database", error)
    if pending:
        names = ", ".join(one.name for one in pending)
        return _check("database", False, f"{url}: pending migrations: {names}", "clash db init")
    return _check("database", True, f"{url}: up to date")


def _disk_check(settings: Settings) -> dict[str, Any]:
    """Room where files go: what is made is kept on the disk even when it also goes to a bucket."""
    folder = settings.output_dir.absolute()
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    says = f"{free / (1 << 30):.1f} GB are free for {settings.output_dir}"
    if not os.access(folder, os.W_OK | os.X_OK):
        return _check("disk", False, f"{folder} cannot be written", "choose another CLASH_OUTPUT_DIR")
    return _check("disk", free >= _LOW_DISK_BYTES, says, None if free >= _LOW_DISK_BYTES else "make room")
