"""Tables as people bring them: every kind that the rule of docs/story-csv.md names, with tables of our own."""

from __future__ import annotations

import pytest
from tables import written

from clash.errors import StoryError, UsageError
from clash.story.headers import meaning_of
from clash.story.reader import Options, Reading, read, stories_in
from clash.story.screenplay import Line

pytest.importorskip("python_calamine")


def reading(text: str | bytes, *, name: str = "kiln.csv", **options: object) -> Reading:
    """How a table is understood."""
    content = text.encode() if isinstance(text, str) else text
    return read(content, name=name, options=Options(**options))  # type: ignore[arg-type]


def lines(text: str, **options: object) -> list[tuple[str, str]]:
    """Who says what in a table, the narrator as "*"."""
    said: list[tuple[str, str]] = []
    for beat in reading(text, **options).story.beats:
        said += [("*", told) for told in beat.narration.splitlines()]
        said += [("*" if line.narrator else line.speaker, line.text) for line in beat.dialogue]
    return said


# ---- headers


@pytest.mark.parametrize(
    ("header", "fields"),
    [
        ("Our spoken lines", ("dialogue",)),
        ("V.O. copy", ("narration",)),
        ("旁白 / Dialogue", ("narration", "dialogue")),
        ("剧情画面", ("description",)),
        ("Close framing", ("shot_size",)),
        ("拍摄机位", ("angle",)),
        ("runway_prompt", ("video_prompt",)),
        ("负面提示词", ("production",)),
        ("Estimated runtime", ("duration",)),
        ("**Sfx & Bgm**", ("sound", "music")),
        ("3) Mood", ("emotion",)),
        ("場次", ("scene",)),
        ("カット番号", ("shot",)),
        ("Duración estimada", ("duration",)),
        ("Bruitages", ("sound",)),
        ("Kamerabewegung", ("movement",)),
        ("Закадровый текст", ("narration",)),
        ("대사", ("dialogue",)),
        ("Trilha sonora", ("music",)),
        ("Lighting crew", ("production",)),
        ("Zeppelin", ()),
        ("", ()),
    ],
)
def test_headers_are_known_by_their_words(header: str, fields: tuple[str, ...]):
    """The word that counts is found whatever stands around it, in any language that has a file of words."""
    assert meaning_of(header).fields == fields


@pytest.mark.parametrize(("header", "unit"), [("时长（帧）", "frames"), ("length_ms", "ms"), ("Dauer (Sek)", "s")])
def test_a_unit_in_the_header_counts(header: str, unit: str):
    """It is that of the column's bare numbers."""
    assert meaning_of(header).unit == unit


# ---- values decide


@pytest.mark.parametrize(
    ("table", "field", "header"),
    [
        ("镜号,场景,画面\n1,3,窑火\n2,4,陶轮\n", "scene", "场景"),
        ("镜号,场景,画面\n1,窑房,窑火\n2,院子,陶轮\n", "location", "场景"),
        ("镜号,场景,地点,画面\n1,序,窑房,窑火\n2,序,院子,陶轮\n", "scene", "场景"),
        ("镜号,场景,地点,画面\n1,窑房,景德镇,窑火\n2,院子,景德镇,陶轮\n", "location", "场景"),
        ("Shot,Description\nWS,The kiln\nCU,Her hands\n", "shot_size", "Shot"),
        ("#,Time,Description\n1,0:00-0:05,The kiln\n2,0:05-0:07,Her hands\n", "duration", "Time"),
        ("#,Time,Description\n1,dusk,The kiln\n2,night,Her hands\n", "time", "Time"),
        ("#,Description,Audio\n1,The kiln,SFX: fire\n2,Hands,wind\n", "sound", "Audio"),
        (
            "#,Size,Remarkable thing\n1,WS,The kiln glows in the dark yard.\n2,CU,Her hands turn a bowl.\n",
            "description",
            "Remarkable thing",
        ),
        ("#,Visual,Picture\n1,The kiln glows.,kiln.png\n", "reference_image", "Picture"),
        ("Beat,Content\nOpening,The kiln glows. Ana waits.\nTurn,A bowl breaks. She laughs.\n", "title", "Beat"),
    ],
)
def test_values_decide_where_a_header_is_ambiguous(table: str, field: str, header: str):
    """The same header means another field over other values."""
    (use,) = (use for use in reading(table).columns if use.header == header)
    assert use.fields == (field,)


def test_words_in_a_column_of_sound_are_spoken_and_said_so():
    """Named lines in a column called sound are words; its labels are sound and music."""
    table = '#,Picture,Sound\n1,The kiln,"ANA: It is hot.\nSFX: fire\nBGM: cello"\n2,Hands,NARRATOR: She waited.\n'
    assert lines(table) == [("ANA", "It is hot."), ("*", "She waited.")]
    read_as = reading(table).story
    assert (read_as.beats[0].sound, read_as.beats[0].music) == ("fire", "cello")
    assert any("Sound" in warning for warning in read_as.warnings)


@pytest.mark.parametrize(
    "table",
    [
        "#,Action,Character,Line\n1,She turns,Ana,Look.\n2,He nods,Ben,I see.\n",
        "#,Action,Voice,Dialogue\n1,She turns,Ana,Look.\n2,He nods,Ben,I see.\n",
        "#,Action,Who,Line\n1,She turns,Ana,Look.\n2,He nods,Ben,I see.\n",
    ],
)
def test_one_name_beside_words_without_a_name_speaks(table: str):
    """Whatever the column of names is called."""
    assert lines(table) == [("Ana", "Look."), ("Ben", "I see.")]


def test_the_other_language_is_kept_and_not_spoken():
    """Of one column in two languages that of the film counts; `language` chooses it."""
    table = "#,画面,台词（中文）,台词（英文）\n1,陶轮,安娜：看。,ANA: Look.\n"
    assert lines(table) == [("安娜", "看。")]
    english = reading(table, language="en")
    assert english.story.language == "en"
    assert lines(table, language="en") == [("ANA", "Look.")]
    assert english.story.beats[0].dialogue[0].translations == {"zh": "看。"}


# ---- lengths of a whole column


@pytest.mark.parametrize(
    ("column", "seconds"),
    [
        (["Dur", "2-4s", "2-4s", "3-5s"], [3, 3, 4]),
        (["Dur", "0-4s", "4-6s", "6-9s"], [4, 2, 3]),
        (["Dur", "1500", "2500", "4000"], [1.5, 2.5, 4]),
        (["Frames (时长)", "48", "24", "96"], [2, 1, 4]),
        (["Start", "0:00", "0:04", "0:10"], [4, 6, None]),
        (["End", "4", "6", "9"], [4, 2, 3]),
        (["Dur", "4", "later", "—"], [4, None, None]),
    ],
)
def test_a_column_of_lengths_is_read_as_a_whole(column: list[str], seconds: list[float | None]):
    """Ranges that follow each other are a clock, others estimates; large round numbers are milliseconds."""
    table = f"#,Description,{column[0]}\n" + "".join(
        f"{n},The kiln glows,{cell}\n" for n, cell in enumerate(column[1:])
    )
    assert [beat.duration_s for beat in reading(table).story.beats] == seconds


# ---- rows


def test_rows_that_are_no_shots():
    """Titles, groups, repeated headers, types, totals and comments are no shots; headings set place and time."""
    read_as = reading(
        "The Kiln - shot list,,,\nCamera,,Picture,\nShot,Size,Description,Dialogue\nNumber,Select,Text,Text\n"
        "Scene 4: Kiln yard - NIGHT,,,\n1,WS,Fire,\n// retake this,,,\nShot,Size,Description,Dialogue\n"
        "INT. WORKSHOP - DAY,,,\n2,CU,Hands,ANA: Look.\nTotal,,,7\n"
    ).story
    assert [(b.shot, b.scene, b.location, b.time) for b in read_as.beats] == [
        ("1", "4", "Kiln yard", "NIGHT"),
        ("2", "4", "WORKSHOP", "DAY"),
    ]


def test_episodes_are_asked_about_and_chosen():
    """A table of several episodes is chosen from as one of several stories is."""
    table = "Episode,Shot,Description\n1,1,Fire\n,2,Hands\n2,1,Rain\n"
    with pytest.raises(StoryError, match="holds 2 episodes"):
        reading(table)
    assert [beat.description for beat in reading(table, choice="1").story.beats] == ["Fire", "Hands"]
    assert stories_in(table.encode(), name="kiln.csv") == ("1", "2")


# ---- nobody is surprised


def test_a_column_by_hand():
    """`columns` reads a column as a field whatever its header means; what does not exist is named."""
    table = "#,Picture,Zeppelin\n1,The kiln,It burned all night.\n"
    assert reading(table).unheard[0].header == "Zeppelin"
    assert lines(table, columns={"Zeppelin": "narration"}) == [("*", "It burned all night.")]
    with pytest.raises(UsageError, match="no column 'Airship'"):
        reading(table, columns={"Airship": "narration"})
    with pytest.raises(UsageError, match="no field 'voice'"):
        reading(table, columns={"Zeppelin": "voice"})


def test_production_columns_are_not_taken_for_lost_words():
    """Prose about equipment does not stop a silent film."""
    assert reading("#,Picture,Crew\n1,The kiln,Bring the long lens please.\n").unheard == ()


# ---- forms


ROWS = [
    ["Shot", "Size", "Description", "Dialogue", "Duration"],
    ["1", "WS", "Kiln in fog", "", "3"],
    ["2", "CU", "Her hands", "ANA: Look.", "4"],
]


@pytest.mark.parametrize("form", [",", ";", "\t", "|", "markdown", "html", "json", "jsonl"])
def test_every_form_of_a_table_is_read_alike(form: str):
    """The same rows give the same beats, whatever form they come in."""
    name = {"json": "kiln.json", "jsonl": "kiln.jsonl", "markdown": "kiln.md"}.get(form, "kiln.csv")
    story = reading(written(ROWS, form), name=name).story
    assert [(b.shot, b.shot_size, b.description, b.duration_s) for b in story.beats] == [
        ("1", "WS", "Kiln in fog", 3.0),
        ("2", "CU", "Her hands", 4.0),
    ]
    assert story.beats[1].dialogue == (Line(speaker="ANA", text="Look."),)


def test_a_screenplay_in_fountain():
    """Scenes, action, cues, parentheticals and dialogue become beats."""
    story = reading(
        "Title: Kiln\n\nEXT. KILN YARD - NIGHT\n\nFire.\n\nANA (V.O.)\n(softly)\nLook.\n\nCUT TO:\n\n"
        "INT. SHED - DAY\n\nRain.\n",
        name="kiln.fountain",
    ).story
    assert [(b.location, b.description) for b in story.beats] == [
        ("EXT. KILN YARD - NIGHT", "Fire."),
        ("INT. SHED - DAY", "Rain."),
    ]
    assert story.beats[0].dialogue == (Line(speaker="ANA (V.O.)", text="Look.", direction="softly"),)


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (b"1\n00:00:00,000 --> 00:00:02,000\nLook.\n", "kiln.srt", "subtitle"),
        (b"<?xml version='1.0'?><FinalDraft></FinalDraft>", "kiln.fdx", "Final Draft"),
        (b"It burned all night. Nobody slept.\n\nIn the morning the bowls were whole.\n", "kiln.txt", "prose"),
        (b'{"shots": [1, 2]}', "kiln.json", "JSON"),
        (b"{\\rtf1 hello}", "kiln.rtf", "RTF"),
    ],
)
def test_what_is_no_table_is_named_for_what_it_is(content: bytes, name: str, words: str):
    """The message says what the file is, and what to do."""
    with pytest.raises(StoryError) as caught:
        reading(content, name=name)
    assert words in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("big5", "鏡號,畫面,對白\n1,陶窯在霧裡發光,安娜：看。\n2,她的手,安娜：好了。\n"),
        ("cp932", "カット,画面内容,セリフ\n1,霧の中の窯が光る,アナ：見て。\n2,彼女の手,アナ：できた。\n"),
        ("cp949", "컷,화면,대사\n1,안개 속의 가마가 빛난다,아나: 봐.\n2,그녀의 손,아나: 됐어.\n"),
        ("cp1251", "Кадр,Описание,Реплика\n1,Печь светится в тумане,АННА: Смотри.\n2,Её руки,АННА: Готово.\n"),
        ("cp1252", "Plano,Descripción,Diálogo\n1,El horno está encendido,ANA: ¡Mira!\n2,Sus manos,ANA: Está listo.\n"),
        ("utf-16-le", "Shot,Description,Dialogue\n1,The kiln glows,ANA: Look.\n"),
    ],
)
def test_encodings_are_told_by_evidence(encoding: str, text: str):
    """The text comes out as it was written; a guess is said."""
    read_as = reading(text.encode(encoding))
    assert [beat.description for beat in read_as.story.beats] == [b.description for b in reading(text).story.beats]
    assert bool(read_as.story.warnings) == (encoding != "utf-16-le")


def test_a_row_of_another_encoding_is_named():
    """One row pasted from elsewhere is an error of that row."""
    rows = "镜号,画面\n1,陶窑\n2,双手\n3,炉火\n".encode() + "4,雨夜\n".encode("gb18030")
    with pytest.raises(StoryError) as caught:
        reading(rows)
    assert caught.value.row == 5


def test_a_row_of_words_for_types_is_a_row_unless_it_names_all():
    """`title` is a type in exports of databases; a shot that shows a title twice, and has no length, is a shot."""
    read = reading("description,notes,duration\nTitle,Title,\nRain,wind,2\n")
    assert [beat.description for beat in read.story.beats] == ["Title", "Rain"]
    read = reading("description,notes,duration\ntitle,text,number\nRain,wind,2\n")
    assert [beat.description for beat in read.story.beats] == ["Rain"]
