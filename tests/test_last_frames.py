"""A clip that ends on another shot's keyframe: in tables and screenplays, in what is called, paid and made again."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from conftest import on_both_databases
from filming import METERED, SMALL, clash, rows_of
from takes_room import TakesRoom

from clash.calls.content_key import content_key, first_key, keys_of
from clash.config import Settings
from clash.exports.shot_list import shot_list
from clash.providers.clip_abilities import fitted, makes_sound, takes_last_frame
from clash.providers.ports import Reference, VideoRequest
from clash.providers.registry import Registry
from clash.story.last_frames import ends_on, renumbered, told_without, with_last_frames
from clash.story.reader import read
from clash.story.screenplay import Location, Scene, Screenplay, Shot

HEADERS = [
    ("last_frame", "next"),
    ("End frame", "yes"),
    ("尾帧", "下一镜"),
    ("Letztes Bild", "nächste Einstellung"),
    ("Dernière image", "plan suivant"),
    ("Último fotograma", "siguiente plano"),
    ("最終フレーム", "次のカット"),
    ("последний кадр", "следующий"),
]
ABLE = {"METER_CLIPS": "last_frame"}
STORY = """shot,location,characters,description,duration,last_frame
1,Pier,Mara,Mara walks along the pier.,0.5,next
2,Pier,Mara,Mara stops.,0.5,
3,Forest,Mara,Mara is in the forest.,0.5,
"""


def screenplay(*last_frames: str, places: str = "aaab") -> Screenplay:
    """A film of one scene with a shot for each of these."""
    shots = tuple(
        Shot(
            number=number, location=place, action=f"Action {number}.", duration_s=1, last_frame=last, source_row=number
        )
        for number, (last, place) in enumerate(zip(last_frames, places, strict=False), start=1)
    )
    places_of = tuple(Location(slug=place, name=place) for place in "ab")
    scene = Scene(number="1", location="a", shots=shots)
    return Screenplay(title="T", language="en", style="s", characters=(), locations=places_of, scenes=(scene,))


@pytest.mark.parametrize(("header", "cell"), HEADERS)
def test_the_column_in_many_languages(header: str, cell: str) -> None:
    """The column and the word for the next shot are known in each language that has a file of words."""
    story = read(f"shot,description,{header}\n1,A,{cell}\n2,B,\n".encode(), name="s.csv").story
    assert [beat.last_frame for beat in story.beats] == ["next", ""]


def test_cells_that_name_a_shot() -> None:
    """A label is that of the table; the nearest one of the same scene is meant; what names nothing is told."""
    table = "场次,镜号,画面,尾帧\n1,1,甲,镜头 2\n1,2,乙,否\n2,1,丙,2\n2,2,丁,2\n2,3,戊,9\n2,4,己,是\n"
    reading = read(table.encode(), name="s.csv")
    assert [beat.last_frame for beat in reading.story.beats] == ["镜头 2", "none", "2", "2", "9", "next"]
    told = " ".join(reading.story.warnings)
    assert all(f"row {row}:" in told for row in (5, 6, 7))
    assert "no next shot" in told
    film = screenplay("", "", "", "", "", "", places="aaaaaa")
    rows = {number: beat.row for number, beat in enumerate(reading.story.beats, start=1)}
    shots = tuple(shot.model_copy(update={"source_row": rows[shot.number]}) for shot in film.shots)
    film = film.model_copy(update={"scenes": (film.scenes[0].model_copy(update={"shots": shots}),)})
    named = with_last_frames(film, reading.story)
    assert [shot.last_frame for shot in named.shots] == ["shot:002", "none", "shot:004", "", "", "next"]
    assert with_last_frames(named, told_without(reading.story), reading.story) == film, "the column was emptied"
    assert with_last_frames(named, told_without(reading.story)) == named, "a person wrote them into the screenplay"


def test_what_a_clip_ends_on() -> None:
    """A shot ends on what it names; with --chain on the next one at the same place, unless it says none."""
    film = screenplay("", "none", "", "next")
    assert ends_on(film) == {}
    assert ends_on(film, chain=True) == {1: 2}, "not into another place, not where none is wished, not behind the end"
    assert ends_on(screenplay("shot:004", "", "next", "")) == {1: 4, 3: 4}


def test_a_slot_moves_with_its_shot() -> None:
    """A shot that a person named by its slot stays the same shot when rows are inserted above it."""
    before = screenplay("", "shot:001", "")
    shots = [Shot(number=1, location="a", action="New.", duration_s=1)]
    shots += [shot.model_copy(update={"number": shot.number + 1}) for shot in before.shots]
    after = before.model_copy(update={"scenes": (before.scenes[0].model_copy(update={"shots": tuple(shots)}),)})
    assert [shot.last_frame for shot in renumbered(after, before).shots] == ["", "", "shot:002", ""]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_shot_list_has_the_column(language: str) -> None:
    """Written as a table and read again, a screenplay ends its clips on the same shots; without any, no column is."""
    film = screenplay("next", "shot:001", "none", "").model_copy(update={"language": language})
    table = shot_list(film)
    assert not any("last_frame" in warning for warning in table.warnings)
    story = read(table.text.encode(), name="s.csv").story
    rows = {number: beat.row for number, beat in enumerate(story.beats, start=1)}
    shots = tuple(shot.model_copy(update={"source_row": rows[shot.number], "last_frame": ""}) for shot in film.shots)
    bare = film.model_copy(update={"scenes": (film.scenes[0].model_copy(update={"shots": shots}),)})
    assert [shot.last_frame for shot in with_last_frames(bare, story).shots] == ["next", "shot:001", "none", ""]
    assert "frame" not in shot_list(bare).text
    assert "尾帧" not in shot_list(bare).text


def request(**changes: Any) -> VideoRequest:
    """A clip of four seconds."""
    keyframe = Reference(role="keyframe", sha256="a" * 64, media_type="image/png")
    shot = Shot(number=1, location="a", action="A", duration_s=4, sound="Rain")
    asked: dict[str, Any] = {"prompt": "p", "frames": 96, "fps": 24, "width": 1280, "height": 720, **changes}
    return VideoRequest(shot=shot, keyframe=keyframe, **asked)


def test_only_what_a_model_can_do_is_asked_of_it() -> None:
    """A model that takes no last frame is asked as ever, under the same keys; one that does, under another."""
    registry = Registry(Settings(_env_file=None))  # pyright: ignore[reportCallIssue]
    end = Reference(role="last_frame", sha256="b" * 64, media_type="image/png")
    plain, more = request(), request(last_frame=end, generate_audio=True)
    local = registry.model("video", "local:cinematographer")
    assert fitted(local, more) == plain
    assert keys_of(local, more) == keys_of(local, plain)
    ltx = registry.model("video", "fal:fal-ai/ltx-2/image-to-video")
    assert (takes_last_frame(ltx), makes_sound(ltx)) == (False, True)
    assert keys_of(ltx, request(last_frame=end)) == keys_of(ltx, plain)
    assert content_key(ltx, more) == content_key(ltx, request(generate_audio=True)) != content_key(ltx, plain)
    kling = registry.model("video", "fal:fal-ai/kling-video/v3/pro/image-to-video")
    keys = {content_key(kling, request(**changes)) for changes in ({}, {"last_frame": end}, {"generate_audio": True})}
    assert len(keys) == 3
    assert first_key(kling, more) is None, "clash 0.1 cannot have made it"
    assert "last_frame" not in plain.model_dump()


def test_what_fal_is_sent_and_what_it_costs() -> None:
    """The argument that the model's card names; sound costs what the price list says of it."""
    from clash.providers.catalogue import load_catalogue
    from clash.providers.fal import asking
    from clash.providers.prices import load_prices

    settings = Settings(_env_file=None)  # pyright: ignore[reportCallIssue]
    end = Reference(role="last_frame", sha256="b" * 64, media_type="image/png")
    card = load_catalogue(settings).of("fal", "fal-ai/kling-video/v3/pro/image-to-video")
    ltx = load_catalogue(settings).of("fal", "fal-ai/ltx-2/image-to-video/fast")
    assert card is not None
    assert ltx is not None
    plain = asking.identity_of(card, request())["arguments"]
    assert "end_image_url" not in plain
    assert plain["generate_audio"] is False
    more = asking.identity_of(card, request(last_frame=end, generate_audio=True))["arguments"]
    assert more["end_image_url"] == f"sha256:{'b' * 64}"
    assert more["generate_audio"] is True
    assert "Rain" in more["prompt"]
    prices = load_prices(settings)
    assert [str(asking.quote(card, prices, one).cost_usd) for one in (request(), request(generate_audio=True))] == [
        "0.448",
        "0.672",
    ]
    assert asking.quote(ltx, prices, request(generate_audio=True)) == asking.quote(ltx, prices, request())


@pytest.fixture
def room(tmp_path: Path, database_url: str) -> TakesRoom:
    """A folder with a database of its own, whose clip model takes a last frame."""
    made = TakesRoom(tmp_path / "room", database_url)
    made.env |= ABLE
    (made.folder / "story.csv").write_text(STORY)
    return made


def run(room: TakesRoom, *flags: str, thread: str = "t") -> Any:
    """Run the story of the room."""
    return room.type("run", "story.csv", "--thread", thread, *SMALL, *METERED, *flags)


def last_frames(room: TakesRoom, thread: str = "t") -> dict[str, str]:
    """The digest that each clip of the newest takes was asked to end on."""
    sql = f"SELECT slot, request FROM api_logs WHERE run_id = '{thread}' AND slot LIKE 'shot:___' ORDER BY id"
    asked = {slot: json.loads(text) for slot, text in rows_of(room.url, sql)}
    return {slot: one["last_frame"]["sha256"] for slot, one in asked.items() if "last_frame" in one}


@on_both_databases
def test_a_clip_follows_the_keyframe_that_it_ends_on(room: TakesRoom) -> None:
    """Said and paid agree; a new keyframe of the next shot makes this clip again; the old one brings it back, free."""
    room.ok("db", "init")
    estimate = run(room, "--dry-run").document
    made = run(room)
    assert made.document["status"] == "completed"
    assert estimate["total_usd"] == made.document["cost"]["total_usd"]
    assert estimate["calls"] == len(room.charged), "the keyframe that two shots need is one call"
    assert not any("last frame" in warning for warning in made.document["warnings"])
    assert last_frames(room) == {"shot:001": room.sha256("shot:002/keyframe", 1)}
    assert room.priced("retake", "t", "shot:002/keyframe") == 3
    expected = Counter({"shot:002/keyframe": 1, "shot:002": 1, "shot:001": 1})
    assert room.charges("retake", "t", "shot:002/keyframe") == expected
    assert last_frames(room) == {"shot:001": room.sha256("shot:002/keyframe", 2)}
    assert room.charges("takes", "use", "t", "shot:002/keyframe", "1") == {}
    assert (room.selected("shot:001/clip"), room.selected("shot:002/clip")) == (1, 1)
    room.check_meter()


def test_a_retake_with_a_model_that_takes_none_is_told(room: TakesRoom) -> None:
    """Another clip model that cannot end on the next keyframe makes the clip without; plan and outcome say so."""
    assert run(room).document["status"] == "completed"
    asked = ("retake", "t", "shot:001/clip", "--model", "local:cinematographer")
    for document in (room.ok(*asked, "--dry-run"), room.ok(*asked)):
        assert [warning for warning in document["warnings"] if "takes no last frame" in warning]
    assert set(last_frames(room)) == set(), "the newest take of the clip was asked without"
    assert room.charges("retake", "t", "shot:002/keyframe") == {"shot:002/keyframe": 1, "shot:002": 1}


def test_chain_is_a_setting_of_the_run(room: TakesRoom) -> None:
    """With --chain the clip inside a place ends on the next keyframe, a fork keeps that, and pays for what it adds."""
    (room.folder / "story.csv").write_text(STORY.replace(",next", ","))
    assert run(room).document["status"] == "completed"
    assert last_frames(room) == {}
    forked = room.charges("fork", "t", "--thread", "f", "--chain")
    assert forked == {"shot:001": 1}
    assert set(last_frames(room, "f")) == {"shot:001"}
    assert room.charges("fork", "f", "--thread", "g") == {}, "what it ends on is as before"
    assert room.charges("fork", "f", "--thread", "h", "--no-chain") == {}, "the run before has that clip"


def test_a_model_that_takes_none_is_told_everywhere(tmp_path: Path) -> None:
    """The warning is in `story show`, in the dry run and in the outcome; the clips are those of a film without."""
    (tmp_path / "story.csv").write_text(STORY)
    (tmp_path / "plain.csv").write_text(STORY.replace(",next", ","))
    shown = clash(tmp_path, "story", "show", "story.csv", "--json").document
    dry = clash(tmp_path, "run", "story.csv", *SMALL, "--dry-run", "--json").document
    made = clash(tmp_path, "run", "story.csv", "--thread", "a", *SMALL, "--json").document
    for document in (shown, dry, made):
        assert any("takes no last frame" in warning for warning in document["warnings"])
    plain = clash(tmp_path, "run", "plain.csv", "--thread", "b", *SMALL, "--chain", "--json").document
    assert any("--chain" in warning for warning in plain["warnings"])
    shots = [[item["sha256"] for item in one["outputs"] if item["kind"] == "shot"] for one in (made, plain)]
    assert shots[0] == shots[1]


def test_the_column_changes_no_screenplay_call(room: TakesRoom) -> None:
    """A last frame that is added to the table of a paid writer asks it nothing: one clip is made again."""
    (room.folder / "story.csv").write_text(STORY.replace(",next", ","))
    assert run(room).document["status"] == "completed"
    (room.folder / "changed.csv").write_text(STORY)
    plan = room.ok("fork", "t", "--thread", "f", "--story", "changed.csv", "--dry-run")
    assert (plan["shots"]["changed"], plan["calls"]["to_make"]) == (["shot:001"], 1)
    assert room.charges("fork", "t", "--thread", "f", "--story", "changed.csv") == {"shot:001": 1}
    (room.folder / "story.csv").write_text(STORY)
    assert run(room, thread="again").document["status"] == "completed"
    assert [slot for slot in room.charged if slot == "screenplay"] == ["screenplay"]
