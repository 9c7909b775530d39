"""From drafts to a screenplay: names become slugs, shots are numbered, and what the table says is put back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

from clash.providers.openai.draft import NARRATOR, Draft, DraftLine, DraftScene, DraftShot
from clash.providers.ports import Established
from clash.story.camera_terms import angle_of, movement_of, size_of
from clash.story.screenplay import Beat, Character, Line, Location, Scene, Screenplay, Shot, Story, slug

_SHORTEST_S, _LONGEST_S = 1.0, 30.0


def screenplay_of_drafts(story: Story, drafts: Sequence[Draft], known: Established | None = None) -> Screenplay:
    """One screenplay of a story's parts, which have no faults. What an earlier part says of somebody holds.

    Before all parts holds what is `known` of the screenplay to which the rows belong.
    """
    characters, locations = established(drafts, known)
    names = {character.slug: character.name for character in characters}
    beats = {beat.row: beat for beat in story.beats}
    scenes: list[Scene] = []
    number = 0
    seen: set[int] = set()
    for draft_scene, shots in _joined(drafts):
        made: list[Shot] = []
        for draft_shot in shots:
            number += 1
            beat = beats.get(draft_shot.source_row)
            shot = _shot(number, draft_shot, names)
            if beat is not None:
                said = _row_of_one_shot(shot, beat, names) if story.kind == "shot_list" else {}
                if beat.row not in seen:
                    said["reference_image"] = beat.reference_image
                shot = shot.model_copy(update=said)
                seen.add(beat.row)
            made.append(shot)
        scenes.append(
            Scene(
                number=draft_scene.number.strip()[:12] or str(len(scenes) + 1),
                title=draft_scene.title.strip(),
                location=made[0].location,
                time=draft_scene.time,
                weather=draft_scene.weather,
                shots=tuple(made),
            )
        )
    first = drafts[0]
    return Screenplay(
        title=story.title or first.title,
        logline=first.logline.strip(),
        language=story.language,
        style=first.style.strip(),
        characters=tuple(characters),
        locations=tuple(locations),
        scenes=tuple(scenes),
    )


def established(drafts: Iterable[Draft], known: Established | None = None) -> tuple[list[Character], list[Location]]:
    """All people and places that are known, and those of the parts so far; of two by one name the first holds."""
    characters = {slug(one.name): one.model_copy(update={"slug": slug(one.name)}) for one in _people(known)}
    locations = {slug(one.name): one.model_copy(update={"slug": slug(one.name)}) for one in _places(known)}
    for draft in drafts:
        for person in draft.characters:
            name = slug(person.name)
            characters.setdefault(name, Character.model_validate({"slug": name, **_stripped(person.model_dump())}))
        for place in draft.locations:
            name = slug(place.name)
            locations.setdefault(name, Location.model_validate({"slug": name, **_stripped(place.model_dump())}))
    return list(characters.values()), list(locations.values())


def _people(known: Established | None) -> tuple[Character, ...]:
    return known.characters if known else ()


def _places(known: Established | None) -> tuple[Location, ...]:
    return known.locations if known else ()


def _joined(drafts: Sequence[Draft]) -> list[tuple[DraftScene, list[DraftShot]]]:
    """The scenes of all parts; one that a part ends in and the next begins with is one scene."""
    scenes = [scene for draft in drafts for scene in draft.scenes if scene.shots]
    grouped = [list(same) for _, same in groupby(scenes, key=lambda scene: (scene.number, slug(scene.location)))]
    return [(same[0], [shot for scene in same for shot in scene.shots]) for same in grouped]


def _shot(number: int, draft: DraftShot, names: dict[str, str]) -> Shot:
    values: dict[str, Any] = _stripped(draft.model_dump(exclude={"characters", "dialogue", "location", "duration_s"}))
    return Shot(
        **values,
        number=number,
        location=slug(draft.location),
        characters=tuple(dict.fromkeys(slug(name) for name in draft.characters)),
        dialogue=tuple(_line(line, names) for line in draft.dialogue),
        duration_s=round(min(max(draft.duration_s, _SHORTEST_S), _LONGEST_S), 2),
    )


def _line(draft: DraftLine, names: dict[str, str]) -> Line:
    if draft.speaker == NARRATOR and slug(NARRATOR) not in names:
        return Line(text=draft.text.strip(), narrator=True)
    return Line(speaker=names[slug(draft.speaker)], text=draft.text.strip())


def _row_of_one_shot(shot: Shot, beat: Beat, names: dict[str, str]) -> dict[str, Any]:
    """What the row of a shot list decides, put back over what the model made of it."""
    return {
        "duration_s": beat.duration_s or shot.duration_s,
        "narration": beat.narration,
        "dialogue": tuple(
            line if line.narrator else line.model_copy(update={"speaker": names.get(slug(line.speaker), line.speaker)})
            for line in beat.dialogue
        ),
        "size": size_of(beat.shot_size) or shot.size,
        "angle": angle_of(beat.angle) or shot.angle,
        "movement": movement_of(beat.movement) or shot.movement,
        "lens": beat.lens,
        "sound": beat.sound or shot.sound,
        "music": beat.music or shot.music,
        "transition": beat.transition,
        "image_prompt": beat.image_prompt or shot.image_prompt,
        "video_prompt": beat.video_prompt or shot.video_prompt,
    }


def _stripped(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value.strip() if isinstance(value, str) else value for name, value in values.items()}
