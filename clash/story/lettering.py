"""Which columns hold words that the audience reads and nobody speaks, and which the subtitles of what is spoken."""

from __future__ import annotations

from difflib import SequenceMatcher

from clash.story.cells import is_empty, is_sentence
from clash.story.columns import Column, Columns, ColumnValues
from clash.story.language import script_of
from clash.story.on_screen import blank_picture, letters_of, not_spoken, taken_out, unlabelled
from clash.story.said import Said
from clash.story.table import Row

ON_SCREEN = ("on_screen_text",)
_SUBTITLED = 0.5
"""A column is one of subtitles if at least this share of its cells beside words says them."""
_SAYS_AGAIN = 0.75
"""A cell says words again if this share of its letters is theirs, in their order: subtitles are often shortened."""
_MOST_COMPARED = 400
_PROSE_IN_MOST = 0.5
_LABELLED_IN_MOST = 0.5
_PICTURED = ("description", "image_prompt", "video_prompt")


def show_on_screen(columns: Columns, values: ColumnValues) -> None:
    """Find the columns of words on the screen; all others are decided already.

    A header may mean subtitles (字幕, `Caption`): then its cells tell. Where most of them say again what is spoken
    beside them, only those beside no words are shown. Where nothing is spoken and most are sentences, it is not used.
    """
    for column in columns.every:
        if column.by_hand or column.fields or not values.of(column):
            continue
        if column.meaning.fields == ON_SCREEN or (
            column.meaning.fields == ("graphics",) and values.share(column, _is_lettering) >= _LABELLED_IN_MOST
        ):
            column.fields = ON_SCREEN
        elif column.meaning.fields == ("caption",):
            _decide(columns, values, column)


def _decide(columns: Columns, values: ColumnValues, column: Column) -> None:
    rows = [row for row in values.rows if not is_empty(row.cells[column.index])]
    beside = [(row, said) for row in rows if (said := spoken_in(row, columns))]
    if not beside:
        if values.share(column, is_sentence) <= _PROSE_IN_MOST:
            column.fields = ON_SCREEN
        return
    scripts = {script_of(row.cells[column.index]) for row, _ in beside} - {""}
    if not scripts & {script_of(said) for _, said in beside}:
        return  # in another language: subtitles, though nobody says of which words
    again = sum(_says_again(row.cells[column.index], said) for row, said in beside)
    column.is_subtitle = again >= _SUBTITLED * len(beside)
    if not column.is_subtitle or len(beside) < len(rows):
        column.fields = ON_SCREEN


def spoken_in(row: Row, columns: Columns) -> str:
    """Return all that the columns of speech say in a row."""
    cells = (row.cells[column.index] for column in columns.speech if "description" not in column.fields)
    return "\n".join(cell for cell in cells if not is_empty(cell))


def _says_again(cell: str, said: str) -> bool:
    shown, spoken = letters_of(unlabelled(cell))[:_MOST_COMPARED], letters_of(said)[: 2 * _MOST_COMPARED]
    if not shown or shown in spoken:
        return True
    same = SequenceMatcher(None, shown, spoken, autojunk=False).get_matching_blocks()
    return sum(block.size for block in same) >= _SAYS_AGAIN * len(shown)


def _is_lettering(cell: str) -> bool:
    """Whether a cell about graphics holds words to be read: behind a label, or in quotes."""
    return bool(taken_out(cell)[1]) or unlabelled(cell) != cell


def lettering_in(column: Column, cell: str) -> str:
    """Return the words that a cell of such a column has on the screen; of one about graphics, only those marked so."""
    if column.meaning.fields == ("graphics",) and not column.by_hand:
        return "\n".join(taken_out(cell)[1]) or (unlabelled(cell) if unlabelled(cell) != cell else "")
    return unlabelled(cell)


def put_on_screen(values: dict[str, str], said: Said, columns: Columns, *, has_people: bool) -> None:
    """Give a row its words on the screen: from their columns, and from labels among its words and in its description.

    What is spoken in the row as well is its subtitle and is not shown twice. Of a row that has nothing else, a black
    screen is the picture.
    """
    seen, labelled = taken_out(values.get("description", ""))
    if labelled or seen != values.get("description", ""):
        values["description"] = seen
    lines = [line for text in (values.pop("on_screen_text", ""), *said.on_screen) for line in text.split("\n")]
    shown = [line.strip() for line in (*lines, *labelled) if line.strip()]
    if not any(column.by_hand for column in columns.of("on_screen_text")):
        shown = not_spoken(shown, [line.text for _, line in said.lines])
    if not shown:
        return
    values["on_screen_text"] = "\n".join(dict.fromkeys(shown))
    if not (has_people or said.lines or any(values.get(name) for name in _PICTURED)):
        values["description"] = blank_picture(shown[0])
