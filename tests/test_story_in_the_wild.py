"""What tables of people hold that try the reader: screenplays in cells, two languages of one script, terse headers."""

from __future__ import annotations

import json

import pytest

from clash.errors import StoryError
from clash.local.place_words import kind_of_place
from clash.story.durations import seconds_of
from clash.story.headers import meaning_of
from clash.story.reader import Reading, read
from clash.story.screenplay import Location
from clash.story.speech import speech_of


def reading(text: str, *, name: str = "reef.csv") -> Reading:
    """How a table is understood."""
    return read(text.encode(), name=name)


def lines(text: str) -> list[tuple[str, str, dict[str, str]]]:
    """Who says what in a table, with its translations."""
    beats = reading(text).story.beats
    return [(line.speaker, line.text, dict(line.translations)) for beat in beats for line in beat.dialogue]


@pytest.mark.parametrize(
    ("header", "fields"),
    [
        ("Cam", ("movement",)),
        ("Camera Mvmt", ("movement",)),
        ("Clip Length", ("duration",)),
        ("Start TC", ("start",)),
        ("End TC", ("end",)),
        ("desc", ("description",)),
        ("INT/EXT & D/N", ("int_ext", "time")),
        ("Super / Text", ("on_screen_text",)),
        ("Prompt (video)", ("video_prompt",)),
        ("Cum. Time", ("production",)),
        ("累计时长", ("production",)),
        ("卡号", ("shot",)),
        ("Mouvement caméra", ("movement",)),
        ("Skizze", ("reference_image",)),
    ],
)
def test_short_headers_of_the_trade_are_known(header: str, fields: tuple[str, ...]):
    """Headers that people abbreviate mean what they mean written out."""
    assert meaning_of(header).fields == fields


def test_start_and_end_codes_are_lengths():
    """Codes of a film's clock in two columns give each shot its own length, not its end."""
    story = reading(
        "Shot #,Start TC,End TC,Picture\n1A,00:00:00:00,00:00:04:12,Waves\n1B,00:00:04:12,00:00:07:00,A whale\n"
    ).story
    assert [beat.duration_s for beat in story.beats] == [4.5, 2.5]


def test_a_column_that_counts_rows_numbers_no_shots():
    """Beside the shots' own numbers a column # is not used, and that is said."""
    found = reading("#,Shot #,Picture\n1,12A,Waves\n2,12B,A whale\n")
    assert [beat.shot for beat in found.story.beats] == ["12A", "12B"]
    assert any("'#'" in warning for warning in found.story.warnings)


@pytest.mark.parametrize(("text", "seconds"), [(":06", 6), ("“3 secs”", 3), ('"2.5s"', 2.5)])
def test_lengths_without_minutes_and_in_quotes(text: str, seconds: float):
    """`:06` is six seconds, and quotes around a length make no difference."""
    assert seconds_of(text) == seconds


@pytest.mark.parametrize(
    ("cell", "speaker", "said"),
    [
        ("“OMAR: Flour’s gone up again.” [tired]", "OMAR", "Flour’s gone up again."),
        ("«PAULE : Encore ?»", "PAULE", "Encore ?"),
        ("V.O. JUNO: Some days you walk out.", "JUNO (V.O.)", "Some days you walk out."),
        ("OS 苏晴：不能回头。", "苏晴（OS）", "不能回头。"),
        ("MARA (V.O.)\nNot once.", "MARA (V.O.)", "Not once."),
        ("MARA\nNot once.", "MARA", "Not once."),
    ],
)
def test_names_in_quotes_behind_marks_and_above_words(cell: str, speaker: str, said: str):
    """A name is found inside the quotes of its line, behind V.O., and alone in capitals above the words."""
    assert [(line.speaker, line.text) for line in speech_of(cell).lines] == [(speaker, said)]


def test_a_narrators_title_in_capitals_is_no_name():
    """What a narrator tells is told as it stands, with a line in capitals above it."""
    assert all(not line.speaker for line in speech_of("CHAPTER ONE\nIt was late.", unnamed="narrator").lines)


SCRIPTED = """beat,script
1,"INT. GARAGE - NIGHT
Two brothers stare at a car.
SAM
You sold it?
DEAN
(quietly)
I had to."
2,Sam throws the keys.
"""


def test_a_screenplay_in_cells_is_taken_apart():
    """Heading, action and speeches of one cell are place, picture and dialogue; numbers of beats are no picture."""
    found = reading(SCRIPTED)
    first, second = found.story.beats
    assert (first.location, first.int_ext, first.time) == ("GARAGE", "INT", "NIGHT")
    assert first.description == "Two brothers stare at a car."
    assert [(line.speaker, line.text, line.direction) for line in first.dialogue] == [
        ("SAM", "You sold it?", ""),
        ("DEAN", "I had to.", "quietly"),
    ]
    assert (second.description, second.dialogue) == ("Sam throws the keys.", ())
    assert any("'beat'" in warning for warning in found.story.warnings)


@pytest.mark.parametrize(
    ("cell", "seen", "said"),
    [
        ('"Mara sits.\nMARA: Hello?\nTOMAS: Hi."', "Mara sits.", [("MARA", "Hello?"), ("TOMAS", "Hi.")]),
        (
            '"小满坐在灯下。\n小满：有人吗？\n老周：我在。"',
            "小满坐在灯下。",
            [("小满", "有人吗？"), ("老周", "我在。")],
        ),
    ],
)
def test_words_in_a_column_of_pictures_are_spoken(cell: str, seen: str, said: list[tuple[str, str]]):
    """Where no column holds words, lines that begin with a name are dialogue, not told with their names."""
    (beat,) = reading(f"description\n{cell}\n").story.beats
    assert beat.description == seen
    assert [(line.speaker, line.text) for line in beat.dialogue] == said


@pytest.mark.parametrize(
    "cell", ["Close on: the lamp.", '"A pier.\nNote: keep it dark."', "PARIS: rain on the roofs.", '"BANG\nBOOM"']
)
def test_a_colon_in_a_picture_is_no_speech(cell: str):
    """Camera terms, notes and places before a colon speak nothing."""
    (beat,) = reading(f"description\n{cell}\n").story.beats
    assert not beat.dialogue


@pytest.mark.parametrize(
    "cells",
    [
        ('"ANA: ¿Tiene usted naranjas de las que le pedí?\nANA: Do you have the oranges that I asked for?"',),
        ('"ANA: ¿Tiene usted naranjas de las que le pedí? / Do you have the oranges that I asked for?"',),
        ('"ANA: Do you have the oranges that I asked for?\n¿Tiene usted naranjas de las que le pedí?"',),
    ],
)
def test_two_languages_of_one_script_in_a_cell(cells: tuple[str, ...]):
    """What is said twice by one person in two languages is spoken in the film's; the other is its translation."""
    table = "Shot,Visual,Dialogue\n1,A market in the morning with the fruit of the town.," + "".join(cells)
    assert lines(table) == [
        ("ANA", "Do you have the oranges that I asked for?", {"es": "¿Tiene usted naranjas de las que le pedí?"})
    ]


def test_halves_of_a_cell_in_two_languages():
    """All lines in one language, then all in the other, are paired by their places."""
    english = "MARA: Where have you been all this time?\nTOM: I was here."
    cell = f"{english}\nMARA: ¿Dónde has estado todo este tiempo?\nTOM: Estaba aquí."
    assert [
        translations for _, _, translations in lines(f'Shot,Visual,Dialogue\n1,The dock in the fog.,"{cell}"\n')
    ] == [
        {"es": "¿Dónde has estado todo este tiempo?"},
        {"es": "Estaba aquí."},
    ]


def test_one_language_said_twice_stays():
    """Two lines of one person in one language are both spoken, and a stroke in a line stays."""
    cell = "MARA: Where have you been?\nMARA: And what did you do? / Or not do?"
    assert [(text, t) for _, text, t in lines(f'Shot,Visual,Dialogue\n1,The dock in the fog.,"{cell}"\n')] == [
        ("Where have you been?", {}),
        ("And what did you do? / Or not do?", {}),
    ]


def test_pictures_in_two_scripts_are_in_the_first():
    """Where pictures and words stand in two scripts, the first is the film's, and a renamed speaker is one person."""
    row = '1,"一座废弃的游乐园。\nAn abandoned park.","阿杰：有人吗？\nAjie: Anyone there?"'
    table = f"镜号 Shot,画面 Visual,台词 Dialogue\n{row}\n"
    assert reading(table).story.language == "zh"
    assert lines(table) == [("阿杰", "有人吗？", {"en": "Anyone there?"})]


def test_sound_and_music_on_two_sides_of_a_stroke():
    """In a column of both, each cell with one stroke holds the sound and the music."""
    first, second = reading("Shot,Visual,SFX / Music\n1,A lobby,hum / -\n2,A street,wind / theme\n").story.beats
    assert (first.sound, first.music, second.sound, second.music) == ("hum", "", "wind", "theme")


def test_headings_and_the_project_of_a_json_document():
    """Scenes named by headings give the places, `desc` is the picture, and `project` the title."""
    document = {
        "project": "Nero",
        "scenes": [{"scene": "INT. CAFÉ - DAY", "shots": [{"id": "1A", "desc": "Leo wipes."}]}],
    }
    story = reading(json.dumps(document), name="nero.json").story
    assert story.title == "Nero"
    assert [(beat.scene, beat.description) for beat in story.beats] == [("INT. CAFÉ - DAY", "Leo wipes.")]


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        ("O mecânico João abre o capô de um carro na oficina.", "shop"),
        ("Lucía mira la pantalla de la oficina.", "office"),
    ],
)
def test_a_word_of_two_languages_is_read_in_that_of_the_text(told: str, kind: str):
    """`oficina` is a workshop in Portuguese and another room in Spanish."""
    assert kind_of_place(Location(slug="oficina", name="Oficina", description=told)) == kind


@pytest.mark.parametrize(
    ("cell", "place", "time", "seen"),
    [
        ('"EXT. ROOFTOP - NIGHT\nKai watches drones."', "ROOFTOP", "NIGHT", "Kai watches drones."),
        ("EXT. ORCHARD - DAWN. Rows of apple trees.", "ORCHARD", "DAWN", "Rows of apple trees."),
        ('"INT. STAIRWELL - CONTINUOUS\nHe runs."', "STAIRWELL", "", "He runs."),
        ("Int. harbour lights - a slow pan.", "", "", "Int. harbour lights - a slow pan."),
    ],
)
def test_a_heading_before_what_is_seen_is_the_place(cell: str, place: str, time: str, seen: str):
    """A picture that begins with a scene heading plays there; what follows the heading is seen."""
    (beat,) = reading(f"shot,visual\n1,{cell}\n").story.beats
    assert (beat.location, beat.time, beat.description) == (place, time, seen)


def test_a_table_without_a_header_is_refused():
    """A first shot is not taken for the names of columns, so that it is not lost."""
    with pytest.raises(StoryError, match="row 1: there is no header; this row holds a shot: '镜头1'") as refused:
        reading("镜头1,远景,雪山日出，云海翻涌。,5s\n镜头2,近景,老韩喘气。,3s\n")
    assert "names the columns" in str(refused.value.hint)


def test_the_headers_tell_the_language_of_a_short_film():
    """Of words in two tagged columns, those in the language of the headers are spoken."""
    table = "Cena;Plano;Ação;Fala (PT);Fala (EN)\n1;1;Praia vazia ao entardecer.;O mar não esquece.;The sea knows.\n"
    assert lines(table) == [("", "O mar não esquece.", {"en": "The sea knows."})]


def test_a_name_with_a_mark_and_no_colon():
    """`ADA (V.O.)` before words speaks them."""
    assert [(line.speaker, line.text) for line in speech_of("ADA (V.O.) I came back.").lines] == [
        ("ADA (V.O.)", "I came back.")
    ]
