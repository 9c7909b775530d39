"""Any story can be filmed: odd cells, very long ones, five thousand rows; its shots take the time of their words."""

from __future__ import annotations

import csv
import io
from itertools import pairwise

import pytest
from cpu_time import grows_in_line
from hypothesis import given, settings
from hypothesis import strategies as st

from clash.local.screenwriter import write_screenplay
from clash.local.screenwriting.shot_breakdown import seconds_for
from clash.story.reader import read_story
from clash.story.screenplay import Beat, Line, Screenplay, Story


def written(text: str, *, name: str = "harbour.csv", choice: str | None = None) -> Screenplay:
    """The screenplay of a table."""
    return write_screenplay(read_story(text.encode(), name=name, choice=choice))


# ---- time


def test_durations_are_kept_or_follow_the_words():
    """A given length stays; else the words decide: 2.4 English words or 4 Chinese characters a second, and a pause."""
    assert seconds_for("") == 3.0
    assert seconds_for("one two three four five six seven eight nine ten eleven twelve") == 5.8
    assert seconds_for("一二三四五六七八九十一二三四五六") == 4.8
    assert seconds_for("word " * 500) == 12.0
    shots = written(
        "shot,description,narration,duration\n1,Rain.,,0.5\n2,Rain.,,\n3,Rain.,A B C D E F G H I J K L,\n"
    ).shots
    assert [shot.duration_s for shot in shots] == [0.5, 3.0, 5.8]


@pytest.mark.parametrize("seconds", [0.5, 2.0, 7.0, 30.0, 600.0])
def test_the_length_of_a_beat_is_shared_by_its_shots(seconds: float):
    """A beat that says how long it is lasts that long, and loses none of its words however short."""
    beats = (
        Beat(
            row=2,
            description="A boat. Mara rows. Mara sings. Mara lands.",
            location="Sea",
            narration="So it began.",
            dialogue=(Line(speaker="Mara", text="Land!"), Line(speaker="Ivo", text="At last.")),
            duration_s=seconds,
        ),
    )
    shots = write_screenplay(Story(title="S", kind="beats", language="en", beats=beats, sha256="0")).shots
    assert sum(shot.duration_s for shot in shots) == pytest.approx(seconds, abs=0.01)
    assert all(shot.duration_s > 0 for shot in shots)
    assert [line.text for shot in shots for line in shot.dialogue] == ["Land!", "At last."]
    assert [shot.narration for shot in shots if shot.narration] == ["So it began."]


def test_the_cut_has_a_rhythm():
    """Over a long story no three shots running have the same size and move, and both vary."""
    table = "description,dialogue\n" + "".join(
        f'"Mara walks on. The road bends. She waits {n}.","MARA: Line {n}.\nIVO: Answer {n}."\n' for n in range(40)
    )
    shots = written(table).shots
    framing = [(shot.size, shot.movement) for shot in shots]
    assert all(one != other for one, other in pairwise(framing))
    assert len({size for size, _ in framing}) >= 5
    assert len({move for _, move in framing}) >= 4


def test_prose_without_narration_tells_itself():
    """A story that is nothing but sentences is heard sentence by sentence: the film is not mute."""
    screenplay = written(
        "storytitle,sentence1,sentence2,sentence3\nThe Test,Tom had a test.,He studied in the library.,Tom passed.\n"
    )
    assert screenplay.title == "The Test"
    assert [shot.narration for shot in screenplay.shots] == [
        "Tom had a test.",
        "He studied in the library.",
        "Tom passed.",
    ]
    assert [shot.characters for shot in screenplay.shots] == [("tom",)] * 3


# ---- whatever comes

PIECES = (
    "Mara ",
    "[/b]",
    "😀",
    "שלום",
    "\u202e",
    "。",
    "雨",
    "！",
    '"',
    "(",
    "in the street ",
    ". ",
    "\n",
    "老",
    "'s ",
    "IVO",
)
ODD = st.lists(st.sampled_from(PIECES), max_size=8).map("".join)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.builds(
            Beat,
            row=st.just(2),
            description=ODD,
            scene=ODD,
            shot=ODD,
            title=ODD,
            location=ODD,
            int_ext=ODD,
            time=ODD,
            characters=st.lists(ODD, max_size=3).map(tuple),
            dialogue=st.lists(st.builds(Line, speaker=ODD, text=ODD.filter(str.strip)), max_size=3).map(tuple),
            narration=ODD,
            duration_s=st.none() | st.floats(0.001, 600),
            shot_size=ODD,
            movement=ODD,
            emotion=ODD,
        ),
        min_size=1,
        max_size=4,
    ),
    st.sampled_from(["beats", "shot_list"]),
    st.sampled_from(["en", "zh"]),
)
def test_any_story_can_be_shot(beats: list[Beat], kind: str, language: str):
    """Odd text breaks nothing: shots are numbered, refer to what exists, last some time, and say every word."""
    story = Story.model_validate({"title": "Odd", "kind": kind, "language": language, "beats": beats, "sha256": "0"})
    screenplay = write_screenplay(story)
    assert Screenplay.model_validate_json(screenplay.model_dump_json()) == screenplay
    shots = screenplay.shots
    assert [shot.number for shot in shots] == list(range(1, len(shots) + 1))
    assert len(shots) >= len(beats)
    assert kind == "beats" or len(shots) == len(beats)
    assert all(0 < shot.duration_s <= 600 for shot in shots)
    people, places = ({one.slug for one in group} for group in (screenplay.characters, screenplay.locations))
    assert len(people) == len(screenplay.characters)
    assert len(places) == len(screenplay.locations)
    assert all(people.issuperset(shot.characters) and shot.location in places for shot in shots)
    heard = sorted([line.text for s in shots for line in s.dialogue])
    told = "\n".join(s.narration for s in shots)
    assert all(line.text in told or line.text in heard for beat in beats for line in beat.dialogue)
    assert len(heard) <= sum(len(beat.dialogue) for beat in beats)
    assert all(shot.action.strip() and shot.image_prompt and shot.video_prompt for shot in shots)


def test_cells_of_20000_characters_are_no_trouble():
    """The longest cells that the reader lets through are written down in no more than their share of time."""

    def shots_of(unit: str, size: int) -> int:
        cell = (unit * (size // len(unit) + 1))[:size]
        # Words that would take an hour to say are refused, so what is said is shorter than what is seen.
        said = cell[: size * 2 // 5]
        table = io.StringIO()
        csv.writer(table).writerows([["description", "dialogue", "narration"], [cell, f"MARA: {said}", said]])
        return len(written(table.getvalue()).shots)

    for unit in ("Mara walks. ", "A", "雨", "a ", "(", "Ab ", "."):
        assert 1 <= shots_of(unit, 19_990) <= 6
        assert grows_in_line(lambda size, unit=unit: shots_of(unit, size), 4_000, 19_990), unit


def test_5000_rows_are_fast():
    """The longest shot list there may be is read and written in no more than its share of time."""

    def table(rows: int) -> str:
        head = "shot,shot size,movement,location,characters,description,dialogue\n"
        return head + "".join(
            f"{n},CU,push in,Place {n // 20},Mara / Tomas,Mara walks across bridge {n} in the rain.,TOMAS: Line {n}.\n"
            for n in range(rows)
        )

    assert len(written(table(5000)).shots) == 5000
    assert grows_in_line(lambda rows: written(table(rows)), 1000, 5000)
