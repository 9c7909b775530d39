"""Where and when each row plays, under the heading row above it and the rows between."""

from __future__ import annotations

from dataclasses import replace

from clash.story.headings import (
    LONGEST_HEADING,
    Heading,
    apply_heading,
    heading_of,
    is_read_as_it_is,
    is_scene_number,
    without_same_time,
)
from clash.story.same import is_same
from clash.story.words import fold


class Where:
    """Follows the rows of one table, from the top to the bottom."""

    def __init__(self) -> None:
        self._heading: Heading | None = None
        self._latest: Heading | None = None
        self._scene = ""
        self._place = ""

    def put(self, values: dict[str, str], heading: Heading | None) -> None:
        """Give a row its scene, place, side and time: its own, else those of the rows above it under one heading row.

        `heading` is that of the heading row above, if there is one.
        """
        if values.get("location") and is_same(values["location"]):
            values["location"] = self._place
        if heading is not None:
            self._put_under(values, heading)
        self._heading = heading
        self._scene = values["scene"] = values.get("scene") or self._scene
        self._place = values.get("location") or self._place

    def _put_under(self, values: dict[str, str], heading: Heading) -> None:
        own = _heading_in(values.get("location", ""))
        if own is not None:
            values["location"] = own.place
            apply_heading(values, own)
        starts = heading is not self._heading or values.get("scene", self._scene) not in (self._scene, "")
        latest = heading if starts or self._latest is None else self._latest
        place = values.get("location", "")
        if not place:
            apply_heading(values, latest)
        elif fold(place) == fold(heading.place):
            apply_heading(values, heading)
        else:
            apply_heading(values, replace(heading, time=latest.time))
        self._latest = latest
        if place:
            self._latest = Heading(heading.number, place, values.get("int_ext", ""), values.get("time", ""))


def split_places(values: dict[str, str]) -> None:
    """A scene's cell that is a heading gives its number, place, light and time; so does a place's."""
    scene = values.get("scene", "")
    if scene and not is_scene_number(scene):
        found = heading_of(scene)
        if found.number and found.place:
            values["scene"] = found.number
            apply_heading(values, found)
    place = values.get("location", "")
    if place and len(place) < LONGEST_HEADING:
        found = heading_of(place)
        if found.place and (found.int_ext or found.time) and not is_read_as_it_is(place, found):
            values["location"] = found.place
            apply_heading(values, found)


def _heading_in(place: str) -> Heading | None:
    """The heading that a cell of places holds with a side or a time of its own."""
    if not place or len(place) >= LONGEST_HEADING:
        return None
    found = heading_of(without_same_time(place))
    return found if found.place and (found.int_ext or found.time) else None
