"""A film of 21 shots with takes, in Chinese, exported in every format: each file is read by an independent reader."""

from __future__ import annotations

import io
import json
import shutil
import wave
from pathlib import Path
from typing import Any

import av
import numpy as np
import pycmx
import pyJianYingDraft as jianying
import pytest
import webvtt
from filming import METERED, clash, environment
from pypdf import PdfReader
from screenplain.parsers import fountain

otio = pytest.importorskip("opentimelineio", reason="it has no wheels for this Python")

SHOTS, TAKES, FPS = 21, 23, 25
SIZE = ("--size", "128x72", "--fps", str(FPS))
SPOKEN = (2, 9, 17)
NAMES = [f"SH{number:03d}" for number in range(1, SHOTS + 1)]


def story() -> str:
    """A Chinese shot list; three of its shots have a line."""
    rows = ["镜号,场景,角色,画面,台词,时长"]
    for number in range(1, SHOTS + 1):
        line = "阿岚：上船。" if number in SPOKEN else ""
        rows.append(f"{number},{('码头', '面馆')[number % 2]},阿岚,阿岚做第{number}件事。,{line},0.5")
    return "\n".join(rows) + "\n"


def typed(folder: Path, *arguments: str) -> dict[str, Any]:
    """The document of a command that works."""
    env = environment(METER=str(folder / "meter"), METER_TAKES="1")
    ran = clash(folder, *arguments, "--json", env=env)
    assert ran.code == 0, (arguments, ran.out, ran.err)
    return ran.document


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the film `t`, two of whose shots have a second take."""
    folder = tmp_path_factory.mktemp("film")
    (folder / "story.csv").write_text(story(), encoding="utf-8")
    typed(folder, "run", "story.csv", "--thread", "t", *SIZE, *METERED)
    typed(folder, "retake", "t", "shot:003/clip", "shot:020/clip", "--note", "faster")
    return folder


@pytest.fixture(scope="module")
def out(room: Path) -> Path:
    """The folder of the export, moved to another place."""
    made = room / "made"
    document = typed(room, "export", "t", "--format", "all", "--all-takes", "--output", str(made))
    assert document["warnings"] == []
    assert document["media"] == TAKES
    assert len(document["files"]) == 11
    moved = room / "elsewhere" / "电影"
    moved.parent.mkdir()
    shutil.move(made, moved)
    return moved


@pytest.fixture(scope="module")
def frames(room: Path) -> int:
    """How many frames the film has."""
    with av.open(str(room / "output" / "t" / "film.mp4")) as film:
        return film.streams.video[0].frames


def test_otio_has_the_whole_film(out: Path, frames: int) -> None:
    """OpenTimelineIO finds 21 clips, 23 takes, 3 lines, the stems, 21 markers, the start, and every file."""
    found = otio.adapters.read_from_file(str(out / "t.otio"))
    assert (found.global_start_time.value, found.global_start_time.rate) == (3600 * FPS, FPS)
    (picture,) = found.video_tracks()
    clips = picture.find_clips()
    assert [clip.name for clip in clips] == NAMES
    assert picture.duration().value == frames
    assert [marker.name for clip in clips for marker in clip.markers] == NAMES
    references = [reference for clip in clips for reference in clip.media_references().values()]
    assert len({reference.target_url for reference in references}) == TAKES
    assert clips[2].media_reference.target_url == "media/SH003_T2.mp4"
    assert [len(track.find_clips()) for track in found.audio_tracks()] == [len(SPOKEN), 1, 1]
    assert {clip.metadata["clash"]["speaker"] for clip in found.audio_tracks()[0].find_clips()} == {"阿岚"}
    for clip in found.find_clips():
        for reference in clip.media_references().values():
            assert (out / reference.target_url).is_file()


def test_the_edl_has_the_whole_film(out: Path) -> None:
    """pycmx finds 21 pictures and 5 sounds; the first begins at one hour, and every file is there."""
    with (out / "t.edl").open(encoding="utf-8", newline="") as stream:
        edits = [event.edits[0] for event in pycmx.parse_cmx3600(stream).events]
    pictures = [edit for edit in edits if edit.channels.video]
    assert [edit.clip_name.partition("_")[0] for edit in pictures] == NAMES
    assert pictures[0].record_in == "01:00:00:00"
    assert len(edits) == SHOTS + len(SPOKEN) + 2
    assert all((out / edit.source_file).is_file() for edit in edits)


@pytest.mark.parametrize(("name", "adapter"), [("t.premiere.xml", "fcp_xml"), ("t.fcpxml", "fcpx_xml")])
def test_the_xml_forms_have_the_whole_film(out: Path, name: str, adapter: str) -> None:
    """The readers of both XML forms find 21 clips with the selected takes, or their audition, and 5 sounds."""
    text = (out / name).read_text("utf-8")
    found = otio.adapters.read_from_string(text, adapter)
    timeline = found if adapter == "fcp_xml" else found[0]
    assert sum(len(track.find_clips()) for track in timeline.audio_tracks()) >= len(SPOKEN) + 2
    for clip in ("SH003_T2.mp4", "SH020_T2.mp4", "SH021_T1.mp4"):
        assert clip in text
    if adapter == "fcp_xml":
        assert [clip.name.partition("_")[0] for clip in timeline.video_tracks()[0].find_clips()] == NAMES
        assert [marker.name for marker in timeline.tracks.markers] == NAMES


def test_the_draft_of_jianying_has_the_whole_film(out: Path) -> None:
    """pyJianYingDraft finds 21 clips, the lines and the words; their media are inside the draft."""
    script = jianying.DraftFolder(str(out)).load_template("jianying")
    assert {track.name: len(track.segments) for track in script.list_imported_tracks()} == {
        "Picture": SHOTS,
        "Dialogue": len(SPOKEN),
        "Music": 1,
        "Effects": 1,
        "Words": len(SPOKEN),
    }
    content = json.loads((out / "jianying" / "draft_content.json").read_text("utf-8"))
    for material in (*content["materials"]["videos"], *content["materials"]["audios"]):
        assert (out / "jianying" / material["path"].partition("/")[2]).is_file()


def test_words_and_screenplay_are_read(out: Path) -> None:
    """webvtt-py finds the three lines, screenplain the speaker and 21 actions, pypdf the pages of the storyboard."""
    assert [cue.text for cue in webvtt.read(str(out / "t.vtt"))] == ["阿岚：上船。"] * len(SPOKEN)
    paragraphs = fountain.parse(io.StringIO((out / "t.fountain").read_text("utf-8"))).paragraphs
    kinds = [type(one).__name__ for one in paragraphs]
    assert (kinds.count("Action"), kinds.count("Dialog")) == (SHOTS, len(SPOKEN))
    assert {str(one.character) for one in paragraphs if hasattr(one, "character")} == {"阿岚"}
    text = "".join(page.extract_text() for page in PdfReader(str(out / "t.pdf")).pages)
    assert all(name in text for name in NAMES)
    assert "阿岚" in text


def test_the_shot_list_gives_the_same_screenplay(out: Path, room: Path) -> None:
    """What `clash run exported.csv` would film is the screenplay of the run, all but its title and rows."""
    read = typed(room, "story", "show", str(out / "t.csv"))["screenplay"]
    first = json.loads((room / "output" / "t" / "screenplay.json").read_text("utf-8"))
    for screenplay in (read, first):
        del screenplay["title"]
        for scene in screenplay["scenes"]:
            for shot in scene["shots"]:
                del shot["source_row"]
    assert read == first


def test_the_stems_are_the_sound_of_the_film(out: Path, room: Path, frames: int) -> None:
    """The three stems are as long as the film and together within 0.1 dB of its sound."""
    stems: list[np.ndarray] = []
    for name in ("dialogue", "music", "effects"):
        with wave.open(str(out / "sound" / f"{name}.wav")) as reader:
            stems.append(np.frombuffer(reader.readframes(reader.getnframes()), "<i2").reshape(-1, 2) / 32767)
    assert {len(stem) for stem in stems} == {round(frames / FPS * 48_000)}
    with av.open(str(room / "output" / "t" / "film.mp4")) as film:
        heard = np.concatenate([frame.to_ndarray() for frame in film.decode(audio=0)], axis=1).T
    together = sum(stems)
    power = [10 * np.log10(np.mean(np.square(sound))) for sound in (together, heard[: len(together)])]
    assert power[0] == pytest.approx(power[1], abs=0.1)
