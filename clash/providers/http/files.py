"""The files of vendors: those that come with clash, and before them those in the folder CLASH_PROVIDERS_DIR."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, cast

from pydantic import ValidationError

from clash.config import Settings
from clash.errors import SettingsError, UsageError
from clash.providers.http.vendor import VendorFile
from clash.providers.vendor_names import SUFFIX, own_files, shipped_files, vendor_names
from clash.regular_files import read_regular_file

_MOST_BYTES = 1 << 20


def vendor_file(name: str, settings: Settings | None) -> VendorFile:
    """Return the vendor of this name, which is one of `vendor_names`. Raises `SettingsError`."""
    own = own_files(settings).get(name)
    return read_vendor_file(own) if own is not None else _shipped(name)


def vendor_files(settings: Settings, without: frozenset[str]) -> Iterator[VendorFile]:
    """Yield all vendors but those of these names, each read now. Raises `SettingsError`."""
    for name in vendor_names(settings):
        if name not in without:
            yield vendor_file(name, settings)


def read_vendor_file(path: Path) -> VendorFile:
    """Return the vendor in a file. Raises `SettingsError` that names the file, the key, what is wrong and allowed."""
    if path.suffix != SUFFIX:
        raise UsageError(f"{path} is not a .toml file", hint="its name is the vendor's: acme.toml for acme:MODEL")
    try:
        content = read_regular_file(path, _MOST_BYTES)
    except OSError as error:
        raise SettingsError(f"the vendor file {path} cannot be read: {error.strerror or error}") from None
    return _checked(content, path.stem, str(path))


@cache
def _shipped(name: str) -> VendorFile:
    return _checked(shipped_files()[name].read_bytes(), name, f"{name}{SUFFIX}")


def _checked(content: bytes, name: str, where: str) -> VendorFile:
    try:
        data = tomllib.loads(content.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"the vendor file {where} is no TOML: {error}", code="bad_vendor_file") from None
    models: object = data.get("models")
    for model in cast("list[object]", models) if isinstance(models, list) else ():
        if isinstance(model, dict):
            cast("dict[str, Any]", model)["provider"] = name
    try:
        return VendorFile.model_validate({**data, "name": name})
    except ValidationError as error:
        raise SettingsError(
            f"the vendor file {where}: {_first_fault(error)}",
            code="bad_vendor_file",
            hint="docs/providers.md says what a vendor's file holds",
        ) from None


def _first_fault(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    key = ".".join(str(part) for part in first["loc"])
    what = first["msg"].removeprefix("Value error, ")
    return f"{key}: {what}" if key else what
