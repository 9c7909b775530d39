"""The labels that a table gives its shots, such as `1A`, and the slots that people mean by them."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from clash.editing.slots import shot_of, slot_named
from clash.errors import UsageError
from clash.story.last_frames import label_key
from clash.story.screenplay import Screenplay, Story, shot_slot


@dataclass(frozen=True)
class ShotLabels:
    """The labels of a run's shots. Empty where the table has none, or none but the shots' own numbers."""

    by_shot: Mapping[str, str] = field(default_factory=dict[str, str])
    """The label of each shot, by its slot: `shot:007` to `1A`."""
    scenes: Mapping[str, str] = field(default_factory=dict[str, str])
    """The number of each shot's scene, as the table has it."""

    def of(self, slot: str) -> str | None:
        """Return the label of the shot that a slot belongs to; None if it has none."""
        return self.by_shot.get(shot_of(slot))

    def told(self, slot: str) -> str:
        """Return a slot as a person reads it: `shot:007/clip (1A)`."""
        label = self.of(slot)
        return f"{slot} ({label})" if label else slot

    def beside(self, number: int) -> str:
        """Return a shot's label as it stands behind its number, ` (3A)`; "" for none, or one that is the number."""
        label = self.by_shot.get(shot_slot(number), "")
        return f" ({label})" if label and label_key(label) != str(number) else ""

    def slot(self, text: str) -> str:
        """Return the slot that a person means: a slot of clash, or a shot by its label: `1A`, `shot:1A/clip`.

        A bare number behind `shot:` is clash's own, as is one alone where the table has no other labels. Raises
        `UsageError` for nothing, and for a label of several shots.
        """
        named = slot_named(text)
        if not named:
            raise UsageError("a slot is empty", hint="a slot is shot:007, shot:007/clip, character:mara, screenplay")
        kind, colon, rest = named.partition(":")
        label, _, part = (rest if colon and kind == "shot" else named).partition("/")
        if not self.by_shot and not colon and label_key(label).isdecimal():
            return slot_named(f"shot:{named}")
        if not self.by_shot or named in self.by_shot or (colon and kind != "shot"):
            return named
        if label_key(label).isdecimal() and colon:
            return named
        found = self._labelled(label)
        if len(found) > 1:
            told = ", ".join(
                f"{shot}{' of scene ' + self.scenes[shot] if self.scenes.get(shot) else ''}" for shot in found[:6]
            )
            raise UsageError(
                f"{len(found)} shots are labelled {label!r}: {told}", hint="name the one that is meant by its slot"
            )
        return f"{found[0]}{'/' + part if part else ''}" if found else named

    def perhaps(self, slot: str, shots: Collection[str]) -> str:
        """Return the shot that may be meant by a number that is no slot: the one of that label, or of that number.

        "" if there is none. The label comes with it: `shot:002 (20)`.
        """
        number, slash, part = slot.removeprefix("shot:").partition("/")
        if not number.isdecimal():
            return ""
        found = self._labelled(number) if slot.startswith("shot:") else [shot_slot(int(number))]
        shot = found[0] if len(found) == 1 else ""
        return self.told(f"{shot}{slash}{part}") if shot and shot in shots else ""

    def _labelled(self, label: str) -> list[str]:
        """The shots that have a label; where none has, those whose scene and label together are it: `12A`."""
        key = label_key(label)
        found = [shot for shot, own in self.by_shot.items() if label_key(own) == key]
        return found or [
            shot
            for shot, own in self.by_shot.items()
            if self.scenes.get(shot) and label_key(f"{self.scenes[shot]}{own}") == key
        ]


NO_LABELS = ShotLabels()


def labels_of(story: Story, screenplay: Screenplay) -> ShotLabels:
    """Return the labels that a story gives the shots of its screenplay."""
    return labels_by_row(
        {beat.row: (beat.shot, beat.scene) for beat in story.beats},
        ((shot.number, shot.source_row) for shot in screenplay.shots),
    )


def labels_by_row(rows: Mapping[int, tuple[str, str]], shots: Iterable[tuple[int, int]]) -> ShotLabels:
    """Return the labels of shots. `rows`: label and scene by the number of the row. `shots`: their numbers and rows."""
    labels: dict[str, str] = {}
    scenes: dict[str, str] = {}
    is_telling = False
    for number, row in shots:
        label, scene = rows.get(row, ("", ""))
        label = " ".join(unicodedata.normalize("NFKC", label).split())
        if label:
            labels[shot_slot(number)], scenes[shot_slot(number)] = label, scene
            is_telling = is_telling or label_key(label) != str(number)
    return ShotLabels(labels, scenes) if is_telling else NO_LABELS
