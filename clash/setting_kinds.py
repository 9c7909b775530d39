"""How the settings are read that are hosts, addresses, IP ranges, or the size of a film."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network

from pydantic import SecretStr

from clash.errors import UsageError
from clash.frame_size import parse_size
from clash.server_addresses import fault_of_address, fault_of_webhook, ranges_of
from clash.setting_values import secret, text, validated


def hosts(value: object) -> tuple[str, ...]:
    """Return hosts, separated by commas."""
    if not isinstance(value, str):
        return validated(tuple[str, ...], value)
    return tuple(host for part in value.split(",") if (host := part.strip().lower()))


def ranges(value: object) -> tuple[IPv4Network | IPv6Network, ...] | None:
    """Return ranges of IP addresses; None if none are named."""
    ranges = ranges_of(value) if isinstance(value, str) else value  # none are set by spaces and commas alone
    return validated(tuple[IPv4Network | IPv6Network, ...] | None, ranges)


def address(value: object) -> str:
    """Return the address of a server. Raise `ValueError`."""
    if fault := fault_of_address(text(value)):
        raise ValueError(fault)
    return text(value)


def webhook(value: object) -> SecretStr:
    """Return the address of a webhook, which is shown nowhere. Raise `ValueError`."""
    if fault := fault_of_webhook(secret(value).get_secret_value()):
        raise ValueError(fault)
    return secret(value)


def size(value: object) -> str:
    """Return the size of a film's frames. Raise `ValueError`."""
    try:
        width, height = parse_size(text(value))
    except UsageError as error:
        raise ValueError(error.message) from error
    return f"{width}x{height}"
