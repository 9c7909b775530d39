"""Read from the environment whether LangSmith tracing is on, by which variable, and where it would send."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

_SWITCHES = ("LANGSMITH_TRACING_V2", "LANGCHAIN_TRACING_V2", "LANGSMITH_TRACING", "LANGCHAIN_TRACING")
"""In the order in which LangSmith reads them."""
_DEFAULT = "https://api.smith.langchain.com"


def langsmith_switch() -> str | None:
    """Return the variable that has switched tracing on in this environment; None if none has.

    LangSmith accepts only `true`; any other value that does not mean "off" counts here too, in case that changes.
    """
    for name in _SWITCHES:
        if (value := os.environ.get(name, "").strip()) and value.lower() not in ("false", "0", "no", "off"):
            return name
    return None


def langsmith_destination() -> str:
    """Return where LangSmith would send its traces, without user, password or query."""
    endpoint = next((os.environ[name] for name in _named("ENDPOINT") if os.environ.get(name, "").strip()), _DEFAULT)
    project = next((os.environ[name] for name in _named("PROJECT") if os.environ.get(name, "").strip()), "default")
    try:
        parts = urlsplit(endpoint.strip())
        port = f":{parts.port}" if parts.port else ""
        where = f"{parts.scheme}://{parts.hostname}{port}" if parts.hostname else "its endpoint"
    except ValueError:
        where = "its endpoint"
    return f"{where}, project {project[:100]}"


def _named(name: str) -> tuple[str, str]:
    return f"LANGSMITH_{name}", f"LANGCHAIN_{name}"
