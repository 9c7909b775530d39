"""The sound that a clip model makes with the picture: asked for, paid, kept, and mixed under the words."""

from __future__ import annotations

import io
import wave
from pathlib import Path

import av
import numpy as np
import pytest
from filming import METERED, SMALL, clash
from plugins.clash_metered import with_tone
from takes_room import TakesRoom

from clash.film.encoder import encode_clip
from clash.providers.media import examined
from clash.sound.clip_sound import CLIP_LUFS, has_sound, read_clip_sound
from clash.sound.loudness import RATE, measure
from clash.sound.soundtrack import DUCKING_DB, SoundShot, Utterance, soundtrack
from clash.sound.stems import film_gain, film_stems

STORY = """shot,location,characters,description,duration
1,Pier,Mara,Mara walks along the pier.,1.5
"""


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip of three seconds with a tone of 440 Hz."""
    black = np.zeros((36 * 3 // 2, 64), np.uint8)
    path = tmp_path_factory.mktemp("clips") / "clip.mp4"
    path.write_bytes(with_tone(encode_clip([black] * 24, width=64, height=36, fps=8)))
    return path


def words(path: Path, seconds: float) -> Path:
    """A file of speech: a buzz at 1,200 Hz."""
    sound = 0.3 * np.sign(np.sin(2 * np.pi * 1200 * np.arange(int(seconds * 24_000)) / 24_000))
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(24_000)
        file.writeframes((sound * 32767).astype("<i2").tobytes())
    return path


def tone_db(sound: np.ndarray, hertz: float = 440.0) -> float:
    """How loud a tone is in a sound of one channel, in decibels."""
    time = np.arange(sound.size) / RATE
    return float(20 * np.log10(abs(np.mean(sound * np.exp(-2j * np.pi * hertz * time))) + 1e-9))


def test_a_clip_says_whether_it_has_sound(clip: Path) -> None:
    """It is looked at, in the file that came and in the one that is kept."""
    black = np.zeros((36 * 3 // 2, 64), np.uint8)
    silent = encode_clip([black] * 8, width=64, height=36, fps=8)
    assert examined("video", clip.read_bytes())[1]["has_sound"] is True
    assert examined("video", silent)[1]["has_sound"] is False
    assert has_sound(clip)


def test_its_sound_is_heard_in_its_shot_alone(clip: Path) -> None:
    """It begins and ends with the shot, at the level of the bed, in place of the composed ambience."""
    plain = SoundShot(2.0, (), "street", "day", "rain", music="none")
    own = SoundShot(2.0, (), "street", "day", "rain", music="none", clip=clip)
    mixed = np.concatenate(list(soundtrack([plain, own, plain])))[:, 0]
    seconds = [tone_db(mixed[second * RATE : (second + 1) * RATE]) for second in range(6)]
    assert min(seconds[2:4]) > max(*seconds[:2], *seconds[4:]) + 30
    alone = np.concatenate(list(soundtrack([own])))[RATE // 4 : -RATE // 4]
    assert tone_db(alone[:, 0]) > tone_db(alone[:, 0], 700.0) + 40, "no ambience is composed for it"
    whole = np.ascontiguousarray(read_clip_sound(clip, 0, 2 * RATE, 2 * RATE).T)
    assert abs(measure(iter([whole])) - CLIP_LUFS) < 1


def test_it_lies_under_the_words(clip: Path, tmp_path: Path) -> None:
    """While somebody speaks it is as much quieter as the bed; it is part of the stem of effects, and of no other."""
    spoken = SoundShot(
        3.0, (Utterance(words(tmp_path / "w.wav", 1.5), 1.5),), "street", "day", "clear", music="none", clip=clip
    )
    mixed = np.concatenate(list(soundtrack([spoken])))[:, 0]
    before, under = mixed[RATE // 2 : RATE], mixed[2 * RATE : 2 * RATE + RATE // 2]
    assert tone_db(before) - tone_db(under) == pytest.approx(DUCKING_DB, abs=1.0)
    stems = [np.concatenate(parts) for parts in zip(*film_stems([spoken], None, film_gain([spoken])), strict=True)]
    heard = [tone_db(stem[RATE // 2 : RATE, 0]) for stem in stems]
    assert heard[2] > max(heard[:2]) + 30


@pytest.fixture
def room(tmp_path: Path) -> TakesRoom:
    """A folder with a story whose clip model makes sound, at twice the price."""
    made = TakesRoom(tmp_path / "room", f"sqlite:///{tmp_path / 'db.sqlite'}")
    made.env |= {"METER_CLIPS": "sound"}
    (made.folder / "story.csv").write_text(STORY)
    return made


def test_a_film_with_its_clips_sound(room: TakesRoom) -> None:
    """It costs what the model says, beforehand too; the film has the sound; one without is as before."""
    run = ("run", "story.csv", *SMALL, *METERED)
    plain = room.ok(*run, "--thread", "plain")
    estimate = room.ok(*run, "--thread", "own", "--generate-audio", "--dry-run")
    own = room.ok(*run, "--thread", "own", "--generate-audio")
    assert estimate["total_usd"] == own["cost"]["total_usd"] == "0.020000", "a clip at twice a cent; the rest is found"
    assert not any("--generate-audio" in warning for warning in own["warnings"])
    films = [room.folder / one["film"]["path"] for one in (plain, own)]
    without, heard = [sound_of(film) for film in films]
    assert tone_db(heard[RATE // 2 : RATE]) > tone_db(without[RATE // 2 : RATE]) + 20
    facts = [item["facts"] for item in room.ok("assets", "ls", "own")["items"] if item["kind"] == "shot"]
    assert [fact["has_sound"] for fact in facts] == [True]
    again = room.charges("fork", "own", "--thread", "off", "--no-generate-audio")
    assert again == {}, "the run before has these clips"
    assert (room.folder / "output/off/film.mp4").read_bytes() == films[0].read_bytes()


def sound_of(film: Path) -> np.ndarray:
    """The left channel of a film."""
    with av.open(io.BytesIO(film.read_bytes())) as container:
        return np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])


def test_a_model_without_sound_is_told(tmp_path: Path) -> None:
    """The dry run and the outcome warn; the setting stands for the flag; the film is as it would be."""
    (tmp_path / "story.csv").write_text(STORY)
    run = ("run", "story.csv", *SMALL, "--json")
    dry = clash(tmp_path, *run, "--dry-run", "--generate-audio").document
    assert any("no sound of their own" in warning for warning in dry["warnings"])
    (tmp_path / ".env").write_text("CLASH_GENERATE_AUDIO=true\n")
    made = clash(tmp_path, *run, "--thread", "a").document
    assert any("no sound of their own" in warning for warning in made["warnings"])
    off = clash(tmp_path, *run, "--dry-run", "--no-generate-audio").document
    assert not any("no sound of their own" in warning for warning in off["warnings"])
    assert off["calls"] == off["found_calls"]
