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
    return " ".join(("clash batch", *((f"--batch={name}",) if name.startswith("-") else ("--batch", name)), *flags))
