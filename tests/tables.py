"""Tables in every form, and how they are read or refused."""

from __future__ import annotations

import csv
import io
import json

import pytest

from clash.errors import StoryError
from clash.story.reader import read_story
from clash.story.screenplay import Story


def story(text: str, *, name: str = "story.csv", choice: str | None = None) -> Story:
    """Read a table."""
    return read_story(text.encode(), name=name, choice=choice)


def refused(content: bytes | str, *, choice: str | None = None) -> StoryError:
    """The error that a table ends in."""
    with pytest.raises(StoryError) as caught:
        read_story(content.encode() if isinstance(content, str) else content, name="story.csv", choice=choice)
    assert caught.value.exit_code == 2
    assert "story.csv" in caught.value.message
    return caught.value


def written(rows: list[list[str]], form: str) -> bytes:
    """A table in one of the forms that are read."""
    if form in (",", ";", "\t", "|"):
        out = io.StringIO()
        csv.writer(out, delimiter=form).writerows(rows)
        return out.getvalue().encode()
    if form == "markdown":
        rule = "|".join("---" for _ in rows[0])
        body = ["| " + " | ".join(row) + " |" for row in rows]
        return "\n".join(["# Notes", "", body[0], f"|{rule}|", *body[1:], "", "That is all."]).encode()
    if form == "html":
        cells = ["<tr>" + "".join(f"<td><p>{cell}</p></td>" for cell in row) + "</tr>" for row in rows]
        return f"<html><body><table>{''.join(cells)}</table></body></html>".encode()
    items = [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]
    if form == "json":
        return json.dumps({"title": "Kiln", "shots": items}).encode()
    return "\n".join(json.dumps(item) for item in items).encode()
