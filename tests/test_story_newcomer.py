"""What a newcomer's first tables hold: speakers in one line, totals, habits of languages, warnings."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from clash.story.columns import MAPPABLE
from clash.story.durations import seconds_of
from clash.story.headers import meaning_of
from clash.story.headings import heading_of
from clash.story.reader import Options, Reading, read
from clash.story.speech import speech_of


def reading(text: str, *, name: str = "kiln.csv", options: Options | None = None) -> Reading:
    """How a table is understood."""
    return read(text.encode(), name=name, options=options)


def said(text: str) -> list[tuple[str, str]]:
    """Who says what in one cell of dialogue."""
    return [(line.speaker, line.text) for line in speech_of(text).lines]


def test_warnings_reach_standard_error_in_a_pipe(tmp_path: Path):
    """A pipe gets the tables on standard output, and the warnings on standard error; JSON holds them itself."""
    (tmp_path / "kiln.csv").write_text("description,Zeppelin\nA kiln glows.,grey\n", encoding="utf-8")
    command = [sys.executable, "-m", "clash", "story", "show", "kiln.csv"]
    piped = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, encoding="utf-8", check=True)
    assert "warning: column 'Zeppelin' is not used" in piped.stderr
    assert "warning" not in piped.stdout
    command.append("--json")
    as_json = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, encoding="utf-8", check=True)
    assert "Zeppelin" in json.loads(as_json.stdout)["warnings"][0]
    assert "Zeppelin" not in as_json.stderr


@pytest.mark.parametrize("total", ["共计：15秒", "TOTAL: 45s", "合计 15秒", "Total = 0:45", "總計：15 秒"])
def test_a_total_with_its_amount_is_no_shot(total: str):
    """A row that sums up the rows above is left out, the sum standing in the same cell or not."""
    story = reading(f"shot,description,duration\n1,A kiln glows.,3\n{total},,\n").story
    assert [beat.description for beat in story.beats] == ["A kiln glows."]


def test_a_shot_that_begins_like_a_total_stays():
    """Words behind a word for a total are no sum."""
    story = reading("description,duration\nTotal darkness 7,3\nTotal eclipse,4\n").story
    assert len(story.beats) == 2


@pytest.mark.parametrize("text", ["第一招：先稳住。", "第二步：加水。", "1.：先稳住。", "Step 1: Breathe."])
def test_an_ordinal_before_a_colon_is_no_speaker(text: str):
    """Steps and numbers belong to what is said."""
    assert said(text) == [("", text)]


def test_a_manuscript_of_narration_is_narration():
    """What stands behind the known word, such as 稿, is passed over."""
    assert meaning_of("旁白稿").fields == ("narration",)
    assert meaning_of("台词稿").fields == ("dialogue",)


def test_lengths_in_traditional_chinese_and_in_frames():
    """`約 5 秒` is a length as `约3秒` is; `2+12` is two seconds and twelve frames."""
    assert seconds_of("約 5 秒") == seconds_of("约5秒") == 5
    assert seconds_of("2+12") == 2.5
    assert seconds_of("1+06", fps=30) == 1.2


def test_a_numbered_heading_gives_its_place_alone():
    """A scene number with a hyphen goes wholly off the place."""
    found = heading_of("1-1 医院走廊 日 内")
    assert (found.number, found.place, found.int_ext, found.time) == ("1-1", "医院走廊", "内", "日")


def test_a_japanese_scene_of_places_is_the_place():
    """シーン fills the place where it names places, and the scene where it counts."""
    named = reading("シーン,内容\n台所,湯が沸く。\n屋上,風が吹く。\n").story
    assert [beat.location for beat in named.beats] == ["台所", "屋上"]
    counted = reading("シーン,内容\n1,湯が沸く。\nシーン2,風が吹く。\n").story
    assert [(beat.scene, beat.location) for beat in counted.beats] == [("1", ""), ("シーン2", "")]


def test_a_column_can_be_read_as_the_speaker():
    """`--column` takes every field that the documentation names, the speaker among them."""
    options = Options(columns={"X": "speaker"})
    story = reading("X,description,dialogue\nInes,A kiln.,Look.\n", options=options).story
    assert "speaker" in MAPPABLE
    assert [(line.speaker, line.text) for line in story.beats[0].dialogue] == [("Ines", "Look.")]


@pytest.mark.parametrize(
    ("cell", "lines"),
    [
        ("Ben: You okay? Nina: It's just my knee.", [("Ben", "You okay?"), ("Nina", "It's just my knee.")]),
        ("VOSS: Sie sind spät. FREMDER (off): Sie auch.", [("VOSS", "Sie sind spät."), ("FREMDER (off)", "Sie auch.")]),
        ("佐藤「終電はもう出たよ」ハル「知ってます」", [("佐藤", "終電はもう出たよ"), ("ハル", "知ってます")]),
        ("Aiko: Please, sit. / Stranger: I can't stay.", [("Aiko", "Please, sit."), ("Stranger", "I can't stay.")]),
        ("Tom: Sit / Old Man: No", [("Tom", "Sit"), ("Old Man", "No")]),
        ("阿岚：坐。/ 陌生人：不坐。", [("阿岚", "坐。"), ("陌生人", "不坐。")]),
    ],
)
def test_a_second_speaker_in_a_line_has_their_words(cell: str, lines: list[tuple[str, str]]):
    """A new name behind the end of a sentence, a stroke or a quotation begins the words of somebody else."""
    assert said(cell) == lines


@pytest.mark.parametrize(
    "cell",
    ["Ben: Listen. Promise: never again.", "VOSS: Hören Sie. Ehrlichkeit: Die gibt es nicht.", "Ben: At 12:30. Fine."],
)
def test_what_only_looks_like_a_second_speaker_is_said(cell: str):
    """Words that go on in small letters, or written unlike the first name, belong to the first speaker."""
    assert len(said(cell)) == 1


def test_a_quotation_in_a_sentence_is_no_speaker():
    """A sentence that quotes somebody stays whole."""
    assert said("彼は「はい」彼女は「いいえ」") == [("", "彼は「はい」彼女は「いいえ」")]


def test_a_name_in_the_column_of_characters_is_known():
    """A stranger behind a stroke is known where the row's characters name them."""
    text = 'characters,description,dialogue\nAiko / Stranger,A room.,"Aiko: Please, sit. / Stranger: I can\'t stay."\n'
    (beat,) = reading(text).story.beats
    assert [(line.speaker, line.text) for line in beat.dialogue] == [
        ("Aiko", "Please, sit."),
        ("Stranger", "I can't stay."),
    ]


@pytest.mark.parametrize(
    ("cell", "line"),
    [
        ("PAUL (off) — Je savais qu'il viendrait.", ("PAUL (off)", "Je savais qu'il viendrait.")),
        ("DONA ROSA - Traz ele de volta.", ("DONA ROSA", "Traz ele de volta.")),
        ("ANNA – Warte: er kommt.", ("ANNA", "Warte: er kommt.")),
        ("NO - I stay.", ("", "NO - I stay.")),
        ("Wait - he knows.", ("", "Wait - he knows.")),
        ("KITCHEN - NIGHT", ("", "KITCHEN - NIGHT")),
    ],
)
def test_a_name_in_capitals_before_a_dash_speaks(cell: str, line: tuple[str, str]):
    """A dash behind a name in capitals is a colon; behind anything else it is a part of the words."""
    assert said(cell) == [line]


def test_a_column_of_voice_over_marks_is_nobody():
    """V.O. and O.S. in a column of their own say how the row's character is heard."""
    text = "Character,VO/OS,Action,Line\nMARA,V.O.,A road.,I left.\nIVO,,A door.,Stay.\nMARA,O.S.,A hall.,No.\n"
    story = reading(text).story
    lines = [(line.speaker, line.text) for beat in story.beats for line in beat.dialogue]
    assert lines == [("MARA (V.O.)", "I left."), ("IVO", "Stay."), ("MARA (O.S.)", "No.")]
    assert [beat.characters for beat in story.beats] == [("MARA",), ("IVO",), ("MARA",)]


def test_a_column_of_place_and_time_fills_both():
    """`場景／時間` holds the place and the time of day."""
    (beat,) = reading("鏡號,場景／時間,畫面\n1,廚房／夜,水滾了。\n").story.beats
    assert (beat.location, beat.time) == ("廚房", "夜")


def test_json_names_the_film_and_what_is_not_used():
    """A title beside the rows is the film's; anything else there is named in a warning."""
    document = {
        "title": "The Kiln",
        "characters": [{"name": "Mara", "description": "red coat"}],
        "shots": [{"description": "A kiln glows."}],
    }
    story = reading(json.dumps(document), name="story.json").story
    assert story.title == "The Kiln"
    assert any("characters" in warning and "Mara" in warning for warning in story.warnings)
    assert reading(json.dumps({"shots": document["shots"]}), name="story.json").story.warnings == ()


def test_headings_between_markdown_tables_set_the_scene():
    """The rows of each table play where the heading above it says."""
    table = "| Shot | Action | Length |\n|---|---|---|\n| {} | A car waits. | 3 |\n"
    text = f"# My film\n\n## Scene 1: Garage\n\n{table.format(1)}\n**Scene 2: The Ramp**\n\n{table.format(2)}"
    beats = reading(text, name="film.md").story.beats
    assert [(beat.scene, beat.location) for beat in beats] == [("1", "Garage"), ("2", "The Ramp")]


def test_a_chinese_name_stands_before_a_dash_too():
    """With a note of how it is heard in brackets, a dash parts a name from its words; a dash in a sentence does not."""
    assert said("保罗（画外）— 我早就知道。") == [("保罗（画外）", "我早就知道。")]
    assert said("林雪（低声）——别走。") == [("林雪", "别走。")]
    assert [speaker for speaker, _ in said("那一天（周日）——我记得。")] == [""]


@pytest.mark.parametrize(
    ("written", "place", "time"),
    [
        ("Harbour at night", "Harbour", "night"),
        ("The kitchen in the morning", "The kitchen", "morning"),
        ("La playa al amanecer", "La playa", "dawn"),
        ("Le port la nuit", "Le port", "night"),
        ("Night market", "Night market", ""),
        ("The house on the hill", "The house on the hill", ""),
        ("In the night", "In", "night"),
    ],
)
def test_words_before_a_time_belong_to_no_place(written: str, place: str, time: str) -> None:
    """A time of day is said with a preposition or an article, which is no part of the name of the place."""
    heading = heading_of(f"INT. {written}") if time else heading_of(written)
    assert (heading.place, heading.time) == (place, time)


@pytest.mark.parametrize("header", ["景", "Rubrik", "Column 3"])
def test_a_column_of_scene_headings_is_known_by_its_cells(header: str) -> None:
    """A header that nobody knows, above headings with a place and a time: a warning says that it says where."""
    rows = "外景 山路 日,阿梅走在山路上。\n内景 茶馆 夜,阿梅喝茶。\n" if header == "景" else ""
    rows = rows or "INT. BAR - NIGHT,Mara waits.\nEXT. PIER - DAY,Tom runs.\n"
    story = read(f"{header},{'画面' if header == '景' else 'Picture'}\n{rows}".encode(), name="s.csv").story
    places = ("山路", "茶馆") if header == "景" else ("BAR", "PIER")
    assert [place in beat.location for place, beat in zip(places, story.beats, strict=True)] == [True, True]
    assert any("it says where" in warning for warning in story.warnings)


@pytest.mark.parametrize(
    ("headers", "row"),
    [
        ("Wo,Wer,Was,Wann", "Hafen,Mara,Mara wartet.,Nacht"),
        ("Dónde,Quién,Qué,Cuándo", "Puerto,Mara,Mara espera.,noche"),
        ("Où,Qui,Quoi,Quand", "Le port,Mara,Mara attend.,nuit"),
        ("Dove,Chi,Cosa,Quando", "Porto,Mara,Mara aspetta.,notte"),
        ("Onde,Quem,O que acontece,Quando", "Porto,Mara,Mara espera.,noite"),
        ("Где,Кто,Что,Когда", "Порт,Мара,Мара ждёт.,ночь"),
        ("どこ,誰,何,いつ", "港,マラ,マラは待つ。,夜"),
        ("어디,누가,무엇,언제", "항구,마라,마라가 기다린다.,밤"),
        ("哪里,谁,什么,何时", "码头,阿岚,阿岚在等船。,夜"),
    ],
)
def test_a_header_may_be_a_question_word(headers: str, row: str) -> None:
    """Where, who, what and when are places, people, actions and times, in each language."""
    [beat] = read(f"{headers}\n{row}\n".encode(), name="s.csv").story.beats
    place, who, what, time = row.split(",")
    assert (beat.location, beat.characters, beat.description) == (place, (who,), what)
    assert beat.time in ("night", time)
