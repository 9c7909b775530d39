"""What the headers of a table of the cast mean: name, kind, look, image, voice and the others."""

from __future__ import annotations

from collections.abc import Sequence

from clash.story.vocabulary import compact, keyed
from clash.story.words import LONGEST_HEADER, fold


def field_of_header(header: str) -> str | None:
    """Return the field that a header names; None for one that names none.

    >>> field_of_header("外貌描述"), field_of_header("Voice ID"), field_of_header("budget")
    ('look', 'voice', None)
    """
    known = keyed("cast")
    plain = compact(fold(header))
    if plain in known:
        return known[plain]
    # `角色（姓名）`, `Look / costume`: the first part that is known.
    parts = [compact(part) for part in fold(header).replace("(", "/").replace(")", "/").split("/")]
    return next((known[part] for part in parts if part in known), None)


def count_of_fields(cells: Sequence[str]) -> int:
    """Return how many fields of a cast the cells of a header name; 0 without a column of names.

    >>> count_of_fields(["人物", "外形", "备注"]), count_of_fields(["外形", "年龄"])
    (2, 0)
    """
    found = {field_of_header(cell) for cell in cells if cell and len(cell) <= LONGEST_HEADER} - {None}
    return len(found) if "name" in found else 0
