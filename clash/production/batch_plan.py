"""The plan of a batch: which stories it films, each under which thread id. Everything is read and checked here.

    plan = plan_batch(BatchRequest(stories=["stories/*.csv"], name="night"), settings, registry)
    plan.stories[0].thread_id        # night-ep01, whichever machine asks

A thread id depends on the batch's name and the story's file alone, so that the same command anywhere is the same
batch. `clash.production.batch_run` films what is planned; `clash.production.batch_executors` says where.
"""

from __future__ import annotations

import glob
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path

from clash.config import Settings
from clash.errors import ClashError, NotFoundError, StoryError, UsageError
from clash.hints import CHECK_PATH
from clash.production.batch_ids import batch_name, ids_of_files, of_story
from clash.production.cast_files import is_cast_name
from clash.production.plan import RunRequest, check_budget, prepare, reading_options
from clash.production.story_document import story_titles
from clash.production.use_cases import check_models
from clash.providers.registry import Registry
from clash.thread_ids import check_new_thread_id

DEFAULT_NAME = "batch"
DEFAULT_JOBS = 4
MOST_JOBS = 64
_MOST_NAMED = 10
"""Stories that cannot be read and are named in one error."""


@dataclass(frozen=True)
class BatchRequest:
    """Which stories to film together, and how.

    `stories`: paths, or patterns with `*`; none: go on with the runs that the batch has. `budget`: dollars that all
    runs of the batch together may spend; None: as it was. `jobs`: runs at once in this process. `fail_fast`: begin no
    other story once one has failed. `executor`: `local`, or `dask://HOST:PORT`. `each`: what every run is made with,
    its budget included; its `story` and `thread_id` are not used. `typed`: what was typed after `clash batch`, for
    hints.
    """

    stories: Sequence[str] = ()
    name: str = DEFAULT_NAME
    budget: Decimal | None = None
    jobs: int = DEFAULT_JOBS
    fail_fast: bool = False
    executor: str = "local"
    typed: Sequence[str] = ()
    each: RunRequest = field(default_factory=lambda: RunRequest(story=""))


@dataclass(frozen=True)
class BatchStory:
    """One run of a batch. It can be pickled, so that another process films it.

    `request`: what to make; None: the run exists, and is resumed as it was recorded. `story_sha256`, `fingerprint` and
    `project` tell whether a run that exists is the one that is asked for. `output`: the folder that it is to be
    published to from now on; None: where it is recorded.
    """

    thread_id: str
    request: RunRequest | None = None
    title: str = ""
    story_sha256: str = ""
    fingerprint: str = ""
    project: str = ""
    story_path: str = ""
    """Of a run that exists: the file that it was begun with."""
    output: Path | None = None


@dataclass(frozen=True)
class BatchPlan:
    """A batch that can begin. `left_out`: files that a pattern matched and that are no stories."""

    request: BatchRequest
    stories: tuple[BatchStory, ...]
    left_out: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The batch's name."""
        return self.request.name


def check_batch(request: BatchRequest) -> None:
    """Raise `UsageError` for a request that no batch can have, whatever its stories are."""
    batch_name(request.name)
    check_budget(request.budget)
    check_budget(request.each.budget)
    if not 1 <= request.jobs <= MOST_JOBS:
        raise UsageError(f"--jobs {request.jobs} is not between 1 and {MOST_JOBS}")
    if request.each.screenplay is not None:
        raise UsageError("--screenplay is one film's, and a batch makes one of each story")


def plan_batch(request: BatchRequest, settings: Settings, registry: Registry) -> BatchPlan:
    """Read and check all stories. Nothing is made.

    Raises `NotFoundError` where nothing matches, `UsageError` for ids that are equal, `StoryError` naming each story
    that cannot be filmed, `SettingsError` for a key that is missing.
    """
    check_batch(request)
    files, left_out = story_files(request.stories)
    faults: list[tuple[str, ClashError]] = []
    stories: list[BatchStory] = []
    for path, name in zip(files, ids_of_files(files), strict=True):
        try:
            stories += [_checked(one, settings, registry) for one in _requests(request, path, f"{request.name}-{name}")]
        except ClashError as error:
            faults.append((str(path), error))
    if faults:
        raise _all_of(faults, len(files))
    _require_different(stories)
    return BatchPlan(request, tuple(stories), left_out)


def story_files(patterns: Sequence[str]) -> tuple[list[Path], tuple[str, ...]]:
    """Return the files that paths and patterns name, each once, and those that are left out.

    A pattern is expanded here where no shell has done it. A table of the cast beside other stories is no story.
    Raises `UsageError` for standard input and for a folder, `NotFoundError` for a pattern that matches nothing.
    """
    found: dict[Path, Path] = {}
    for pattern in patterns:
        for path in _expanded(pattern):
            found.setdefault(path.absolute().resolve(), path)
    files = list(found.values())
    casts = [path for path in files if is_cast_name(path.name) and _has_neighbour(path, files)]
    return [path for path in files if path not in casts], tuple(str(path) for path in casts)


def _has_neighbour(cast: Path, files: Sequence[Path]) -> bool:
    return any(path.parent == cast.parent and not is_cast_name(path.name) for path in files)


def _expanded(pattern: str) -> list[Path]:
    if pattern == "-":
        raise UsageError("a batch reads files, not standard input", hint="`clash run -` films one story from a pipe")
    path = Path(pattern)
    if path.is_dir():
        raise UsageError(f"{pattern} is a folder", hint=f"name the stories in it: '{path / '*.csv'}'")
    if path.exists() or not glob.has_magic(pattern):
        if not path.exists():
            raise NotFoundError(f"there is no story at {pattern}", hint=CHECK_PATH)
        return [path]
    # The pattern may be absolute, which `Path.glob` refuses.
    matches = sorted(Path(match) for match in glob.glob(pattern, recursive=True))  # noqa: PTH207
    files = [match for match in matches if not match.is_dir()]
    if not files:
        raise NotFoundError(f"no file matches {pattern}", hint="check the pattern, and the folder")
    return files


def _requests(request: BatchRequest, path: Path, thread_id: str) -> Iterator[RunRequest]:
    """Yield what is to be made of a file: one film, or with `--story all` one of each of its stories."""
    one = replace(request.each, story=str(path), thread_id=thread_id)
    choice = request.each.story_choice
    if choice is None or choice.strip().casefold() != "all":
        yield replace(one, thread_id=thread_id if choice is None else of_story(thread_id, choice))
        return
    titles = story_titles(str(path), replace(reading_options(one, fps=24), choice=None))
    if len(titles) == 1:
        yield replace(one, story_choice=None)
        return
    for number in range(1, len(titles) + 1):
        yield replace(one, story_choice=str(number), thread_id=of_story(thread_id, str(number)))


def _checked(request: RunRequest, settings: Settings, registry: Registry) -> BatchStory:
    plan = prepare(request, settings, registry)
    check_new_thread_id(plan.thread_id)
    check_models(plan, registry)
    identity = (plan.story.sha256, plan.fingerprint, plan.project)
    return BatchStory(plan.thread_id, request, plan.story.title, *identity, output=request.output)


def _require_different(stories: Sequence[BatchStory]) -> None:
    """Raise `UsageError` naming two stories of one thread id. Some disks take `Demo` and `demo` for one."""
    seen: dict[str, BatchStory] = {}
    for story in stories:
        other = seen.setdefault(story.thread_id.casefold(), story)
        if other is not story:
            names = [one.request.story if one.request else one.thread_id for one in (other, story)]
            raise UsageError(
                f"{names[0]} and {names[1]} would both be the run {story.thread_id}",
                code="same_thread",
                hint="rename one of the files, or film them in two batches: --batch NAME",
            )


def _all_of(faults: Sequence[tuple[str, ClashError]], count: int) -> ClashError:
    """Return one error that names each story with its fault; of a single kind it keeps code and exit code."""
    first = faults[0][1]
    if len(faults) == 1 or len({error.message for _, error in faults}) == 1:
        # A model or a key that is missing is missing for all of them.
        path, error = faults[0]
        shown = error.message if path in error.message or len(faults) > 1 else f"{path}: {error.message}"
        return error.with_(message=shown, args=(shown,))
    lines = [f"{path}: {error.message}" for path, error in faults[:_MOST_NAMED]]
    more = f"; and {len(faults) - _MOST_NAMED} more" if len(faults) > _MOST_NAMED else ""
    text = f"{len(faults)} of {count} stories cannot be filmed: {'; '.join(lines)}{more}"
    if first.exit_code == UsageError.exit_code:
        return StoryError(text, hint="correct them, or leave them out; nothing was begun")
    return ClashError(text, code=first.code, exit_code=first.exit_code, hint=first.hint)
