"""What is laid over clips at the cut: fades, dissolves, words, the title card; and the level of a film's sound."""

from __future__ import annotations

import io
import wave
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from filming import clash

from clash.errors import NotFoundError, StoryError
from clash.film.assembly import Clip, assemble
from clash.film.captions import Words
from clash.film.encoder import Frame, encode_clip
from clash.film.subtitles import Cue
from clash.film.titles import title_clip
from clash.film.transitions import transition_of
from clash.film.treatment import Treatment, treated
from clash.production.music_file import read_music
from clash.sound.given_music import Music, MusicTrack
from clash.sound.loudness import measure
from clash.sound.soundtrack import SoundShot, Utterance, film_sound, soundtrack
from clash.story.screenplay import Shot
from clash.workflow.treatments import _transitions  # pyright: ignore[reportPrivateUsage]

WIDTH, HEIGHT, FPS = 64, 36, 8


def plain(luma: int, count: int) -> Iterator[Frame]:
    """Yield frames of one grey."""
    for _ in range(count):
        frame = np.full((HEIGHT * 3 // 2, WIDTH), 128, np.uint8)
        frame[:HEIGHT] = luma
        yield frame


def clip(luma: int, count: int = FPS, treatment: Treatment | None = None, slot: str = "shot:001") -> Clip:
    """Return a clip of one grey."""
    content = encode_clip(plain(luma, count), width=WIDTH, height=HEIGHT, fps=FPS)
    return Clip(content, count, slot, treatment or Treatment())


def levels(film: Path) -> list[float]:
    """Return the mean luma of each frame."""
    with av.open(str(film)) as container:
        return [float(frame.to_ndarray(format="yuv420p")[:HEIGHT].mean()) for frame in container.decode(video=0)]


def joined(clips: list[Clip], folder: Path) -> list[float]:
    """Join clips to a film without sound, and return the level of each of its frames."""
    target = folder / "film.mp4"
    assemble(clips, target, fps=FPS, sound=None, cues=[], title="", language="en", size=(WIDTH, HEIGHT))
    return levels(target)


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("", "cut"),
        ("CUT TO:", "cut"),
        ("切", "cut"),
        ("SMASH CUT TO:", "cut"),
        ("DISSOLVE TO:", "dissolve"),
        ("叠化", "dissolve"),
        ("cross-fade", "dissolve"),
        ("Überblendung", "dissolve"),
        ("fondu enchaîné", "dissolve"),
        ("FADE IN:", "fade_in"),
        ("淡入", "fade_in"),
        ("FADE OUT.", "fade_out"),
        ("淡出", "fade_out"),
        ("黑场", "fade_out"),
        ("fade to black", "fade_out"),
        ("fondu au noir", "fade_out"),
        ("dip to black", "fade_through_black"),
    ],
)
def test_words_for_a_transition(words: str, kind: str) -> None:
    """The trade's words in several languages name what is made; what cannot be made is a cut."""
    assert transition_of(words) == kind


def test_a_film_keeps_its_length_through_every_transition(tmp_path: Path) -> None:
    """Fades and dissolves lie within the shots: no frame more, no frame less, and the middle of each is untouched."""
    treatments = [Treatment(fade_in=3, dissolve_out=3), Treatment(dissolve_in=3), Treatment(fade_out=3)]
    clips = [clip(luma, 12, treatment) for luma, treatment in zip((60, 180, 120), treatments, strict=True)]
    seen = joined(clips, tmp_path)
    assert len(seen) == 36
    assert seen[0] < 40
    assert seen[0] < seen[1] < seen[2] < 60
    assert [round(seen[number] / 10) for number in (6, 18, 27)] == [6, 18, 12]
    around_the_cut = seen[9:15]
    assert around_the_cut == sorted(around_the_cut)
    assert 100 < around_the_cut[2] < around_the_cut[3] < 140
    assert seen[-1] < 60


def test_it_makes_no_difference_when_a_fade_is_encoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is encoded before all else, and what is encoded when it is reached, give the same film to the byte."""
    treatments = [Treatment(fade_in=3, dissolve_out=3), Treatment(dissolve_in=3), Treatment(fade_out=3)]
    clips = [clip(luma, 12, treatment) for luma, treatment in zip((60, 180, 120), treatments, strict=True)]
    joined(clips, tmp_path)
    first = (tmp_path / "film.mp4").read_bytes()
    monkeypatch.setattr("clash.film.assembly._FEW_S", 0)
    joined(clips, tmp_path)
    assert (tmp_path / "film.mp4").read_bytes() == first


def test_a_clip_without_treatment_is_copied(tmp_path: Path) -> None:
    """Only what is laid over is encoded again."""
    clips = [clip(60), clip(120, treatment=Treatment(fade_out=2))]
    joined(clips, tmp_path)

    def packets(source: str | Path | bytes) -> list[bytes]:
        import io

        with av.open(io.BytesIO(source) if isinstance(source, bytes) else str(source)) as container:
            return [bytes(packet) for packet in container.demux(container.streams.video[0]) if packet.size]

    film, first, second = packets(tmp_path / "film.mp4"), packets(clips[0].path), packets(clips[1].path)
    assert film[: len(first)] == first
    assert film[len(first) :] != second


def test_only_what_a_fade_changes_is_encoded_again(tmp_path: Path) -> None:
    """A clip of seven seconds that fades out is copied up to its last keyframe before the fade."""
    fading = clip(120, 7 * FPS, Treatment(fade_out=3))
    seen = joined([clip(60), fading, clip(180, slot="shot:003")], tmp_path)
    assert [round(level / 10) for level in seen[: 8 * FPS - 3]] == [6] * FPS + [12] * (7 * FPS - 3)
    assert 120 > seen[8 * FPS - 3] > seen[8 * FPS - 2] > seen[8 * FPS - 1]
    assert [round(level / 10) for level in seen[8 * FPS :]] == [18] * FPS
    with av.open(io.BytesIO(fading.path) if isinstance(fading.path, bytes) else str(fading.path)) as source:
        before = [bytes(packet) for packet in source.demux(source.streams.video[0]) if packet.size]
    with av.open(str(tmp_path / "film.mp4")) as film:
        after = [bytes(packet) for packet in film.demux(film.streams.video[0]) if packet.size]
    assert after[FPS : 7 * FPS] == before[: 6 * FPS]
    assert after[7 * FPS : 8 * FPS] != before[6 * FPS :]


def test_the_rest_of_a_clip_that_fades_in_is_copied(tmp_path: Path) -> None:
    """A clip of five seconds that fades in is copied from its second keyframe on; no frame is lost or late."""
    rising = clip(120, 5 * FPS, Treatment(fade_in=3))
    seen = joined([rising, clip(60, slot="shot:002")], tmp_path)
    assert seen[0] < seen[1] < seen[2] < 119
    assert [round(level / 10) for level in seen[3:]] == [12] * (5 * FPS - 3) + [6] * FPS


def test_a_fade_that_costs_the_others_is_left_out(tmp_path: Path) -> None:
    """Clips of another encoder are copied; the end does not fade then, and no clip loses quality."""
    content = encode_clip(plain(90, FPS), width=WIDTH, height=HEIGHT, fps=FPS)
    foreign = tmp_path / "foreign.mp4"
    with av.open(str(foreign), "w") as target:
        stream = target.add_stream("libx264", rate=FPS, options={"preset": "ultrafast", "crf": "28"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for number, picture in enumerate(plain(90, FPS)):
            frame = av.VideoFrame.from_ndarray(picture, format="yuv420p")
            frame.pts = number
            target.mux(stream.encode(frame))
        target.mux(stream.encode(None))
    wish = Treatment(fade_out=4, is_needed=False)
    seen = joined([Clip(foreign, FPS, "shot:001"), Clip(foreign, FPS, "shot:002", wish)], tmp_path)
    assert min(seen) > 80
    asked = Treatment(fade_out=4)
    seen = joined([Clip(foreign, FPS, "shot:001"), Clip(foreign, FPS, "shot:002", asked)], tmp_path)
    assert seen[-1] < 60
    assert content


def test_transitions_of_the_shots() -> None:
    """A dissolve takes both sides of its cut; a fade through black, too; the last shot fades out in any case."""
    words = ["", "叠化", "dip to black", "Fade in", ""]
    shots = [
        Shot(number=number, location="pier", action="", duration_s=2, transition=word)
        for number, word in enumerate(words, 1)
    ]
    made = _transitions(shots, [16] * 5, FPS)
    assert made[0].is_empty
    assert (made[1].dissolve_out, made[2].dissolve_in) == (3, 3)
    assert made[2].fade_out
    assert made[3].fade_in
    assert made[2].is_needed
    assert made[3].is_needed
    assert made[4].fade_out
    assert not made[4].is_needed


def test_words_are_laid_over_only_where_they_are_heard() -> None:
    """Burned captions change the frames of their time and no others."""
    words = Treatment(words=(Words(2, 5, "Go."),))
    seen = list(treated(plain(90, 8), words, count=8, width=WIDTH, height=HEIGHT, fps=FPS))
    changed = [bool((frame[:HEIGHT] != 90).any()) for frame in seen]
    assert changed == [False, False, True, True, True, False, False, False]


def test_the_title_card() -> None:
    """It shows the title, large enough to be read, begins and ends in black, and fits however long the title is."""
    for title in ("灯塔", "The Lighthouse", "A title that is much longer than any title should ever be " * 3):
        content, count = title_clip(title, width=320, height=180, fps=FPS)
        import io

        with av.open(io.BytesIO(content)) as container:
            frames = [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]
        assert len(frames) == count
        assert frames[0].max() < frames[count // 2].max()
        middle = frames[count // 2] > 120
        assert middle.any()
        assert not middle[:, :8].any()
        assert not middle[:, -8:].any()


def test_subtitle_tracks(tmp_path: Path) -> None:
    """Shown unasked, offered, or none."""
    found: dict[str, object] = {}
    for wish in ("default", "offered", "none"):
        target = tmp_path / f"{wish}.mp4"
        cues = [Cue(0.2, 0.9, "你好", "玛拉")]
        assemble([clip(90)], target, fps=FPS, sound=None, cues=cues, title="", language="zh-Hans", subtitles=wish)
        with av.open(str(target)) as container:
            tracks = container.streams.subtitles
            found[wish] = [(track.language, bool(track.disposition)) for track in tracks]
    assert found == {"default": [("zho", True)], "offered": [("zho", False)], "none": []}


@pytest.fixture
def speech(tmp_path: Path) -> Path:
    """A file with something to hear, as loud as speech, with pauses."""
    rate = 48_000
    time = np.arange(rate * 3) / rate
    tone = np.sin(2 * np.pi * 220 * time) * 0.3 * (np.sin(2 * np.pi * 2 * time) > -0.3)
    path = tmp_path / "speech.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((tone * 32767).astype("<i2").tobytes())
    return path


def test_a_film_without_speech_is_as_quiet_as_a_bed(speech: Path, tmp_path: Path) -> None:
    """With speech it has -16 LUFS; rain alone, or rain under a silent file, is at least 8 LU below that."""
    silent = tmp_path / "silent.wav"
    with wave.open(str(silent), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(48_000)
        file.writeframes(bytes(48_000 * 2 * 3))

    def loudness(*utterances: Utterance) -> float:
        shots = [SoundShot(12.0, utterances, "harbour", "day", "rain", music="none")]
        return measure(film_sound(shots))

    spoken = loudness(*(Utterance(speech, start) for start in (0.5, 4.0, 8.0)))
    assert spoken == pytest.approx(-16, abs=1)
    assert loudness() == pytest.approx(loudness(Utterance(silent, 1.0)), abs=0.1)
    assert loudness() < spoken - 8


@pytest.fixture
def tune(tmp_path: Path) -> Path:
    """A short piece of music, much louder than a bed."""
    rate = 44_100
    time = np.arange(rate * 2) / rate
    with wave.open(str(tmp_path / "tune.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((np.sin(2 * np.pi * 523 * time) * 30000).astype("<i2").tobytes())
    return tmp_path / "tune.wav"


def test_given_music_is_repeated_at_the_level_of_the_score(tune: Path) -> None:
    """A file of two seconds is heard through a film of nine, as loud as the score would be; louder where asked."""
    track = MusicTrack(Music(tune))
    sound = np.concatenate([track.read(48_000) for _ in range(9)], axis=1)
    assert sound.shape == (2, 9 * 48_000)
    seconds = np.sqrt(np.mean(np.square(sound.reshape(2, 9, 48_000)), axis=(0, 2)))
    assert seconds.min() > 0.3 * seconds.max() > 0
    assert measure([np.ascontiguousarray(sound.T)]) == pytest.approx(-30.5, abs=2)
    louder = MusicTrack(Music(tune, volume_db=6.0)).read(48_000)
    assert float(np.abs(louder).max()) == pytest.approx(2 * float(np.abs(sound[:, :48_000]).max()), rel=0.01)


def test_no_music_is_no_music(tune: Path) -> None:
    """Without music only the place is heard; with a file its tone is."""

    def tone(music: Music | None) -> float:
        shots = [SoundShot(4.0, (), "room", "day", "clear")]
        sound = np.concatenate(list(soundtrack(shots, music)))[48_000:144_000, 0]
        spectrum = np.abs(np.fft.rfft(sound))
        return float(spectrum[1046] / spectrum.mean())

    assert tone(Music(tune)) > 100
    assert tone(Music()) < 20


@pytest.mark.parametrize("content", [b"", b"no music", b"RIFF" + bytes(40)])
def test_what_is_no_music_is_refused(tmp_path: Path, content: bytes) -> None:
    """The error names the file; a file that is silent is none either."""
    path = tmp_path / "tune.wav"
    path.write_bytes(content)
    with pytest.raises(StoryError, match=r"tune\.wav"):
        read_music(str(path))
    with pytest.raises(NotFoundError):
        read_music(str(tmp_path / "missing.wav"))
    assert read_music("none") == b""


@pytest.mark.parametrize(
    "table",
    [
        "shot,location,description,transition,duration\n1,Pier,A pier,fade in,2\n2,Pier,The sea,dissolve,2\n"
        "3,Forest,A path,fade to black,2\n4,Forest,Trees,fade out,2\n",
        "镜号,场景,画面,转场,时长\n1,码头,码头,淡入,2\n2,码头,海面,叠化,2\n3,森林,小路,黑场,2\n4,森林,树,淡出,2\n",
    ],
    ids=["en", "zh"],
)
def test_the_transitions_of_a_table_are_in_its_film(tmp_path: Path, table: str) -> None:
    """In both languages: light rises and falls where the table says, and the film is as long as its shots."""
    (tmp_path / "story.csv").write_text(table, encoding="utf-8")
    run = ("run", "story.csv", "--thread", "t", "--size", "128x72", "--fps", "8", "--json")
    assert clash(tmp_path, *run).document["status"] == "completed"
    lights = levels(tmp_path / "output/t/film.mp4")
    shots = [levels(path) for path in sorted((tmp_path / "output/t/shots").glob("*.mp4"))]
    assert [len(shot) for shot in shots] == [16] * 4
    assert len(lights) == 64
    plain = [light for shot in shots for light in shot]
    assert lights[0] < plain[0] - 10, "it fades in"
    assert lights[47] < plain[47] - 10, "it fades to black"
    assert lights[63] < plain[63] - 10, "it fades out"
    assert lights[8] == pytest.approx(plain[8], abs=3), "a shot's middle is as it was made"
    assert lights[40] == pytest.approx(plain[40], abs=3)
