"""The command line of clash on a machine whose system clock was set back by an hour."""

from __future__ import annotations

import datetime
import sys
import time

BACK_S = 3600


class _Earlier(datetime.datetime):
    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> datetime.datetime:
        return super().now(tz) - datetime.timedelta(seconds=BACK_S)


def set_clock_back() -> None:
    """From now on whoever asks for the time of day is told an earlier one. The monotonic clock goes on as ever."""
    seconds, nanoseconds = time.time, time.time_ns
    datetime.datetime = _Earlier  # type: ignore[misc]
    time.time = lambda: seconds() - BACK_S
    time.time_ns = lambda: nanoseconds() - BACK_S * 10**9


if __name__ == "__main__":
    set_clock_back()
    from clash.cli.app import main

    sys.exit(main())
