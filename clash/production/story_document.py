"""What clash understands of a table: the document of `clash story show`, made before anything is paid for."""

from __future__ import annotations

from clash.config import Settings
from clash.documents.story import StoryDocument
from clash.errors import StoryError, UsageError
from clash.production.clip_warnings import film_warnings, replaced_moves
from clash.production.story_files import read_file, read_panels
from clash.providers.choice import models_for
from clash.providers.ports import Context, Provider, ScreenplayRequest, screenplay_of
from clash.providers.registry import Registry
from clash.story.camera_moves import own_words
from clash.story.last_frames import told_without, with_last_frames
from clash.story.reader import Options, Reading, read, stories_in
from clash.story.shown_words import with_on_screen_text, without_on_screen_text
from clash.story.translations import with_translations, without_translations


async def story_document(story: str, options: Options, settings: Settings) -> StoryDocument:
    """The JSON document of a table: its columns, what there is to say of them, and the local writer's screenplay.

    `story` is a path, or `-` for standard input. Raises `StoryError`, `NotFoundError`, `UsageError`.
    """
    name, folder, content = read_file(story)
    reading = read(content, name=name, options=options)
    read_panels(reading.story, folder, name=name, column=picture_column(reading))
    registry = Registry(settings)
    writer = registry.default("screenplay")
    if not isinstance(writer.provider, Provider):
        raise TypeError(f"the default writer answers at once; {writer.spec} does not")
    request = ScreenplayRequest(story=without_translations(without_on_screen_text(told_without(reading.story))))
    answer = await writer.provider.call(writer.name, request, Context("", writer.name))
    lettered = with_on_screen_text(screenplay_of(answer.content), reading.story)
    translated = with_translations(lettered, reading.story)
    screenplay = with_last_frames(translated, reading.story)
    clip_model = registry.model("video", models_for(settings)["video"])
    return StoryDocument.of(
        {
            "story": {
                "title": reading.story.title,
                "kind": reading.story.kind,
                "language": reading.story.language,
                "rows": reading.rows,
                "format": reading.form,
                "encoding": reading.encoding,
            },
            "columns": [
                {"header": use.header, "fields": list(use.fields), "example": use.example, "filled": use.filled}
                for use in reading.columns
            ],
            "labels": [{"row": beat.row, "shot": beat.shot} for beat in reading.story.beats if beat.shot],
            "moves": [
                {"row": beat.row, "words": words} for beat in reading.story.beats if (words := own_words(beat.movement))
            ],
            "warnings": [
                *warnings_of(reading),
                *film_warnings(clip_model, reading.story),
                *(replaced_moves(reading.story) if clip_model == registry.default("video") else ()),
            ],
            "screenplay": screenplay.model_dump(mode="json"),
        }
    )


def story_titles(story: str, options: Options) -> tuple[str, ...]:
    """The titles of all stories or episodes of a table, in their order. Raises what reading it raises."""
    if story == "-":
        raise UsageError("--story all reads the table once for each story, which standard input cannot give")
    name, _, content = read_file(story)
    return stories_in(content, name=name, options=options)


def picture_column(reading: Reading) -> str:
    """The header of the column that names reference pictures, as the table writes it."""
    return next((use.header for use in reading.columns if "reference_image" in use.fields), "reference_image")


def warnings_of(reading: Reading) -> tuple[str, ...]:
    """What there is to say of a reading: the story's warnings, each unused column with an example, words not heard."""
    found = [warning for warning in reading.story.warnings if not warning.startswith("unknown columns, ")]
    for use in reading.columns:
        if not use.fields:
            example = f", for example: {use.example}" if use.example else ""
            found.append(f"column '{use.header}' is not used{example}")
    for use in reading.unheard:
        found.append(
            f"nothing is spoken, and column '{use.header}', which is not used, holds prose: is it the narration? "
            f"--column '{use.header}=narration', or --ignore-columns"
        )
    return tuple(found)


def unheard(name: str, reading: Reading) -> StoryError:
    """Return the error of a story in which nothing is spoken though a column that is not used holds prose."""
    column = reading.unheard[0]
    return StoryError(
        f"{name}: nothing is spoken, and column '{column.header}', which is not used, holds prose: {column.example}",
        row=None,
        column=column.header,
        hint=f"Say what it is: --column '{column.header}=narration'; or film without it: --ignore-columns",
    )
