"""Whether a text that a setting holds can be the address of a server."""

from __future__ import annotations

import re
from ipaddress import ip_address
from urllib.parse import urlsplit


def fault_of_address(value: str) -> str | None:
    """Return why a text is not the address of a server; None if it is one. The text is not repeated."""
    if re.search(r"[\x00-\x20\x7f]", value):
        return "it has a space or a line break"
    try:
        parts = urlsplit(value)
        port, host = parts.port, parts.hostname or ""
        if ":" in host:
            ip_address(host)
        else:
            host.encode("idna")
    except ValueError:
        return "its host or its port is not valid"
    if parts.scheme.lower() not in ("http", "https") or not host:
        return "it is not an http:// or https:// address"
    if port == 0 or re.search(r"[^\w.:%-]", host):
        return "its host or its port is not valid"
    return "it has a query or a fragment, which no server's address has" if parts.query or parts.fragment else None
