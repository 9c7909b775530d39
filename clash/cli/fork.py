"""`clash fork`: make a run that begins with what another had, with something changed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from clash.cli.calls import shot_told
from clash.cli.estimate import BUDGET, over_budget
from clash.cli.layout import Block, Column, Record, Remark, Table
from clash.cli.options import (
    AllowUnpriced,
    Budget,
    Chain,
    ColumnMap,
    Concurrency,
    Events,
    Fps,
    GenerateAudio,
    IgnoreColumns,
    ImageModel,
    Json,
    Language,
    OnEvent,
    Preset,
    RetryUnknown,
    SameProject,
    ScreenplayModel,
    Size,
    SpeechModel,
    VideoModel,
    Webhook,
    captions_named,
    column_map,
    flags_of,
)
from clash.cli.output import Document, emit, part_of, say
from clash.cli.reading import report
from clash.cli.run import produce, refuse_events
from clash.cli.text import money

_SHOTS = (
    Column("kept", "shots kept"),
    Column("moved"),
    Column("changed"),
    Column("added"),
    Column("removed"),
)
_PLAN = (
    Column("thread_id", "thread"),
    Column("source", "fork of"),
    Column("checkpoint_id", "checkpoint", at_terminal=False),
    Column("step", "before", at_terminal=False),
    *_SHOTS,
    Column("found", "calls found"),
    Column("to_make", "calls to make"),
    Column("total_usd", "price", money),
    *BUDGET,
    Column("estimated", at_terminal=False),
)
_LINES = (Column("step"), Column("calls", right=True), Column("cost_usd", "cost", money, right=True))


def fork(
    source: Annotated[
        str, typer.Argument(metavar="THREAD", help="The id of the run to begin with.", show_default=False)
    ],
    thread: Annotated[str, typer.Option("--thread", metavar="NEW", show_default=False, help="The id of the new run.")],
    checkpoint: Annotated[
        str | None,
        typer.Option(
            "--checkpoint", metavar="ID", show_default=False, help="Begin after what this checkpoint of THREAD saved."
        ),
    ] = None,
    step: Annotated[
        str | None,
        typer.Option(
            "--step",
            metavar="STEP",
            show_default=False,
            help="Begin before this step; what the steps before it made is kept, whatever the models are.",
        ),
    ] = None,
    story: Annotated[
        str | None,
        typer.Option("--story", metavar="FILE", show_default=False, help="The changed story, or - for standard input."),
    ] = None,
    original: Annotated[
        str | None,
        typer.Option(
            "--original",
            metavar="FILE",
            show_default=False,
            help="The table that THREAD was made of, if an older clash made it and kept no copy.",
        ),
    ] = None,
    reread: Annotated[
        bool | None,
        typer.Option(
            "--reread/--no-reread",
            show_default=False,
            help="Also read rows anew that you did not change, if this version of clash reads them differently; "
            "--no-reread: not even where it cannot tell whether you changed them.",
        ),
    ] = None,
    screenplay: Annotated[
        str | None,
        typer.Option(
            "--screenplay", metavar="FILE", show_default=False, help="The changed screenplay; no writer is asked."
        ),
    ] = None,
    cast: Annotated[
        str | None,
        typer.Option(
            "--cast",
            metavar="FILE|none",
            show_default=False,
            help="A table of people, places and props; without it, the one beside a changed story, or that of THREAD.",
        ),
    ] = None,
    columns: ColumnMap = None,
    ignore_columns: IgnoreColumns = False,
    language: Language = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            metavar="DIR",
            show_default=False,
            help="Write the film to DIR/NEW/film.mp4; without it, as THREAD.",
        ),
    ] = None,
    budget: Budget = None,
    project: SameProject = None,
    screenplay_model: ScreenplayModel = None,
    image_model: ImageModel = None,
    video_model: VideoModel = None,
    speech_model: SpeechModel = None,
    preset: Preset = None,
    size: Size = None,
    fps: Fps = None,
    captions: Annotated[
        str | None,
        typer.Option(
            "--captions",
            metavar="soft|burned|none",
            show_default=False,
            help="How the words are shown; else as THREAD.",
        ),
    ] = None,
    slate: Annotated[
        bool | None,
        typer.Option("--slate/--no-slate", show_default=False, help="Lay scene, shot, size and move over each shot."),
    ] = None,
    on_screen_text: Annotated[
        bool | None,
        typer.Option(
            "--on-screen-text/--no-on-screen-text",
            show_default=False,
            help="Lay the story's words on the screen over their shots, or leave them out; else as THREAD.",
        ),
    ] = None,
    titles: Annotated[
        bool | None,
        typer.Option("--titles/--no-titles", show_default=False, help="Begin the film with a card of its title."),
    ] = None,
    music: Annotated[
        str | None,
        typer.Option(
            "--music",
            metavar="FILE|none|score",
            show_default=False,
            help="Play this file, nothing, or the composed score; else what THREAD plays.",
        ),
    ] = None,
    music_volume: Annotated[
        float | None,
        typer.Option(
            "--music-volume",
            metavar="DB",
            min=-40,
            max=20,
            show_default=False,
            help="Decibels, compared with the composed score.",
        ),
    ] = None,
    chain: Chain = None,
    generate_audio: GenerateAudio = None,
    concurrency: Concurrency = None,
    allow_unpriced: AllowUnpriced = False,
    retry_unknown: RetryUnknown = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what is kept, what changes and what it costs; make nothing.")
    ] = False,
    webhook: Webhook = None,
    on_event: OnEvent = None,
    events: Events = False,
    as_json: Json = False,
) -> None:
    """Make a new run of what another has, with something changed. What is unchanged is kept and not paid for again.

    If NEW exists already as this very fork, continue it.
    """
    from clash import production

    chosen = {"screenplay": screenplay_model, "image": image_model, "video": video_model, "speech": speech_model}
    request = production.ForkRequest(
        source=source,
        thread_id=thread,
        checkpoint_id=checkpoint,
        step=step,
        story=story,
        original=original,
        reread=reread,
        screenplay=screenplay,
        cast=cast,
        output=output,
        budget=budget,
        project=project,
        models={kind: model for kind, model in chosen.items() if model is not None},
        preset=preset,
        size=size,
        fps=fps,
        concurrency=concurrency,
        allow_unpriced=allow_unpriced,
        retry_unknown=retry_unknown,
        columns=column_map(columns) if columns else None,
        ignore_columns=ignore_columns or None,
        language=language,
        captions=None if captions is None else captions_named(captions),
        slate=slate,
        on_screen_text=on_screen_text,
        titles=titles,
        music=music,
        music_volume=music_volume,
        chain=chain,
        generate_audio=generate_audio,
    )
    refuse_events(events, as_json=as_json, dry_run=dry_run)
    if dry_run:
        document = report(lambda settings: production.fork_plan(request, settings))
        emit(document, as_json=as_json, render=render_plan)
        if not as_json:
            over = over_budget(document, document["price"]["total_usd"])
            for warning in [*document["warnings"], *([over] if over else [])]:
                say(warning, label="warning", style="yellow")
        return
    produce(
        lambda settings, observe, stop: production.fork(request, settings, observe=observe, stop=stop),
        as_json=as_json,
        events=events,
        flags=flags_of(webhook, on_event),
    )


def _told(document: Document, state: str) -> list[str]:
    """The shots of a state, each with the label that the story's table gives it."""
    labels = part_of(document, "removed_labels" if state == "removed" else "labels")
    return [shot_told(shot, labels) for shot in document["shots"][state]]


def render_plan(document: Document) -> list[Block]:
    """What becomes of the shots, how many calls are to be made, and what they will cost by step."""
    origin: dict[str, Any] = document["forked_from"] or {}
    price: dict[str, Any] = document["price"]
    facts: dict[str, Any] = {
        **document,
        **document["shots"],
        **{name: _told(document, name) for name in ("moved", "changed", "added", "removed")},
        **document["calls"],
        **price,
        "source": origin.get("thread_id"),
        "checkpoint_id": origin.get("checkpoint_id"),
        "step": origin.get("step"),
    }
    blocks: list[Block] = [Record(_PLAN, facts), Table(_LINES, price["by_step"], empty="nothing to make")]
    if price["estimated"]:
        blocks.append(
            Remark("the price is an estimate: lengths, or how many shots the writer makes, may differ", "dim")
        )
    return blocks
