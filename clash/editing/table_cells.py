"""Read the changed cells of a row into its shots, field by field: what the table says itself needs no writer."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from clash.editing.rows import PICTURE_FIELDS, plain
from clash.editing.table_words import with_words
from clash.story.beats import spoken_seconds
from clash.story.camera_moves import own_words
from clash.story.camera_terms import ANGLE_NAMES, MOVEMENT_NAMES, SIZE_NAMES, angle_of, movement_of, size_of
from clash.story.screenplay import Angle, Beat, Character, Movement, Shot, ShotSize
from clash.story.words import has_cjk

_PROMPTS = ("image_prompt", "video_prompt")
_FROM_THE_TABLE = frozenset({*_PROMPTS, "reference_image"})
"""Cells about the picture that a shot has word for word."""
_ON_THE_FIRST_SHOT = frozenset({"sound", "transition", "on_screen_text"})
"""Cells that are heard or seen once in a row of several shots, if the row did not have them before."""
_SILENT_S, _LONGEST_S, _PAUSE_S = 3.0, 12.0, 0.8


def reread(
    changed: AbstractSet[str], old: Beat, new: Beat, shots: Sequence[Shot], cast: Sequence[Character]
) -> list[Shot] | None:
    """The shots of a row in which these fields changed; None where a writer has to say what is seen now.

    Words, lengths, sounds and camera columns come from the table, and so do prompts that the table gives itself.
    """
    if not shots or changed & (set(PICTURE_FIELDS) - _FROM_THE_TABLE):
        return None
    found: list[Shot] | None = list(shots)
    for name in _PROMPTS:
        if name in changed:
            found = found and _with_prompt(found, name, old, new)
    for name in ("reference_image", "sound", "music", "transition", "on_screen_text"):
        if name in changed:
            found = found and _with_cell(found, name, getattr(old, name), getattr(new, name))
    if changed & {"shot_size", "angle", "movement", "lens"}:
        found = found and _with_camera(found, old, new)
    if changed & {"dialogue", "narration"}:
        found = found and with_words(old, new, found, cast)
    if "duration_s" in changed:
        found = found and _with_length(found, new.duration_s)
    return found


def _with_prompt(shots: Sequence[Shot], name: str, old: Beat, new: Beat) -> list[Shot] | None:
    """The shot that has the old prompt of the table has the new one; a prompt taken away is a writer's to replace."""
    before, after = getattr(old, name), getattr(new, name)
    held = [index for index, shot in enumerate(shots) if before and plain(getattr(shot, name)) == plain(before)]
    if not after or (before and not held):
        return None
    found = list(shots)
    for index in held or [0]:
        update = {name: after}
        if not new.description and plain(found[index].action) == plain(before):
            update["action"] = after
        found[index] = found[index].model_copy(update=update)
    return found


def _with_cell(shots: Sequence[Shot], name: str, before: str, after: str) -> list[Shot]:
    held = [index for index, shot in enumerate(shots) if before and plain(getattr(shot, name)) == plain(before)]
    if not held:
        held = [0] if before or name in _ON_THE_FIRST_SHOT else list(range(len(shots)))
    return [shot.model_copy(update={name: after}) if index in held else shot for index, shot in enumerate(shots)]


# -- the camera


def _with_camera(shots: Sequence[Shot], old: Beat, new: Beat) -> list[Shot] | None:
    """The first shot framed as the row says now, in its prompts too; None for words that name no framing."""
    first = shots[0]
    update: dict[str, str] = {}
    image, video = first.image_prompt, first.video_prompt
    readings: tuple[tuple[str, Callable[[Beat], str | None], Mapping[str, Mapping[Any, str]]], ...] = (
        ("size", _size, SIZE_NAMES),
        ("angle", _angle, ANGLE_NAMES),
        ("movement", _movement, MOVEMENT_NAMES),
    )
    for name, read, names in readings:
        before, after = read(old), read(new)
        if before == after or after is None:
            continue
        update[name] = after
        written = getattr(first, name)
        if plain(image) != plain(old.image_prompt):
            image = _renamed(image, names, written, after)
        if plain(video) != plain(old.video_prompt):
            video = _renamed(video, names, written, after)
    if new.movement and own_words(old.movement) != own_words(new.movement):
        update["movement"] = _movement(new) or first.movement
        if plain(video) != plain(old.video_prompt):
            video = _with_move(video, old, new, update["movement"])
    if not update and _says_what_nobody_reads(old, new):
        return None
    found = [first.model_copy(update={**update, "image_prompt": image, "video_prompt": video}), *shots[1:]]
    return _with_lens(found, old.lens, new.lens) if plain(old.lens) != plain(new.lens) else found


def _size(beat: Beat) -> ShotSize | None:
    return size_of(beat.shot_size) or size_of(beat.shot)


def _angle(beat: Beat) -> Angle | None:
    return angle_of(" ".join((beat.angle, beat.shot_size, beat.movement)))


def _movement(beat: Beat) -> Movement | None:
    return movement_of(beat.movement) or ("static" if beat.movement else None)


def _with_move(prompt: str, old: Beat, new: Beat, movement: str) -> str:
    """A prompt with the new words of a move, or its name, in place of the old ones; as it was where it has neither."""
    after = own_words(new.movement)
    names: Mapping[str, Mapping[Any, str]] = MOVEMENT_NAMES
    moves = {
        own_words(old.movement): "",
        **{name: "" for of_language in names.values() for name in of_language.values()},
    }
    for before in filter(None, moves):
        at = prompt.casefold().find(before.casefold())
        if at >= 0:
            shown = after or names["zh" if has_cjk(prompt) else "en"][movement]
            shown = shown[:1].upper() + shown[1:] if at == 0 else shown
            return prompt[:at] + shown + prompt[at + len(before) :]
    return prompt


def _says_what_nobody_reads(old: Beat, new: Beat) -> bool:
    """Whether a camera cell has new words that name no size, angle or move."""
    cells = (("shot_size", size_of), ("angle", angle_of))
    return any(
        plain(getattr(new, name)) != plain(getattr(old, name))
        and getattr(new, name)
        and read(getattr(new, name)) is None
        for name, read in cells
    )


def _renamed(text: str, names: Mapping[str, Mapping[Any, str]], before: str, after: str) -> str:
    """A prompt in which the first name of a framing is another's: `Medium shot, eye level` becomes `Close-up, ...`."""
    for of_language in names.values():
        old, new = of_language[before], of_language[after]
        pattern = rf"(?<!\w){re.escape(old)}(?!\w)" if old.isascii() else re.escape(old)
        match = re.search(pattern, text, re.IGNORECASE)
        if match:
            shown = new[:1].upper() + new[1:] if match[0][:1].isupper() else new
            return text[: match.start()] + shown + text[match.end() :]
    return text


def _with_lens(shots: Sequence[Shot], before: str, after: str) -> list[Shot]:
    found = _with_cell(shots, "lens", before, after)
    if not before or not after:
        return found
    return [
        shot.model_copy(update={"image_prompt": shot.image_prompt.replace(before, after, 1)})
        if shot.lens != old.lens
        else shot
        for shot, old in zip(found, shots, strict=True)
    ]


# -- lengths


def _with_length(shots: Sequence[Shot], seconds: float | None) -> list[Shot]:
    """The row's length shared among its shots as before; without one, as long as their words take."""
    if seconds is None:
        lengths = [_natural_s(shot) for shot in shots]
    else:
        before = sum(shot.duration_s for shot in shots)
        lengths = [max(0.1, round(seconds * shot.duration_s / before, 1)) for shot in shots[:-1]]
        lengths.append(round(max(0.1, seconds - sum(lengths)), 3))
    return [shot.model_copy(update={"duration_s": length}) for shot, length in zip(shots, lengths, strict=True)]


def _natural_s(shot: Shot) -> float:
    spoken = sum(spoken_seconds(text) for text in (shot.narration, *(line.text for line in shot.dialogue)))
    return round(min(_LONGEST_S, max(_SILENT_S, spoken + _PAUSE_S)), 1)
