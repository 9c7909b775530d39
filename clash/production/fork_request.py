"""What a fork is asked for, and the run that comes of it: the settings of its source with what is to be different."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from clash.assets import AssetStore, sha256_of
from clash.config import Settings
from clash.database.rows import RunRow
from clash.database.run_settings import RunSettings
from clash.editing.cast import CastSheet
from clash.errors import UsageError
from clash.frame_size import check_fps, parse_size
from clash.money import from_micro
from clash.production.cast_files import CastPlan, find_cast
from clash.production.clip_warnings import film_warnings, format_asked
from clash.production.fork_reading import ForkReading
from clash.production.music_file import read_music
from clash.production.output_folder import check_writable
from clash.production.plan import RunPlan, RunRequest, check_budget, prepare, with_title
from clash.production.spoken_languages import check_speech
from clash.production.story_files import read_panels, read_panels_of_screenplay, read_screenplay_file
from clash.providers.choice import models_of_preset
from clash.providers.ports import Kind
from clash.providers.registry import Registry
from clash.story.reader import title_of
from clash.story.screenplay import Story
from clash.thread_ids import check_thread_id
from clash.vocabulary import KINDS
from clash.workflow.context import Captions, Finish, finish_of, format_of
from clash.workflow.state import STEPS

COMPOSED = "score"
"""The music of a film that plays no file: the one that clash composes."""
_READING = ("columns", "ignore_columns", "language")


@dataclass(frozen=True)
class ForkRequest:
    """Which run to begin with, and what is to differ: the options of `clash fork`. What is None is as in that run.

    `source`, `thread_id`: ids of the run to begin with, and of the new one. `budget`: dollars. `size`: WIDTHxHEIGHT in
    pixels. `story`, `screenplay`, `cast`: paths. Each field is described where it is declared.
    """

    source: str
    """The thread id of the run to begin with."""
    thread_id: str
    """The thread id of the new run."""
    checkpoint_id: str | None = None
    """Begin after what this checkpoint saved; without it and `step`, with all that the run has."""
    step: str | None = None
    """Begin before this step."""
    story: str | None = None
    """The path of a changed story, or `-` for standard input."""
    screenplay: str | None = None
    """The path of a screenplay to be shot."""
    cast: str | Path | None = None
    """The table of the cast; `none` for none. Without it, the one beside a changed story, else that of the run."""
    output: Path | None = None
    budget: Decimal | None = None
    """Dollars that the new run may spend."""
    models: Mapping[str, str] = field(default_factory=dict[str, str])
    """`provider:model` per kind: screenplay, image, video, speech."""
    preset: str | None = None
    """A named set of models; one that is named in `models` overrides it."""
    size: str | None = None
    fps: int | None = None
    concurrency: int | None = None
    """Calls in flight at once per provider."""
    allow_unpriced: bool = False
    """Whether models may be called whose price nobody knows."""
    retry_unknown: bool = False
    """Whether calls may be made again that the source may have paid for and whose answers are lost."""
    columns: Mapping[str, str] | None = None
    """Headers of the changed story's table, each with the field that it fills."""
    ignore_columns: bool | None = None
    language: str | None = None
    captions: Captions | None = None
    slate: bool | None = None
    titles: bool | None = None
    on_screen_text: bool | None = None
    """Whether the story's words on the screen are laid over its shots."""
    music: str | None = None
    """The path of a file; `none` for no music, `score` for the composed score."""
    music_volume: float | None = None
    chain: bool | None = None
    """Whether clips end on the keyframe of the next shot at the same place."""
    generate_audio: bool | None = None
    """Whether clips have sound of their own, where their model can make it."""
    original: str | None = None
    """The path of the table that the source was made of, for a source that does not keep it."""
    reread: bool | None = None
    """Whether rows are read anew that nobody changed and that this version of clash reads differently.

    False: nor those of which nobody can tell whether they were changed, where the source keeps no table.
    """
    project: str | None = None
    """The project of the source, in which a fork stays; another one is refused."""

    def check(self) -> None:
        """Raise `UsageError` for what cannot be asked for together, or at all."""
        check_thread_id(self.source)
        check_thread_id(self.thread_id)
        if self.checkpoint_id is not None and self.step is not None:
            raise UsageError("a fork begins at a checkpoint or before a step, not both", hint="leave one of them out")
        if self.story is not None and self.screenplay is not None:
            raise UsageError("a fork takes a story or a screenplay, not both", hint="leave one of them out")
        if self.screenplay is not None and self.reread:
            raise UsageError("--reread reads a table, and with --screenplay none is read", hint="leave one of them out")
        if self.story is None and (self.columns or self.language):
            option = "--column" if self.columns else "--language"
            raise UsageError(f"{option} says how a table is read, and no table is named", hint="add --story FILE")
        if self.step is not None and self.step not in STEPS:
            raise UsageError(f"there is no step {self.step!r}; known: {', '.join(STEPS)}")
        if self.concurrency is not None and not 1 <= self.concurrency <= 256:
            raise UsageError(f"concurrency {self.concurrency} is not between 1 and 256")


def run_plan_of(
    request: ForkRequest,
    source: RunRow,
    story: Story,
    assets: AssetStore,
    settings: Settings,
    registry: Registry,
) -> RunPlan:
    """Return the run that a fork is to be. `story`: that of its source.

    Raises `StoryError`, `UsageError`, `NotFoundError`, and `StorageError` for a lost picture of the story.
    """
    recorded = RunSettings.from_row(source)
    models = _models(request, recorded, settings, registry)
    budget = request.budget if request.budget is not None else _budget_of(source)
    reading = ForkReading.of(source, story, assets, original=request.original, reread=request.reread)
    if request.story is not None:
        run = prepare(_request_of(request, source, models, budget), settings, registry, reading.keep)
        return replace(_with_what_is_kept(run, request, recorded, assets), differences=reading.differences)
    story = reading.own_story()
    width, height = parse_size(request.size or recorded.size)
    panels = _panels(source, story if request.reread else None, recorded, assets)
    given = None if request.screenplay is None else read_screenplay_file(request.screenplay)
    if given is not None and request.screenplay is not None:
        panels |= read_panels_of_screenplay(given.screenplay, [Path(request.screenplay).parent], known=panels)
    spoken = given.screenplay if given else story
    film = format_asked(request, format_of(recorded), format_of(recorded))
    is_titled = given is not None or recorded.basis.given != "" or story.title != title_of(source.story_path)
    finish, music, untitled = _finish(request, recorded, is_titled=is_titled)
    check_writable((output := request.output or recorded.output) / request.thread_id)
    return RunPlan(
        thread_id=request.thread_id,
        story=story,
        story_path=source.story_path,
        story_choice=recorded.story_choice,
        output=output,
        reuse=True,
        models=models,
        size=f"{width}x{height}",
        fps=check_fps(recorded.fps if request.fps is None else request.fps),
        budget=check_budget(settings.budget if budget is None else budget),
        panels=panels,
        reading={name: recorded.document[name] for name in _READING if name in recorded.document},
        finish=finish,
        music=music,
        chain=film.chain,
        generate_audio=film.generate_audio,
        cast=_cast_of(recorded, assets) if request.cast is None else find_cast(request.cast, Path()),
        given=given.screenplay if given else None,
        screenplay_path=request.screenplay,
        project=source.project,
        warnings=(
            *(given.warnings if given else ()),
            *check_speech(spoken, registry.model("speech", models["speech"]), settings),
            *film_warnings(registry.model("video", models["video"]), spoken, film),
            *untitled,
        ),
        table=reading.table if reading.table and reading.table.can_be_kept else None,
        differences=reading.differences,
    )


def _panels(
    source: RunRow, reread: Story | None, recorded: RunSettings, assets: AssetStore
) -> dict[str, tuple[str, bytes]]:
    """The pictures of the source's story, and those that it is found to name when it is read anew."""
    kept = recorded.reference_images.items()
    panels = {name: (file["media_type"], assets.read(file["sha256"])) for name, file in kept}
    if reread is None:
        return panels
    table = Path(source.story_path)
    return panels | read_panels(reread, table.parent, name=table.name, known=panels)


def _with_what_is_kept(run: RunPlan, request: ForkRequest, recorded: RunSettings, assets: AssetStore) -> RunPlan:
    """Return the run of another story with the cast and the music of the source, where the fork names no others."""
    cast = run.cast or (_cast_of(recorded, assets) if request.cast is None else None)
    # It was prepared with a title card if the fork is to have one; it has lost it if the story says no title.
    is_titled = run.finish.titles or not _titles(request, recorded)
    finish, music, _ = _finish(request, recorded, is_titled=is_titled)
    return replace(run, cast=cast, finish=finish, music=music)


def _titles(request: ForkRequest, recorded: RunSettings) -> bool:
    return finish_of(recorded).titles if request.titles is None else request.titles


def _finish(request: ForkRequest, recorded: RunSettings, *, is_titled: bool) -> tuple[Finish, bytes, tuple[str, ...]]:
    """Return how the film is cut, the file of another music, and what there is to say of it."""
    before = finish_of(recorded)
    finish = Finish(
        captions=before.captions if request.captions is None else request.captions,
        slate=before.slate if request.slate is None else request.slate,
        titles=_titles(request, recorded),
        on_screen_text=before.on_screen_text if request.on_screen_text is None else request.on_screen_text,
        music=before.music,
        music_volume=before.music_volume if request.music_volume is None else request.music_volume,
    )
    finish, untitled = with_title(finish, is_titled=is_titled)
    if request.music is None:
        return finish, b"", untitled
    named = "" if request.music == COMPOSED else request.music
    content = read_music(named)
    return replace(finish, music=sha256_of(content) if content else named), content, untitled


def _request_of(request: ForkRequest, source: RunRow, models: Mapping[Kind, str], budget: Decimal | None) -> RunRequest:
    """Return the request for a run of another story, with the settings of the source where the fork names no others."""
    recorded = RunSettings.from_row(source)
    film = format_asked(request, format_of(recorded), format_of(recorded))
    return RunRequest(
        story=request.story or "",
        story_choice=recorded.story_choice,
        thread_id=request.thread_id,
        output=request.output or recorded.output,
        models={str(kind): spec for kind, spec in models.items()},
        size=request.size or recorded.size,
        fps=recorded.fps if request.fps is None else request.fps,
        budget=budget,
        cast=request.cast,
        finish=Finish(titles=_titles(request, recorded)),
        project=source.project,
        chain=film.chain,
        generate_audio=film.generate_audio,
        **_reading(request, recorded),
    )


def _models(request: ForkRequest, recorded: RunSettings, settings: Settings, registry: Registry) -> dict[Kind, str]:
    if unknown := sorted(set(request.models) - set(KINDS)):
        raise UsageError(f"there is no kind of model {unknown[0]!r}; known: {', '.join(KINDS)}")
    chosen: dict[Kind, str] = {**recorded.models, **models_of_preset(request.preset, settings)}
    named: dict[Kind, str] = {kind: request.models.get(kind) or chosen[kind] for kind in KINDS}
    return {kind: registry.model(kind, spec).spec for kind, spec in named.items()}


def _cast_of(recorded: RunSettings, assets: AssetStore) -> CastPlan | None:
    """The cast of a run as it is in the asset store."""
    if not recorded.basis.cast:
        return None
    sheet = CastSheet.of(assets.read(recorded.basis.cast))
    pictures = {slot: (file["media_type"], assets.read(file["sha256"])) for slot, file in sheet.pictures.items()}
    return CastPlan("", sheet.entries, pictures)


def _budget_of(source: RunRow) -> Decimal | None:
    return None if source.budget_micro is None else from_micro(source.budget_micro)


def _reading(request: ForkRequest, recorded: RunSettings) -> dict[str, Any]:
    """How the changed story is read: as the one before, unless the request says otherwise."""
    before = recorded.document
    return {
        "columns": before.get("columns", {}) if request.columns is None else request.columns,
        "ignore_columns": bool(
            before.get("ignore_columns", False) if request.ignore_columns is None else request.ignore_columns
        ),
        "language": before.get("language") if request.language is None else request.language,
    }
