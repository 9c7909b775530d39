"""Is everything there that a film needs? Every setting with where it comes from, keys, packages, database, disk."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import sys
from collections.abc import Sequence, Set
from typing import Any, cast

from pydantic import SecretStr

from clash.config import FIELDS, Kind, Settings, dotenv_values
from clash.database.connection import check_soundness, database_exists, is_d1, open_database
from clash.database.d1.pace import most_requests
from clash.database.migrations import pending_migrations
from clash.documents.doctor import Diagnosis
from clash.dotenv_file import DOT_ENV
from clash.errors import ClashError
from clash.installation import install_command
from clash.network import network_problems
from clash.network.certificates import VARIABLES
from clash.network.langsmith import langsmith_destination, langsmith_switch
from clash.network.proxies import Proxies
from clash.providers.addresses import never_passing
from clash.providers.choice import models_for
from clash.providers.credentials import KEY_VARIABLES, key_of
from clash.providers.extras import EXTRAS, installed, package_of
from clash.providers.registry import Registry
from clash.redaction import redacted_text
from clash.reports.vendor_checks import check, failed, file_checks, vendor_checks, vendor_file_checks
from clash.setting_faults import SettingFault
from clash.version import __version__
from clash.writable_folders import why_not_writable

_LOW_DISK_BYTES = 1 << 30


async def diagnose(
    settings: Settings,
    *,
    ask: bool = True,
    preset: str | None = None,
    faults: Sequence[SettingFault] = (),
    unread: Sequence[ClashError] = (),
) -> Diagnosis:
    """All checks. `ask`: whether vendors whose key is set are asked, with a call that costs nothing.

    `faults`: settings that cannot be used, for which `settings` has the defaults.
    `unread`: why `.env` cannot be read, if it cannot; `settings` has nothing of it.
    `preset`: check what a run with this preset would use, and only that. Raises `UsageError` if it is not known.
    """
    models, unknown = (models_for(settings, preset=preset), list[dict[str, Any]]()) if preset else _models(settings)
    wrong_files = [] if preset else vendor_file_checks(settings)
    told = {one["check"] for one in wrong_files}
    checks = [
        *(failed(str(DOT_ENV), error) for error in unread),
        *(check(fault.name, False, fault.says, f"for example {fault.hint}") for fault in faults),
        *unknown,
        *_models_checks(models, settings),
        *_network_checks(settings),
        *(await file_checks(models, settings) if ask else []),
        _tracing_check(settings),
        *wrong_files,
        *(await vendor_checks(models, settings, used_only=preset is not None, without=told) if ask else []),
        await _database_check(settings),
        _disk_check(settings),
    ]
    return Diagnosis.of(
        {
            "version": __version__,
            "python": platform.python_version(),
            "platform": f"{sys.platform} {platform.machine()}",
            "preset": preset or settings.preset,
            "models": models,
            "settings": _settings_items(settings, {fault.variable for fault in faults}),
            "extras": _extras_items(),
            "checks": checks,
            "ok": all(check["ok"] for check in checks),
        }
    )


# -- settings ----------------------------------------------------------------------------------------------------


def _settings_items(settings: Settings, unusable: Set[str]) -> list[dict[str, Any]]:
    """Every setting in force: its variable, its value (secrets masked), and where it comes from.

    `unusable`: variables that cannot be used, instead of which the defaults are shown.
    """
    in_file = dotenv_values()
    items: list[dict[str, Any]] = []
    for name, one in FIELDS.items():
        variable = one.variable
        source = "environment" if variable in os.environ else ".env" if variable in in_file else "default"
        source = "default" if variable in unusable else source
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
        return {}, [failed("models", error)]


def _models_checks(models: dict[Kind, str], settings: Settings) -> list[dict[str, Any]]:
    """Whether the models that a run would use can be called: known, with their package and key."""
    registry = Registry(settings)
    checks: list[dict[str, Any]] = []
    for kind, spec in models.items():
        try:
            model = registry.model(kind, spec)
            model.require()
        except ClashError as error:
            checks.append(failed(f"{kind} model", error))
        else:
            checks.append(check(f"{kind} model", True, model.spec))
    return checks


def _network_checks(settings: Settings) -> list[dict[str, Any]]:
    """The proxies and certificates of the environment: what cannot be used, and what goes through which proxy."""
    problems = [failed("network", error) for error in network_problems()]
    for one in never_passing(settings.fake_ip_ranges or ()):
        says = f"CLASH_FAKE_IP_RANGES: {one} is private or link-local, which never passes"
        problems.append(check("network", False, says, "hosts of your own network go into CLASH_ALLOW_HOSTS"))
    if problems:
        return problems
    proxies = Proxies.of_environment().by_scheme
    lines = [f"{scheme} requests go through {one.address} ({one.variable})" for scheme, one in proxies.items()]
    lines += [f"{name} names the certificates that are trusted" for name in VARIABLES if os.environ.get(name)][:1]
    return [check("network", True, "; ".join(lines) or "no proxy; the certificates that come with clash")]


def _tracing_check(settings: Settings) -> dict[str, Any]:
    """What LangSmith would be sent, and where."""
    switch = langsmith_switch()
    if not settings.langsmith:
        said = f"{switch} is set, but clash sends it nothing" if switch else "off"
        return check("langsmith", True, said, "CLASH_LANGSMITH=true lets it trace runs" if switch else None)
    if switch is None:
        return check(
            "langsmith",
            True,
            "allowed by CLASH_LANGSMITH, but the environment has no LANGSMITH_TRACING: nothing is sent",
        )
    what = "the inputs and outputs of every step, with the words of the story,"
    return check("langsmith", True, f"{what} are sent to {langsmith_destination()} ({switch})")


async def _database_check(settings: Settings) -> dict[str, Any]:
    url = settings.database_url
    try:
        if not database_exists(url):
            return check("database", True, f"{url}: none yet; the first run makes it")
        async with open_database(url, "read") as database:
            pending = await pending_migrations(database)
            await check_soundness(database)
    except ClashError as error:
        return failed("database", error)
    if pending:
        names = ", ".join(one.name for one in pending)
        return check("database", False, f"{url}: pending migrations: {names}", "clash db init")
    return check("database", True, f"{url}: up to date{_pace_of_d1(settings)}")


def _pace_of_d1(settings: Settings) -> str:
    """How many requests to Cloudflare D1 this process may make, if there is a limit."""
    if not is_d1(settings.database_url):
        return ""
    most = most_requests(settings.cloudflare_api_base_url, settings.d1_requests)
    return "" if most is None else f"; at most {most} requests in 5 minutes by each process (CLASH_D1_REQUESTS)"


def _disk_check(settings: Settings) -> dict[str, Any]:
    """Room where files go: what is made is kept on the disk even when it also goes to a bucket."""
    if reason := why_not_writable(settings.output_dir, keep=False):
        text = f"films cannot go to {settings.output_dir}: {reason}"
        return check("disk", False, text, "choose another CLASH_OUTPUT_DIR")
    folder = settings.output_dir.absolute()
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    says = f"{free / (1 << 30):.1f} GB are free for {settings.output_dir}"
    return check("disk", free >= _LOW_DISK_BYTES, says, None if free >= _LOW_DISK_BYTES else "make room")
