"""The tree of commands, and Typer's own errors turned into ours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Annotated, Any

import typer
from typer.main import get_command

from clash.cli import (
    assets,
    cancel,
    checkpoints,
    cost,
    db,
    doctor,
    export,
    fork,
    models,
    reviews,
    run,
    runs,
    schema,
    screenplay,
    settle,
    story,
    takes,
)
from clash.errors import UsageError

# Help is plain text: Typer's boxes would import rich, at twice the time of everything else together, and would
# not survive a terminal that is not UTF-8.
app = typer.Typer(
    name="clash",
    help="Turn a story (a CSV) into a finished film. Every step is saved, and nothing is paid for twice.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("run")(run.run)
app.command("resume")(run.resume)
app.command("fork")(fork.fork)
app.command("retake")(takes.retake)
app.add_typer(takes.app, name="takes")
app.add_typer(reviews.app, name="review")
app.command("cancel")(cancel.cancel)
app.command("export")(export.export)
app.add_typer(runs.app, name="runs")
app.add_typer(checkpoints.app, name="checkpoints")
app.add_typer(settle.app, name="calls")
app.command("cost")(cost.cost)
app.add_typer(assets.app, name="assets")
app.add_typer(db.app, name="db")
app.add_typer(story.app, name="story")
app.add_typer(screenplay.app, name="screenplay")
app.command("models")(models.models)
app.command("doctor")(doctor.doctor)
app.command("schema")(schema.schema)

# What Typer raises for wrong use is Click's `UsageError`, which newer versions of Typer carry inside them. It is
# exported by neither under one name, but both export its child.
_WRONG_USE: tuple[type[Exception], ...] = tuple(
    kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "UsageError" and issubclass(kind, Exception)
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from clash.version import __version__

        typer.echo(f"clash {__version__}")
        raise typer.Exit


def _help_without_command(context: typer.Context) -> None:
    """Without a command: print help and exit 2."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help(), err=True)
        raise typer.Exit(UsageError.exit_code)


@app.callback(invoke_without_command=True)
def clash(
    context: typer.Context,
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Turn a story (a CSV) into a finished film. Every step is saved, and nothing is paid for twice."""
    _help_without_command(context)


for _group in (
    takes.app,
    reviews.app,
    story.app,
    screenplay.app,
    runs.app,
    checkpoints.app,
    settle.app,
    assets.app,
    db.app,
):
    _group.callback(invoke_without_command=True)(_help_without_command)


@cache
def all_commands() -> Callable[..., Any]:
    """The commands as Typer runs them. To build them takes longer than most commands, so one process does it once."""
    return get_command(app)


def execute(arguments: Sequence[str]) -> int:
    """Run one command. Returns its exit code; raises `ClashError`."""
    try:
        code = all_commands()(list(arguments), prog_name="clash", standalone_mode=False)
    except _WRONG_USE as error:
        raise _usage_error(error) from None
    except typer.Abort:
        return 130
    except SystemExit as ending:  # completion scripts end this way
        return ending.code if isinstance(ending.code, int) else int(ending.code is not None)
    return code if isinstance(code, int) else 0


def _usage_error(error: Exception) -> UsageError:
    context: typer.Context | None = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "clash"
    describe: Callable[[], str] = getattr(error, "format_message", error.__str__)
    # The words of pydantic, with which Typer reads values, do not help the person who typed them.
    message = " ".join(describe().split()).replace(": Value error, ", ": ")
    return UsageError(message, hint=f"{path} --help")
