"""Serve the board on a port of this machine, until Ctrl-C."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import ssl
import threading
from collections.abc import Callable, Generator
from dataclasses import replace

import uvicorn

from clash.board.app import Board, BoardOptions, create_app
from clash.board.connections import Connection
from clash.board.origins import is_every_address, is_loopback
from clash.config import Settings
from clash.errors import ConflictError, SettingsError, UsageError

_MOST_CONNECTIONS = 700
"""300 pages that listen, and what they load."""
_MOST_HEAD_BYTES = 16 << 10
_IDLE_S = 5
_END_S = 1
_LONGEST_END_S = 3.0
_BACKLOG = 256
_SIGNALLED = 128


class BoardServer:
    """A board on a socket that is bound already, so that its address is known before anybody is told of it."""

    def __init__(self, settings: Settings, options: BoardOptions) -> None:
        """Raises `UsageError` for options that leave the board open, `ConflictError` for a port that is in use.

        Raises `SettingsError` for a certificate that cannot be used.
        """
        check_options(options)
        self._tls = _tls_of(options)
        self._socket = _bound(options)
        self.port = int(self._socket.getsockname()[1])
        self.board = Board(settings, replace(options, port=self.port))
        host = f"[{options.host}]" if ":" in options.host else options.host
        self.url = options.public_url or f"{'https' if self._tls else 'http'}://{host}:{self.port}"
        self._stopped_by = 0

    def link(self) -> str:
        """Return the address of a new link, good once; of the login page where the board has accounts."""
        return f"{self.url}{'/login' if self.board.options.accounts else self.board.login_path()}"

    def run(self, ready: Callable[[], object]) -> int:
        """Serve until a signal comes; its exit code. `ready`: called when the first request would be answered."""
        try:
            asyncio.run(self._serve(ready))
        finally:
            self._socket.close()
        return _SIGNALLED + self._stopped_by if self._stopped_by else 0

    async def _serve(self, ready: Callable[[], object]) -> None:
        server = _Server(self._config(), ready)

        def stop(signum: int) -> None:
            if self._stopped_by:
                os._exit(_SIGNALLED + signum)
            self._stopped_by = signum
            # A database or a bucket that does not answer is not waited for.
            last_resort = threading.Timer(_LONGEST_END_S, os._exit, (_SIGNALLED + signum,))
            last_resort.daemon = True
            last_resort.start()
            self.board.log.close()
            server.should_exit = True

        with _on_signals(stop):
            await server.serve([self._socket])

    def _config(self) -> uvicorn.Config:
        config = uvicorn.Config(
            create_app(self.board),
            http=Connection,
            ws="none",
            lifespan="on",
            # An access log would hold the tokens of links; errors are told by the application, without secrets.
            access_log=False,
            log_config=None,
            log_level=logging.CRITICAL,
            server_header=False,
            proxy_headers=False,
            limit_concurrency=_MOST_CONNECTIONS,
            h11_max_incomplete_event_size=_MOST_HEAD_BYTES,
            timeout_keep_alive=_IDLE_S,
            timeout_graceful_shutdown=_END_S,
        )
        config.load()
        config.ssl = self._tls
        return config


class _Server(uvicorn.Server):
    """Uvicorn's server without handlers of signals: those of the command line know what Ctrl-C means."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], object]) -> None:
        super().__init__(config)
        self._ready = ready

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """Leave the signals alone."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to serve, and say so."""
        await super().startup(sockets)
        if self.started:
            self._ready()


@contextlib.contextmanager
def _on_signals(stop: Callable[[int], None]) -> Generator[None]:
    before = {}
    with contextlib.suppress(ValueError):  # not in the main thread, where tests run: signals are not its business
        before = {signum: signal.signal(signum, lambda got, _: stop(got)) for signum in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)


def check_options(options: BoardOptions) -> None:
    """Raise `UsageError` for a board that others could reach, or whose tokens others could read on their way."""
    if options.user_header and not options.proxies:
        raise UsageError("--user-header is believed only from a proxy", hint="name it: --trusted-proxy 10.0.0.5")
    if not options.accounts and (options.public_url or options.proxies):
        raise UsageError(
            "a board that others reach needs accounts", code="accounts_needed", hint="clash board --accounts"
        )
    if options.public_url and options.tls is None and not options.proxies:
        raise UsageError(
            f"who answers at {options.public_url} is not said: without it, all that come from there are one address",
            code="tls_needed",
            hint="--trusted-proxy 127.0.0.1 of a proxy on this machine, or --tls-cert FILE --tls-key FILE",
        )
    if is_loopback(options.host):
        return
    if not options.accounts:
        raise UsageError(
            f"without accounts the board answers on this machine alone, not on {options.host}",
            code="accounts_needed",
            hint="clash board --accounts",
        )
    if options.tls is None and not options.proxies:
        raise UsageError(
            f"on {options.host} tokens and pages would be sent unencrypted",
            code="tls_needed",
            hint="--tls-cert FILE --tls-key FILE, or --trusted-proxy ADDRESS of a proxy that has a certificate; or, for"
            " yourself: ssh -L 8321:127.0.0.1:8321 THIS-MACHINE from there, and `clash board` here",
        )
    if is_every_address(options.host) and not options.public_url:
        raise UsageError(
            f"--host {options.host} does not say at which address people reach the board",
            code="public_url_needed",
            hint="--public-url https://board.example.org",
        )


def _tls_of(options: BoardOptions) -> ssl.SSLContext | None:
    if options.tls is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    certificate, key = options.tls
    try:
        # A key that asks for a password would wait at a terminal that nobody looks at.
        context.load_cert_chain(certificate, key, password="")
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"the certificate {certificate} with the key {key} cannot be used: {error}",
            code="tls",
            hint="PEM files of a certificate with its chain, and of its key without a password",
        ) from error
    return context


def _bound(options: BoardOptions) -> socket.socket:
    host = options.host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sends small answers at once only on a socket that says it is TCP; else each takes 40 ms.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name != "nt":
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, options.port))
        listening.listen(_BACKLOG)
    except (OSError, OverflowError) as error:
        listening.close()
        raise ConflictError(
            f"port {options.port} of {host} cannot be used: {getattr(error, 'strerror', None) or error}",
            code="port_in_use",
            hint="clash board --port 0, which takes a free one",
        ) from error
    return listening
