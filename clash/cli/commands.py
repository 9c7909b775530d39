"""The tree of commands, and Typer's own errors turned into ours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from functools import cache, partial
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.main import get_command

from clash.cli.collector import collect_from_here
from clash.cli.other_database import at_database, forget_database
from clash.errors import ClashError, UsageError

COMMANDS = {
    "run": "run:run",
    "resume": "run:resume",
    "batch": "batch:batch",
    "fork": "fork:fork",
    "retake": "takes:retake",
    "takes": "takes:app",
    "review": "reviews:app",
    "cancel": "cancel:cancel",
    "export": "export:export",
    "runs": "runs:app",
    "webhooks": "webhooks:app",
    "checkpoints": "checkpoints:app",
    "calls": "settle:app",
    "cost": "cost:cost",
    "projects": "projects:app",
    "board": "board:board",
    "tokens": "tokens:app",
    "assets": "assets:app",
    "gc": "gc:gc",
    "db": "db:app",
    "story": "story:app",
    "screenplay": "screenplay:app",
    "models": "models:app",
    "voices": "voices:app",
    "doctor": "doctor:doctor",
    "schema": "schema:schema",
}
"""Each command in the order of the help: the module of `clash.cli` it is in, and its function or group there."""

_NUMBERS = {
    "--concurrency": "4",
    "--fps": "24",
    "--jobs": "2",
    "--keep-last": "3",
    "--limit": "20",
    "--music-volume": "-6",
    "--port": "8080",
    "--takes": "2",
}
"""A value that each option of a number takes."""

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


def _clash(
    context: typer.Context,
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Turn a story (a table) into a finished film. Every step is saved, and nothing is paid for twice."""
    collect_from_here()
    _help_without_command(context)


@cache
def commands(only: str | None = None, child: str | None = None) -> Any:
    """Return the tree of all commands, as Typer runs it, or one of `only` the command of that name.

    `child`: of a group such as `runs`, only the command of that name, if it has one.
    To import and build every command takes longer than most commands that read; one process does it once.
    """
    # Help is plain text: Typer's boxes would import rich, at twice the time of everything else together, and would
    # not survive a terminal that is not UTF-8.
    app = typer.Typer(
        name="clash",
        help="Turn a story (a table) into a finished film. Every step is saved, and nothing is paid for twice.",
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback(invoke_without_command=True)(_clash)
    for name in COMMANDS if only is None else (only,):
        command = _command(name)
        if isinstance(command, typer.Typer):
            if command.registered_callback is None:  # `clash models` does something without a command, too
                command.callback(invoke_without_command=True)(_help_without_command)
            app.add_typer(_with_only(child, command), name=name)
        else:
            app.command(name)(command)
    built: Any = get_command(app)
    for name in built.commands:
        _describe_plainly(built.commands[name])
    return built


def _command(name: str) -> Any:
    module, _, attribute = COMMANDS[name].partition(":")
    return getattr(import_module(f"clash.cli.{module}"), attribute)


def names_within(name: str) -> tuple[str | None, ...]:
    """Return the names of a group's commands; none for what is no group."""
    command = _command(name)
    return tuple(one.name for one in command.registered_commands) if isinstance(command, typer.Typer) else ()


def _with_only(name: str | None, group: typer.Typer) -> typer.Typer:
    """Return a group with only its command of this name; the whole group if it has none."""
    found = [command for command in group.registered_commands if command.name == name]
    if not found:
        return group
    part = copy(group)
    part.registered_commands = found
    return part


def _describe_plainly(command: Any) -> None:
    """Have the help of a command, and of those within it, read as docs/commands.md does.

    Typer writes `{THREAD}` and `THREAD <str>  [required]` for an argument, `[OPTIONS]` for options that must be given,
    and ends a long sentence in a list of commands with three dots.
    """
    for child in getattr(command, "commands", {}).values():
        _describe_plainly(child)
    command.short_help = _first_sentence(command.help or "")
    for argument in command.params:
        if argument.param_type_name == "argument":
            written = argument.metavar
            argument.get_usage_pieces = partial(_same, [written])
            argument.get_help_record = partial(_same, (written.strip("[]"), argument.help))
    required = [f"{option.opts[0]} {option.metavar}" for option in command.params if _is_required_option(option)]
    if required:
        command.options_metavar = " ".join((*required, "[OPTIONS]"))


def _first_sentence(text: str) -> str:
    paragraph = " ".join(text.strip().partition("\n\n")[0].split())
    return paragraph.partition(". ")[0].rstrip(".") + "."


def _same(value: Any, _context: Any) -> Any:
    return value


def _is_required_option(parameter: Any) -> bool:
    return parameter.required and parameter.param_type_name == "option"


def execute(arguments: Sequence[str]) -> int:
    """Run one command. Returns its exit code; raises `ClashError`."""
    forget_database()
    try:
        # Without a command that exists, all are wanted: for help, for completion, to suggest what was meant.
        named = arguments[0] if arguments and arguments[0] in COMMANDS else None
        is_group = named is not None and COMMANDS[named].endswith(":app")
        child = arguments[1] if is_group and len(arguments) > 1 else None
        code = commands(named, child)(list(arguments), prog_name="clash", standalone_mode=False)
    except _WRONG_USE as error:
        raise _usage_error(error, arguments) from None
    except ClashError as error:
        if (hint := at_database(error.hint)) == error.hint:
            raise
        raise error.with_(hint=hint) from error.__cause__
    except typer.Abort:
        return 130
    except SystemExit as ending:  # completion scripts end this way
        return ending.code if isinstance(ending.code, int) else int(ending.code is not None)
    return code if isinstance(code, int) else 0


def _usage_error(error: Exception, arguments: Sequence[str]) -> UsageError:
    context: typer.Context | None = getattr(error, "ctx", None)
    path = context.command_path if context is not None else _path_of(arguments)
    describe: Callable[[], str] = getattr(error, "format_message", error.__str__)
    # The words of pydantic, with which Typer reads values, do not help the person who typed them.
    message = " ".join(describe().split()).replace(": Value error, ", ": ")
    if (cause := error.__cause__) is not None and (plain := _in_plain_words(cause)):
        option = message.partition(": ")[0]
        return UsageError(f"{option}: {plain}", hint=f"{path} --help{_example(error)}")
    if context is not None and message.startswith("Missing "):
        message = _all_missing(context) or message
    # Older versions of Typer say themselves what is wrong with a number, and bring no cause.
    return UsageError(message, hint=f"{path} --help{_example(error)}")


def _path_of(arguments: Sequence[str]) -> str:
    """Return the command that arguments name, such as `clash runs ls`, for an error that does not say it."""
    if not arguments or arguments[0] not in COMMANDS:
        return "clash"
    within = names_within(arguments[0])
    return " ".join(("clash", arguments[0], *(one for one in arguments[1:2] if one in within)))


def _in_plain_words(cause: BaseException) -> str | None:
    """Return what is wrong with the value of an option, of which pydantic says it in its own words."""
    from pydantic import ValidationError

    if not isinstance(cause, ValidationError):
        return None
    from clash.setting_values import words_of

    return words_of(cause)


def _example(error: Exception) -> str:
    """Return the option of a number with one that it takes, as the end of a hint; "" where none is known."""
    option: Any = getattr(error, "param", None)
    name = next((one for one in getattr(option, "opts", ()) if one.startswith("--")), None)
    number = _NUMBERS.get(name or "")
    return f"; for example {name} {number}" if number else ""


def _all_missing(context: typer.Context) -> str:
    """Say all at once what a command must be given and was not; "" if that cannot be told."""
    # What was given is read before what was not, so all that has no value yet is missing.
    required: list[Any] = [one for one in context.command.params if one.required and one.name not in context.params]
    names = [
        f"argument {one.metavar!r}" if one.param_type_name == "argument" else f"option {one.opts[0]!r}"
        for one in required
    ]
    return f"Missing {' and '.join(names)}." if names else ""
