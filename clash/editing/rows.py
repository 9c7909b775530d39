"""Match the rows of a changed table to the rows of the table before, by what they say.

Rows are compared as they are read: a place holds for the rows below it that name none, a range is a length. A row's
number, its shot number, its scene's label and the columns that nothing reads do not count. A row that only came to
stand below another place, because rows above it were added, removed or moved, is the row it was.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from clash.story.camera_terms import size_of
from clash.story.headings import Heading, heading_of
from clash.story.screenplay import Beat, Story
from clash.story.speakers import name_key

RowState = Literal["kept", "changed", "added", "removed"]

PICTURE_FIELDS = (
    "description",
    "place",
    "int_ext",
    "time",
    "people",
    "emotion",
    "notes",
    "image_prompt",
    "video_prompt",
    "reference_image",
)
"""What is seen. The other fields are heard, are lengths, or say how the camera stands."""
TABLE_FIELDS = (
    "title",
    "dialogue",
    "narration",
    "duration_s",
    "shot_size",
    "angle",
    "movement",
    "lens",
    "sound",
    "music",
    "transition",
)
ON_SCREEN = "on_screen_text"
"""Words that the audience reads: a row that differs in them alone is the row it was, and no model is told them."""
_ALIKE = 0.5
_ALIKE_NEARBY = 0.3
_MOST_PAIRS = 200_000
_NEARBY = 20
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W_\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+")
NOTE = re.compile(r"[(（\[【](?P<note>[^()（）\[\]【】]*)[)）\]】]")


@dataclass(frozen=True)
class RowMatch:
    """A row of the new story (`new`), of the old one (`old`), or the same row in both. Both are indexes of beats.

    `fields` are the fields in which a changed row differs; none where only a look in brackets does.
    """

    state: RowState
    old: int | None
    new: int | None
    fields: frozenset[str] = frozenset()


@dataclass(frozen=True)
class RowContent:
    """What a row says. `looks` is what brackets say of a person in the column of characters."""

    beat: Beat
    place: str
    int_ext: str
    time: str
    place_from: int | None = None
    """The row above it (its index) that says where it plays, if it does not say so itself."""
    time_from: int | None = None
    """The row above it that says when it plays."""

    @cached_property
    def picture(self) -> tuple[Hashable, ...]:
        """What is seen in it."""
        return tuple(self.field(name) for name in PICTURE_FIELDS)

    @cached_property
    def whole(self) -> tuple[Hashable, ...]:
        """All that it says."""
        return (*self.picture, *(self.field(name) for name in TABLE_FIELDS), self._looks)

    @cached_property
    def own(self) -> tuple[Hashable, ...]:
        """All but what it has from rows above."""
        inherited = {"place", "int_ext"} if self.place_from is not None or not self.place else set[str]()
        inherited |= {"time"} if self.time_from is not None or not self.time else set[str]()
        names = (*PICTURE_FIELDS, *TABLE_FIELDS)
        return (*(None if name in inherited else self.field(name) for name in names), self._looks)

    @cached_property
    def words(self) -> Counter[str]:
        """The words of what is seen; of a row that describes nothing, what is heard."""
        beat = self.beat
        seen = " ".join((beat.description, beat.image_prompt, beat.video_prompt))
        heard = " ".join((beat.narration, *(line.text for line in beat.dialogue)))
        return Counter(_WORD.findall((seen if seen.strip() else heard).casefold()))

    @cached_property
    def looks(self) -> dict[str, str]:
        """What brackets say of each person of the row, by the name's key."""
        found: dict[str, str] = {}
        for written in self.beat.characters:
            notes = [plain(match["note"]) for match in NOTE.finditer(written)]
            if any(notes):
                found[name_key(written)] = ", ".join(filter(None, notes))
        return found

    @property
    def _looks(self) -> tuple[tuple[str, str], ...]:
        return tuple(sorted(self.looks.items()))

    def field(self, name: str) -> Hashable:
        """The value of a field in a form of which one meaning has one value."""
        beat = self.beat
        if name == "people":
            return tuple(sorted(name_key(person) or plain(person) for person in beat.characters))
        if name == "dialogue":
            return tuple(
                (plain(line.speaker).casefold(), plain(line.text), line.direction, line.narrator, line.voice)
                for line in beat.dialogue
            )
        if name == "duration_s":
            return beat.duration_s
        if name == "shot_size":
            return plain(beat.shot_size) or size_of(beat.shot) or ""
        if name in _INHERITED:
            return plain(getattr(self, name)).casefold()
        if name == ON_SCREEN:
            return tuple(map(plain, beat.on_screen_text.splitlines()))
        return plain(getattr(beat, name))

    def changed_fields(self, other: RowContent) -> set[str]:
        """The fields in which two rows differ, looks aside."""
        return {name for name in (*PICTURE_FIELDS, *TABLE_FIELDS, ON_SCREEN) if self.field(name) != other.field(name)}


_INHERITED = ("place", "int_ext", "time")


def plain(text: str) -> str:
    """A text of which only the words count: one form of each letter, single spaces."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def contents_of(story: Story) -> list[RowContent]:
    """What each row of a story says; where it plays and when is carried on from the row above."""
    found: list[RowContent] = []
    for index, beat in enumerate(story.beats):
        heading = _heading(beat)
        place, time = beat.location or heading.place, beat.time or heading.time
        int_ext = beat.int_ext or heading.int_ext
        above = found[-1] if found else None
        place_from = time_from = None
        if not place and above is not None and above.place:
            place, int_ext = above.place, int_ext or above.int_ext
            place_from = above.place_from if above.place_from is not None else index - 1
            if not time and above.time and beat.scene == above.beat.scene:
                time = above.time
                time_from = above.time_from if above.time_from is not None else index - 1
        found.append(RowContent(beat, place, int_ext, time, place_from, time_from))
    return found


def _heading(beat: Beat) -> Heading:
    """The place that a heading in the columns of scenes or titles says; a plain label says none."""
    for text in (beat.title, beat.scene):
        found = heading_of(text) if text else Heading()
        if found.place and (found.int_ext or found.time):
            return found
    return Heading()


def match_rows(old: Story, new: Story) -> tuple[RowMatch, ...]:
    """Every row of the new story in its order, then the removed rows of the old one.

    Rows that say the same are matched first, in order. Of the others, those that are most alike are one changed row.
    """
    return _Matching(contents_of(old), contents_of(new)).matches()


class _Matching:
    def __init__(self, old: Sequence[RowContent], new: Sequence[RowContent]) -> None:
        self._old, self._new = old, new
        self._of_new: dict[int, int] = {}
        self._of_old: dict[int, int] = {}

    def matches(self) -> tuple[RowMatch, ...]:
        self._match_same(lambda row: (row.whole, row.field(ON_SCREEN)))
        self._match_same(lambda row: row.whole)
        self._match_same(lambda row: row.own)
        self._match_alike()
        rows: list[RowMatch] = []
        for index, row in enumerate(self._new):
            if index not in self._of_new:
                rows.append(RowMatch("added", None, index))
                continue
            old = self._of_new[index]
            fields = self._changed(self._old[old], row)
            state: RowState = "changed" if fields or row.looks != self._old[old].looks else "kept"
            rows.append(RowMatch(state, old, index, frozenset(fields)))
        removed = [RowMatch("removed", index, None) for index in range(len(self._old)) if index not in self._of_old]
        return (*rows, *removed)

    def _changed(self, old: RowContent, new: RowContent) -> set[str]:
        """The fields in which two rows differ. What a row has from above counts if the row that says it is the same."""
        fields = new.changed_fields(old)
        if self._is_from_others(old.place, old.place_from, new.place, new.place_from):
            fields -= {"place", "int_ext"}
        if self._is_from_others(old.time, old.time_from, new.time, new.time_from):
            fields -= {"time"}
        return fields

    def _is_from_others(self, old: str, old_from: int | None, new: str, new_from: int | None) -> bool:
        """Whether neither row says a thing itself, and they do not have it from the same row above."""
        says_old, says_new = bool(old) and old_from is None, bool(new) and new_from is None
        if says_old or says_new:
            return False
        return old_from is None or new_from is None or self._of_old.get(old_from) != new_from

    def _pair(self, old: int, new: int) -> None:
        self._of_new[new], self._of_old[old] = old, new

    def _match_same(self, key: Callable[[RowContent], Hashable]) -> None:
        waiting: dict[Hashable, list[int]] = defaultdict(list)
        for index in reversed(range(len(self._old))):
            if index not in self._of_old:
                waiting[key(self._old[index])].append(index)
        for index, row in enumerate(self._new):
            if index not in self._of_new and (same := waiting.get(key(row))):
                self._pair(same.pop(), index)

    def _match_alike(self) -> None:
        old = [index for index in range(len(self._old)) if index not in self._of_old]
        new = [index for index in range(len(self._new)) if index not in self._of_new]
        if not old or not new:
            return
        gap_of_old = self._gaps(len(self._old), self._of_old, lambda index: index)
        gap_of_new = self._gaps(len(self._new), self._of_new, lambda index: self._of_new[index])
        few = len(old) * len(new) <= _MOST_PAIRS
        scored: list[tuple[float, int, int, int]] = []
        for rank, n in enumerate(new):
            for o in old if few else old[max(0, rank - _NEARBY) : rank + _NEARBY]:
                before, after = gap_of_old[o], gap_of_new[n]
                near = before[0] == after[0] or before[1] == after[1]
                score = _likeness(self._old[o], self._new[n], near=near)
                if score:
                    scored.append((-score, abs(n - o), n, o))
        for _, _, n, o in sorted(scored):
            if n not in self._of_new and o not in self._of_old:
                self._pair(o, n)

    def _gaps(self, count: int, matched: dict[int, int], old_of: Callable[[int], int]) -> list[tuple[int, int]]:
        """For each row, the old index of the matched row before it and of the one after it."""
        before: list[int] = []
        last = -1
        for index in range(count):
            before.append(last)
            last = old_of(index) if index in matched else last
        after: list[int] = []
        last = -1
        for index in reversed(range(count)):
            after.append(last)
            last = old_of(index) if index in matched else last
        return list(zip(before, reversed(after), strict=True))


def _likeness(old: RowContent, new: RowContent, *, near: bool) -> float:
    """How surely two rows are one that was changed; 0 where they are two. `near`: they stand at the same rows."""
    alike = _shared(old.words, new.words)
    same_picture = old.picture == new.picture and bool(plain(old.beat.description) or old.beat.image_prompt)
    same_label = bool(plain(new.beat.shot)) and plain(old.beat.shot) == plain(new.beat.shot)
    is_one = same_picture or alike >= _ALIKE or (near and (same_label or alike >= _ALIKE_NEARBY))
    if not is_one:
        return 0.0
    heard = 0.5 * _shared(_heard(old.beat), _heard(new.beat))
    return 2.0 * same_picture + alike + heard + 0.25 * near + 0.1 * same_label + 0.01


def _heard(beat: Beat) -> Counter[str]:
    return Counter(_WORD.findall(" ".join((beat.narration, *(line.text for line in beat.dialogue))).casefold()))


def _shared(one: Counter[str], other: Counter[str]) -> float:
    """How many of the words of two texts are the same, from 0 to 1."""
    total = one.total() + other.total()
    return 2 * (one & other).total() / total if total else 0.0


def words_in(text: str) -> list[str]:
    """The words of a text in lower case; a character of a script without spaces is a word."""
    return _WORD.findall(text.casefold())


def share_of(part: Iterable[str], whole: Iterable[str]) -> float:
    """How many of the words of a part stand in the whole, from 0 to 1."""
    words = Counter(part)
    return (words & Counter(whole)).total() / words.total() if words else 0.0
