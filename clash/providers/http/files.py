"""The files of vendors: those that come with clash, and before them those in the folder CLASH_PROVIDERS_DIR."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any, cast

from pydantic import ValidationError

from clash.config import Settings
from clash.errors import NotFoundError, SettingsError, UsageError
from clash.hints import CHECK_PATH
from clash.providers.http.vendor import VendorFile
from clash.providers.http.vendor_faults import Fault, faults_between, faults_in, told, without
from clash.providers.vendor_names import SUFFIX, own_files, shipped_files
from clash.regular_files import read_regular_file

_MOST_BYTES = 1 << 20


def vendor_file(name: str, settings: Settings | None) -> VendorFile:
    """Return the vendor of this name, which is one of `vendor_names`. Raises `SettingsError`."""
    own = own_files(settings).get(name)
    return read_vendor_file(own) if own is not None else _shipped(name)


def read_vendor_file(path: Path) -> VendorFile:
    """Return the vendor in a file.

    Raises `SettingsError` that names the file and all that is wrong in it, by key, with what is allowed;
    `NotFoundError` where there is no such file.
    """
    if path.suffix != SUFFIX:
        raise UsageError(f"{path} is not a .toml file", hint="its name is the vendor's: acme.toml for acme:MODEL")
    try:
        content = read_regular_file(path, _MOST_BYTES)
    except FileNotFoundError:
        raise NotFoundError(f"there is no vendor file {path}", hint=CHECK_PATH) from None
    except OSError as error:
        raise SettingsError(f"the vendor file {path} cannot be read: {error.strerror or error}") from None
    return _checked(content, path.stem, str(path))


@cache
def _shipped(name: str) -> VendorFile:
    return _checked(shipped_files()[name].read_bytes(), name, f"{name}{SUFFIX}")


def _checked(content: bytes, name: str, where: str) -> VendorFile:
    try:
        data = tomllib.loads(content.decode("utf-8"))
    except (ValueError, RecursionError) as error:  # a number of thousands of digits, tables in tables without end
        raise SettingsError(f"the vendor file {where} is no TOML: {error}", code="bad_vendor_file") from None
    data["name"] = name
    models: object = data.get("models")
    for model in cast("list[object]", models) if isinstance(models, list) else ():
        if isinstance(model, dict):
            described = cast("dict[str, Any]", model)
            described["provider"] = name
            described["languages"] = _by_language(described.get("languages", {}))
    vendor, faults = _validated(data)
    if vendor is None or faults:
        raise SettingsError(
            f"the vendor file {where}{told(faults)}",
            code="bad_vendor_file",
            hint="docs/providers.md says what a vendor's file holds",
        )
    return vendor


def _by_language(voices: object) -> object:
    """Voices by language: a table may be of several, `"en de fr"`."""
    if not isinstance(voices, dict):
        return voices
    named = cast("dict[str, object]", voices)
    return {language: table for names, table in named.items() for language in names.split() or [names]}


def _validated(data: dict[str, Any]) -> tuple[VendorFile | None, list[Fault]]:
    """The vendor, or all that is wrong: with single keys, and between those that are right."""
    try:
        vendor = VendorFile.model_validate(data)
    except ValidationError as error:
        faults = faults_in(error, data)
        rest, broken = without(data, faults)
        try:
            vendor = VendorFile.model_validate(rest)
        except ValidationError:
            return None, faults  # a key that it cannot be without is wrong or missing: the rest says nothing
        more = [fault for fault in faults_between(vendor) if not any(_touches(fault, table) for table in broken)]
        return None, [*faults, *more]
    return vendor, list(faults_between(vendor))


def _touches(fault: Fault, table: tuple[str | int, ...]) -> bool:
    """Whether a fault may come from the keys that were left out of a table."""
    place = [str(step).partition(" ")[0] for step in fault[0]]
    gone = [str(step) for step in table]
    return place[: len(gone)] == gone if gone else len(place) == 1
