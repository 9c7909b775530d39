"""Files that are no table, and rows that are shifted: each is told in words, with what to do."""

from __future__ import annotations

import pytest

from clash.errors import StoryError
from clash.story.cast_table import read_cast
from clash.story.reader import read

BYTES = bytes(range(256)) * 8


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00" + BYTES, "a film (MP4)"),
        (b"\x00\x00\x00\x18ftypheic" + BYTES, "a HEIC picture"),
        (b"\x1a\x45\xdf\xa3" + BYTES, "a film (Matroska or WebM)"),
        (b"RIFF\x24\x00\x00\x00WAVEfmt " + BYTES, "a sound (WAV)"),
        (b"RIFF\x24\x00\x00\x00WEBPVP8 " + BYTES, "a WebP picture"),
        (b"ID3\x04" + BYTES, "a sound (MP3)"),
        (b"\x7fELF" + BYTES, "a program"),
        (b"Q9" + BYTES, "a binary file"),
    ],
)
def test_a_file_that_is_no_text_is_named(content: bytes, what: str) -> None:
    """A film, a picture, a sound: the message says what it is, whatever the file is called."""
    with pytest.raises(StoryError, match="is no text") as raised:
        read(content, name="story.csv")
    assert what in raised.value.message
    assert "story is" not in (raised.value.hint or "")


def test_a_table_that_begins_like_a_signature_is_a_table() -> None:
    """A header may be `ID3`, or begin with `II*`: only bytes that no text has tell a file."""
    assert read(b"ID3,Description\n1,Mara lights the lamp.\n", name="s.csv").story.beats


@pytest.mark.parametrize("page", ["# The lamp\n\nMara walks to the pier.\n\n- night\n", "# Film\n\n1. Mara walks.\n"])
def test_markdown_without_a_table_says_how_one_is_written(page: str) -> None:
    """The hint shows the lines of a table, and a page made of them is read."""
    with pytest.raises(StoryError, match="Markdown without a table") as raised:
        read(page.encode(), name="story.md")
    lines = [line for line in (raised.value.hint or "").split("'") if line.startswith("|")]
    assert read("\n".join(lines).encode(), name="story.md").story.beats[0].dialogue[0].speaker == "MARA"


def test_a_comma_that_is_not_in_quotes_is_refused() -> None:
    """It shifts the cells of its row, though the empty last cell hides that there is one too many."""
    rows = "Shot,Description,Dialogue,Notes\n1,Mara walks, slowly,MARA: Hi.,\n2,Tom waits,TOM: Hi.,\n3,They go,,\n"
    with pytest.raises(StoryError, match=r"row 2: 5 cells, but the other rows have 4.*'Mara walks' from 'slowly'"):
        read(rows.encode(), name="s.csv")
    right = rows.replace("Mara walks, slowly", '"Mara walks, slowly"')
    assert read(right.encode(), name="s.csv").story.warnings == ()


def test_a_row_with_a_comma_at_its_end_is_named() -> None:
    """One row ends with a comma more than the others: it is read, and a warning names it."""
    rows = "Shot,Description,Notes\n1,Mara walks,a\n2,Tom waits,b,\n3,They go,c\n"
    story = read(rows.encode(), name="s.csv").story
    assert [beat.description for beat in story.beats] == ["Mara walks", "Tom waits", "They go"]
    assert any(warning.startswith("row 3: more cells than the 3 of the other rows") for warning in story.warnings)


@pytest.mark.parametrize("name", ["people.md", "people.txt"])
def test_a_cast_without_a_table_is_told_as_a_cast(name: str) -> None:
    """The hint says how a cast is written, and nothing of stories."""
    prose = "Mara is a young woman who keeps the light.\nTom is her brother, and he is late.\nThey live at the pier.\n"
    with pytest.raises(StoryError) as raised:
        read_cast(prose.encode(), name=name)
    assert "A cast is a table" in (raised.value.hint or "")
