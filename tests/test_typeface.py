"""Letters for pictures: only what can be drawn, in lines that fit and break where they should."""

from __future__ import annotations

import threading

import pytest
from cpu_time import grows_in_line
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from clash.film.typeface import Font, drawable, font, is_chinese, wrap, wrap_evenly

WORDS = "The lamp had been dark for eleven years, and nobody in the capital remembered that the rock had a name."
CHINESE = "他说：“你回来了，玛拉。”（沉默）灯塔黑了十一年，我以为再也等不到有人从海上走回来，敲响这扇门！"
MIXED = "灯塔LIGHTHOUSE黑了11年，玛拉（Mara）回来了。"


def _pixels(character: str, face: Font) -> bytes:
    drawing = Image.new("L", (64, 64))
    ImageDraw.Draw(drawing).text((4, 4), character, fill=255, font=face)
    return drawing.tobytes()


def test_a_face_is_opened_once_in_each_thread() -> None:
    """Asking twice for a size gives the same face; another thread gets its own, as FreeType demands."""
    others: list[Font] = []
    worker = threading.Thread(target=lambda: others.append(font(32, 500)))
    worker.start()
    worker.join()
    assert font(32, 500) is font(32, 500)
    assert others[0] is not font(32, 500)


def test_weights_do_not_leak_into_each_other() -> None:
    """Opening a bold face leaves the regular one of the same size as it was."""
    before = _pixels("灯", font(40, 400))
    bold = _pixels("灯", font(40, 900))
    assert _pixels("灯", font(40, 400)) == before
    assert sum(bold) > sum(before) * 1.2


@pytest.mark.parametrize("text", [WORDS, CHINESE, MIXED])
@pytest.mark.parametrize("width", [90, 200, 640])
def test_no_line_is_wider_than_asked(text: str, width: int) -> None:
    """Every line fits, as the face itself measures it."""
    face = font(30)
    lines = wrap(text, face, width)
    assert lines
    assert all(face.getlength(line) <= width for line in lines)


def test_chinese_lines_break_at_allowed_marks() -> None:
    """At every width that holds three characters, marks stay with the words that they belong to."""
    face = font(30)
    for width in range(100, 700, 15):
        lines = wrap(CHINESE, face, width)
        assert not [line for line in lines if line[0] in "，。！？：；、）」』”’"]
        assert not [line for line in lines if line[-1] in "（「『“‘"]
        assert "".join(lines) == CHINESE


def test_latin_words_stay_whole() -> None:
    """A line breaks between words, so joining the lines with spaces gives the text back."""
    assert " ".join(wrap(WORDS, font(30), 220)) == WORDS


def test_a_word_wider_than_the_line_is_broken() -> None:
    """A word that no line could hold is cut rather than drawn past the edge."""
    face = font(30)
    lines = wrap("x" * 100, face, 200)
    assert len(lines) > 3
    assert "".join(lines) == "x" * 100


def test_newlines_stay_and_other_space_is_folded() -> None:
    """A paragraph starts a new line; tabs and runs of spaces become one space."""
    assert wrap("one \t two\n\nthree", font(20), 500) == ["one two", "three"]


@pytest.mark.parametrize(("text", "mark"), [(WORDS, "..."), (CHINESE, "…")])
def test_text_left_over_ends_in_an_ellipsis(text: str, mark: str) -> None:
    """With a most number of lines, the last one says that there was more, and still fits."""
    face = font(30)
    lines = wrap(text, face, 240, 2)
    assert len(lines) == 2
    assert lines[-1].endswith(mark)
    assert face.getlength(lines[-1]) <= 240
    assert wrap(text, face, 100_000, 2) == [text]


@pytest.mark.parametrize("text", [WORDS, CHINESE])
def test_lines_can_be_made_even(text: str) -> None:
    """Even lines are no more than plain ones, and the shortest is not a lonely word."""
    face = font(30)
    plain, even = wrap(text, face, 700), wrap_evenly(text, face, 700, 9)
    assert len(even) == len(plain) > 1
    assert "".join(even).replace(" ", "") == text.replace(" ", "")
    lengths = [face.getlength(line) for line in even]
    assert max(lengths) <= 700
    assert min(lengths) > 0.6 * max(lengths)
    assert len(wrap_evenly(text * 9, face, 700, 2)) == 3


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("这座城里最晚熄的灯，是老周的面馆。", ["这座城里最晚熄的灯，", "是老周的面馆。"]),
        ("“You came back,” she said to the old man.", ["“You came back,”", "she said to the old man."]),
        ("You came back. I was not so sure you would.", ["You came back.", "I was not so sure you would."]),
        ("Oh, the lamp has been dark for years now", ["Oh, the lamp has been", "dark for years now"]),
    ],
)
def test_two_lines_break_at_a_comma(text: str, lines: list[str]) -> None:
    """A mark near the middle is where a caption breaks; one at its very beginning is not."""
    assert wrap_evenly(drawable(text), font(30), 440, 2) == [drawable(line) for line in lines]


def test_twenty_thousand_letters_wrap_at_once() -> None:
    """A whole cell of text takes no more than its share of time, however long its words."""
    face = font(30)
    for text in (WORDS * 200, CHINESE * 420, "x" * 20_000, "！" * 20_000, "（" * 20_000):
        assert len(wrap(text[:20_000], face, 600, 3)) <= 3
        assert grows_in_line(lambda size, text=text: wrap(text[:size], face, 600, 3), 4_000, 20_000)


def test_what_cannot_be_drawn_is_removed() -> None:
    """Emoji, NUL, bidirectional controls and scripts that the family lacks leave nothing, not an empty box."""
    assert drawable("a\x00b\u202ec\u2066d\ufefff😀مرحبا") == "abcdf"
    assert drawable("one\ttwo\u00a0three\r\nfour") == "one two three\nfour"


def test_letters_the_family_lacks_become_their_plain_form() -> None:
    """A rare accent is dropped, not the letter below it; a decomposed letter is composed."""
    assert drawable("ṩe\u0301") == "sé"


def test_quotes_are_narrow_among_latin_and_wide_among_chinese() -> None:
    """This family draws curly quotes as wide as a Chinese character, so Latin text gets straight ones."""
    assert drawable("“I wasn’t sure…” she said") == '"I wasn\'t sure..." she said'
    assert drawable("“It’s 灯塔”") == "“It's 灯塔”"


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60))
def test_every_letter_left_has_a_glyph(text: str) -> None:
    """Nothing that passes draws the box that fonts show for a missing letter."""
    face = font(24)
    box = _pixels("\U0010ffff", face)
    assert any(box)
    assert not [c for c in drawable(text) if _pixels(c, face) == box]


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="ab ，。（“”）灯塔!\n", max_size=80), st.integers(40, 400))
def test_wrapping_loses_nothing_but_space(text: str, width: int) -> None:
    """Every letter stands in exactly one line, in order."""
    assert "".join("".join(wrap(text, font(20), width)).split()) == "".join(text.split())


def test_chinese_is_recognised() -> None:
    """A single Chinese letter makes a text Chinese; punctuation alone does not."""
    assert is_chinese("Mara 玛")
    assert not is_chinese("Mara…“”")
