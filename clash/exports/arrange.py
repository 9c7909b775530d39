"""Arrange what a run has made on a timeline."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from clash.assets import AssetStore
from clash.exports import media
from clash.exports.collect import Film, TakeFile
from clash.exports.timeline import Media, Shot, Sound, Take, Timeline, Track, rate_of
from clash.film.subtitles import Cue
from clash.story import screenplay
from clash.story.screenplay import shot_slot
from clash.story.translations import translated_words
from clash.workflow.state import FinishedShot, Spoken
from clash.workflow.treatments import title_frames

_NOTES = (
    ("on_screen_text", "super"),
    ("transition", "transition"),
    ("narration", "narration"),
    ("sound", "sound"),
    ("music", "music"),
    ("emotion", "emotion"),
    ("lens", "lens"),
)


@dataclass(frozen=True)
class Placed:
    """A shot of the film and what was made of it, on `frames` from `start` on. Of one not made yet they are planned."""

    shot: screenplay.Shot
    done: FinishedShot | None
    start: int
    frames: int


def placed_shots(film: Film) -> list[Placed]:
    """Return every shot of the film with its place in it, behind the title card if there is one."""
    rate = rate_of(film.format.fps)
    placed: list[Placed] = []
    clock = title_frames(film.format, film.finish)
    for shot, done in film.shots:
        frames = done["frames"] if done is not None else max(1, rate.frames(shot.duration_s))
        placed.append(Placed(shot, done, clock, frames))
        clock += frames
    return placed


def film_cues(film: Film, language: str = "") -> list[Cue]:
    """Return the words of the film with the times at which they are shown; with `language`, their translations."""
    cues: list[Cue] = []
    for place in placed_shots(film):
        start = place.start / film.format.fps
        words = place.done["words"] if place.done is not None else []
        told = [(word["speaker"], word["text"]) for word in words]
        shown = list(translated_words(place.shot, language)) if language else told
        cues += [
            Cue(start + word["start_s"], start + word["end_s"], text, speaker)
            for word, (speaker, text) in zip(words, shown, strict=False)
            if text
        ]
    return cues


@dataclass(frozen=True)
class Arranged:
    """A film on a timeline, and where its files come from: path in the export to the file on this disk."""

    timeline: Timeline
    files: Mapping[str, Path]
    slots: Mapping[str, str]
    """The slot of each clip that is in the film, by its path: the output folder has a copy of it."""
    warnings: tuple[str, ...]


class Arranger:
    """Puts shots, sounds and words on a timeline."""

    def __init__(self, film: Film, assets: AssetStore, *, all_takes: bool) -> None:
        self._film = film
        self._assets = assets
        self._all_takes = all_takes
        self._rate = rate_of(film.format.fps)
        self._files: dict[str, Path] = {}
        self._slots: dict[str, str] = {}
        self._warnings: list[str] = []

    def arrange(self, title: Media | None, stems: Sequence[Media], gains: Mapping[str, float]) -> Arranged:
        """Return the film on a timeline. `gains`: how much louder each spoken file is in the film, by its sha256.

        `stems` are music and effects, each as long as the film. Raises `StorageError` for a file that is lost, and
        `FilmError` for one that cannot be read.
        """
        film = self._film
        places = placed_shots(film)
        shots: list[Shot] = []
        sounds: list[Sound] = []
        if title is not None:
            frames = title_frames(film.format, film.finish)
            shots.append(Shot("TITLE", 0, frames, frames, (Take(1, title),), film.screenplay.title))
        scenes = {shot.number: scene.number for scene in film.screenplay.scenes for shot in scene.shots}
        for place in places:
            shot = self._shot(place, scenes[place.shot.number])
            shots.append(shot)
            sounds += self._sounds(place, gains)
        timeline = Timeline(
            name=film.run.run_id,
            title=film.screenplay.title,
            language=film.screenplay.language,
            rate=self._rate,
            width=film.format.width,
            height=film.format.height,
            shots=tuple(shots),
            tracks=(*dialogue_tracks(sounds), *(self._stem(stem, places) for stem in stems)),
        )
        return Arranged(timeline, self._files, self._slots, tuple(self._warnings))

    def _shot(self, place: Placed, scene: str) -> Shot:
        written, start, frames = place.shot, place.start, place.frames
        name, label = media.shot_name(written.number), self._film.labels.beside(written.number)
        notes = tuple(f"{label}: {text}" for field, label in _NOTES if (text := str(getattr(written, field))))
        if place.done is None:
            return Shot(name, start, frames, 0, (), written.action, ("not made yet", *notes), scene, label)
        slot = shot_slot(written.number)
        files = self._film.takes[slot]
        takes = tuple(self._take(written.number, file) for file in (files if self._all_takes else files[:1]))
        self._slots[takes[0].media.path] = slot
        shown = min(frames, max(1, self._rate.whole_frames(takes[0].media.seconds)))
        if shown < frames:
            self._warnings.append(
                f"the clip of {slot} is {frames - shown} frames shorter than its shot: in the film its last frame is"
                " held, on the timelines there is a gap"
            )
        return Shot(name, start, frames, shown, takes, written.action, notes, scene, label)

    def _take(self, number: int, take: TakeFile) -> Take:
        path = media.clip_path(number, take.number, take.file["media_type"])
        what = f"take {take.number} of {shot_slot(number)}"
        return Take(take.number, self._add(path, take.file["sha256"], what))

    def _sounds(self, place: Placed, gains: Mapping[str, float]) -> list[Sound]:
        words = place.done["words"] if place.done is not None else ()
        return [self._sound(place, line, word, gains) for line, word in enumerate(words, start=1)]

    def _sound(self, place: Placed, line: int, word: Spoken, gains: Mapping[str, float]) -> Sound:
        number, sha256 = place.shot.number, word["file"]["sha256"]
        path = media.speech_path(number, word["speaker"], line, word["file"]["media_type"])
        file = self._add(path, sha256, f"line {line} of {shot_slot(number)}")
        seconds = self._rate.seconds(place.start) + Fraction(round(word["start_s"] * 1000), 1000)
        frames = max(1, self._rate.whole_frames(file.seconds))
        gain_db = gains.get(sha256, 0.0)
        return Sound(file, self._rate.frames(seconds), frames, seconds, word["speaker"], word["text"], gain_db)

    def _stem(self, stem: Media, places: Sequence[Placed]) -> Track:
        frames = places[-1].start + places[-1].frames if places else 0
        return Track(stem.stem.capitalize(), (Sound(stem, 0, frames, self._rate.seconds(0)),))

    def _add(self, path: str, sha256: str, what: str) -> Media:
        file = self._files[path] = self._assets.fetch(sha256)
        return media.probe(file, what, path)


def dialogue_tracks(sounds: Iterable[Sound]) -> list[Track]:
    """Return the sounds on as few tracks as they need, so that no two of a track overlap."""
    tracks: list[list[Sound]] = []
    for sound in sorted(sounds, key=lambda sound: sound.start):
        free = (track for track in tracks if track[-1].start + track[-1].frames <= sound.start)
        track = next(free, None)
        if track is None:
            tracks.append([sound])
        else:
            track.append(sound)
    names = ("Dialogue", *(f"Dialogue {number}" for number in range(2, len(tracks) + 1)))
    return [Track(name, tuple(track)) for name, track in zip(names, tracks, strict=False)]
