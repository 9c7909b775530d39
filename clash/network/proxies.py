"""Read the proxies of the environment: HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY, in upper or lower case.

A proxy resolves host names: it is told the name and never an IP address that was resolved here.
"""

from __future__ import annotations

import importlib.util
import ipaddress
import os
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import getproxies

from clash.errors import SettingsError
from clash.installation import DISTRIBUTION

_SCHEMES = ("http", "https", "all")
_KNOWN = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}
"""The schemes of proxies that clash supports, and the default port of each."""
_UNPRINTABLE = re.compile(r"[\x00-\x20\x7f]")
_NAME = re.compile(r"[A-Za-z0-9._-]+")
_HINT = "for example http://127.0.0.1:7890 or socks5://127.0.0.1:1080; or unset it"


@dataclass(frozen=True)
class Proxy:
    """One proxy. `variable` is the environment variable that names it; the password is never shown."""

    variable: str
    scheme: str
    host: str
    port: int
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)

    @property
    def address(self) -> str:
        """The proxy's address without user and password.

        >>> Proxy("ALL_PROXY", "socks5", "::1", 1080, "me", "secret").address
        'socks5://[::1]:1080'
        """
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"

    @property
    def is_socks(self) -> bool:
        """Whether it is a SOCKS proxy."""
        return self.scheme.startswith("socks")


@dataclass(frozen=True)
class Proxies:
    """The proxies by the scheme of a request (`http`, `https`, `all`), and the hosts that are reached directly."""

    by_scheme: Mapping[str, Proxy] = field(default_factory=dict[str, Proxy])
    direct: tuple[str, ...] = ()

    @classmethod
    def of_environment(cls) -> Proxies:
        """Read the environment and, on macOS and Windows, the system's settings. Raise `SettingsError`."""
        found = getproxies()
        by_scheme = {
            scheme: _proxy(_variable(scheme, value), value)
            for scheme in _SCHEMES
            if (value := found.get(scheme, "").strip())
        }
        entries = re.split(r"[,\s]+", found.get("no", ""))
        return cls(by_scheme, tuple(entry.lower() for entry in entries if entry))

    def proxy_for(self, scheme: str, host: str, port: int | None = None) -> Proxy | None:
        """Return the proxy for a request to this host; None if the request goes there directly."""
        proxy = self.by_scheme.get(scheme) or self.by_scheme.get("all")
        if proxy is None or any(_covers(entry, host.lower().strip("[]"), port) for entry in self.direct):
            return None
        return proxy


def check_socks_package() -> None:
    """Raise `SettingsError` if a SOCKS proxy is set and the package for it is not installed."""
    for proxy in Proxies.of_environment().by_scheme.values():
        if proxy.is_socks and importlib.util.find_spec("socksio") is None:
            raise SettingsError(
                f"{proxy.variable} names a SOCKS proxy, and the package socksio is not installed",
                code="missing_extra",
                hint=f"pip install socksio (it comes with {DISTRIBUTION}); or name an HTTP proxy",
            )


def _variable(scheme: str, value: str) -> str:
    """Return the variable that has this value, as it is spelled."""
    name = f"{scheme}_proxy"
    spellings = [key for key in os.environ if key.lower() == name and os.environ[key].strip() == value]
    return next((key for key in (name, *sorted(spellings)) if key in spellings), f"the system's {scheme} proxy")


def _proxy(variable: str, value: str) -> Proxy:
    parts = _parts(variable, value if "://" in value else f"http://{value}")
    scheme = parts.scheme.lower()
    if scheme not in _KNOWN:
        known = ", ".join(_KNOWN)
        raise _bad(variable, f"it names a {scheme} proxy; clash supports {known}")
    try:
        port = parts.port
    except ValueError:
        raise _bad(variable, "its port is not a number from 1 to 65535") from None
    if port == 0:
        raise _bad(variable, "its port is not a number from 1 to 65535")
    if not parts.hostname:
        raise _bad(variable, "it has no host")
    if (host := _host(parts.hostname)) is None:
        raise _bad(variable, "its host is not a valid name or IP address")
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return Proxy(variable, scheme, host, port or _KNOWN[scheme], user, password)


def _parts(variable: str, url: str) -> SplitResult:
    if _UNPRINTABLE.search(url):
        raise _bad(variable, "it has a space or a line break")
    try:
        return urlsplit(url)
    except ValueError:
        raise _bad(variable, "it is not a valid address") from None


def _host(written: str) -> str | None:
    """Return the host as it is sent over the network; None if it is neither a name nor an IP address."""
    if ":" in written:
        return written if _ip(written) is not None else None
    try:
        name = written.encode("idna").decode("ascii")
    except UnicodeError:
        return None  # an empty label, or one that is too long
    return name if _NAME.fullmatch(name) else None


def _bad(variable: str, why: str) -> SettingsError:
    # The value is not repeated: it may hold a password.
    return SettingsError(f"the proxy in {variable} cannot be used: {why}", code="bad_proxy", hint=_HINT)


def _covers(entry: str, host: str, port: int | None) -> bool:
    """Return whether an entry of NO_PROXY covers this host: a domain, an IP address or a network, perhaps with a port.

    >>> _covers(".example.com", "cdn.example.com", 443), _covers("10.0.0.0/8", "10.1.2.3", 443)
    (True, True)
    >>> _covers("example.com:8443", "example.com", 443), _covers("example.com", "notexample.com", 443)
    (False, False)
    """
    if entry == "*":
        return True
    entry = entry.partition("://")[2] or entry
    name, _, only_port = entry.rpartition(":") if re.fullmatch(r"(\[.*\]|[^:]*):\d+", entry) else (entry, "", "")
    if only_port and port != int(only_port):
        return False
    name = name.strip("[]").removeprefix("*").removeprefix(".").rstrip(".")
    address, network = _ip(host), _network(name)
    if address is not None or network is not None:
        return address is not None and network is not None and address in network
    return bool(name) and (host.rstrip(".") == name or host.rstrip(".").endswith(f".{name}"))


def _ip(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def ip_of(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the IP address that a host is written as, in any form that a resolver accepts; None for a name.

    >>> ip_of("2130706433"), ip_of("127.1"), ip_of("example.com")
    (IPv4Address('127.0.0.1'), IPv4Address('127.0.0.1'), None)
    """
    if (address := _ip(host.strip("[]").partition("%")[0])) is not None:
        return address
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host)) if re.fullmatch(r"[0-9a-fA-FxX.]+", host) else None
    except OSError:
        return None
