"""The console script: everything that goes wrong ends here, and none of it as a traceback."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

# Only this little is imported before the handlers for Ctrl-C are set: what follows takes its time.
from clash.cli.signals import exit_at_once_on_signals

_INTERNAL_HINT = "this is a bug in clash; set CLASH_DEBUG=1 and run it again to see where"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code (see docs/commands.md)."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    as_json = "--json" in given
    with exit_at_once_on_signals(as_json=as_json):
        from clash.cli.output import close_streams, prepare_streams

        prepare_streams()
        try:
            return _execute(given, as_json=as_json)
        finally:
            close_streams()


def _execute(arguments: list[str], *, as_json: bool) -> int:
    from clash.cli.output import report_error
    from clash.errors import ClashError

    try:
        from clash.cli.commands import execute

        return execute(arguments)
    except ClashError as error:
        report_error(error, as_json=as_json)
        return error.exit_code
    except Exception as error:  # the last line of defence: a bug is told in one line
        if os.environ.get("CLASH_DEBUG"):
            raise
        bug = ClashError(_one_line(error), hint=_INTERNAL_HINT, code="internal")
        report_error(bug, as_json=as_json)
        return bug.exit_code


def _one_line(error: Exception) -> str:
    text = " ".join(str(error).split())
    return f"internal: {type(error).__name__}: {text}" if text else f"internal: {type(error).__name__}"
