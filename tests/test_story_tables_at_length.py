"""Tables of any look are read alike, and large ones in a moment."""

from __future__ import annotations

import csv
import io
import random
from contextlib import suppress

import pytest
from cpu_time import grows_in_line
from hypothesis import given, settings
from hypothesis import strategies as st
from tables import written

from clash.errors import StoryError
from clash.story.columns import MAPPABLE
from clash.story.reader import Options, Reading, read


def reading(text: str | bytes, *, name: str = "kiln.csv", **options: object) -> Reading:
    """How a table is understood."""
    content = text.encode() if isinstance(text, str) else text
    return read(content, name=name, options=Options(**options))  # type: ignore[arg-type]


# ---- what a table's look does not change


SEEN = ["The kiln glows at night.", "A bowl breaks on the floor.", "Smoke drifts over the yard."]
CELLS = st.sampled_from(SEEN)
WORDS = st.sampled_from(["ANA: Look.", "BEN: I see.", "NARRATOR: It burned all night.", "", "ANA: (softly) Not yet."])
SIZES = st.sampled_from(["WS", "CU", "MS", "MCU"])
TABLES = st.lists(st.tuples(SIZES, CELLS, WORDS, st.integers(1, 9)), min_size=1, max_size=5)
HEADERS = {
    "en": ["Shot", "Shot Size", "Description", "Dialogue", "Duration"],
    "zh": ["镜号", "景别", "画面内容", "台词", "时长（秒）"],
    "es": ["Plano", "Tipo de plano", "Descripción", "Diálogo", "Duración"],
    "de": ["Einstellung", "Einstellungsgröße", "Beschreibung", "Dialog", "Dauer"],
    "ru": ["Кадр", "Крупность", "Описание", "Реплика", "Длительность"],
    "ja": ["カット", "ショットサイズ", "画面内容", "セリフ", "秒数"],
}


@settings(max_examples=60, deadline=None)
@given(
    TABLES,
    st.sampled_from(sorted(HEADERS)),
    st.sampled_from([",", ";", "\t", "|", "html", "markdown"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    st.booleans(),
    st.randoms(use_true_random=False),
)
def test_the_look_of_a_table_changes_nothing(
    table: list[tuple[str, str, str, int]], tag: str, form: str, encoding: str, extra: bool, dice: random.Random
):
    """Order of columns, unused columns, delimiter, encoding and language of the headers: the same is understood."""
    rows = [[str(n), size, seen, said, str(long)] for n, (size, seen, said, long) in enumerate(table, start=1)]
    plain = reading(written([HEADERS["en"], *rows], ",")).story
    other = [HEADERS[tag], *rows]
    if extra:
        other = [[*row, "Zeppelin" if n == 0 else "7"] for n, row in enumerate(other)]
    order = list(range(len(other[0])))
    dice.shuffle(order)
    shuffled = [[row[i] for i in order] for row in other]
    text = written(shuffled, form).decode()
    if encoding != "utf-8" and form in ("html", "markdown"):
        encoding = "utf-8"
    same = reading(text.encode(encoding), name="kiln.csv").story
    assert [beat.model_dump(exclude={"row", "extra"}) for beat in same.beats] == [
        beat.model_dump(exclude={"row", "extra"}) for beat in plain.beats
    ]
    assert (same.kind, same.language) == (plain.kind, plain.language)


# ---- limits and speed


UNITS = [
    " ",
    "a ",
    "a\n",
    "A: ",
    "Ab: x. ",
    "阿：",
    "(",
    "[（",
    "*",
    "**",
    "<br>",
    "&amp;",
    "“",
    "a:b:",
    ". ",
    "1. x\n",
    "- ",
    "第一场 ",
    "0:00-",
    "1m",
    "/",
    "和",
    "A and ",
    "A\n(x)\n",
    "12:30 ",
    "__a",
    " - ",
]


@pytest.mark.parametrize("field", MAPPABLE)
def test_no_cell_takes_worse_than_linear_time(field: str):
    """The longest cell there may be is read in a moment, whatever it repeats, in every field."""
    for unit in UNITS:
        assert grows_in_line(lambda size, unit=unit: _read_cell(field, unit, size), 4_000, 19_900), (field, unit)


def _read_cell(field: str, unit: str, size: int) -> None:
    """Read a cell of this field that repeats a unit."""
    cell = (unit * (size // len(unit) + 1))[:size]
    out = io.StringIO()
    csv.writer(out).writerows([["description", field], ["The kiln.", cell], ["The kiln.", "x"]])
    with suppress(StoryError):
        reading(out.getvalue())


def test_columns_are_limited_before_cells_are_made():
    """A header of a million commas is refused; so are quoted line breaks without end."""
    with pytest.raises(StoryError, match="columns; at most"):
        reading("description" + "," * 1_000_000 + "x\n1\n")
    with pytest.raises(StoryError, match="columns; at most"):
        reading("description\n" + '"\n",' * 200_000)


def test_words_that_take_an_hour_are_refused():
    """Row and column are named."""
    with pytest.raises(StoryError, match="minutes to say") as caught:
        reading("description,dialogue\nKiln,Look.\nKiln," + "看" * 15_000 + "\n")
    assert (caught.value.row, caught.value.column) == (3, "dialogue")


def test_5000_rows_are_read_in_a_moment():
    """The longest table takes no more than its share of time."""

    def read_rows(count: int) -> int:
        rows = [
            [str(n), "CU", f"The kiln glows for the {n}th time.", f"ANA: Look {n}. BEN: I see.", "3"]
            for n in range(count)
        ]
        return len(reading(written([HEADERS["en"], *rows], ",")).story.beats)

    assert read_rows(5000) == 5000
    assert grows_in_line(read_rows, 1000, 5000)
