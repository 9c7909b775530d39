"""What every page is told besides its document: who looks at it, and what that person may do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Document = Mapping[str, Any]
"""A document of `clash.documents` as the plain dict that is also its JSON."""


@dataclass(frozen=True)
class View:
    """What a page is shown with."""

    accept_language: str = ""
    """The header `Accept-Language` of the browser."""
    token: str = ""
    """What a script sends as `X-Clash-Token` with each write; "" where nothing can be written."""
    read_only: bool = False
    may_resume: bool = True
    """Whether the board may start `clash resume` where no process holds a run."""
    path: str = "/"
    """The path of the page, without its query."""
    account: str = ""
    """The account that looks at it; "" on a board without accounts."""
    logout: str = ""
    """What the form that ends the session sends; "" where there is none to end."""
    last_event_id: str = ""
    """The newest event that the page's document already has; `/events?after=` it loses nothing."""


@dataclass(frozen=True)
class RunsQuery:
    """Which runs the list shows. `page` counts from 1; `more`: there is a page after it."""

    page: int = 1
    status: str = ""
    search: str = ""
    project: str = ""
    more: bool = False
