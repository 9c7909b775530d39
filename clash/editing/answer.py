"""What a writer answered for single rows: the shots of each, told in the names that are established."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from clash.errors import ProviderError
from clash.story.screenplay import Beat, Character, Line, Location, Screenplay, Shot
from clash.story.speakers import name_key


class AnsweredRows:
    """The shots of the rows that a writer was given. Raises `ProviderError` (`bad_screenplay`) if one has none."""

    def __init__(
        self,
        answer: Screenplay | None,
        rows: Sequence[Beat],
        characters: Sequence[Character],
        locations: Sequence[Location],
    ) -> None:
        people = answer.characters if answer else ()
        places = answer.locations if answer else ()
        self._people = _same_slugs(people, characters)
        self._places = _same_slugs(places, locations)
        names = {character.slug: character.name for character in characters}
        self._names = {
            one.name: names[self._people[one.slug]] for one in people if self._people.get(one.slug, "") in names
        }
        self.characters = tuple(one for one in people if one.slug not in self._people)
        """Those who are new."""
        self.locations = tuple(one for one in places if one.slug not in self._places)
        """Places that are new."""
        self._shots = _by_row(answer, rows) if rows else []

    def of(self, row: int) -> list[tuple[Shot, int, int]]:
        """The shots of a row, counted from 0, each with its scene and its place in the answer."""
        return [(self._told(shot), scene, place) for shot, scene, place in self._shots[row]]

    def _told(self, shot: Shot) -> Shot:
        """A shot in which everybody has the name that is established."""
        return shot.model_copy(
            update={
                "location": self._places.get(shot.location, shot.location),
                "characters": tuple(dict.fromkeys(self._people.get(slug, slug) for slug in shot.characters)),
                "dialogue": tuple(self._line(line) for line in shot.dialogue),
            }
        )

    def _line(self, line: Line) -> Line:
        name = self._names.get(line.speaker, line.speaker)
        return line if name == line.speaker else line.model_copy(update={"speaker": name})


def _same_slugs(
    answered: Sequence[Character | Location], established: Sequence[Character | Location]
) -> Mapping[str, str]:
    """The slugs in an answer of those who are established already, with the slugs that they have there."""
    by_name = {name_key(one.name): one.slug for one in established}
    slugs = {one.slug for one in established}
    return {
        one.slug: found
        for one in answered
        if (found := by_name.get(name_key(one.name)) or (one.slug if one.slug in slugs else None))
    }


def _by_row(answer: Screenplay | None, rows: Sequence[Beat]) -> list[list[tuple[Shot, int, int]]]:
    scenes = answer.scenes if answer else ()
    shots = [(shot, number) for number, scene in enumerate(scenes) for shot in scene.shots]
    index_of = {beat.row: index for index, beat in enumerate(rows)}
    found: list[list[tuple[Shot, int, int]]] = [[] for _ in rows]
    names_none = not any(shot.source_row in index_of for shot, _ in shots)
    for place, (shot, scene) in enumerate(shots):
        index = index_of.get(shot.source_row)
        if index is None and len(rows) == 1:
            index = 0
        elif index is None and names_none and len(shots) == len(rows):
            # A writer that does not say which row a shot shows, and makes one shot of each.
            index = place
        if index is not None:
            found[index].append((shot, scene, place))
    missing = [str(beat.row) for beat, of_row in zip(rows, found, strict=True) if not of_row]
    if missing:
        named = ", ".join(missing[:10]) + (f" and {len(missing) - 10} more" if len(missing) > 10 else "")
        raise ProviderError(
            f"the writer made no shot of row{'s' if len(missing) > 1 else ''} {named}",
            code="bad_screenplay",
            slots=("screenplay",),
        )
    return found
