"""The local screenwriter: a `Story` becomes a `Screenplay`, by rules alone, the same every time.

A shot list keeps its rows one to one. Beats become one or more shots each. Nothing that is said or told is
lost: every line and every narration of the story stands in exactly one shot.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from clash.film.transitions import transition_of
from clash.local.screenwriting.atmosphere import Atmosphere, carry
from clash.local.screenwriting.casting import Cast, cast_of, goes_on
from clash.local.screenwriting.locations import UNSAID, Places, heading_parts, is_heading, time_in_heading
from clash.local.screenwriting.looks import characters_of
from clash.local.screenwriting.prompts import Picture, image_prompt, logline, style_guide, video_prompt
from clash.local.screenwriting.rhythm import Rhythm
from clash.local.screenwriting.shot_breakdown import Draft, break_down, keep_row, sentences_of
from clash.providers.ports import CastMember, Established, Neighbours
from clash.story.camera_moves import own_words
from clash.story.camera_terms import angle_of, movement_of, size_of
from clash.story.screenplay import Angle, Beat, Character, Location, Scene, Screenplay, Shot, ShotSize, Story, slug
from clash.story.speakers import name_key

_LONGEST_SCENE_NUMBER = 12


@dataclass(frozen=True)
class _Placed:
    """A row with where and when it plays."""

    beat: Beat
    scene: int
    place: str
    air: Atmosphere
    first_seen: bool
    beside: Neighbours | None = None
    """The shots next to it, if it is a row of a film that there is."""


def write_screenplay(
    story: Story, established: Established | None = None, given: Sequence[CastMember] = ()
) -> Screenplay:
    """Write the screenplay of a story; with `established`, of single rows of one, in the film that there is.

    The people that are `given` have these names and looks.

    Shots refer to characters and locations by slug; a line's speaker is the character's name. Shots are numbered
    from 1; planned lengths are in seconds, as the story says them, else from the words spoken.
    """
    tag = story.language
    # The writer has words of its own in two languages only; the story's own words stay as they are.
    story = story.model_copy(update={"language": "zh" if tag.split("-")[0] == "zh" else "en"})
    known, known_places = (established.characters, established.locations) if established else ((), ())
    by_name = {name_key(one.name): one for one in known}
    known = (*known, *(one for one in _people(given) if name_key(one.name) not in by_name))
    cast = cast_of(story, known)
    places = Places(story.language, known_places, tag)
    is_told = story.kind == "beats"
    if established is None:
        rows = _placed(_with_a_teller(story), places, cast, is_told=is_told)
    else:
        told = _told(story.beats) if established.narrated else story.beats
        rows = _placed_between(told, places, cast, established, is_told=is_told)
    by_slug = {character.slug: character for character in established.characters} if established else {}
    looks = {slug(one.name): one.look for one in given if one.look}
    characters = tuple(
        by_slug.get(character.slug) or character.model_copy(update={"look": looks.get(character.slug, character.look)})
        for character in characters_of(story, cast)
    )
    locations = places.locations(cast.pattern)
    shots = _Shots(story, cast, characters, locations, places)
    scenes = [
        _scene(number, [(row, shots.of(row)) for row in group])
        for number, group in ((n, list(g)) for n, g in groupby(rows, key=lambda row: row.scene))
    ]
    begins = "".join if story.language == "zh" else " ".join
    opening = next((s for row in rows for s in sentences_of(begins(row.beat.description.split("\n")))[:1]), story.title)
    return Screenplay(
        title=established.title if established else story.title,
        logline=logline(
            story.language, [c.name for c in characters], places.name(rows[0].place) if rows else "", opening
        ),
        language=tag,
        style=established.style if established else style_guide(story.language, (row.air.time for row in rows)),
        characters=characters,
        locations=locations,
        scenes=tuple(scenes),
    )


def _people(given: Sequence[CastMember]) -> list[Character]:
    return [Character(slug=slug(one.name), name=one.name, look=one.look) for one in given if one.kind == "character"]


def _with_a_teller(story: Story) -> Sequence[Beat]:
    """Narrate a story without dialogue and narration by its own descriptions: otherwise the film would be silent."""
    if story.kind == "shot_list" or any(beat.dialogue or beat.narration for beat in story.beats):
        return story.beats
    return _told(story.beats)


def _told(beats: Sequence[Beat]) -> list[Beat]:
    return [beat.model_copy(update={"narration": beat.description}) for beat in beats]


def _placed_between(
    beats: Sequence[Beat], places: Places, cast: Cast, established: Established, *, is_told: bool
) -> list[_Placed]:
    """Give each row its place, time and weather between the shots that are there already; each is a scene of its own.

    A row goes on with the row above it, if that is written too, else with the shot before it.
    """
    rows: list[_Placed] = []
    for beat, beside in zip(beats, established.neighbours, strict=True):
        above, before = (rows[-1] if rows and beside.follows else None), beside.before
        new_scene = not beside.same_scene
        here = above.place if above else before.location if before else None
        last = cast.mentioned(above.beat.description) if above else before.characters if before else ()
        holds_on = beside.same_scene or _goes_on(beat, cast, last, is_told=is_told)
        place = places.of(beat, inherited=here if holds_on else None)
        air = above.air if above else Atmosphere(before.time, before.weather) if before else Atmosphere()
        air = _air(beat, air, cast, new_scene=new_scene)
        seen = {*beside.shown, *(row.place for row in rows)}
        rows.append(_Placed(beat, len(rows) + 1, place, air, place not in seen, beside))
    return rows


def _placed(beats: Sequence[Beat], places: Places, cast: Cast, *, is_told: bool) -> list[_Placed]:
    """Give each row its scene, place, time and weather, carried on from the row above.

    A row is at the place of the row above within a scene, or where the table names places; in a table of neither
    only if it goes on about somebody: by a pronoun or, in a story that `is_told` as prose, by name.
    """
    by_scene = any(beat.scene for beat in beats)
    by_place = any(beat.location or is_heading(beat.title) for beat in beats)
    by_title = not by_scene and not any(beat.location or beat.shot or beat.shot_size for beat in beats)
    by_title = by_title and any(beat.title for beat in beats)
    rows: list[_Placed] = []
    air = Atmosphere()
    seen: set[str] = set()
    last_named: Sequence[str] = ()
    place: str | None = None
    scene, mark = 0, None
    for beat in beats:
        own = beat.scene if by_scene else (beat.title or mark) if by_title else None
        new_scene = not rows if own is None else own != mark
        if by_scene or by_place or by_title:
            holds_on = not new_scene
        else:
            holds_on = _goes_on(beat, cast, last_named, is_told=is_told)
            last_named = cast.mentioned(beat.description) or last_named
        place = places.of(beat, inherited=place if holds_on else None)
        if own is None:
            own = mark if rows and places.name(place) == UNSAID else place
            new_scene = not rows or own != mark
        scene, mark = (scene + 1, own) if new_scene else (scene, mark)
        air = _air(beat, air, cast, new_scene=new_scene)
        rows.append(_Placed(beat, scene, place, air, place not in seen))
        seen.add(place)
    return rows


def _goes_on(beat: Beat, cast: Cast, last_named: Sequence[str], *, is_told: bool) -> bool:
    """Whether a row goes on about somebody of the row above: by a pronoun or, in prose, by name."""
    named = cast.mentioned(beat.description) if is_told else ()
    return goes_on(beat.description) or not set(named).isdisjoint(last_named)


def _air(beat: Beat, before: Atmosphere, cast: Cast, *, new_scene: bool) -> Atmosphere:
    """The time and weather of a row after those of the row above. A name tells neither: 林雪 is no snow."""
    described = cast.pattern.sub(" ", beat.description) if cast.pattern else beat.description
    told = " ".join((described, beat.title, beat.location) if new_scene else (described,))
    headings = (beat.time, *(time_in_heading(text) or "" for text in (beat.location, beat.title, beat.scene)))
    return carry(before, column=next(filter(None, headings), ""), text=told, new_scene=new_scene)


class _Shots:
    """Turns placed rows into numbered, framed shots, one row after another."""

    def __init__(
        self,
        story: Story,
        cast: Cast,
        characters: Sequence[Character],
        locations: Sequence[Location],
        places: Places,
    ) -> None:
        self._story = story
        self._cast = cast
        self._characters = {character.slug: character for character in characters}
        self._locations = {location.slug: location for location in locations}
        self._places = places
        self._rhythm = Rhythm()
        self._number = 0
        self._before: tuple[str, ...] = ()

    def of(self, row: _Placed) -> list[Shot]:
        """The shots of one row."""
        language, place = self._story.language, self._locations[row.place].name
        if row.beside and not row.beside.follows:
            before = row.beside.before
            self._before = before.characters if before else ()
            if before:
                self._rhythm.follow(before.size, before.movement)
        if self._story.kind == "shot_list":
            drafts = [keep_row(row.beat, self._cast, language, place=place, before=self._before)]
        else:
            drafts = break_down(
                row.beat, self._cast, language, place=place, new_place=row.first_seen, before=self._before
            )
        self._before = next((draft.characters for draft in reversed(drafts) if draft.characters), self._before)
        shots = [self._shot(row, draft, first=index == 0) for index, draft in enumerate(drafts)]
        at = 0 if transition_of(row.beat.transition) == "fade_in" else -1
        shots[at] = shots[at].model_copy(update={"transition": row.beat.transition})
        return shots

    def _shot(self, row: _Placed, draft: Draft, *, first: bool) -> Shot:
        beat, language = row.beat, self._story.language
        is_list = self._story.kind == "shot_list"
        asked = beat if first else Beat(row=beat.row, description="")
        size, angle, movement = self._rhythm.frame(
            draft.role,
            draft.action,
            people=len(draft.characters),
            inside=self._locations[row.place].setting == "interior",
            size=size_of(asked.shot_size) or size_of(asked.shot),
            angle=angle_of(" / ".join(filter(None, (asked.angle, asked.shot_size, asked.movement))))
            or ("eye_level" if is_list else None),
            movement=movement_of(asked.movement) or ("static" if asked.movement else None),
        )
        people = draft.characters if is_list else _within_frame(draft, size, angle)
        self._number += 1
        picture = Picture(
            size=size,
            angle=angle,
            movement=movement,
            move=own_words(asked.movement),
            place=self._locations[row.place],
            is_side_known=self._places.is_side_known(row.place),
            time=row.air.time,
            weather=row.air.weather,
            cast=[self._characters[slug] for slug in people],
            action=draft.action,
            emotion=beat.emotion,
            lens=beat.lens,
        )
        return Shot(
            number=self._number,
            size=size,
            angle=angle,
            movement=movement,
            location=row.place,
            time=row.air.time,
            weather=row.air.weather,
            characters=people,
            action=draft.action,
            dialogue=draft.dialogue,
            narration=draft.narration,
            duration_s=draft.natural_s if draft.seconds is None else draft.seconds,
            emotion=beat.emotion,
            lens=beat.lens,
            sound=beat.sound if first else "",
            music=beat.music,
            image_prompt=(beat.image_prompt if first else "") or image_prompt(picture, language),
            video_prompt=(beat.video_prompt if first else "") or video_prompt(picture, language),
            reference_image=beat.reference_image,
            source_row=beat.row,
        )


def _within_frame(draft: Draft, size: ShotSize, angle: Angle) -> tuple[str, ...]:
    """Who fits where somebody speaks: close that person alone, over a shoulder one listener too, wider two."""
    if draft.role != "line":
        return draft.characters
    if size not in ("medium_close_up", "close_up", "extreme_close_up"):
        return draft.characters[:3]
    return draft.characters[: 2 if angle == "over_shoulder" else 1]


def _scene(count: int, rows: Sequence[tuple[_Placed, Sequence[Shot]]]) -> Scene:
    """A scene from its rows. A heading in the scene column is its title, not its number."""
    first = rows[0][0]
    written = " ".join(first.beat.scene.split())
    is_number = bool(written) and len(written) <= _LONGEST_SCENE_NUMBER
    title = next((row.beat.title for row, _ in rows if row.beat.title), "")
    if not title and not is_number:
        title = heading_parts(written)[0]
    return Scene(
        number=written if is_number else str(count),
        title=title,
        location=first.place,
        time=first.air.time,
        weather=first.air.weather,
        shots=tuple(shot for _, shots in rows for shot in shots),
    )
