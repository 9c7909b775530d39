"""The cut: shots joined, sound mixed, the film inspected; then everything gets its name for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import TYPE_CHECKING

from clash import faults
from clash.editing.shot_labels import NO_LABELS, ShotLabels
from clash.story.on_screen import is_black
from clash.story.screenplay import Screenplay, Shot, shot_slot
from clash.story.translations import languages_beside, words_of
from clash.workflow.context import FileRecord, Finish, StepContext
from clash.workflow.film_sound import cues_of, music_of, sound_shots, starts_of, translated_cues
from clash.workflow.prompts import size_label
from clash.workflow.publish import publish_file
from clash.workflow.state import FinishedFilm, FinishedShot, ProductionState

if TYPE_CHECKING:
    import numpy as np

    from clash.film.assembly import Clip, SubtitleTrack
    from clash.film.inspection import ShotSpan
    from clash.film.subtitles import Cue

_STEP = "finalize"
SUBTITLES = "subtitles:"
"""The slot of subtitles in another language than the film's begins with it: `subtitles:en`."""
CUT_VERSION = 4
"""Counted up when the same shots would be cut to another film."""


def finish_film(
    screenplay: Screenplay, state: ProductionState, context: StepContext, labels: ShotLabels = NO_LABELS
) -> tuple[FinishedFilm, list[FileRecord]]:
    """Make the film of the finished shots, and publish it with all that belongs to it. `labels`: for its slate.

    Runs in a worker thread. Nothing has a final name before the film has passed its inspection.
    Raises `FilmError`, `StorageError`, `StoppedError`.
    """
    shots = [(shot, state.get("shots", {})[shot_slot(shot.number)]) for shot in screenplay.shots]
    cues = cues_of(shots, context.format, context.finish)
    translations = {
        language: translated_cues(shots, context.format, context.finish, language)
        for language in languages_beside(screenplay)
    }
    film, film_record = _assemble(screenplay, shots, cues, translations, context, labels)
    records = [film_record, _subtitles("film", cues, context), _contact_sheet(screenplay, shots, context)]
    records += [_subtitles(f"{SUBTITLES}{language}", track, context) for language, track in translations.items()]
    publish(context, screenplay, state, records)
    return film, records


def _assemble(
    screenplay: Screenplay,
    shots: list[tuple[Shot, FinishedShot]],
    cues: list[Cue],
    translations: Mapping[str, list[Cue]],
    context: StepContext,
    labels: ShotLabels,
) -> tuple[FinishedFilm, FileRecord]:
    from clash.film.assembly import assemble
    from clash.film.freed_memory import give_back_memory
    from clash.film.inspection import check_film, inspect_film
    from clash.sound.loudness import LoudnessMeter
    from clash.sound.soundtrack import film_sound
    from clash.workflow.treatments import title_clips, treated_clips

    fps, finish = context.format.fps, context.finish
    opening = title_clips(screenplay, context)
    clips = [*opening, *treated_clips(screenplay, shots, context, labels)]
    sound = sound_shots(screenplay, shots, context.assets, context.format, finish)
    total = sum(clip.frames for clip in clips)
    with (
        context.assets.working_file(".mp4") as working,
        context.assets.working_file(".sound") as keep,
        closing(film_sound(sound, music_of(finish, context.assets), keep=keep)) as heard,
    ):
        assemble(
            clips,
            working,
            fps=fps,
            sound=_until_stopped(heard, context),
            cues=cues,
            title=screenplay.title,
            language=screenplay.language,
            size=(context.format.width, context.format.height),
            subtitles=(track := _track(finish, cues)),
            translations=translations,
        )
        give_back_memory()
        context.check_stop()
        spans = _spans(shots, clips[len(opening) :], context)
        facts = inspect_film(working, LoudnessMeter(), spans)
        check_film(
            facts,
            expected_frames=total,
            fps=fps,
            shots=spans,
            subtitles=0 if track == "none" else 1 + len(translations),
        )
        digest = context.assets.put_file(working)
    duration = round(total / fps, 3)
    record_facts = {"duration_s": duration, "frames": total, "fps": fps, "loudness_lufs": facts.loudness_lufs}
    film = FinishedFilm(sha256=digest, duration_s=duration, frames=total)
    return film, FileRecord(_STEP, "film", "film", "video/mp4", digest, record_facts)


def _spans(shots: list[tuple[Shot, FinishedShot]], clips: list[Clip], context: StepContext) -> list[ShotSpan]:
    """Return the frames of each shot, and where the words stand that its clip was cut with.

    A shot that is a black screen may be one.
    """
    from clash.film.inspection import ShotSpan
    from clash.film.lettering import words_from

    film = context.format
    return [
        ShotSpan(
            slot=shot_slot(shot.number),
            start_frame=start,
            frames=done["frames"],
            still_allowed=is_black(shot.action),
            black_allowed=is_black(shot.action),
            words_from=words_from(clip.treatment.on_screen, film.width, film.height),
        )
        for (shot, done), start, clip in zip(shots, starts_of(shots, film, context.finish), clips, strict=True)
    ]


def _track(finish: Finish, cues: list[Cue]) -> SubtitleTrack:
    if finish.captions == "none" or not cues:
        return "none"
    return "default" if finish.captions == "soft" else "offered"


def _until_stopped(chunks: Iterator[np.ndarray], context: StepContext) -> Iterator[np.ndarray]:
    for chunk in chunks:
        context.check_stop()
        yield chunk


def _subtitles(slot: str, cues: list[Cue], context: StepContext) -> FileRecord:
    from clash.film.subtitles import srt

    digest = context.assets.put(srt(cues).encode())
    return FileRecord(_STEP, slot, "subtitles", "application/x-subrip", digest, {"cues": len(cues)})


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
    """The words of a shot, a line each; not those that tell just what its action tells. First what the screen shows."""
    shown = [f"SUPER: {text}" for text in shot.on_screen_text.splitlines()]
    lines = [line for line in words_of(shot) if line.speaker or line.text.strip() != shot.action.strip()]
    return "\n".join([*shown, *(f"{line.speaker}: {line.text}" if line.speaker else line.text for line in lines)])


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
