"""What a person is to type next, as it can be pasted into a shell."""

from __future__ import annotations

CHECK_PATH = "check the name of the file, and the folder"


def command(name: str, thread_id: str, *flags: str) -> str:
    """A command about a thread; an id that begins with `-` must not be taken for a flag.

    >>> command("resume", "run-123"), command("resume", "-x", "--retry-unknown")
    ('clash resume run-123', 'clash resume --retry-unknown -- -x')
    """
    return " ".join(("clash", name, *flags, *(("--",) if thread_id.startswith("-") else ()), thread_id))


def batch_command(name: str, *flags: str) -> str:
    """The command that goes on with the runs of a batch.

    >>> batch_command("night", "--budget", "20"), batch_command("-x")
    ('clash batch --batch night --budget 20', 'clash batch --batch=-x')
    """
    return batch_option("batch", name, *flags)


def batch_option(name: str, batch: str, *flags: str) -> str:
    """A command with `--batch`; the name of a batch that begins with `-` must not be taken for a flag.

    >>> batch_option("review approve", "night", "--all")
    'clash review approve --batch night --all'
    """
    return " ".join(("clash", name, *((f"--batch={batch}",) if batch.startswith("-") else ("--batch", batch)), *flags))
