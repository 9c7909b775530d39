"""Read a screenplay that a person wrote or edited (`screenplay.json`); its faults are named by their JSON paths."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, cast

from pydantic import ValidationError

from clash.errors import StoryError
from clash.story.last_frames import NEXT, NONE
from clash.story.screenplay import Character, Location, Screenplay, Shot, shot_slot, slug
from clash.story.speakers import name_key
from clash.story.translations import MOST_LANGUAGES, languages_beside

LARGEST_BYTES = 64 << 20
LONGEST_SHOT_S = 600.0
_MOST_FAULTS = 20
_SHOWN = 5


@dataclass(frozen=True)
class ScreenplayFile:
    """A screenplay that can be shot, its shots numbered from 1, and what there is to say of it."""

    screenplay: Screenplay
    warnings: tuple[str, ...]


def read_screenplay(content: bytes, *, name: str) -> ScreenplayFile:
    """Read a screenplay. Raises `StoryError` that names each fault by its JSON path.

    A document that holds one under `screenplay`, as `clash screenplay show --json` prints it, is read too.
    """
    document = _document(content, name)
    try:
        screenplay = Screenplay.model_validate(document)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_context=False, include_input=False)
        raise refused(name, [f"{json_path(item['loc'])}: {item['msg']}" for item in problems]) from None
    if faults := [*_unwritable(screenplay.model_dump()), *_faults(screenplay)]:
        raise refused(name, faults)
    return ScreenplayFile(_numbered(screenplay), tuple(_warnings(screenplay)))


_WRITTEN_BY = "`clash screenplay show THREAD --json` writes a screenplay that you can edit"


def refused(name: str, faults: list[str]) -> StoryError:
    """The error for a screenplay with these faults."""
    more = f"; and {len(faults) - _MOST_FAULTS} more" if len(faults) > _MOST_FAULTS else ""
    return StoryError(
        f"{name} is no screenplay that can be shot: {'; '.join(faults[:_MOST_FAULTS])}{more}",
        hint="`clash schema screenplay` prints what a screenplay holds",
    )


def json_path(places: tuple[int | str, ...]) -> str:
    """A place in a JSON document as people write it.

    >>> json_path(("scenes", 2, "shots", 0, "location"))
    'scenes[2].shots[0].location'
    """
    text = "".join(f"[{place}]" if isinstance(place, int) else f".{place}" for place in places)
    return text.removeprefix(".") or "the document"


def shot_paths(screenplay: Screenplay) -> Iterator[tuple[str, Shot]]:
    """All shots in the order of the film, each with its JSON path."""
    for number, scene in enumerate(screenplay.scenes):
        for index, shot in enumerate(scene.shots):
            yield f"scenes[{number}].shots[{index}]", shot


def _document(content: bytes, name: str) -> dict[str, Any]:
    if len(content) > LARGEST_BYTES:
        raise StoryError(f"{name} is larger than {LARGEST_BYTES >> 20} MB; a screenplay never is")
    try:
        document: Any = json.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise StoryError(f"{name} is no text in UTF-8: {error.reason} at byte {error.start}") from None
    except json.JSONDecodeError as error:
        raise StoryError(
            f"{name} is no JSON: line {error.lineno}, column {error.colno}: {error.msg}", hint=_WRITTEN_BY
        ) from None
    except RecursionError:
        raise StoryError(f"{name} is nested too deeply to be a screenplay") from None
    if isinstance(document, dict) and "scenes" not in document:
        document = cast("dict[str, Any]", document).get("screenplay", document)
    if not isinstance(document, dict):
        raise refused(name, ["the document: it must be an object"])
    return cast("dict[str, Any]", document)


def _unwritable(value: Any, *place: int | str) -> Iterator[str]:
    """The texts that no file and no database can hold: with half of a character (a lone surrogate) in them."""
    if isinstance(value, str):
        if any("\ud800" <= character <= "\udfff" for character in value):
            yield f"{json_path(place)}: half of a character (a lone surrogate) stands in it"
    elif isinstance(value, dict):
        for name, held in cast("dict[str, Any]", value).items():
            yield from _unwritable(held, *place, name)
    elif isinstance(value, list | tuple):
        for index, held in enumerate(cast("list[Any]", value)):
            yield from _unwritable(held, *place, index)


def _faults(screenplay: Screenplay) -> Iterator[str]:
    yield from _slug_faults("characters", screenplay.characters)
    yield from _slug_faults("locations", screenplay.locations)
    people = [character.slug for character in screenplay.characters]
    places = [location.slug for location in screenplay.locations]
    for number, scene in enumerate(screenplay.scenes):
        if scene.location not in places:
            yield f"scenes[{number}].location: {_unknown('location', scene.location, places)}"
        if not scene.shots:
            yield f"scenes[{number}].shots: a scene needs a shot"
    slots = {shot_slot(number) for number in range(1, len(screenplay.shots) + 1)}
    for path, shot in shot_paths(screenplay):
        if shot.last_frame not in {"", NEXT, NONE, *slots}:
            yield f"{path}.last_frame: {shot.last_frame!r} is neither next, none nor the slot of a shot (shot:004)"
        if shot.location not in places:
            yield f"{path}.location: {_unknown('location', shot.location, places)}"
        for index, name in enumerate(shot.characters):
            if name not in people:
                yield f"{path}.characters[{index}]: {_unknown('character', name, people)}"
        if not 0 < shot.duration_s <= LONGEST_SHOT_S:
            yield f"{path}.duration_s: a shot lasts more than 0 and at most {LONGEST_SHOT_S:.0f} seconds"
        if not shot.action.strip() and not shot.image_prompt.strip():
            yield f"{path}.action: it says what is seen, unless image_prompt does"
    if len(languages := languages_beside(screenplay)) > MOST_LANGUAGES:
        yield f"translations: {len(languages)} languages beside the film's; at most {MOST_LANGUAGES} have subtitles"
    if not screenplay.scenes:
        yield "scenes: a film needs a scene"


def _slug_faults(where: str, subjects: tuple[Character | Location, ...]) -> Iterator[str]:
    counts = Counter(subject.slug for subject in subjects)
    for index, subject in enumerate(subjects):
        path = f"{where}[{index}]"
        # A place without a name is the one of shots of which the story does not say where they play.
        if not subject.name.strip() and not (where == "locations" and subject.name == ""):
            yield f"{path}.name: it is empty"
        if subject.slug != slug(subject.slug):
            yield f"{path}.slug: {subject.slug!r} is no slug; {slug(subject.slug)!r} is one"
        elif counts[subject.slug] > 1:
            yield f"{path}.slug: {subject.slug!r} stands {counts[subject.slug]} times"


def _unknown(kind: str, name: str, known: list[str]) -> str:
    close = get_close_matches(name, known, n=1)
    meant = f"; did you mean {close[0]!r}?" if close else f"; there are {', '.join(known[:_SHOWN]) or 'none'}"
    return f"there is no {kind} {name!r}{meant}"


def _numbered(screenplay: Screenplay) -> Screenplay:
    """The screenplay with its shots numbered in the order in which they stand."""
    number = 0
    scenes = list(screenplay.scenes)
    for index, scene in enumerate(scenes):
        shots: list[Shot] = []
        for shot in scene.shots:
            number += 1
            shots.append(shot if shot.number == number else shot.model_copy(update={"number": number}))
        scenes[index] = scene.model_copy(update={"shots": tuple(shots)})
    return screenplay.model_copy(update={"scenes": tuple(scenes)})


def _warnings(screenplay: Screenplay) -> Iterator[str]:
    shots = list(shot_paths(screenplay))
    wrong = [path for number, (path, shot) in enumerate(shots, start=1) if shot.number != number]
    if wrong:
        yield f"{wrong[0]}.number: shots are numbered anew, in the order in which they stand"
    seen = {name for _, shot in shots for name in shot.characters}
    heard = {name_key(line.speaker) for _, shot in shots for line in shot.dialogue}
    for index, character in enumerate(screenplay.characters):
        if character.slug not in seen and name_key(character.name) not in heard:
            yield f"characters[{index}]: {character.name} is in no shot; a picture of it is drawn all the same"
    used = {shot.location for _, shot in shots}
    for index, location in enumerate(screenplay.locations):
        if location.slug not in used:
            yield f"locations[{index}]: {location.name} is in no shot; a picture of it is drawn all the same"
    names = {character.name for character in screenplay.characters}
    for path, shot in shots:
        for index, line in enumerate(shot.dialogue):
            if line.speaker and line.speaker not in names:
                yield f"{path}.dialogue[{index}].speaker: no character is called {line.speaker}; any voice speaks it"
