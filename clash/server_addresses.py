"""Whether a text that a setting holds can be the address of a server."""

from __future__ import annotations

import re
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
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


def fault_of_webhook(value: str) -> str | None:
    """Return why a text is not the address of a webhook, which may have a query; None if it is one."""
    return "it has a fragment" if "#" in value else fault_of_address(value.partition("?")[0])


def ranges_of(text: str) -> tuple[IPv4Network | IPv6Network, ...] | None:
    """Return ranges of IP addresses, separated by commas or spaces; () for `none`, None for an empty text.

    Raises `ValueError`.
    """
    parts = [part for part in re.split(r"[,\s]+", text) if part]
    return () if text.strip().lower() == "none" else tuple(_network(part) for part in parts) or None


def _network(text: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        raise ValueError(f"{text!r} is not a range of IP addresses such as 198.18.0.0/15") from None
