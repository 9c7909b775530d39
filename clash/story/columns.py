"""What each column of a table is used for: its header says it; where that is ambiguous, its values decide."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from clash.errors import StoryError, UsageError
from clash.story.camera_terms import angle_of, movement_of, size_of
from clash.story.cells import is_empty, is_sentence, looks_like_a_file, split_list
from clash.story.durations import Length, is_unmistakable, length_of
from clash.story.headers import SPEECH, UNUSED, Meaning, language_of_headers, meaning_of
from clash.story.headings import is_scene_number
from clash.story.screenplay import Beat
from clash.story.speakers import could_be_a_name, is_off, name_key
from clash.story.speech import has_labels, has_spoken_names, names_in
from clash.story.table import Row, Table, shortened
from clash.story.words import key_of

MAPPABLE = (
    *(name for name in Beat.model_fields if name not in ("row", "extra", "duration_s")),
    "duration",
    "start",
    "end",
    "speaker",
)
"""The fields that `--column HEADER=FIELD` may name."""

_SAMPLE = 400
_HEARD = SPEECH | {"speaker", "characters", "who"}
_CAMERA = ("shot_size", "angle", "movement")
_SENTENCES_IN_MOST = 0.6


@dataclass
class Column:
    """One column: what its header means, and the fields that it fills in the end."""

    index: int
    header: str
    meaning: Meaning
    fields: tuple[str, ...] = ()
    unnamed: str = "nobody"
    """Whose words without a name are, in a column of speech: see `speech.Unnamed`."""
    by_hand: bool = False

    @property
    def shown(self) -> str:
        """Its name in messages."""
        return self.header or f"column {self.index + 1}"


@dataclass
class Columns:
    """All columns of a table, and what there is to say about them."""

    every: list[Column] = field(default_factory=list[Column])
    warnings: list[str] = field(default_factory=list[str])

    def of(self, name: str) -> list[Column]:
        """The columns that fill a field."""
        return [column for column in self.every if name in column.fields]

    @property
    def unused(self) -> list[Column]:
        """The columns that fill none."""
        return [column for column in self.every if not column.fields]

    @property
    def speech(self) -> list[Column]:
        """The columns that hold words to be said."""
        return [column for column in self.every if SPEECH & set(column.fields)]


def columns_of(table: Table, rows: Sequence[Row], *, by_hand: Mapping[str, str], language: str = "") -> Columns:
    """Decide what every column is used for. Raises `StoryError` when there is nothing to film in any of them."""
    prefer = language_of_headers(table.headers)
    columns = Columns([Column(i, header, meaning_of(header, prefer)) for i, header in enumerate(table.headers)])
    for column in columns.every:
        column.fields = tuple(name for name in column.meaning.fields if name not in UNUSED)
    _map_by_hand(columns, by_hand, table)
    _Deciding(columns, rows, language).decide()
    if not any(columns.of(name) for name in ("description", "image_prompt", "video_prompt", *SPEECH)):
        raise _nothing_to_film(table)
    _tell(columns)
    return columns


class _Deciding:
    """Takes the columns one kind after another, each with its values."""

    def __init__(self, columns: Columns, rows: Sequence[Row], language: str) -> None:
        self._columns = columns
        self._rows = rows
        self._language = language
        self._values: dict[int, list[str]] = {}

    def values(self, column: Column) -> list[str]:
        """The filled cells of a column, the first few hundred."""
        if column.index not in self._values:
            cells = (row.cells[column.index] for row in self._rows)
            self._values[column.index] = [
                cell for cell, _ in zip((c for c in cells if not is_empty(c)), range(_SAMPLE), strict=False)
            ]
        return self._values[column.index]

    def decide(self) -> None:
        """Settle everything that headers leave open."""
        for column in list(self._columns.every):
            if column.by_hand or not column.fields:
                continue
            if self._only_says_off(column):
                column.fields = ("off",)
                continue
            self._combined(column)
            self._places(column)
            self._numbers(column)
            self._camera(column)
            self._pictures(column)
        self._lengths()
        self._one_of_each_language()
        self._speech()
        self._people()
        self._picture()
        self._names_of_beats()

    # -- one column at a time

    def _only_says_off(self, column: Column) -> bool:
        """Whether a column of speech or people says only how each speaker is heard: V.O., O.S., 画外音."""
        values = self.values(column)
        return bool(values) and bool(_HEARD & set(column.fields)) and all(map(is_off, values))

    def _combined(self, column: Column) -> None:
        """A header of several parts: numbers beside words, words beside text that is in every table."""
        if len(column.fields) < 2:
            return
        fields = list(column.fields)
        if (
            SPEECH & set(fields)
            and "description" in fields
            and any(other is not column and "description" in other.fields for other in self._columns.every)
        ):
            fields.remove("description")
        numeric = self._share(column, is_scene_number) > 0.5
        if "place" in fields and {"time", "int_ext"} & set(fields):
            fields[fields.index("place")] = "location"
        for name in ("shot", "scene", "place", "title"):
            if name in fields and len(fields) > 1:
                others = [other for other in fields if other not in ("shot", "scene", "title", "place")]
                if others and not numeric:
                    fields.remove(name)
                elif others and numeric:
                    fields = [name]
        column.fields = tuple(fields)

    def _places(self, column: Column) -> None:
        if column.fields == ("place",):
            column.fields = ("scene",) if self._share(column, is_scene_number) >= 0.5 else ("location",)
        elif column.fields == ("location",) and self.values(column) and self._share(column, str.isdigit) == 1:
            column.fields = () if self._columns.of("scene") else ("scene",)
        elif column.fields == ("weather",):
            column.fields = ("time",)

    def _numbers(self, column: Column) -> None:
        """`Shot` that holds sizes is the size, that holds moves is the move, that holds sentences is the picture."""
        if column.fields not in (("shot",), ("scene",)):
            return
        if column.fields == ("shot",) and self._share(column, _has_digit) < 0.5:
            if self._share(column, lambda text: size_of(text) is not None and len(text) < 30) > 0.5:
                column.fields = () if self._columns.of("shot_size") else ("shot_size",)
                return
            if self._share(column, lambda text: movement_of(text) is not None and len(text) < 30) > 0.5:
                column.fields = () if self._columns.of("movement") else ("movement",)
                return
        if self._share(column, is_scene_number) >= 0.5:
            return
        if self._share(column, is_sentence) > _SENTENCES_IN_MOST and not self._columns.of("description"):
            column.fields = ("description",)

    def _camera(self, column: Column) -> None:
        """Sizes under a header of moves are sizes, as long as no other column holds them."""
        if len(column.fields) != 1 or column.fields[0] not in _CAMERA or not self.values(column):
            return
        read = {"shot_size": size_of, "angle": angle_of, "movement": movement_of}
        own = column.fields[0]
        if self._share(column, lambda text: read[own](text) is not None) > 0:
            return
        for other in _CAMERA:
            share = self._share(column, lambda text, other=other: read[other](text) is not None and len(text) < 40)
            if other != own and share > 0.5 and not self._columns.of(other):
                column.fields = (other,)
                return
        if own != "shot_size" and self._share(column, is_sentence) > _SENTENCES_IN_MOST:
            column.fields = (own,)

    def _pictures(self, column: Column) -> None:
        """A column of pictures' file names is no prose."""
        if column.fields == ("description",) and self.values(column) and self._share(column, looks_like_a_file) == 1:
            column.fields = ("reference_image",)
        elif (
            column.fields == ("reference_image",)
            and self._share(column, is_sentence) > _SENTENCES_IN_MOST
            and not self._columns.of("description")
            and not any(looks_like_a_file(value) for value in self.values(column))
        ):
            column.fields = ("description",)

    # -- columns beside each other

    def _lengths(self) -> None:
        columns = self._columns
        for column in columns.of("timecode"):
            column.fields = self._clock_field(column) or ()
        for column in columns.of("duration"):
            if not column.by_hand and self._are_starts(column):
                column.fields = ("start",)
        has_length = bool(columns.of("duration"))
        for column in columns.of("time"):
            if column.by_hand or len(column.fields) > 1:
                continue
            found = self._clock_field(column)
            if found and not has_length:
                column.fields = found
                if found == ("duration",):
                    columns.warnings.append(f"column {shortened(column.header)} holds lengths and is read as duration")
                    has_length = True
                else:
                    columns.warnings.append(f"column {shortened(column.header)} holds the starts of the shots")
            elif found:
                column.fields = ()
        for name in ("start", "end"):
            for column in columns.of(name):
                lengths = [length_of(value) for value in self.values(column)]
                if not column.by_hand and (has_length or not lengths or lengths.count(None) * 2 > len(lengths)):
                    column.fields = ()

    def _clock_field(self, column: Column) -> tuple[str, ...]:
        """Whether a column of times holds lengths or starts on the film's clock, not hours of the day."""
        values = self.values(column)
        if not values:
            return ()
        if self._are_starts(column):
            return ("start",)
        lengths = sum(is_unmistakable(value) for value in values)
        return ("duration",) if lengths * 3 >= len(values) * 2 or (lengths and lengths + 1 >= len(values)) else ()

    def _are_starts(self, column: Column) -> bool:
        """`0:00`, `0:04`, `0:09`: from zero on, rising."""
        found = [length_of(value) for value in self.values(column)]
        lengths: list[Length] = [length for length in found if length is not None]
        if len(lengths) < 2 or len(lengths) < len(found) or any(length.is_range for length in lengths):
            return False
        starts = [length.seconds or 0.0 for length in lengths]
        clock = all(length.is_clock for length in lengths)
        return clock and starts[0] == 0 and all(a < b for a, b in pairwise(starts))

    def _one_of_each_language(self) -> None:
        """The same column in two languages: the film's is used, the other is kept."""
        for name in ("description", "dialogue", "narration", "script", "title"):
            same = [column for column in self._columns.of(name) if not column.by_hand]
            tagged = [column for column in same if column.meaning.language]
            if len(same) < 2 or not tagged:
                continue
            wanted = self._language.split("-")[0]
            mine = [column for column in tagged if wanted and column.meaning.language == wanted]
            plain = [column for column in same if not column.meaning.language and self.values(column)]
            chosen = (
                mine[0] if mine else plain[0] if plain else max(tagged, key=lambda c: (len(self.values(c)), -c.index))
            )
            for column in tagged + (plain if mine else []):
                if column is not chosen and column.fields:
                    column.fields = ()
                    self._columns.warnings.append(
                        f"column {shortened(column.header)} is the same in another language as "
                        f"{shortened(chosen.header)}: kept, but not spoken or shown"
                    )

    def _speech(self) -> None:
        columns = self._columns
        words = [
            column
            for column in columns.every
            if column.fields and set(column.fields) & {"dialogue", "narration", "script"}
        ]
        for column in columns.every:
            found = set(column.fields)
            if not found & SPEECH and "sound" not in found:
                continue
            if found == {"script"} or found == {"narration"}:
                named = [c for c in words if c is not column and "dialogue" in c.fields]
                if named and not columns.of("speaker") and self._are_speakers(column, named):
                    column.fields = ("speaker",)
                    continue
            if found & {"script", "narration"} and "sound" not in found and "audio" not in found:
                column.unnamed = "narrator"
                if found == {"script"}:
                    column.fields = ("dialogue", "narration")
                else:
                    column.fields = _without_script(column.fields)
            elif found & {"audio", "sound"} and not found & {"dialogue", "narration", "script"}:
                self._sound(column, others=[c for c in words if c is not column])
            elif found & {"audio", "sound"}:
                column.unnamed = "narrator" if found & {"narration", "script"} else "either"
                column.fields = _without_script(tuple(f for f in column.fields if f != "audio"))

    def _sound(self, column: Column, others: Sequence[Column]) -> None:
        """A column of sound that names speakers holds words; one that is full of sentences is told by the narrator."""
        music = tuple(name for name in column.fields if name == "music")
        spoken = any(has_spoken_names(value) for value in self.values(column))
        if spoken:
            column.fields = ("dialogue", "narration", "sound", *music)
            column.unnamed = "sound"
            self._columns.warnings.append(f"column {shortened(column.header)} holds words with names: they are spoken")
        elif (
            "audio" in column.fields
            and not others
            and not music
            and self._share(column, is_sentence) > _SENTENCES_IN_MOST
        ):
            column.fields, column.unnamed = ("narration",), "narrator"
            self._columns.warnings.append(
                f"column {shortened(column.header)} holds sentences: the narrator speaks them"
            )
        else:
            column.fields = ("sound", *music)
            if any(has_labels(value) for value in self.values(column)):
                column.unnamed = "sound"

    def _people(self) -> None:
        columns = self._columns
        for column in columns.of("who"):
            column.fields = ("characters",)
        for column in columns.of("subject"):
            if not columns.of("description") and self._share(column, is_sentence) > _SENTENCES_IN_MOST:
                column.fields = ("description",)
                continue
            named = self._named_elsewhere(column)
            values = [name for value in self.values(column) for name in split_list(value)]
            known = [name for name in values if name_key(name) in named]
            column.fields = ("characters",) if known and len(known) == len(values) else ()
        for column in columns.of("characters"):
            if len(column.fields) > 1 and "description" in column.fields:
                sentences = self._share(column, is_sentence) > 0.3
                column.fields = ("description",) if sentences else ("characters",)

    def _named_elsewhere(self, column: Column) -> set[str]:
        named: set[str] = set()
        people = [c for c in self._columns.every if set(c.fields) & {"characters", "speaker"}]
        for row in self._rows[:_SAMPLE]:
            for other in people:
                named.update(name_key(name) for name in split_list(row.cells[other.index]))
            for other in self._columns.speech:
                named.update(name_key(name) for name in names_in(row.cells[other.index]))
        if not people:
            told = " ".join(row.cells[c.index] for row in self._rows[:_SAMPLE] for c in self._columns.of("description"))
            for value in self.values(column):
                for name in split_list(value):
                    if could_be_a_name(name) and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", told) and len(name) < 40:
                        named.add(name_key(name))
        return named

    def _picture(self) -> None:
        """Without a picture column, a column of sentences that nothing else needs is the picture."""
        columns = self._columns
        if columns.of("description"):
            return
        lonely = [c for c in columns.speech if "script" in c.meaning.fields and not columns.of("image_prompt")]
        candidates = [
            c
            for c in columns.every
            if not c.fields
            and not c.meaning.is_known
            and self._share(c, is_sentence) > _SENTENCES_IN_MOST
            and self._filled(c) > 0.5
        ]
        if candidates:
            best = max(candidates, key=lambda c: sum(map(len, self.values(c))) / max(1, len(self.values(c))))
            best.fields = ("description",)
            columns.warnings.append(f"no column is called the picture: {shortened(best.shown)} is read as it")
        elif lonely and not any(columns.of(name) for name in ("video_prompt", "image_prompt")):
            lonely[0].fields = ("description", *lonely[0].fields)

    def _names_of_beats(self) -> None:
        """Two columns of prose of which one holds short names: those are the titles of the other."""
        described = [c for c in self._columns.of("description") if not c.by_hand and c.fields == ("description",)]
        if len(described) < 2:
            return
        for column in described:
            others = [c for c in described if c is not column]
            if key_of(column.header) not in _TITLE_LIKE or not self.values(column):
                continue
            short = all(len(value) <= 40 and not is_sentence(value, strict=True) for value in self.values(column))
            told = any(self._share(c, lambda text: is_sentence(text, strict=True)) > 0.5 for c in others)
            letters = all(any(letter.isalpha() for letter in value) for value in self.values(column))
            if short and told and letters and not self._columns.of("title"):
                column.fields = ("title",)
                return

    def _are_speakers(self, column: Column, dialogue: Sequence[Column]) -> bool:
        """Whether a column holds names, each beside words of dialogue that have none."""
        values = self.values(column)
        if not values or not all(len(value) <= 20 and could_be_a_name(value) for value in values):
            return False
        rows = [row for row in self._rows[:_SAMPLE] if not is_empty(row.cells[column.index])]
        said = [[row.cells[c.index] for c in dialogue if not is_empty(row.cells[c.index])] for row in rows]
        return all(cells and not any(map(has_spoken_names, cells)) for cells in said)

    def _share(self, column: Column, test: Callable[[str], object]) -> float:
        """How many of the filled cells pass a test, from 0 to 1."""
        values = self.values(column)
        return sum(bool(test(value)) for value in values) / len(values) if values else 0.0

    def _filled(self, column: Column) -> float:
        return len(self.values(column)) / max(1, min(_SAMPLE, len(self._rows)))


_TITLE_LIKE = frozenset(
    {"beat", "story", "故事", "情节", "剧情", "storybeat", "beats", "plot", "historia", "histoire", "storia", "история"}
)


def _has_digit(text: str) -> bool:
    return any(letter.isdigit() for letter in text)


def _without_script(fields: Iterable[str]) -> tuple[str, ...]:
    found = [("narration" if name == "script" else name) for name in fields]
    return tuple(dict.fromkeys(found))


def _map_by_hand(columns: Columns, by_hand: Mapping[str, str], table: Table) -> None:
    for header, name in by_hand.items():
        wanted = name.strip().casefold().replace(" ", "_").replace("-", "_")
        if wanted not in MAPPABLE:
            raise UsageError(
                f"--column {header}={name}: there is no field {shortened(name)}", hint=f"Fields: {', '.join(MAPPABLE)}."
            )
        same = [c for c in columns.every if c.header == header] or [
            c for c in columns.every if key_of(c.header) == key_of(header)
        ]
        if not same:
            found = ", ".join(shortened(c.header, 40) for c in columns.every[:20] if c.header)
            raise UsageError(
                f"--column {header}={name}: {table.name} has no column {shortened(header)}",
                hint=f"Its columns: {found}.",
            )
        same[0].fields, same[0].by_hand = (wanted,), True
        same[0].unnamed = "narrator" if wanted == "narration" else "nobody"


def _nothing_to_film(table: Table) -> StoryError:
    found = ", ".join(shortened(header, 40) for header in table.headers[:20] if header)
    more = f" and {len(table.headers) - 20} more" if len(table.headers) > 20 else ""
    return StoryError(
        f"{table.name}, {table.unit} {table.header_row}: no column is the description; "
        f"the headers found are {found}{more}",
        row=table.header_row,
        hint="Name one of them description (or action, visual, 画面, 内容 ...), "
        "or say which it is: --column HEADER=description.",
    )


_JOINED = frozenset(
    {
        "description",
        "dialogue",
        "narration",
        "characters",
        "sound",
        "music",
        "emotion",
        "notes",
        "time",
    }
)
"""Fields whose columns are joined when several mean the same; of the others the first filled one counts."""


def is_joined(name: str) -> bool:
    """Whether the texts of several columns of one field are joined."""
    return name in _JOINED


def _tell(columns: Columns) -> None:
    unknown = [shortened(column.shown, 40) for column in columns.unused]
    if unknown:
        more = f" and {len(unknown) - 10} more" if len(unknown) > 10 else ""
        columns.warnings.insert(0, f"unknown columns, kept but not used: {', '.join(unknown[:10])}{more}")
    names = dict.fromkeys(name for column in columns.every for name in column.fields)
    for name in names:
        same = [column for column in columns.of(name) if len(column.fields) == 1]
        if len(same) > 1:
            named = [shortened(column.header, 40) for column in same[:10]]
            rule = "their texts are joined" if is_joined(name) else "the first that is filled counts"
            columns.warnings.append(f"columns {', '.join(named)} all mean {name}: {rule}")
