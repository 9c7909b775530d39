"""`clash export`: a film with takes, handed over; its files are read back by independent readers."""

from __future__ import annotations

import json
import os
import shutil
import wave
from pathlib import Path
from typing import Any

import av
import numpy as np
import pycmx
import pytest
from filming import METERED, SMALL, clash, environment, shot_list
from PIL import Image

import clash as api

otio = pytest.importorskip("opentimelineio", reason="it has no wheels for this Python")

STORY = """Film title,The Harbour,,,,,
shot,location,characters,description,dialogue,transition,duration
1,Harbour,阿岚,"阿岚 ""runs"" <b>&amp; ]]> home",阿岚：上船吧。,叠化,1
2,Harbour,Mara,Mara waits.,MARA: Come on!,,1
3,Forest,Mara,"Mara
looks up",,,0.5
4,Forest,阿岚,阿岚 laughs 🎬,阿岚：好。,淡出,0.5
"""


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the finished film `t`, of which shot 2 has a second take."""
    folder = tmp_path_factory.mktemp("export")
    (folder / "story.csv").write_text(STORY, encoding="utf-8")
    typed(folder, "run", "story.csv", "--thread", "t", "--titles", *SMALL, *METERED)
    typed(folder, "retake", "t", "shot:002/clip", "--note", "faster")
    return folder


def env(folder: Path) -> dict[str, str]:
    """The environment of a film whose takes have different bytes."""
    return environment(METER=str(folder / "meter"), METER_TAKES="1")


def typed(folder: Path, *arguments: str, code: int = 0) -> dict[str, Any]:
    """The document of a command."""
    ran = clash(folder, *arguments, "--json", env=env(folder))
    assert ran.code == code, (arguments, ran.out, ran.err)
    return ran.document


@pytest.fixture
def exported(room: Path, tmp_path: Path) -> Path:
    """A folder with everything that is exported of the film."""
    typed(room, "export", "t", "--output", str(tmp_path / "out"), "--all-takes")
    return tmp_path / "out"


def frames_of(folder: Path) -> list[int]:
    """How many frames the title and each shot have in the film."""
    found = otio.adapters.read_from_file(str(folder / "t.otio"))
    return [int(clip.source_range.duration.value) for clip in found.video_tracks()[0].find_clips()]


def test_everything_is_exported_and_counted(room: Path, tmp_path: Path) -> None:
    """The document names each file; clips, sounds and bytes are those that are there."""
    out = tmp_path / "out"
    document = typed(room, "export", "t", "--output", str(out))
    assert (document["schema"], document["thread_id"], document["warnings"]) == (1, "t", [])
    for file in document["files"]:
        assert Path(file["path"]).exists(), file
    assert document["media"] == len(list((out / "media").iterdir())) == 5
    assert document["sounds"] == len(list((out / "sound").iterdir())) == 3 + 3
    visible = {path.stat().st_ino: path for path in out.rglob("*") if path.is_file() and path.name[0] != "."}
    assert document["bytes"] == sum(path.stat().st_size for path in visible.values())
    inside = {path.relative_to(out / "jianying").as_posix() for path in (out / "jianying").rglob("*.*")}
    assert {f"{path.parent.name}/{path.name}" for path in (out / "media").iterdir()} <= inside
    assert {path.name for path in out.parent.iterdir()} == {"out"}


def test_media_have_names_for_people(exported: Path) -> None:
    """Clips are named by shot and take, lines by shot and speaker; Windows and macOS can have such files."""
    assert sorted(path.name for path in (exported / "media").iterdir()) == [
        "SH001_T1.mp4",
        "SH002_T1.mp4",
        "SH002_T2.mp4",
        "SH003_T1.mp4",
        "SH004_T1.mp4",
        "TITLE.mp4",
    ]
    assert sorted(path.name for path in (exported / "sound").iterdir()) == sorted(
        ["SH001_阿岚_1.wav", "SH002_mara_1.wav", "SH004_阿岚_1.wav", "dialogue.wav", "effects.wav", "music.wav"]
    )
    assert (exported / "media" / "SH002_T1.mp4").read_bytes() != (exported / "media" / "SH002_T2.mp4").read_bytes()


def test_paths_still_lead_to_media_after_a_move(exported: Path, tmp_path: Path) -> None:
    """OpenTimelineIO and EDL name their media by relative paths, which are right wherever the folder is."""
    moved = tmp_path / "elsewhere" / "电影"
    moved.parent.mkdir()
    shutil.move(exported, moved)
    found = otio.adapters.read_from_file(str(moved / "t.otio"))
    clips = found.find_clips()
    for clip in clips:
        for reference in clip.media_references().values():
            assert (moved / reference.target_url).is_file(), reference.target_url
    with (moved / "t.edl").open(encoding="utf-8") as stream:
        edits = [event.edits[0] for event in pycmx.parse_cmx3600(stream).events]
    assert len(edits) == len(clips)
    for edit in edits:
        assert (moved / edit.source_file).is_file(), edit.source_file
        assert Path(edit.source_file).name == edit.clip_name


def test_the_selected_take_is_in_the_timeline(exported: Path) -> None:
    """Both takes of a shot are there, and the one that is in the film is active."""
    found = otio.adapters.read_from_file(str(exported / "t.otio"))
    clip = next(clip for clip in found.find_clips() if clip.name == "SH002")
    assert sorted(clip.media_references()) == ["T1", "T2"]
    assert clip.media_reference.target_url == "media/SH002_T2.mp4"


def test_only_selected_takes_are_exported(room: Path, tmp_path: Path) -> None:
    """Without --all-takes only what is in the film is copied."""
    typed(room, "export", "t", "--format", "otio", "--no-stems", "--output", str(tmp_path / "out"))
    assert (tmp_path / "out" / "media" / "SH002_T2.mp4").exists()
    assert not (tmp_path / "out" / "media" / "SH002_T1.mp4").exists()


def test_the_timeline_is_the_film(room: Path, exported: Path) -> None:
    """All timelines are as long as the film, with the words where they are heard, the title card first."""
    with av.open(str(room / "output" / "t" / "film.mp4")) as film:
        frames = film.streams.video[0].frames
        heard = np.concatenate([frame.to_ndarray() for frame in film.decode(audio=0)], axis=1)
    assert sum(frames_of(exported)) == frames
    found = otio.adapters.read_from_file(str(exported / "t.otio"))
    assert (found.global_start_time.value, found.global_start_time.rate) == (8 * 3600, 8)
    dialogue, music, effects = found.audio_tracks()
    assert [clip.metadata["clash"]["text"] for clip in dialogue.find_clips()] == ["上船吧。", "Come on!", "好。"]
    assert music.duration().value == effects.duration().value == frames
    for clip in dialogue.find_clips():
        start = round(dialogue.range_of_child(clip).start_time.value / 8 * 48_000)
        assert np.abs(heard[:, start + 2400 : start + 24_000]).max() > 0.05
    stems = [stem(exported / "sound" / f"{name}.wav") for name in ("dialogue", "music", "effects")]
    assert {len(sound) for sound in stems} == {round(frames / 8 * 48_000)}
    together = sum(stems)
    assert decibels(together) == pytest.approx(decibels(heard.T[: len(together)]), abs=0.1)  # type: ignore[arg-type]


def stem(path: Path) -> np.ndarray:
    """The samples of a stem."""
    with wave.open(str(path)) as reader:
        assert (reader.getframerate(), reader.getnchannels()) == (48_000, 2)
        return np.frombuffer(reader.readframes(reader.getnframes()), "<i2").reshape(-1, 2) / 32767


def decibels(sound: np.ndarray) -> float:
    """The power of a sound."""
    return float(10 * np.log10(np.mean(np.square(sound))))


def test_xml_names_media_where_they_will_be(room: Path, tmp_path: Path) -> None:
    """The URLs of FCPXML and Premiere lead into the folder, or to where --media-root says that it will be."""
    out = tmp_path / "a b"
    formats = ("--format", "fcpxml", "--format", "premiere", "--no-stems", "--output", str(out))
    typed(room, "export", "t", *formats)
    assert (tmp_path / "a b" / "t.fcpxml").read_text("utf-8").count(f"file://{tmp_path}/a%20b/media/SH00") == 4
    typed(room, "export", "t", *formats, "--media-root", "D:\\films")
    assert "file:///D:/films/media/SH001_T1.mp4" in (out / "t.fcpxml").read_text("utf-8")
    assert "file://localhost/D:/films/media/SH001_T1.mp4" in (out / "t.premiere.xml").read_text("utf-8")


def test_an_export_can_be_repeated(exported: Path, room: Path) -> None:
    """A second export of the same film writes the same documents, and keeps the stems as they are."""
    before = {path.name: path.read_bytes() for path in exported.rglob("*") if path.is_file()}
    made = (exported / "sound" / "music.wav").stat().st_ino
    typed(room, "export", "t", "--output", str(exported), "--all-takes")
    assert (exported / "sound" / "music.wav").stat().st_ino == made
    assert {path.name: path.read_bytes() for path in exported.rglob("*") if path.is_file()} == before


def test_what_people_changed_is_not_replaced(exported: Path, room: Path) -> None:
    """A document that somebody edited, and a file that no export wrote, are refused by name and stay: exit 2."""
    subtitles = exported / "t.srt"
    subtitles.write_text("mine", encoding="utf-8")
    error = typed(room, "export", "t", "--output", str(exported), code=2)["error"]
    assert "t.srt was changed" in error["message"]
    assert "--output" in error["hint"]
    assert subtitles.read_text(encoding="utf-8") == "mine"


def test_a_file_of_somebody_else_is_not_replaced(room: Path, tmp_path: Path) -> None:
    """A folder with a file of the same name that clash did not write is refused, and nothing else is written."""
    (tmp_path / "t.otio").write_text("mine", encoding="utf-8")
    typed(room, "export", "t", "--format", "otio", "--no-stems", "--output", str(tmp_path), code=2)
    assert [path.name for path in tmp_path.iterdir()] == ["t.otio"]
    assert (tmp_path / "t.otio").read_text(encoding="utf-8") == "mine"


def test_a_link_does_not_lead_out_of_the_folder(room: Path, tmp_path: Path) -> None:
    """A folder `media` that is a link to elsewhere is refused: nothing is written outside."""
    outside, out = tmp_path / "outside", tmp_path / "out"
    outside.mkdir()
    out.mkdir()
    (out / "media").symlink_to(outside)
    error = typed(room, "export", "t", "--format", "otio", "--no-stems", "--output", str(out), code=2)["error"]
    assert "leads out of" in error["message"]
    assert not list(outside.iterdir())


def test_links_lead_to_published_clips_only(room: Path, tmp_path: Path) -> None:
    """--link links clips to those in the run's folder; nothing is linked into the asset store."""
    out = room / "output" / "linked"
    typed(room, "export", "t", "--format", "otio", "--link", "--no-stems", "--output", str(out))
    clip = out / "media" / "SH001_T1.mp4"
    assert clip.samefile(room / "output" / "t" / "shots" / "001.mp4")
    stored = {path.stat().st_ino for path in (room / "data" / "assets").rglob("*") if path.is_file()}
    assert not stored & {path.stat().st_ino for path in out.rglob("*")}


def test_media_can_be_read_by_others(exported: Path) -> None:
    """Exported files have the mode that new files of this user have."""
    mask = os.umask(0)
    os.umask(mask)
    assert {path.stat().st_mode & 0o777 for path in exported.rglob("*") if path.is_file()} == {0o666 & ~mask}


def test_an_unknown_format_is_refused(room: Path) -> None:
    """A format that there is not: exit 2, and the hint names those that there are."""
    error = typed(room, "export", "t", "--format", "aaf", code=2)["error"]
    assert "'aaf'" in error["message"]
    assert "otio" in error["hint"]


def test_a_run_without_a_screenplay_is_refused(room: Path) -> None:
    """A thread that there is not, and one that has no screenplay yet: exit 3."""
    assert typed(room, "export", "nobody", code=3)["error"]["code"] == "not_found"


def test_an_unfinished_run_is_exported_with_gaps(tmp_path: Path) -> None:
    """Of a run with a failed shot the others are exported; that one is a gap with its marker, and a warning says so."""
    shot_list(tmp_path / "story.csv", 4, seconds=0.5)
    failing = {**env(tmp_path), "METER_FAIL": "shot:003"}
    assert clash(tmp_path, "run", "story.csv", "--thread", "u", *SMALL, *METERED, env=failing).code == 1
    document = typed(tmp_path, "export", "u")
    about_shots, about_stems = document["warnings"]
    assert "1 of 4 shots are not made yet (003)" in about_shots
    assert "clash resume u" in about_shots
    assert "stems" in about_stems
    found = otio.adapters.read_from_file(str(tmp_path / "output" / "u" / "export" / "u.otio"))
    (picture,) = found.video_tracks()
    assert [clip.name for clip in picture.find_clips()] == ["SH001", "SH002", "SH004"]
    assert [marker.name for item in picture for marker in item.markers] == [f"SH00{number}" for number in range(1, 5)]
    assert document["media"] == 3


@pytest.mark.parametrize("name", ["refs/1.png", "media/1.png"])
def test_pictures_of_the_story_are_beside_its_shot_list(tmp_path: Path, name: str) -> None:
    """A picture that the story names is exported with the CSV, so that it can be run again."""
    home = tmp_path / "home"
    picture = home / name
    picture.parent.mkdir(parents=True)
    rng = np.random.default_rng(7)
    Image.fromarray(rng.integers(0, 255, (64, 64, 3), np.uint8)).save(picture)
    (home / "story.csv").write_text(f"shot,description,reference image\n1,A door opens.,{name}\n", encoding="utf-8")
    typed(home, "run", "story.csv", "--thread", "p", *SMALL)
    out = tmp_path / "out"
    typed(home, "export", "p", "--format", "csv", "--output", str(out))
    (copy,) = out.rglob("*.png")
    assert copy.read_bytes() == picture.read_bytes()
    typed(home, "run", str(out / "p.csv"), "--dry-run", *SMALL)


async def test_export_is_part_of_the_python_api(room: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`await clash.export(...)` writes the same files and returns the document as a model."""
    monkeypatch.chdir(room)
    document = await api.export("t", ["srt", "vtt"], output=tmp_path / "out")
    assert [file.format for file in document.files] == ["srt", "vtt"]
    assert document.media == 0
    srt = (tmp_path / "out" / "t.srt").read_text(encoding="utf-8")
    assert srt == (room / "output" / "t" / "film.srt").read_text(encoding="utf-8")
    manifest = json.loads((tmp_path / "out" / ".clash-export.json").read_text(encoding="utf-8"))
    assert sorted(manifest["files"]) == ["t.srt", "t.vtt"]
