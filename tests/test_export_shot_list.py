"""The shot list of a screenplay: clash reads it again to the same screenplay, or names the shot that it would not."""

from __future__ import annotations

import csv
import io
import itertools
import json
from pathlib import Path
from typing import Any, get_args

import pytest
from filming import SMALL, clash, shot_list
from hypothesis import given, settings
from hypothesis import strategies as st

from clash.exports.shot_list import shot_list as table_of
from clash.local.screenwriter import write_screenplay
from clash.reports.shot_labels import ShotLabels
from clash.story import screenplay as terms
from clash.story.reader import read_story
from clash.story.screenplay import Character, Line, Location, Scene, Screenplay, Shot, slug
from clash.story.speakers import parted_mark

EXAMPLES = sorted((Path(__file__).parent.parent / "examples").glob("*.csv"))
WORDS = {
    "en": {
        "people": ["Mara", "Tomas Quill", "Pim", "Dr. Weiss", "Guard #2"],
        "places": ["Harbour", "Lamp room", "Town square", "Kitchen"],
        "actions": [
            "She runs home.",
            "Nothing moves.",
            "She opens the door; rain stops.\nA pause.",
            'He said: "go", & left',
        ],
        "lines": ["Come on!", "Where are you?", "No, Pim: stay!", "At 10:30 we go.", "It's over..."],
        "directions": ["", "softly", "to Pim"],
        "notes": ["", "rain, wind", "CUT TO:", "dissolve"],
        "titles": ["", "Arrival"],
    },
    "zh": {
        "people": ["阿岚", "老周", "小禾", "王警官"],
        "places": ["面馆", "老城街道", "码头"],
        "actions": ["雨夜的老街，霓虹灯倒映在积水里。", "她停在门口，抬头看。", "无人的街道。"],
        "lines": ["还开着吗？", "汤还热着，坐吧。", "三点半见。"],
        "directions": ["", "低声"],
        "notes": ["", "雨声", "叠化"],
        "titles": ["", "开场"],
    },
}
TOLD_BY_WORDS = {"description", "look", "voice"}
"""Of people and places: what the writer finds in the words of the story, and no column of a shot list has."""


def again(screenplay: Screenplay) -> Screenplay:
    """Write the shot list, and read it again as the offline writer does."""
    return write_screenplay(read_story(table_of(screenplay).text.encode(), name="shots.csv"))


def compared(screenplay: Screenplay, *, left_out: set[str]) -> Any:
    """A screenplay as far as it is compared: not its title and rows, nor what else is left out of people and places."""
    document = screenplay.model_dump(mode="json", exclude={"title"})
    for shot in (shot for scene in document["scenes"] for shot in scene["shots"]):
        del shot["source_row"]
        for line in shot["dialogue"]:  # who is not in the picture comes back with the mark that says so
            line["direction"] = parted_mark(line.get("direction", ""))[1]
    for one in (*document["characters"], *document["locations"]):
        for name in left_out:
            one.pop(name, None)
    if left_out:
        del document["style"], document["logline"]
    return document


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_examples_come_back_whole(path: Path) -> None:
    """The shot list of each example is read to the very same screenplay: looks, places and style too."""
    screenplay = write_screenplay(read_story(path.read_bytes(), name=path.name))
    assert table_of(screenplay).warnings == ()
    assert compared(again(screenplay), left_out=set()) == compared(screenplay, left_out=set())


@st.composite
def shots(draw: st.DrawFn, language: str, number: int, place: str, names: list[str]) -> Shot:
    """Any shot at a place; every line has a speaker of these names."""
    words = WORDS[language]

    def one(name: str) -> str:
        return draw(st.sampled_from(words[name]))

    def some(kind: Any) -> Any:
        return draw(st.sampled_from(get_args(kind)))

    lines = [
        Line(speaker=draw(st.sampled_from(names)), text=one("lines"), direction=one("directions"))
        for _ in range(draw(st.integers(0, 2)))
    ]
    return Shot(
        number=number,
        size=some(terms.ShotSize),
        angle=some(terms.Angle),
        movement=some(terms.Movement),
        location=place,
        time=some(terms.TimeOfDay),
        weather=some(terms.Weather),
        characters=tuple(draw(st.lists(st.sampled_from(list(map(slug, names))), unique=True))),
        action=one("actions"),
        dialogue=tuple(lines),
        narration=draw(st.sampled_from(["", *words["lines"][:2]])),
        duration_s=draw(st.sampled_from([0.5, 2.0, 4.125, 11.9])),
        emotion=one("notes"),
        lens=draw(st.sampled_from(["", "35mm"])),
        sound=one("notes"),
        music=one("notes"),
        transition=one("notes"),
        image_prompt=f"picture {number}",
        video_prompt=f"move {number}",
    )


@st.composite
def screenplays(draw: st.DrawFn) -> Screenplay:
    """Any screenplay that a shot list can say: every line has a speaker who is in the film."""
    language = draw(st.sampled_from(["en", "zh"]))
    words = WORDS[language]
    names = draw(st.lists(st.sampled_from(words["people"]), min_size=1, max_size=3, unique=True))
    places = draw(st.lists(st.sampled_from(words["places"]), min_size=1, max_size=3, unique=True))
    numbers = itertools.count(1)
    scenes: list[Scene] = []
    for count, place in enumerate(places, start=1):
        made = [draw(shots(language, next(numbers), slug(place), names)) for _ in range(draw(st.integers(1, 3)))]
        scenes.append(
            Scene(
                number=draw(st.sampled_from([str(count), f"{count}A"])),
                title=draw(st.sampled_from(words["titles"])),
                location=slug(place),
                time=made[0].time,
                weather=made[0].weather,
                shots=tuple(made),
            )
        )
    return Screenplay(
        title="t",
        language=language,
        style="s",
        characters=tuple(Character(slug=slug(name), name=name) for name in names),
        locations=tuple(
            Location(slug=slug(place), name=place, setting=draw(st.sampled_from(get_args(terms.Setting))))
            for place in places
        ),
        scenes=tuple(scenes),
    )


@settings(max_examples=150, deadline=None)
@given(screenplays())
def test_any_screenplay_of_named_speakers_comes_back(screenplay: Screenplay) -> None:
    """Scenes, shots, words, camera, people and places are read again as they were."""
    assert table_of(screenplay).warnings == ()
    assert compared(again(screenplay), left_out=TOLD_BY_WORDS) == compared(screenplay, left_out=TOLD_BY_WORDS)


def film_of(*shots: Shot, names: tuple[str, ...] = ("Mara",)) -> Screenplay:
    """A screenplay of these shots, at one place."""
    return Screenplay(
        title="t",
        language="en",
        style="",
        characters=tuple(Character(slug=slug(name), name=name) for name in names),
        locations=(Location(slug="pier", name="Pier"),),
        scenes=(Scene(number="1", location="pier", shots=shots),),
    )


def test_what_a_table_cannot_say_is_named() -> None:
    """A line without a speaker in a shot of one person would be hers: a warning names the shot and the field."""
    line = Line(text="Who is there?")
    shots = [
        Shot(number=1, location="pier", characters=("mara",), action="She waits.", duration_s=2),
        Shot(number=2, location="pier", characters=("mara",), action="She turns.", dialogue=(line,), duration_s=2),
    ]
    assert table_of(film_of(*shots)).warnings == ("shot:002: clash would read its dialogue in the shot list otherwise",)


def test_a_place_that_is_not_said_after_one_that_is_is_named() -> None:
    """In a table an empty place is that of the row above, so such a shot would move there."""
    text = "description,dialogue\nA door opens in the desert.,\nInes looks at it.,INES: Finally.\n"
    screenplay = write_screenplay(read_story(text.encode(), name="s.csv"))
    assert [shot.location for shot in screenplay.shots][:2] == ["desert", "unnamed"]
    assert {shot.location for shot in again(screenplay).shots} == {"desert"}
    told = table_of(screenplay).warnings
    assert told == tuple(
        f"shot:{shot.number:03}: clash would read its location in the shot list otherwise"
        for shot in screenplay.shots[1:]
    )


def test_the_labels_of_the_story_are_kept() -> None:
    """A shot keeps what its table calls it, also where another shot ends on it; one without a label has its number."""
    film = film_of(*(Shot(number=n, location="pier", action="Rain.", duration_s=2) for n in (1, 2, 3)))
    ends = [shot.model_copy(update={"last_frame": "shot:003"}) if shot.number == 1 else shot for shot in film.shots]
    film = film.model_copy(update={"scenes": (film.scenes[0].model_copy(update={"shots": tuple(ends)}),)})
    table = table_of(film, labels=ShotLabels({"shot:001": "1A", "shot:003": "S01-0030"}))
    assert table.warnings == ()
    rows = list(csv.DictReader(io.StringIO(table.text.removeprefix(chr(0xFEFF)))))
    assert [(row["Shot"], row["Last frame"]) for row in rows] == [("1A", "S01-0030"), ("2", ""), ("S01-0030", "")]


def test_labels_of_several_shots_are_left_out_with_a_warning() -> None:
    """Where one label names two shots all are numbered, and the warning names them."""
    film = film_of(*(Shot(number=n, location="pier", action="Rain.", duration_s=2) for n in (1, 2, 3)))
    table = table_of(film, labels=ShotLabels({"shot:001": "1A", "shot:002": "1a", "shot:003": "1B"}))
    assert [row["Shot"] for row in csv.DictReader(io.StringIO(table.text.removeprefix(chr(0xFEFF))))] == ["1", "2", "3"]
    (warning,) = table.warnings
    assert warning.endswith("since labels of the story name several: shot:001 (1A), shot:002 (1a)")


def test_an_empty_picture_stays_empty() -> None:
    """A shot that shows nobody, though its action names somebody, shows nobody when it is read again."""
    shots = [
        Shot(number=1, location="pier", characters=("mara",), action="Mara leaves.", duration_s=2),
        Shot(number=2, location="pier", action="Where Mara stood.", duration_s=2),
    ]
    assert [shot.characters for shot in again(film_of(*shots)).shots] == [("mara",), ()]


def test_the_order_of_the_cast_is_kept() -> None:
    """Somebody whom no shot shows stays in the cast, and the cast in its order."""
    shots = [Shot(number=1, location="pier", characters=("mara",), action="Rain.", duration_s=2)]
    back = again(film_of(*shots, names=("Pim", "Mara")))
    assert [one.name for one in back.characters] == ["Pim", "Mara"]
    assert back.shots[0].characters == ("mara",)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_framing_comes_back(language: str) -> None:
    """Each combination of size, angle and move is read again as itself, in both languages."""
    framings = list(itertools.product(get_args(terms.ShotSize), get_args(terms.Angle), get_args(terms.Movement)))
    shots = [
        Shot(number=n, size=size, angle=angle, movement=move, location="pier", action="雨。", duration_s=1)
        for n, (size, angle, move) in enumerate(framings, start=1)
    ]
    back = again(film_of(*shots).model_copy(update={"language": language}))
    assert [(shot.size, shot.angle, shot.movement) for shot in back.shots] == framings


def test_the_exported_file_is_shown_as_the_same_story(tmp_path: Path) -> None:
    """`clash story show` of the exported CSV shows the screenplay of the run; Excel finds its byte order mark."""
    shot_list(tmp_path / "story.csv", 3, words=True, seconds=0.5)
    assert clash(tmp_path, "run", "story.csv", "--thread", "t", *SMALL).code == 0
    assert clash(tmp_path, "export", "t", "--format", "csv").code == 0
    exported = tmp_path / "output" / "t" / "export" / "t.csv"
    assert exported.read_bytes().startswith("\ufeff".encode())
    rows = list(csv.DictReader(io.StringIO(exported.read_text("utf-8-sig"))))
    assert [row["Dialogue"] for row in rows] == [f"Mara: Line {number}." for number in (1, 2, 3)]
    shown = json.loads(clash(tmp_path, "story", "show", str(exported), "--json").out)
    assert shown["warnings"] == []
    shot_in = json.loads((tmp_path / "output" / "t" / "screenplay.json").read_text("utf-8"))
    one, other = (Screenplay.model_validate(document) for document in (shown["screenplay"], shot_in))
    assert compared(one, left_out=set()) == compared(other, left_out=set())
