"""Send requests as the environment says, and distinguish what was never sent from what may have arrived."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpcore
import httpx

from clash.network.certificates import certificates
from clash.network.proxies import Proxies, Proxy, check_socks_package

_CONNECT_S = 30.0
"""The default seconds to connect, including the handshakes of a proxy and of TLS."""
_LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=20)
_BEFORE_CONNECTING = (httpx.PoolTimeout, httpx.UnsupportedProtocol)
"""Errors that happen before any connection is made."""


class NetworkTransport(httpx.AsyncBaseTransport):
    """Sends each request directly or through the proxy of the environment, with the environment's certificates.

    A request of which nothing was sent fails with `httpx.ConnectError`, `ConnectTimeout`, `PoolTimeout` or
    `UnsupportedProtocol`, whatever went wrong with the proxy or with TLS; any other error may come after the server
    has received it. Creating one raises `SettingsError` for what cannot be used in the environment.
    """

    def __init__(self, limits: httpx.Limits | None = None) -> None:
        """`limits` apply to the connections through each proxy, and to the direct ones."""
        self._limits = limits or _LIMITS
        self._proxies = Proxies.of_environment()
        check_socks_package()
        self._certificates = certificates()
        self._transports: dict[Proxy | None, httpx.AsyncHTTPTransport] = {}

    @property
    def is_proxied(self) -> bool:
        """Whether the environment names a proxy, for any scheme."""
        return bool(self._proxies.by_scheme)

    def proxy_for(self, url: httpx.URL) -> Proxy | None:
        """Return the proxy for a request to this address; None if the request goes there directly."""
        return self._proxies.proxy_for(url.scheme, url.host, url.port or (443 if url.scheme == "https" else 80))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request once. See the class for what its errors mean."""
        proxy = self.proxy_for(request.url)
        timeouts: dict[str, float | None] = request.extensions.get("timeout", {})
        async with _Watch(request, timeouts.get("connect") or _CONNECT_S, proxy):
            return await self._transport(proxy).handle_async_request(request)

    def _transport(self, proxy: Proxy | None) -> httpx.AsyncHTTPTransport:
        if proxy not in self._transports:
            through = None if proxy is None else _httpx_proxy(proxy, self._certificates)
            self._transports[proxy] = httpx.AsyncHTTPTransport(
                verify=self._certificates, proxy=through, trust_env=False, limits=self._limits
            )
        return self._transports[proxy]

    async def aclose(self) -> None:
        """Close the connections."""
        for transport in self._transports.values():
            await transport.aclose()


def _httpx_proxy(proxy: Proxy, context: Any) -> httpx.Proxy:
    # With both schemes of SOCKS5 the proxy resolves names; older versions of httpx know only the first.
    scheme = "socks5" if proxy.is_socks else proxy.scheme
    url = httpx.URL(scheme=scheme, host=proxy.host, port=proxy.port)
    auth = (proxy.user, proxy.password) if proxy.user or proxy.password else None
    return httpx.Proxy(url, auth=auth, ssl_context=context if scheme == "https" else None)


class _Watch:
    """Follows one request: a failure before its first byte is a `ConnectError`, and connecting is limited in time."""

    def __init__(self, request: httpx.Request, connect_s: float, proxy: Proxy | None) -> None:
        self._request = request
        self._connect_s = connect_s
        self._proxy = proxy
        self._sent = False
        self._limit = asyncio.timeout(None)
        self._others: Callable[[str, dict[str, Any]], Awaitable[None]] | None = request.extensions.get("trace")
        request.extensions = {**request.extensions, "trace": self._trace}

    async def __aenter__(self) -> _Watch:
        await self._limit.__aenter__()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: Any) -> None:
        try:
            # Raises `TimeoutError` where the limit itself cancelled the request.
            await self._limit.__aexit__(kind, error, trace)
        except TimeoutError as late:
            raise httpx.ConnectTimeout(self._said(f"no connection within {self._connect_s:.0f} s")) from late
        if self._sent or not isinstance(error, Exception) or isinstance(error, _BEFORE_CONNECTING):
            return
        if isinstance(error, httpx.TimeoutException):
            raise httpx.ConnectTimeout(self._said("no connection in time"), request=self._request) from error
        # A proxy that refuses, a TLS error, a SOCKS server that answers nonsense, a header that cannot be written.
        text = str(error) if isinstance(error, httpx.ConnectError) else f"{type(error).__name__}: {error}"
        raise httpx.ConnectError(self._said(text), request=self._request) from error

    def _said(self, text: str) -> str:
        if self._proxy is None:
            return text
        return f"{text} (through the proxy {self._proxy.address} of {self._proxy.variable})"

    async def _trace(self, event: str, info: dict[str, Any]) -> None:
        if event.endswith("connect_tcp.started"):
            # httpcore has no time limit of its own for the SOCKS handshake.
            self._limit.reschedule(asyncio.get_running_loop().time() + self._connect_s)
        elif event.endswith(".send_request_headers.started") and info["request"].method != b"CONNECT":
            self._limit.reschedule(None)
            self._sent = True
        elif event.endswith(".send_request_headers.failed") and isinstance(
            info["exception"], httpcore.LocalProtocolError
        ):
            # A header that cannot be written is found before the first of them is sent.
            self._sent = False
        if self._others is not None:
            await self._others(event, info)
