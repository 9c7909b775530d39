"""The writers of timelines: what they write is read back by independent readers, at every frame rate."""

from __future__ import annotations

import re
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote, urlparse
from xml.etree import ElementTree

import pycmx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clash.exports.edl import edl
from clash.exports.fcpxml import fcpxml
from clash.exports.otio import otio as to_otio
from clash.exports.premiere import premiere
from clash.exports.timeline import Media, Rate, Shot, Sound, Take, Timeline, Track, rate_of
from clash.exports.words import file_url

otio = pytest.importorskip("opentimelineio", reason="it has no wheels for this Python")

RATES = [23.976, 24, 25, 29.97, 30, 60]
LENGTHS = (37, 12, 100, 1, 61)
HOSTILE = "阿岚 \"quoted\" <b>&amp; ]]> --> {x}\r\nsecond 'line' \u202eright\u202c \x07 🎬 \ud83d"


def media(path: str, seconds: Fraction, rate: Rate) -> Media:
    """A clip of these seconds."""
    return Media(path, seconds, width=1280, height=720, rate=rate)


def made(fps: float, *, text: str = "Mara runs.", takes: int = 1) -> Timeline:
    """A timeline of five shots, the fourth not made yet, two lines, music and effects."""
    rate = rate_of(fps)
    shots: list[Shot] = []
    for number, frames in enumerate(LENGTHS, start=1):
        start = sum(LENGTHS[: number - 1])
        made_takes = tuple(
            Take(take, media(f"media/SH{number:03d}_T{take}.mp4", rate.seconds(frames + take), rate))
            for take in range(takes, 0, -1)
        )
        is_made = number != 4
        shown = frames if is_made else 0
        name = f"SH{number:03d}"
        shots.append(Shot(name, start, frames, shown, made_takes if is_made else (), text, ("transition: 叠化",), "1"))
    whole = rate.seconds(sum(LENGTHS))
    lines = (
        Sound(Media("sound/SH001_阿岚_1.wav", rate.seconds(20), channels=1), 5, 20, rate.seconds(5), "阿岚", text, 3.5),
        Sound(Media("sound/SH003_mara_1.wav", rate.seconds(31), channels=1), 60, 31, rate.seconds(60), "Mara", text),
    )
    stems = (
        Track(name, (Sound(Media(f"sound/{name.lower()}.wav", whole, channels=2), 0, sum(LENGTHS), Fraction(0)),))
        for name in ("Music", "Effects")
    )
    return Timeline("demo", text, "zh", rate, 1280, 720, tuple(shots), (Track("Dialogue", lines), *stems))


def is_hour(time: otio.opentime.RationalTime, rate: Rate) -> bool:
    """Whether a time is 01:00:00:00."""
    return (time.value, time.rate) == (rate.start, pytest.approx(float(rate.exact)))


def parsed(text: str) -> ElementTree.Element:
    """An XML document as a parser reads it."""
    return ElementTree.fromstring(text)  # noqa: S314 - clash wrote it


# -- OpenTimelineIO -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fps", RATES)
def test_otio_reads_the_clips_frames_and_sounds(fps: float) -> None:
    """OpenTimelineIO finds each clip at its frame, its gap where a shot is missing, the sounds and the start."""
    timeline = made(fps)
    found = otio.adapters.read_from_string(to_otio(timeline), "otio_json")
    assert is_hour(found.global_start_time, timeline.rate)
    (picture,) = found.video_tracks()
    assert [clip.name for clip in picture.find_clips()] == ["SH001", "SH002", "SH003", "SH005"]
    assert picture.duration().value == sum(LENGTHS)
    starts = [picture.range_of_child(clip).start_time.value for clip in picture.find_clips()]
    assert starts == [0, 37, 49, 150]
    assert [track.name for track in found.audio_tracks()] == ["Dialogue", "Music", "Effects"]
    dialogue = found.audio_tracks()[0]
    assert [dialogue.range_of_child(clip).start_time.value for clip in dialogue.find_clips()] == [5, 60]
    assert [track.duration().value for track in found.audio_tracks()[1:]] == [sum(LENGTHS)] * 2
    for clip in found.find_clips():
        assert clip.source_range.duration <= clip.available_range().duration
    markers = [marker for item in picture for marker in item.markers]
    assert [marker.name for marker in markers] == ["SH001", "SH002", "SH003", "SH004", "SH005"]
    assert markers[0].comment == "Mara runs.\ntransition: 叠化"


def test_otio_has_every_take_and_the_selected_one() -> None:
    """The takes of a shot are the media references of its clip; the selected one is active."""
    found = otio.adapters.read_from_string(to_otio(made(24, takes=3)), "otio_json")
    for clip in found.video_tracks()[0].find_clips():
        assert sorted(clip.media_references()) == ["T1", "T2", "T3"]
        assert clip.active_media_reference_key == "T3"
        assert clip.media_reference.target_url == f"media/{clip.name}_T3.mp4"


# -- EDL ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fps", RATES)
def test_pycmx_reads_the_events_of_an_edl(fps: float, tmp_path: Path) -> None:
    """pycmx finds an event per shot and per sound, on its channel, at its timecode, with the file of each."""
    timeline = made(fps)
    (tmp_path / "demo.edl").write_bytes(edl(timeline).encode())
    with (tmp_path / "demo.edl").open(encoding="utf-8", newline="") as stream:
        found = pycmx.parse_cmx3600(stream)
    assert not list(found.unrecognized_statements)
    edits = [event.edits[0] for event in found.events]
    pictures = [edit for edit in edits if edit.channels.video]
    assert [edit.clip_name for edit in pictures] == [f"SH00{number}_T1.mp4" for number in (1, 2, 3, 5)]
    assert pictures[0].record_in == "01:00:00:00"
    for edit, start, frames in zip(pictures, (0, 37, 49, 150), (37, 12, 100, 61), strict=True):
        record = timeline.rate.start + start
        assert (edit.record_in, edit.record_out) == tuple(
            timeline.rate.timecode(frame) for frame in (record, record + frames)
        )
        assert (edit.source_in, edit.source_out) == ("00:00:00:00", timeline.rate.timecode(frames))
    assert [edit.source_file for edit in edits if edit.channels.a1] == [
        "sound/SH001_阿岚_1.wav",
        "sound/SH003_mara_1.wav",
    ]
    assert [edit.source_file for edit in edits if edit.channels.a2] == ["sound/music.wav"]
    assert [edit.source_file for edit in edits if edit.channels.a3] == ["sound/effects.wav"]


def test_otio_reads_the_markers_of_an_edl() -> None:
    """The locators of an EDL are read as markers, one per shot."""
    found = otio.adapters.read_from_string(edl(made(24)), "cmx_3600", rate=24)
    (picture,) = found.video_tracks()
    assert [marker.name for clip in picture.find_clips() for marker in clip.markers] == [
        f"SH00{number} Mara runs. transition: 叠化" for number in (1, 2, 3, 5)
    ]


# -- XML ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fps", RATES)
def test_premiere_xml_is_read_with_its_markers(fps: float) -> None:
    """The reader of Final Cut Pro 7 XML finds clips, frames, sounds, markers, picture size and start."""
    timeline = made(fps)
    text = premiere(timeline, "/films/阿岚 a")
    found = otio.adapters.read_from_string(text, "fcp_xml")
    assert is_hour(found.global_start_time, timeline.rate)
    (picture,) = found.video_tracks()
    assert [clip.name for clip in picture.find_clips()] == [f"SH00{number}_T1" for number in (1, 2, 3, 5)]
    assert [picture.range_of_child(clip).start_time.value for clip in picture.find_clips()] == [0, 37, 49, 150]
    assert [len(track.find_clips()) for track in found.audio_tracks()] == [2, 1, 1]
    assert [marker.name for marker in found.tracks.markers] == [f"SH00{number}" for number in range(1, 6)]
    assert [int(marker.marked_range.start_time.value) for marker in found.tracks.markers] == [0, 37, 49, 149, 150]
    size = parsed(text).find(".//sequence/media/video/format/samplecharacteristics")
    assert size is not None
    assert (size.findtext("width"), size.findtext("height")) == ("1280", "720")
    url = picture.find_clips()[0].media_reference.target_url
    assert unquote(urlparse(url).path) == "/films/阿岚 a/media/SH001_T1.mp4"


@pytest.mark.parametrize("fps", RATES)
def test_fcpxml_has_whole_frames_and_the_start(fps: float) -> None:
    """Every time of an FCPXML is a whole number of frames; the spine has no hole and begins at one hour."""
    timeline = made(fps)
    exact = timeline.rate.exact
    root = parsed(fcpxml(timeline, "/films"))

    def frames(time: str) -> Fraction:
        return Fraction(time.removesuffix("s")) * exact

    sequence = root.find(".//sequence")
    assert sequence is not None
    assert frames(sequence.attrib["tcStart"]) == timeline.rate.start
    assert frames(sequence.attrib["duration"]) == sum(LENGTHS)
    spine = list(root.find(".//spine") or ())
    assert [element.tag for element in spine] == ["asset-clip", "asset-clip", "asset-clip", "gap", "asset-clip"]
    assert frames(spine[0].attrib["offset"]) == timeline.rate.start
    for one, other in pairwise(spine):
        assert frames(one.attrib["offset"]) + frames(one.attrib["duration"]) == frames(other.attrib["offset"])
    for element in root.iter():
        for name in ("offset", "duration", "start"):
            if name in element.attrib and element.tag != "asset":
                assert frames(element.attrib[name]).denominator == 1, (element.tag, element.attrib)
    assert [marker.attrib["value"] for marker in root.iter("marker")] == [f"SH00{number}" for number in range(1, 6)]
    sounds = [(e.attrib["lane"], e.attrib["audioRole"]) for e in root.iter("asset-clip") if "lane" in e.attrib]
    assert sorted(sounds) == [("-1", "dialogue"), ("-1", "dialogue"), ("-2", "music"), ("-3", "effects")]


def test_fcpxml_is_read_by_its_adapter() -> None:
    """The reader of FCPXML finds the clips with their lengths, the sounds on their lanes, and the files."""
    timeline = made(25)
    (found,) = otio.adapters.read_from_string(fcpxml(timeline, "/films"), "fcpx_xml")
    (picture,) = found.video_tracks()
    clips = picture.find_clips()
    assert [clip.name for clip in clips] == [f"SH00{number}_T1" for number in (1, 2, 3, 5)]
    assert [clip.source_range.duration.value for clip in clips] == [37, 12, 100, 61]
    assert picture.duration().value - 25 * 3600 == sum(LENGTHS)
    assert [len(track.find_clips()) for track in found.audio_tracks()] == [2, 1, 1]
    assert clips[0].media_reference.target_url == "file:///films/media/SH001_T1.mp4"


def test_fcpxml_has_takes_as_auditions() -> None:
    """With several takes a shot is an audition, whose first clip is the selected take."""
    root = parsed(fcpxml(made(24, takes=2), "/films"))
    auditions = list(root.iter("audition"))
    assert [[clip.attrib["name"] for clip in audition] for audition in auditions] == [
        [f"SH00{number}_T2", f"SH00{number}_T1"] for number in (1, 2, 3, 5)
    ]


def test_elements_of_a_clip_are_in_the_order_of_the_dtd() -> None:
    """In an asset-clip connected clips come before markers, and a note before all else."""
    order = {
        name: place for place, name in enumerate(("note", "conform-rate", "adjust-volume", "asset-clip", "marker"))
    }
    for clip in parsed(fcpxml(made(24), "/films")).iter("asset-clip"):
        places = [order[child.tag] for child in clip]
        assert places == sorted(places)


def test_a_clip_of_another_rate_keeps_its_own() -> None:
    """A clip of 30 frames per second in a film of 24 is described at its own rate, and shown for the film's frames."""
    rate, own = rate_of(24), rate_of(30)
    shot = Shot("SH001", 0, 48, 48, (Take(1, media("media/SH001_T1.mp4", Fraction(2), own)),))
    timeline = Timeline("demo", "demo", "en", rate, 1280, 720, (shot,), ())
    clip = otio.adapters.read_from_string(to_otio(timeline), "otio_json").find_clips()[0]
    assert clip.available_range().duration == otio.opentime.RationalTime(60, 30)
    assert clip.source_range.duration == otio.opentime.RationalTime(48, 24)
    root = parsed(fcpxml(timeline, "/films"))
    assert [element.attrib["srcFrameRate"] for element in root.iter("conform-rate")] == ["30"]
    (file,) = parsed(premiere(timeline, "/films")).iter("file")
    assert (file.findtext("rate/timebase"), file.findtext("duration")) == ("30", "60")


def test_a_short_clip_leaves_a_gap() -> None:
    """A clip that is three frames too short is followed by a gap of three frames; what follows stays in place."""
    rate = rate_of(24)
    shots = (
        Shot("SH001", 0, 24, 21, (Take(1, media("media/SH001_T1.mp4", rate.seconds(21), rate)),)),
        Shot("SH002", 24, 24, 24, (Take(1, media("media/SH002_T1.mp4", rate.seconds(24), rate)),)),
    )
    timeline = Timeline("demo", "demo", "en", rate, 1280, 720, shots, ())
    for text, adapter in ((to_otio(timeline), "otio_json"), (premiere(timeline, "/f"), "fcp_xml")):
        (picture,) = otio.adapters.read_from_string(text, adapter).video_tracks()
        assert [picture.range_of_child(clip).start_time.value for clip in picture.find_clips()] == [0, 24]
    spine = list(parsed(fcpxml(timeline, "/f")).find(".//spine") or ())
    assert [element.tag for element in spine] == ["asset-clip", "gap", "asset-clip"]
    assert [marker.attrib["value"] for marker in spine[2].iter("marker")] == ["SH002"]


# -- hostile text -------------------------------------------------------------------------------------------------


def holds(text: str) -> None:
    """Every format holds a film whose words are this text, and readers find its clips."""
    timeline = made(24, text=text)
    assert (
        len(
            otio.adapters.read_from_string(
                to_otio(timeline).encode("utf-8", "replace").decode(), "otio_json"
            ).find_clips()
        )
        == 8
    )
    assert len(parsed(premiere(timeline, "/f")).findall(".//sequence/marker")) == 5
    root = parsed(fcpxml(timeline, "/f"))
    assert len(list(root.iter("marker"))) == 5
    lines = edl(timeline).splitlines()
    assert len([line for line in lines if re.match(r"\d{3}  ", line)]) == 8
    assert all(re.match(r"\d{3}  |\* |TITLE: |TITLE:$|FCM: ", line) for line in lines)


def test_hostile_words_are_escaped() -> None:
    """Quotes, markup, line breaks, control characters, emoji and halves of surrogates break no format."""
    holds(HOSTILE)
    note = parsed(fcpxml(made(24, text=HOSTILE), "/f")).find(".//marker")
    assert note is not None
    assert note.attrib["note"].startswith("阿岚 \"quoted\" <b>&amp; ]]> --> {x}\nsecond 'line'")


@given(st.text(st.characters(codec=None), max_size=60))
def test_any_words_are_escaped(text: str) -> None:
    """No text at all breaks a format."""
    holds(text)


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=40).filter(lambda name: "/" not in name))
def test_any_folder_has_a_url(name: str) -> None:
    """The URL of a file in a folder of any name leads back to it."""
    folder = f"/films/{name}".rstrip("/")
    if re.match(r"/films/.*", folder):
        assert unquote(urlparse(file_url(folder, "media/a.mp4")).path) == f"{folder}/media/a.mp4"
