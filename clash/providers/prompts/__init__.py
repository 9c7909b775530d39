"""The texts that models are given, each in a file of its own. `$name` stands for what is filled in."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files
from string import Template


@cache
def _text(name: str) -> str:
    return (files("clash.providers.prompts") / f"{name}.md").read_text(encoding="utf-8").strip()


def prompt(name: str, **values: str) -> str:
    """The text `name`, its places filled. A place without a value is an error: a prompt with a hole is never sent."""
    return Template(_text(name)).substitute(values)


@cache
def revision_of(*names: str) -> str:
    """A digest of these texts: with another wording, the same request is another call."""
    digest = hashlib.sha256("\0".join(f"{name}\0{_text(name)}" for name in names).encode())
    return digest.hexdigest()[:12]
