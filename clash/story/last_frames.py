"""Which shot's keyframe a clip ends on: the cells of the table, the field of the screenplay, and `--chain`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from clash.story.screenplay import Beat, Screenplay, Shot, Story, shot_slot
from clash.story.vocabulary import words
from clash.story.words import fold

NEXT, NONE = "next", "none"
_LABEL = re.compile(r"^(?:shot|镜头|镜|分镜|#|no\.?)[\s:：#._-]*(?=\w)|\s+", re.IGNORECASE)
_MOST_TOLD = 5
_LONGEST_NUMBER = 6
_NOTHING = re.compile(r"[\s\-–—_/.?？]*")


def last_frame_named(cell: str) -> str:
    """Return what a cell says: "next", "none", the label of a shot, or "" where it says nothing.

    >>> [last_frame_named(cell) for cell in ("Yes", "下一镜", "否", " 3A ", "-")]
    ['next', 'next', 'none', '3A', '']
    """
    text = cell.strip()
    if _NOTHING.fullmatch(text):
        return ""
    word = "".join(letter for letter in fold(text) if letter.isalnum()) or text
    if word in words("last_frame", "next"):
        return NEXT
    return NONE if word in words("last_frame", "none") else text


def label_key(label: str) -> str:
    """Return a label in a form of which one shot has one: `Shot 003`, `#3` and `3` are the same.

    >>> label_key("shot:003"), label_key("镜头 3"), label_key("003A")
    ('3', '3', '3a')
    """
    key = _LABEL.sub("", fold(label.strip()))
    return key.lstrip("0") or key


def told_without(story: Story) -> Story:
    """Return the story as a writer is told it: whose keyframe a clip ends on is decided without a writer."""
    if not any(beat.last_frame for beat in story.beats):
        return story
    return story.model_copy(update={"beats": tuple(beat.model_copy(update={"last_frame": ""}) for beat in story.beats)})


def unknown_last_frames(beats: Sequence[Beat], unit: str) -> list[str]:
    """Return what there is to say of cells that name no other shot."""
    found: list[str] = []
    labels = _Labels(beats)
    for index, beat in enumerate(beats):
        named = beat.last_frame
        if named == NEXT and index == len(beats) - 1:
            found.append(f"last frame in {unit} {beat.row}: there is no next shot; the clip ends as the model ends it")
        elif named not in ("", NEXT, NONE) and labels.target(index) in (None, index):
            what = "no other shot is called" if labels else "no other shot has the number"
            found.append(f"last frame in {unit} {beat.row}: {what} {named[:40]!r}; it is not used")
    more = len(found) - _MOST_TOLD
    return found if more <= 0 else [*found[:_MOST_TOLD], f"last frame in {more} more {unit}s: no such shot"]


class _Labels:
    """The labels that a table gives its shots; in a table without any, rows are counted from 1."""

    def __init__(self, beats: Sequence[Beat]) -> None:
        self._beats = beats
        self._indexes: dict[str, list[int]] = {}
        for index, beat in enumerate(beats):
            if beat.shot:
                self._indexes.setdefault(label_key(beat.shot), []).append(index)

    def __bool__(self) -> bool:
        return bool(self._indexes)

    def target(self, index: int) -> int | None:
        """Return the row (its index) that a row names, one of its own scene and below it before any other."""
        beats, key = self._beats, label_key(self._beats[index].last_frame)
        if not self._indexes:
            counted = int(key) - 1 if key.isdecimal() and len(key) < _LONGEST_NUMBER else -1
            return counted if 0 <= counted < len(beats) else None
        named = self._indexes.get(key, [])
        return min(named, key=lambda one: (beats[one].scene != beats[index].scene, one <= index, one), default=None)


def with_last_frames(screenplay: Screenplay, story: Story, before: Story | None = None) -> Screenplay:
    """Return the screenplay with the last frames that the table names; those of a row are its last shot's.

    `before`: the story that it was written of, if that is another. A table that names none, and named none before,
    leaves those that a person wrote into the screenplay.
    """
    stories = (story,) if before is None else (story, before)
    if not any(beat.last_frame for one in stories for beat in one.beats):
        return screenplay
    named = {beat.row: (index, beat) for index, beat in enumerate(story.beats)}
    first: dict[int, int] = {}
    last: dict[int, int] = {}
    for shot in screenplay.shots:
        first.setdefault(shot.source_row, shot.number)
        last[shot.source_row] = shot.number
    labels = _Labels(story.beats)

    def target(shot: Shot) -> str:
        index, beat = named.get(shot.source_row, (0, None))
        if beat is None or last[beat.row] != shot.number or not beat.last_frame:
            return ""
        if beat.last_frame in (NEXT, NONE):
            return beat.last_frame
        row = labels.target(index)
        number = None if row is None else first.get(story.beats[row].row)
        return shot_slot(number) if number is not None and number != shot.number else ""

    return _changed(screenplay, {shot.number: target(shot) for shot in screenplay.shots})


def renumbered(screenplay: Screenplay, before: Screenplay) -> Screenplay:
    """Return a merged screenplay in which the slots that its shots end on are those of the same shots as before."""
    slots = {shot.number: shot.last_frame for shot in screenplay.shots if shot.last_frame not in ("", NEXT, NONE)}
    if not slots:
        return screenplay
    now: dict[str, int] = {}
    for shot in screenplay.shots:
        now.setdefault(_content(shot), shot.number)
    moved = {shot_slot(shot.number): now.get(_content(shot)) for shot in before.shots}
    ends = {number: moved.get(slot) for number, slot in slots.items()}
    return _changed(screenplay, {number: shot_slot(end) if end else "" for number, end in ends.items()})


def _content(shot: Shot) -> str:
    return shot.model_copy(update={"number": 0, "source_row": 0}).model_dump_json()


def _changed(screenplay: Screenplay, last_frames: Mapping[int, str]) -> Screenplay:
    scenes = tuple(
        scene.model_copy(
            update={
                "shots": tuple(
                    shot
                    if last_frames.get(shot.number, shot.last_frame) == shot.last_frame
                    else shot.model_copy(update={"last_frame": last_frames[shot.number]})
                    for shot in scene.shots
                )
            }
        )
        for scene in screenplay.scenes
    )
    return screenplay if scenes == screenplay.scenes else screenplay.model_copy(update={"scenes": scenes})


def ends_on(screenplay: Screenplay, *, chain: bool = False) -> dict[int, int]:
    """Return, by the number of each shot whose clip ends on another's keyframe, the number of that other shot.

    `chain`: every shot that names none ends on the next one's, where that is in the same scene and at the same place.
    """
    scene_of = {shot.number: index for index, scene in enumerate(screenplay.scenes) for shot in scene.shots}
    slots = {shot_slot(shot.number): shot.number for shot in screenplay.shots}
    found: dict[int, int] = {}
    shots = screenplay.shots
    for shot, following in zip(shots, (*shots[1:], None), strict=True):
        if shot.last_frame not in ("", NEXT, NONE):
            target = slots.get(shot.last_frame)
            if target is not None and target != shot.number:
                found[shot.number] = target
        elif following is None or shot.last_frame == NONE:
            continue
        elif shot.last_frame == NEXT or (
            chain and scene_of[shot.number] == scene_of[following.number] and shot.location == following.location
        ):
            found[shot.number] = following.number
    return found
