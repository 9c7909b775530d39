"""`clash run` and `clash resume`: make a film, or go on making it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clash.cli.estimate import estimate_document, print_estimate, show_estimate
from clash.cli.event_lines import EventLines
from clash.cli.options import (
    AllowChanges,
    AllowUnpriced,
    Budget,
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
    OpenFilm,
    Output,
    Preset,
    Project,
    RetryFailedPaid,
    RetryUnknown,
    Review,
    SameProject,
    ScreenplayModel,
    Size,
    SlateOption,
    SpeechModel,
    Thread,
    TitlesOption,
    VideoModel,
    Webhook,
    WhichStory,
    captions_named,
    column_map,
    flags_of,
)
from clash.cli.outcome import open_film, render_outcome, tell_outcome
from clash.cli.output import Document, emit
from clash.cli.running import run_to_the_end
from clash.documents import SCHEMA
from clash.errors import UsageError

if TYPE_CHECKING:
    from clash.cli.running import Start
    from clash.production import RunReport, RunRequest


def run(
    story: Annotated[
        str,
        typer.Argument(
            metavar="STORY", help="A table (CSV, Excel, Markdown, JSON), or - for standard input.", show_default=False
        ),
    ],
    choice: WhichStory = None,
    screenplay: Annotated[
        Path | None,
        typer.Option(
            "--screenplay",
            metavar="FILE",
            show_default=False,
            help="Shoot this screenplay: a screenplay.json of clash, perhaps edited. No writer is asked.",
        ),
    ] = None,
    columns: ColumnMap = None,
    ignore_columns: IgnoreColumns = False,
    language: Language = None,
    thread: Annotated[
        str | None,
        typer.Option(
            "--thread",
            metavar="ID",
            show_default=False,
            help="The id of the run; without it, the story's name (or `story`, if it has no letters of a-z and no"
            " digits) and six hexadecimal digits, printed before the first call.",
        ),
    ] = None,
    output: Output = None,
    budget: Budget = None,
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
    opened: OpenFilm = False,
    webhook: Webhook = None,
    on_event: OnEvent = None,
    events: Events = False,
    as_json: Json = False,
) -> None:
    """Turn a story into a film.

    If the run exists, continue it. A script can repeat the command: it makes nothing twice.
    """
    from clash import production

    chosen = {"screenplay": screenplay_model, "image": image_model, "video": video_model, "speech": speech_model}
    request = production.RunRequest(
        story=story,
        story_choice=choice,
        screenplay=screenplay,
        cast=cast,
        thread_id=thread,
        output=output,
        concurrency=concurrency,
        reuse=not no_reuse,
        models={kind: model for kind, model in chosen.items() if model is not None},
        size=size,
        fps=fps,
        budget=budget,
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
    refuse_events(events, as_json=as_json, dry_run=dry_run)
    if choice is not None and choice.strip().casefold() == "all":
        if screenplay is not None:
            raise UsageError("--screenplay is one film's, and --story all makes one of each story")
        _run_all(request, dry_run=dry_run, as_json=as_json, events=events, flags=flags_of(webhook, on_event))
        return
    if dry_run:
        show_estimate(request, as_json=as_json)
        return
    produce(
        lambda settings, observe, stop: production.run(request, settings, observe=observe, stop=stop),
        as_json=as_json,
        events=events,
        opened=opened,
        flags=flags_of(webhook, on_event),
    )


def resume(
    thread: Thread,
    budget: Budget = None,
    retry_unknown: RetryUnknown = False,
    retry_failed_paid: RetryFailedPaid = False,
    remake_lost: Annotated[
        bool, typer.Option("--remake-lost", help="Buy again what was paid for and whose file is lost.")
    ] = False,
    concurrency: Concurrency = None,
    allow_unpriced: AllowUnpriced = False,
    project: SameProject = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            metavar="DIR",
            show_default=False,
            help="Publish the run to DIR/THREAD from now on, with what is made already.",
        ),
    ] = None,
    opened: OpenFilm = False,
    review: Review = None,
    webhook: Webhook = None,
    on_event: OnEvent = None,
    events: Events = False,
    as_json: Json = False,
) -> None:
    """Resume a run that stopped, failed or was killed. Only what is missing is made."""
    from clash import production

    produce(
        lambda settings, observe, stop: production.resume(
            thread,
            settings,
            concurrency=concurrency,
            budget=budget,
            retry_unknown=retry_unknown,
            retry_failed_paid=retry_failed_paid,
            remake_lost=remake_lost,
            allow_unpriced=allow_unpriced,
            review=None if review is None else [review],
            project=project,
            output=output,
            observe=observe,
            stop=stop,
        ),
        as_json=as_json,
        events=events,
        opened=opened,
        flags=flags_of(webhook, on_event),
    )


def _run_all(request: RunRequest, *, dry_run: bool, as_json: bool, events: bool, flags: Mapping[str, str]) -> None:
    """Run each story of a table, one after another, each under a thread of its own.

    A run that fails does not keep the others from being made; a signal does. The exit code is the first that is not 0.
    """
    from dataclasses import replace

    from clash import production
    from clash.production.plan import check_thread_id, new_thread_id, reading_options

    titles = production.story_titles(request.story, replace(reading_options(request, fps=24), choice=None))
    name = check_thread_id(request.thread_id) if request.thread_id else new_thread_id(Path(request.story).name)
    digits = len(str(len(titles)))
    documents: list[Document] = []
    code = 0
    for number in range(1, len(titles) + 1):
        one = replace(
            request,
            story_choice=str(number) if len(titles) > 1 else None,
            thread_id=f"{name}-{number:0{digits}d}" if request.thread_id or not dry_run else None,
        )
        if dry_run:
            documents.append(estimate_document(one))
            if not as_json:
                print_estimate(documents[-1])
            continue
        document, ended = _filmed(_start_of(one), as_json=as_json, events=events, flags=flags)
        documents.append(document)
        if not as_json:
            _print_outcome(document, as_json=False, events=events)
        code = code or ended
        if ended > _SIGNALLED:
            break
    if as_json:
        emit({"schema": SCHEMA, "runs": documents}, as_json=True, render=lambda _: ())
    raise typer.Exit(code)


_SIGNALLED = 128


def _start_of(request: RunRequest) -> Start[RunReport]:
    from clash import production

    return lambda settings, observe, stop: production.run(request, settings, observe=observe, stop=stop)


def _filmed(start: Start[RunReport], *, as_json: bool, events: bool, flags: Mapping[str, str]) -> tuple[Document, int]:
    """The outcome document of one of several runs, and its exit code."""
    from clash.cli.signals import end_within

    report, runner = run_to_the_end(start, as_json=as_json, events=events, flags=flags)
    with end_within(_CLOSING_S, report.exit_code):
        runner.close()
    return {"schema": SCHEMA, **report.document.dump()}, report.exit_code


def produce(
    start: Start[RunReport], *, as_json: bool, flags: Mapping[str, str], events: bool = False, opened: bool = False
) -> None:
    """Run to the end, showing progress, then tell how it ended and exit with its code.

    `flags`: settings that options override (see `flags_of`).
    """
    from clash.cli.signals import end_within

    report, runner = run_to_the_end(start, as_json=as_json, events=events, flags=flags)
    document = {"schema": SCHEMA, **report.document.dump()}
    _print_outcome(document, as_json=as_json, events=events)
    if opened:
        open_film(document)
    sys.stdout.flush()
    sys.stderr.flush()
    # A provider that was given up may hold its thread for ever: all that matters is written by now.
    with end_within(_CLOSING_S, report.exit_code):
        runner.close()
    raise typer.Exit(report.exit_code)


def refuse_events(events: bool, *, as_json: bool, dry_run: bool = False) -> None:
    """Raise `UsageError` for `--events` beside what prints one document."""
    if events and (as_json or dry_run):
        other = "--json" if as_json else "--dry-run"
        raise UsageError(
            f"--events and {other} exclude each other: the one prints a line per event, the other one document",
            hint=f"leave out --events or {other}",
        )


def _print_outcome(document: Document, *, as_json: bool, events: bool) -> None:
    if events:
        EventLines().end(document)
    else:
        emit(document, as_json=as_json, render=render_outcome)
    tell_outcome(document, as_json=as_json or events)


_CLOSING_S = 3.0
