"""What each column of a table is used for: its header says it; where that is ambiguous, its values decide."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from clash.errors import StoryError, UsageError
from clash.story.camera_terms import size_of
from clash.story.cells import is_empty, is_sentence, split_list
from clash.story.column_rules import SENTENCES_IN_MOST, are_starts, clock_field, decide_alone
from clash.story.columns import MAPPABLE, Column, Columns, ColumnValues, is_joined
from clash.story.durations import length_of
from clash.story.headers import SPEECH, UNUSED, language_of_headers, meaning_of
from clash.story.headings import heading_of
from clash.story.lettering import show_on_screen
from clash.story.scripted_cells import speakers_in
from clash.story.second_language import TRANSLATION, SecondLanguage
from clash.story.speakers import could_be_a_name, name_key
from clash.story.speech import has_labels, has_spoken_names, names_in
from clash.story.table import Row, Table, shortened
from clash.story.unknown_headers import refuse_unknown_headers
from clash.story.words import has_cjk, key_of


def columns_of(table: Table, rows: Sequence[Row], *, by_hand: Mapping[str, str], language: str = "") -> Columns:
    """Decide what every column is used for. Raises `StoryError` when there is nothing to film in any of them."""
    prefer = language_of_headers(table.headers)
    columns = Columns([Column(i, header, meaning_of(header, prefer)) for i, header in enumerate(table.headers)])
    for column in columns.every:
        column.fields = tuple(name for name in column.meaning.fields if name not in UNUSED)
    _map_by_hand(columns, by_hand, table)
    values = ColumnValues(rows)
    refuse_unknown_headers(table, columns, values)
    _Deciding(columns, values, language).decide()
    if not any(columns.of(name) for name in ("description", "image_prompt", "video_prompt", *SPEECH)):
        raise _nothing_to_film(table)
    _tell(columns, rows)
    return columns


_HEADINGS_IN_MOST = 0.7
_LONGEST_COLUMN_HEADING = 60
_SETS_APART = re.compile(r"\s[-–—]\s|[·|/,，、]|[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af]")
_ENDS_A_SENTENCE = (".", "!", "?", "…", "。", "！", "？")


def _is_full_heading(text: str) -> bool:
    """Return whether a cell is a heading with a place: inside or outside, or a time of day set apart, beside it.

    >>> _is_full_heading("INT. KITCHEN - NIGHT"), _is_full_heading("It burned all night.")
    (True, False)
    """
    if len(text) > _LONGEST_COLUMN_HEADING or text.rstrip().endswith(_ENDS_A_SENTENCE):
        return False
    found = heading_of(text)
    return bool(found.place and (found.int_ext or (found.time and _SETS_APART.search(text))))


class _Deciding:
    """Takes the columns one kind after another, each with its values."""

    def __init__(self, columns: Columns, values: ColumnValues, language: str) -> None:
        self._columns = columns
        self._values = values
        self._language = language

    def decide(self) -> None:
        """Settle everything that headers leave open."""
        for column in list(self._columns.every):
            if not column.by_hand and column.fields:
                decide_alone(self._columns, self._values, column)
        self._scenes_in_several_places()
        self._shot_numbers()
        self._lengths()
        second = SecondLanguage(self._columns, self._values, self._language)
        second.columns_of_one()
        self._speech()
        self._people()
        self._headings()
        self._numbers_of_beats()
        self._two_under_one_header()
        self._picture()
        self._names_of_beats()
        self._scripted()
        second.cells_of_two()
        show_on_screen(self._columns, self._values)

    def _scenes_in_several_places(self) -> None:
        """Beside a column of places, one that may be either (`场景`) is the scene if one of it has several places."""
        columns = self._columns
        for column in columns.of("location"):
            others = [c for c in columns.of("location") if "place" not in c.meaning.fields]
            if column.by_hand or column.meaning.fields != ("place",) or columns.of("scene") or not others:
                continue
            pairs = {(row.cells[column.index], row.cells[others[0].index]) for row in self._values.rows}
            pairs = {pair for pair in pairs if not any(map(is_empty, pair))}
            if len({scene for scene, _ in pairs}) < len(pairs):
                column.fields = ("scene",)
            elif not has_cjk(column.header) and not columns.of("title"):
                column.fields = ("title",)

    def _shot_numbers(self) -> None:
        """Beside a column of shots' numbers, one that only counts the rows is not used."""
        same = [c for c in self._columns.of("shot") if c.fields == ("shot",) and not c.by_hand and self._values.of(c)]
        counting = [c for c in same if key_of(c.header) in _COUNTING]
        if len(counting) < len(same):
            for column in counting:
                column.fields = ()

    def _lengths(self) -> None:
        columns = self._columns
        for column in columns.of("timecode"):
            column.fields = clock_field(self._values, column) or ()
        for column in columns.of("duration"):
            if not column.by_hand and are_starts(self._values, column):
                column.fields = ("start",)
        has_length = bool(columns.of("duration"))
        for column in columns.of("time"):
            if column.by_hand or len(column.fields) > 1:
                continue
            found = clock_field(self._values, column)
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
                lengths = [length_of(value) for value in self._values.of(column)]
                if not column.by_hand and (has_length or not lengths or lengths.count(None) * 2 > len(lengths)):
                    column.fields = ()

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
        spoken = any(has_spoken_names(value, among_sounds=True) for value in self._values.of(column))
        if spoken:
            column.fields = ("dialogue", "narration", "sound", *music)
            column.unnamed = "sound"
            self._columns.warnings.append(f"column {shortened(column.header)} holds words with names: they are spoken")
        elif (
            "audio" in column.fields
            and not others
            and not music
            and self._values.share(column, is_sentence) > SENTENCES_IN_MOST
        ):
            column.fields, column.unnamed = ("narration",), "narrator"
            self._columns.warnings.append(
                f"column {shortened(column.header)} holds sentences: the narrator speaks them"
            )
        else:
            column.fields = ("sound", *music)
            values = self._values.of(column)
            column.is_paired = bool(music) and len(values) > 1 and all(value.count("/") == 1 for value in values)
            if any(has_labels(value) for value in self._values.of(column)):
                column.unnamed = "sound"

    def _people(self) -> None:
        columns = self._columns
        for column in columns.of("who"):
            column.fields = ("characters",)
        for column in columns.of("subject"):
            if not columns.of("description") and self._values.share(column, is_sentence) > SENTENCES_IN_MOST:
                column.fields = ("description",)
                continue
            named = self._named_elsewhere(column)
            values = [name for value in self._values.of(column) for name in split_list(value)]
            known = [name for name in values if name_key(name) in named]
            column.fields = ("characters",) if known and len(known) == len(values) else ()
        for column in columns.of("characters"):
            if len(column.fields) > 1 and "description" in column.fields:
                sentences = self._values.share(column, is_sentence) > 0.3
                column.fields = ("description",) if sentences else ("characters",)

    def _headings(self) -> None:
        """A column that no word tells, and that is full of scene headings, says where a shot is."""
        columns = self._columns
        if columns.of("location") or columns.of("int_ext"):
            return
        for column in columns.every:
            if column.fields or column.by_hand or column.meaning.is_known:
                continue
            if self._values.share(column, _is_full_heading) > _HEADINGS_IN_MOST:
                column.fields = ("location",)
                columns.warnings.append(f"column {shortened(column.shown)} holds scene headings: it says where")
                return

    def _named_elsewhere(self, column: Column) -> set[str]:
        named: set[str] = set()
        people = [c for c in self._columns.every if set(c.fields) & {"characters", "speaker"}]
        for row in self._values.rows:
            for other in people:
                named.update(name_key(name) for name in split_list(row.cells[other.index]))
            for other in self._columns.speech:
                named.update(name_key(name) for name in names_in(row.cells[other.index]))
        if not people:
            told = " ".join(row.cells[c.index] for row in self._values.rows for c in self._columns.of("description"))
            for value in self._values.of(column):
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
            and self._values.share(c, is_sentence) > SENTENCES_IN_MOST
            and self._values.filled(c) > 0.5
        ]
        if candidates:
            best = max(candidates, key=lambda c: sum(map(len, self._values.of(c))) / max(1, len(self._values.of(c))))
            best.fields = ("description",)
            columns.warnings.append(f"no column is called the picture: {shortened(best.shown)} is read as it")
        elif lonely and not any(columns.of(name) for name in ("video_prompt", "image_prompt")):
            lonely[0].fields = ("description", *lonely[0].fields)
            columns.warnings.append(
                f"no column is called the picture: {shortened(lonely[0].shown)} is read as it; "
                f"if the narrator speaks it: --column '{lonely[0].shown}=narration'"
            )

    def _two_under_one_header(self) -> None:
        """A header over two columns, of which the first holds sizes: the picture is the second, which has no header."""
        columns = self._columns
        for column, after in pairwise(list(columns.every)):
            if column.fields != ("description",) or column.by_hand or after.header or columns.of("shot_size"):
                continue
            sizes = self._values.share(column, lambda text: size_of(text) is not None and len(text) < 30)
            if sizes == 1 and self._values.filled(after) > 0.5:
                column.fields, after.fields = ("shot_size",), ("description",)

    def _numbers_of_beats(self) -> None:
        """A column that is called the picture and holds numbers alone is none: `Beat` with 1, 2, 3."""
        for column in self._columns.of("description"):
            if column.fields == ("description",) and not column.by_hand and self._values.of(column):
                column.fields = () if self._values.share(column, str.isdigit) == 1 else column.fields

    def _scripted(self) -> None:
        """Where no column holds words, those of people who speak in the cells of the picture are words."""
        others = [c for c in self._columns.speech if "description" not in c.fields]
        for column in self._columns.of("description") if not others else ():
            speakers = speakers_in(self._values.of(column)) if "image_prompt" not in column.fields else frozenset[str]()
            if speakers:
                column.fields, column.unnamed, column.speakers = ("description", "dialogue"), "nobody", speakers

    def _names_of_beats(self) -> None:
        """Two columns of prose of which one holds short names: those are the titles of the other."""
        described = [c for c in self._columns.of("description") if not c.by_hand and c.fields == ("description",)]
        if len(described) < 2:
            return
        for column in described:
            others = [c for c in described if c is not column]
            if key_of(column.header) not in _TITLE_LIKE or not self._values.of(column):
                continue
            short = all(len(value) <= 40 and not is_sentence(value, strict=True) for value in self._values.of(column))
            told = any(self._values.share(c, lambda text: is_sentence(text, strict=True)) > 0.5 for c in others)
            letters = all(any(letter.isalpha() for letter in value) for value in self._values.of(column))
            if short and told and letters and not self._columns.of("title"):
                column.fields = ("title",)
                return

    def _are_speakers(self, column: Column, dialogue: Sequence[Column]) -> bool:
        """Whether a column holds names, each beside words of dialogue that have none."""
        values = self._values.of(column)
        if not values or not all(len(value) <= 20 and could_be_a_name(value) for value in values):
            return False
        rows = [row for row in self._values.rows if not is_empty(row.cells[column.index])]
        said = [[row.cells[c.index] for c in dialogue if not is_empty(row.cells[c.index])] for row in rows]
        return all(cells and not any(map(has_spoken_names, cells)) for cells in said)


_COUNTING = frozenset(
    {"#", "no", "number", "index", "row", "item", "order", "id", "序号", "序", "编号", "nr", "n", "行"}
)
"""Headers, as they are compared, that may number the rows rather than the shots."""
_TITLE_LIKE = frozenset(
    {"beat", "story", "故事", "情节", "剧情", "storybeat", "beats", "plot", "historia", "histoire", "storia", "история"}
)


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


def _tell(columns: Columns, rows: Sequence[Row]) -> None:
    unknown = [shortened(column.shown, 40) for column in columns.unused]
    if unknown:
        more = f" and {len(unknown) - 10} more" if len(unknown) > 10 else ""
        columns.warnings.insert(0, f"unknown columns, kept but not used: {', '.join(unknown[:10])}{more}")
    names = dict.fromkeys(name for column in columns.every for name in column.fields)
    for name in names:
        if (name,) == TRANSLATION:
            continue
        same = [column for column in columns.of(name) if len(column.fields) == 1]
        same = [column for column in same if any(not is_empty(row.cells[column.index]) for row in rows)]
        if len(same) > 1:
            named = [shortened(column.header, 40) for column in same[:10]]
            rule = "their texts are joined" if is_joined(name) else "the first that is filled counts"
            columns.warnings.append(f"columns {', '.join(named)} all mean {name}: {rule}")
