"""A written Chinese line becomes the sounds that are said: figures, readings, tones, breaths."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clash.local.mandarin.numbers import counted, said
from clash.local.mandarin.phonemes import LONGEST, phonemes
from clash.local.roles import age_in, chinese_role, english_role


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("2026年11月27日8:05", "二零二六年十一月二十七日八点零五分"),
        ("2026-11-27", "二零二六年十一月二十七日"),
        ("10:30:05", "十点三十分五秒"),
        ("有2个人，2斤，第2名，2之间", "有两个人，两斤，第二名，二之间"),
        ("1/2，45%，0.5秒", "二分之一，百分之四十五，零点五秒"),
        ("-5°C，3-5天，100km/h", "零下五摄氏度，三到五天，一百公里每小时"),
        ("¥25.8", "二十五点八元"),
        ("13800138000", "幺三八零零幺三八零零零"),
        ("12345678", "一二三四五六七八"),
        ("没有数字。", "没有数字。"),
    ],
)
def test_figures_are_read_as_they_are_said(written: str, spoken: str) -> None:
    """Dates, times, amounts, fractions, temperatures, ranges, money, telephone numbers and codes."""
    assert said(written) == spoken


def test_whole_numbers_have_their_zeros() -> None:
    """A gap is said once; 一十 at the beginning is 十; a number of seventeen digits is read one by one."""
    assert [counted(figures) for figures in ("10", "12", "101", "10010", "200000000", "007")] == [
        "十",
        "十二",
        "一百零一",
        "一万零一十",
        "二亿",
        "零零七",
    ]
    assert counted("1" * 17) == "一" * 17


@pytest.mark.parametrize(
    ("written", "sounds"),
    [
        ("你好！", "ni↗xau↓!"),
        ("一个人，不是。", "i↗kɤ↘ ɻə↗n, pu↗ʂɨ↘."),
        ("重庆", "ꭧʰʊ↗ŋʨʰi↘ŋ"),
        ("银行", "i↗nxa↗ŋ"),
        ("花儿", "xwa→ɚ"),
        ("女儿", "ny↓ɚ↗"),
        ("爷爷", "je↗je"),
        ("《书》", "“ʂu→”"),
    ],
)
def test_characters_are_read_by_their_neighbours(written: str, sounds: str) -> None:
    """Two third tones, 一 and 不, characters of several readings, 儿, people who are called twice, quotes."""
    assert phonemes(written) == [sounds]


def test_english_words_are_read_as_english() -> None:
    """With English phonemes they are words, without letters; capitals are letters in any case."""
    assert phonemes("hi。", lambda words: f"<{words}>"[1:-1].upper()) == ["HI."]
    assert phonemes("hi") == phonemes("HI") == phonemes("HI", lambda _: "never")


@given(st.text(alphabet=st.characters(codec="utf-8", categories=("L", "N", "P", "Z")), max_size=300))
def test_any_text_becomes_pieces_of_bounded_length(text: str) -> None:
    """No line makes the network hurry, however long its sentences are, and none is an error."""
    assert all(0 < len(piece) <= LONGEST for piece in phonemes(text))


def test_a_long_line_is_cut_where_one_may_breathe() -> None:
    """Nothing is lost: the pieces together are the sounds of the clauses."""
    clause = "海上起风了，我们快回家吧，"
    pieces = phonemes(clause * 20)
    assert len(pieces) > 3
    assert all(piece.endswith(",") for piece in pieces[:-1])
    assert "".join("".join(pieces).split(" ")).count("fə→ŋ") == 20


def test_an_age_in_years_makes_nobody_old() -> None:
    """Somebody who is 34 years old is an adult; 72 and 七十二岁 are old; 8 and 八岁 are children."""
    assert [age_in(words) for words in ("34 years old", "七十二岁", "8岁", "十岁", "an old man")] == [
        34,
        72,
        8,
        10,
        None,
    ]
    assert english_role("woman, 34 years old", "x", 0) == "woman"
    assert english_role("man, 72 years old", "x", 0) == "old man"
    assert [chinese_role("x", words, 0) for words in ("女, 34岁", "男, 七十二岁", "女, 8岁")] == [
        "woman",
        "old man",
        "girl",
    ]
    assert (chinese_role("陈爷爷", "", 0), chinese_role("王小红", "", 1)) == ("old man", "woman")
