"""`python tests/d1_engine [FOLDER]`: D1 on this machine, until Ctrl-C. With FOLDER its databases are kept there."""

from __future__ import annotations

import signal
import sys
import threading
from contextlib import suppress
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import httpx

from d1_engine import D1Engine

NAME = "master-clash-checkpoints"


def main() -> None:
    """Start the engine, make a database in it, and print what to export."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # or the engine would outlive us
    state = Path(sys.argv[1]).absolute() if len(sys.argv) > 1 else None
    if state is not None:
        state.mkdir(parents=True, exist_ok=True)
    with D1Engine.start(state) as engine:
        with suppress(httpx.HTTPStatusError):  # it is there already
            engine.make_database(NAME)
        for name, value in {**engine.environment, "DATABASE_URL": f"d1://{NAME}"}.items():
            print(f"export {name}={value}", flush=True)
        with suppress(KeyboardInterrupt):
            threading.Event().wait()


main()
