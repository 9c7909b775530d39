"""Run a command of the user's for each event, with the event as JSON on its standard input."""

from __future__ import annotations

import asyncio
import os
import shlex
import shutil
import signal
import subprocess
import threading
from contextlib import suppress

from clash.errors import SettingsError

LONGEST_S = 30.0
"""The seconds that a command may take; then it is killed."""


MOST_PRINTED = 1 << 20
"""The bytes of what a command prints that are passed on."""
_LEFT_OUT = b"\nclash: the command of --on-event printed more than 1 MB; the rest is left out\n"
_LAST_WORDS_S = 1.0
"""The seconds that the rest of what a command printed is waited for: what it leaves running may hold the pipe open."""


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

    What it prints goes to standard error, up to `MOST_PRINTED`: standard output carries the data of clash itself.
    """
    words = arguments_of(command)
    printed = _Printed() if _is_open(2) else None
    output = subprocess.DEVNULL if printed is None else printed.end
    try:
        process = await asyncio.create_subprocess_exec(
            *words,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            # A session of its own, so that it is killed together with what it has started.
            start_new_session=os.name != "nt",
        )
    except (OSError, ValueError) as error:
        return f"it cannot be started: {error}"
    finally:
        if printed is not None:
            os.close(printed.end)
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
        if printed is not None:
            await printed.finish()
    return None if code == 0 else f"it ended with {f'exit code {code}' if code > 0 else f'signal {-code}'}"


class _Printed:
    """A pipe to a thread, which passes on to standard error what comes through it, up to `MOST_PRINTED` bytes.

    A thread of its own: a terminal that takes nothing must not hold up the run.
    """

    def __init__(self) -> None:
        self._read, self.end = os.pipe()
        self._done = threading.Event()
        threading.Thread(target=self._pass_on, daemon=True).start()

    def _pass_on(self) -> None:
        left = MOST_PRINTED
        with os.fdopen(self._read, "rb", buffering=0) as source, suppress(OSError):
            while piece := source.read(64 << 10):
                if left < 0:
                    continue  # a command that prints much is read to its end all the same: it may have more to do
                kept, left = piece[:left], left - len(piece)
                if not _written(kept if left >= 0 else kept + _LEFT_OUT):
                    left = -1
        self._done.set()

    async def finish(self) -> None:
        """Wait until all is passed on, but not for what the command has left running."""
        await asyncio.to_thread(self._done.wait, _LAST_WORDS_S)


def _written(content: bytes) -> bool:
    """Write to standard error, all of it; return whether it could be."""
    try:
        while content:
            content = content[os.write(2, content) :]
    except OSError:
        return False
    return True


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
