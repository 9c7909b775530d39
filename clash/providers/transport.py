"""Files from the network.

A vendor's answer names an address, and anybody who can put words into an answer can name any. So a file is only ever
fetched over https from a public address; each redirect is held to the same, and the connection goes to the very
address that was checked. Behind a proxy the proxy looks names up, so it is told the name. Hosts that
`CLASH_ALLOW_HOSTS` names are trusted as they are.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

from clash.errors import ProviderError, SettingsError
from clash.http import ACCEPTED_ENCODING, TooLargeError, UnreadableBodyError, read_body, retry_after_s
from clash.network.proxies import Proxies
from clash.network.transport import NetworkTransport
from clash.providers.addresses import AddressFilter, UnsafeHostError
from clash.redaction import safe_exception, safe_url

if TYPE_CHECKING:
    from clash.config import Settings

_MOST_HOPS = 5
_TIMEOUT = httpx.Timeout(30.0, connect=15.0)
_ASK_S = 15.0
"""Seconds within which a host of files must show that it can be reached."""
_OK = 200
_GONE = {401, 403, 404, 410}
"""How hosts of files say that an address (most are signed for a time) is no longer good."""


@dataclass(frozen=True, repr=False)
class OwnHeaders:
    """Headers, a key among them perhaps, that go to one origin (`https://host:port`) and to no other."""

    origin: str
    headers: Mapping[str, str]

    def of(self, address: httpx.URL) -> Mapping[str, str]:
        """Return the headers for an address: none where it is of another origin."""
        return self.headers if _origin(address) == _origin(httpx.URL(self.origin)) else {}


def _origin(address: httpx.URL) -> tuple[str, str, int | None]:
    port = address.port or {"https": 443, "http": 80}.get(address.scheme)
    return address.scheme, address.host.lower(), port


@dataclass(frozen=True)
class Downloads:
    """How files are fetched: at most `longest_s` seconds a file, redirects included."""

    allow_hosts: tuple[str, ...] = ()
    longest_s: float = 600.0
    addresses: AddressFilter | None = None
    """What is not public but passes; None: what the environment says by itself."""

    @classmethod
    def of(cls, settings: Settings) -> Downloads:
        """Fetch files as the settings say. Raise `SettingsError` for a proxy that cannot be used."""
        ranges = settings.fake_ip_ranges
        addresses = AddressFilter(ranges or (), bool(Proxies.of_environment().by_scheme), fake_ip=ranges != ())
        return cls(settings.allow_hosts, addresses=addresses)

    async def fetch(self, url: str, *, most_bytes: int, own: OwnHeaders | None = None) -> bytes:
        """The file at an address. `own`: what is sent along where the address, or a redirect, is of its origin.

        Raises `SettingsError` (code `unsafe_address`) for one that is not public, `ProviderError` for what else goes
        wrong: code `expired` when it is no longer there, else one that may be tried again.
        """
        try:
            async with asyncio.timeout(self.longest_s):
                return await self._follow(url, most_bytes, own)
        except TimeoutError:
            raise ProviderError(f"{safe_url(url)} did not come within {self.longest_s:.0f} s", retryable=True) from None
        except (httpx.InvalidURL, UnicodeError) as error:  # UnicodeError: a host or a text that cannot be encoded
            told = f"{safe_url(url)} is no address: {error}".encode("utf-8", "replace").decode("utf-8")
            raise ProviderError(told, code="bad_address") from None
        except httpx.HTTPError as error:
            raise ProviderError(
                f"{safe_url(url)} could not be fetched: {safe_exception(error)}", retryable=True
            ) from error

    async def check_host(self, host: str) -> str:
        """Check that files of a host will be fetched, the way that they will be; return that way in words.

        Without a proxy the host is looked up and its numbers are checked; a proxy is asked to connect to it. Raises
        `SettingsError` (code `unsafe_address`) where a file from there would be refused, `ProviderError` where the
        host cannot be found or reached.
        """
        transport = NetworkTransport()
        address = httpx.URL(f"https://{host}/")
        try:
            async with asyncio.timeout(_ASK_S), httpx.AsyncClient(transport=transport, timeout=_ASK_S) as client:
                pinned = await self._pinned(address, transport)
                proxy = transport.proxy_for(address)
                if proxy is None:
                    return f"at {pinned.url.host}" if pinned.url.host != host else "allowed by CLASH_ALLOW_HOSTS"
                await client.head(address)  # any answer shows that the proxy connects to it
                return f"through the proxy {proxy.address} ({proxy.variable})"
        except UnsafeHostError as error:
            raise SettingsError(
                f"files from {host} would not be fetched: {error}",
                code="unsafe_address",
                hint="behind a fake-ip proxy set HTTPS_PROXY, or name its range in CLASH_FAKE_IP_RANGES;"
                f" CLASH_ALLOW_HOSTS={host} trusts the host wherever it leads",
            ) from None
        except (httpx.HTTPError, TimeoutError) as error:
            why = str(error) or f"no answer within {_ASK_S:.0f} s"
            raise ProviderError(f"{host} cannot be reached: {why}", code="unreachable", retryable=True) from error

    async def _follow(self, url: str, most_bytes: int, own: OwnHeaders | None) -> bytes:
        address = httpx.URL(url)
        transport = NetworkTransport()
        async with httpx.AsyncClient(timeout=_TIMEOUT, follow_redirects=False, transport=transport) as client:
            for _ in range(_MOST_HOPS + 1):
                try:
                    pinned = await self._pinned(address, transport)
                except UnsafeHostError as error:
                    raise _unsafe(address, str(error)) from None
                request = client.build_request(
                    "GET",
                    pinned.url,
                    extensions=pinned.extensions,
                    headers={
                        **(own.of(address) if own is not None else {}),
                        "Host": address.netloc.decode("ascii"),
                        "Accept-Encoding": ACCEPTED_ENCODING,
                    },
                )
                response = await client.send(request, stream=True)
                try:
                    if not response.has_redirect_location:
                        return await _content(response, address, most_bytes)
                    address = address.join(response.headers["location"])
                finally:
                    await response.aclose()
        raise ProviderError(f"{safe_url(url)} is redirected more than {_MOST_HOPS} times", code="bad_address")

    async def _pinned(self, address: httpx.URL, transport: NetworkTransport) -> _Pinned:
        """What is to be asked for a file; raises `UnsafeHostError`."""
        host = address.host.lower()
        if address.scheme not in ("http", "https") or not host:
            raise UnsafeHostError("it is no web address")
        port = address.port or (443 if address.scheme == "https" else 80)
        if host in self.allow_hosts or f"{host}:{port}" in self.allow_hosts:
            return _Pinned(address, {})
        if address.scheme != "https":
            raise UnsafeHostError("it is not https")
        addresses = self.addresses or AddressFilter(proxied=transport.is_proxied)
        name = address.raw_host.decode("ascii")
        if transport.proxy_for(address) is not None:
            addresses.check_unresolved(name)
            return _Pinned(address, {})
        numbers = await addresses.numbers(name, port)
        return _Pinned(address.copy_with(host=numbers[0]), {"sni_hostname": host})


@dataclass(frozen=True)
class _Pinned:
    """An address by number, and the name that its certificate must be for; as it is where a proxy looks it up."""

    url: httpx.URL
    extensions: dict[str, Any]


def _unsafe(address: httpx.URL, why: str) -> SettingsError:
    return SettingsError(
        f"the file at {safe_url(str(address))} was not fetched: {why}",
        code="unsafe_address",
        hint="a gateway of your own can be named in CLASH_ALLOW_HOSTS (host or host:port); the job is kept",
    )


async def _content(response: httpx.Response, address: httpx.URL, most_bytes: int) -> bytes:
    where, status = safe_url(str(address)), response.status_code
    if status in _GONE:
        raise ProviderError(f"{where} is no longer there (HTTP {status})", code="expired", status_code=410)
    if status != _OK:
        raise ProviderError(
            f"{where} answered HTTP {status}",
            retryable=True,
            status_code=status,
            retry_after_s=retry_after_s(response.headers),
        )
    try:
        return await read_body(response, most_bytes)
    except TooLargeError as error:
        raise ProviderError(f"{where} is larger than {most_bytes >> 20} MB", code="too_large") from error
    except UnreadableBodyError as error:
        raise ProviderError(f"{where} cannot be read: {error}", retryable=True) from error
