"""A story in two languages: one is spoken, the other is kept with its lines and becomes subtitles."""

from __future__ import annotations

import json
from pathlib import Path

import av
import pytest
from filming import SMALL, clash

from clash.assets import published_path
from clash.editing.merge import merged, plan_merge
from clash.editing.rows import match_rows
from clash.editing.screenplay_file import read_screenplay
from clash.errors import StoryError
from clash.local.screenwriter import write_screenplay
from clash.story.reader import Options, Reading, read
from clash.story.screenplay import Line, Screenplay, Story
from clash.story.translations import (
    bare_shot,
    languages_beside,
    shared_out,
    with_translations,
    without_translations,
    words_of,
)
from clash.workflow.generate_shots import ShotTasks

Said = list[tuple[str, str, dict[str, str]]]


def reading(text: str, **options: str) -> Reading:
    """How a table is understood."""
    return read(text.encode(), name="s.csv", options=Options(**options))  # type: ignore[arg-type]


def written(story: Story) -> Screenplay:
    """The screenplay of a story, as a run has it."""
    return with_translations(write_screenplay(without_translations(story)), story)


def said(text: str, **options: str) -> Said:
    """All words of the film of a table in their order, each with its translations."""
    shots = written(reading(text, **options).story).shots
    return [(line.speaker, line.text, line.translations) for shot in shots for line in words_of(shot)]


FILM = """镜号,画面,台词,English dialogue
1,阿岚站在渡口。,阿岚：上船吧。,A-LAN: Get in.
2,老周点头。,老周：再等等。阿岚：好。,LAO ZHOU: Wait. A-LAN: Fine.
"""
FILM_SAID: Said = [
    ("阿岚", "上船吧。", {"en": "Get in."}),
    ("老周", "再等等。", {"en": "Wait."}),
    ("阿岚", "好。", {"en": "Fine."}),
]


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        pytest.param(FILM, FILM_SAID, id="a column of each"),
        pytest.param(
            "Shot,Description,Dialogue (EN),Dialogue (FR)\n1,A pier.,MARA: Get in.,MARA : Monte.\n",
            [("Mara", "Get in.", {"fr": "Monte."})],
            id="codes in brackets",
        ),
        pytest.param(
            "Shot,Action,Dialogue (EN),Dialogue (FR)\n1,Un quai dans la nuit et le port,MARA: Get in.,MARA : Monte.\n",
            [("Mara", "Monte.", {"en": "Get in."})],
            id="the film's language is that of its pictures",
        ),
        pytest.param(
            "Shot,Description,台词,English dialogue\n1,The two of them are at the pier.,阿岚：走。,A-LAN: Go.\n",
            [("A-LAN", "Go.", {"zh": "走。"})],
            id="an English film with Chinese words beside",
        ),
        pytest.param(
            "镜号,画面,旁白,英文旁白\n1,渡口。,天黑了。,Night fell.\n",
            [("", "天黑了。", {"en": "Night fell."})],
            id="narration",
        ),
        pytest.param(
            "画面,对白,English\n渡口。,阿岚：走。,Go.\n河。,老周：等。,Wait.\n",
            [("阿岚", "走。", {"en": "Go."}), ("老周", "等。", {"en": "Wait."})],
            id="a header that is a language",
        ),
        pytest.param(
            "画面,旁白,字幕（英）\n渡口。,天黑了。,Night fell.\n",
            [("", "天黑了。", {"en": "Night fell."})],
            id="subtitles in another language",
        ),
        pytest.param(
            "画面,台词,译文\n渡口。,阿岚：走。,Es tarde y la noche no espera a nadie.\n",
            [("阿岚", "走。", {"es": "Es tarde y la noche no espera a nadie."})],
            id="a translation, its language from its words",
        ),
        pytest.param(
            "Plano,Descripción,Diálogo,Traducción (inglés)\n1,El faro y el mar en la noche.,ANA: Sube.,ANA: Get in.\n",
            [("Ana", "Sube.", {"en": "Get in."})],
            id="Spanish headers",
        ),
        pytest.param(
            "#,画面,台词,英語,Korean\n1,陶轮,看。,Look.,봐.\n",
            [("", "看。", {"en": "Look.", "ko": "봐."})],
            id="two translations",
        ),
        pytest.param(
            '画面,台词\n渡口。,"阿岚：上船吧。\nGet in."\n河。,"老周：再等等。\nWait a bit."\n树。,\n',
            [("阿岚", "上船吧。", {"en": "Get in."}), ("老周", "再等等。", {"en": "Wait a bit."})],
            id="one cell, two lines",
        ),
        pytest.param(
            '画面,台词\n渡口。,"阿岚：上船吧。\nA-LAN: Get in."\n河。,"阿岚：再等等。\nA-LAN: Wait a bit."\n',
            [("阿岚", "上船吧。", {"en": "Get in."}), ("阿岚", "再等等。", {"en": "Wait a bit."})],
            id="one cell, both names",
        ),
        pytest.param(
            "画面,台词\n渡口。,上船吧。/ Get in.\n河。,再等等。（Wait a bit.）\n树。,旁白：天黑了。Night fell.\n",
            [
                ("", "上船吧。", {"en": "Get in."}),
                ("", "再等等。", {"en": "Wait a bit."}),
                ("", "天黑了。", {"en": "Night fell."}),
            ],
            id="one cell, one line",
        ),
        pytest.param(
            'Visual,Dialogue\nA wide and quiet pier.,"上船吧。\nGet in."\n',
            [("", "Get in.", {"zh": "上船吧。"})],
            id="the second line is the film's",
        ),
    ],
)
def test_the_translation_stays_with_its_line(table: str, expected: Said) -> None:
    """The film's language is spoken and the other goes with the line; no warning says that words were unused."""
    assert said(table) == expected
    assert not [warning for warning in reading(table).story.warnings if "not used" in warning or "joined" in warning]


@pytest.mark.parametrize(
    "table",
    [
        '画面,台词\n渡口。,"老周：你好。\nTOM: Hello."\n河。,走。\n树。,等。\n',
        "Visual,Dialogue,English notes\nA pier.,MARA: Go.,\n",
        "Shot,Description,Dialogue,Says it\n1,A pier.,MARA: Go.,Mara\n",
        "画面,台词\n渡口。,我们用 DaVinci Resolve 剪辑。\n",
        "画面,台词\n渡口。,阿岚：（whispering）上船吧。\n",
    ],
)
def test_two_people_and_foreign_words_are_no_translation(table: str) -> None:
    """Somebody who speaks another language is heard, and so is a foreign word."""
    assert all(not translations for _, _, translations in said(table))


def test_a_translation_beside_no_words_is_warned_of() -> None:
    """It is never spoken in their place, and not dropped in silence."""
    table = "画面,台词,English\n渡口。,走。,Go.\n河。,等。,Wait.\n树。,,The end.\n"
    assert [text for _, text, _ in said(table)] == ["走。", "等。"]
    (warning,) = [warning for warning in reading(table).story.warnings if "translation" in warning]
    assert "'English'" in warning
    assert "row 4" in warning


def test_a_column_is_called_a_translation_by_hand() -> None:
    """`--column HEADER=translation` says it of any column."""
    table = "画面,台词,Copy\n渡口。,走。,Let us go now.\n"
    story = read(table.encode(), name="s.csv", options=Options(columns={"Copy": "translation"})).story
    assert story.beats[0].dialogue == (Line(text="走。", translations={"en": "Let us go now."}),)


def test_a_story_in_one_language_is_written_as_before() -> None:
    """Without translations no document has a word about them: keys and old screenplays stay."""
    story = reading("画面,台词\n渡口。,走。\n").story
    assert "translations" not in story.model_dump_json() + written(story).model_dump_json()


def test_writers_and_models_are_not_given_translations() -> None:
    """What is never spoken is never paid for: neither the writer's request nor a shot's task holds it."""
    story = reading(FILM).story
    assert "Get in" not in without_translations(story).model_dump_json()
    screenplay = written(story)
    cards = {
        f"location:{place.slug}": {"sha256": "0" * 64, "media_type": "image/png"} for place in screenplay.locations
    }
    assert "Get in" not in json.dumps(list(ShotTasks(screenplay, cards, {})))  # type: ignore[arg-type]
    assert bare_shot(screenplay.shots[0]) == write_screenplay(without_translations(story)).shots[0]


@pytest.mark.parametrize(
    ("texts", "beside", "expected"),
    [
        (["A.", "B."], ["甲。", "乙。"], ["A.", "B."]),
        (["You came back. I waited. Sit."], ["你回来了。我等着你。", "坐。"], ["You came back. I waited.", "Sit."]),
        (["One.", "Two.", "Three."], ["一。二。", "三。"], ["One. Two.", "Three."]),
        (["Only one."], ["甲。", "乙。"], ["Only one.", ""]),
    ],
)
def test_a_translation_is_shared_out_over_its_lines(texts: list[str], beside: list[str], expected: list[str]) -> None:
    """One for each line where the counts agree, else sentence by sentence; nothing is lost."""
    assert shared_out(texts, beside) == expected


def test_narration_that_a_writer_spread_keeps_its_translation() -> None:
    """Told over several shots, each has its sentences."""
    story = reading("画面,旁白,英文旁白\n渡口。,天黑了。他等着。,Night fell. He waited.\n").story
    (shot,) = write_screenplay(without_translations(story)).shots
    halves = [shot.model_copy(update={"number": n, "narration": t}) for n, t in ((1, "天黑了。"), (2, "他等着。"))]
    plain = write_screenplay(without_translations(story))
    scene = plain.scenes[0].model_copy(update={"shots": tuple(halves)})
    found = with_translations(plain.model_copy(update={"scenes": (scene,)}), story)
    assert [one.narration_translations for one in found.shots] == [{"en": "Night fell."}, {"en": "He waited."}]


def test_a_changed_translation_changes_no_row() -> None:
    """Nothing is made again; what a person wrote into the screenplay stays, what the table says is taken."""
    old, new = reading(FILM).story, reading(FILM.replace("Get in.", "Come aboard.")).story
    assert {match.state for match in match_rows(old, new)} == {"kept"}
    by_hand = written(old).model_dump(mode="json")
    by_hand["scenes"][-1]["shots"][-1]["dialogue"][0]["translations"] = {"en": "Hold on."}
    before = Screenplay.model_validate(by_hand)
    plan = plan_merge(old, before, new)
    assert not plan.needs_writer
    after = with_translations(merged(plan), new, old)
    texts = [line.translations["en"] for shot in after.shots for line in shot.dialogue]
    assert texts == ["Come aboard.", "Hold on.", "Fine."]
    gone = with_translations(after, reading("\n".join(row.rpartition(",")[0] for row in FILM.splitlines())).story, old)
    assert [line.translations for shot in gone.shots for line in shot.dialogue][1:] == [{}, {}]


def test_a_language_of_a_given_screenplay_is_a_tag() -> None:
    """It names files and slots, so nothing else is accepted."""
    document = written(reading(FILM).story).model_dump(mode="json")
    document["scenes"][0]["shots"][0]["dialogue"][0]["translations"] = {"../x": "Get in."}
    with pytest.raises(StoryError, match="translations"):
        read_screenplay(json.dumps(document).encode(), name="s.json")


def test_subtitles_of_each_language_have_a_name() -> None:
    """`film.en.srt` beside `film.srt`."""
    assert published_path(Path("o"), "subtitles", "subtitles:en", "") == Path("o/film.en.srt")
    assert published_path(Path("o"), "subtitles", "film", "") == Path("o/film.srt")


def test_a_film_in_two_languages_has_two_tracks(tmp_path: Path) -> None:
    """The film's own is shown; the other is offered, a file, an asset, and exported. Speech is bought of one alone."""
    (tmp_path / "s.csv").write_text(FILM, encoding="utf-8")
    ran = clash(tmp_path, "run", "s.csv", "--thread", "t", *SMALL, "--json").document
    assert ran["status"] == "completed"
    assert not [warning for warning in ran["warnings"] if "English" in warning]
    files = [item["path"] for item in ran["outputs"] if item["kind"] == "subtitles"]
    assert files == ["output/t/film.srt", "output/t/film.en.srt"]
    assert (tmp_path / files[1]).read_text(encoding="utf-8").split("\n")[2::4][:3] == ["Get in.", "Wait.", "Fine."]
    with av.open(str(tmp_path / "output/t/film.mp4")) as film:
        tracks = [(one.language, bool(one.disposition & 1)) for one in film.streams if one.type == "subtitle"]
    assert tracks == [("zho", True), ("eng", False)]
    steps = clash(tmp_path, "cost", "t", "--json").document["by_step"]
    assert {step["step"]: step["calls"] for step in steps}["generate_shots"] == 2 * 2 + 3
    listed = clash(tmp_path, "assets", "ls", "t", "--json").document["items"]
    assert [item["slot"] for item in listed if item["kind"] == "subtitles"].count("subtitles:en") == 1
    exported = clash(tmp_path, "export", "t", "--format", "srt,vtt,ass", "--json").document["files"]
    assert {Path(file["path"]).name for file in exported} == {
        f"t.{tag}{name}" for name in ("srt", "vtt", "ass") for tag in ("", "en.")
    }
    screenplay = clash(tmp_path, "screenplay", "show", "t", "--json").document["screenplay"]
    assert languages_beside(Screenplay.model_validate(screenplay)) == ("en",)
    (tmp_path / "s2.csv").write_text(FILM.replace("Get in.", "Come aboard."), encoding="utf-8")
    forked = clash(tmp_path, "fork", "t", "--story", "s2.csv", "--thread", "u", "--json").document
    assert forked["status"] == "completed"
    assert "Come aboard." in (tmp_path / "output/u/film.en.srt").read_text(encoding="utf-8")
    made = [{i["slot"]: i["sha256"] for i in run["outputs"] if i["kind"] == "shot"} for run in (ran, forked)]
    assert made[0] == made[1]
