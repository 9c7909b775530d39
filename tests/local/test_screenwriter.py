"""The local screenwriter: what becomes of a story's rows."""

from __future__ import annotations

import pytest

from clash.local.screenwriter import write_screenplay
from clash.story.camera_terms import angle_of, movement_of, size_of
from clash.story.reader import read_story
from clash.story.screenplay import Screenplay


def written(text: str, *, name: str = "harbour.csv", choice: str | None = None) -> Screenplay:
    """The screenplay of a table."""
    return write_screenplay(read_story(text.encode(), name=name, choice=choice))


def looks(screenplay: Screenplay) -> dict[str, str]:
    return {character.name: character.look for character in screenplay.characters}


SHOT_LIST = """Scene,Shot,Shot Type,Camera Angle,Camera Movement,Location,Time,Characters,Description,Dialogue,Duration
1,1A,EWS,High Angle,Crane down,Desert,DAY,,A rider crosses the dunes,,5
1,1B,OTS,,Handheld,,,Rider / Barkeep,They meet,RIDER: You sell water?,
2,2A,Two shot,Low,Truck left,Saloon,NIGHT,"Rider, Barkeep",They drink,"BARKEEP: Drink?
RIDER: Water.",
2,2B,cosy,,wobble,,,Rider,He drinks,,
2,2C,CU,,,,,Rider,,RIDER: Cold.,
"""


def test_a_shot_list_keeps_its_rows():
    """One row is one shot, in order, framed as the row asks; what it does not ask for has a sensible value."""
    screenplay = written(SHOT_LIST)
    shots = screenplay.shots
    assert [shot.number for shot in shots] == [1, 2, 3, 4, 5]
    assert [shot.source_row for shot in shots] == [2, 3, 4, 5, 6]
    assert [shot.size for shot in shots[:3]] == ["extreme_wide", "medium", "medium"]
    assert shots[4].size == "close_up"
    assert [shot.angle for shot in shots] == ["high", "over_shoulder", "low", "eye_level", "eye_level"]
    assert [shot.movement for shot in shots[:4]] == ["tilt_down", "static", "pan_left", "static"]
    assert shots[0].duration_s == 5.0
    assert [len(shot.dialogue) for shot in shots] == [0, 1, 2, 0, 1]
    assert "Rider" in shots[4].action
    assert [(scene.number, scene.location, scene.time) for scene in screenplay.scenes] == [
        ("1", "desert", "day"),
        ("2", "saloon", "night"),
    ]


@pytest.mark.parametrize(
    ("term", "size"),
    [
        ("远景", "wide"),
        ("大远景", "extreme_wide"),
        ("全景", "full"),
        ("中景", "medium"),
        ("近景", "medium_close_up"),
        ("特写", "close_up"),
        ("大特写", "extreme_close_up"),
        ("WS", "wide"),
        ("MS", "medium"),
        ("CU", "close_up"),
        ("ECU", "extreme_close_up"),
        ("EWS", "extreme_wide"),
        ("MCU", "medium_close_up"),
        ("MWS", "medium_wide"),
        ("Medium Close-Up", "medium_close_up"),
        ("extreme_close_up", "extreme_close_up"),
        ("Insert", "insert"),
        ("Full shot", "full"),
        ("whatever", None),
        ("", None),
    ],
)
def test_shot_sizes(term: str, size: str | None):
    """The sizes that shot lists name, in both languages."""
    assert size_of(term) == size


@pytest.mark.parametrize(
    ("term", "movement"),
    [
        ("推", "push_in"),
        ("拉", "pull_out"),
        ("拉近", "push_in"),
        ("摇", "pan_right"),
        ("左摇", "pan_left"),
        ("移", "pan_right"),
        ("跟", "pan_right"),
        ("升", "tilt_up"),
        ("降", "tilt_down"),
        ("固定", "static"),
        ("缓慢推进", "push_in"),
        ("push in", "push_in"),
        ("Dolly-in", "push_in"),
        ("zoom in", "push_in"),
        ("pull out", "pull_out"),
        ("zoom_out", "pull_out"),
        ("pan left", "pan_left"),
        ("Pan to the left", "pan_left"),
        ("tilt down", "tilt_down"),
        ("Static", "static"),
        ("handheld", "static"),
        ("wobble", None),
    ],
)
def test_camera_moves(term: str, movement: str | None):
    """The moves that shot lists name, in both languages."""
    assert movement_of(term) == movement


@pytest.mark.parametrize(
    ("term", "angle"),
    [
        ("OTS", "over_shoulder"),
        ("过肩", "over_shoulder"),
        ("POV", "pov"),
        ("俯拍", "high"),
        ("仰拍", "low"),
        ("航拍", "overhead"),
        ("low angle", "low"),
        ("Dutch", "dutch"),
        ("平视", "eye_level"),
        ("odd", None),
    ],
)
def test_angles(term: str, angle: str | None):
    """The angles that shot lists name, in both languages."""
    assert angle_of(term) == angle


BEATS = """scene,location,int_ext,time,description,dialogue,narration
1,Sea,EXT,dusk,"A boat crosses the sea. Mara, a young woman in a red coat, rows.",,The light was dark.
2,Lamp room,INT,night,"Rain runs down the glass. Old Tomas sits by the lamp. His hands shake.","TOMAS: You came back.
MARA: You let it go out.
TOMAS (O.S.): I know.",
2,,,,Mara strikes a match.,,
3,Sea,EXT,,The storm has passed.,NARRATOR: Nobody asked again.,They knew.
"""


def test_beats_become_shots():
    """A place seen for the first time is established wide; action follows, and one shot for each line."""
    screenplay = written(BEATS)
    assert [scene.number for scene in screenplay.scenes] == ["1", "2", "3"]
    first = screenplay.scenes[0].shots
    assert first[0].size == "extreme_wide"
    assert first[0].narration == "The light was dark."
    assert first[1].characters == ("mara",)
    assert len(screenplay.scenes[1].shots) >= 5
    assert all(shot.location == "lamp-room" for shot in screenplay.scenes[1].shots)
    for shot in screenplay.shots:
        if shot.dialogue:
            assert shot.size in ("medium", "medium_close_up", "close_up")


def test_everything_said_and_told_is_in_exactly_one_shot():
    """No line, no narration is lost, none is doubled; the narrator's lines become narration."""
    shots = written(BEATS).shots
    said = [line.text for shot in shots for line in shot.dialogue]
    assert said == ["You came back.", "You let it go out.", "I know."]
    assert "\n".join(shot.narration for shot in shots if shot.narration).splitlines() == [
        "The light was dark.",
        "Nobody asked again. They knew.",
    ]


def test_places_time_and_weather_are_carried_on():
    """A place is one place wherever it returns; night and rain last until the text changes them."""
    screenplay = written(BEATS)
    assert [(place.slug, place.setting) for place in screenplay.locations] == [
        ("sea", "exterior"),
        ("lamp-room", "interior"),
    ]
    assert {(shot.time, shot.weather) for shot in screenplay.scenes[1].shots} == {("night", "rain")}
    assert {(shot.time, shot.weather) for shot in screenplay.scenes[2].shots} == {("night", "clear")}


@pytest.mark.parametrize(
    ("row", "time", "weather"),
    [
        ("A street at dusk.", "dusk", "clear"),
        ("Snow falls past midnight.", "night", "snow"),
        ("雨夜的街", "night", "rain"),
        ("清晨，雾气弥漫", "dawn", "fog"),
        ("暴风雨中的海", "day", "storm"),
        ("After a long night the rain has stopped.", "day", "clear"),
        ("Her raincoat is snow-white.", "day", "clear"),
    ],
)
def test_time_and_weather_in_words(row: str, time: str, weather: str):
    """Where no column says it, the words do; a raincoat is no rain."""
    (shot, *_) = written(f"description\n{row}\n").shots
    assert (shot.time, shot.weather) == (time, weather)


@pytest.mark.parametrize(
    ("cell", "time"),
    [
        ("N", "night"),
        ("DAY", "day"),
        ("日", "day"),
        ("夜", "night"),
        ("黄昏", "dusk"),
        ("18:30", "dusk"),
        ("6 am", "dawn"),
        ("11pm", "night"),
        ("later", "day"),
    ],
)
def test_the_time_column(cell: str, time: str):
    """Words, letters, signs and clocks."""
    assert written(f"description,time\nA street.,{cell}\n").shots[0].time == time


def test_scene_headings_are_understood():
    """`INT. LAMP ROOM - NIGHT` says setting, place and time, in whatever column it stands."""
    for header in ("scene", "location", "title"):
        screenplay = written(
            f"{header},description\nINT. LAMP ROOM - NIGHT,Mara waits.\nEXT. CLIFF - DAWN,She leaves.\n"
        )
        assert [(p.name, p.setting) for p in screenplay.locations] == [("Lamp Room", "interior"), ("Cliff", "exterior")]
        assert [scene.time for scene in screenplay.scenes] == ["night", "dawn"]


def test_places_without_a_column():
    """Where somebody walks to is where the story goes on; what is only looked at is not."""
    screenplay = written(
        "description\nTom sits in the old library.\nTom looks at the sea.\nHe walks into the night market.\n"
    )
    assert [place.name for place in screenplay.locations] == ["Old library", "Night market"]
    chinese = written("镜号,画面\n1,雨夜的老街，霓虹灯亮着\n2,女孩走进面馆\n3,女孩抬头\n4,女孩跑过石桥\n")
    assert [place.name for place in chinese.locations] == ["老街", "面馆", "", "石桥"]
    assert len(chinese.scenes) == 3


# ---- cast


def test_an_honorific_makes_no_second_person():
    """`DON RAMIRO`, `Ramiro` and 林雪小姐, 林雪 are one each; Mr and Mrs Lin stay two."""
    one = written("shot,description,dialogue\n1,RAMIRO pours.,DON RAMIRO: Good.\n2,Ramiro sits.,RAMIRO: Well.\n")
    assert [person.name for person in one.characters] == ["Don Ramiro"]
    assert [line.speaker for shot in one.shots for line in shot.dialogue] == ["Don Ramiro", "Don Ramiro"]
    assert all(shot.characters == ("don-ramiro",) for shot in one.shots)
    chinese = written("镜号,画面,台词\n1,街上,林雪：走吧。\n2,街上,林雪小姐：好。\n")
    assert len(chinese.characters) == 1
    three = written("shot,description,dialogue\n1,A.,MR LIN: Good.\n2,B.,MRS LIN: Well.\n3,C.,LIN: Oh.\n")
    assert [person.name for person in three.characters] == ["Mr Lin", "Mrs Lin", "Lin"]


def test_a_name_is_no_weather():
    """林雪 is not snow, Dawn is not an hour; real snow beside her is."""
    head = "镜号,地点,画面,台词\n"
    assert written(f"{head}1,厨房,林雪走进厨房,林雪：我回来了。\n2,院子,雪儿跑了\n").shots[0].weather == "clear"
    assert written(f"{head}1,院子,林雪站在大雪里,林雪：好冷。\n").shots[0].weather == "snow"


def test_names_are_one_person_however_they_are_written():
    """Capitals, notes in brackets and voice-over make no second person."""
    screenplay = written(
        "description,characters,dialogue\n"
        "They meet.,MARA,MARA: Hello.\nShe waits.,Mara,Mara (O.S.): Still here.\nEnd.,,mara (V.O.): And there.\n"
    )
    assert [(c.slug, c.name) for c in screenplay.characters] == [("mara", "Mara")]
    assert {line.speaker for shot in screenplay.shots for line in shot.dialogue} == {"Mara"}
    assert screenplay.shots[-1].characters == ()


def test_names_that_recur_in_the_prose():
    """Capitalised names that come back are people; towns, months, sentence openings and weather are not."""
    screenplay = written(
        "description\n"
        "In March the wind came to Lisbon. Suddenly Nell saw Old Ivo.\n"
        "Rain fell. Suddenly Ivo laughed. Rain fell again in Lisbon in March.\n"
        "Then Nell and Ivo went home. The bell rang on Friday. The bell rang again on Friday.\n"
    )
    assert {character.name for character in screenplay.characters} == {"Nell", "Ivo"}


def test_nobody_and_narrators_are_not_cast():
    """Narrators, crowds and empty scenery have no face."""
    screenplay = written(
        "镜号,画面,人物,台词\n1,街道,空镜,旁白：夜深了。\n2,市场,众人,\n3,面馆,老周、小禾,老周（画外音）：坐吧。\n"
    )
    assert [character.name for character in screenplay.characters] == ["老周", "小禾"]
    assert screenplay.shots[0].narration == "夜深了。"


def test_slugs_stay_apart():
    """Two names with the same slug are two people, two places."""
    screenplay = written("description,characters,location\nOne.,A.B.,Dock 1\nTwo.,A-B,Dock-1\n")
    assert [character.slug for character in screenplay.characters] == ["a-b", "a-b-2"]
    assert [place.slug for place in screenplay.locations] == ["dock-1", "dock-1-2"]
    assert [shot.characters for shot in screenplay.shots if shot.characters] == [("a-b",), ("a-b-2",)]


def test_looks_keep_the_words_of_the_story():
    """What the story says of somebody is in the look: hair, coat, age, hat, glasses, beard."""
    screenplay = written(
        "description,characters\n"
        '"Mara, a young woman with long copper hair and a teal oilskin coat, meets old Tomas, who has a white beard.",'
        '"Mara, Tomas, Ada (40s, round glasses)"\n'
        "A boy named Pim laughs. He wears a mustard raincoat and a cap.,\n"
        "Pim runs to Pim's house.,Pim\n"
    )
    look = looks(screenplay)
    assert look["Mara"] == "young woman with long copper hair and a teal oilskin coat"
    assert look["Tomas"].startswith("old")
    assert "white beard" in look["Tomas"]
    assert "teal" not in look["Tomas"]
    assert "round glasses" in look["Ada"]
    assert look["Pim"].startswith("boy")
    assert "mustard raincoat, cap" in look["Pim"]


def test_chinese_looks_keep_the_words_of_the_story():
    """The same in Chinese, also where the name itself says that somebody is old."""
    look = looks(
        written(
            "镜号,画面,人物\n1,小禾，穿黄色雨衣、扎马尾的年轻女孩，跑过街口,小禾\n2,老周，戴眼镜、花白胡子的老人，系着藏蓝色围裙,老周\n"
        )
    )
    assert all(word in look["小禾"] for word in ("年轻女孩", "马尾", "黄色雨衣"))
    assert all(word in look["老周"] for word in ("老人", "花白胡子", "藏蓝色围裙", "眼镜"))


def test_what_is_not_told_stays_untold():
    """People without a description have neither look nor voice, and the screenplay is the same in every run."""
    names = ["Ada", "Bo", "Cy", "Dot", "Eli", "Fay", "Gus", "Hal", "Ines", "Jon"]
    table = "description,cast\n" + "".join(f"{name} waits.,{name}\n" for name in names)
    screenplay = written(table)
    assert {(person.look, person.voice) for person in screenplay.characters} == {("", "")}
    assert written(table) == screenplay


# ---- prompts


def test_prompts():
    """A row's own prompts are used; the others name size, place, people with their look, time, weather, action."""
    shots = written(
        "shot,shot_size,description,characters,location,time,prompt,video_prompt\n"
        "1,CU,Mara waits.,Mara (red coat),Harbour,night,my still,my clip\n2,WS,Mara rows in the rain.,Mara,Harbour,,,\n"
    ).shots
    assert (shots[0].image_prompt, shots[0].video_prompt) == ("my still", "my clip")
    prompt = shots[1].image_prompt.casefold()
    assert all(words in prompt for words in ("wide shot", "mara rows", "red coat", "harbour", "at night", "rain"))
    chinese = written("镜号,景别,运镜,画面,人物,场景,日夜\n1,特写,推,小禾抬头,小禾,面馆,夜\n").shots[0]
    assert all(words in chinese.image_prompt for words in ("特写", "小禾抬头", "面馆", "室内", "夜晚"))
    assert "推近" in chinese.video_prompt
