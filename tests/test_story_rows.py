"""What single rows of a table are: notes below it, rows under a heading row, cells that are as the one above."""

from __future__ import annotations

import pytest

from clash.local.screenwriter import write_screenplay
from clash.story.headings import heading_of
from clash.story.reader import Options, Reading, read
from clash.story.screenplay import Screenplay


def reading(text: str, *, name: str = "weir.csv") -> Reading:
    return read(text.encode(), name=name)


def scripted(text: str) -> Screenplay:
    return write_screenplay(reading(text).story)


def places(text: str) -> list[tuple[str, str, str]]:
    """Place, side and time of every shot."""
    screenplay = scripted(text)
    named = {place.slug: place for place in screenplay.locations}
    return [
        (named[shot.location].name, named[shot.location].setting, shot.time)
        for scene in screenplay.scenes
        for shot in scene.shots
    ]


ENGLISH = "#,Location,Action,VO,Notes\n,INT. MILL - DAWN,,,\n1,,A wheel turns.,It turns.,\n2,,Flour falls.,It falls.,\n"


@pytest.mark.parametrize(
    "row",
    [
        "Notes: all words to be recorded again; the mill is booked,,,,",
        "NB: the mill is booked,,,,",
        ",Remarks: the mill is booked,,,",
        "Note,the mill is booked on Friday,,,",
        "Uwagi: młyn jest zajęty,,,,",
        "Not: değirmen cuma günü dolu,,,,",
        "Catatan: kincir sudah dipesan,,,,",
        "Opmerkingen: de molen is geboekt,,,,",
        "Hinweis: die Mühle ist gebucht,,,,",
        "Примечание: мельница занята,,,,",
        "备注：磨坊周五可用,,,,",
        ",,Notes: the mill is booked on Friday,,",
        "Approved by the client on the second of May.,,,,",
    ],
)
def test_a_note_below_a_table_is_no_shot(row: str):
    """A row that holds a note alone is left out, and said to be."""
    found = reading(f"{ENGLISH}{row}\n")
    assert [beat.description for beat in found.story.beats] == ["A wheel turns.", "Flour falls."]
    assert "nothing to film in row 5: left out" in found.story.warnings


def test_a_note_that_somebody_reads_is_a_shot():
    """In the column of what is seen, above another shot, a note is something to see."""
    found = reading("#,Action,VO\n1,A kiln.,It is hot.\n,Note: come home,\n3,The kiln cools.,\n")
    assert [beat.description for beat in found.story.beats] == ["A kiln.", "Note: come home", "The kiln cools."]
    titled = reading("title,description\nNote,She finds it.\nKey,She turns it.\n")
    assert len(titled.story.beats) == 2


def test_the_heading_of_a_shot_wins_over_the_heading_row():
    """A shot's own heading brings side and time; the shots below are where it is, until the next heading."""
    table = (
        "#,Location,Action,VO\n"
        ",INT. MILL - DAWN,,\n"
        "1,,A wheel turns.,It turns.\n"
        "2,EXT. QUAY STREET - NIGHT,A cart waits.,It waits.\n"
        "3,,The cart leaves.,It leaves.\n"
        "4,INT. ATTIC - LATER,A bed.,It is made.\n"
        "5,INT. MILL - DAWN,The wheel stops.,It stops.\n"
        ",EXT. WEIR - DUSK,,\n"
        "6,,Water falls.,It falls.\n"
    )
    assert places(table) == [
        ("Mill", "interior", "dawn"),
        ("Quay Street", "exterior", "night"),
        ("Quay Street", "exterior", "night"),
        ("Attic", "interior", "night"),
        ("Mill", "interior", "dawn"),
        ("Weir", "exterior", "dusk"),
    ]


def test_a_place_under_a_heading_row_keeps_its_light():
    """A place without a heading of its own is seen in the light of the heading row."""
    rows = ("第一场 渡口 夜 外,,,", "1,,船靠岸。,船来了。", "2,码头,灯亮着。,灯亮了。", "3,,绳子松开。,走了。")
    table = "\n".join(("镜号,地点,画面,旁白", *rows))
    assert places(table) == [
        ("渡口", "exterior", "night"),
        ("码头", "exterior", "night"),
        ("码头", "exterior", "night"),
    ]


@pytest.mark.parametrize(
    ("header", "same"),
    [
        ("Nr ujęcia;Miejsce;Opis;Narrator", "jw."),
        ("Nr ujęcia;Miejsce;Opis;Narrator", "j.w."),
        ("Shot;Location;Action;VO", "Same"),
        ("Shot;Location;Action;VO", "as above"),
        ("Einstellung;Ort;Beschreibung;Erzähler", "s.o."),
        ("Einstellung;Ort;Beschreibung;Erzähler", "wie oben"),
        ("Plan;Lieu;Description;Narration", "idem"),
        ("Plano;Lugar;Descripción;Narración", "Ídem"),
        ("Inquadratura;Luogo;Descrizione;Narrazione", "c.s."),
        ("Plano;Local;Descrição;Narração", "o mesmo"),
        ("Shot;Locatie;Beschrijving;Verteller", "zie boven"),
        ("Çekim;Mekan;Açıklama;Anlatıcı", "aynı"),
        ("Shot;Lokasi;Deskripsi;Narasi", "sda"),
        ("Кадр;Место;Описание;Рассказчик", "там же"),
        ("镜号;地点;画面;旁白", "同上"),
        ("カット;場所;内容;ナレーション", "同じ"),
        ("컷;장소;내용;내레이션", "상동"),
    ],
)
def test_a_word_for_the_cell_above_is_no_place(header: str, same: str):
    """What says that the place is the one above names no place; spoken, it is words."""
    table = f"{header}\n1;Mill;A wheel turns.;It turns.\n2;{same};Flour falls.;{same}\n"
    found = reading(table)
    assert [beat.location for beat in found.story.beats] == ["Mill", "Mill"]
    # 同上 is a ditto mark, which stands for the cell above wherever it is.
    assert found.story.beats[1].narration == ("It turns." if same == "同上" else same)


def test_a_word_for_the_place_above_may_have_a_time_of_its_own():
    """`jw., ranek`: the place above, at another hour."""
    table = (
        "Nr ujęcia;Miejsce / pora;Opis;Lektor\n1;Młyn, noc;Koło się obraca.;Obraca się.\n2;jw., świt;Koło stoi.;Stoi.\n"
    )
    assert [(beat.location, beat.time) for beat in reading(table).story.beats] == [("Młyn", "night"), ("Młyn", "dawn")]


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (
            "Nr ujęcia;Miejsce;Opis;Lektor\n1;Młyn;Koło się obraca, łąka śpi.;Została już tylko źródlana woda.\n",
            "cp1250",
        ),
        (
            "Záběr;Místo;Popis;Komentář\n1;Mlýn;Kolo se točí, řeka spí.;Zůstala jen čistá voda, příště přijď dřív.\n",
            "cp1250",
        ),
        ("Çekim;Mekan;Açıklama;Anlatıcı\n1;Değirmen;Çark dönüyor, ışık sönük.;Şimdi yalnız su kaldı.\n", "cp1254"),
        ("Plan;Lieu;Description;Narration\n1;Forêt;Une roue tourne là-bas, près du pré.;Ça été gelé.\n", "cp1252"),
        ("Einstellung;Ort;Beschreibung;Erzähler\n1;Mühle;Das Rad dreht sich für dich.;Größe zählt.\n", "cp1252"),
        ("Plano;Local;Descrição;Narração\n1;Moinho;A roda não pára, lá em São João.;É água e pão.\n", "cp1252"),
    ],
)
def test_the_code_page_of_a_table_is_told_by_its_letters(text: str, encoding: str):
    """Excel saves a CSV in the code page of its country; the letters of the text tell which."""
    found = read(text.encode(encoding), name="weir.csv", options=Options(columns={text.split(";")[2]: "description"}))
    assert found.encoding == f"windows-{encoding[2:]}"
    assert found.story.beats[0].description == text.split("\n")[1].split(";")[2]


def test_a_label_of_a_legal_line_is_not_shown():
    """In a column of words on the screen a label says what they are."""
    found = reading("#,Action,VO,Super\n1,A kettle.,It boils.,LEGAL: Tested at 20 degrees.\n")
    assert found.story.beats[0].on_screen_text == "Tested at 20 degrees."


def test_an_announcer_is_nobody_in_the_picture():
    """Advertisements write the announcer short."""
    found = reading("#,Action,Dialogue\n1,A kettle boils.,ANNCR: Keeps it hot.\n")
    assert found.story.beats[0].narration == "Keeps it hot."
    assert not found.story.beats[0].dialogue


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("闪回：3-3 老房子门口 外", "老房子门口"),
        ("FLASHBACK: INT. HOUSE - NIGHT", "HOUSE"),
        ("Rückblende: Mühle, innen", "Mühle"),
    ],
)
def test_a_flashback_keeps_its_place(text: str, place: str):
    """A word before the heading that says when it plays is no part of the place."""
    assert heading_of(text).place == place
