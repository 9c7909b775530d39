"""The cut: nothing encoded twice, nothing out of time, one unbroken sound, the same bytes every time."""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from clash.errors import FilmError, StorageError
from clash.film.assembly import Clip, assemble
from clash.film.conform import facts_of
from clash.film.encoder import Frame, encode_clip, planes_of
from clash.film.subtitles import Cue

W, H, FPS, RATE = 160, 96, 24, 48_000
LENGTHS = (30, 1, 2, 49)


def _moving(count: int, tone: int, width: int = W, height: int = H) -> Iterator[Frame]:
    """Frames of one tone (its luma) with a bar that goes across."""
    for number in range(count):
        picture = np.full((height * 3 // 2, width), 128, np.uint8)
        luma = planes_of(picture, width, height)[0]
        luma[:] = tone
        luma[:, number % (width - 8) : number % (width - 8) + 8] = 220
        yield picture


def _clip(folder: Path, number: int, frames: int, tone: int, width: int = W, height: int = H) -> Clip:
    path = folder / f"{number:03d}.mp4"
    path.write_bytes(encode_clip(_moving(frames, tone, width, height), width=width, height=height, fps=FPS))
    return Clip(path, frames, f"shot:{number:03d}")


@pytest.fixture
def clips(tmp_path: Path) -> list[Clip]:
    return [_clip(tmp_path, number, frames, 60 + 30 * number) for number, frames in enumerate(LENGTHS)]


def _foreign(path: Path, codec: str, seconds: float, fps: int, width: int, height: int) -> Path:
    """A clip of another make: mid grey, a bright left half, another codec, size or rate."""
    picture = np.full((height, width, 3), 100, np.uint8)
    picture[:, : width // 2] = 180
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=fps)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for number in range(round(seconds * fps)):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, fps)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def _join(clips: Sequence[Clip], output: Path, **changes: Any) -> Path:
    asked: dict[str, Any] = {"fps": FPS, "sound": None, "cues": [], "title": "T", "language": "en"}
    assemble(clips, output, **(asked | changes))
    return output


def _tones(film: Path) -> list[tuple[Fraction, float]]:
    """Each frame's time and its median luma."""
    with av.open(str(film), "r") as container:
        return [
            (Fraction(frame.pts or 0) * (frame.time_base or 0), float(np.median(frame.to_ndarray()[: frame.height])))
            for frame in container.decode(video=0)
        ]


def _heard(film: Path) -> NDArray[np.float32]:
    with av.open(str(film), "r") as container:
        heard = [frame.to_ndarray() for frame in container.decode(audio=0)]
    return np.concatenate(heard, axis=1).astype(np.float32)


def _packets(path: Path) -> list[bytes]:
    with av.open(str(path), "r") as container:
        return [bytes(packet) for packet in container.demux(video=0) if packet.size]


def test_every_frame_is_at_its_time(clips: list[Clip], tmp_path: Path) -> None:
    """Clips of 30, 1, 2 and 49 frames join without a gap: frame k stands at exactly k / 24 s, in the right clip."""
    frames = _tones(_join(clips, tmp_path / "film"))
    assert [time for time, _ in frames] == [Fraction(number, FPS) for number in range(sum(LENGTHS))]
    tones = [tone for _, tone in frames]
    wanted = [60 + 30 * number for number, count in enumerate(LENGTHS) for _ in range(count)]
    assert np.abs(np.array(tones) - wanted).max() < 6


def test_the_picture_is_copied(clips: list[Clip], tmp_path: Path) -> None:
    """The film's picture is, packet for packet, that of its clips."""
    film = _join(clips, tmp_path / "film")
    assert _packets(film) == [packet for clip in clips for packet in _packets(clip.path)]


def test_sound_is_continuous_and_in_time_with_the_picture(clips: list[Clip], tmp_path: Path) -> None:
    """A click at 2.5 s of the sound is heard at 2.5 s of the film, and samples follow each other without a gap."""
    sound = np.zeros((round(sum(LENGTHS) / FPS * RATE), 2), np.float32)
    sound[int(2.5 * RATE)] = 0.9
    film = _join(clips, tmp_path / "film", sound=np.array_split(sound, 7))
    heard = _heard(film)
    assert abs(int(heard[0].argmax()) - 2.5 * RATE) <= 2
    assert heard.shape[1] / RATE == pytest.approx(sum(LENGTHS) / FPS, abs=0.03)
    with av.open(str(film), "r") as container:
        ends = 0
        for frame in container.decode(audio=0):
            assert frame.pts == ends
            ends += frame.samples


def test_the_encoder_makes_no_clicks(clips: list[Clip], tmp_path: Path) -> None:
    """Speech that ends and begins, over noise, comes back: hardly a sample is off by a tenth of full scale."""
    sound = _syllables(sum(LENGTHS) / FPS)
    heard = _heard(_join(clips, tmp_path / "film", sound=[sound])).T
    both = min(len(sound), len(heard)) - RATE // 10
    assert np.count_nonzero(np.abs(heard[:both] - sound[:both]).max(axis=1) > 0.1) < 70


def _syllables(seconds: float) -> NDArray[np.float32]:
    """A buzz with three resonances, in syllables, over noise that differs on both sides."""
    chance, time = np.random.default_rng(4), np.arange(int(seconds * RATE)) / RATE
    turns = np.cumsum(120 + 40 * np.sin(2 * np.pi * 0.7 * time)) / RATE
    hertz = np.fft.rfftfreq(time.size, 1 / RATE)
    throat = sum(
        gain / (1 + ((hertz - at) / wide) ** 2) for at, wide, gain in ((600, 80, 1), (1300, 100, 0.6), (2600, 150, 0.4))
    )
    buzz = np.fft.irfft(np.fft.rfft((turns % 1 < 0.04).astype(float)) * throat, time.size)
    buzz *= np.sin(2 * np.pi * 3 * time) > -0.2
    return (0.7 * buzz / np.abs(buzz).max())[:, None].astype(np.float32) + chance.normal(
        0, 0.03, (time.size, 2)
    ).astype(np.float32)


@pytest.mark.parametrize("seconds", [0.0, 1.0, 10.0])
def test_sound_is_as_long_as_the_picture(clips: list[Clip], tmp_path: Path, seconds: float) -> None:
    """Too little sound is followed by silence; too much is cut."""
    sound = [np.full((round(seconds * RATE), 2), 0.2, np.float32)]
    heard = _heard(_join(clips, tmp_path / "film", sound=sound))
    assert heard.shape[1] / RATE == pytest.approx(sum(LENGTHS) / FPS, abs=0.03)


def test_sound_out_of_range_is_limited(clips: list[Clip], tmp_path: Path) -> None:
    """Infinite, missing and overdriven samples do not break the encoder."""
    sound = np.full((RATE, 2), np.nan, np.float32)
    sound[::7], sound[1::7] = np.inf, -5
    assert np.isfinite(_heard(_join(clips, tmp_path / "film", sound=[sound]))).all()


def test_sound_streams(clips: list[Clip], tmp_path: Path) -> None:
    """Chunks are taken as the film goes on and let go at once: never more than a few are held."""
    alive: list[weakref.ref[NDArray[np.float32]]] = []
    most = 0

    def chunks() -> Iterator[NDArray[np.float32]]:
        nonlocal most
        for _ in range(30):
            chunk = np.zeros((RATE // 8, 2), np.float32)
            alive.append(weakref.ref(chunk))
            most = max(most, sum(1 for reference in alive if reference() is not None))
            yield chunk

    _join(clips, tmp_path / "film", sound=chunks())
    assert len(alive) >= 26
    assert most <= 3


def test_subtitles_are_offered_but_not_forced(clips: list[Clip], tmp_path: Path) -> None:
    """The cues are a track of the film with its language, at their times, switched off until asked for."""
    cues = [Cue(0.5, 1.0, "你回来了。", "玛拉"), Cue(2.0, 2.5, "灯塔黑了。")]
    film = _join(clips, tmp_path / "film", cues=cues, language="zh", sound=[], subtitles="offered")
    with av.open(str(film), "r") as container:
        track = container.streams.subtitles[0]
        assert (track.language, container.streams.audio[0].language) == ("zho", "zho")
        assert not track.disposition
        assert container.streams.video[0].disposition
        shown = [
            (float((packet.pts or 0) * packet.time_base), bytes(packet)[2:].decode())
            for packet in container.demux(track)
            if packet.size > 2
        ]
    assert shown == [(0.5, "玛拉：你回来了。"), (2.0, "灯塔黑了。")]


def test_the_index_comes_first_and_the_title_is_kept(clips: list[Clip], tmp_path: Path) -> None:
    """A browser can start to play at once, and a player shows the film's name."""
    film = _join(clips, tmp_path / "film", title="The Lighthouse\x00 灯塔", sound=[])
    content = film.read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")
    with av.open(str(film), "r") as container:
        assert container.metadata["title"] == "The Lighthouse 灯塔"


def test_the_same_clips_give_the_same_film(clips: list[Clip], tmp_path: Path) -> None:
    """Bytes depend on the input alone: no dates, no versions, no chance."""
    sound = np.random.default_rng(1).normal(0, 0.1, (3 * RATE, 2)).astype(np.float32)
    films = [
        _join(clips, tmp_path / name, sound=[sound], cues=[Cue(0, 1, "Hello.")]).read_bytes() for name in ("one", "two")
    ]
    assert films[0] == films[1]


@pytest.mark.parametrize(
    ("codec", "fps", "size"), [("mpeg4", 30, (320, 240)), ("libx264", 24, (160, 96)), ("libx264", 12, (96, 160))]
)
def test_a_clip_of_another_format_is_conformed(
    clips: list[Clip], tmp_path: Path, codec: str, fps: int, size: tuple[int, int]
) -> None:
    """A clip with another codec, size or rate is encoded again: right length, right place, its middle filled in."""
    foreign = Clip(_foreign(tmp_path / "foreign.mp4", codec, 2.0, fps, *size), 36, "shot:009")
    film = _join([clips[0], foreign, clips[3]], tmp_path / "film")
    frames = _tones(film)
    assert [time for time, _ in frames] == [Fraction(number, FPS) for number in range(30 + 36 + 49)]
    assert _packets(film)[:30] == _packets(clips[0].path)
    with av.open(str(film), "r") as container:
        picture = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)][40]
    assert picture.shape == (H, W, 3)
    assert np.abs(picture[:, 8 : W // 2 - 8].mean() - 180) < 4
    assert np.abs(picture[:, W // 2 + 8 : -8].mean() - 100) < 4


def test_clips_of_one_other_format_are_copied(tmp_path: Path) -> None:
    """Clips of one format are joined as they are, whatever made them."""
    made = [_foreign(tmp_path / f"{n}.mp4", "libx264", 1.0, FPS, 320, 192) for n in range(3)]
    film = _join([Clip(path, FPS) for path in made], tmp_path / "film")
    assert _packets(film) == [packet for path in made for packet in _packets(path)]


def test_the_films_size_can_be_given(clips: list[Clip], tmp_path: Path) -> None:
    """Clips of another size than the film's are scaled to it."""
    facts = facts_of(_join(clips[:1], tmp_path / "film", size=(64, 64)), "the film")
    assert (facts.width, facts.height, facts.frames) == (64, 64, 30)


def test_a_clip_a_frame_short_holds_its_last_frame(clips: list[Clip], tmp_path: Path) -> None:
    """A model that counts in seconds may be a frame off; the film still has all its frames."""
    short = Clip(clips[3].path, 51, "shot:003")
    frames = _tones(_join([clips[0], short], tmp_path / "film"))
    assert len(frames) == 30 + 51


@pytest.mark.parametrize("damage", ["missing", "empty", "no film", "cut off", "too short"])
def test_a_clip_that_cannot_be_used_is_named(clips: list[Clip], tmp_path: Path, damage: str) -> None:
    """The error names the shot whose clip is missing, damaged or too short, and no film is called done."""
    path, frames = clips[3].path, clips[3].frames
    content = path.read_bytes()
    match damage:
        case "missing":
            path.unlink()
        case "empty":
            path.write_bytes(b"")
        case "no film":
            path.write_bytes(b"RIFF" * 100)
        case "cut off":
            path.write_bytes(content[: len(content) // 2])
        case _:
            frames = 90
    with pytest.raises(FilmError, match="shot:003") as caught:
        _join([*clips[:3], Clip(path, frames, "shot:003")], tmp_path / "film")
    assert caught.value.slots == ("shot:003",)


def test_a_film_without_clips_is_an_error(tmp_path: Path) -> None:
    """Nothing to join is said plainly."""
    with pytest.raises(FilmError, match="at least one clip"):
        _join([], tmp_path / "film")


def test_a_place_that_cannot_be_written_is_a_storage_error(clips: list[Clip], tmp_path: Path) -> None:
    """A missing folder is the disk's fault, not the clips'."""
    with pytest.raises(StorageError, match="cannot be written"):
        _join(clips, tmp_path / "nowhere" / "film")
