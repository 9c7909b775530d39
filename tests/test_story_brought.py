"""Tables as people bring them: what their tools export, and how teams in several countries fill them in."""

from __future__ import annotations

import pytest

from clash.errors import StoryError
from clash.local.screenwriter import write_screenplay
from clash.story.reader import Reading, read


def reading(text: str, *, name: str = "brought.csv") -> Reading:
    return read(text.encode(), name=name)


def fields(found: Reading) -> dict[str, tuple[str, ...]]:
    return {column.header: column.fields for column in found.columns}


def test_groups_of_columns_over_as_many_columns():
    found = reading(
        "《灯塔》分镜头脚本,,,,,,\n镜号,画面,,声音,,,备注\n,景别,内容,台词,音乐,音效,\n"
        "1,远景,老人坐在灯旁。,,钢琴,海浪,\n2,特写,老人的手。,老人：又是一夜。,,,\n"
    )

    assert [(beat.shot_size, beat.description, beat.music) for beat in found.story.beats] == [
        ("远景", "老人坐在灯旁。", "钢琴"),
        ("特写", "老人的手。", ""),
    ]


def test_words_of_an_editors_table_are_told_over_pictures():
    found = reading("序号,文案,画面素材\n1,灯都会亮起。,灯塔远景\n2,她回来了。,女孩跑向门口\n")

    assert (found.story.beats[0].narration, found.story.beats[0].description) == ("灯都会亮起。", "灯塔远景")


@pytest.mark.parametrize("scenes", [("Opening", "Opening"), ("Opening", "Ending")])
def test_the_name_of_a_scene_is_no_place_beside_a_place(scenes: tuple[str, str]):
    found = reading(f"Scene Name,Location,Description\n{scenes[0]},Cliff,Fog.\n{scenes[1]},Harbour,A boat comes.\n")

    assert [beat.location for beat in found.story.beats] == ["Cliff", "Harbour"]


def test_an_estimated_running_time_is_a_length():
    assert fields(reading("SHOT,DESCRIPTION,ERT\n1,Fog.,00:04\n"))["ERT"] == ("duration",)


def test_words_of_the_camera_that_are_not_known_are_said():
    found = reading("Shot,Description,Camera Movement\n1,Fog.,wobbleflop\n2,Rain.,Travelling\n3,Sun.,\n")

    said = [warning for warning in found.story.warnings if "wobbleflop" in warning]
    assert len(said) == 1
    assert "row 2" in said[0]
    assert "Travelling" not in said[0]


def test_a_script_that_is_read_as_the_picture_is_said():
    found = reading("Shot,Shot Type,Script\n1,WS,Every night the light came on.\n2,CU,Then she came home.\n")

    assert any("--column 'Script=narration'" in warning for warning in found.story.warnings)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("title: Mill\nshots:\n  - shot: 1\n    description: Fog\n", "mill.txt"),
        ("shot: 1\n", "mill.yaml"),
    ],
)
def test_yaml_is_called_so(text: str, name: str):
    with pytest.raises(StoryError) as caught:
        reading(text, name=name)

    assert "YAML" in caught.value.message
    assert "JSON" in str(caught.value.hint)


def test_a_screenplay_keeps_its_title_and_its_transitions():
    found = reading(
        "Title:\n    _**Le Phare**_\nAuthor: A\n\nFADE IN:\n\nINT. PHARE - NUIT\n\nLa lampe.\n\n> FONDU AU NOIR.\n\n"
        "EXT. PHARE - AUBE\n\nLa mer.\n",
        name="phare.fountain",
    )

    assert found.story.title == "Le Phare"
    assert [beat.transition for beat in found.story.beats] == ["FADE IN: / FONDU AU NOIR.", ""]


@pytest.mark.parametrize(("transition", "at"), [("dissolve", 1), ("fade in", 0)])
def test_a_beat_of_several_shots_leads_on_from_its_last(transition: str, at: int):
    table = f'description,dialogue,transition\nTom waits.,"TOM: Hello.",{transition}\n'

    shots = write_screenplay(reading(table).story).scenes[0].shots

    assert [shot.transition for shot in shots] == [transition if n == at else "" for n in range(len(shots))]
    assert len(shots) == 2


@pytest.mark.parametrize(
    ("heading", "place"),
    [
        ("INT. HOUSE - LATER", "House"),
        ("EXT. HOUSE - CONTINUOUS", "House"),
        ("INT. HOUSE - SAME - NIGHT", "House Same"),
        ("INT. LATER", "Later"),
    ],
)
def test_what_stands_for_a_time_is_no_part_of_the_place(heading: str, place: str):
    found = write_screenplay(reading(f"Shot,Scene Heading,Description\n1,{heading},x\n").story)

    assert [location.name for location in found.locations] == [place]


@pytest.mark.parametrize(
    ("cell", "place", "seen"),
    [
        ("EXT. FOREST - DAWN - A fox runs", "EXT. FOREST", "A fox runs"),
        ("INT. HUT - CONTINUOUS. A hunter sleeps", "INT. HUT", "A hunter sleeps"),
    ],
)
def test_a_heading_ends_at_a_dash_and_at_what_stands_for_a_time(cell: str, place: str, seen: str):
    (beat,) = reading(f"Shot,Description\n1,{cell}\n").story.beats

    assert (f"{beat.int_ext.upper()}. {beat.location}", beat.description) == (place, seen)


@pytest.mark.parametrize(
    "header", ["Что слышим", "What we hear", "Was man hört", "Ce qu'on entend", "Lo que se oye", "Cosa si sente"]
)
def test_what_is_heard_is_a_column_of_words(header: str):
    (beat,) = reading(f"#,Description,{header}\n1,A platform in snow.,TOM: You?\n").story.beats

    assert [(line.speaker, line.text) for line in beat.dialogue] == [("TOM", "You?")]


def test_day_and_night_in_one_vietnamese_header():
    assert fields(reading("STT,Nội dung,Ngày/Đêm\n1,Mưa rơi.,Đêm\n"))["Ngày/Đêm"] == ("time",)


def test_a_header_over_two_columns_of_sizes_and_pictures():
    found = reading(
        "<table><tr><th>Shot</th><th colspan=2>Picture</th><th>Sec</th></tr>"
        "<tr><td>1</td><td>WS</td><td>A lake</td><td>3</td></tr>"
        "<tr><td>2</td><td>CU</td><td>A frog</td><td>2</td></tr></table>",
        name="page.html",
    )

    assert [(beat.shot_size, beat.description) for beat in found.story.beats] == [("WS", "A lake"), ("CU", "A frog")]


def test_a_japanese_narrator_before_a_quotation():
    (beat,) = reading("カット,画面,セリフ/ナレーション\n1,駅。,N「あの日、彼女は帰ってきた」\n").story.beats

    assert (beat.narration, beat.dialogue) == ("あの日、彼女は帰ってきた", ())


@pytest.mark.parametrize(("cell", "sound"), [("（门铃声）", "门铃声"), ("（足音）", ""), ("（小声）", "")])
def test_a_sound_alone_in_brackets_is_heard(cell: str, sound: str):
    (beat,) = reading(f"镜号,画面,对白\n1,店员打瞌睡,{cell}\n").story.beats

    assert (beat.sound, beat.dialogue) == (sound, ())
