"""What is laid over each clip of a film: words, slate, transitions, the end; and the title card before them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from clash.editing.shot_labels import ShotLabels
from clash.film.assembly import Clip
from clash.film.captions import Words
from clash.film.titles import TITLE_S, title_clip
from clash.film.transitions import transition_of
from clash.film.treatment import Treatment
from clash.story.screenplay import Screenplay, Shot, shot_slot
from clash.workflow.context import Finish, Format, StepContext
from clash.workflow.prompts import slate
from clash.workflow.state import FinishedShot

_FADE_S = 0.8
_DISSOLVE_S = 0.8
_LARGEST_SHARE = 0.4
"""The share of a shot that a transition may take at each of its ends."""


def title_frames(film: Format, finish: Finish) -> int:
    """Return for how many frames the title card is shown before the first shot; 0 without one."""
    return round(TITLE_S * film.fps) if finish.titles else 0


def title_clips(screenplay: Screenplay, context: StepContext) -> list[Clip]:
    """Return the title card as a clip; none if the film is to have none."""
    if not context.finish.titles:
        return []
    film = context.format
    content, frames = title_clip(screenplay.title, width=film.width, height=film.height, fps=film.fps)
    return [Clip(content, frames)]


def treated_clips(
    screenplay: Screenplay, shots: Sequence[tuple[Shot, FinishedShot]], context: StepContext, labels: ShotLabels
) -> list[Clip]:
    """Return the clips of the shots, in order, each with what is laid over it.

    A transition leads from the shot that names it to the next one. The last shot fades out, unless that would have the
    other clips encoded again. The slate shows the `labels` of the story's table beside the shots' numbers.
    """
    scene_of = {shot.number: scene.number for scene in screenplay.scenes for shot in scene.shots}
    treatments = _transitions([shot for shot, _ in shots], [done["frames"] for _, done in shots], context.format.fps)
    clips: list[Clip] = []
    for (shot, done), treatment in zip(shots, treatments, strict=True):
        if context.finish.captions == "burned":
            treatment = replace(treatment, words=_words(done, context.format.fps), is_needed=True)
        if context.finish.on_screen_text and shot.on_screen_text.strip():
            treatment = replace(treatment, on_screen=shot.on_screen_text, is_needed=True)
        if context.finish.slate:
            line = slate(scene_of[shot.number], shot, labels.beside(shot.number))
            treatment = replace(treatment, slate=line, is_needed=True)
        clips.append(
            Clip(context.assets.path(done["clip"]["sha256"]), done["frames"], shot_slot(shot.number), treatment)
        )
    return clips


def _words(done: FinishedShot, fps: int) -> tuple[Words, ...]:
    """Return the shot's words on its frames."""
    return tuple(
        Words(_frame(word["start_s"], done, fps), _frame(word["end_s"], done, fps), word["text"], word["speaker"])
        for word in done["words"]
    )


def _frame(seconds: float, done: FinishedShot, fps: int) -> int:
    return min(max(round(seconds * fps), 0), done["frames"])


def _transitions(shots: Sequence[Shot], lengths: Sequence[int], fps: int) -> list[Treatment]:
    treatments = [Treatment(is_needed=False) for _ in shots]
    last = len(shots) - 1

    def room(number: int, seconds: float) -> int:
        return min(round(seconds * fps), int(lengths[number] * _LARGEST_SHARE))

    for number, shot in enumerate(shots):
        kind = transition_of(shot.transition)
        if kind == "fade_in":
            _set(treatments, number, fade_in=room(number, _FADE_S))
        if kind in ("fade_out", "fade_through_black") or number == last:
            needed = kind in ("fade_out", "fade_through_black")
            fade = room(number, _FADE_S)
            treatments[number] = replace(
                treatments[number], fade_out=fade, is_needed=needed or treatments[number].is_needed
            )
        if number == last:
            continue
        if kind == "fade_through_black":
            _set(treatments, number + 1, fade_in=room(number + 1, _FADE_S))
        if kind == "dissolve":
            half = min(room(number, _DISSOLVE_S / 2), room(number + 1, _DISSOLVE_S / 2))
            _set(treatments, number, dissolve_out=half)
            _set(treatments, number + 1, dissolve_in=half)
    return treatments


def _set(treatments: list[Treatment], number: int, **changes: int) -> None:
    treatments[number] = replace(treatments[number], **changes, is_needed=True)
