"""What the local writer says of somebody's look: the story's own words, and nothing beside them."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest

from clash.local.figures.look import look_of
from clash.local.screenwriter import write_screenplay
from clash.local.vocabulary import tags, vocabulary
from clash.story.reader import read_story
from clash.story.screenplay import Character, Screenplay

LINES = [
    line.split("\t") for line in (Path(__file__).parent / "looks.tsv").read_text(encoding="utf-8").splitlines()[1:]
]
PRONOUNS = {"female", "male", "女性", "男性"}


def written(cast: str, description: str) -> Screenplay:
    table = io.StringIO()
    csv.writer(table).writerows([["shot", "description", "characters"], ["1", description, cast]])
    return write_screenplay(read_story(table.getvalue().encode(), name="story.csv"))


def parts(listed: str) -> list[str]:
    return [part for part in listed.split("|") if part]


def holds(look: str, words: str) -> bool:
    """Whether a look has these words: whole ones, where words stand apart."""
    if not words.isascii():
        return words in look
    return re.search(rf"(?<![\w-]){re.escape(words)}(?!\w)", look, re.IGNORECASE) is not None


def test_there_are_a_hundred_descriptions() -> None:
    """English, Chinese, and twenty and more in the other languages."""
    languages = [line[0] for line in LINES]
    assert len(LINES) >= 100
    assert set(languages) == set(tags())
    assert len([language for language in languages if language not in ("en", "zh")]) >= 20


@pytest.mark.parametrize(("language", "cast", "description", "told", "untold"), LINES)
def test_a_look_has_the_words_of_the_story(language: str, cast: str, description: str, told: str, untold: str) -> None:
    """What is said is in the look and in the prompt; an age, sex, beard or dress that is not said is in neither."""
    screenplay = written(cast, description)
    person, prompt = screenplay.characters[0], screenplay.shots[0].image_prompt
    for words in parts(told):
        assert words in person.look
        assert words in prompt
    for words in parts(untold):
        assert not holds(person.look, words), person.look
    table = " ".join(f"{cast} {description}".split())
    for piece in re.split(r"[,，、]\s*", person.look):
        assert piece in table or piece in PRONOUNS or not piece, f"{piece!r} is nowhere in the story"


@pytest.mark.parametrize(("language", "cast", "description", "told", "untold"), LINES)
def test_a_prompt_has_nothing_beside_the_story(
    language: str, cast: str, description: str, told: str, untold: str
) -> None:
    """The voice is told in words of age and sex alone; the look in the prompt is the look of the card."""
    screenplay = written(cast, description)
    for person in screenplay.characters:
        assert re.fullmatch(r"((young |old )?(woman|man)|girl|boy|child|young|old)?", person.voice)
        assert not person.look or person.look in screenplay.shots[0].image_prompt
    assert "()" not in screenplay.shots[0].image_prompt
    assert "（）" not in screenplay.shots[0].image_prompt


@pytest.mark.parametrize(
    ("look", "kind", "gender", "age"),
    [
        ("女总裁，二十八岁", "human", "woman", "young"),
        ("man of fifty", "human", "man", "adult"),
        ("anciana de pelo blanco y abrigo rojo", "human", "woman", "old"),
        ("fünfzigjähriger Fischer mit grauem Bart", "human", "man", "adult"),
        ("garçon de dix ans", "human", "man", "child"),
        ("старушка в красном платке", "human", "woman", "old"),
        ("28歳の女社長", "human", "woman", "young"),
        ("할아버지", "human", "man", "old"),
        ("goose, straw hat", "unknown", "", ""),
        ("old toad in a waistcoat", "unknown", "", ""),
        ("大鹅", "unknown", "", ""),
        ("una oca", "unknown", "", ""),
        ("brass robot", "robot", "", ""),
        ("owl", "bird", "", ""),
        ("dog trainer", "human", "", ""),
        ("woman who keeps geese", "human", "woman", ""),
    ],
)
def test_the_drawing_follows_the_words(look: str, kind: str, gender: str, age: str) -> None:
    """Age, sex and kind are drawn as they are told in any language; a being without a drawing is `unknown`."""
    drawn = look_of(Character(slug="x", name="X", look=look))
    assert drawn.kind == kind
    assert not gender or drawn.gender == gender
    assert not age or drawn.age == age


def test_the_coat_has_the_colour_that_is_told() -> None:
    """A red coat is red, whether it is told in English, Spanish, German or Russian."""
    looks = ("red coat", "abrigo rojo", "roter Mantel", "красное пальто", "un manteau rouge", "赤いコート")
    cloths = {look_of(Character(slug="x", name="X", look=look)).cloth for look in looks}
    assert len(cloths) == 1


def test_nobody_is_described_by_whom_they_meet() -> None:
    """A sentence about two people gives neither the other's age."""
    drawn = look_of(Character(slug="b", name="Ben", description="Ben meets an old woman with a white beard."))
    assert (drawn.age, drawn.beard) != ("old", "full")


@pytest.mark.parametrize(
    ("tag", "text", "years"),
    [
        ("zh", "22岁", 22),
        ("zh", "二十八岁", 28),
        ("zh", "年过六旬", 60),
        ("zh", "三百年的老宅", None),
        ("en", "aged fifty", 50),
        ("en", "a man of fifty, tall", 50),
        ("en", "a woman in her sixties", 65),
        ("en", "twenty-eight years old", 28),
        ("en", "a mother of two with a hat", None),
        ("en", "three years ago", None),
        ("es", "de cincuenta años", 50),
        ("es", "hace veinte años", None),
        ("fr", "âgée de soixante-dix ans", 70),
        ("fr", "trois ans plus tard", None),
        ("de", "achtundzwanzig Jahre alt", 28),
        ("pt", "de vinte e oito anos de idade", 28),
        ("it", "una donna sessantenne", 65),
        ("ru", "28 лет", 28),
        ("ru", "28 лет назад", None),
        ("ja", "28歳の社長", 28),
        ("ko", "스물여덟 살의 의사", 28),
    ],
)
def test_ages_in_years(tag: str, text: str, years: int | None) -> None:
    """Ages are read as numbers and as words; other years are no age."""
    assert vocabulary(tag).age_in_years(text) == years
