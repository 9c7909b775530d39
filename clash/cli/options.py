"""Options and arguments that several commands share, each written down once."""

from __future__ import annotations

from typing import Annotated

import typer

_MOST_ROWS = 1_000_000

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output.")]

Thread = Annotated[str, typer.Argument(metavar="THREAD", help="The id of a run.", show_default=False)]

Limit = Annotated[
    int | None,
    typer.Option("--limit", metavar="N", min=1, max=_MOST_ROWS, help="Show the N newest.", show_default=False),
]

Concurrency = Annotated[
    int | None,
    typer.Option(
        "--concurrency", metavar="N", min=1, max=256, show_default=False,
        help="Calls in flight at once per provider.",
    ),
]  # fmt: skip
