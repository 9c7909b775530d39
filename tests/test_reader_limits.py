"""Tables that are refused, and arbitrary ones: a story, or an error that names the fault."""

from __future__ import annotations

import csv
import io
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tables import refused, story

from clash.errors import StoryError
from clash.story.bare_cues import is_bare_cue
from clash.story.cells import is_empty
from clash.story.reader import read_story

# ---- tables that are refused


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b" \r\n\r\n", "is empty"),
        (b"\xef\xbb\xbf", "is empty"),
        (b",,\n,,\n", "is empty"),
        (b"description,scene\n", "has a header but no rows"),
        (b"description,scene\n,\n , \n", "has a header but no rows"),
        (b"description,scene\n,1\n", "nothing in them to film"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "a PNG picture"),
        (b"PK\x03\x04" + bytes(200), "an Excel workbook"),
        (b"des\x00cri\x00ption\x00" * 50, "full of NUL"),
        (bytes([1, 2, 3, 4, 5]) * 100, "full of control characters"),
        (b"description\n\xff\xff\xff\xff\n", "neither UTF-8 nor GB18030 (byte 13, in line 2)"),
        (b"\xff\xfed\x00\x00", "not UTF-16"),
    ],
)
def test_files_that_are_no_story(content: bytes, words: str):
    """Empty files, pictures, workbooks and other bytes are refused for what they are."""
    assert words in refused(content).message


def test_a_table_without_a_description_names_its_headers():
    """The headers found are named, so that the wrong one can be seen."""
    error = refused("foo,bar,Scene\n1,2,3\n")
    assert error.row == 1
    assert "'foo', 'bar', 'Scene'" in error.message
    assert len(refused(",".join(f"column number {n}" for n in range(500)) + "\n1\n").message) < 1200


def test_too_many_cells():
    """An unquoted comma is found by its row; empty cells at the end of a row do no harm."""
    error = refused("scene,description\n1,Rain,,\n2,Rain, wind\n")
    assert error.row == 3
    assert "'wind'" in error.message


def test_too_many_rows():
    """5,000 rows are a film, 5,001 are refused; empty rows do not count."""
    assert len(story("description\n" + "Rain\n\n" * 5000).beats) == 5000
    assert refused("description\n" + "Rain\n" * 5001).row == 5002


def test_cells_that_are_too_long():
    """20,000 characters are read, one more is refused with row and column, ten times as many by the row."""
    assert len(story("scene,description\n1," + "雨" * 20_000).beats[0].description) == 20_000
    error = refused("scene,description\n1,Rain\n2," + "x" * 20_001)
    assert (error.row, error.column) == (3, "description")
    assert "20,001" in error.message
    assert refused("scene,description\n1," + "x" * 200_000).row == 2


def test_a_quote_that_is_never_closed():
    """The row in which the quote opens is named, and nothing after it is swallowed silently."""
    error = refused('scene,description\n1,Rain\n2,"Mara rows\n3,Wind\n')
    assert error.row == 3
    assert "never closed" in error.message


def test_a_file_that_is_too_large_is_not_parsed():
    """More than 64 MB is refused before anything is decoded."""
    assert "64 MB" in refused(b"d" * (64 * 1024 * 1024 + 1)).message


def test_the_limit_of_the_csv_module_stays_as_it_was():
    """Reading a story changes nothing for others who read CSV in the same process."""
    before = csv.field_size_limit()
    refused("description\n" + "x" * 200_000)
    story("description\n" + "x" * 20_000)
    assert csv.field_size_limit() == before


# ---- whatever comes


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400), st.none() | st.text(max_size=5))
@example(b"description\n\xed\xa0\x80\n", None)
@example("description\n\ud800\n".encode("utf-8", "surrogatepass"), None)
@example(b"\xfe\xff\xd8\x00", None)
def test_arbitrary_bytes_are_a_story_or_a_story_error(content: bytes, choice: str | None):
    """No bytes at all make the reader fail in another way."""
    try:
        read_story(content, name="any.csv", choice=choice)
    except StoryError as error:
        complaint = error
    else:
        return
    assert "any.csv" in complaint.message


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.sampled_from(["description", "时长", "scene", "dialogue", "cast", "sentence1", "sentence2", "#", ""]),
        min_size=1,
        max_size=6,
    ),
    st.lists(st.lists(st.text(max_size=12), max_size=6), max_size=5),
    st.sampled_from([",", ";", "\t"]),
)
def test_arbitrary_tables_are_a_story_or_a_story_error(headers: list[str], rows: list[list[str]], delimiter: str):
    """Known headers over any text at all: read, or refused by a message that a person can use."""
    written = io.StringIO()
    csv.writer(written, delimiter=delimiter).writerows([headers, *rows])
    try:
        read_story(written.getvalue().encode("utf-8", "replace"), name="any.csv")
    except StoryError as error:
        complaint = error
    else:
        return
    assert "any.csv" in complaint.message


PROSE = (
    st.text(
        st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp"), exclude_characters="*`~_<>&#|")
        | st.just("\n"),
        min_size=1,
        max_size=60,
    )
    .map(str.strip)
    .filter(lambda text: len(text) > 1 and any(c.isalpha() for c in text))
    .filter(lambda text: not any(is_bare_cue(*pair) for pair in pairwise(text.splitlines())))
)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(PROSE, PROSE, st.none() | st.integers(1, 600)), min_size=1, max_size=6),
    st.sampled_from([",", ";", "\t"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_a_written_table_reads_back(rows: list[tuple[str, str, int | None]], delimiter: str, encoding: str):
    """What a CSV writer wrote is what the beats hold: every text, every length, in order."""
    rows = [row for row in rows if not (is_empty(row[0]) or is_empty(row[1]))] or [("Rain", "Wind", 1)]
    written = io.StringIO()
    writer = csv.writer(written, delimiter=delimiter)
    writer.writerow(["description", "notes", "duration"])
    writer.writerows([text, told, "" if length is None else f"{length}s"] for text, told, length in rows)
    read = read_story(written.getvalue().encode(encoding), name="written.csv")
    assert [(b.description, b.notes, b.duration_s) for b in read.beats] == rows
