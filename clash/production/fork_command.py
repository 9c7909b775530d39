"""The command that forks a run with a changed story, as a person can type it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from clash.database.port import Database
from clash.database.rows import RunRow
from clash.database.run_settings import RunSettings
from clash.money import from_micro
from clash.production.cast_files import NONE
from clash.production.fork_request import ForkRequest
from clash.production.plan import RunPlan
from clash.production.remedies import free_thread
from clash.workflow.context import finish_of, format_of


async def fork_of_run(database: Database, run: RunRow, plan: RunPlan) -> ForkRequest | None:
    """Return the fork of a run that makes what a plan with another story asks for; None where a fork cannot say it."""
    recorded = RunSettings.from_row(run)
    cast = plan.cast.sha256 if plan.cast else ""
    if (
        plan.given
        or cast != recorded.basis.cast
        or plan.story_choice != recorded.story_choice
        or plan.finish.music != finish_of(recorded).music
    ):
        return None
    before, asked = recorded.document, plan.reading
    same = all(before.get(name) == asked.get(name) for name in ("columns", "ignore_columns", "language"))
    finish, before_finish, film = plan.finish, finish_of(recorded), format_of(recorded)
    budget = None if run.budget_micro is None else from_micro(run.budget_micro)
    return ForkRequest(
        source=run.run_id,
        thread_id=await free_thread(database, run.run_id),
        story=plan.story_path,
        cast=_cast(plan, recorded),
        output=None if plan.output == recorded.output else plan.output,
        budget=None if plan.budget == budget else plan.budget,
        models={kind: spec for kind, spec in plan.models.items() if recorded.models.get(kind) != spec},
        size=None if plan.size == recorded.size else plan.size,
        fps=None if plan.fps == recorded.fps else plan.fps,
        columns=None if same else asked.get("columns", {}),
        ignore_columns=None if same else asked.get("ignore_columns", False),
        language=None if same else asked.get("language"),
        captions=None if finish.captions == before_finish.captions else finish.captions,
        slate=None if finish.slate == before_finish.slate else finish.slate,
        on_screen_text=None if finish.on_screen_text == before_finish.on_screen_text else finish.on_screen_text,
        titles=None if finish.titles == before_finish.titles else finish.titles,
        music_volume=None if finish.music_volume == before_finish.music_volume else finish.music_volume,
        chain=None if plan.chain == film.chain else plan.chain,
        generate_audio=None if plan.generate_audio == film.generate_audio else plan.generate_audio,
    )


def _cast(plan: RunPlan, recorded: RunSettings) -> str | None:
    """The cast to be named; None where the fork finds the right one by itself."""
    if (plan.cast.sha256 if plan.cast else "") == recorded.basis.cast:
        return None
    return plan.cast.path if plan.cast else NONE


def fork_command(request: ForkRequest, run: RunRow) -> str:
    """Return the command line of a fork of a run."""
    flags = [*_flag("--thread", request.thread_id)]
    if request.story is not None:
        flags += _flag("--story", request.story)
    if request.cast is not None:
        flags += _flag("--cast", str(request.cast))
    for kind, spec in request.models.items():
        flags += [f"--{kind}-model", spec]
    if request.size is not None:
        flags += ["--size", request.size]
    if request.fps is not None:
        flags += ["--fps", str(request.fps)]
    if request.output is not None:
        flags += _flag("--output", request.output.as_posix())
    if request.budget is not None:
        flags += ["--budget", f"{request.budget.normalize():f}"]
    flags += _flag("--original", request.original) if request.original is not None else []
    flags += [] if request.reread is None else ["--reread" if request.reread else "--no-reread"]
    flags += _finish(request)
    flags += _reading(request.columns or {}, request)
    source = [run.run_id] if not run.run_id.startswith("-") else ["--", run.run_id]
    return shlex.join(["clash", "fork", *flags, *source] if source[0] == "--" else ["clash", "fork", *source, *flags])


def _flag(name: str, value: str) -> list[str]:
    return [f"{name}={value}"] if value.startswith("-") and value != "-" else [name, value]


def _finish(request: ForkRequest) -> list[str]:
    """How the film is cut, and what its clips have, where that is to be different."""
    switches = ("slate", "titles", "on_screen_text", "chain", "generate_audio")
    named = [(name.replace("_", "-"), getattr(request, name)) for name in switches]
    flags = [f"--{name}" if value else f"--no-{name}" for name, value in named if value is not None]
    flags += [] if request.captions is None else ["--captions", request.captions]
    flags += [] if request.music is None else _flag("--music", request.music)
    return flags + ([] if request.music_volume is None else [f"--music-volume={request.music_volume:g}"])


def _reading(columns: Mapping[str, str], request: ForkRequest) -> list[str]:
    flags = [part for header, field in columns.items() for part in ("--column", f"{header}={field}")]
    flags += ["--ignore-columns"] if request.ignore_columns else []
    return flags + (["--language", request.language] if request.language else [])
