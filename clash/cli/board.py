"""`clash board`: the runs in a browser."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from clash.cli.layout import Block, Column, Record, Remark
from clash.cli.options import Json
from clash.cli.output import Document, emit, say

PORT = 8321
"""By default; `clash board --port 0` takes a free one."""


def board(
    port: Annotated[int, typer.Option("--port", metavar="N", min=0, max=65535, help="The port; 0: a free one.")] = PORT,
    host: Annotated[
        str, typer.Option("--host", metavar="HOST", help="The address to answer on: of this machine alone.")
    ] = "127.0.0.1",
    open_browser: Annotated[bool, typer.Option("--open", help="Open the board in the browser.")] = False,
    read_only: Annotated[bool, typer.Option("--read-only", help="Only show; nothing can be decided.")] = False,
    invite: Annotated[
        bool, typer.Option("--invite", help="Print a second link, for another browser. Each link is good once.")
    ] = False,
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
    from clash.board.serving import BoardServer

    with warnings_shown():
        server = BoardServer(load_settings(), BoardOptions(host, port, read_only))

        def ready() -> None:
            links = [server.link() for _ in range(2 if invite else 1)]
            facts: dict[str, Any] = {"schema": 1, "url": f"{server.url}/", "links": links, "read_only": read_only}
            emit(facts, as_json=as_json, render=render_board)
            if open_browser:
                _open(server.link())

        code = server.run(ready)
    for thread in server.board.children.running:
        say(f"{thread} goes on without the board")
    return code


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
        blocks.append(Remark("the link is good once; Ctrl-C ends the board, runs go on", "dim"))
    return blocks
