"""The formats of an export, and what each needs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from clash.errors import UsageError

TIMELINES = ("otio", "fcpxml", "premiere", "edl", "jianying")
"""Formats that an editor opens: the media are exported with them."""
WORDS = ("srt", "vtt", "ass")
SCREENPLAYS = ("fountain", "csv", "pdf")
FORMATS = (*TIMELINES, *WORDS, *SCREENPLAYS)
ALL = "all"
_SUFFIXES = {"premiere": "premiere.xml"}


def chosen_formats(names: Iterable[str]) -> tuple[str, ...]:
    """Return the formats of these names, each once; all of them for `all`. Raises `UsageError` for any other name."""
    found = list(dict.fromkeys(name.strip().lower() for given in names for name in given.split(",") if name.strip()))
    if unknown := [name for name in found if name not in (*FORMATS, ALL)]:
        raise UsageError(f"{unknown[0]!r} is no format of an export", hint=f"one of {', '.join((*FORMATS, ALL))}")
    if not found:
        raise UsageError("no format is named", hint=f"--format {FORMATS[0]}, or --format all")
    return FORMATS if ALL in found else tuple(name for name in FORMATS if name in found)


def file_name(thread_id: str, name: str) -> str:
    """Return the name of a document.

    >>> file_name("demo", "otio"), file_name("demo", "premiere")
    ('demo.otio', 'demo.premiere.xml')
    """
    return f"{thread_id}.{_SUFFIXES.get(name, name)}"


def needs_media(formats: Sequence[str]) -> bool:
    """Return whether one of these formats names files of picture and sound."""
    return any(name in TIMELINES for name in formats)
