"""What there is to say, before anything is paid, of what is asked of a model that cannot do it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from clash.calls.dry_run import PlannedCall
from clash.database.decisions import Decision
from clash.editing.slots import kind_of_slot, people_slot
from clash.film.typeface import drawable
from clash.providers.clip_abilities import makes_sound, takes_last_frame
from clash.providers.note_abilities import reads_notes
from clash.providers.ports import Kind, VideoRequest
from clash.providers.registry import Model, Registry
from clash.story.camera_moves import replaced_move
from clash.story.camera_terms import MOVEMENT_NAMES, movement_of
from clash.story.last_frames import NONE
from clash.story.screenplay import Beat, Screenplay, Shot, Story, shot_slot
from clash.vocabulary import Decided
from clash.workflow.context import Format


class _Asked(Protocol):
    @property
    def chain(self) -> bool | None: ...
    @property
    def generate_audio(self) -> bool | None: ...


def format_asked(request: _Asked, settings: _Asked, film: Format) -> Format:
    """Return the format with what its clips have: as the request says, else as the settings do."""
    chain = settings.chain if request.chain is None else request.chain
    own_sound = settings.generate_audio if request.generate_audio is None else request.generate_audio
    return replace(film, chain=bool(chain), generate_audio=bool(own_sound))


def clip_warnings(model: Model, story: Story | Screenplay, film: Format | None = None) -> tuple[str, ...]:
    """Return what a clip model will leave out of what is asked for, one sentence for each kind of it."""
    chain, generate_audio = (film.chain, film.generate_audio) if film is not None else (False, False)
    warnings: list[str] = []
    named = story.shots if isinstance(story, Screenplay) else story.beats
    count = sum(one.last_frame not in ("", NONE) for one in named)
    if (chain or count) and not takes_last_frame(model):
        what = f"{count} {'shot ends' if count == 1 else 'shots end'} on another's keyframe" if count else "--chain"
        warnings.append(f"{what}: {model.spec} takes no last frame; its clips end as it ends them. {_CHOICE}")
    if generate_audio and not makes_sound(model):
        warnings.append(f"--generate-audio: clips of {model.spec} have no sound of their own. {_CHOICE}")
    return tuple(warnings)


def film_warnings(model: Model, story: Story | Screenplay, film: Format | None = None) -> tuple[str, ...]:
    """Return `clip_warnings` and `lettering_warnings`."""
    return (*clip_warnings(model, story, film), *lettering_warnings(story))


def lettering_warnings(story: Story | Screenplay) -> tuple[str, ...]:
    """Return which words on the screen the film's typeface has no letters for, in one sentence, if there are any."""
    named = [(one.on_screen_text, _place_of(one)) for one in _parts_of(story) if not one.on_screen_text.isascii()]
    lost = [place for text, place in named if _letters(drawable(text)) < _letters(text)]
    if not lost:
        return ()
    more = f" and {len(lost) - 1} more" if len(lost) > 1 else ""
    return (f"words on the screen, {lost[0]}{more}: the film's typeface lacks letters of theirs, and leaves them out",)


def _parts_of(story: Story | Screenplay) -> Sequence[Beat | Shot]:
    return story.shots if isinstance(story, Screenplay) else story.beats


def _place_of(part: Beat | Shot) -> str:
    return f"row {part.row}" if isinstance(part, Beat) else shot_slot(part.number)


def _letters(text: str) -> int:
    return sum(letter.isalnum() for letter in text)


def replaced_moves(story: Story) -> tuple[str, ...]:
    """Return which moves of a table the free camera replaces by its own, in one sentence, if there are any."""
    moves: dict[str, str] = {}
    for beat in story.beats:
        if words := replaced_move(beat):
            moves.setdefault(words, MOVEMENT_NAMES["en"][movement_of(beat.movement) or "static"].split(",")[0])
    if not moves:
        return ()
    named = [f"'{words}' ({made})" for words, made in list(moves.items())[:_MOST_NAMED]]
    more = [f"{len(moves) - _MOST_NAMED} more"] if len(moves) > _MOST_NAMED else []
    return (
        f"the free camera replaces moves that it cannot make: {', '.join([*named, *more])}. "
        "The prompts of the clips keep the table's words for a model that can",
    )


def left_out(planned: Sequence[PlannedCall]) -> list[str]:
    """Return what is left out of the clips of takes that another model than the run's is to make."""
    found: list[str] = []
    for call in planned:
        asked, sent = call.task.request, call.sent
        if (
            call.found
            or not call.task.model
            or not isinstance(asked, VideoRequest)
            or not isinstance(sent, VideoRequest)
        ):
            continue
        if asked.last_frame is not None and sent.last_frame is None:
            found.append(f"{call.slot}: {call.model} takes no last frame; the clip ends as it ends it")
        if asked.generate_audio and not sent.generate_audio:
            found.append(f"{call.slot}: a clip of {call.model} has no sound of its own")
    return found


def unread_notes(decisions: Sequence[Decision], models: Mapping[Kind, str], registry: Registry) -> list[str]:
    """Return what there is to say of takes with a note or a prompt whose models read neither.

    `models`: the run's, by kind.
    """
    slots: dict[str, None] = {}
    specs: dict[str, None] = {}
    for row in decisions:
        if row.decision != Decided.RETAKE or not (row.note or row.prompt):
            continue
        kind = kind_of_slot(row.slot)
        model = registry.model(kind, row.model or models[kind])
        if not reads_notes(model):
            slots[people_slot(row.slot)] = specs[model.spec] = None
    if not slots:
        return []
    named = [*slots][:_MOST_NAMED] + (["..."] if len(slots) > _MOST_NAMED else [])
    return [
        f"{', '.join(named)}: {' and '.join(specs)} {'reads' if len(specs) == 1 else 'read'} no notes and no prompts:"
        " this take differs as any other does. Change the table and fork, or name a model that reads them with --model"
    ]


_MOST_NAMED = 6
_CHOICE = "docs/models.md says which models can"
