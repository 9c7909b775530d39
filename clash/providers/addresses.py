"""Which addresses a file may be fetched from: those that are public, and those that a fake-ip resolver stands for.

Proxies such as Clash, Mihomo and Surge can answer every name with a number of their own range (198.18.0.0/15) and send
what goes there on to the real host. Such numbers are let through where that is how this machine is set up, or where
CLASH_FAKE_IP_RANGES says so. Loopback, link-local (where clouds keep their credentials) and private numbers never are.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from clash.errors import ProviderError
from clash.network.proxies import ip_of

Number = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

FAKE_IP_RANGE = ipaddress.ip_network("198.18.0.0/15")
"""Kept for measurements between networks (RFC 2544), so no host has such a number; the default of fake-ip resolvers."""
_NEVER = tuple(
    ipaddress.ip_network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "224.0.0.0/4",
        "255.255.255.255/32",
        "::/127",
        "fc00::/7",
        "fe80::/10",
        "fec0::/10",
        "ff00::/8",
    )
)
"""What is refused whatever is declared: this machine, its networks, link-local, multicast."""
_EMBEDDING = ipaddress.ip_network("64:ff9b::/96")
"""NAT64: the last 32 bits are the IPv4 number that is meant."""
_WELL_KNOWN = ("example.com", "www.iana.org", "www.cloudflare.com")
"""Names that lead to public numbers everywhere but behind a fake-ip resolver."""
_INTERNAL_NAMES = ("localhost", "local", "internal", "intranet", "lan", "home.arpa")
"""Last labels of names that mean something on one network only, such as `metadata.google.internal`."""
_LOOK_UP_S = 10.0


@dataclass(frozen=True)
class AddressFilter:
    """Decides whether a host's numbers may be connected to. `proxied`: whether any proxy is set in the environment."""

    declared: tuple[Network, ...] = ()
    proxied: bool = False
    fake_ip: bool = True
    """Whether the default range passes where this machine is set up for it."""

    async def numbers(self, host: str, port: int) -> list[str]:
        """Look a host up and return its numbers. Raise `UnsafeHostError`; `ProviderError` where it cannot be found."""
        found = await looked_up(host, port)
        for text in found:
            if (why := await self._refusal(text)) is not None:
                raise UnsafeHostError(why)
        return found

    def check_unresolved(self, host: str) -> None:
        """Check a host that the proxy will look up. Raise `UnsafeHostError` for what its name alone gives away."""
        number = ip_of(host)
        if number is not None:
            if not _is_public(number) and not self._is_declared(number) and not self._is_default(number):
                raise UnsafeHostError(f"{number} is not public")
            return
        name = host.rstrip(".").lower()
        if "." not in name or name.endswith(tuple(f".{label}" for label in _INTERNAL_NAMES)):
            raise UnsafeHostError(f"{name} is a name of an internal network")

    async def _refusal(self, text: str) -> str | None:
        number = ipaddress.ip_address(text.partition("%")[0])
        if _is_public(number) or self._is_declared(number):
            return None
        if self._is_fake(number):
            if self.proxied or await _every_name_is_fake():
                return None
            return (
                f"{number} is of the range that fake-ip resolvers answer with, but other names on this machine are not;"
                " CLASH_FAKE_IP_RANGES=198.18.0.0/15 lets it through"
            )
        return f"{number} is not public"

    def _is_declared(self, number: Number) -> bool:
        return not _is_floor(number) and _within(number, self.declared)

    def _is_fake(self, number: Number) -> bool:
        return self.fake_ip and _within(number, (FAKE_IP_RANGE,))

    def _is_default(self, number: Number) -> bool:
        return self.proxied and self._is_fake(number)


class UnsafeHostError(Exception):
    """A host that files are not fetched from. Its text says why."""


async def looked_up(host: str, port: int) -> list[str]:
    """Return the numbers of a host. Raise `ProviderError` (`host_not_found`) where it cannot be found."""
    try:
        async with asyncio.timeout(_LOOK_UP_S):
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except TimeoutError:
        why = f"no answer within {_LOOK_UP_S:.0f} s"
    except (OSError, UnicodeError) as error:
        why = str(error)
    else:
        return [str(entry[4][0]) for entry in found]
    raise ProviderError(f"the host {host} cannot be found: {why}", code="host_not_found", retryable=True)


async def _every_name_is_fake() -> bool:
    """Whether this machine answers every name with a number of the fake-ip range."""
    answers = await asyncio.gather(*(looked_up(name, 443) for name in _WELL_KNOWN), return_exceptions=True)
    found = [text for answer in answers if not isinstance(answer, BaseException) for text in answer]
    return bool(found) and all(
        _within(ipaddress.ip_address(text.partition("%")[0]), (FAKE_IP_RANGE,)) for text in found
    )


def never_passing(ranges: Iterable[Network]) -> list[Network]:
    """Return those of the declared ranges that never pass, as all of their numbers are private or link-local."""
    return [one for one in ranges if any(one.version == net.version and _lies_in(one, net) for net in _NEVER)]


def _lies_in(one: Network, other: Network) -> bool:
    return one.network_address in other and one.broadcast_address in other


def _is_public(number: Number) -> bool:
    return number.is_global and not _is_floor(number)


def _is_floor(number: Number) -> bool:
    return any(_within(one, _NEVER) for one in (number, *_embedded(number)))


def _embedded(number: Number) -> Sequence[Number]:
    """The IPv4 number that an IPv6 number stands for, if it does for one."""
    if isinstance(number, ipaddress.IPv4Address):
        return ()
    found: list[Number] = [one for one in (number.ipv4_mapped, number.sixtofour) if one is not None]
    return [*found, ipaddress.IPv4Address(int(number) & 0xFFFFFFFF)] if number in _EMBEDDING else found


def _within(number: Number, ranges: Iterable[Network]) -> bool:
    return any(number in one for one in ranges)
