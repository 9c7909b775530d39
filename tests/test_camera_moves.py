"""Moves of the camera that no name of clash says: their words stay in the prompt of the clip."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from filming import clash

from clash.editing.merge import plan_merge
from clash.local.screenwriter import write_screenplay
from clash.story.camera_moves import own_words
from clash.story.camera_terms import movement_of
from clash.story.reader import read_story
from clash.story.screenplay import Shot

NEAREST = {
    "tracking shot": "pan_right",
    "orbit": "pan_right",
    "steadicam follow": "pan_right",
    "whip pan": "pan_right",
    "handheld": "static",
    "crane up": "tilt_up",
    "crane down": "tilt_down",
    "dolly zoom": "push_in",
    "跟拍": "pan_right",
    "环绕": "pan_right",
    "移": "pan_right",
    "手持晃动": "static",
    "正反打": "static",
    "希区柯克变焦": "push_in",
    "甩镜": "pan_right",
    "フォロー": "pan_right",
    "手持ち": "static",
    "クレーンアップ": "tilt_up",
    "트래킹": "pan_right",
    "핸드헬드": "static",
    "seguimiento": "pan_right",
    "cámara en mano": "static",
    "grúa": "tilt_up",
    "Travelling": "pan_right",
    "Câmera na mão": "static",
    "caméra à l'épaule": "static",
    "travelling circulaire": "pan_right",
    "Kamerafahrt": "pan_right",
    "Handkamera": "static",
    "macchina a mano": "static",
    "carrellata laterale": "pan_right",
    "ручная камера": "static",
    "облёт": "pan_right",
    "máy cầm tay": "static",
    "omuz kamerası": "static",
    "mengikuti": "pan_right",
    "Wirbelblick": None,
}


def shots_of(*moves: str, size: str = "MS") -> tuple[Shot, ...]:
    """The shots of a table with these moves."""
    rows = "".join(f'{number},{size},"{move}",Mara walks.\n' for number, move in enumerate(moves, start=1))
    story = read_story(f"shot,size,movement,description\n{rows}".encode(), name="moves.csv")
    return write_screenplay(story).shots


@pytest.mark.parametrize("words", NEAREST)
def test_the_words_of_a_move_stay_in_the_prompt(words: str) -> None:
    """In the author's words; the free camera makes the nearest move that it has, or none."""
    (shot,) = shots_of(words)
    assert shot.video_prompt.casefold().startswith(words.casefold() + ".")
    assert shot.movement == (NEAREST[words] or "static")


@pytest.mark.parametrize(
    "words",
    [
        "push in",
        "Slow push-in",
        "dolly out",
        "zoom out",
        "pan left",
        "pan from left to right",
        "tilt up",
        "static",
        "缓推",
        "缓慢推近",
        "拉远",
        "左摇",
        "固定机位",
        "前移",
        "ズームイン",
        "FIX",
        "천천히 줌인",
        "Langsame Zufahrt",
        "Schwenk nach links",
        "travelling avant",
        "Estático",
        "медленный наезд",
    ],
)
def test_a_move_with_a_name_has_its_name(words: str) -> None:
    """The prompt of a plain move is the one of earlier releases."""
    assert movement_of(words)
    assert own_words(words) == ""


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("MS, low angle, handheld", "handheld"),
        ("WS, static", ""),
        ("fast push in", "fast push in"),
        ("zoom in on her hands", "zoom in on her hands"),
        ("push in, then pan left", "push in, then pan left"),
        ("近景，手持", "手持"),
    ],
)
def test_what_a_name_does_not_say_is_kept(cell: str, words: str) -> None:
    """How fast, on what, and the second of two moves; sizes and angles stand in the picture's prompt."""
    assert own_words(cell) == words


def test_a_fork_changes_the_words_of_a_changed_move_alone() -> None:
    """An unchanged row keeps the prompt that it was given; a changed one has the new words."""
    table = "shot,size,movement,description\n1,MS,{},Mara walks.\n2,MS,orbit,Mara runs.\n"
    before = read_story(table.format("orbit").encode(), name="moves.csv")
    screenplay = write_screenplay(before)
    older = screenplay.model_dump()
    for shot in older["scenes"][0]["shots"]:
        shot["video_prompt"] = shot["video_prompt"].replace("Orbit", "Pan to the right")
    older = type(screenplay).model_validate(older)
    for words, prompt in (("steadicam", "Steadicam."), ("push in", "Slow push in."), ("pan left", "Pan to the left.")):
        after = read_story(table.format(words).encode(), name="moves.csv")
        for made in (screenplay, older):
            changed, kept = plan_merge(before, made, after).rows
            assert kept.shots == made.shots[1:]
            assert changed.shots[0].video_prompt.startswith(prompt)
            assert changed.shots[0].movement == movement_of(words)


def test_story_show_tells_the_moves(tmp_path: Path) -> None:
    """A column of the table, and one sentence on what the free camera replaces."""
    rows = "1,MS,orbit,Mara walks.\n2,MS,push in,Mara walks.\n3,MS,handheld,Mara walks.\n"
    (tmp_path / "moves.csv").write_text("shot,size,movement,description\n" + rows, encoding="utf-8")
    shown = clash(tmp_path, "story", "show", "moves.csv")
    assert "orbit" in shown.out
    assert "push in" in shown.out
    document = json.loads(clash(tmp_path, "story", "show", "moves.csv", "--json").out)
    assert document["moves"] == [{"row": 2, "words": "orbit"}, {"row": 4, "words": "handheld"}]
    told = [warning for warning in document["warnings"] if "free camera" in warning]
    assert len(told) == 1
    assert "'orbit' (pan to the right), 'handheld' (locked-off camera)" in told[0]
