"""The thread ids of a batch: from the names of its stories' files alone, without collisions."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from clash.errors import UsageError
from clash.thread_ids import check_new_thread_id

_LONGEST_NAME = 40
_LONGEST_STEM, _LONGEST_PART = 36, 24
"""Together at most 128 characters: name, folder, stem, title."""
_REFUSED = re.compile(r"[^A-Za-z0-9._-]+")
_DIGEST = 8


def batch_name(name: str) -> str:
    """Return the name itself, if a batch can have it: its runs' ids begin with it. Raises `UsageError`."""
    if len(name) > _LONGEST_NAME:
        raise UsageError(f"the batch's name {name[:20]!r}... is longer than {_LONGEST_NAME} characters")
    try:
        check_new_thread_id(f"{name}-x" if name else "")
    except UsageError:
        raise UsageError(
            f"the batch's name {name!r} cannot be used",
            code="batch_name",
            hint=f"1 to {_LONGEST_NAME} of A-Z a-z 0-9 . _ -, not starting with a dot",
        ) from None
    return name


def ids_of_files(files: Sequence[Path]) -> list[str]:
    """Return what follows the batch's name in the id of each file: its stem; of equal stems also the folder's name."""
    stems = [part(path.stem, _LONGEST_STEM) for path in files]
    counts = Counter(stem.casefold() for stem in stems)
    return [
        stem if counts[stem.casefold()] == 1 else f"{part(path.absolute().parent.name)}-{stem}"
        for path, stem in zip(files, stems, strict=True)
    ]


def of_story(thread_id: str, choice: str) -> str:
    """Return the id of one story of a file with several: the file's, and the story's number or title."""
    choice = choice.strip()
    return f"{thread_id}-{int(choice):02d}" if choice.isascii() and choice.isdigit() else f"{thread_id}-{part(choice)}"


def part(text: str, longest: int = _LONGEST_PART) -> str:
    """Return a text as a part of a thread id.

    What an id can hold stays as it is. Anything else keeps what it can, and gets digits that no other text gets.

    >>> part("ep01"), part("第一集"), part("ep 01"), part("Ep 01")
    ('ep01', '2cee65f1', 'ep-01-f9ade72f', 'Ep-01-465ddefd')
    """
    # A disk may hold the name decomposed (macOS) that another one holds composed.
    whole = unicodedata.normalize("NFC", text)
    plain = _REFUSED.sub("-", whole).strip("-.")
    if plain == whole and len(plain) <= longest:
        return plain
    digest = hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST]
    return "-".join(filter(None, (plain[: longest - _DIGEST - 1].rstrip("-."), digest)))
