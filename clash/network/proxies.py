"""Read the proxies of the environment: HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY, in upper or lower case.

With a proxy the proxy looks up names: it is told the name of the host and never a number that was looked up here.
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
"""What clash speaks to a proxy, and the port that is meant where none is written."""
_UNPRINTABLE = re.compile(r"[\x00-\x20\x7f]")
_NAME = re.compile(r"[A-Za-z0-9._-]+")
_HINT = "for example http://127.0.0.1:7890 or socks5://127.0.0.1:1080; or unset it"


@dataclass(frozen=True)
class Proxy:
    """One proxy. `variable` is the name under which the environment has it; the password is never shown."""

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
    """The proxies by the scheme of what is asked for (`http`, `https`, `all`), and what is asked directly."""

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
        """Return the proxy that a request to this host goes through; None if it goes there directly."""
        proxy = self.by_scheme.get(scheme) or self.by_scheme.get("all")
        if proxy is None or any(_covers(entry, host.lower().strip("[]"), port) for entry in self.direct):
            return None
        return proxy


def check_socks_package() -> None:
    """Raise `SettingsError` where a SOCKS proxy is set and the package that speaks to it is not installed."""
    for proxy in Proxies.of_environment().by_scheme.values():
        if proxy.is_socks and importlib.util.find_spec("socksio") is None:
            raise SettingsError(
                f"{proxy.variable} names a SOCKS proxy, and the package socksio is not installed",
                code="missing_extra",
                hint=f"pip install socksio (it comes with {DISTRIBUTION}); or name an HTTP proxy",
            )


def _variable(scheme: str, value: str) -> str:
    """The variable that holds this value, as it is spelt."""
    name = f"{scheme}_proxy"
    spelt = [one for one in os.environ if one.lower() == name and os.environ[one].strip() == value]
    return next((one for one in (name, *sorted(spelt)) if one in spelt), f"the system's {scheme} proxy")


def _proxy(variable: str, value: str) -> Proxy:
    parts = _parts(variable, value if "://" in value else f"http://{value}")
    scheme = parts.scheme.lower()
    if scheme not in _KNOWN:
        known = ", ".join(_KNOWN)
        raise _bad(variable, f"it names a {scheme} proxy; clash speaks to {known}")
    try:
        port = parts.port
    except ValueError:
        raise _bad(variable, "its port is no number from 1 to 65535") from None
    if port == 0:
        raise _bad(variable, "its port is no number from 1 to 65535")
    if not parts.hostname:
        raise _bad(variable, "it names no host")
    if (host := _host(parts.hostname)) is None:
        raise _bad(variable, "its host cannot be one")
    return Proxy(
        variable, scheme, host, port or _KNOWN[scheme], unquote(parts.username or ""), unquote(parts.password or "")
    )  # fmt: skip


def _parts(variable: str, url: str) -> SplitResult:
    if _UNPRINTABLE.search(url):
        raise _bad(variable, "it holds a space or a line break")
    try:
        return urlsplit(url)
    except ValueError:
        raise _bad(variable, "it is no address") from None


def _host(written: str) -> str | None:
    """The host as it goes over the network; None where it is neither a name nor a number."""
    if ":" in written:
        return written if _number(written) is not None else None
    try:
        name = written.encode("idna").decode("ascii")
    except UnicodeError:
        return None  # an empty label, or one that is too long
    return name if _NAME.fullmatch(name) else None


def _bad(variable: str, why: str) -> SettingsError:
    # The value is not repeated: it may hold a password.
    return SettingsError(f"the proxy in {variable} cannot be used: {why}", code="bad_proxy", hint=_HINT)


def _covers(entry: str, host: str, port: int | None) -> bool:
    """Whether an entry of NO_PROXY means this host: a name with all below it, a number, a network, each with a port.

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
    number, network = _number(host), _network(name)
    if number is not None or network is not None:
        return number is not None and network is not None and number in network
    return bool(name) and (host.rstrip(".") == name or host.rstrip(".").endswith(f".{name}"))


def _number(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def number_of(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the number that a host is written as, in any form that a resolver takes; None for a name.

    >>> number_of("2130706433"), number_of("127.1"), number_of("example.com")
    (IPv4Address('127.0.0.1'), IPv4Address('127.0.0.1'), None)
    """
    if (number := _number(host.strip("[]").partition("%")[0])) is not None:
        return number
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host)) if re.fullmatch(r"[0-9a-fA-FxX.]+", host) else None
    except OSError:
        return None
