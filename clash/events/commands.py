"""Run a command of the user's for each event, with the event as JSON on its standard input."""

from __future__ import annotations

import asyncio
import os
import shlex
import shutil
import signal
import subprocess
from contextlib import suppress

from clash.errors import SettingsError

LONGEST_S = 30.0
"""The seconds that a command may take; then it is killed."""


def arguments_of(command: str) -> list[str]:
    """Return the program and the arguments of a command line, without a shell. Raises `SettingsError`."""
    posix = os.name != "nt"
    try:
        words = shlex.split(command, posix=posix)
    except ValueError as error:
        raise SettingsError(f"--on-event {command!r} cannot be split into words: {error}", hint=_HINT) from None
    # On Windows a backslash parts folders, so that shlex leaves it, and the quotation marks with it.
    words = words if posix else [word.strip('"') for word in words]
    program = shutil.which(words[0]) if words else None
    if program is None:
        raise SettingsError(f"--on-event: there is no program {words[0] if words else ''!r}", hint=_HINT)
    return [program, *words[1:]]


_HINT = "no shell reads it: for pipes and variables give one, as in --on-event 'sh -c \"cat >> events.jsonl\"'"


async def run_command(command: str, body: str, *, longest_s: float = LONGEST_S) -> str | None:
    """Run a command with an event on its standard input; return what went wrong, None if nothing did.

    What it prints goes to standard error: standard output carries the data of clash itself.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            *arguments_of(command),
            stdin=subprocess.PIPE,
            stdout=2 if _is_open(2) else subprocess.DEVNULL,
            # A session of its own, so that it is killed together with what it has started.
            start_new_session=os.name != "nt",
        )
    except (OSError, ValueError) as error:
        return f"it cannot be started: {error}"
    try:
        async with asyncio.timeout(longest_s):
            # A program that does not read its input is as good as one that does.
            with suppress(BrokenPipeError, ConnectionResetError):
                await process.communicate(body.encode())
            code = await process.wait()
    except TimeoutError:
        return f"it was killed after {longest_s:.0f} s"
    finally:
        await _end(process)
    return None if code == 0 else f"it ended with {f'exit code {code}' if code > 0 else f'signal {-code}'}"


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    with suppress(ProcessLookupError, PermissionError):
        if os.name == "nt":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)
    await process.wait()
