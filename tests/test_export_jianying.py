"""The draft of 剪映: pyJianYingDraft reads it, with clips that meet, sounds, words, and media inside the folder."""

from __future__ import annotations

import json
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyJianYingDraft as jianying
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clash.exports.jianying import META, TIMELINES, draft
from clash.exports.timeline import Media, Shot, Sound, Take, Timeline, Track, rate_of
from clash.film.subtitles import Cue

CUES = (Cue(0.5, 1.5, "上船吧。🎬", "阿岚"), Cue(2, 3, 'Come "on" \\ home', "Mara"))


def made(fps: float, lengths: tuple[int, ...] = (37, 12, 100)) -> Timeline:
    """A timeline of these shots, the second not made yet, with one line and music."""
    rate = rate_of(fps)
    shots = tuple(
        Shot(
            f"SH{number:03d}",
            sum(lengths[: number - 1]),
            frames,
            frames if number != 2 else 0,
            (
                Take(
                    1,
                    Media(f"media/SH{number:03d}_T1.mp4", rate.seconds(frames), width=1280, height=720, rate=rate),
                ),
            )
            if number != 2
            else (),
        )
        for number, frames in enumerate(lengths, start=1)
    )
    line = Sound(Media("sound/SH001_阿岚_1.wav", Fraction(7, 3), channels=1), 3, 20, Fraction(1, 7), "阿岚", "好", 6.02)
    music = Sound(Media("sound/music.wav", rate.seconds(sum(lengths)), channels=2), 0, sum(lengths), Fraction(0))
    return Timeline(
        "demo", "雨夜", "zh", rate, 1280, 720, shots, (Track("Dialogue", (line,)), Track("Music", (music,)))
    )


def opened(folder: Path, timeline: Timeline, cues: tuple[Cue, ...] = CUES) -> Any:
    """Write a draft and open it with pyJianYingDraft."""
    for path, content in draft(timeline, cues).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content, encoding="utf-8")
    return jianying.DraftFolder(str(folder)).load_template("jianying")


@pytest.mark.parametrize("fps", [23.976, 24, 25, 29.97, 30, 60])
def test_the_draft_is_read_with_its_tracks(tmp_path: Path, fps: float) -> None:
    """Picture, dialogue, music and words are tracks with the right number of segments; the length is the film's."""
    timeline = made(fps)
    script = opened(tmp_path, timeline)
    found = {
        track.name: [segment.target_timerange for segment in track.segments] for track in script.list_imported_tracks()
    }
    assert {name: len(spans) for name, spans in found.items()} == {"Picture": 2, "Dialogue": 1, "Music": 1, "Words": 2}
    assert script.duration == round(float(timeline.rate.seconds(149)) * 1_000_000)
    assert [span.start for span in found["Words"]] == [500_000, 2_000_000]
    assert abs(found["Picture"][1].start - float(timeline.rate.seconds(49)) * 1_000_000) <= 0.5


def test_media_are_named_inside_the_draft(tmp_path: Path) -> None:
    """Each material's path is below the draft's folder, and the register of media has each of them."""
    opened(tmp_path, made(24))
    content = json.loads((tmp_path / TIMELINES[0]).read_text("utf-8"))
    paths = [item["path"] for kind in ("videos", "audios") for item in content["materials"][kind]]
    assert [path.partition("##/")[2] for path in paths] == [
        "media/SH001_T1.mp4",
        "media/SH003_T1.mp4",
        "sound/SH001_阿岚_1.wav",
        "sound/music.wav",
    ]
    meta = json.loads((tmp_path / META).read_text("utf-8"))
    assert meta["draft_name"] == "雨夜"
    assert sorted(item["file_Path"] for item in meta["draft_materials"][0]["value"]) == sorted(paths)
    assert (tmp_path / TIMELINES[0]).read_bytes() == (tmp_path / TIMELINES[1]).read_bytes()


def test_words_and_levels_are_those_of_the_film(tmp_path: Path) -> None:
    """Text is read again letter for letter, and a line is as much louder as it is in the film."""
    opened(tmp_path, made(24))
    content = json.loads((tmp_path / TIMELINES[0]).read_text("utf-8"))
    texts = [json.loads(item["content"]) for item in content["materials"]["texts"]]
    assert [" ".join(item["text"].split()) for item in texts] == ["阿岚：上船吧。🎬", 'Mara: Come "on" \\ home']
    assert texts[0]["styles"][0]["range"] == [0, 9]
    dialogue = next(track for track in content["tracks"] if track["name"] == "Dialogue")
    assert dialogue["segments"][0]["volume"] == pytest.approx(2.0, abs=0.01)


@given(st.lists(st.integers(1, 400), min_size=3, max_size=30), st.sampled_from([23.976, 24, 29.97, 30, 59.94]))
def test_neighbours_never_overlap(lengths: list[int], fps: float) -> None:
    """Whatever the lengths, each clip begins where the one before it ends: not a microsecond earlier."""
    content = json.loads(draft(made(fps, tuple(lengths)), ())[TIMELINES[0]])
    spans = [segment["target_timerange"] for segment in content["tracks"][0]["segments"]]
    gap = sum(lengths[:2])
    for one, other in pairwise(spans[1:]):
        assert one["start"] + one["duration"] == other["start"]
    assert spans[1]["start"] == round(Fraction(gap) / rate_of(fps).exact * 1_000_000)
    ids = [item["id"] for items in content["materials"].values() for item in items]
    assert len(ids) == len(set(ids))
