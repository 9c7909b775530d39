"""The finished film looked at: a good one passes, and each fault is found and named by its shot."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from clash.errors import FilmError
from clash.film.assembly import Clip, assemble
from clash.film.camera import frames
from clash.film.captions import Words, lay_over
from clash.film.encoder import Frame, encode_clip, planes_of
from clash.film.inspection import FilmFacts, ShotSpan, check_film, inspect_film
from clash.film.lettering import words_from
from clash.film.subtitles import Cue
from clash.film.treatment import Treatment
from clash.sound.loudness import LoudnessMeter
from clash.story.screenplay import Movement

W, H, FPS, RATE = 480, 270, 24, 48_000
COUNT = 48
SLOTS = ("shot:001", "shot:002", "shot:003")
SHOTS = [ShotSpan(slot, number * COUNT, COUNT) for number, slot in enumerate(SLOTS)]


def _still(seed: int) -> Image.Image:
    """A picture with detail: discs of many sizes and tones over a gradient, and film grain."""
    chance = np.random.default_rng(seed)
    x = np.linspace(40, 140, W * 2)
    picture = Image.fromarray(np.tile(x, (H * 2, 1)).astype(np.uint8)).convert("RGB")
    pen = ImageDraw.Draw(picture)
    for _ in range(60):
        centre_x, centre_y, radius = chance.integers(0, (W * 2, H * 2, 60))
        tone = tuple(int(level) for level in chance.integers(30, 230, 3))
        pen.ellipse((centre_x - radius, centre_y - radius, centre_x + radius, centre_y + radius), fill=tone)
    grain = chance.normal(0, 4, (H * 2, W * 2, 3))
    return Image.fromarray((np.asarray(picture) + grain).clip(0, 255).astype(np.uint8))


def _moving(seed: int, movement: Movement = "static", count: int = COUNT) -> Iterable[Frame]:
    return frames(_still(seed), movement, count=count, width=W, height=H, fps=FPS)


def _frozen(seed: int) -> Iterable[Frame]:
    (first,) = _moving(seed, count=1)
    words = [Words(6, 40, "A caption comes and goes over a picture that does not move.", "Mara")]
    return lay_over([first.copy() for _ in range(COUNT)], words, slate="SC 1  SHOT 2", width=W, height=H, fps=FPS)


def _black() -> Iterable[Frame]:
    for _ in range(COUNT):
        picture = np.full((H * 3 // 2, W), 128, np.uint8)
        planes_of(picture, W, H)[0][:] = 17
        yield picture


def _tone(level_db: float, seconds: float) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """A sine of 1 kHz in both channels; by EBU R 128 its loudness in LUFS is its level in dB."""
    wave = 10 ** (level_db / 20) * np.sin(2 * np.pi * 1000 * np.arange(round(seconds * RATE)) / RATE)
    return np.stack([wave, wave], 1).astype(np.float32)


def _empty() -> Iterable[Frame]:
    """A picture without detail: a slow gradient, in which no motion of the camera could be seen."""
    for _ in range(COUNT):
        picture = np.full((H * 3 // 2, W), 128, np.uint8)
        planes_of(picture, W, H)[0][:] = np.linspace(90, 120, H).astype(np.uint8)[:, None]
        yield picture


def _film(
    folder: Path, shots: Iterable[Iterable[Frame]], *, silent: bool = False, on_screen: Sequence[str] = ()
) -> Path:
    clips: list[Clip] = []
    for number, shot in enumerate(shots):
        path = folder / f"{number}.mp4"
        path.write_bytes(encode_clip(shot, width=W, height=H, fps=FPS))
        words = on_screen[number] if on_screen else ""
        clips.append(Clip(path, COUNT, treatment=Treatment(on_screen=words, is_needed=bool(words))))
    film = folder / "film"
    sound = None if silent else [_tone(-20.0, len(clips) * COUNT / FPS)]
    cues = [Cue(0.5, 1.5, "Hello."), Cue(2, 3, "Again.")]
    assemble(clips, film, fps=FPS, sound=sound, cues=cues, title="T", language="en")
    return film


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film of three moving shots, with sound and subtitles."""
    shots = [_moving(1), _moving(2, "push_in"), _moving(3, "pan_left")]
    return _film(tmp_path_factory.mktemp("good"), shots)


def _check(facts: FilmFacts, shots: list[ShotSpan] = SHOTS) -> None:
    check_film(facts, expected_frames=3 * COUNT, fps=FPS, shots=shots)


def test_a_good_film_passes(good: Path) -> None:
    """Streams, codecs, size, frames, lengths, cues and loudness are read back as they were made."""
    facts = inspect_film(good, LoudnessMeter())
    _check(facts)
    assert facts.codecs == ("h264", "aac", "mov_text")
    assert (facts.pix_fmt, facts.width, facts.height, facts.fps) == ("yuv420p", W, H, 24.0)
    assert (facts.frames, facts.cues, facts.corrupt, facts.misplaced) == (3 * COUNT, 2, 0, 0)
    assert facts.video_s == pytest.approx(6.0)
    assert facts.sound_s == pytest.approx(6.0, abs=0.03)
    assert facts.loudness_lufs == pytest.approx(-20.0, abs=0.3)
    assert facts.black == facts.still == ()


def test_a_frozen_shot_is_named(tmp_path: Path) -> None:
    """A picture that does not move is found beneath its captions, and named by its slot."""
    facts = inspect_film(_film(tmp_path, [_moving(1), _frozen(2), _moving(3)]))
    with pytest.raises(FilmError, match=r"shot:002 is still for 2\.0 s") as caught:
        _check(facts)
    assert caught.value.slots == ("shot:002",)


@pytest.mark.parametrize(("width", "height"), [(96, 64), (64, 96)])
def test_the_drift_of_a_tiny_film_is_not_called_still(tmp_path: Path, width: int, height: int) -> None:
    """On few lines a static shot's drift takes longer to be seen; a shot that is frozen throughout still is named."""
    fps, count = 8, 32
    still = _still(5).resize((960, 540)).filter(ImageFilter.GaussianBlur(14))
    moving = list(frames(still, "static", count=count, width=width, height=height, fps=fps))
    for shot, named in ((moving, False), ([moving[0]] * count, True)):
        path = tmp_path / "clip.mp4"
        path.write_bytes(encode_clip(shot, width=width, height=height, fps=fps))
        film = tmp_path / f"film {named}"
        sound = [_tone(-20.0, count / fps)]
        assemble([Clip(path, count)], film, fps=fps, sound=sound, cues=[Cue(0, 1, "Hm.")], title="T", language="en")
        facts = inspect_film(film)
        assert bool(facts.still) == named
        if named:
            with pytest.raises(FilmError, match=r"shot:001 is still for 4\.0 s"):
                check_film(facts, expected_frames=count, fps=fps, shots=[ShotSpan("shot:001", 0, count)])


@pytest.mark.parametrize("words", ["23:58", "Łódź\n24 grudnia\n1994", "KONIEC\n" * 9])
def test_words_over_an_empty_picture_are_not_a_still_shot(tmp_path: Path, words: str) -> None:
    """The words stand still, and the picture beneath has nothing that could move; a frozen one is named as ever."""
    on_screen = [words, "Oslo 1994", words]
    film = _film(tmp_path, [_empty(), _frozen(2), _moving(3)], on_screen=on_screen)
    shots = [replace(shot, words_from=words_from(text, W, H)) for shot, text in zip(SHOTS, on_screen, strict=True)]
    facts = inspect_film(film, shots=shots)
    with pytest.raises(FilmError, match=r"shot:002 is still for 2\.0 s") as caught:
        _check(facts, shots)
    assert caught.value.slots == ("shot:002",)


def test_a_shot_that_asks_for_stillness_may_have_it(tmp_path: Path) -> None:
    """A still stretch within a shot that allows it is no fault."""
    facts = inspect_film(_film(tmp_path, [_moving(1), _frozen(2), _moving(3)]))
    assert facts.still
    _check(facts, [SHOTS[0], replace(SHOTS[1], still_allowed=True), SHOTS[2]])


def test_a_black_shot_is_named(tmp_path: Path) -> None:
    """Black is found though a caption and the slate stand on it."""
    words = [Words(0, COUNT, "Is anyone there?", "Mara")]
    dark = lay_over(_black(), words, slate="SC 1  SHOT 3", width=W, height=H, fps=FPS)
    facts = inspect_film(_film(tmp_path, [_moving(1), _moving(2), dark]))
    with pytest.raises(FilmError, match="shot:003 is black"):
        _check(facts)
    _check(facts, [*SHOTS[:2], replace(SHOTS[2], black_allowed=True)])


def test_a_night_scene_is_not_black(tmp_path: Path) -> None:
    """A dark picture with a few lights in it, moving slowly, passes."""
    night = Image.new("RGB", (W * 2, H * 2), (10, 14, 30))
    pen = ImageDraw.Draw(night)
    for x in range(20, W * 2, 90):
        pen.rectangle((x, H, x + 30, H + 40), fill=(200, 170, 90))
    shot = frames(night, "static", count=COUNT, width=W, height=H, fps=FPS)
    _check(inspect_film(_film(tmp_path, [_moving(1), shot, _moving(3)])))


def test_a_short_freeze_is_allowed(tmp_path: Path) -> None:
    """Half a second without motion is left alone."""
    frozen = list(_frozen(2))[:12]
    shot = chain(frozen, list(_moving(2, "push_in"))[12:])
    _check(inspect_film(_film(tmp_path, [_moving(1), shot, _moving(3)])))


def test_missing_frames_are_counted(good: Path) -> None:
    """A film shorter than its shots says how many frames it has, of how many."""
    with pytest.raises(FilmError, match=r"144 frames of 168.*picture lasts 6\.00 s, not 7\.00 s"):
        check_film(inspect_film(good), expected_frames=168, fps=FPS, shots=SHOTS)


def test_a_wrong_frame_rate_is_reported(good: Path) -> None:
    """Frames a second are part of what was asked."""
    with pytest.raises(FilmError, match="24 frames a second, not 30"):
        check_film(inspect_film(good), expected_frames=144, fps=30, shots=SHOTS)


def test_missing_sound_is_reported(tmp_path: Path) -> None:
    """A film without its sound track fails, unless silence was asked for."""
    facts = inspect_film(_film(tmp_path, [_moving(1), _moving(2), _moving(3)], silent=True))
    assert facts.loudness_lufs is None
    with pytest.raises(FilmError, match="no aac audio"):
        _check(facts)
    check_film(facts, expected_frames=144, fps=FPS, shots=SHOTS, sound=False)


def test_damage_inside_the_file_is_found(good: Path, tmp_path: Path) -> None:
    """Bytes overwritten in the middle of the picture make the film fail."""
    content = bytearray(good.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 6000] = bytes(range(256))[::-1] * 23 + bytes(112)
    damaged = tmp_path / "damaged"
    damaged.write_bytes(content)
    with pytest.raises(FilmError, match="is faulty"):
        _check(inspect_film(damaged))


@pytest.mark.parametrize("content", [b"", b"no film at all" * 50])
def test_a_file_that_is_not_a_film_is_an_error(tmp_path: Path, content: bytes) -> None:
    """What cannot be opened is a film error, not a traceback."""
    path = tmp_path / "film"
    path.write_bytes(content)
    with pytest.raises(FilmError, match="cannot be read"):
        inspect_film(path)


def test_a_film_that_is_missing_is_an_error(tmp_path: Path) -> None:
    """So is a file that is not there."""
    with pytest.raises(FilmError, match="cannot be read"):
        inspect_film(tmp_path / "film")
