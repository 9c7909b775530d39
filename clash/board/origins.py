"""Where a request comes from, and which address of the board it was sent to: directly, or through a stated proxy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import Scope

from clash.board.answers import RefusedError
from clash.errors import UsageError

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
_SCHEMES = ("http", "https")
_ANY = ("0.0.0.0", "::")  # noqa: S104 - what is bound to is not what is asked for
_LONGEST_USER = 100
_IPV6_OF_ONE = 64
"""Bits of an IPv6 address that one customer has alike: the rest are theirs to choose."""

Network = IPv4Network | IPv6Network


@dataclass(frozen=True)
class Seen:
    """A request as the browser sent it. `user`: who it is, as a stated proxy says; "" where none says so."""

    address: str
    scheme: str
    host: str
    user: str = ""

    @property
    def own(self) -> str:
        """The origin of the board's own pages."""
        return f"{self.scheme}://{self.host}"


CookieName = Callable[[Seen], str]
"""Names the cookie of a session: the name depends on whether the request is encrypted."""


@dataclass(frozen=True)
class Origins:
    """Which hosts the board answers for, and which proxies it believes."""

    host: str
    public_url: str = ""
    has_tls: bool = False
    proxies: tuple[Network, ...] = ()
    user_header: str = ""

    def seen(self, scope: Scope, headers: Headers) -> Seen:
        """Return where a request comes from. Raises `RefusedError` for a host that is not the board's."""
        peer = str((scope.get("client") or ("",))[0])
        is_proxy = self._is_proxy(peer)
        if self.proxies and not is_proxy and not self.has_tls and not is_loopback(peer):
            raise RefusedError(403, "this board answers its proxy alone", code="not_by_proxy")
        hosts = headers.getlist("host")
        if is_proxy and (forwarded := _last(headers, "x-forwarded-host")):
            hosts = [forwarded]
        if not self._is_ours(hosts):
            raise RefusedError(421, f"this board answers at {self._told} alone", code="wrong_host")
        return Seen(
            self._address(peer, headers) if is_proxy else peer,
            self._scheme(hosts[0], _last(headers, "x-forwarded-proto") if is_proxy else ""),
            hosts[0],
            self._user(headers) if is_proxy else "",
        )

    @property
    def _told(self) -> str:
        if self.public_url:
            return urlsplit(self.public_url).hostname or ""
        return "localhost" if is_loopback(self.host) else self.host

    def _is_proxy(self, peer: str) -> bool:
        address = _address(peer)
        return address is not None and any(address in network for network in self.proxies)

    def _address(self, peer: str, headers: Headers) -> str:
        """The nearest address before the proxies; what lies before that, anybody may have written."""
        told = [_without_port(one) for line in headers.getlist("x-forwarded-for") for one in line.split(",")]
        for one in reversed(told[-32:]):
            if _address(one) is None:
                break
            if not self._is_proxy(one):
                return one
        return peer

    def _scheme(self, host: str, forwarded: str) -> str:
        if self.has_tls:
            return "https"
        if forwarded.lower() in _SCHEMES:
            return forwarded.lower()
        public = urlsplit(self.public_url)
        return public.scheme if self.public_url and _name_of(host) == public.hostname else "http"

    def _user(self, headers: Headers) -> str:
        if not self.user_header:
            return ""
        users = headers.getlist(self.user_header)
        if len(users) > 1 or any(len(user) > _LONGEST_USER for user in users):
            raise RefusedError(400, f"the proxy sends more than one {self.user_header}", code="bad_proxy")
        return users[0].strip() if users else ""

    def _is_ours(self, hosts: list[str]) -> bool:
        if len(hosts) != 1 or any(letter in hosts[0] for letter in "@/?#\\ "):
            return False
        return (_name_of(hosts[0]) or "") in self._names

    @property
    def _names(self) -> frozenset[str]:
        names = {self.host.lower().strip("[]")} - set(_ANY)
        if self.public_url:
            names.add(urlsplit(self.public_url).hostname or "")
        return LOOPBACK_NAMES | names if is_loopback(self.host) else frozenset(names)


def networks_of(text: str) -> tuple[Network, ...]:
    """Return the networks of `--trusted-proxy`. Raises `UsageError`.

    >>> [str(network) for network in networks_of("10.0.0.0/8, ::1")]
    ['10.0.0.0/8', '::1/128']
    """
    try:
        return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())
    except ValueError as error:
        raise UsageError(
            f"--trusted-proxy: {error}", hint="addresses or networks, such as 127.0.0.1 or 10.0.0.0/8,::1"
        ) from None


def check_public_url(url: str) -> str:
    """Return the origin of `--public-url`. Raises `UsageError`.

    >>> check_public_url("https://board.example.org/")
    'https://board.example.org'
    """
    parts = urlsplit(url)
    try:
        is_origin = parts.scheme in _SCHEMES and parts.hostname and parts.port != 0 and not parts.username
    except ValueError:
        is_origin = False
    if not is_origin or parts.path not in ("", "/") or parts.query or parts.fragment:
        raise UsageError(
            f"--public-url {url[:80]!r} is no address of a board", hint="such as https://board.example.org"
        )
    return f"{parts.scheme}://{parts.netloc.lower()}"


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine alone.

    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("0.0.0.0"), is_loopback("example.com")
    (True, True, False, False)
    """
    if host.lower() == "localhost":
        return True
    address = _address(host.strip("[]"))
    return address is not None and address.is_loopback


def is_every_address(host: str) -> bool:
    """Return whether a host to answer on is every address of this machine."""
    return host.strip("[]") in _ANY


def counted_as(address: str) -> str:
    """Return what failures of an address are counted under: of IPv6, the network that one customer has.

    >>> counted_as("203.0.113.7"), counted_as("2001:db8:1:2::9")
    ('203.0.113.7', '2001:db8:1:2::/64')
    """
    found = _address(address)
    if isinstance(found, IPv6Address):
        return str(ip_network((int(found), _IPV6_OF_ONE), strict=False))
    return address[:64]


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _without_port(text: str) -> str:
    """Return the address of an entry of `X-Forwarded-For`; some proxies add the port, which is another each time."""
    text = text.strip()
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text


def _name_of(host: str) -> str | None:
    try:
        parts = urlsplit(f"//{host}")
        return parts.hostname if parts.port != 0 else None
    except ValueError:
        return None


def _last(headers: Headers, name: str) -> str:
    values = headers.getlist(name)
    return values[-1].rpartition(",")[2].strip() if values else ""
