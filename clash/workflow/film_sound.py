"""What is heard in a film and when: the sound of each shot, the words, and the music that a person chose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from clash.assets import AssetStore
from clash.story.places import place_kind
from clash.story.screenplay import Language, Location, Screenplay, Shot
from clash.story.translations import translated_words
from clash.workflow.context import Finish, Format
from clash.workflow.state import FinishedShot
from clash.workflow.treatments import title_frames

if TYPE_CHECKING:
    from clash.film.subtitles import Cue
    from clash.sound.given_music import Music
    from clash.sound.soundtrack import SoundShot

Shots = Sequence[tuple[Shot, FinishedShot]]
"""The shots of a film in order, each with what was made of it."""


def starts_of(shots: Shots, film: Format, finish: Finish) -> list[int]:
    """Return the frame of the film on which each shot begins."""
    starts: list[int] = []
    clock = title_frames(film, finish)
    for _, done in shots:
        starts.append(clock)
        clock += done["frames"]
    return starts


def cues_of(shots: Shots, film: Format, finish: Finish) -> list[Cue]:
    """Return the words of the film with the times at which they are shown."""
    from clash.film.subtitles import Cue

    return [
        Cue(start / film.fps + word["start_s"], start / film.fps + word["end_s"], word["text"], word["speaker"])
        for (_, done), start in zip(shots, starts_of(shots, film, finish), strict=True)
        for word in done["words"]
    ]


def translated_cues(shots: Shots, film: Format, finish: Finish, language: Language) -> list[Cue]:
    """Return the words of the film in another language, at the times at which their originals are shown."""
    from clash.film.subtitles import Cue

    return [
        Cue(start / film.fps + word["start_s"], start / film.fps + word["end_s"], text, speaker)
        for (shot, done), start in zip(shots, starts_of(shots, film, finish), strict=True)
        for word, (speaker, text) in zip(done["words"], translated_words(shot, language), strict=False)
        if text
    ]


def sound_shots(
    screenplay: Screenplay, shots: Shots, assets: AssetStore, film: Format, finish: Finish
) -> list[SoundShot]:
    """Return the sound of every shot. The first place is heard under the title card, if there is one."""
    from clash.sound.soundtrack import SoundShot, Utterance

    locations: dict[str, Location] = {location.slug: location for location in screenplay.locations}
    sound = [
        SoundShot(
            duration_s=done["frames"] / film.fps,
            utterances=tuple(Utterance(assets.path(word["file"]["sha256"]), word["start_s"]) for word in done["words"]),
            place=place_kind(locations[shot.location]),
            time=shot.time,
            weather=shot.weather,
            sound=shot.sound,
            music=shot.music,
            mood=shot.emotion,
            clip=assets.path(done["clip"]["sha256"]) if done.get("has_sound") else None,
        )
        for shot, done in shots
    ]
    title = title_frames(film, finish)
    return [replace(sound[0], duration_s=title / film.fps, utterances=(), clip=None), *sound] if title else sound


def music_of(finish: Finish, assets: AssetStore) -> Music | None:
    """Return what is played instead of the composed score; None for the score. Raises `StorageError`."""
    from clash.sound.given_music import Music

    if not finish.music:
        return None
    volume = finish.music_volume
    return Music(volume_db=volume) if finish.music == "none" else Music(assets.fetch(finish.music), volume)
