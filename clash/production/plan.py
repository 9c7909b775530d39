"""From what a user asked for to a plan that can be carried out: everything is checked before anything is made."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

from clash.assets import AssetStore, sha256_of
from clash.config import Settings
from clash.database.rows import RunRow
from clash.database.run_settings import Basis
from clash.editing.kept_reading import Difference
from clash.editing.screenplay_file import ScreenplayFile, read_screenplay
from clash.errors import ConflictError, UsageError
from clash.frame_size import check_fps, parse_size
from clash.hints import command
from clash.production.cast_files import CastPlan, find_cast
from clash.production.clip_warnings import film_warnings, format_asked
from clash.production.kept_tables import KeptTable, kept_table
from clash.production.model_choice import taken_of_several
from clash.production.music_file import read_music
from clash.production.output_folder import check_writable
from clash.production.run_project import check_project_of
from clash.production.spoken_languages import check_speech
from clash.production.story_document import picture_column, unheard, warnings_of
from clash.production.story_files import read_file, read_panels, read_panels_of_screenplay, read_screenplay_file
from clash.project_names import DEFAULT_PROJECT, check_project_name
from clash.providers.choice import models_for
from clash.providers.ports import Kind
from clash.providers.registry import Registry
from clash.story.reader import Options, Reading, read
from clash.story.screenplay import Screenplay, Story
from clash.thread_ids import check_thread_id
from clash.workflow.context import Finish, Format

Keep = Callable[[Reading], Reading]
_LARGEST_BUDGET = 1_000_000


@dataclass(frozen=True)
class RunRequest:
    """What to make: the options of `clash run`. What is None comes from the settings.

    `budget`: dollars. `size`: WIDTHxHEIGHT in pixels. `fps`: frames per second, 8 to 60. `models`: `provider:model`
    per kind (screenplay, image, video, speech). Each field is described where it is declared.
    """

    story: str
    """A path, or `-` for standard input."""
    story_choice: str | None = None
    """Which story of a table that holds several: its number from 1, or its title."""
    thread_id: str | None = None
    output: Path | None = None
    """The film goes to <output>/<thread>/film.mp4; that of a run that exists does from now on."""
    concurrency: int | None = None
    """Calls in flight at once per provider."""
    reuse: bool = True
    """Whether what earlier runs made may serve again."""
    models: Mapping[str, str] = field(default_factory=dict[str, str])
    """`provider:model` per kind: screenplay, image, video, speech."""
    size: str | None = None
    """WIDTHxHEIGHT in pixels."""
    fps: int | None = None
    budget: Decimal | None = None
    """Dollars that the run may spend; on a run that exists, its new budget."""
    retry_unknown: bool = False
    """Whether calls may be made again that may have been paid already."""
    retry_failed_paid: bool = False
    """Whether calls may be bought again that were paid for and failed."""
    preset: str | None = None
    """A named set of models; one that is named in `models` overrides it."""
    allow_unpriced: bool = False
    """Whether models may be called whose price nobody knows."""
    allow_changes: bool = False
    """Whether a run that exists may go on with other settings than it was begun with."""
    columns: Mapping[str, str] = field(default_factory=dict[str, str])
    """Headers of the story's table, each with the field that it fills, whatever it means."""
    ignore_columns: bool = False
    """Whether a story without words may be filmed though an unused column of it holds prose."""
    language: str | None = None
    """The film's language as BCP 47 writes it; without it, the text decides."""
    finish: Finish = field(default_factory=Finish)
    """How the film is cut; its `music` is the path of a file here."""
    chain: bool | None = None
    """Whether clips end on the keyframe of the next shot at the same place."""
    generate_audio: bool | None = None
    """Whether clips have sound of their own, where their model can make it."""
    review: Sequence[str] | None = None
    """Stages at which the run waits until people have approved what was made: screenplay, cards, keyframes, shots."""
    screenplay: str | Path | Screenplay | None = None
    """The screenplay to be shot, or the path of its file; no writer is asked."""
    cast: str | Path | None = None
    """The table of the cast; `none` for none; without it, the one beside the story."""
    project: str | None = None
    """The project that the run belongs to, for good."""


@dataclass(frozen=True)
class RunPlan:
    """A run that can begin: the story read, every name known, every number in its range."""

    thread_id: str
    story: Story
    story_path: str
    story_choice: str | None
    output: Path
    reuse: bool
    models: Mapping[Kind, str]
    size: str
    fps: int
    budget: Decimal | None
    panels: Mapping[str, tuple[str, bytes]]
    """Pictures that the story refers to: their name in the story to media type and bytes."""
    reading: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What a person decided of how the story is read: columns, ignore_columns, language. Empty where nothing was."""
    finish: Finish = field(default_factory=Finish)
    """What is laid over the clips when the film is cut."""
    given: Screenplay | None = None
    """The screenplay that is shot; without one, a writer writes it."""
    screenplay_path: str | None = None
    """The file of that screenplay."""
    cast: CastPlan | None = None
    """The cast that a person gives."""
    music: bytes = b""
    """The file of the music that a person gives."""
    chain: bool = False
    """Whether clips end on the keyframe of the next shot at the same place."""
    generate_audio: bool = False
    """Whether clips have sound of their own."""
    project: str = DEFAULT_PROJECT
    """The project that the run belongs to."""
    warnings: tuple[str, ...] = ()
    """What there is to say of how the story was read, and of languages in which nobody will be heard."""
    is_titled: bool = True
    """Whether the story says its title itself; else the name of its file stands for one."""
    table: KeptTable | None = None
    """The file of the story, as the run keeps it."""
    differences: tuple[Difference, ...] = ()
    """Rows that today's clash reads differently than the one that made the source of a fork."""

    @property
    def identity(self) -> dict[str, Any]:
        """The settings that decide what the film is; on these a run may not change its mind."""
        given = {"screenplay": {"sha256": sha256_of(self.given_content)}} if self.given else {}
        return {
            **self.reading,
            **finish_document(self.finish),
            **given,
            **({"cast": self.cast.sha256} if self.cast else {}),
            **({"chain": True} if self.chain else {}),
            **({"generate_audio": True} if self.generate_audio else {}),
            "models": dict(self.models),
            "size": self.size,
            "fps": self.fps,
            "story_choice": self.story_choice,
            "panels": {name: sha256_of(content) for name, (_, content) in self.panels.items()},
        }

    @property
    def film(self) -> Format:
        """The format of the film, and what its clips have."""
        return Format(*parse_size(self.size), self.fps, self.chain, self.generate_audio)

    @property
    def fingerprint(self) -> str:
        """sha256 of `identity`."""
        return hashlib.sha256(json.dumps(self.identity, sort_keys=True).encode()).hexdigest()

    @property
    def given_content(self) -> bytes:
        """The file of the given screenplay; empty without one."""
        return self.given.model_dump_json(indent=2).encode() if self.given else b""

    @property
    def basis(self) -> Basis:
        """What the screenplay comes from beside the story."""
        return Basis(
            given=sha256_of(self.given_content) if self.given else "", cast=self.cast.sha256 if self.cast else ""
        )

    async def store(self, assets: AssetStore) -> dict[str, Any]:
        """Put the story and its pictures into the asset store, so that a resume needs no other file."""
        assets.make_root()
        panels = {
            name: {"sha256": assets.put(content), "media_type": media_type}
            for name, (media_type, content) in self.panels.items()
        }
        story = assets.put(self.story.model_dump_json().encode())
        given = [assets.put(self.given_content)] if self.given else []
        if self.cast is not None:
            await self.cast.store(assets)
        if self.music:
            await assets.share(assets.put(self.music))
        for sha256 in (story, *given, *(panel["sha256"] for panel in panels.values())):
            await assets.share(sha256)
        table = {} if self.table is None else {"table": self.table.document}
        if self.table is not None:
            await assets.share(assets.put(self.table.content))
        # Nothing else names the sounds of a cast.
        sounds = {} if self.cast is None else {"cast_sounds": self.cast.stored_sounds}
        return {"story": story, "reference_images": panels, **table, **sounds}

    def recorded(self, stored: Mapping[str, Any]) -> dict[str, Any]:
        """What `workflow_executions.settings` holds: all that a resume must know."""
        return {
            **self.identity,
            "output": self.output.as_posix(),
            "reuse": self.reuse,
            "warnings": list(self.warnings),
            **({"screenplay_path": self.screenplay_path} if self.screenplay_path else {}),
            **stored,
        }


def with_unpriced(settings: Settings, *, allowed: bool) -> Settings:
    """The settings, models without a price allowed if the run allows them."""
    return settings.changed(allow_unpriced=settings.allow_unpriced or allowed)


def new_thread_id(story_name: str) -> str:
    """`<story-stem>-<6 hex>`; the stem keeps only what a thread id may hold."""
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", Path(story_name).stem).strip("-.")[:100]
    return f"{stem or 'story'}-{secrets.token_hex(3)}"


def prepare(request: RunRequest, settings: Settings, registry: Registry, keep: Keep = lambda read: read) -> RunPlan:
    """Check all of a request. Raises `StoryError`, `UsageError`, `NotFoundError`; makes nothing.

    `keep` returns a reading with what is to stay as it was read before.
    """
    _check(request)
    width, height = parse_size(request.size or settings.size)
    models = _models(request, settings, registry)
    fps = check_fps(settings.fps if request.fps is None else request.fps)
    name, folder, content = read_file(request.story)
    reading = keep(read(content, name=name, options=reading_options(request, fps=fps)))
    if reading.unheard and not request.ignore_columns and request.screenplay is None:
        raise unheard(name, reading)
    story = reading.story
    panels = read_panels(story, folder, name=name, column=picture_column(reading))
    given, path = _given(request)
    if given is not None:
        beside = () if path is None else (Path(path).parent,)
        panels |= read_panels_of_screenplay(given.screenplay, [folder, *beside], known=panels)
    cast = find_cast(request.cast, folder) if request.story != "-" or request.cast else None
    music = read_music(request.finish.music)
    filmed = given.screenplay if given else story
    silent = check_speech(filmed, registry.model("speech", models["speech"]), settings)
    film = format_asked(request, settings, Format(width, height, fps))
    finish, untitled = with_title(request.finish, is_titled=reading.is_titled or given is not None)
    thread_id, output = request.thread_id or new_thread_id(name), request.output or settings.output_dir
    check_writable(output / thread_id)
    return RunPlan(
        thread_id=thread_id,
        story=story,
        story_path=request.story,
        story_choice=request.story_choice,
        output=output,
        reuse=request.reuse,
        models=models,
        size=f"{width}x{height}",
        fps=fps,
        budget=check_budget(settings.budget if request.budget is None else request.budget),
        panels=panels,
        reading=_decided(request),
        finish=replace(finish, music=sha256_of(music)) if music else finish,
        music=music,
        chain=film.chain,
        generate_audio=film.generate_audio,
        given=given.screenplay if given else None,
        screenplay_path=path,
        cast=cast,
        project=check_project_name(settings.project if request.project is None else request.project),
        warnings=(
            *warnings_of(reading),
            *(given.warnings if given else ()),
            *(cast.warnings_for(story) if cast else ()),
            *silent,
            *film_warnings(registry.model("video", models["video"]), filmed, film),
            *untitled,
            *taken_of_several(request.models, request.preset, settings, registry),
        ),
        is_titled=reading.is_titled,
        table=kept_table(name, content),
    )


def _check(request: RunRequest) -> None:
    if request.thread_id is not None:
        check_thread_id(request.thread_id)
    if request.concurrency is not None and not 1 <= request.concurrency <= 256:
        raise UsageError(f"concurrency {request.concurrency} is not between 1 and 256")


def with_title(finish: Finish, *, is_titled: bool) -> tuple[Finish, tuple[str, ...]]:
    """Return how the film is cut, without a title card if the story has no title; and what there is to say of it."""
    if not finish.titles or is_titled:
        return finish, ()
    return replace(finish, titles=False), ("--titles: the story says no title, so the film begins without a card",)


def _given(request: RunRequest) -> tuple[ScreenplayFile | None, str | None]:
    """The screenplay of a request, with its path if it is a file's. Raises `StoryError`, `NotFoundError`."""
    screenplay = request.screenplay
    if screenplay is None:
        return None, None
    if isinstance(screenplay, Screenplay):
        return read_screenplay(screenplay.model_dump_json().encode(), name="the screenplay"), None
    return read_screenplay_file(str(screenplay)), str(screenplay)


def reading_options(request: RunRequest, *, fps: int) -> Options:
    """How the request wants its story's table to be read."""
    return Options(choice=request.story_choice, columns=request.columns, language=request.language, fps=fps)


def _decided(request: RunRequest) -> dict[str, Any]:
    """The part of a request that says how to read; empty where it says nothing, so that older runs stay the same."""
    decided: dict[str, Any] = {
        "columns": dict(request.columns),
        "ignore_columns": request.ignore_columns,
        "language": request.language,
    }
    return {name: value for name, value in decided.items() if value}


def finish_document(finish: Finish) -> dict[str, Any]:
    """Return what a run's settings hold of it: what is not the default, so that older runs stay the same."""
    plain = asdict(Finish())
    return {name: value for name, value in asdict(finish).items() if value != plain[name]}


def check_budget(budget: Decimal | None, *, what: str = "budget") -> Decimal | None:
    """The budget itself, if it is one. Raises `UsageError`."""
    if budget is not None and not (budget.is_finite() and 0 <= budget <= _LARGEST_BUDGET):
        raise UsageError(f"a {what} of {budget} is not between 0 and {_LARGEST_BUDGET} dollars")
    return budget


def _models(request: RunRequest, settings: Settings, registry: Registry) -> dict[Kind, str]:
    chosen = models_for(settings, named=request.models, preset=request.preset)
    return {kind: registry.model(kind, spec).spec for kind, spec in chosen.items()}


# -- a run that exists -------------------------------------------------------------------------------------------


def check_same(run: RunRow, plan: RunPlan, *, allow_changes: bool = False) -> bool:
    """Whether the thread goes on with just the settings it was begun with.

    Raises `ConflictError` that names what differs: for another story always, for other settings unless allowed.
    """
    thread = plan.thread_id
    if run.story_sha256 != plan.story.sha256:
        raise ConflictError(
            f"the run {thread} exists with another story ({run.story_path})",
            code="other_story",
            hint="choose another --thread, or none",
        )
    check_project_of(run, plan.project)
    if run.settings_fingerprint == plan.fingerprint:
        return True
    recorded = run.settings
    if recorded.get("screenplay") != plan.identity.get("screenplay"):
        here, there = bool(plan.given), bool(recorded.get("screenplay"))
        what = "another screenplay" if here and there else "a given screenplay" if there else "no given screenplay"
        raise ConflictError(
            f"the run {thread} exists with {what}",
            code="other_screenplay",
            hint=f"`{command('resume', thread)}` goes on as it was begun; or choose another --thread",
        )
    if allow_changes:
        return False
    changed = [
        f"{name}: {_shown(recorded.get(name))} there, {_shown(value)} here"
        for name, value in plan.identity.items()
        if recorded.get(name) != value
    ]
    raise ConflictError(
        f"the run {thread} exists with other settings ({'; '.join(changed)})",
        code="other_settings",
        hint=f"`{command('resume', thread)}` goes on as it was begun; --allow-changes goes on with these, for what is"
        " not made yet; or choose another --thread",
    )


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        items = cast("Mapping[str, Any]", value).values()
        return ", ".join(str(item) for item in items)
    return "none" if value is None else str(value)
