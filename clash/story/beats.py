"""From a row of a table to a `Beat`: the text of each field, who speaks, where it plays."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from clash.errors import StoryError
from clash.story.camera_terms import angle_of, leading_size, movement_of, size_of
from clash.story.cells import is_empty, names_a_file, split_list
from clash.story.column_rules import LENS
from clash.story.columns import Column, Columns, is_joined
from clash.story.continued import Shot
from clash.story.headers import SPEECH, language_of_headers
from clash.story.headings import (
    apply_heading,
    canonical_side,
    heading_of,
    leading_heading,
)
from clash.story.last_frames import last_frame_named
from clash.story.lengths import Lengths
from clash.story.lettering import ON_SCREEN, lettering_in, put_on_screen, spoken_in
from clash.story.said import Said, told_first
from clash.story.screenplay import Beat, Line
from clash.story.scripted_cells import taken_apart
from clash.story.second_language import separated, with_second_language, with_second_of_one_script
from clash.story.speakers import is_nobody, is_off, name_key, together, voice_of
from clash.story.speech import Speech, clean, is_a_sound, known_speakers, plain_text, speech_of
from clash.story.table import Row, Table, shortened
from clash.story.translations import shared_out
from clash.story.unseen import unseen_voice
from clash.story.vocabulary import word_for_and
from clash.story.where import Where, split_places
from clash.story.words import fold, is_cjk

LONGEST_SPEECH_S = 3000.0
"""Seconds. Words that take longer to say are a mistake in the table."""

_NOTHING_TO_FILM = frozenset({"scene", "shot", "title", "act", "duration", "last_frame"})
_STOPS = re.compile("[.!?。！？…;；]+")
_NO_TEXT = frozenset({"duration", "start", "end", "speaker", "off", "episode", "translation"})
_CAMERA = {"shot_size": size_of, "angle": angle_of, "movement": movement_of}
_FRAMED = {*_CAMERA, "lens"}
_ON_LINES = ("characters", "on_screen_text")
_ADDED = {"sound": ", ", "music": ", ", "emotion": " ", "notes": " ", "on_screen_text": "\n"}
"""Fields to which the further rows of a shot add, and what stands between."""
_UNSPOKEN = frozenset({"row", "extra", "dialogue", "narration", "characters", "duration_s", "narration_translations"})


class Beats:
    """Makes beats of the rows of one table."""

    def __init__(self, table: Table, columns: Columns, rows: Sequence[Row], lengths: Lengths) -> None:
        self._table = table
        self._columns = columns
        self._lengths = lengths
        self._and = word_for_and(language_of_headers(table.headers))
        self._known = _known_names(columns, rows, self._and)
        self._where = Where()
        self._notes_for_pictures: list[tuple[int, str, str]] = []
        self._captions: list[int] = []
        self._untranslated: list[tuple[int, str]] = []
        self._camera_words: dict[str, list[tuple[int, str]]] = {}

    def warnings(self) -> list[str]:
        """What there is to say of single rows."""
        found: list[str] = []
        if self._notes_for_pictures:
            row, text, header = self._notes_for_pictures[0]
            more = f" and {len(self._notes_for_pictures) - 1} more" if len(self._notes_for_pictures) > 1 else ""
            found.append(
                f"column {shortened(header, 40)}: {shortened(text, 30)} in {self._table.unit} {row}{more} names no "
                "picture; the shots are drawn without"
            )
        for header, unread in self._camera_words.items():
            row, text = unread[0]
            more = f" and {len(unread) - 1} more" if len(unread) > 1 else ""
            found.append(
                f"column {shortened(header, 40)}: {shortened(text, 30)} in {self._table.unit} {row}{more} is no size, "
                "angle or move that is known; the writer chooses"
            )
        if self._captions:
            found.append(
                f"text to be shown, not spoken, in {self._table.unit} {self._captions[0]}: kept, but not shown"
            )
        if self._untranslated:
            row, header = self._untranslated[0]
            more = f" and {len(self._untranslated) - 1} more" if len(self._untranslated) > 1 else ""
            found.append(
                f"column {shortened(header, 40)}, {self._table.unit} {row}{more}: a translation of no words that are "
                "spoken there; not used"
            )
        return found

    def beat(self, shot: Shot) -> Beat | None:
        """The beat of a row and of those that go on with it; None when nothing is to be filmed. Raises `StoryError`."""
        row, heading, continued = shot
        values = self._values(row)
        split_places(values)
        if values.get("description") and not values.get("location"):
            own, values["description"] = leading_heading(values["description"])
            apply_heading(values, own)
        if values.get("description") and not self._columns.of("shot_size"):
            size, values["description"] = leading_size(values["description"])
            values.update({"shot_size": size} if size else {})
        self._where.put(values, heading)
        people = split_list(clean(values.pop("characters", "")), self._and)
        said = self._said(row, values, people, self._speaker(row))
        for more in continued:
            people = self._go_on(row, more, values, people, said)
        put_on_screen(values, said, self._columns, has_people=bool(people))
        narration, dialogue, translations = told_first(said.lines)
        for name, texts in (("sound", said.sound), ("music", said.music)):
            if texts:
                values[name] = ", ".join(dict.fromkeys([*filter(None, [values.get(name, "")]), *texts]))
        people = tuple(name for name in people if not voice_of(name).narrator and not is_off(name))
        seconds = self._lengths.of(row)
        filmed = (value for key, value in values.items() if key not in _NOTHING_TO_FILM and key != "int_ext")
        if not (any(filmed) or people or narration or dialogue):
            return None
        extra = self._extra((row, *continued), said)
        fields = {key: value for key, value in values.items() if key in Beat.model_fields and key not in _UNSPOKEN}
        return Beat(
            row=row.number,
            duration_s=seconds,
            characters=people,
            dialogue=dialogue,
            narration=narration,
            narration_translations=translations,
            extra=extra,
            **{"description": "", **fields},
        )

    # -- the text of each field

    def _values(self, row: Row) -> dict[str, str]:
        """The text of each field, from one column or several."""
        found: dict[str, list[str]] = {}
        for column in self._columns.every:
            cell = row.cells[column.index]
            if not column.fields or (is_empty(cell) and not _says_no(column, cell)):
                continue
            if column.is_subtitle and spoken_in(row, self._columns):
                continue
            for name, text in self._parts(column, cell, row.number):
                found.setdefault(name, []).append(text)
        values: dict[str, str] = {}
        for name, texts in found.items():
            if len(texts) > 1 and is_joined(name):
                # `Beat #1` beside the description is its number, not prose.
                worded = [text for text in texts if any(letter.isalpha() for letter in text)] or texts
                values[name] = ("\n" if name in _ON_LINES else " ").join(dict.fromkeys(worded))
            else:
                values[name] = texts[0]
        for name, is_time in (("time", True), ("int_ext", False)):
            if values.get(name):
                values[name] = canonical_side(values[name], time=is_time)
        return values

    def _parts(self, column: Column, cell: str, number: int) -> list[tuple[str, str]]:
        """Which text of a cell goes to which field, but for what is spoken."""
        fields = [name for name in column.fields if name not in SPEECH and name not in _NO_TEXT]
        spoken = bool(SPEECH & set(column.fields))
        if not fields or (spoken and "description" not in fields):
            return []
        if spoken:
            return []
        text = plain_text(cell)
        if fields[0] in _CAMERA and set(fields) <= _FRAMED and not any(read(text) for read in _CAMERA.values()):
            self._camera_words.setdefault(column.header, []).append((number, text))
        if column.fields == ("movement",) and _stands_still(column, cell):
            return [("movement", "static")]
        if column.fields == ("last_frame",):
            return [("last_frame", named)] if (named := last_frame_named(text)) else []
        if column.fields == ON_SCREEN:
            return [("on_screen_text", lettering_in(column, text))]
        if column.fields == ("reference_image",) and not names_a_file(text):
            self._notes_for_pictures.append((number, text, column.header))
            return []
        if column.fields in (("sound",), ("music",)) and column.unnamed == "sound":
            heard = speech_of(cell, unnamed="sound")
            return [
                (name, ", ".join(texts)) for name, texts in (("sound", heard.sound), ("music", heard.music)) if texts
            ]
        if len(fields) == 1:
            return [(fields[0], text)]
        if "location" in fields and set(fields) <= {"location", "int_ext", "time"}:
            found = heading_of(text)
            return [("location", found.place), ("int_ext", found.int_ext), ("time", found.time)]
        camera = [name for name in fields if name in _CAMERA and _CAMERA[name](text) is not None]
        if camera:
            lens = LENS.search(text) if "lens" in fields else None
            return [(name, text) for name in camera] + ([("lens", lens[0])] if lens else [])
        if set(fields) <= {"int_ext", "time"}:
            return [(name, text) for name in fields]
        if column.is_paired:
            parts = zip(column.meaning.fields, (part.strip() for part in text.split("/")), strict=False)
            return [(name, part) for name, part in parts if not is_empty(part)]
        if {"location", "description"} <= set(fields):
            place, dash, rest = text.partition(" - ")
            return [("location", place), ("description", rest)] if dash and len(place) < 60 else [("description", text)]
        return [(fields[0], text)]

    # -- what is said

    def _go_on(
        self, row: Row, more: Row, values: dict[str, str], people: tuple[str, ...], said: Said
    ) -> tuple[str, ...]:
        """Add what a further row of a shot says, sounds and notes to the shot's; return all people of the shot."""
        own = self._values(more)
        named = split_list(clean(own.pop("characters", "")), self._and)
        said.add(self._said(more, own, named or people, self._speaker(more) or self._speaker(row)))
        for name, between in _ADDED.items():
            values[name] = between.join(dict.fromkeys(filter(None, (values.get(name, ""), own.get(name, "")))))
        return tuple(dict.fromkeys((*people, *named)))

    def _said(self, row: Row, values: dict[str, str], named: Sequence[str], column_speaker: str) -> Said:
        said = Said()
        off = self._cell(row, "off")
        people = [f"{named[0]} ({off})"] if off and len(named) == 1 else named
        for column in self._columns.speech:
            cell = row.cells[column.index]
            if is_empty(cell):
                continue
            if "description" in column.fields:
                seen, cell = self._scripted(cell, column, values) if column.speakers else self._seen_and_said(cell)
                values["description"] = " ".join(filter(None, (values.get("description", ""), plain_text(seen))))
            if column.is_of_one_script:
                found = self._speech(column, separated(cell, within_script=True), column_speaker, people)
                found = with_second_of_one_script(found, column.language, is_second_spoken=column.is_second_spoken)
            elif column.language:
                found = self._speech(column, separated(cell), column_speaker, people)
                found = with_second_language(found, column.language)
            else:
                found = self._speech(column, cell, column_speaker, people)
            for line in found.lines:
                self._check_length(row, column, line)
            said.lines += [(column.index, line) for line in found.lines]
            said.sound += found.sound
            said.music += found.music
            said.caption += found.caption
            said.on_screen += found.on_screen
            said.direction += found.pending
            said.notes += found.notes
        if len(said.caption) > len(said.on_screen):
            self._captions.append(row.number)
        self._translate(row, said)
        return said

    def _translate(self, row: Row, said: Said) -> None:
        """Give the lines of a row their translations, from the columns that hold them."""
        for column in self._columns.translations:
            cell = row.cells[column.index]
            texts = [] if is_empty(cell) else [line.text for line in speech_of(cell, known=self._known).lines]
            if not texts:
                continue
            places = [place for place, (index, _) in enumerate(said.lines) if index in column.translates]
            if not places:
                self._untranslated.append((row.number, column.header))
                continue
            shares = shared_out(texts, [said.lines[place][1].text for place in places])
            for place, text in zip(places, shares, strict=True):
                index, line = said.lines[place]
                translations = {**line.translations, column.language: text} if text else line.translations
                said.lines[place] = index, line.model_copy(update={"translations": translations})

    def _speech(self, column: Column, cell: str, speaker: str, people: Sequence[str]) -> Speech:
        """The lines of one cell. The one person of a row speaks its words that have no name."""
        unnamed: Any = column.unnamed
        if unnamed == "either":
            unnamed = "sound" if is_a_sound(cell) and "sound" in column.fields else "nobody"
        for_lines = speaker if "dialogue" in column.fields and unnamed == "nobody" else ""
        one = [name for name in people if not is_nobody(name)]
        named = speaker if speaker and unseen_voice(speaker) is None else ""
        thinker = named or (one[0] if len(one) == 1 else "")
        if for_lines or unnamed != "nobody":
            return speech_of(cell, unnamed=unnamed, speaker=for_lines, known=self._known, thinker=thinker)
        found = speech_of(cell, unnamed=unnamed, known=self._known, thinker=thinker)
        if found.lines and not found.has_names and len(one) == 1 and all(map(_is_free, found.lines)):
            return speech_of(cell, unnamed=unnamed, speaker=one[0], known=self._known)
        return found

    def _speaker(self, row: Row) -> str:
        speaker, off = together(self._cell(row, "speaker"), self._and), self._cell(row, "off")
        return f"{speaker} ({off})" if speaker and off else speaker

    def _cell(self, row: Row, field_name: str) -> str:
        """The first filled cell of the columns of a field."""
        cells = (row.cells[column.index] for column in self._columns.of(field_name))
        return next((clean(cell) for cell in cells if not is_empty(cell)), "")

    def _seen_and_said(self, text: str) -> tuple[str, str]:
        """A column that holds both: the lines with a name in front are said, the others are what is seen."""
        seen: list[str] = []
        said: list[str] = []
        for line in clean(text).splitlines():
            found = speech_of(line, known=self._known, dashes=False)
            (said if found.has_names else seen).append(line)
        return "\n".join(seen).strip(), "\n".join(said)

    def _scripted(self, text: str, column: Column, values: dict[str, str]) -> tuple[str, str]:
        """A cell as screenplays write it; its heading says where and when, unless the row's own columns do."""
        found = taken_apart(clean(text), column.speakers)
        if found.heading:
            apply_heading(values, heading_of(found.heading))
        return "\n".join(found.seen).strip(), "\n".join(found.said)

    def _check_length(self, row: Row, column: Column, line: Line) -> None:
        seconds = spoken_seconds(line.text)
        if seconds > LONGEST_SPEECH_S:
            raise StoryError(
                f"{self._table.name}, {self._table.unit} {row.number}, column {shortened(column.header)}: these words "
                f"take {seconds / 60:.0f} minutes to say; a shot holds at most {LONGEST_SPEECH_S / 60:.0f}",
                row=row.number,
                column=column.header,
                hint="Spread them over several rows.",
            )

    def _extra(self, rows: Sequence[Row], said: Said) -> dict[str, str]:
        kept = [*self._columns.unused, *(one for one in self._columns.of("on_screen_text") if not one.by_hand)]
        unused = {column.shown: [row.cells[column.index] for row in rows] for column in sorted(kept, key=_place)}
        extra = {name: "\n".join(filter(None, cells)) for name, cells in unused.items() if any(cells)}
        for name, texts in (("caption", said.caption), ("direction", said.direction), ("note", said.notes)):
            if texts:
                extra[name] = "\n".join(texts)
        return extra


def spoken_seconds(text: str) -> float:
    """About how long it takes to say a text: 2.4 words or 4 characters per second, and a breath at each stop.

    >>> spoken_seconds("You came back.") < 3
    True
    """
    wide = sum(map(is_cjk, text)) if not text.isascii() else 0
    stops = sum(1 for _ in _STOPS.finditer(text))
    characters = len(text) / 4.0 if wide * 3 > len(text) else wide / 4.0
    return len(text.split()) / 2.4 + characters + 0.1 * stops


def _place(column: Column) -> int:
    return column.index


def _is_free(line: Line) -> bool:
    """Whether a line is neither the narrator's nor has a name."""
    return not line.speaker and not line.narrator


def _known_names(columns: Columns, rows: Sequence[Row], also: str) -> frozenset[str]:
    """The names in the table's own columns, and those in front of more than one line."""
    known = set(known_speakers(row.cells[column.index] for row in rows for column in columns.speech))
    for row in rows:
        for name in ("characters", "speaker"):
            for column in columns.of(name):
                known.update(
                    name_key(voice_of(one).speaker)
                    for one in split_list(row.cells[column.index], also)
                    if len(one) <= 40 and not (name == "speaker" and unseen_voice(one))
                )
    return frozenset(known - {""})


def _says_no(column: Column, cell: str) -> bool:
    """Whether a cell that is as good as empty says something all the same: no move, no picture to end on."""
    return _stands_still(column, cell) or (column.fields == ("last_frame",) and bool(last_frame_named(cell)))


def _stands_still(column: Column, cell: str) -> bool:
    """Whether a cell of a column of moves says in words that there is none."""
    return (
        column.fields == ("movement",)
        and any(letter.isalpha() for letter in cell)
        and is_empty(cell)
        and fold(cell) in ("无", "none", "暂无")
    )
