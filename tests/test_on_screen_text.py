"""Words that the audience reads on the screen: found in tables, told to no writer and no model, changed for nothing."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from filming import SMALL, clash
from tables import story

from clash.editing.merge import merged, plan_merge
from clash.editing.rows import match_rows
from clash.editing.shot_changes import shot_changes
from clash.editing.shot_labels import labels_of
from clash.exports.fountain import fountain
from clash.exports.shot_list import shot_list
from clash.local.screenwriter import write_screenplay
from clash.production.clip_warnings import lettering_warnings
from clash.providers.ports import ScreenplayRequest
from clash.story.on_screen import taken_out
from clash.story.reader import Options, read
from clash.story.screenplay import Screenplay, Story
from clash.story.shown_words import with_on_screen_text, without_on_screen_text
from clash.story.translations import bare_shot
from clash.workflow.context import Finish, Format, StepContext
from clash.workflow.cuts import cut_digest
from clash.workflow.finalize import CUT_VERSION
from clash.workflow.generate_screenplay import screenplay_call
from clash.workflow.generate_shots import ShotTasks
from clash.workflow.prompts import slate
from clash.workflow.state import ProductionState

FILM = """镜号,景别,画面,台词,屏幕文字,时长
1,远景,雨夜的老街。,,三年后,3
2,近景,小禾抬头。,小禾：还开着吗？,,3
3,近景,老板点头。,老板：开着。,绝了！,3
"""


def shown(text: str, **options: str) -> list[str]:
    """The words on the screen of each row of a table."""
    return [beat.on_screen_text for beat in read(text.encode(), name="s.csv", options=Options(**options)).story.beats]  # type: ignore[arg-type]


def written(told: Story) -> Screenplay:
    """The screenplay of a story, as a run has it."""
    return with_on_screen_text(write_screenplay(without_on_screen_text(told)), told)


@pytest.mark.parametrize(
    "header",
    [
        *("On-Screen Text", "Text on screen", "SUPER", "Supers", "Title card", "Lower third", "Chyron", "super_text"),
        *("屏幕文字", "花字", "字幕", "螢幕文字", "画面文字", "テロップ", "スーパー", "자막", "화면 자막", "Rótulo"),
        *("Texto en pantalla", "Bauchbinde", "Einblendung", "Titre à l'écran", "Texte à l’écran", "Testo a schermo"),
        *("Надпись", "Титр", "Letreiro", "Tekst na ekranie", "Titelkaart", "Ekran yazısı", "Teks layar"),
        *("Chữ trên màn hình", "Caption", "on_screen_text"),
    ],
)
def test_a_column_of_words_on_the_screen(header: str) -> None:
    """It is known in every language, its words are not spoken and not in the picture, and no warning is needed."""
    told = story(f'Shot,Description,"{header}"\n1,Fog over the pier.,Oslo 1994\n2,A boat.,\n')
    assert [beat.on_screen_text for beat in told.beats] == ["Oslo 1994", ""]
    assert [(beat.description, beat.narration, beat.dialogue) for beat in told.beats] == [
        ("Fog over the pier.", "", ()),
        ("A boat.", "", ()),
    ]
    assert told.warnings == ()


@pytest.mark.parametrize(
    ("cell", "seen", "words"),
    [
        ("Fog. SUPER: Three years later", "Fog.", "Three years later"),
        ("SUPER: PARIS. 1941. A man walks.", "A man walks.", "PARIS. 1941."),
        (
            "A street.\nSUPER: In Norway. It is cold.\nA dog.",
            "A street.\nA dog.",
            "In Norway. It is cold.",
        ),
        ("[SUPER: Oslo 1994] A dog runs.", "A dog runs.", "Oslo 1994"),
        ('SUPER "THE END" over the sea', "over the sea", "THE END"),
        ("Mara speaks. Lower third: Dr. Mara Lind", "Mara speaks.", "Dr. Mara Lind"),
        ("Nebel. Einblendung: Drei Jahre später", "Nebel.", "Drei Jahre später"),
        ("雨夜的老街。字幕：三年后", "雨夜的老街。", "三年后"),
        ("畫面上出現字幕：三年後。小禾推門。", "小禾推門。", "三年後"),
        ("雨夜，屏幕上打出花字“绝了！”", "雨夜", "绝了！"),
        ("（字幕：三年后）雨夜的老街", "雨夜的老街", "三年后"),
        ("雨の街。テロップ「三年後」", "雨の街。", "三年後"),
        ("비 오는 거리. 자막: 3년 후", "비 오는 거리.", "3년 후"),
    ],
)
def test_words_behind_a_label_in_the_picture(cell: str, seen: str, words: str) -> None:
    """They go out of the description, where a picture model would draw them, and onto the screen."""
    told = story(f'Shot,Description\n1,"{cell.replace(chr(34), chr(34) * 2)}"\n')
    assert (told.beats[0].description, told.beats[0].on_screen_text) == (seen, words)


@pytest.mark.parametrize(
    "cell",
    [
        "无字幕：画面全黑",
        "A super: good day",
        "He reads the caption below: a storm",
        "CUT TO: a cat",
        "12:30 on a clock",
    ],
)
def test_what_only_looks_like_a_label_stays(cell: str) -> None:
    """A description without such words is read as ever."""
    assert taken_out(cell) == (cell, [])


def test_labels_among_spoken_words() -> None:
    """They are shown, but for what stands in the picture itself; that is kept, and said."""
    told = story('shot,video,audio\n1,A street,"VO: It rained.\nSUPER: Oslo\nSIGN: OPEN"\n')
    assert (told.beats[0].narration, told.beats[0].on_screen_text) == ("It rained.", "Oslo")
    assert told.beats[0].extra == {"caption": "Oslo\nOPEN"}
    assert [warning for warning in told.warnings if "kept, but not shown" in warning]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (
            ("渡口,,三年后", "抬头,小禾：还开着吗？,还开着吗", "点头,老板：开着。快进来吧,开着，快进来"),
            ["三年后", "", ""],
        ),
        (("渡口,阿岚：上船吧。,第一章 归来", "江面,老周：再等等。,第二章 雾"), ["第一章 归来", "第二章 雾"]),
        (("渡口,阿岚：上船吧。,Get in the boat", "江面,老周：再等等。,Wait a little"), ["", ""]),
        (("渡口,,天黑了，他一个人等着。", "江面,,那条船一直没有回来。"), ["", ""]),
    ],
)
def test_subtitles_are_not_shown_twice(rows: tuple[str, ...], expected: list[str]) -> None:
    """A column 字幕 holds what is spoken, or its translation, or words of its own; its cells tell which."""
    assert shown("画面,台词,字幕\n" + "\n".join(rows) + "\n") == expected


def test_a_person_says_what_a_column_is() -> None:
    """Then it is shown, whatever its cells say."""
    table = "画面,台词,字幕\n抬头,小禾：还开着吗？,还开着吗\n"
    assert shown(table, columns={"字幕": "on_screen_text"}) == ["还开着吗"]  # type: ignore[arg-type]


def test_graphics_are_shown_where_they_are_words() -> None:
    """What is to be drawn is no lettering."""
    table = "Shot,Description,GFX\n1,Fog.,{}\n2,A boat.,{}\n"
    assert shown(table.format("Lower third: Dr. Lind", '"""THE END"""')) == ["Dr. Lind", "THE END"]
    assert shown(table.format("animated map", "logo spins in")) == ["", ""]


def test_a_row_of_nothing_else_is_a_black_screen() -> None:
    """Without a picture of its own it goes with the numbered shot above, or is a card."""
    assert shown("镜号,画面,台词,屏幕文字\n1,渡口。,,三年后\n,,,雾中\n2,,,剧终\n") == ["三年后\n雾中", "剧终"]
    told = story("镜号,画面,台词,屏幕文字\n1,渡口。,,三年后\n2,,,剧终\n")
    assert told.beats[1].description == "黑屏。"


def test_letters_that_cannot_be_drawn_are_told_of() -> None:
    """The typeface has no Arabic and no Thai; nothing is left out in silence."""
    told = story("Shot,Description,Super\n1,Fog.,Oslo 三年后 Осло 오슬로\n2,A boat.,بعد ثلاث سنوات\n3,A dog.,ไทย\n")
    (warning,) = lettering_warnings(told)
    assert "row 3 and 1 more" in warning
    (again,) = lettering_warnings(written(told))
    assert "shot:002 and 1 more" in again
    assert lettering_warnings(story(FILM)) == ()


def test_no_writer_and_no_model_is_told_them() -> None:
    """The calls of a story with such words have the keys of one without the column."""
    with_words, plain = story(FILM), story(FILM.replace("三年后", "").replace("绝了！", ""))
    told = without_on_screen_text(with_words)
    assert "on_screen_text" not in told.model_dump_json()
    screenplay, without = written(with_words), written(plain)
    assert [shot.on_screen_text for shot in screenplay.shots] == ["三年后", "", "绝了！"]
    assert [bare_shot(shot) for shot in screenplay.shots] == list(without.shots)
    tasks = (list(ShotTasks(one, {}, {})) for one in (screenplay, without))
    assert len({json.dumps(task, sort_keys=True) for task in tasks}) == 1
    request = screenplay_call(ScreenplayRequest(story=told)).request
    assert isinstance(request, ScreenplayRequest)
    assert "on_screen_text" not in request.model_dump_json()


def test_a_story_without_such_words_is_written_as_before() -> None:
    """Neither its JSON nor its screenplay's has the field."""
    plain = story("Shot,Description\n1,Fog.\n")
    assert "on_screen_text" not in plain.model_dump_json() + written(plain).model_dump_json()


def test_a_change_of_them_is_of_their_shot_alone() -> None:
    """No row is written again, also where the words come, go, or stand in rows that moved."""
    old = story(FILM)
    rows = FILM.splitlines()
    moved = "\n".join([rows[0], rows[3], rows[1].replace("三年后", "五年后"), rows[2]]) + "\n"
    for table, expected in (
        (FILM.replace("三年后", "五年后"), ["五年后", "", "绝了！"]),
        (FILM.replace("三年后", ""), ["", "", "绝了！"]),
        (FILM.replace("还开着吗？,", "还开着吗？,雨一直下"), ["三年后", "雨一直下", "绝了！"]),
        (moved, ["绝了！", "五年后", ""]),
    ):
        before = written(old)
        plan = plan_merge(old, before, story(table))
        assert not plan.needs_writer
        after = merged(plan)
        assert [shot.on_screen_text for shot in after.shots] == expected
        changed = [pair for pair in shot_changes(before, after, plan) if pair.state in ("changed", "added", "removed")]
        assert [pair.fields for pair in changed] == [("on_screen_text",)]


def test_what_a_person_wrote_into_the_screenplay_stays() -> None:
    """A row that says the same as before leaves its shots alone."""
    old = story(FILM)
    document = written(old).model_dump(mode="json")
    document["scenes"][0]["shots"][0]["on_screen_text"] = "Three years later"
    before = Screenplay.model_validate(document)
    after = merged(plan_merge(old, before, story(FILM.replace("绝了！", "好吃！"))))
    assert [shot.on_screen_text for shot in after.shots] == ["Three years later", "", "好吃！"]


def test_a_story_of_an_older_release_keeps_its_rows() -> None:
    """It has the words in no field; the fork shows them, and nothing is written or made again."""
    new = story(FILM)
    old = without_on_screen_text(new)
    assert {match.state for match in match_rows(old, new)} == {"kept", "changed"}
    plan = plan_merge(old, written(old), new)
    assert not plan.needs_writer
    assert [shot.on_screen_text for shot in merged(plan).shots] == ["三年后", "", "绝了！"]


@pytest.mark.parametrize("unit", ["SUPER: ", "字幕：", "字幕“", "A: ", "[SUPER: x ", "super - ", "“", "a. SUPER: B. "])
def test_a_long_cell_is_read_in_a_moment(unit: str) -> None:
    """The time grows with the letters, not with their square."""
    took: list[float] = []
    for size in (4_000, 19_900):
        cell = (unit * size)[:size]
        times: list[float] = []
        for _ in range(3):
            started = time.process_time()
            taken_out(cell)
            times.append(time.process_time() - started)
        took.append(min(times))
    assert took[1] < 0.1 or took[1] < 15 * took[0], (unit, took)


def test_a_film_shows_them_and_leaves_them_out_for_nothing(tmp_path: Path) -> None:
    """They are on the film's picture, not in its clips, prompts or subtitles; a fork without them costs nothing."""
    (tmp_path / "s.csv").write_text(FILM, encoding="utf-8")
    ran = clash(tmp_path, "run", "s.csv", "--thread", "t", *SMALL, "--json").document
    assert ran["status"] == "completed"
    assert not [warning for warning in ran["warnings"] if "屏幕文字" in warning]
    assert "三年后" not in (tmp_path / "output/t/film.srt").read_text(encoding="utf-8")
    flags = ("fork", "t", "--thread", "plain", "--no-on-screen-text")
    plan = clash(tmp_path, *flags, "--dry-run", "--json").document
    assert (plan["calls"]["to_make"], plan["price"]["total_usd"], plan["shots"]["kept"]) == (0, "0.000000", 3)
    plain = clash(tmp_path, *flags, "--json").document
    (tmp_path / "w.csv").write_text(FILM.replace("三年后", "").replace("绝了！", ""), encoding="utf-8")
    bare = clash(tmp_path, "fork", "t", "--thread", "bare", "--story", "w.csv", "--dry-run", "--json").document
    assert (bare["calls"]["to_make"], bare["shots"]["changed"]) == (0, ["shot:001", "shot:003"])
    clash(tmp_path, "fork", "t", "--thread", "bare", "--story", "w.csv", "--json")
    films = [(tmp_path / f"output/{name}/film.mp4").read_bytes() for name in ("t", "plain", "bare")]
    assert plain["status"] == "completed"
    assert films[0] != films[1]
    assert films[1] == films[2]


FOUNTAIN = """INT. LAMP ROOM - NIGHT

SUPER: THREE YEARS LATER

Old Tomas sits by the cold lamp.

TOMAS
You came back.

EXT. SEA - DAY

A boat.

SUPER: OSLO
1994

SUPER:
THE END
"""


def test_supers_of_a_screenplay_in_fountain() -> None:
    """One that begins a scene is shown over the action below, any other over the action above."""
    told = story(FOUNTAIN, name="s.fountain")
    assert [(beat.description, beat.on_screen_text) for beat in told.beats] == [
        ("Old Tomas sits by the cold lamp.", "THREE YEARS LATER"),
        ("A boat.", "OSLO\n1994\nTHE END"),
    ]


def test_what_is_exported_is_read_again() -> None:
    """Fountain and the shot list have them; a film without them has no such column."""
    screenplay = written(story(FILM.replace("三年后", '"三年后\n渡口"')))
    listed = shot_list(screenplay)
    assert not [told for told in listed.warnings if "on_screen_text" in told]
    assert [beat.on_screen_text for beat in story(listed.text).beats] == ["三年后\n渡口", "", "绝了！"]
    assert [beat.on_screen_text for beat in story(fountain(screenplay), name="s.fountain").beats] == [
        *("三年后\n渡口", "", "绝了！")
    ]
    plain = written(story(FILM.replace("三年后", "").replace("绝了！", "")))
    assert "屏幕文字" not in shot_list(plain).text
    assert "SUPER" not in fountain(plain)


LABELLED = """shot,description,super,duration
3A,A boat on the sea.,Oslo,1
Sc 4 Sh 2,A pier.,,1
3,A lamp.,,1
"""


def test_labels_stand_beside_the_numbers_of_shots() -> None:
    """Slate and screenplay name the shot as the crew does; a label that is the number is not said twice."""
    told = story(LABELLED)
    screenplay = written(told)
    labels = labels_of(told, screenplay)
    assert [labels.beside(number) for number in (1, 2, 3)] == [" (3A)", " (Sc 4 Sh 2)", ""]
    assert slate("1", screenplay.shots[0], labels.beside(1)).split("   ")[1] == "SHOT 001 (3A)"
    assert "[[shot:002 (Sc 4 Sh 2): " in fountain(screenplay, labels)
    assert "[[shot:003: " in fountain(screenplay, labels)


def test_a_film_and_its_exports_show_the_labels(tmp_path: Path) -> None:
    """The slate has them, and so have EDL and markers; without a slate the film is the same."""
    (tmp_path / "s.csv").write_text(LABELLED, encoding="utf-8")
    (tmp_path / "n.csv").write_text(LABELLED.replace("3A", "1").replace("Sc 4 Sh 2", "2"), encoding="utf-8")
    clash(tmp_path, "run", "s.csv", "--thread", "t", *SMALL, "--json")
    clash(tmp_path, "fork", "t", "--thread", "plain", "--story", "n.csv", "--json")
    for source in ("t", "plain"):
        clash(tmp_path, "fork", source, "--thread", f"{source}-slate", "--slate", "--json")
    films = [(tmp_path / f"output/{name}/film.mp4").read_bytes() for name in ("t", "plain", "t-slate", "plain-slate")]
    assert films[0] == films[1]
    assert len({films[0], films[2], films[3]}) == 3
    clash(tmp_path, "export", "t", "--format", "edl", "--format", "otio", "--json")
    edl = (tmp_path / "output/t/export/t.edl").read_text(encoding="utf-8")
    assert "CYAN    SH001 (3A) A boat on the sea. super: Oslo" in edl
    assert "CYAN    SH003 A lamp." in edl
    assert "FROM CLIP NAME: SH001_T1.mp4" in edl
    assert '"SH001 (3A)"' in (tmp_path / "output/t/export/t.otio").read_text(encoding="utf-8")


def test_a_film_cut_before_there_was_the_choice_is_found() -> None:
    """Its digest is what it was: the choice counts only for a film that leaves the words out."""
    finish = asdict(Finish())
    del finish["on_screen_text"]
    material = {"version": CUT_VERSION, "screenplay": "s", "shots": [], "finish": finish, "format": [640, 360, 24]}
    before = hashlib.sha256(json.dumps(material, sort_keys=True).encode()).hexdigest()
    screenplay = written(story(FILM)).model_copy(update={"scenes": ()})
    state = cast("ProductionState", {"screenplay": "s", "shots": {}})
    context = cast("StepContext", SimpleNamespace(finish=Finish(), format=Format(640, 360, 24)))
    without = cast("StepContext", SimpleNamespace(finish=Finish(on_screen_text=False), format=Format(640, 360, 24)))
    assert cut_digest(screenplay, state, context) == before
    assert cut_digest(screenplay, state, without) != before
