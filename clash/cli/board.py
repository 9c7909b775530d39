"""`clash board`: the runs in a browser."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from clash.cli.layout import Block, Column, Record, Remark
from clash.cli.options import Json
from clash.cli.output import Document, emit, say
from clash.errors import UsageError

if TYPE_CHECKING:
    from clash.board.app import BoardOptions
    from clash.config import Settings

PORT = 8321
"""By default; `clash board --port 0` takes a free one."""

_Accounts = Annotated[
    bool, typer.Option("--accounts", help="Let people log in with tokens: `clash tokens create` makes them.")
]
_PublicUrl = Annotated[
    str,
    typer.Option(
        "--public-url",
        metavar="URL",
        show_default=False,
        help="The address at which people reach the board: https://board.example.org.",
    ),
]
_TlsCert = Annotated[
    Path | None,
    typer.Option("--tls-cert", metavar="FILE", show_default=False, help="A certificate with its chain (PEM)."),
]
_TlsKey = Annotated[
    Path | None,
    typer.Option("--tls-key", metavar="FILE", show_default=False, help="The key of the certificate (PEM)."),
]
_Proxies = Annotated[
    str,
    typer.Option(
        "--trusted-proxy",
        metavar="CIDR[,CIDR]",
        show_default=False,
        help="Addresses of proxies whose headers are believed: who asks, which host, over which protocol.",
    ),
]
_UserHeader = Annotated[
    str,
    typer.Option(
        "--user-header",
        metavar="NAME",
        show_default=False,
        help="The header in which such a proxy names the account: X-Forwarded-User.",
    ),
]


def board(
    port: Annotated[int, typer.Option("--port", metavar="N", min=0, max=65535, help="The port; 0: a free one.")] = PORT,
    host: Annotated[
        str,
        typer.Option(
            "--host", metavar="HOST", help="The address to answer on. Another than this machine's needs accounts."
        ),
    ] = "127.0.0.1",
    open_browser: Annotated[bool, typer.Option("--open", help="Open the board in the browser.")] = False,
    read_only: Annotated[bool, typer.Option("--read-only", help="Only show; nothing can be decided.")] = False,
    invite: Annotated[
        bool, typer.Option("--invite", help="Print a second link, for another browser. Each link is good once.")
    ] = False,
    accounts: _Accounts = False,
    public_url: _PublicUrl = "",
    tls_cert: _TlsCert = None,
    tls_key: _TlsKey = None,
    trusted_proxy: _Proxies = "",
    user_header: _UserHeader = "",
    as_json: Json = False,
) -> int:
    """Show the runs in a browser, live, and decide there: approve, reject, select takes, make others, cancel.

    It prints a link that is good once. Ctrl-C ends the board; runs go on.
    """
    from clash.board import check_installed
    from clash.cli.notices import warnings_shown
    from clash.config import load_settings

    check_installed()
    from clash.board.app import BoardOptions
    from clash.board.origins import check_public_url, is_loopback, networks_of
    from clash.board.serving import BoardServer, check_options

    options = BoardOptions(
        host,
        port,
        read_only,
        accounts=accounts or not is_loopback(host),
        public_url=check_public_url(public_url) if public_url else "",
        tls=_tls(tls_cert, tls_key),
        proxies=networks_of(trusted_proxy),
        user_header=user_header,
    )
    if options.accounts and invite:
        raise UsageError("--invite is for a board without accounts", hint="clash tokens create NAME --project PROJECT")
    check_options(options)
    with warnings_shown():
        settings = load_settings()
        _check_tokens(settings, options)
        server = BoardServer(settings, options)

        def ready() -> None:
            links = [server.link() for _ in range(2 if invite else 1)]
            facts: dict[str, Any] = {"schema": 1, "url": f"{server.url}/", "links": links, "read_only": read_only}
            emit({**facts, "accounts": options.accounts}, as_json=as_json, render=render_board)
            if open_browser:
                _open(server.link())

        code = server.run(ready)
    for thread in server.board.children.running:
        say(f"{thread} goes on without the board")
    return code


def _tls(certificate: Path | None, key: Path | None) -> tuple[Path, Path] | None:
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        raise UsageError("a certificate and its key go together", hint="--tls-cert FILE --tls-key FILE")
    return certificate, key


def _check_tokens(settings: Settings, options: BoardOptions) -> None:
    """Warn where nobody could log in. Raises `ClashError` where the database has no tables for accounts."""
    if not options.accounts:
        return
    import asyncio

    from clash import access

    found = asyncio.run(access.list_tokens(settings))
    if not any(item["state"] == "good" for item in found["items"]):
        say(
            "nobody can log in yet: `clash tokens create NAME --role owner --project all` makes a token",
            label="warning",
            style="yellow",
        )


def _open(link: str) -> None:
    import webbrowser

    if not webbrowser.open(link):
        say("no browser was found: open the link by hand", label="warning", style="yellow")


def render_board(document: Document) -> list[Block]:
    """Show the links to open."""
    blocks: list[Block] = [
        Record((Column("url"), Column("link"), Column("read_only", at_terminal=False)), {**document, "link": link})
        for link in document["links"]
    ]
    if sys.stdout.isatty():
        told = "people log in with tokens" if document["accounts"] else "the link is good once"
        blocks.append(Remark(f"{told}; Ctrl-C ends the board, runs go on", "dim"))
    return blocks
