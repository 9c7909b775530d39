"""The cut: shots joined, sound mixed, the film inspected; then everything gets its name for people."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from clash import faults
from clash.story.places import place_kind
from clash.story.screenplay import Location, Screenplay, Shot, shot_slot
from clash.workflow.context import FileRecord, Finish, StepContext
from clash.workflow.generate_shots import words_of
from clash.workflow.prompts import size_label
from clash.workflow.publish import publish_file
from clash.workflow.state import FinishedFilm, FinishedShot, ProductionState

if TYPE_CHECKING:
    import numpy as np

    from clash.film.assembly import SubtitleTrack
    from clash.film.subtitles import Cue
    from clash.sound.given_music import Music
    from clash.sound.soundtrack import SoundShot

_STEP = "finalize"
CUT_VERSION = 2
"""Counted up when the same shots would be cut to another film."""


def finish_film(
    screenplay: Screenplay, state: ProductionState, context: StepContext
) -> tuple[FinishedFilm, list[FileRecord]]:
    """Make the film of the finished shots, and publish it with all that belongs to it.

    Runs in a worker thread. Nothing has a final name before the film has passed its inspection.
    Raises `FilmError`, `StorageError`, `StoppedError`.
    """
    shots = [(shot, state.get("shots", {})[shot_slot(shot.number)]) for shot in screenplay.shots]
    cues = _cues(shots, context)
    film, film_record = _assemble(screenplay, shots, cues, context)
    records = [film_record, _subtitles(cues, context), _contact_sheet(screenplay, shots, context)]
    publish(context, screenplay, state, records)
    return film, records


def _assemble(
    screenplay: Screenplay, shots: list[tuple[Shot, FinishedShot]], cues: list[Cue], context: StepContext
) -> tuple[FinishedFilm, FileRecord]:
    from clash.film.assembly import assemble
    from clash.film.inspection import ShotSpan, check_film, inspect_film
    from clash.sound.loudness import LoudnessMeter
    from clash.sound.soundtrack import film_sound
    from clash.workflow.treatments import title_clips, treated_clips

    fps, finish = context.format.fps, context.finish
    opening = title_clips(screenplay, context)
    clips = [*opening, *treated_clips(screenplay, shots, context)]
    sound = _sound_shots(screenplay, shots, context)
    if opening:
        # The first place is heard under the title.
        sound = [replace(sound[0], duration_s=opening[0].frames / fps, utterances=()), *sound]
    total = sum(clip.frames for clip in clips)
    with context.assets.working_file(".mp4") as working:
        assemble(
            clips,
            working,
            fps=fps,
            sound=_until_stopped(film_sound(sound, _music(context)), context),
            cues=cues,
            title=screenplay.title,
            language=screenplay.language,
            size=(context.format.width, context.format.height),
            subtitles=_track(finish, cues),
        )
        context.check_stop()
        facts = inspect_film(working, LoudnessMeter())
        start = opening[0].frames if opening else 0
        starts = _starts([done["frames"] for _, done in shots], start)
        spans = [
            ShotSpan(slot=shot_slot(shot.number), start_frame=start, frames=done["frames"])
            for (shot, done), start in zip(shots, starts, strict=True)
        ]
        check_film(facts, expected_frames=total, fps=fps, shots=spans, subtitles=_track(finish, cues) != "none")
        digest = context.assets.put_file(working)
    duration = round(total / fps, 3)
    record_facts = {"duration_s": duration, "frames": total, "fps": fps, "loudness_lufs": facts.loudness_lufs}
    film = FinishedFilm(sha256=digest, duration_s=duration, frames=total)
    return film, FileRecord(_STEP, "film", "film", "video/mp4", digest, record_facts)


def _music(context: StepContext) -> Music | None:
    from clash.sound.given_music import Music

    chosen = context.finish.music
    if not chosen:
        return None
    volume = context.finish.music_volume
    return Music(volume_db=volume) if chosen == "none" else Music(context.assets.fetch(chosen), volume)


def _track(finish: Finish, cues: list[Cue]) -> SubtitleTrack:
    if finish.captions == "none" or not cues:
        return "none"
    return "default" if finish.captions == "soft" else "offered"


def _until_stopped(chunks: Iterator[np.ndarray], context: StepContext) -> Iterator[np.ndarray]:
    for chunk in chunks:
        context.check_stop()
        yield chunk


def _starts(lengths: list[int], first: int = 0) -> list[int]:
    starts: list[int] = []
    clock = first
    for length in lengths:
        starts.append(clock)
        clock += length
    return starts


def _cues(shots: list[tuple[Shot, FinishedShot]], context: StepContext) -> list[Cue]:
    from clash.film.subtitles import Cue
    from clash.workflow.treatments import title_frames

    fps = context.format.fps
    starts = _starts([done["frames"] for _, done in shots], title_frames(context))
    return [
        Cue(start / fps + word["start_s"], start / fps + word["end_s"], word["text"], word["speaker"])
        for (_, done), start in zip(shots, starts, strict=True)
        for word in done["words"]
    ]


def _sound_shots(
    screenplay: Screenplay, shots: list[tuple[Shot, FinishedShot]], context: StepContext
) -> list[SoundShot]:
    from clash.sound.soundtrack import SoundShot, Utterance

    locations: dict[str, Location] = {location.slug: location for location in screenplay.locations}
    return [
        SoundShot(
            duration_s=done["frames"] / context.format.fps,
            utterances=tuple(
                Utterance(context.assets.path(word["file"]["sha256"]), word["start_s"]) for word in done["words"]
            ),
            place=place_kind(locations[shot.location]),
            time=shot.time,
            weather=shot.weather,
            sound=shot.sound,
            music=shot.music,
            mood=shot.emotion,
        )
        for shot, done in shots
    ]


def _subtitles(cues: list[Cue], context: StepContext) -> FileRecord:
    from clash.film.subtitles import srt

    digest = context.assets.put(srt(cues).encode())
    return FileRecord(_STEP, "film", "subtitles", "application/x-subrip", digest, {"cues": len(cues)})


def _contact_sheet(screenplay: Screenplay, shots: list[tuple[Shot, FinishedShot]], context: StepContext) -> FileRecord:
    from clash.film.contact_sheet import Panel, contact_sheet

    panels = [
        Panel(
            picture=context.assets.path(done["keyframe"]["sha256"]),
            label=f"{shot.number:03d}  {size_label(shot)}",
            action=" ".join(shot.action.split()),
            words=_said(shot),
        )
        for shot, done in shots
    ]
    with context.assets.working_file(".png") as working:
        contact_sheet(panels, screenplay.title, working)
        digest = context.assets.put_file(working)
    return FileRecord(_STEP, "film", "contact_sheet", "image/png", digest, {"frames": len(panels)})


def _said(shot: Shot) -> str:
    """The words of a shot, a line each; not those that tell just what its action tells."""
    lines = [line for line in words_of(shot) if line.speaker or line.text.strip() != shot.action.strip()]
    return "\n".join(f"{line.speaker}: {line.text}" if line.speaker else line.text for line in lines)


def publish(context: StepContext, screenplay: Screenplay, state: ProductionState, made: list[FileRecord]) -> None:
    """Give every file its name for people in the run's folder; the film last, so that it stands for the rest."""
    faults.point("publish.before")
    finished = [(record.asset_type, record.slot, record.sha256, record.media_type) for record in made]
    for file in [*_made_before(screenplay, state), *sorted(finished, key=lambda file: file[0] == "film")]:
        publish_file(context.assets, context.folder, *file)
    faults.point("publish.after")


def _made_before(screenplay: Screenplay, state: ProductionState) -> Iterator[tuple[str, str, str, str]]:
    """Asset type, slot, sha256 and media type of all that earlier steps made."""
    yield "screenplay", "screenplay", state["screenplay"], "application/json"
    for slot in (f"{kind}:{slug}" for kind, slug in _subjects(screenplay)):
        if (card := state["cards"].get(slot)) is None:
            continue
        yield f"{slot.partition(':')[0]}_image", slot, card["sha256"], card["media_type"]
    for slot in (shot_slot(shot.number) for shot in screenplay.shots):
        shot = state["shots"][slot]
        for asset_type, file in (("keyframe", shot["keyframe"]), ("shot", shot["clip"])):
            yield asset_type, slot, file["sha256"], file["media_type"]


def _subjects(screenplay: Screenplay) -> Iterator[tuple[str, str]]:
    yield from (("character", character.slug) for character in screenplay.characters)
    yield from (("location", location.slug) for location in screenplay.locations)
