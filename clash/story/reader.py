"""The reader: the bytes of a table become a `Story`.

Tolerant of how people write tables (forms, encodings, header names, units, languages), strict about what would lose
text: what cannot be understood is refused or warned of, naming row and column. See `docs/story-csv.md`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PureWindowsPath

from clash.errors import StoryError
from clash.story.beats import Beats
from clash.story.cells import is_empty, is_sentence, split_list
from clash.story.column_uses import columns_of
from clash.story.columns import Columns
from clash.story.continued import with_continued
from clash.story.durations import FPS
from clash.story.headers import language_of_headers, meaning_of, sentence_columns, title_column
from clash.story.language import checked_tag, language_of, surely_in
from clash.story.last_frames import unknown_last_frames
from clash.story.lengths import Lengths
from clash.story.rows import kept_rows
from clash.story.screenplay import Beat, Story
from clash.story.second_language import TRANSLATION, first_of_two
from clash.story.table import Row, Table, read_table, shortened

__all__ = ["ColumnUse", "Options", "Reading", "language_of", "read", "read_story", "split_list", "title_of"]

MOST_ROWS = 5_000
_PROSE_IN_MOST = 0.5
_LABELS = frozenset({"scene", "shot", "title", "act", "episode"})


@dataclass(frozen=True)
class Options:
    """What a person decides of how a table is read."""

    choice: str | None = None
    """Which of several stories: its number, counted from 1, or its title."""
    columns: Mapping[str, str] = field(default_factory=dict[str, str])
    """Headers, each with the field that it fills."""
    language: str | None = None
    """BCP 47; without it the text decides."""
    fps: float = FPS
    """Frames per second, for lengths in frames."""


@dataclass(frozen=True)
class ColumnUse:
    """How a column was read: the fields that it fills (none: it is not used), a cell of it, how many are filled."""

    header: str
    fields: tuple[str, ...]
    example: str
    filled: int
    holds_prose: bool = False


@dataclass(frozen=True)
class Reading:
    """A story, and how its table was understood."""

    story: Story
    columns: tuple[ColumnUse, ...]
    form: str
    encoding: str
    rows: int
    is_titled: bool = True
    """Whether the table says a title; else it is the file's name."""
    texts: Mapping[int, tuple[str, ...]] = field(default_factory=dict[int, "tuple[str, ...]"], repr=False)
    """What each row of the table says by its number, also of rows that are left out; without labels such as numbers."""

    @property
    def unheard(self) -> tuple[ColumnUse, ...]:
        """Unused columns of prose in a story in which nothing is spoken: the words of the film, perhaps."""
        if any(beat.dialogue or beat.narration for beat in self.story.beats):
            return ()
        return tuple(column for column in self.columns if not column.fields and column.holds_prose)


def read_story(content: bytes, *, name: str, choice: str | None = None) -> Story:
    """Read a story from the bytes of a table; see `read`."""
    return read(content, name=name, options=Options(choice=choice)).story


def read(content: bytes, *, name: str, options: Options | None = None) -> Reading:
    """Read a table, and say how it was understood.

    `name` is the file's name: for messages, and for the title. Raises `StoryError` naming row and column.
    """
    options = options or Options()

    choice = options.choice

    def chosen(titles: Sequence[str]) -> int:
        return _chosen(name, titles, choice, what="sheets of stories")

    table = read_table(content, name=name, choose=chosen)
    if table.sheet:
        options = replace(options, choice=None)
    sha256 = hashlib.sha256(content).hexdigest()
    described = any("description" in meaning_of(header).fields for header in table.headers)
    sentences = [] if described else sentence_columns(table.headers)
    try:
        if sentences:
            return _one_of_many(table, sentences, options, sha256)
        return _one_story(table, options, sha256)
    except UnicodeError as error:
        raise StoryError(f"{name} is no text: {error}", hint="Save it as UTF-8.") from error


def stories_in(content: bytes, *, name: str, options: Options | None = None) -> tuple[str, ...]:
    """The titles of the stories that a table holds, in order; one of a table that is a single story."""
    options = options or Options()
    table = read_table(content, name=name, choose=lambda _: 0)
    if table.sheets:
        return table.sheets
    described = any("description" in meaning_of(header).fields for header in table.headers)
    if not described and (sentences := sentence_columns(table.headers)):
        return tuple(title for _, title in _stories(table, sentences))
    columns = columns_of(table, table.rows, by_hand=options.columns, language=options.language or "")
    return tuple(_episodes(table.rows, columns)) or (title_of(name),)


def title_of(name: str) -> str:
    """The title that a file's name suggests.

    >>> title_of("stories/rainy-night_noodles.csv")
    'Rainy night noodles'
    """
    stem = " ".join(re.sub(r"[-_\s]+", " ", PureWindowsPath(name).stem).split())
    printable = "".join(letter for letter in stem if letter.isprintable())
    return printable[:1].upper() + printable[1:] or "Untitled"


# -- one story ---------------------------------------------------------------------------------------------------


def _one_story(table: Table, options: Options, sha256: str) -> Reading:
    columns = columns_of(table, table.rows, by_hand=options.columns, language=options.language or "")
    if not table.rows:
        raise StoryError(f"{table.name} has a header but no rows", hint="Each row below it is one beat or one shot.")
    rows, title = _chosen_episode(table, columns, options.choice)
    kept = kept_rows(rows, table.headers, columns)
    _check_count(table, [row for row, _ in kept.rows])
    warnings = [*table.warnings, *columns.warnings]
    shots = with_continued(kept.rows, columns)
    lengths = Lengths(table, columns, [shot.row for shot in shots], options.fps)
    reader = Beats(table, columns, [row for row, _ in kept.rows], lengths)
    beats: list[Beat] = []
    skipped: list[int] = [*kept.totals, *kept.comments, *kept.notes]
    for shot in shots:
        beat = reader.beat(shot)
        if beat is None:
            skipped += [row.number for row in (shot.row, *shot.continued)]
        else:
            beats.append(beat)
    if not beats:
        raise StoryError(
            f"{table.name} has rows, but nothing in them to film",
            hint="The description says what is seen.",
        )
    if skipped:
        warnings.append(f"nothing to film in {_rows_named(sorted(skipped), table.unit)}: left out")
    if joined := [row.number for shot in shots for row in shot.continued]:
        warnings.append(
            f"{_rows_named(joined, table.unit)}: words without a shot number and a picture belong to the shot above"
        )
    warnings += [*reader.warnings(), *lengths.warnings(), *unknown_last_frames(beats, table.unit)]
    shot_list = any(beat.shot or beat.shot_size for beat in beats) or lengths.on_the_clock or _is_av_script(columns)
    story = Story(
        title=title or _title_in(table),
        kind="shot_list" if shot_list else "beats",
        language=_language(beats, options, table.headers),
        beats=tuple(beats),
        sha256=sha256,
        warnings=tuple(warnings),
    )
    uses, is_titled = _uses(columns, rows), bool(title or table.title)
    return Reading(story, uses, table.form, table.encoding, len(beats), is_titled, _texts(columns, rows))


def _texts(columns: Columns, rows: Sequence[Row]) -> dict[int, tuple[str, ...]]:
    said = [column.index for column in columns.every if not set(column.fields) <= _LABELS]
    return {row.number: tuple(row.cells[index] for index in said) for row in rows}


def _title_in(table: Table) -> str:
    """The title that a table says, else its file's name; with that of the sheet, where several are stories."""
    title = table.title or title_of(table.name)
    return title if table.sheet in title else f"{title} {table.sheet}"


def _is_av_script(columns: Columns) -> bool:
    """Whether a table is the two-column script of the trade, picture beside sound: one row is one shot."""
    picture = columns.of("description")
    sound = [column for column in columns.every if "audio" in column.meaning.fields and column.fields]
    headers = {column.header.strip().casefold() for column in picture}
    return (
        bool(sound)
        and bool(headers & {"video", "visual", "visuals", "vídeo", "画面", "picture", "bild", "image"})
        and not columns.of("scene")
    )


def _uses(columns: Columns, rows: Sequence[Row]) -> tuple[ColumnUse, ...]:
    uses: list[ColumnUse] = []
    for column in columns.every:
        filled = [row.cells[column.index] for row in rows if not is_empty(row.cells[column.index])]
        if not column.header and not filled:
            continue
        prose = sum(map(is_sentence, filled))
        holds_prose = bool(filled) and "production" not in column.meaning.fields and prose > _PROSE_IN_MOST * len(rows)
        example = " ".join(filled[0].split())[:80] if filled else ""
        fields = (*column.fields, *TRANSLATION) if column.language and column.fields != TRANSLATION else column.fields
        uses.append(ColumnUse(column.shown, fields, example, len(filled), holds_prose))
    return tuple(uses)


def _check_count(table: Table, rows: Sequence[Row]) -> None:
    if len(rows) > MOST_ROWS:
        raise StoryError(
            f"{table.name}, {table.unit} {rows[MOST_ROWS].number}: more than {MOST_ROWS:,} rows",
            row=rows[MOST_ROWS].number,
            hint="Split the story into several films.",
        )


# -- several stories ---------------------------------------------------------------------------------------------


def _one_of_many(table: Table, sentences: Sequence[int], options: Options, sha256: str) -> Reading:
    """One story of a table that holds one per row, its sentences side by side."""
    stories = _stories(table, sentences)
    if not stories:
        raise StoryError(f"{table.name} has a header but no rows", hint="Each row below it is one story.")
    row, title = stories[_chosen(table.name, [title for _, title in stories], options.choice)]
    beats = tuple(Beat(row=row.number, description=row.cells[column]) for column in sentences if row.cells[column])
    story = Story(
        title=title or title_of(table.name),
        kind="beats",
        language=_language(beats, options, table.headers),
        beats=beats,
        sha256=sha256,
        warnings=table.warnings,
    )
    titled = title_column(table.headers)
    uses = [
        ColumnUse(
            header or f"column {index + 1}",
            ("description",) if index in sentences else ("title",) if index == titled else (),
            row.cells[index][:80],
            sum(bool(other.cells[index]) for other, _ in stories),
        )
        for index, header in enumerate(table.headers)
    ]
    return Reading(story, tuple(uses), table.form, table.encoding, len(beats), bool(title))


def _stories(table: Table, sentences: Sequence[int]) -> list[tuple[Row, str]]:
    titled = title_column(table.headers)
    rows = [row for row in table.rows if any(row.cells[column] for column in sentences)]
    return [(row, row.cells[titled] if titled is not None else "") for row in rows]


def _episodes(rows: Sequence[Row], columns: Columns) -> list[str]:
    """The episodes of a table that has several, in their order."""
    for column in columns.of("episode"):
        found = list(dict.fromkeys(row.cells[column.index] for row in rows if not is_empty(row.cells[column.index])))
        if len(found) > 1:
            return found
    return []


def _chosen_episode(table: Table, columns: Columns, choice: str | None) -> tuple[Sequence[Row], str]:
    episodes = _episodes(table.rows, columns)
    if not episodes:
        if choice is not None:
            raise StoryError(
                f"{table.name} is one story, so there is none to choose by {shortened(choice)}",
                hint="Only a table with one story per row (storytitle, sentence1 ...) or with episodes takes a choice.",
            )
        return table.rows, ""
    wanted = episodes[_chosen(table.name, episodes, choice, what="episodes")]
    index = columns.of("episode")[0].index
    rows: list[Row] = []
    current = ""
    for row in table.rows:
        current = row.cells[index] or current
        if current == wanted:
            rows.append(row)
    return rows, f"{title_of(table.name)} {wanted}"


def _chosen(name: str, titles: Sequence[str], choice: str | None, *, what: str = "stories") -> int:
    """The index of the story that is meant; the number counts before the title."""
    shown = ", ".join(f"{n} {shortened(title, 40)}" for n, title in enumerate(titles[:10], start=1))
    listed = shown + (f" ... and {len(titles) - 10:,} more" if len(titles) > 10 else "")
    if choice is None:
        if len(titles) == 1:
            return 0
        raise StoryError(
            f"{name} holds {len(titles):,} {what}: {listed}",
            hint="Choose one: --story N or --story TITLE; or film them all: --story all.",
        )
    wanted = choice.strip()
    if re.fullmatch(r"[0-9]{1,9}", wanted) and 1 <= int(wanted) <= len(titles):
        return int(wanted) - 1
    same = [i for i, title in enumerate(titles) if title and title.casefold() == wanted.casefold()]
    if len(same) == 1:
        return same[0]
    if same:
        numbers = ", ".join(str(i + 1) for i in same[:10])
        raise StoryError(
            f"{name} holds {len(same)} stories titled {shortened(wanted)}: numbers {numbers}",
            hint="Choose one by its number: --story N.",
        )
    raise StoryError(
        f"{name} has no story {shortened(wanted)}; it holds {len(titles):,}: {listed}",
        hint="Choose one: --story N or --story TITLE.",
    )


def _language(beats: Sequence[Beat], options: Options, headers: Sequence[str]) -> str:
    if options.language:
        return checked_tag(options.language)
    described = first_of_two([beat.description for beat in beats])
    spoken = [text for beat in beats for text in (beat.narration, *(line.text for line in beat.dialogue))]
    if not any(letter.isalpha() for text in described for letter in text):
        described = spoken
    return language_of(described, otherwise=surely_in(spoken) or language_of_headers(headers) or "en")


def _rows_named(rows: Sequence[int], unit: str) -> str:
    named = ", ".join(str(row) for row in rows[:10])
    more = f" and {len(rows) - 10} more" if len(rows) > 10 else ""
    return f"{unit}{'s' if len(rows) > 1 else ''} {named}{more}"
