"""Tables of the trade, with the columns and the habits of public templates in nine languages."""

from __future__ import annotations

import pytest

from clash.local.screenwriter import write_screenplay
from clash.story.camera_terms import angle_of, leading_size, movement_of, size_of
from clash.story.language import language_of
from clash.story.reader import Reading, read
from clash.story.screenplay import Screenplay, Shot


def reading(text: str, *, name: str = "s.csv") -> Reading:
    """How a table is understood."""
    return read(text.encode(), name=name)


def written(text: str, *, name: str = "s.csv") -> Screenplay:
    """The screenplay that the local writer makes of a table."""
    return write_screenplay(reading(text, name=name).story)


def words(shot: Shot) -> list[tuple[str, str]]:
    """Who says what in a shot; the narrator is nobody."""
    told = [("", shot.narration)] if shot.narration else []
    return [*told, *((line.speaker, line.text) for line in shot.dialogue)]


AMERICAN = """NIGHT BUS - SHOT LIST,,,,,,
Director: J. Okoro,,,Shoot day 2 of 3,,,
SCENE #,SHOT #,INT/EXT,LOCATION,SIZE,EQUIPMENT,DESCRIPTION
1,1A,EXT,Bus stop,WS,Sticks,Rain on an empty bench.
1,1B,EXT,,MCU,Dolly,Captain Bo shakes his umbrella.
2,2A,INT,Bus,ECU,Sticks,A torn ticket.
"""
CHINESE = """《灯会》分镜头脚本,,,,,,,
镜号,景别,技巧,画面内容,对白/解说,音乐,音响,时间(秒)
1,大远景,航拍,河面起雾，船靠岸,解说：灯会开始了。,古筝,锣声,6
2,中景,推,阿岚提着箱子走下船,,〃,脚步声,4
3,特写,固定,灯亮了,阿岚（轻声）：真美。,,,3
,,,,,,合计,13
"""
SPANISH = """Escaleta,Plano,Ángulo,Descripción,Óptica,Audio,Tiempo
1. INT. TALLER - NOCHE,Plano general,Neutral,Ana lija una silla.,50 mm,Lija sobre madera,6
,Primer plano,Picado,Sus manos.,50 mm,ANA: Casi está.,4
2. EXT. CALLE - DÍA,Plano medio,Contrapicado,Ana carga la silla.,35 mm,Voz en off: Nadie la esperaba.,5
"""
FRENCH = """Séquence;Plan;Image;Mouvement;Type de plan;Son
4 - EXT. QUAI / NUIT;1;On voit Paul de dos.;/;Plan large;Son ambiant
;2;Paul se retourne.;Travelling G/D;Plan poitrine, contre-plongée;PAUL : Qui est là ?
"""
GERMAN = (
    "Nr\tOrt\tBild\tTon\tKamera\tAnmerkung\n"
    "1\tBäckerei\tMia knetet Teig.\tRadio\tGroßaufnahme, Untersicht\t\n"
    '2\t"\tDer Ofen glüht.\tMIA: Gleich ist es so weit.\tHalbnah, Schwenk nach rechts\t\n'
    "3\tHof\tEine Katze wartet.\tVögel\tHalbtotale, leichte Vogelperspektive\tStativ\n"
)
JAPANESE = """カット,画面,内容,セリフ・ナレーション,効果音,秒数,カメラワーク
C-1,,夜明けの工房。,N：職人の朝は早い。,鳥の声,4,俯瞰・FIX
C-2,,健太が木を削る。,健太「よし」,,3,MS → CU
"""
KOREAN = """씬,컷,장소,화면 설명,카메라,대사/내레이션,시간
S#1,1,부엌 안,창밖에 눈이 내린다.,FS / 고정,,3초
,2,,지민이 불을 켠다.,B.S,지민: 춥다.,4초
S#2,1,골목,수아가 걷는다.,W.S / Pan,(NA) 겨울이 왔다.,5초
"""
RUSSIAN = """№ кадра;Объект;План;Съемка;Содержание кадра;Реплики;Метраж
1;ИНТ. КУХНЯ. НОЧЬ;Общий;Статика;Анна стоит у окна.;;5 сек
2;--//--;Крупный;Наезд;Анна мнет письмо.;АННА: Он не приедет.;4 сек
3;НАТ. ВОКЗАЛ. УТРО;Дальний;Панорама;Поезд уходит.;;6 сек
"""
ADVERT = """# Night Bread: 20 second spot

Client: Halden Bakery

| TIME | VIDEO | AUDIO |
|------|-------|-------|
| 0:00-0:05 | **WIDE** – Sunrise over grey roofs | MUSIC: guitar. VO: Every oven is waiting. |
| 0:05-0:12 | MS – A woman lifts a tray | VO: Petra is first. |
| 0:12-0:20 | CU – Steam | SFX: hiss. PETRA: There it is! |
"""
PORTUGUESE = """<p>Roteiro aprovado em maio</p><table>
<tr><th>Cena</th><th>Plano</th><th>Enquadramento</th><th>Ação</th><th>Fala</th></tr>
<tr><td rowspan="2">1 - EXT. FEIRA - DIA</td><td>1A</td><td>PG</td><td>A feira acorda; barracas.</td><td></td></tr>
<tr><td>1B</td><td>PP</td><td>Dona Rosa arruma as mangas.</td><td>ROSA: Bom dia!</td></tr></table><p>Fim.</p>
"""


def test_an_american_shot_list_keeps_its_numbers():
    """The first line above the header is the title; 1A is the row's own number."""
    shown = reading(AMERICAN)
    assert shown.story.title == "NIGHT BUS"
    assert [beat.shot for beat in shown.story.beats] == ["1A", "1B", "2A"]
    assert any("'NIGHT BUS'" in warning for warning in shown.story.warnings)
    screenplay = written(AMERICAN)
    assert [(p.name, p.setting) for p in screenplay.locations] == [("Bus stop", "exterior"), ("Bus", "interior")]
    assert [shot.size for shot in screenplay.shots] == ["wide", "medium_close_up", "extreme_close_up"]


def test_a_chinese_shooting_script():
    """The title stands in 《》, 〃 is the music above, 合计 is no shot, 技巧 is the move, 船 the place."""
    screenplay = written(CHINESE)
    assert screenplay.title == "灯会"
    assert [shot.music for shot in screenplay.shots] == ["古筝", "古筝", ""]
    assert [shot.movement for shot in screenplay.shots[1:]] == ["push_in", "static"]
    assert [words(shot) for shot in screenplay.shots] == [[("", "灯会开始了。")], [], [("阿岚", "真美。")]]
    assert [place.name for place in screenplay.locations][1] == "船"
    assert [shot.duration_s for shot in screenplay.shots] == [6, 4, 3]


def test_a_spanish_technical_script():
    """The column of the outline holds scene headings; a row below goes on in the same scene."""
    screenplay = written(SPANISH)
    assert [(scene.number, scene.time, len(scene.shots)) for scene in screenplay.scenes] == [
        ("1", "night", 2),
        ("2", "day", 1),
    ]
    assert [place.name for place in screenplay.locations] == ["Taller", "Calle"]
    assert [words(shot) for shot in screenplay.shots] == [[], [("Ana", "Casi está.")], [("", "Nadie la esperaba.")]]
    assert [shot.angle for shot in screenplay.shots] == ["eye_level", "high", "low"]


def test_a_french_decoupage():
    """A size and an angle in one cell, a move from left to right, a scene heading with a stroke."""
    screenplay = written(FRENCH)
    first, second = screenplay.shots
    assert (first.size, first.time) == ("wide", "night")
    assert (second.size, second.angle, second.movement) == ("medium_close_up", "low", "pan_right")
    assert words(second) == [("Paul", "Qui est là ?")]


def test_a_german_script_with_ditto_marks():
    """A quote alone is the cell above, in a table parted by tabs; the camera column holds sizes, angles and moves."""
    screenplay = written(GERMAN, name="s.tsv")
    assert [shot.location for shot in screenplay.shots[:2]] == ["bäckerei", "bäckerei"]
    assert [shot.size for shot in screenplay.shots] == ["close_up", "medium", "full"]
    assert [shot.angle for shot in screenplay.shots] == ["low", "eye_level", "overhead"]
    assert screenplay.shots[1].movement == "pan_right"
    assert words(screenplay.shots[1]) == [("Mia", "Gleich ist es so weit.")]


def test_a_japanese_storyboard():
    """N is the narrator, the empty column of pictures is not joined, the first size of a change counts."""
    screenplay = written(JAPANESE)
    assert [words(shot) for shot in screenplay.shots] == [[("", "職人の朝は早い。")], [("健太", "よし")]]
    assert [shot.time for shot in screenplay.shots] == ["dawn", "dawn"]
    assert screenplay.shots[1].size == "medium"
    assert not any("all mean" in warning for warning in reading(JAPANESE).story.warnings)


def test_a_korean_storyboard():
    """`(NA)` is the narrator; the camera's column holds sizes."""
    screenplay = written(KOREAN)
    assert [shot.size for shot in screenplay.shots] == ["full", "medium_close_up", "wide"]
    assert words(screenplay.shots[2]) == [("", "겨울이 왔다.")]
    assert [scene.number for scene in screenplay.scenes] == ["S#1", "S#2"]


def test_a_russian_shooting_script():
    """`--//--` is the place above, and the length stands under the footage."""
    screenplay = written(RUSSIAN)
    assert [shot.location for shot in screenplay.shots] == ["кухня", "кухня", "вокзал"]
    assert [shot.duration_s for shot in screenplay.shots] == [5, 4, 6]
    assert [shot.movement for shot in screenplay.shots[:2]] == ["static", "push_in"]


def test_an_advert_names_sizes_in_its_pictures():
    """A size before a dash is the size, and is not spoken or drawn; the heading above is the title."""
    screenplay = written(ADVERT, name="s.md")
    assert screenplay.title == "Night Bread: 20 second spot"
    assert [shot.size for shot in screenplay.shots] == ["wide", "medium", "close_up"]
    assert screenplay.shots[1].action == "A woman lifts a tray"
    assert words(screenplay.shots[2]) == [("Petra", "There it is!")]


def test_a_beat_sheet_of_questions():
    """What happens, who, where and when: the beat's name is its title, and is not told."""
    table = "Beat,What happens,Who,Where,When\nOpening,Lena locks the shop and counts.,Lena,Bakery,Night\n"
    (beat,) = reading(table + "Turn,A stranger knocks on the glass.,,,\n").story.beats[:1]
    assert (beat.title, beat.description, beat.location, beat.time) == (
        "Opening",
        "Lena locks the shop and counts.",
        "Bakery",
        "Night",
    )


def test_text_around_an_html_table_is_told():
    """What stands around a copied table is left out with a warning; the header's language breaks a tie."""
    shown = reading(PORTUGUESE, name="s.html")
    assert any("2 lines of text, first 'Roteiro aprovado em maio'" in warning for warning in shown.story.warnings)
    assert shown.story.language == "pt"
    assert [beat.shot for beat in shown.story.beats] == ["1A", "1B"]


@pytest.mark.parametrize(
    ("above", "title"),
    [
        ("Shot List", "S"),
        ("Project: Blue Door,,Date: 3 May", "Blue Door"),
        ("片名：,《蓝门》,导演：小周", "蓝门"),
        ("Camera,,Sound", "S"),
        ("GUIÓN TÉCNICO: El faro", "El faro"),
        ("絵コンテ 青い扉", "青い扉"),
        ("2026-05-03", "S"),
    ],
)
def test_a_title_above_the_header(above: str, title: str):
    """A pair that names it, or a line alone without the words for the kind of table; dates and groups are none."""
    assert reading(f"{above}\nShot,Size,Description\n1,WS,Fog.\n").story.title == title


def test_cells_name_several_camera_terms():
    """Each of size, angle and move is found in a cell of several; the first of two counts."""
    assert (size_of("MS / low angle"), angle_of("MS / low angle")) == ("medium", "low")
    assert size_of("WS -> CU") == "wide"
    assert movement_of("travelling d/g") == "pan_left"
    assert leading_size("Wide shot: a bay") == ("Wide shot", "a bay")
    assert leading_size("Ana: a baker") == ("", "Ana: a baker")


def test_headers_decide_a_language_that_words_leave_open():
    """Words that two languages share are of the header's; a language that the words show is not overruled."""
    assert language_of(["A feira acorda"], otherwise="pt") == "pt"
    assert language_of(["The market wakes and the street is wet"], otherwise="pt") == "en"
    assert language_of(["Fog."], otherwise="zh") == "en"
