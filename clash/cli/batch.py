"""`clash batch`: film many stories, in as many processes and on as many machines as type the same command."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import typer

from clash.cli.batch_progress import batch_progress_on_standard_error
from clash.cli.event_lines import EventLines
from clash.cli.layout import Block, Column, Record, Remark, Table
from clash.cli.options import (
    AllowChanges,
    AllowUnpriced,
    CaptionsOption,
    CastFile,
    Chain,
    ColumnMap,
    Concurrency,
    DryRun,
    Events,
    Fps,
    GenerateAudio,
    IgnoreColumns,
    ImageModel,
    Json,
    Language,
    MusicOption,
    MusicVolume,
    NoReuse,
    OnEvent,
    OnScreenTextOption,
    Output,
    Preset,
    Project,
    RetryFailedPaid,
    RetryUnknown,
    Review,
    ScreenplayModel,
    Size,
    SlateOption,
    SpeechModel,
    TitlesOption,
    VideoModel,
    Webhook,
    WhichStory,
    captions_named,
    column_map,
    dollars,
    flags_of,
)
from clash.cli.output import Document, emit, part_of, say, say_error
from clash.cli.reading import report
from clash.cli.run import refuse_events
from clash.cli.running import run_to_the_end
from clash.cli.said_once import SaidOnce
from clash.cli.text import money
from clash.documents import SCHEMA

if TYPE_CHECKING:
    from clash.production import BatchRequest, StoryResult

_CLOSING_S = 3.0


def batch(
    stories: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[STORY...]",
            help="Tables, or patterns such as 'stories/*.csv'; none: go on with the runs that the batch has.",
            show_default=False,
        ),
    ] = None,
    name: Annotated[
        str, typer.Option("--batch", metavar="NAME", help="The batch's name; its runs are NAME-STORY.")
    ] = "batch",
    budget: Annotated[
        Decimal | None,
        typer.Option(
            "--budget",
            metavar="USD",
            parser=dollars,
            show_default=False,
            help="Dollars that all runs of the batch together may spend, on all machines.",
        ),
    ] = None,
    budget_per_run: Annotated[
        Decimal | None,
        typer.Option(
            "--budget-per-run",
            metavar="USD",
            parser=dollars,
            show_default=False,
            help="Dollars that each run may spend.",
        ),
    ] = None,
    jobs: Annotated[
        int, typer.Option("--jobs", metavar="N", min=1, max=64, help="Runs at the same time in this process.")
    ] = 4,
    fail_fast: Annotated[bool, typer.Option("--fail-fast", help="Begin no other story once one has failed.")] = False,
    executor: Annotated[
        str,
        typer.Option("--executor", metavar="local|dask://HOST:PORT", help="Where the stories are filmed."),
    ] = "local",
    choice: WhichStory = None,
    columns: ColumnMap = None,
    ignore_columns: IgnoreColumns = False,
    language: Language = None,
    output: Output = None,
    project: Project = None,
    dry_run: DryRun = False,
    concurrency: Concurrency = None,
    no_reuse: NoReuse = False,
    cast: CastFile = None,
    screenplay_model: ScreenplayModel = None,
    image_model: ImageModel = None,
    video_model: VideoModel = None,
    speech_model: SpeechModel = None,
    size: Size = None,
    fps: Fps = None,
    preset: Preset = None,
    captions: CaptionsOption = "soft",
    slate: SlateOption = False,
    on_screen_text: OnScreenTextOption = True,
    titles: TitlesOption = False,
    music: MusicOption = "",
    music_volume: MusicVolume = 0.0,
    chain: Chain = None,
    generate_audio: GenerateAudio = None,
    allow_unpriced: AllowUnpriced = False,
    review: Review = None,
    retry_unknown: RetryUnknown = False,
    retry_failed_paid: RetryFailedPaid = False,
    allow_changes: AllowChanges = False,
    webhook: Webhook = None,
    on_event: OnEvent = None,
    events: Events = False,
    as_json: Json = False,
) -> None:
    """Turn many stories into films. Repeat the command, here or on other machines: together they make each film once.

    A run that fails does not end the others.
    """
    from clash import production

    chosen = {"screenplay": screenplay_model, "image": image_model, "video": video_model, "speech": speech_model}
    each = production.RunRequest(
        story="",
        story_choice=choice,
        cast=cast,
        output=output,
        concurrency=concurrency,
        reuse=not no_reuse,
        models={kind: model for kind, model in chosen.items() if model is not None},
        size=size,
        fps=fps,
        budget=budget_per_run,
        project=project,
        retry_unknown=retry_unknown,
        retry_failed_paid=retry_failed_paid,
        preset=preset,
        allow_unpriced=allow_unpriced,
        allow_changes=allow_changes,
        columns=column_map(columns),
        ignore_columns=ignore_columns,
        language=language,
        review=None if review is None else [review],
        finish=production.Finish(captions_named(captions), slate, titles, music, music_volume, on_screen_text),
        chain=chain,
        generate_audio=generate_audio,
    )
    request = production.BatchRequest(
        stories=tuple(stories or ()),
        name=name,
        budget=budget,
        jobs=jobs,
        fail_fast=fail_fast,
        executor=executor,
        each=each,
        typed=_typed(),
    )
    refuse_events(events, as_json=as_json, dry_run=dry_run)
    if dry_run:
        _show_estimate(request, as_json=as_json)
        return
    _film(request, as_json=as_json, events=events, flags=flags_of(webhook, on_event))


def _typed() -> tuple[str, ...]:
    """Return what was typed after `clash batch`; nothing where this process runs it as a part of something else."""
    words = sys.argv[1:]
    return tuple(words[1:]) if words[:1] == ["batch"] else ()


def _film(request: BatchRequest, *, as_json: bool, events: bool, flags: Mapping[str, str]) -> None:
    from clash import production
    from clash.cli.signals import end_within

    lines = EventLines() if events else None

    def ended(result: StoryResult) -> None:
        if lines is not None:
            lines.run_ended(production.run_item(result).dump())

    report, runner = run_to_the_end(
        lambda settings, observe, stop: production.batch(
            request, settings, observe=observe, on_result=ended, stop=stop
        ),
        as_json=as_json,
        events=events,
        flags=flags,
        shown=lambda stop_timeout_s: batch_progress_on_standard_error(request, stop_timeout_s),
    )
    document: Document = {"schema": SCHEMA, **report.document.dump()}
    if lines is not None:
        lines.end_batch(document)
    else:
        emit(document, as_json=as_json, render=render_batch)
    for warning in document["warnings"]:
        say(warning, label="warning", style="yellow")
    if error := document["error"]:
        say_error(error["message"], error["hint"])
    sys.stdout.flush()
    sys.stderr.flush()
    with end_within(_CLOSING_S, report.exit_code):
        runner.close()
    raise typer.Exit(report.exit_code)


_RUNS = (
    Column("thread_id", "thread", fold=True),
    Column("status"),
    Column("cost_usd", "cost", money, right=True),
    Column("film", fold=True),
    Column("story", at_terminal=False),
    Column("title", at_terminal=False),
    Column("exit_code", at_terminal=False),
    Column("waiting_for", at_terminal=False),
    Column("error_code", at_terminal=False),
    Column("error_message", at_terminal=False),
)
_TOTALS = (
    Column("batch"),
    Column("status"),
    Column("runs"),
    Column("total_usd", "cost", money),
    Column("reserved_usd", "reserved", money, at_terminal=False),
    Column("budget_usd", "budget", money),
)
_DONE = ("completed", "already_completed")
_MOST_REASONS = 20


def render_batch(document: Document) -> list[Block]:
    """Show one line per run, then the sums, then why runs are not completed."""
    runs = [_run_row(run) for run in document["runs"]]
    counts = ", ".join(f"{count} {status.replace('_', ' ')}" for status, count in document["counts"].items())
    reasons = [run for run in runs if run["status"] not in _DONE and run["error_message"]]
    remarks = [Remark(f"{run['thread_id']}: {run['error_message']}", "yellow") for run in reasons[:_MOST_REASONS]]
    if len(reasons) > _MOST_REASONS:
        remarks.append(Remark(f"and {len(reasons) - _MOST_REASONS} more", "yellow"))
    totals = {"batch": document["batch"], "status": document["status"], "runs": counts, **document["cost"]}
    return [Table(_RUNS, runs, empty="no runs"), Record(_TOTALS, totals), *remarks]


def _run_row(run: dict[str, Any]) -> dict[str, Any]:
    error = part_of(run, "error")
    return {**run, "error_code": error.get("code"), "error_message": error.get("message")}


_ESTIMATES = (
    Column("thread_id", "thread", fold=True),
    Column("story", fold=True),
    Column("calls", right=True),
    Column("found_calls", "found", right=True),
    Column("total_usd", "cost", money, right=True),
)
_ESTIMATE = (
    Column("batch"),
    Column("completed", "completed before"),
    Column("calls"),
    Column("found_calls", "found, so free"),
    Column("total_usd", "total", money),
    Column("spent_usd", "spent before", money),
    Column("budget_usd", "budget", money),
    Column("within_budget", at_terminal=False),
    Column("estimated", at_terminal=False),
    Column("currency", at_terminal=False),
)


def _show_estimate(request: BatchRequest, *, as_json: bool) -> None:
    from clash import production

    document = report(lambda settings: production.batch_dry_run(request, settings))
    emit(document, as_json=as_json, render=render_batch_estimate)
    said = SaidOnce()
    for run in document["runs"]:
        for warning in run["warnings"]:
            said.is_new(warning, run["thread_id"])
    for line in said.grouped():
        say(line, label="warning", style="yellow")
    if not document["within_budget"]:
        total, budget = money(document["total_usd"]), money(document["budget_usd"])
        say(f"{total} more would pass the budget of {budget}: the batch would pause there", label="warning")


def render_batch_estimate(document: Document) -> list[Block]:
    """Show one line per story, then the sums."""
    return [Table(_ESTIMATES, document["runs"], empty="nothing to film"), Record(_ESTIMATE, document)]
