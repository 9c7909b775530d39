"""The console script: everything that goes wrong ends here, and none of it as a traceback."""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # as of `typing`, whose import would take longer than all of this file
if TYPE_CHECKING:
    from collections.abc import Sequence

_INTERNAL_HINT = "this is a bug in clash; set CLASH_DEBUG=1 and run it again to see where"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code (see docs/commands.md).

    Made for a process of its own: Ctrl-C ends that process. All imports wait until here, because Ctrl-C during
    an import outside of `main` would be told as a traceback.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    as_json = "--json" in given
    try:
        _leave_at_once_on_interrupt()
        from clash.cli.collector import collect_from_here, collect_later

        collect_later()
        from clash.cli.signals import exit_on_signals

        exit_on_signals(as_json=as_json)
    except KeyboardInterrupt:
        return 130
    from clash.cli.streams import safe_streams

    try:
        with safe_streams():
            return _execute(given, as_json=as_json)
    finally:
        collect_from_here()


def _leave_at_once_on_interrupt() -> None:
    """Until the real handlers are imported: an exception raised in the middle of an import may be swallowed there."""
    import os
    import signal

    def leave(signum: int, _frame: object) -> None:
        os._exit(128 + signum)

    try:
        signal.signal(signal.SIGINT, leave)
    except ValueError:  # not the main thread: signals are its business
        return


def _execute(arguments: list[str], *, as_json: bool) -> int:
    import os
    import traceback

    from clash.cli.output import report_error
    from clash.errors import ClashError

    try:
        from clash.cli.commands import execute

        code = execute(arguments)
        sys.stdout.flush()  # a disk that is full shows only now
        return code
    except ClashError as error:
        report_error(error, as_json=as_json)
        return error.exit_code
    except Exception as error:  # noqa: BLE001  # the last line of defence: a bug is told in one line
        if os.environ.get("CLASH_DEBUG"):
            traceback.print_exc()  # here, where the stream leaves secrets out
            return ClashError.exit_code
        bug = ClashError(_one_line(error), hint=_INTERNAL_HINT, code="internal")
        report_error(bug, as_json=as_json)
        return bug.exit_code


def _one_line(error: Exception) -> str:
    from clash.redaction import safe_exception

    return "internal: " + " ".join(safe_exception(error).split()).removesuffix(":")
