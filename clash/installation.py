"""How clash was installed here, and the commands that add an extra to it or upgrade it.

The distribution is `master-clash`; the name `clash` on the package index belongs to another program. So a hint never
names it, and where clash came from a folder or a wheel (PEP 610, `direct_url.json`), the hint names that place.
"""

from __future__ import annotations

import json
import shlex
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit
from urllib.request import url2pathname

DISTRIBUTION = "master-clash"


def install_command(extra: str) -> str:
    """The command that adds an extra to the clash that runs here."""
    place = _origin()
    if place is None:
        return f'pip install "{DISTRIBUTION}[{extra}]"'
    path, editable = place
    if path.is_dir():
        return f"pip install {'-e ' if editable else ''}{shlex.quote(f'{path}[{extra}]')}"
    return f'pip install "{DISTRIBUTION}[{extra}] @ {path.as_uri()}"'


def upgrade_command() -> str:
    """The command that installs a newer clash in place of the one that runs here."""
    place = _origin()
    if place is None:
        return f"pip install --upgrade {DISTRIBUTION}"
    path, editable = place
    return f"pip install --upgrade {'-e ' if editable else ''}{shlex.quote(str(path))}"


@cache
def _origin() -> tuple[Path, bool] | None:
    """The folder or file that clash was installed from, and whether as editable; None: from a package index."""
    try:
        written = metadata.distribution(DISTRIBUTION).read_text("direct_url.json")
        told = cast("dict[str, Any]", json.loads(written or "{}"))
    except (metadata.PackageNotFoundError, ValueError):
        return None
    address = urlsplit(str(told.get("url", "")))
    if address.scheme != "file":
        return None
    return Path(url2pathname(address.path)), bool(told.get("dir_info", {}).get("editable"))
